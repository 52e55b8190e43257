"""Which names of a sentence its citations belong to, by the sentence's shape."""

from collections.abc import Sequence
from dataclasses import dataclass

from failwise.generation.verifying.signs import CITED, NAME, OPTION, SIGNS

_SOURCES = frozenset({"to", "per", "laut", "gemäß", "nach"})  # "according to [id], …" speaks of what follows


@dataclass(frozen=True, slots=True)
class Scope:
    """Citations that stand together, and the names that they belong to, as numbers of signs."""

    citations: range
    names: tuple[int, ...]


def citation_scopes(shape: Sequence[str]) -> tuple[Scope, ...]:
    """Return the citations of a sentence with the names that they belong to.

    They belong to all names since the citations before; the last ones of a sentence also to the names after them where
    there is no option before, and those that name a source to the names after them only.
    """
    places = [place for place, word in enumerate(shape) if word in SIGNS]
    kinds = [shape[place] for place in places]
    found: list[Scope] = []
    start = 0
    clusters = _clusters(kinds)
    for number, cluster in enumerate(clusters):
        at_end = number == len(clusters) - 1
        place = places[cluster.start]
        forward = place > 0 and shape[place - 1] in _SOURCES
        names = [] if forward else _names(kinds, range(start, cluster.start))
        if forward or (at_end and not any(kinds[i] == OPTION for i in names)):
            names += _names(kinds, range(cluster.stop, len(kinds) if at_end else clusters[number + 1].start))
        found.append(Scope(cluster, tuple(names)))
        start = cluster.stop
    return tuple(found)


def _clusters(kinds: Sequence[str]) -> list[range]:
    """Return where citations stand together."""
    found: list[range] = []
    for number, kind in enumerate(kinds):
        if kind == CITED:
            first = found.pop().start if found and found[-1].stop == number else number
            found.append(range(first, number + 1))
    return found


def _names(kinds: Sequence[str], within: range) -> list[int]:
    return [number for number in within if kinds[number] in (OPTION, NAME)]
