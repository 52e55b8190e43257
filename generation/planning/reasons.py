"""Why a plan misses a target: a sentence for each value that falls short."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from failwise.generation.planning.cell_table import Cells
from failwise.generation.planning.config import DIMENSIONS, LABELS, PlanConfig
from failwise.generation.planning.solver import Ints, add_up, fact_floors
from failwise.kg.names import did_you_mean

_SAID = 12  # values of one dimension that get a sentence of their own


@dataclass(frozen=True, slots=True)
class Bound:
    """The most questions that a value can get, and why."""

    most: int
    why: str


@dataclass(frozen=True, slots=True)
class Reasons:
    """Compares a plan with what was wanted. `goals` holds the questions wanted of each value."""

    cells: Cells
    goals: Mapping[str, Ints]
    names: Mapping[str, list[str]]
    floors: Ints
    planned: Ints
    config: PlanConfig

    def sentences(self) -> list[str]:
        """Return a sentence for each value that gets fewer questions than wanted, the worst first."""
        return [s for d in DIMENSIONS if self.config.importance.get(d, 1) for s in self._of(d)]

    def _of(self, dimension: str) -> Iterator[str]:
        name = LABELS.get(dimension, dimension)
        goal, planned, worst = self.goals[dimension], self._planned(dimension), self._worst(dimension)
        for value in worst[:_SAID]:
            wanted, given = int(goal[value]), int(planned[value])
            share = 100 * wanted / max(1, int(goal.sum()))
            why = self._why(dimension, int(value), wanted)
            said = f"wanted {wanted:,} ({share:.1f} %), possible {given:,}: {why}"
            yield f"{name} {self.names[dimension][value]}: {said}"
        if len(worst) > _SAID:
            rest = int((goal - planned)[worst[_SAID:]].sum())
            yield f"{name}: {len(worst) - _SAID:,} more values fall short, by {rest:,} questions together"

    def _planned(self, dimension: str) -> Ints:
        return add_up(self.cells.codes[dimension], self.planned, len(self.goals[dimension]))

    def _worst(self, dimension: str) -> Ints:
        """Return the values that fall short by more than the margin, the worst first."""
        goal = self.goals[dimension]
        short = goal - self._planned(dimension)
        worst = np.argsort(-short, kind="stable")
        return np.asarray(worst[short[worst] > np.maximum(1, self.config.margin * goal[worst])], np.int64)

    def _why(self, dimension: str, value: int, wanted: int) -> str:
        if value >= len(self.cells.values[dimension]):
            name = self.names[dimension][value]
            return f"no cell offers it{did_you_mean(name, self.cells.values[dimension])}"
        inside = self.cells.codes[dimension] == value
        bounds = [self._capacity(inside), self._coverage(inside)]
        bounds += [self._beside(other, inside) for other in DIMENSIONS if other != dimension]
        tightest = min(bounds, key=lambda b: b.most)
        if tightest.most < wanted:
            return tightest.why
        others = [LABELS.get(d, d) for d in DIMENSIONS if d != dimension and self._worst(d).size]
        facts = ["a question for every fact"] if self.floors.any() else []
        together = " and ".join([*([f"the shares of {', '.join(others)}"] if others else []), *facts])
        return f"it competes with {together or 'the shares of the other dimensions'}; not all can be met together"

    def _capacity(self, inside: Ints) -> Bound:
        most = int(self.cells.capacity[inside].sum())
        return Bound(most, f"its cells can give at most {most:,} different questions")

    def _coverage(self, inside: Ints) -> Bound:
        """Bound it by the single-answer questions that facts need and that only other cells can give."""
        row = np.where(self.cells.single() > 0, self.cells.sides, -1)
        need = np.zeros(len(self.floors))
        for s in fact_floors(row, self.cells.facts, self.cells.capacity, self.floors):
            need = np.maximum(need, s.goal - s.of(self.cells.capacity * inside))
        others = int(need.sum())
        return Bound(int(self.planned.sum()) - others, f"asking every fact once takes {others:,} other questions")

    def _beside(self, other: str, inside: Ints) -> Bound:
        """Bound it by what its cells can give if the other dimension's shares are to be met."""
        goal = self.goals[other]
        can = add_up(self.cells.codes[other][inside], self.cells.capacity[inside], len(goal))
        given = np.minimum(goal, can)
        most, worst = int(given.sum()), int(np.argmax(goal - given))
        return Bound(
            most,
            f"it competes with the shares of {LABELS.get(other, other)}: {self.names[other][worst]} has "
            f"{int(goal[worst]):,} questions, and its cells can give at most {int(can[worst]):,} of them",
        )
