"""Blocks of facts to hold out: a question needs right and wrong options around one anchor, so facts go in blocks.

A block is a few anchors with a few options and every fact between them. The best is an induced matching: each anchor
has another right option, and the options of the others are wrong for it. Its facts then ask contrast groups too.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import product
from math import isqrt
from operator import and_

from failwise.generation.matrices.contrast import Pair, bits, grown
from failwise.generation.matrices.tables import Table, Unit

LARGEST = 10  # anchors of a block, as many as a question has options
_GROWN = 2  # matchings grown for a block, of which it takes the larger


@dataclass
class Blocks:
    """Holds out blocks of every table until about `share` of its facts are held out.

    Args:
        units: the tables, with those of their facts that can be asked.
        bundle: by fact id, the bundle of facts that it is held out with.
        rows: bundles that are held out as they are, without a block: they hold whole rows.
    """

    units: Sequence[Unit]
    bundle: Mapping[str, str]
    rows: frozenset[str]
    share: float
    random: random.Random
    held: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._places: dict[str, Counter[str]] = defaultdict(Counter)
        self._held: Counter[str] = Counter()
        for unit in self.units:
            for fact in unit.facts:
                self._places[self.bundle[fact.id]][unit.key] += 1

    def choose(self) -> set[str]:
        """Return the bundles to hold out."""
        for unit in self.units:
            self._whole_rows(unit)
            self._in_blocks(unit)
        return self.held

    def _wanted(self, unit: Unit) -> int:
        return round(self.share * len(unit.facts)) - self._held[unit.key]

    def _hold(self, bundles: Iterable[str]) -> None:
        for bundle in bundles:
            self.held.add(bundle)
            self._held.update(self._places[bundle])

    def _whole_rows(self, unit: Unit) -> None:
        bundles = sorted({self.bundle[f.id] for f in unit.facts} & self.rows - self.held)
        self.random.shuffle(bundles)
        for bundle in bundles:
            if self._places[bundle][unit.key] / 2 <= self._wanted(unit):
                self._hold([bundle])

    def _in_blocks(self, unit: Unit) -> None:
        facts = [f for f in unit.facts if self.bundle[f.id] not in self.rows]
        table = replace(unit, facts=facts).tables()[0]
        starts = [(a, o) for a, right in enumerate(table.yes) for o in bits(right)]
        bundles = [[self.bundle[facts[i].id] if i >= 0 else "" for i in row] for row in table.index]
        self.random.shuffle(starts)
        # A fact that is held out for another table's sake gets company, so that it can be asked here too.
        starts.sort(key=lambda pair: bundles[pair[0]][pair[1]] in self.held)
        while starts and (wanted := self._wanted(unit)) >= 2:
            size = max(2, min(LARGEST, isqrt(wanted)))
            new = {bundles[a][o] for a, o in _block(table, starts.pop(), size, self.random)} - self.held
            if sum(self._places[bundle][unit.key] for bundle in new) <= wanted + 2:
                self._hold(sorted(new))


def _block(table: Table, start: Pair, size: int, dice: random.Random) -> list[Pair]:
    """Return a block around a right pair, or nothing where there is none.

    It has up to `size` anchors, and `size` options where so many are known for all its anchors.
    """
    matching = max((grown(start, table.yes, table.no, size, dice) for _ in range(_GROWN)), key=len)
    if len(matching) == 1:
        return _alike(table, *start)
    anchors, options = [a for a, _ in matching], [o for _, o in matching]
    known = reduce(and_, (table.yes[a] | table.no[a] for a in anchors))
    more = [o for o in bits(known) if o not in options]
    options += dice.sample(more, min(size - len(matching), len(more)))
    return list(product(anchors, options))


def _alike(table: Table, anchor: int, option: int) -> list[Pair]:
    """Return two anchors with the same right and the same wrong option, where no two differ."""
    for other, right in enumerate(table.yes):
        both_wrong = table.no[anchor] & table.no[other]
        if other != anchor and right >> option & 1 and both_wrong:
            return list(product((anchor, other), (option, next(bits(both_wrong)))))
    return []
