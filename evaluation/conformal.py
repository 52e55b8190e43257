"""Sets of options that hold the right one as often as promised: how many must be kept says how unsure a student is.

Two methods: LAC (M. Sadinle, J. Lei and L. Wasserman 2019), which keeps options by their own probability, and APS
(Y. Romano, M. Sesia and E. Candès 2020), which keeps the likeliest ones until enough probability is in. As in
LLM-Uncertainty-Bench (F. Ye et al. 2024) UAcc is the accuracy through the mean size of the sets, times the square root
of the number of options.

The threshold comes from one half of the answers and is tried on the other, and the other way round. No fact stands in
both halves.
"""

import math
from collections.abc import Callable, Iterator, Sequence

from failwise.evaluation.calibration import FEWEST, Graded, finite, probabilities, two_halves
from failwise.evaluation.clustered import share_interval
from failwise.evaluation.records import Answer, Conformal
from failwise.generation.records import Question

MISS = 0.1  # how often a set may miss the right option

# Of each option how much must be allowed for it to be kept.
_Needs = Callable[[Sequence[float]], list[float]]


def conformal_rows(asked: Sequence[tuple[Question, Answer]], miss: float = MISS) -> list[Conformal]:
    """Return coverage and size of the sets: of all answers, by asset class and by relation; nothing where they are few.

    The threshold is that of all answers, so a group's coverage shows where the promise fails.

    Args:
        asked: questions for one option with their answers. Those without scores are left out.
    """
    whole = [(q, a) for q, a in asked if len(a.scores) > 1 and finite(a.scores)]
    graded = {q.id: Graded(a.scores, q.answer, q.tested_fact or q.id) for q, a in whole}
    if len(graded) < FEWEST or len({g.about for g in graded.values()}) < 2:
        return []
    questions = [q for q, _ in whole]
    found = []
    for method, needs in METHODS.items():
        kept = _kept(list(graded.values()), needs, miss)
        sets = dict(zip(graded, kept, strict=True))
        for dimension, value, members in _groups(questions):
            found.append(_row(method, dimension, value, members, graded, sets))
    return found


def least_ambiguous(options: Sequence[float]) -> list[float]:
    """Return what each option needs by LAC: one minus its probability."""
    return [1 - p for p in options]


def adaptive(options: Sequence[float]) -> list[float]:
    """Return what each option needs by APS: the probability of all that are as likely or likelier, its own included."""
    return [sum(other for other in options if other > p) + p * sum(other == p for other in options) for p in options]


METHODS: dict[str, _Needs] = {"LAC": least_ambiguous, "APS": adaptive}


def threshold(needs: Sequence[float], miss: float) -> float:
    """Return the least allowance under which a right option is kept often enough; 1 or more where all must be kept.

    The quantile (n + 1)(1 - miss) / n of what the right options need, which holds for a new answer too.
    """
    place = math.ceil((len(needs) + 1) * (1 - miss))
    return sorted(needs)[place - 1] if place <= len(needs) else math.inf


def _kept(graded: Sequence[Graded], needs: _Needs, miss: float) -> list[list[bool]]:
    """Return which options stand in each answer's set."""
    halves = two_halves(graded)
    found: dict[int, list[bool]] = {}
    for own, other in (halves, halves[::-1]):
        allowed = threshold([needs(probabilities(g.scores))[g.right] for g in other], miss)
        for one in own:
            found[id(one)] = [need <= allowed for need in needs(probabilities(one.scores))]
    return [found[id(one)] for one in graded]


def _groups(questions: Sequence[Question]) -> Iterator[tuple[str, str, list[Question]]]:
    yield "all", "all", list(questions)
    for dimension in ("asset_class", "relation"):
        values = sorted({str(getattr(q, dimension)) for q in questions} - {""})
        for value in values if len(values) > 1 else ():
            yield dimension, value, [q for q in questions if getattr(q, dimension) == value]


def _row(
    method: str,
    dimension: str,
    value: str,
    questions: Sequence[Question],
    graded: dict[str, Graded],
    sets: dict[str, list[bool]],
) -> Conformal:
    n = len(questions)
    held = [sets[q.id][q.answer] for q in questions]
    low, high = share_interval([graded[q.id].about for q in questions], held)
    size = sum(sum(sets[q.id]) for q in questions) / n
    options = sum(len(q.options) for q in questions) / n
    right = sum(g.scores.index(max(g.scores)) == g.right for g in (graded[q.id] for q in questions)) / n
    uacc = right / size * math.sqrt(options) if size else 0.0
    return Conformal(method, dimension, value, n, sum(held) / n, low, high, size, options, right, uacc)
