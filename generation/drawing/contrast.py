"""Contrast groups: sets of (anchor, option) pairs, each right, and each option wrong for every other anchor.

In the yes/no matrix this is an induced matching. Asked over the same k options, its k questions have each another
right option, so whoever does not read the anchor scores exactly 1/k on them. Every part of a matching is one, too.
The transposed matrix has the same matchings: both directions of a table share them.
"""

import random
from collections.abc import Iterator, Sequence
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

    `of` lists the matchings that a pair is in, the largest first.
    """

    of: dict[Pair, list[tuple[Pair, ...]]] = field(default_factory=dict)

    def reach(self, pair: Pair) -> int:
        """Return the size of the largest matching that a pair is in; 1 where it has no partner."""
        found = self.of.get(pair)
        return len(found[0]) if found else 0

    def transposed(self) -> "Matchings":
        """Return the same matchings for the other direction of the table."""
        swapped: dict[tuple[Pair, ...], tuple[Pair, ...]] = {}
        turned = Matchings()
        for (a, o), found in self.of.items():
            for matching in found:
                if matching not in swapped:
                    swapped[matching] = tuple((p, b) for b, p in matching)
            turned.of[o, a] = [swapped[m] for m in found]
        return turned


def matchings(right: Sequence[int], wrong: Sequence[int], most: int, rng: random.Random) -> Matchings:
    """Grow matchings of at most `most` pairs from every pair of the matrix."""
    seen: set[tuple[Pair, ...]] = set()
    found = Matchings({(a, o): [] for a, mask in enumerate(right) for o in bits(mask)})
    for pair, own in found.of.items():
        for _ in range(_GROWN - len(own)):
            matching = tuple(sorted(grown(pair, right, wrong, most, rng)))
            if matching not in seen:
                seen.add(matching)
                for member in matching:
                    found.of[member].append(matching)
            if len(matching) == 1:
                break
    for own in found.of.values():
        own.sort(key=len, reverse=True)
    return found


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
