"""Rows of the score table, from points per question."""

from collections.abc import Hashable, Sequence

import numpy as np

from failwise.evaluation.clustered import clustered_wilson, intraclass_correlation
from failwise.evaluation.records import Accuracy


def accuracy(name: str, kind: str, points: Sequence[float], clusters: Sequence[Hashable] = ()) -> Accuracy:
    """Return the row of one answerer from its points per question (0 to 1).

    Args:
        clusters: what each question shares with others, such as its anchor; questions of one cluster count less than
            as many of several. Empty: nothing.
    """
    numbers: dict[Hashable, int] = {}
    places = np.array([numbers.setdefault(c, len(numbers)) for c in clusters or range(len(points))], dtype=np.int64)
    asked, right = np.bincount(places), np.bincount(places, np.asarray(points, dtype=np.float64))
    n, total = len(points), float(sum(points))
    low, high = clustered_wilson(asked, total, intraclass_correlation(asked, right))
    return Accuracy(name, kind, n, total, total / n if n else 0.0, low, high)
