"""Tests of two answerers on the same questions."""

from collections import Counter
from collections.abc import Hashable, Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from failwise.evaluation.clustered import design_effect, intraclass_correlation, numbered
from failwise.statistics import Z95, t95

# Rounding of the Fourier transform in sign_flips: no p is said to be smaller.
_LEAST_P = 1e-12


def mcnemar(better: int, worse: int) -> float:
    """Return the exact two-sided p of McNemar's test (Q. McNemar 1947), binomial over the questions that differ.

    Args:
        better: questions that the one alone answers right.
        worse: questions that the other alone answers right.
    """
    n, tail, ways = better + worse, 0, 1
    for i in range(min(better, worse) + 1):
        tail += ways
        ways = ways * (n - i) // (i + 1)
    return min(1.0, 2 * tail / (1 << n))


def sign_flips(sums: NDArray[np.int64]) -> float:
    """Return the exact two-sided p of the sign-flip test of clusters (R. A. Fisher 1935, E. J. G. Pitman 1937).

    If the two are alike, each cluster's difference might as well have the other sign. The p is the share of all 2 to
    the number of clusters flips whose total is at least as far from 0. They are not gone through: their distribution
    is a product of cosines in the frequency domain (M. Pagano and D. Tritchler 1983). Where each cluster is one
    question, this is McNemar's test.

    Args:
        sums: (clusters,): questions of each that the one alone answers right, minus those of the other.
    """
    sizes, times = np.unique(np.abs(sums[sums != 0]), return_counts=True)
    widest, total = int(sizes @ times), abs(int(sums.sum()))
    # Signs + and - as 1 and 0, so that the total runs from 0 to the widest.
    turn = np.pi * np.arange((widest + 1) // 2 + 1) / (widest + 1)
    wave = np.exp(-1j * turn * widest)
    for size, count in zip(sizes.tolist(), times.tolist(), strict=True):
        wave *= np.cos(turn * size) ** count
    shares = np.fft.irfft(wave, widest + 1)
    tail = 2 * shares[: (widest - total) // 2 + 1].sum() if total else 1.0
    return float(np.clip(tail, _LEAST_P, 1.0))


def clustered_flips(differences: Sequence[int], clusters: Sequence[Hashable]) -> float:
    """Return the p of `sign_flips` of differences (-1, 0 or 1), each of a question of a cluster."""
    sums: Counter[Hashable] = Counter()
    for cluster, difference in zip(clusters, differences, strict=True):
        sums[cluster] += difference
    return sign_flips(np.array([*sums.values()], np.int64))


def paired_interval(better: float, worse: float, n: float) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two shares of the same questions (D. G. Bonett, R. M. Price 2012).

    Wald's with one question added to each side that differs, so that it has a width where none differs.

    Args:
        better: questions that the one alone answers right; as `n`, less where they are not independent.
        worse: questions that the other alone answers right.
        n: all questions.
    """
    up, down = (better + 1) / (n + 2), (worse + 1) / (n + 2)
    half = Z95 * sqrt((up + down - (up - down) ** 2) / (n + 2))
    return max(-1.0, up - down - half), min(1.0, up - down + half)


def clustered_paired_interval(differences: Sequence[float], clusters: Sequence[Hashable]) -> tuple[float, float]:
    """Return the 95 % interval of a mean difference of points, each of a question of a cluster.

    `paired_interval` with as many questions as they are worth; (-1, 1) where there are fewer than two clusters.

    Args:
        differences: points (0 to 1) of the one minus those of the other.
    """
    values, places = np.asarray(differences, np.float64), numbered(clusters)
    asked = np.bincount(places)
    if len(asked) < 2:
        return -1.0, 1.0
    sums, squares = np.bincount(places, values), np.bincount(places, values**2)
    effect = design_effect(asked, intraclass_correlation(asked, sums, squares))
    # Of differences that are parts of one, so many of one would have their sum and their sum of squares.
    better, worse = float(squares.sum() + sums.sum()) / 2, float(squares.sum() - sums.sum()) / 2
    return paired_interval(better / effect, worse / effect, len(values) / effect)


def mean_interval(values: Sequence[float], clusters: Sequence[Hashable]) -> tuple[float, float]:
    """Return the 95 % interval of the mean of values (-1 to 1), each of a cluster; (-1, 1) where fewer than two are.

    Student's t over what the clusters add to the mean (K.-Y. Liang and S. L. Zeger 1986).
    """
    places = numbered(clusters)
    asked, sums = np.bincount(places), np.bincount(places, np.asarray(values, np.float64))
    count = len(asked)
    if count < 2:
        return -1.0, 1.0
    mean = float(sums.sum()) / len(places)
    spread = count / (count - 1) * float(((sums - mean * asked) ** 2).sum())
    half = t95(count - 1) * sqrt(spread) / len(places)
    return max(-1.0, mean - half), min(1.0, mean + half)


def holm(values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number (S. Holm 1979)."""
    adjusted, worst = [0.0] * len(values), 0.0
    for rank, i in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        worst = max(worst, min(1.0, (len(values) - rank) * values[i]))
        adjusted[i] = worst
    return adjusted


def benjamini_hochberg(values: Sequence[float]) -> list[float]:
    """Return q-values: of those up to a q, no more than that share is expected to be luck (Y. Benjamini, Y. Hochberg
    1995)."""
    adjusted, least = [0.0] * len(values), 1.0
    order = sorted(range(len(values)), key=values.__getitem__)
    for rank in range(len(values), 0, -1):
        place = order[rank - 1]
        adjusted[place] = least = min(least, values[place] * len(values) / rank)
    return adjusted
