"""Does the answer stay when the same question is asked in another way?

The measures are those of PertEval (J. Li et al. 2024): accuracy before and after, their
difference (performance drop rate), the share right in both (consistent accuracy), how much of what was right before
still is (recall of performance), and how the responses move.
"""

from collections.abc import Sequence

from failwise.evaluation.clustered import anchor_of, share_interval
from failwise.evaluation.paired import clustered_flips
from failwise.evaluation.records import Answer, Perturbed
from failwise.generation.records import Question

ALL = "all"

_Pair = tuple[Question, Answer, Question, Answer]


def perturbed_rows(asked: Sequence[tuple[Question, Answer]]) -> list[Perturbed]:
    """Return a row for each kind of perturbation, and one of all; nothing where no variant stands beside its original.

    A variant whose original was not asked is left out.
    """
    by_id = {question.id: (question, answer) for question, answer in asked}
    kinds: dict[str, list[_Pair]] = {}
    for question, answer in asked:
        if question.perturbation_of in by_id:
            pair = (*by_id[question.perturbation_of], question, answer)
            for kind in dict.fromkeys((ALL, question.perturbation)):
                kinds.setdefault(kind, []).append(pair)
    return [_row(kind, pairs) for kind, pairs in sorted(kinds.items(), key=lambda item: (item[0] != ALL, item[0]))]


def _row(kind: str, pairs: Sequence[_Pair]) -> Perturbed:
    n = len(pairs)
    moves = [_move(*pair) for pair in pairs]
    counts = {name: moves.count(name) for name in ("stayed_right", "lost", "gained", "stayed_wrong", "moved", "silent")}
    before = sum(said.right for _, said, _, _ in pairs)
    after = sum(said.right for *_, said in pairs)
    anchors = [anchor_of(question) for question, *_ in pairs]
    both = [move == "stayed_right" for move in moves]
    low, high = share_interval(anchors, both)
    were_right = [(a, stayed) for a, stayed, (_, said, *_) in zip(anchors, both, pairs, strict=True) if said.right]
    recall_low, recall_high = share_interval([a for a, _ in were_right], [stayed for _, stayed in were_right])
    return Perturbed(
        kind,
        n,
        before / n,
        after / n,
        (after - before) / n,
        counts["stayed_right"] / n,
        low,
        high,
        counts["stayed_right"] / before if before else 0.0,
        recall_low,
        recall_high,
        clustered_flips([then.right - said.right for _, said, _, then in pairs], anchors),
        **counts,
    )


def _move(question: Question, before: Answer, variant: Question, after: Answer) -> str:
    if before.right and after.right:
        return "stayed_right"
    if after.choice is None:
        return "silent"
    if before.right or after.right:
        return "lost" if before.right else "gained"
    same = before.choice is not None and question.options[before.choice] == variant.options[after.choice]
    return "stayed_wrong" if same else "moved"
