"""Deals a budget to cells: all of them together, or asset classes of like cells in bunches, then each bunch to its own.

Dealing a bunch keeps its questions of each kind (all of a cell but its asset class), so bunches touch no share but
those of asset classes. Its sums form a network, so that whole numbers come out by themselves. At the end the asset
classes furthest from their goals deal once more, together.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from failwise.generation.planning.cell_table import Cells
from failwise.generation.planning.config import DIMENSIONS
from failwise.generation.planning.solver import Ints, Sums, add_up, apportion, fact_floors, solve

JOINT = 40_000  # cells that are solved together
_BUNCHES = 24  # parts that a larger set of asset classes is cut into
_HOLES = 10.0  # weight of a table's holes against a dimension's target
_FAMILY = 10.0  # weight of a family's only question against a fact's


@dataclass(frozen=True, slots=True)
class _Bunches:
    """Cells of several asset classes merged, where they differ in nothing else.

    `cells` are those merged, `part` and `place` hold the bunch and the merged cell of each. `first` is one cell of each
    merged one, `sizes` counts the asset classes of each bunch.
    """

    cells: Ints
    part: Ints
    place: Ints
    first: Ints
    sizes: Ints

    def merged(self, values: Ints) -> Ints:
        """Add up the values of cells that are merged."""
        return add_up(self.place, values[self.cells], len(self.first))

    def of_first(self, values: Ints) -> Ints:
        """Return for each merged cell the value that all of its cells have."""
        taken = np.zeros(len(self.first), np.int64)
        taken[self.place] = values
        return taken


class Dealer:
    """Gives cells their questions.

    Args:
        goals: questions wanted of each value, by dimension.
        floors: single-answer questions that each table and polarity needs at least.
        demand: questions that holes want of each table and polarity.
    """

    def __init__(
        self,
        cells: Cells,
        importance: Mapping[str, float],
        goals: Mapping[str, Ints],
        floors: Ints,
        demand: Ints | None = None,
    ) -> None:
        self.cells, self.goals, self.floors, self.demand = cells, goals, floors, demand
        self.weights = {d: float(importance.get(d, 1.0)) for d in DIMENSIONS}
        self.assets, self.sides, self.single = cells.codes["asset_class"], cells.sides, cells.single() > 0
        self.kinds = cells.combined(*(d for d in DIMENSIONS if d != "asset_class"))
        self.tables = cells.combined("relation", "polarity")
        self.families = cells.combined("relation", "direction", "polarity")
        self.capacity, self.x = cells.capacity, np.zeros(len(cells.capacity), np.int64)

    def deal(self, total: int) -> Ints:
        """Return the questions of each cell, in all `total`."""
        self.capacity = np.minimum(self.capacity, total)
        everything, joint = np.arange(len(self.x)), len(self.x) <= JOINT
        bunches = self._bunches(everything, len(self.x) if joint else _BUNCHES)
        sums = [Sums(np.zeros(len(bunches.first), np.int64), np.array([total]), "exact")]
        if self.demand is None:
            one_each = np.ones(int(self.families.max()) + 1, np.int64)
            sums.append(Sums(self.families[bunches.first], one_each, "floor", _FAMILY))
        for d in DIMENSIONS:
            if d != "asset_class" and self.weights[d]:
                sums.append(Sums(self.cells.codes[d][bunches.first], self.goals[d], "near", self.weights[d]))
        self._solve(bunches, sums, self.goals["asset_class"])
        if not joint and self.weights["asset_class"]:
            self._exchange()
        return self.x

    def _exchange(self) -> None:
        """Let the asset classes that are furthest from their goals, of whatever bunch, deal once more together."""
        goals = self.goals["asset_class"]
        missed = np.abs(np.bincount(self.assets, self.x, len(goals)) - goals)
        worst = np.argsort(-missed, kind="stable")
        sizes = np.bincount(self.assets, minlength=len(goals))[worst]
        worst = worst[(np.cumsum(sizes) <= JOINT // 2) & (missed[worst] > 1)]
        if len(worst) > 1:
            cells = np.flatnonzero(np.isin(self.assets, worst))
            self._within(cells, add_up(self.kinds[cells], self.x[cells]), len(worst))

    def _solve(self, bunches: _Bunches, sums: list[Sums], goals: Ints) -> None:
        """Solve for bunches, then for the asset classes of each."""
        sums = [*sums, *self._by_asset(bunches, goals), *self._by_table(bunches)]
        if self.cells.least.any() and self.demand is None:
            least = np.minimum(bunches.merged(self.cells.least), bunches.merged(self.capacity))
            sums.append(Sums(np.arange(len(bunches.first)), least, "floor"))
        y = solve(bunches.merged(self.capacity), bunches.merged(self.cells.facts), sums)
        self.x[bunches.cells] = y[bunches.place]
        for part in np.flatnonzero(bunches.sizes > 1):
            inside = bunches.part == part
            merged = np.unique(bunches.place[inside])
            kinds = self.kinds[bunches.first[merged]]
            self._within(bunches.cells[inside], add_up(kinds, y[merged]), _BUNCHES)

    def _within(self, cells: Ints, questions: Ints, count: int) -> None:
        """Deal these questions of each kind to the asset classes of these cells."""
        bunches = self._bunches(cells, count)
        names = np.unique(self.kinds[cells])
        kind = np.searchsorted(names, self.kinds[bunches.first])
        weights = np.zeros(len(self.goals["asset_class"]))
        assets = np.unique(self.assets[cells])
        weights[assets] = self.goals["asset_class"][assets] + 1e-6
        total = int(questions.sum())
        self._solve(bunches, [Sums(kind, questions[names], "exact")], apportion(weights, total))

    def _bunches(self, cells: Ints, count: int) -> _Bunches:
        """Put the asset classes of these cells into at most `count` bunches."""
        assets = np.unique(self.assets[cells])
        part_of = np.zeros(len(self.goals["asset_class"]), np.int64)
        count = min(len(assets), count)
        for number, bunch in enumerate(np.array_split(self._alike(cells, assets), count)):
            part_of[bunch] = number
        part = part_of[self.assets[cells]]
        keys = part * (int(self.kinds.max()) + 1) + self.kinds[cells]
        _, first, place = np.unique(keys, return_index=True, return_inverse=True)
        return _Bunches(cells, part, place, cells[first], np.bincount(part_of[assets], minlength=count))

    def _alike(self, cells: Ints, assets: Ints) -> Ints:
        """Return asset classes so that those with the same kinds of questions stand together."""
        order = cells[np.lexsort([self.kinds[cells], self.assets[cells]])]
        ends = np.searchsorted(self.assets[order], assets)[1:]
        # Bytes with the highest first sort as the numbers do: by relation, then by what differs less.
        kinds = [part.astype(">i8").tobytes() for part in np.split(self.kinds[order], ends)]
        tables = [np.unique(part).astype(">i8").tobytes() for part in np.split(self.tables[order], ends)]
        return assets[sorted(range(len(assets)), key=lambda i: (len(kinds[i]), tables[i], kinds[i], i))]

    def _by_asset(self, bunches: _Bunches, goals: Ints) -> list[Sums]:
        """Return the goal of each bunch."""
        if not self.weights["asset_class"]:
            return []
        assets, at = np.unique(self.assets[bunches.cells], return_index=True)
        goal = add_up(bunches.part[at], goals[assets], len(bunches.sizes))
        return [Sums(bunches.of_first(bunches.part), goal, "near", self.weights["asset_class"])]

    def _by_table(self, bunches: _Bunches) -> list[Sums]:
        """Return the floors of facts, and what holes want, of each bunch, relation and polarity."""
        keys = bunches.part * (int(self.tables.max()) + 1) + self.tables[bunches.cells]
        names, row = np.unique(keys, return_inverse=True)
        member = bunches.of_first(row)
        sides, at = np.unique(self.sides[bunches.cells], return_index=True)
        sums = []
        if self.floors.any():
            goal = add_up(row[at], self.floors[sides], len(names))
            single = np.where(self.single[bunches.first], member, -1)
            facts, capacity = bunches.merged(self.cells.facts), bunches.merged(self.capacity)
            sums += fact_floors(single, facts, capacity, goal)
        if self.demand is not None:
            goal = add_up(row[at], self.demand[sides], len(names))
            sums.append(Sums(member, goal, "near", _HOLES))
        return sums
