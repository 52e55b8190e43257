"""How an answer is got from a student: by its options' likelihood, by what it writes, or by what it may write."""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from failwise.errors import StudentError
from failwise.evaluation.calibration import best, finite, probabilities
from failwise.evaluation.config import EvaluationConfig, Score
from failwise.evaluation.reading import Weights, foretold
from failwise.evaluation.scorer import Scorer
from failwise.generation.perturbing.base import NotMade, movable, rearranged
from failwise.generation.records import Arity, Question
from failwise.training import prompts
from failwise.training.records import Mode
from failwise.training.tree import Tree

# Stands for a question that says nothing (Z. Zhao et al. 2021, "Calibrate Before Use").
CONTENT_FREE = "N/A"


class Said(NamedTuple):
    """What a student said to one question; the fields are those of an `Answer`."""

    scores: tuple[float, ...] = ()
    choice: int | None = None
    reasons: str = ""
    reply: str = ""
    chosen: tuple[int, ...] | None = None


Way = Callable[[Scorer, Sequence[Question]], list[Said]]


def way_of(config: EvaluationConfig) -> Way:
    """Return the way that a configuration names."""
    if config.method == "likelihood":
        return partial(by_likelihood, score=config.score, orders=config.orders)
    return by_generation if config.method == "generation" else by_constraint


def by_likelihood(scorer: Scorer, questions: Sequence[Question], score: Score = "sum", orders: int = 1) -> list[Said]:
    """Choose the option with the highest score; of equal ones the first, and none where a score is no number.

    Where all right options are asked for, those are chosen that a student finds likelier right than not; only one that
    judges each by itself can be asked so.

    sum               the summed log-likelihood of its text, or its log-odds where the student judges each by itself
    per-token         through its tokens (T. Brown et al. 2020)
    per-character     through its characters (`acc_norm` of lm-evaluation-harness)
    prior-corrected   minus what it has behind a question that says nothing (Z. Zhao et al. 2021)

    Args:
        orders: ask so many rotations of the options, at most as many as there are; the score is then the logarithm of
            the mean probability (C. Zheng et al. 2024).

    Raises:
        StudentError: the student is not asked in a way that has such a score.
    """
    _refuse(scorer, score, orders)
    turned = [(q, order) for q in questions for order in rotations(q, orders)]
    found = iter(_scored(scorer, [replace(q, **rearranged(q, order)) for q, order in turned], score))
    said = []
    for question in questions:
        rows = [(order, *next(found)) for order in rotations(question, orders)]
        scores = rows[0][1] if len(rows) == 1 else _mean([(order, scores) for order, scores, _ in rows])
        said.append(_chosen(question, scores, rows[0][2]) if finite(scores) else Said(reasons=rows[0][2]))
    return said


def _chosen(question: Question, scores: tuple[float, ...], reasons: str) -> Said:
    if question.arity is Arity.MULTIPLE:
        return Said(scores, None, reasons, chosen=tuple(place for place, odds in enumerate(scores) if odds > 0))
    return Said(scores, best(scores), reasons)


def rotations(question: Question, most: int) -> list[list[int]]:
    """Return orders of the options, the given one first; an option that speaks of the others stays last."""
    places = [*range(len(question.options))]
    if most == 1:
        return [places]
    try:
        count = movable(question)
    except NotMade:  # an option names others by their letters
        return [places]
    return [[*places[start:count], *places[:start], *places[count:]] for start in range(min(most, count))]


def _mean(rows: Sequence[tuple[Sequence[int], Sequence[float]]]) -> tuple[float, ...]:
    """Return the logarithms of the options' mean probabilities; none where a score is no number."""
    if not all(finite(scores) for _, scores in rows):
        return ()
    total = [0.0] * len(rows[0][0])
    for order, scores in rows:
        for place, share in zip(order, probabilities(scores), strict=True):
            total[place] += share / len(rows)
    return tuple(math.log(max(share, sys.float_info.min)) for share in total)


