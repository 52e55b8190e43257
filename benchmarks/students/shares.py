"""Shares of questions over several seeds, and two answerers on the same questions.

Seeds are averaged question by question, and the interval is drawn over anchors. So it says how far the result would
move with other anchors, not with other seeds: their values stand beside it.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from failwise.evaluation.clustered import numbered
from failwise.evaluation.paired import holm, mcnemar

RESAMPLES = 2000

# Points (0 to 1) by question, and what each question shares with others.
Points = Mapping[str, float]
Clusters = Mapping[str, Hashable]


@dataclass(frozen=True, slots=True)
class Share:
    """A mean of points, with its 95 % interval over clusters, and the mean of each seed."""

    value: float
    low: float
    high: float
    n: int
    clusters: int
    seeds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Contrast:
    """One answerer minus another on the same questions.

    `better` and `worse` count, for each pair of runs, the questions that the one alone and the other alone has right.
    `p` is McNemar's, exact; of several pairs of runs the largest. `adjusted` is p after Holm, over a family of
    contrasts.
    """

    difference: float
    low: float
    high: float
    n: int
    better: tuple[int, ...]
    worse: tuple[int, ...]
    p: float
    adjusted: float


def share(runs: Sequence[Points], clusters: Clusters, resamples: int = RESAMPLES, seed: int = 0) -> Share:
    """Return the mean over runs and questions with its percentile interval, whole clusters drawn (Field, Welsh 2007).

    Args:
        runs: points of each seed, all of the same questions.

    Raises:
        ValueError: there is no run, a run has no question, or the runs are not of the same questions.
    """
    mean = _mean(runs)
    low, high = _interval(mean, clusters, resamples, seed)
    seeds = tuple(sum(run.values()) / len(run) for run in runs)
    return Share(sum(seeds) / len(seeds), low, high, len(mean), len({clusters[i] for i in mean}), seeds)


def contrast(
    runs: Sequence[Points], others: Sequence[Points], clusters: Clusters, resamples: int = RESAMPLES, seed: int = 0
) -> Contrast:
    """Return how much higher the mean of `runs` is, drawn by cluster, with McNemar's test run by run.

    Runs are paired in their order; an answerer with one run is paired with each of the other's. A test over the runs
    together would count every question as often as there are runs, and so find too much.

    Raises:
        ValueError: runs are not of the same questions, or cannot be paired.
    """
    one, other = _mean(runs), _mean(others)
    if one.keys() != other.keys():
        raise ValueError(f"{len(one.keys() ^ other.keys())} questions were answered by one of the two alone")
    differences = {i: one[i] - other[i] for i in one}
    low, high = _interval(differences, clusters, resamples, seed)
    counts = [_discordant(a, b) for a, b in _paired(runs, others)]
    p = max(mcnemar(*count) for count in counts)
    better, worse = zip(*counts, strict=True)
    return Contrast(sum(differences.values()) / len(one), low, high, len(one), better, worse, p, p)


def adjusted(contrasts: Sequence[Contrast]) -> list[Contrast]:
    """Return the contrasts with their p adjusted for their number (S. Holm 1979)."""
    values = holm([c.p for c in contrasts])
    return [replace(c, adjusted=p) for c, p in zip(contrasts, values, strict=True)]


def _mean(runs: Sequence[Points]) -> dict[str, float]:
    if not runs or not runs[0]:
        raise ValueError("there is no question to take the mean of")
    if any(run.keys() != runs[0].keys() for run in runs):
        raise ValueError("the runs are not of the same questions")
    return {i: sum(run[i] for run in runs) / len(runs) for i in runs[0]}


def _interval(points: Points, clusters: Clusters, resamples: int, seed: int) -> tuple[float, float]:
    """Return the 95 % percentile interval of a mean (B. Efron 1979), whole clusters drawn, not questions."""
    # In the order of the ids: the draws are by position, and a file's order must not change the interval.
    ids = sorted(points)
    places = numbered([clusters[i] for i in ids])
    sums, sizes = np.bincount(places, [points[i] for i in ids]), np.bincount(places)
    draw, means = np.random.default_rng(seed), np.empty(resamples)
    for i in range(resamples):
        drawn = draw.integers(len(sums), size=len(sums))
        means[i] = sums[drawn].sum() / sizes[drawn].sum()
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def _paired(runs: Sequence[Points], others: Sequence[Points]) -> list[tuple[Points, Points]]:
    longest = max(len(runs), len(others))
    if any(len(side) not in (1, longest) for side in (runs, others)):
        raise ValueError(f"{len(runs)} runs and {len(others)} cannot be paired; the seeds must be the same")
    first, second = (list(side) * (longest if len(side) == 1 else 1) for side in (runs, others))
    return list(zip(first, second, strict=True))


def _discordant(one: Points, other: Points) -> tuple[int, int]:
    return sum(one[i] > other[i] for i in one), sum(one[i] < other[i] for i in one)
