"""Tests of two answerers on the same questions."""

from collections.abc import Hashable, Sequence
from math import comb

import numpy as np


def mcnemar(better: int, worse: int) -> float:
    """Return the exact two-sided p of McNemar's test (Q. McNemar 1947), binomial over the questions that differ.

    Args:
        better: questions that the one alone answers right.
        worse: questions that the other alone answers right.
    """
    n = better + worse
    tail = sum(comb(n, i) for i in range(min(better, worse) + 1))
    return min(1.0, 2 * tail / (1 << n))


def bootstrap_difference(
    differences: Sequence[float], clusters: Sequence[Hashable], resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % percentile interval of a mean difference, drawn by cluster (B. Efron 1979; Field, Welsh 2007).

    Questions about one anchor share their facts, so that whole clusters are drawn, not questions.

    Args:
        differences: per question, points of the one minus points of the other.
        clusters: per question, what it shares with others.
    """
    numbers: dict[Hashable, int] = {}
    places = np.array([numbers.setdefault(c, len(numbers)) for c in clusters], dtype=np.int64)
    if not numbers:
        return 0.0, 0.0
    sums = np.bincount(places, weights=np.asarray(differences, dtype=np.float64))
    sizes = np.bincount(places)
    draw = np.random.default_rng(seed)
    means = np.empty(resamples)
    for i in range(resamples):
        drawn = draw.integers(len(sums), size=len(sums))
        means[i] = sums[drawn].sum() / sizes[drawn].sum()
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def holm(values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number (S. Holm 1979)."""
    adjusted, worst = [0.0] * len(values), 0.0
    for rank, i in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        worst = max(worst, min(1.0, (len(values) - rank) * values[i]))
        adjusted[i] = worst
    return adjusted
