"""Shares of questions that are not independent: about one anchor they share their facts."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from failwise.generation.records import Question
from failwise.statistics import t95, wilson


def anchor_of(question: Question) -> tuple[str, ...]:
    """Return what questions about one anchor share; a question that is linked to no fact stands alone."""
    return (question.asset_class, question.anchor) if question.anchor else ("", question.id)


def intraclass_correlation(asked: NDArray[np.int64], right: NDArray[Any], squares: NDArray[Any] | None = None) -> float:
    """Return how alike the answers of one cluster are: 0 as those of different ones, 1 all the same.

    The estimator from the analysis of variance (A. Donner 1986), held between 0 and 1; 0 where all answers are alike,
    or no cluster has two.

    Args:
        asked: (clusters,): answers in each.
        right: (clusters,): right ones; a part of one where ties share the point.
        squares: (clusters,): sums of squares, where `right` sums other values than 0 and 1.
    """
    squares = None if squares is None else squares[asked > 0]
    asked, right = asked[asked > 0], right[asked > 0]
    total, clusters = asked.sum(), len(asked)
    if clusters < 2 or total == clusters:
        return 0.0
    shares, mean = right / asked, right.sum() / total
    between = (asked * (shares - mean) ** 2).sum() / (clusters - 1)
    spread_within = asked * shares * (1 - shares) if squares is None else squares - asked * shares**2
    within = spread_within.sum() / (total - clusters)
    size = (total - (asked**2).sum() / total) / (clusters - 1)
    spread = between + (size - 1) * within
    return float(np.clip((between - within) / spread, 0.0, 1.0)) if spread > 0 else 0.0


def share_interval(clusters: Sequence[Hashable], points: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of the mean of points (0 to 1), each of a cluster; (0, 1) where there are none."""
    places = numbered(clusters)
    return clustered_wilson(np.bincount(places), np.bincount(places, np.asarray(points, np.float64)))


def clustered_wilson(asked: NDArray[np.int64], right: NDArray[Any]) -> tuple[float, float]:
    """Return the 95 % interval of a share of right answers: `right` of the `asked` of each cluster.

    Wilson's, with as many answers as they are worth. Where few are right, or few wrong, hardly anything shows how alike
    the answers of a cluster are: their correlation leans on a half with the weight of one answer. Chosen by simulation.
    """
    n, total = int(asked.sum()), float(right.sum())
    if n == 0 or (len(asked) == 1 and n > 1):  # one cluster tells nothing of others
        return wilson(0, 0)
    seen = min(total, n - total)
    effect = design_effect(asked, (seen * intraclass_correlation(asked, right) + 0.5) / (seen + 1))
    return wilson(total / effect, n / effect)


def design_effect(asked: NDArray[np.int64], correlation: float) -> float:
    """Return how many answers are worth one independent one, `asked` of them in each of two clusters or more.

    1 + (m - 1) correlation, with m the mean number of answers beside an answer (J. N. K. Rao and A. J. Scott 1992), and
    more where clusters are few (E. L. Korn and B. I. Graubard 1998).
    """
    n, clusters = int(asked.sum()), len(asked)
    beside = float((asked**2).sum()) / n - 1
    return (1 + beside * correlation) * (t95(clusters - 1) / t95(n - 1)) ** 2 if clusters < n else 1.0


def numbered(clusters: Sequence[Hashable]) -> NDArray[np.int64]:
    """Return (clusters,): a number from 0 on for each, the same for the same."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(c, len(numbers)) for c in clusters], np.int64)
