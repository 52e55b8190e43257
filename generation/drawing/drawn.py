"""What drawing deals in: drawn questions before their words, places for right options, and option sets used."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from zlib import crc32

from failwise.generation.matrices.contrast import Pair
from failwise.generation.records import Kind

_FEW = 3  # questions that facts in no group may have in any table: small ontologies have few groups


class Ungrouped(NamedTuple):
    """How often facts are asked that no contrast group holds, and which share of a table's questions they may have."""

    times: int = 1
    share: float = 1.0

    def room(self, fair: int, alone: int) -> bool:
        """Say whether one more is allowed, after so many fair questions and so many of these; a few always are."""
        return self.share >= 1 or alone < max(_FEW * (self.share > 0), self.share * fair / (1 - self.share))


class Drawn(NamedTuple):
    """A question before its words: an anchor, options in the order shown, and how each came to be there.

    `none` says that "none of these" stands behind the options. `group` numbers the contrast groups of a table, from 1.
    """

    anchor: int
    options: tuple[int, ...]
    right: tuple[bool, ...]
    kinds: tuple[Kind, ...]
    none: bool = False
    group: int = 0

    def turned(self) -> "Drawn":
        """Return the same question with its first option last."""
        options, right, kinds = self.options, self.right, self.kinds
        return self._replace(
            options=(*options[1:], options[0]),
            right=(*right[1:], right[0]),
            kinds=(*kinds[1:], kinds[0]),
        )


@dataclass(slots=True)
class Letters:
    """Deals places for right options, so that each of k is taken equally often; `offset` is the first one's."""

    offset: int = 0
    counts: dict[tuple[int, bool], list[int]] = field(default_factory=dict)

    def deal(self, k: int, n: int, rng: random.Random, none: bool = False) -> list[int]:
        """Return n different places out of k: those taken least often so far, in random order."""
        counts = self.counts.setdefault((k, none), [0] * k)
        start = self.offset % k
        places = sorted(range(k), key=lambda p: (counts[p], (p - start) % k))[:n]
        for place in places:
            counts[place] += 1
        rng.shuffle(places)
        return places


@dataclass(slots=True)
class Used:
    """Option sets, as (anchor, mask): `taken` by another split, which must not be drawn, and `own` ones drawn already.

    The split that draws first must leave some to the next: it may take `share` of them, and of a fact that it did not
    ask yet up to a half. Which half is told by the facts in the option set, and is another one in the other direction
    of the table: a fact with a single option set is asked in one direction and taught in the other.
    """

    taken: set[Pair]
    share: float = 1.0
    turned: bool = False
    seed: int = 0
    own: set[Pair] = field(default_factory=set)

    def free(self, keys: Sequence[Pair]) -> bool:
        """Say whether the option sets were not drawn yet."""
        return self.own.isdisjoint(keys) and self.taken.isdisjoint(keys)

    def ours(self, places: Iterable[int], first: bool) -> bool:
        """Say whether an option set falls to this split. `places` are its facts; `first`: one was not asked yet."""
        if self.share >= 1:
            return True
        spot = crc32(f"{self.seed} {sorted(places)}".encode()) / 2**32
        return (1 - spot if self.turned else spot) < (max(self.share, 0.5) if first else self.share)