def _scored(scorer: Scorer, questions: Sequence[Question], score: Score) -> list[tuple[tuple[float, ...], str]]:
    answered = scorer.answer(questions)
    if score == "sum":
        return answered
    reasons = [text for _, text in answered]
    if score == "prior-corrected":
        blank = scorer.score([replace(q, question=CONTENT_FREE) for q in questions])
        found = [_minus(scores, prior) for (scores, _), prior in zip(answered, blank, strict=True)]
    elif score == "per-token":
        lengths = [foretold(scorer.tree(q)) for q in questions]
        found = [_through(scores, length) for (scores, _), length in zip(answered, lengths, strict=True)]
    else:
        found = [_through(scores, [*map(len, q.options)]) for q, (scores, _) in zip(questions, answered, strict=True)]
    return list(zip(found, reasons, strict=True))


def _minus(scores: Sequence[float], prior: Sequence[float]) -> tuple[float, ...]:
    return tuple(one - other for one, other in zip(scores, prior, strict=True))


def _through(scores: Sequence[float], lengths: Sequence[int]) -> tuple[float, ...]:
    return tuple(score / max(length, 1) for score, length in zip(scores, lengths, strict=True))


def _refuse(scorer: Scorer, score: Score, orders: int) -> None:
    if scorer.asked is Mode.VERDICT and (score != "sum" or orders > 1):
        raise StudentError(
            "this student judges each option by itself, without the others: it has no likelihood to normalise and no "
            "order to change; leave evaluation.score and evaluation.orders out"
        )
    if score == "prior-corrected" and scorer.asked is not Mode.DIRECT:
        raise StudentError(
            "a prior is what a student gives without a question, and this one answers behind reasons, which would "
            "still tell of it; set evaluation.score to sum, per-token or per-character"
        )


def by_generation(scorer: Scorer, questions: Sequence[Question]) -> list[Said]:
    """Let the student write, and read its reply strictly; what the contract's grammar does not read is no answer.

    One that is asked for a yes or no to each option writes as it was taught to explain an answer.

    Raises:
        StudentError: it was not taught to, and never writes which option it takes.
    """
    mode = scorer.explains if scorer.asked is Mode.VERDICT else scorer.asked
    if mode is None or mode is Mode.REASONS:
        raise StudentError(
            "this student says yes or no to each option and never writes which one it takes; set evaluation.method to "
            "likelihood"
        )
    given = scorer.reasons(questions) if scorer.first is not None else [""] * len(questions)
    users = [prompts.ask(scorer.put(q), mode, text) for q, text in zip(questions, given, strict=True)]
    found = []
    for question, before, text in zip(questions, given, scorer.engine.write(users), strict=True):
        reply = prompts.parse_reply(text, question.options, question.option_ids, mode)
        reasons = before or (reply.rationale if reply else "")
        found.append(Said((), reply.choice if reply else None, reasons, text))
    return found


def by_constraint(scorer: Scorer, questions: Sequence[Question]) -> list[Said]:
    """Let the student write behind `Answer:`, the likeliest token each time of those that still lead to an option.

    So it answers always. It need not choose the likeliest option: a likely first word can have unlikely ends.

    Raises:
        StudentError: the student is asked for a yes or no to each option.
    """
    if scorer.asked is Mode.VERDICT:
        raise StudentError(
            "this student says yes or no to each option, so its answer is constrained as it is; set evaluation.method "
            "to likelihood"
        )
    reasons = scorer.reasons(questions)
    trees = [scorer.tree(q, text) for q, text in zip(questions, reasons, strict=True)]
    weights = scorer.engine.weigh(trees)
    return [Said((), walk(t, w), text) for t, w, text in zip(trees, weights, reasons, strict=True)]


def walk(tree: Tree, weights: Weights) -> int | None:
    """Return the branch that greedy writing ends in; None where a token's likelihood is no number."""
    if not all(math.isfinite(token) for branch in weights for token in branch):
        return None
    left: list[int] = [*range(len(tree.branches))]
    for step in range(max(map(len, weights))):
        going = [b for b in left if step < len(weights[b])]
        if not going:
            break
        taken = max(going, key=[branch[step] if step < len(branch) else -math.inf for branch in weights].__getitem__)
        token = tree.branches[taken][tree.given[taken] + step]
        left = [b for b in going if tree.branches[b][tree.given[b] + step] == token]
    return left[0]
