"""Whole numbers of questions per cell that come nearest to targets: a linear programme, solved by HiGHS.

Cells are columns, sums of cells are rows. Each column and each miss of a target is cut into segments of rising cost,
so that questions spread over cells, and misses over values, instead of piling up on one. The segments end at whole
numbers; a corner of the polytope, which the simplex method returns, is therefore fractional in few cells only (none at
all where the rows form a network). A second, small mixed-integer programme rounds those.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_MISSES = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0])  # of the target, where the cost rises
_SLOPES = np.array([1.0, 1.2, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 12.0])  # cost of a question in each segment
_FILLS = np.array([0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0])  # of a cell's even share, where the cost rises
_FILL_COST = 1e-3  # against a miss of one question
_MUST = 1e3  # cost of a question that a floor lacks: more than any balance
_EPS = 1e-5  # what the solver's tolerance may leave of a whole number
_NODES = 2000  # of the rounding programme's search; a limit in seconds would make the result depend on the machine


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums of cells that exclude one another: `member` holds each cell's row, -1 for none.

    `goal` is what each sum should be, in whole numbers. `kind` is near (missing it costs `weight` a question), floor
    (it may be more) or exact.
    """

    member: Ints
    goal: Ints
    kind: str = "near"
    weight: float = 1.0

    def of(self, x: Floats | Ints) -> Floats:
        """Return the sums of these numbers of questions."""
        inside = self.member >= 0
        return np.bincount(self.member[inside], x[inside], len(self.goal)).astype(np.float64)


def add_up(member: Ints, values: Ints | Floats, size: int = 0) -> Ints:
    """Return the sum of the values of each member, the first `size` at least."""
    return np.bincount(member, values, size).astype(np.int64)


def fact_floors(row: Ints, facts: Ints, capacity: Ints, need: Ints) -> list[Sums]:
    """Return the floors that let every fact of each row be asked.

    A cell that tests few facts of its row tests, as far as can be known, some of those that a cell with more tests. So
    what cells with at most f facts leave over falls to the others: they need as many questions as facts beyond f.

    Args:
        row: of each cell; -1 for none.
        need: facts of each row.
    """
    inside = np.flatnonzero(row >= 0)
    steps, at = np.unique(np.stack([row[inside], facts[inside]]), axis=1, return_inverse=True)
    starts = np.searchsorted(steps[0], np.arange(len(need)))
    counts = add_up(steps[0], np.ones(steps.shape[1]), len(need))
    rank = np.full(len(row), -1, np.int64)
    rank[inside] = at.ravel() - starts[row[inside]]
    floors = [Sums(row, need, "floor")]
    for r in range(1, int(rank.max(initial=0)) + 1):
        above = np.minimum(starts + r, len(steps[0]) - 1)
        # Rows with fewer steps need no further floor.
        left = np.where(counts > r, need - steps[1][above - 1], 0)
        member = np.where((rank >= r) & (left[row] > 0), row, -1)
        most = add_up(member[member >= 0], capacity[member >= 0], len(need))
        floors.append(Sums(member, np.minimum(np.maximum(left, 0), most), "floor"))
    return floors


def apportion(weights: Floats, total: int) -> Ints:
    """Split a total by weights into whole numbers with the largest remainders (Hamilton's method)."""
    shares = weights * (total / weights.sum())
    counts = np.floor(shares + _EPS).astype(np.int64)
    rest = np.argsort(counts - shares, kind="stable")[: total - int(counts.sum())]
    counts[rest] += 1
    return np.asarray(counts, np.int64)


def solve(capacity: Ints, size: Ints, sums: Sequence[Sums]) -> Ints:
    """Return whole numbers between 0 and `capacity` that keep exact sums, reach floors and come nearest to the rest.

    Args:
        size: where several solutions are as near, cells get questions by their size.
    """
    x = _relaxed(capacity, _even(capacity, size, sums), sums)
    base = np.floor(x + _EPS).astype(np.int64)
    loose = np.flatnonzero(x - base > _EPS)
    if loose.size:
        base[loose] += _rounded(loose, base, x, sums)
    return base


def _even(capacity: Ints, size: Ints, sums: Sequence[Sums]) -> Floats:
    """Return the spread over cells that the goals alone would give, by iterative proportional fitting.

    Deming and Stephan, Annals of Mathematical Statistics 11 (1940). Capacities cut it off, so it is a guide only.
    """
    spread = np.minimum(capacity, np.maximum(size, 1.0))
    fitted = [s for s in sums if s.kind != "floor" and s.weight > 0]
    for _ in range(20):
        for s in fitted:
            now = s.of(spread)
            factor = np.divide(s.goal, now, out=np.ones_like(now), where=now > 0)
            spread = np.where(s.member >= 0, spread * factor[s.member], spread)
            spread = np.minimum(spread, capacity)
    return np.maximum(spread, 1e-3)


def _relaxed(capacity: Ints, even: Floats, sums: Sequence[Sums]) -> Floats:
    """Solve the linear programme."""
    ends = np.maximum(np.ceil(even[:, None] * _FILLS).astype(np.int64), 1)
    ends = np.minimum(np.hstack([np.ones((len(even), 1), np.int64), ends, capacity[:, None]]), capacity[:, None])
    widths = np.diff(ends, axis=1, prepend=0)
    cell, step = np.nonzero(widths)
    middle = ends[cell, step] - widths[cell, step] / 2
    # The derivative of x log(x / even): the spread of most entropy, in straight pieces.
    cost = _FILL_COST * np.clip(np.log(middle / even[cell]), -5, 5)
    columns = _Columns(cost, widths[cell, step].astype(float), _rows_of(sums, cell))
    programme = _Programme(columns, [_bounds(s) for s in sums])
    for start, s in zip(programme.starts, sums, strict=True):
        if s.kind == "near":
            for sign in (1.0, -1.0):
                programme.slacks(start, *_misses(s, sign), sign)
        elif s.kind == "floor":
            programme.slacks(
                start, np.arange(len(s.goal)), np.full(len(s.goal), s.weight * _MUST), s.goal.astype(float), 1.0
            )
    values = programme.run()[: len(cell)]
    return np.bincount(cell, values, len(even)).astype(np.float64)


