"""Shares and their intervals."""

from math import sqrt

from failwise.evaluation.records import Accuracy

Z95 = 1.959963984540054


def wilson(right: float, n: int, z: float = Z95) -> tuple[float, float]:
    """Return the Wilson score interval of a share (E. B. Wilson 1927); (0, 1) where nothing was asked.

    Args:
        right: number of right answers; a part of one where ties share the point.
        n: number of questions.
        z: normal quantile; the default gives 95 %.
    """
    if n == 0:
        return 0.0, 1.0
    share, z2 = right / n, z * z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    # At the ends the formula gives 0 and 1 but for rounding.
    return (0.0 if right == 0 else centre - half), (1.0 if right == n else centre + half)


def accuracy(name: str, kind: str, points: list[float]) -> Accuracy:
    """Return the row of one answerer from its points per question (0 to 1)."""
    n, right = len(points), sum(points)
    low, high = wilson(right, n)
    return Accuracy(name, kind, n, right, right / n if n else 0.0, low, high)
