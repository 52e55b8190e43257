"""What is computed side by side: things of about the same length, so that little is padding."""

from collections.abc import Iterable, Iterator, Sequence


def by_length(places: Iterable[int], lengths: Sequence[int], tokens: int) -> Iterator[list[int]]:
    """Yield places whose lengths are about the same, the shortest first, as many together as may be held.

    Args:
        lengths: of every place, in tokens.
        tokens: those that a group may have, padded to its longest; what is longer by itself is a group of its own.
    """
    group: list[int] = []
    for place in sorted(places, key=lengths.__getitem__):
        if group and (len(group) + 1) * lengths[place] > tokens:
            yield group
            group = []
        group.append(place)
    if group:
        yield group
