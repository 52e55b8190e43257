"""Shares with their intervals, and how likely a deviation is by luck."""

from math import erfc, exp, lgamma, log, sqrt

Z95 = 1.959963984540054
# One-sided: a share is above this bound with 95 % confidence.
Z95_ONE_SIDED = 1.6448536269514722


def wilson(right: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Return the Wilson score interval of a share (E. B. Wilson 1927); (0, 1) where nothing was asked.

    Args:
        right: number of right answers; a part of one where ties share the point.
        n: number of questions; less than that where they are not independent.
        z: normal quantile; the default gives 95 %.
    """
    if n == 0:
        return 0.0, 1.0
    share, z2 = right / n, z * z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * sqrt(max(0.0, share * (1 - share)) / n + z2 / (4 * n * n))
    # At the ends the formula gives 0 and 1 but for rounding.
    return (0.0 if right == 0 else centre - half), (1.0 if right == n else centre + half)


def t95(degrees: int) -> float:
    """Return the 97.5 % quantile of Student's t: what stands for Z95 where a spread rests on few values.

    From three degrees of freedom on by its expansion (Abramowitz and Stegun 26.7.5), right to 0.004.
    """
    if degrees < 3:
        return (12.7062, 4.3027)[degrees - 1]
    z, v = Z95, float(degrees)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / v**power for power, term in enumerate(terms, 1))


def chi_square_p(statistic: float, degrees: int) -> float:
    """Return the probability of a chi-square at least this large, where nothing but luck is at work.

    Exact for whole degrees of freedom: the finite sums of Abramowitz and Stegun 26.4.4 (odd) and 26.4.5 (even),
    each term from its logarithm, so that large ones do not overflow.
    """
    if degrees < 1 or statistic <= 0:
        return 1.0
    half = statistic / 2
    start = 0.5 if degrees % 2 else 0.0
    terms = (exp((start + i) * log(half) - half - lgamma(start + i + 1)) for i in range(degrees // 2))
    return min(1.0, (erfc(sqrt(half)) if degrees % 2 else 0.0) + sum(terms))


def gini(counts: list[int]) -> float:
    """Return the Gini coefficient of counts: 0 where all are equal, near 1 where one has everything (C. Gini 1912)."""
    total, n = sum(counts), len(counts)
    if not total:
        return 0.0
    return sum((2 * i - n - 1) * count for i, count in enumerate(sorted(counts), 1)) / (n * total)
