"""Rows of the score table, from points per question."""

from collections.abc import Hashable, Sequence
from dataclasses import replace

from failwise.evaluation.clustered import share_interval
from failwise.evaluation.paired import clustered_paired_interval
from failwise.evaluation.records import Accuracy

CHANCE = "chance"


def accuracy(
    name: str,
    kind: str,
    points: Sequence[float],
    clusters: Sequence[Hashable] = (),
    student: Sequence[float | None] = (),
) -> Accuracy:
    """Return the row of one answerer from its points per question (0 to 1).

    Args:
        clusters: what each question shares with others, such as its anchor; questions of one cluster count less than
            as many of several. Empty: nothing.
        student: the student's points for each, None where it was not asked. Empty: no student to compare with.
    """
    n, total, clusters = len(points), float(sum(points)), clusters or range(len(points))
    share = total / n if n else 0.0
    low, high = (share, share) if kind == CHANCE else share_interval(clusters, points)
    row = Accuracy(name, kind, n, total, share, low, high)
    both = [(own - p, c) for own, p, c in zip(student, points, clusters, strict=False) if own is not None]
    if not both:
        return row
    ahead, of = zip(*both, strict=True)
    low, high = clustered_paired_interval(ahead, of)
    return replace(row, ahead=sum(ahead) / len(ahead), ahead_low=low, ahead_high=high)
