"""All that is measured, put together: shares with their intervals, contrasts with the control, costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.students.material import ORIGINAL, SETS
from benchmarks.students.plan import BASE, CONTROL, FREE, MODEL_FREE, Settings
from benchmarks.students.scores import Cost, Runs
from benchmarks.students.shares import Clusters, Contrast, Points, Share, adjusted, contrast, share

NO_RUNS = Runs()


@dataclass(frozen=True)
class Result:
    """Points by row and regime, costs by row, and what was asked."""

    rows: Sequence[str]
    runs: Mapping[tuple[str, str], Runs]
    costs: Mapping[str, Cost | None]
    clusters: Clusters
    settings: Settings
    asked: int | None
    folds: Sequence[tuple[str, ...]]
    command: str
    machines: Sequence[str] = ()

    def share(self, row: str, regime: str, name: str) -> Share | None:
        """Return a cell of the table; None where it is not measured."""
        runs = self._runs(row, regime)
        return share(runs.points[name], self.clusters) if runs.seeds else None

    def lost(self, row: str, regime: str, name: str) -> Contrast | None:
        """Return FailureSensorIQ's questions minus the same questions perturbed, or minus those right in both."""
        runs = self._runs(row, regime)
        return contrast(runs.points[ORIGINAL], runs.points[name], self.clusters) if runs.seeds else None

    def contrasts(self, regime: str, name: str) -> dict[str, Contrast]:
        """Return each row that asks a model minus the control, p adjusted over these rows."""
        found = {}
        for row in self.rows:
            if row not in (CONTROL, *MODEL_FREE):
                ones, others = _of_same_seeds(row, self._runs(row, regime), self._runs(CONTROL, regime), name)
                if ones and others:
                    found[row] = contrast(ones, others, self.clusters)
        return dict(zip(found, adjusted(list(found.values())), strict=True))

    def unanswered(self, row: str, regime: str, name: str) -> str:
        """Return the share of replies without an answer, in percent, where a row is asked for them."""
        runs = self._runs(row, regime)
        if row in MODEL_FREE or name not in SETS:
            return ""
        asked = len(runs.seeds) * len(runs.points[name][0])
        return f"{100 * runs.unanswered[name] / asked:.1f}"

    def _runs(self, row: str, regime: str) -> Runs:
        return self.runs.get((row, regime), NO_RUNS)


def _of_same_seeds(row: str, runs: Runs, control: Runs, name: str) -> tuple[list[Points], list[Points]]:
    """Return the runs of the seeds that both have; the base has one run, compared with each of the control's."""
    if row in (BASE, FREE):
        return [*runs.points.get(name, ())], [*control.points.get(name, ())]
    both = [seed for seed in runs.seeds if seed in control.seeds]
    return [runs.of(seed, name) for seed in both], [control.of(seed, name) for seed in both]
