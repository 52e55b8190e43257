"""Rows of the score table, from points per question."""

from collections.abc import Hashable, Sequence

from failwise.evaluation.clustered import share_interval
from failwise.evaluation.records import Accuracy


def accuracy(name: str, kind: str, points: Sequence[float], clusters: Sequence[Hashable] = ()) -> Accuracy:
    """Return the row of one answerer from its points per question (0 to 1).

    Args:
        clusters: what each question shares with others, such as its anchor; questions of one cluster count less than
            as many of several. Empty: nothing.
    """
    n, total = len(points), float(sum(points))
    low, high = share_interval(clusters or range(n), points)
    return Accuracy(name, kind, n, total, total / n if n else 0.0, low, high)
