"""The cells of a plan as arrays: the value of each in every dimension, what they can give, what they are to be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from failwise.errors import InputError
from failwise.generation.planning.cells import Cell, Supply
from failwise.generation.planning.config import ACROSS, DIMENSIONS, WITH_NONE, WITHOUT_NONE, PlanConfig
from failwise.generation.planning.solver import Floats, Ints, add_up
from failwise.generation.records import Arity
from failwise.kg.records import Polarity

_PLENTY = 10**9  # more than anybody asks of one cell; sums of more cells than there are stay exact


@dataclass(frozen=True, slots=True, order=True)
class Side:
    """The facts of a table that one polarity tests: selection those that hold, elimination those that do not."""

    asset_class: str
    relation: str
    polarity: Polarity


def dimension_value(cell: Cell, dimension: str) -> str:
    """Return a cell's value in a dimension, as targets name it."""
    if dimension == "none":
        return WITH_NONE if cell.none else WITHOUT_NONE
    return str(getattr(cell, dimension)) or ACROSS


def cell_name(cell: Cell) -> str:
    """Return a cell in words, for a sentence."""
    none = ', "none of these"' if cell.none else ""
    kind = f"{cell.relation}, {cell.direction}, {cell.polarity}, {cell.arity}, {cell.options} options{none}"
    return f"{cell.asset_class or ACROSS}, {kind}"


@dataclass(frozen=True, slots=True)
class Cells:
    """Supplies in the order of their cells. `codes` holds each cell's value by its place in `values`."""

    supplies: Sequence[Supply]
    values: Mapping[str, Sequence[str]]
    codes: Mapping[str, Ints]
    capacity: Ints
    facts: Ints
    least: Ints

    @classmethod
    def of(cls, supplies: Sequence[Supply], config: PlanConfig) -> "Cells":
        """Return the supplies that give something and are wanted.

        Raises:
            InputError: nothing is left.
        """
        wanted = [s for s in supplies if s.questions > 0]
        if not wanted:
            raise InputError("no question can be made: no table has facts that hold beside facts that do not")
        for dimension in DIMENSIONS:
            weights = getattr(config, dimension)
            if isinstance(weights, dict):
                names = {v for v, weight in weights.items() if weight > 0}
                wanted = [s for s in wanted if dimension_value(s.cell, dimension) in names]
                if not wanted:
                    raise InputError(
                        f"no question can be made: no cell is left that offers {dimension} {', '.join(sorted(names))}"
                    )
        values, codes = {}, {}
        for dimension in DIMENSIONS:
            column = [getattr(s.cell, dimension) for s in wanted]
            place = {v: i for i, v in enumerate(sorted(set(column)))}
            named = {getattr(s.cell, dimension): dimension_value(s.cell, dimension) for s in wanted}
            values[dimension] = [named[v] for v in place]
            codes[dimension] = np.fromiter((place[v] for v in column), np.int64, len(column))
        order = np.lexsort([codes[d] for d in reversed(DIMENSIONS)])
        return cls(
            [wanted[i] for i in order],
            values,
            {d: c[order] for d, c in codes.items()},
            np.array([min(wanted[i].questions, _PLENTY) for i in order], np.int64),
            np.array([wanted[i].facts for i in order], np.int64),
            np.array([min(wanted[i].least, wanted[i].questions, _PLENTY) for i in order], np.int64),
        )

    def combined(self, *dimensions: str) -> Ints:
        """Return one number for each combination of values that occurs, the same where all values are."""
        code = np.zeros(len(self.capacity), np.int64)
        for dimension in dimensions:
            code = code * len(self.values[dimension]) + self.codes[dimension]
        return np.unique(code, return_inverse=True)[1].astype(np.int64)

    @property
    def sides(self) -> Ints:
        """The table and polarity of each cell, as numbers."""
        return self.combined("asset_class", "relation", "polarity")

    def side_names(self) -> list[Side]:
        """Return the table and polarity behind each number of `sides`."""
        cells = [self.supplies[i].cell for i in np.unique(self.sides, return_index=True)[1]]
        return [Side(c.asset_class, c.relation, c.polarity) for c in cells]

    def single(self) -> Ints:
        """Say which cells hold questions with one right option, as 1 and 0."""
        names = list(self.values["arity"])
        return np.asarray(
            self.codes["arity"] == names.index(Arity.SINGLE) if Arity.SINGLE in names else 0 * self.facts, np.int64
        )

    def facts_by_side(self) -> Ints:
        """Return how many facts each table and polarity can test: the most that one of its cells can."""
        most = np.zeros(int(self.sides.max()) + 1, np.int64)
        np.maximum.at(most, self.sides, self.facts)
        return most

    def floors(self) -> Ints:
        """Return how many single-answer questions each table and polarity needs so that every fact is asked."""
        single, sides = self.single(), self.sides
        most = np.zeros(int(sides.max()) + 1, np.int64)
        np.maximum.at(most, sides, self.facts * single)
        return np.asarray(np.minimum(most, add_up(sides, self.capacity * single)), np.int64)

    def natural(self, dimension: str) -> Floats:
        """Return for each value how many facts its cells can test, each fact once."""
        key = self.sides * len(self.values[dimension]) + self.codes[dimension]
        keys, place = np.unique(key, return_inverse=True)
        most = np.zeros(len(keys), np.int64)
        np.maximum.at(most, place, self.facts)
        return add_up(keys % len(self.values[dimension]), most, len(self.values[dimension])).astype(np.float64)
