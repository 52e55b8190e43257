"""Contrast groups: sets of (anchor, option) pairs, each right, and each option wrong for every other anchor.

In the yes/no matrix this is an induced matching. Asked over the same k options, its k questions have each another
right option, so whoever does not read the anchor scores exactly 1/k on them. Every part of a matching is one, too.
The transposed matrix has the same matchings: both directions of a table share them.
"""

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Pair: TypeAlias = tuple[int, int]

_GROWN = 2  # matchings grown from each pair: more give more variety, and reach a little further


def bits(mask: int) -> Iterator[int]:
    """Yield the numbers of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


@dataclass(slots=True)
class Matchings:
    """Maximal induced matchings of one matrix, found by random growth from every right pair.

    `of` lists the matchings that a pair is in, the largest first. Who knows nothing takes the option that shares a
    word with the question, or leaves it out where one that does not hold is asked for. So right pairs that share a
    word (`telling`) are in matchings of their own and partners of none, and to eliminate, wrong ones that do (`loud`)
    are in none.
    """

    of: dict[Pair, list[tuple[Pair, ...]]] = field(default_factory=dict)
    telling: set[Pair] = field(default_factory=set)
    loud: set[Pair] = field(default_factory=set)

    def reach(self, pair: Pair) -> int:
        """Return the size of the largest matching that a pair is in; 1 where it has no partner."""
        found = self.of.get(pair)
        return len(found[0]) if found else 0

    def partners(self, right: Sequence[int]) -> list[int]:
        """Return the masks of right options without the telling ones."""
        return _without(right, self.telling)

    def quiet(self, wrong: Sequence[int]) -> list[int]:
        """Return the masks of wrong options without the loud ones."""
        return _without(wrong, self.loud)

    def transposed(self) -> "Matchings":
        """Return the same matchings for the other direction of the table."""
        swapped: dict[tuple[Pair, ...], tuple[Pair, ...]] = {}
        turned = Matchings()
        for (a, o), found in self.of.items():
            for matching in found:
                if matching not in swapped:
                    swapped[matching] = tuple((p, b) for b, p in matching)
            turned.of[o, a] = [swapped[m] for m in found]
        turned.telling = {(o, a) for a, o in self.telling}
        turned.loud = {(o, a) for a, o in self.loud}
        return turned


def matchings(
    right: Sequence[int],
    wrong: Sequence[int],
    most: int,
    rng: random.Random,
    telling: Collection[Pair] = (),
    loud: Collection[Pair] = (),
) -> Matchings:
    """Grow matchings of at most `most` pairs from every pair of the matrix."""
    seen: set[tuple[Pair, ...]] = set()
    found = Matchings({(a, o): [] for a, mask in enumerate(right) for o in bits(mask)}, set(telling), set(loud))
    partners, wrong = found.partners(right), found.quiet(wrong)
    for pair, own in found.of.items():
        for _ in range(_GROWN - len(own)):
            matching = tuple(sorted(grown(pair, partners, wrong, most, rng)))
            if matching not in seen:
                seen.add(matching)
                for member in (pair,) if pair in found.telling else matching:
                    found.of[member].append(matching)
            if len(matching) == 1:
                break
    for own in found.of.values():
        own.sort(key=len, reverse=True)
    return found


def _without(masks: Sequence[int], pairs: Collection[Pair]) -> list[int]:
    left = list(masks)
    for a, o in pairs:
        left[a] &= ~(1 << o)
    return left


def grown(pair: Pair, right: Sequence[int], wrong: Sequence[int], most: int, rng: random.Random) -> list[Pair]:
    """Return a matching around a pair, grown at random while it has partners."""
    a, o = pair
    found, chosen, open_ = [pair], 1 << o, wrong[a]
    # `open_` holds the options that are wrong for all anchors so far.
    candidates = [b for b, mask in enumerate(wrong) if mask & chosen and right[b] & open_]
    while candidates and len(found) < most:
        b = candidates[int(rng.random() * len(candidates))]
        partners = list(bits(right[b] & open_))
        p = partners[int(rng.random() * len(partners))]
        found.append((b, p))
        chosen |= 1 << p
        open_ &= wrong[b]
        candidates = [c for c in candidates if not chosen & ~wrong[c] and right[c] & open_]
    return found
