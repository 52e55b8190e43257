"""Blocks of facts to hold out: a question needs right and wrong options around one anchor, so facts go in blocks.

A block is a few anchors with a few options and every fact between them. The best is an induced matching: each anchor
has another right option, and the options of the others are wrong for it. Its facts then ask contrast groups too.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import isqrt

from failwise.kg.records import Fact, Truth

LARGEST = 10  # anchors of a block, as many as a question has options
_LOOKED_AT = 300  # yes facts that are tried for one block
Table = tuple[str, str]


def table_of(fact: Fact) -> Table:
    """Return asset class and relation; the first is empty where asset classes themselves are the subjects."""
    return ("" if fact.subject.iri == fact.asset_class.iri else fact.asset_class.slug, fact.relation)


@dataclass
class Blocks:
    """Holds out blocks of every table until about `share` of its facts are held out.

    Args:
        facts: the facts that can be asked.
        bundle: by fact id, the bundle of facts that it is held out with.
        rows: bundles that are held out as they are, without a block: they hold whole rows.
    """

    facts: Iterable[Fact]
    bundle: Mapping[str, str]
    rows: frozenset[str]
    share: float
    random: random.Random
    held: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._tables: dict[Table, list[Fact]] = defaultdict(list)
        self._places: dict[str, Counter[Table]] = defaultdict(Counter)
        self._held: Counter[Table] = Counter()
        for fact in self.facts:
            self._tables[table_of(fact)].append(fact)
            self._places[self.bundle[fact.id]][table_of(fact)] += 1

    def choose(self) -> set[str]:
        """Return the bundles to hold out."""
        for table in sorted(self._tables):
            self._whole_rows(table)
            self._in_blocks(table)
        return self.held

    def _wanted(self, table: Table) -> int:
        return round(self.share * len(self._tables[table])) - self._held[table]

    def _hold(self, bundles: Iterable[str]) -> None:
        for bundle in bundles:
            self.held.add(bundle)
            self._held.update(self._places[bundle])

    def _whole_rows(self, table: Table) -> None:
        bundles = sorted({self.bundle[f.id] for f in self._tables[table]} & self.rows - self.held)
        self.random.shuffle(bundles)
        for bundle in bundles:
            if self._places[bundle][table] / 2 <= self._wanted(table):
                self._hold([bundle])

    def _in_blocks(self, table: Table) -> None:
        matrix = _Matrix([f for f in self._tables[table] if self.bundle[f.id] not in self.rows])
        starts = list(matrix.right)
        self.random.shuffle(starts)
        # A fact that is held out for another table's sake gets company, so that it can be asked here too.
        starts.sort(key=lambda cell: self.bundle[matrix.id(cell)] in self.held)
        while starts and (wanted := self._wanted(table)) >= 2:
            size = max(2, min(LARGEST, isqrt(wanted)))
            block = matrix.block(starts.pop(), size, self.random)
            new = {self.bundle[i] for i in block} - self.held
            if sum(self._places[bundle][table] for bundle in new) <= wanted + 2:
                self._hold(sorted(new))


class _Matrix:
    """The yes and no facts of one table by anchor and option."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._rows: dict[str, dict[str, Fact]] = defaultdict(dict)
        for fact in facts:
            self._rows[fact.subject.concept][fact.object.concept] = fact
        self._columns: dict[str, list[str]] = defaultdict(list)
        for anchor, row in self._rows.items():
            for option in row:
                self._columns[option].append(anchor)
        self.right = [(a, o) for a, row in self._rows.items() for o, f in row.items() if f.truth is Truth.YES]

    def id(self, cell: tuple[str, str]) -> str:
        return self._rows[cell[0]][cell[1]].id

    def block(self, start: tuple[str, str], size: int, dice: random.Random) -> list[str]:
        """Return the ids of a block around a yes fact, or nothing where there is none.

        It has up to `size` anchors, and `size` options where so many are known for all its anchors.
        """
        chosen = [start]
        for cell in dice.sample(self.right, min(_LOOKED_AT, len(self.right))):
            if len(chosen) == size:
                break
            if all(self._crosswise(cell, other) for other in chosen):
                chosen.append(cell)
        if len(chosen) == 1:
            return self._alike(*start)
        anchors, options = [a for a, _ in chosen], [o for _, o in chosen]
        more = [o for o in self._rows[start[0]] if o not in options and all(o in self._rows[a] for a in anchors)]
        options += dice.sample(more, min(size - len(chosen), len(more)))
        return [self.id((a, o)) for a in anchors for o in options]

    def _crosswise(self, one: tuple[str, str], other: tuple[str, str]) -> bool:
        return self._no(one[0], other[1]) and self._no(other[0], one[1])

    def _no(self, anchor: str, option: str) -> bool:
        fact = self._rows[anchor].get(option)
        return fact is not None and fact.truth is Truth.NO

    def _alike(self, anchor: str, right: str) -> list[str]:
        """Return two anchors with the same right and the same wrong option, where no two differ."""
        for wrong in self._rows[anchor]:
            for other in self._columns[right]:
                if (
                    other != anchor
                    and self._no(anchor, wrong)
                    and self._no(other, wrong)
                    and not self._no(other, right)
                ):
                    return [self.id((a, o)) for a in (anchor, other) for o in (right, wrong)]
        return []
