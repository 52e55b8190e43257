"""Rows of the score table, from points per question."""

from failwise.evaluation.records import Accuracy
from failwise.statistics import wilson


def accuracy(name: str, kind: str, points: list[float]) -> Accuracy:
    """Return the row of one answerer from its points per question (0 to 1)."""
    n, right = len(points), sum(points)
    low, high = wilson(right, n)
    return Accuracy(name, kind, n, right, right / n if n else 0.0, low, high)
