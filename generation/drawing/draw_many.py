"""Option sets for questions that ask for all right options: none, some or all of them.

They come in pairs: two anchors over the same options, and what is right for one is wrong for the other. Whoever
ranks the options without reading the anchor puts as many pairs of a right and a wrong one in order as out of order.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from math import comb
from operator import or_

from failwise.generation.drawing.drawn import Drawn, Used
from failwise.generation.matrices.contrast import Pair, bits
from failwise.generation.records import Kind

_REDRAWS = 8
_PARTNERS = 40  # anchors looked at as partners of another; more would cost without giving more


@dataclass(slots=True)
class ManyDrawer:
    """Draws questions with any number of right options from one table and polarity, in complementary pairs.

    The number of right options is dealt evenly over what the anchors can give. The fields are those of `draw.Drawer`.
    """

    index: Sequence[Sequence[int]]
    right: Sequence[int]
    wrong: Sequence[int]
    tested: list[int]
    rng: random.Random
    used: Used
    variants: int = 5
    drawn: Counter[Pair] = field(default_factory=Counter)
    asked: list[int] = field(init=False)
    groups: int = 0

    def __post_init__(self) -> None:
        self.asked = [0] * len(self.right)

    def draw(self, k: int, n: int) -> Iterator[Drawn]:
        """Yield up to n questions of k options; anchors that were asked least come first."""
        partners = {a: found for a in range(len(self.right)) if (found := self.partners(a, k))}
        anchors = sorted(partners, key=lambda a: (self.asked[a], self.rng.random()))
        dealt = [0] * (k + 1)
        while n > 0 and anchors:
            a = min(anchors, key=lambda anchor: self.asked[anchor])
            made = self._pair(a, partners[a], k, dealt)
            if not made:
                anchors.remove(a)
                continue
            for drawn in made[:n]:
                self._count(drawn)
                yield drawn
            n -= len(made)

    def partners(self, a: int, k: int) -> list[int]:
        """Return the anchors that differ from this one in k options or more."""
        right, wrong = self.right[a], self.wrong[a]
        found = [
            b
            for b, (r, w) in enumerate(zip(self.right, self.wrong, strict=True))
            if ((right & w) | (wrong & r)).bit_count() >= k
        ]
        return found if len(found) <= _PARTNERS else self.rng.sample(found, _PARTNERS)

    def supply(self, k: int) -> int:
        """Return how many questions of k options there are, at least where there are many."""
        return sum(self._sets(a, k) for a in range(len(self.right)))

    def _sets(self, a: int, k: int) -> int:
        """Count option sets of one anchor: those of all its partners, which may be the same ones."""
        right, wrong = self.right[a], self.wrong[a]
        differ = [(right & self.wrong[b]) | (wrong & self.right[b]) for b in self.partners(a, k)]
        together = reduce(or_, differ, 0)
        return min(sum(min(_REDRAWS, comb(d.bit_count(), k)) for d in differ), comb(together.bit_count(), k))

    def _pair(self, a: int, partners: Sequence[int], k: int, dealt: list[int]) -> list[Drawn]:
        for attempt in range(_REDRAWS):
            b = partners[int(self.rng.random() * len(partners))]
            ours, theirs = list(bits(self.right[a] & self.wrong[b])), list(bits(self.wrong[a] & self.right[b]))
            possible = range(max(0, k - len(theirs)), min(k, len(ours)) + 1)
            r = min(possible, key=lambda n: (dealt[n] + dealt[k - n], self.rng.random()))
            chosen = [(o, True) for o in self.rng.sample(ours, r)]
            chosen += [(o, False) for o in self.rng.sample(theirs, k - r)]
            mask = sum(1 << o for o, _ in chosen)
            keys = [(a, mask), (b, mask)]
            places = [self.index[c][o] for c in (a, b) for o, _ in chosen]
            if self._usable(keys, places, not self.asked[a], attempt >= _REDRAWS // 2):
                self.used.own.update(keys)
                self.drawn.update(keys)
                dealt[r] += 1
                dealt[k - r] += 1
                self.rng.shuffle(chosen)
                self.groups += 1
                return [self._written(a, chosen, True), self._written(b, chosen, False)]
        return []

    def _usable(self, keys: Sequence[Pair], places: Sequence[int], first: bool, late: bool) -> bool:
        """Say whether a pair may be asked; late also one that was asked before, beside each other or others."""
        own, taken = self.used.own, self.used.taken
        if any(self.drawn[key] >= self.variants for key in keys):
            return False
        if late and own.issuperset(keys):
            return True
        return (late or own.isdisjoint(keys)) and taken.isdisjoint(keys) and self.used.ours(places, first)

    def _count(self, drawn: Drawn) -> None:
        self.asked[drawn.anchor] += 1
        for o in drawn.options:
            self.tested[self.index[drawn.anchor][o]] += 1

    def _written(self, a: int, chosen: Sequence[tuple[int, bool]], ours: bool) -> Drawn:
        right = tuple(flag is ours for _, flag in chosen)
        kinds = tuple(Kind.ANSWER if flag else Kind.CONTRAST for flag in right)
        return Drawn(a, tuple(o for o, _ in chosen), right, kinds, group=self.groups)