def _bounds(s: Sums) -> tuple[Floats, Floats]:
    low = s.goal.astype(float)
    return low, np.full_like(low, np.inf) if s.kind == "floor" else low


def _misses(s: Sums, sign: float) -> tuple[Ints, Floats, Floats]:
    """Return rows, costs and widths of the segments by which sums may miss their goals."""
    scale = np.maximum(s.goal, 1)[:, None]
    ends = np.ceil(scale * _MISSES)
    widths = np.hstack([np.diff(ends, axis=1, prepend=0), np.full((len(s.goal), 1), np.inf if sign < 0 else 0.0)])
    row, step = np.nonzero(widths)
    return row, s.weight * _SLOPES[step], widths[row, step].astype(np.float64)


def _rounded(loose: Ints, base: Ints, x: Floats, sums: Sequence[Sums]) -> Ints:
    """Say which of the fractional cells get one more, so that sums move least from where the relaxation put them."""
    columns = _Columns(np.zeros(loose.size), np.ones(loose.size), _rows_of(sums, loose))
    programme = _Programme(columns, [_left(s, base, x) for s in sums], whole=loose.size)
    for start, s in zip(programme.starts, sums, strict=True):
        if s.kind != "exact":
            rows = np.arange(len(s.goal))
            cost = np.full(len(rows), _MUST if s.kind == "floor" else 1.0)
            for sign in (1.0, -1.0):
                programme.slacks(start, rows, cost, np.full(len(rows), np.inf), sign)
    return np.rint(programme.run()[: loose.size]).astype(np.int64)


def _left(s: Sums, base: Ints, x: Floats) -> tuple[Floats, Floats]:
    """Return what the fractional cells have to add: between the sums rounded down and up."""
    sums, done = s.of(x), s.of(base)
    if s.kind == "floor":
        return np.minimum(s.goal, np.floor(sums + _EPS)) - done, np.full(len(done), np.inf)
    return np.floor(sums + _EPS) - done, np.ceil(sums - _EPS) - done


def _rows_of(sums: Sequence[Sums], cells: Ints) -> Ints:
    """Return for each of the cells (columns) the row that it is in, for each of the sums; -1 for none."""
    starts = np.cumsum([0, *(len(s.goal) for s in sums)])
    return np.array(
        [np.where(s.member[cells] >= 0, s.member[cells] + a, -1) for s, a in zip(sums, starts, strict=False)]
    )


@dataclass(frozen=True, slots=True)
class _Columns:
    cost: Floats
    upper: Floats
    rows: Ints


class _Programme:
    """A linear or mixed-integer programme, put together column by column."""

    def __init__(self, columns: _Columns, bounds: Iterable[tuple[Floats, Floats]], whole: int = 0) -> None:
        parts = list(bounds)
        self.starts = np.cumsum([0, *(len(low) for low, _ in parts)])[:-1]
        self.low, self.high = (np.concatenate(side) for side in zip(*parts, strict=True))
        self.whole = whole
        filled = columns.rows.T >= 0
        self.cost, self.upper = [columns.cost], [columns.upper]
        self.index, self.value = [columns.rows.T[filled]], [np.ones(int(filled.sum()))]
        self.lengths = [filled.sum(axis=1)]

    def slacks(self, start: int, rows: Ints, cost: Floats, upper: Floats, sign: float) -> None:
        """Add columns that each stand in one row."""
        self.cost.append(cost)
        self.upper.append(upper)
        self.index.append(start + rows)
        self.value.append(np.full(len(rows), sign))
        self.lengths.append(np.ones(len(rows), np.int64))

    def run(self) -> Floats:
        """Return the values of the columns at the optimum."""
        import highspy

        solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        # One thread and a fixed seed: the same input gives the same plan.
        options = {"output_flag": False, "threads": 1, "parallel": "off", "random_seed": 0, "solver": "simplex"}
        for name, value in {**options, "mip_max_nodes": _NODES}.items():
            solver.setOptionValue(name, value)
        solver.passModel(self._model(highspy))
        solver.run()
        if solver.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            # Sums that are not exact may be missed, and exact ones are within capacities: there is a solution.
            raise RuntimeError(f"HiGHS found no plan: {solver.modelStatusToString(solver.getModelStatus())}")
        return np.array(solver.getSolution().col_value)

    def _model(self, highspy: Any) -> Any:
        cost, upper = np.concatenate(self.cost), np.concatenate(self.upper)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(cost), len(self.low)
        model.col_cost_, model.col_lower_, model.col_upper_ = cost, np.zeros(len(cost)), upper
        model.row_lower_, model.row_upper_ = self.low, self.high
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_ = np.concatenate([[0], np.cumsum(np.concatenate(self.lengths))])
        model.a_matrix_.index_ = np.concatenate(self.index)
        model.a_matrix_.value_ = np.concatenate(self.value)
        if self.whole:
            kinds = highspy.HighsVarType
            model.integrality_ = [kinds.kInteger] * self.whole + [kinds.kContinuous] * (len(cost) - self.whole)
        return model
