"""How sure a student is: option scores become probabilities, by a temperature fitted on answers to known questions.

The probability of an option is the softmax of the scores divided by the temperature. A likelihood is renormalised over
the options that way. A verdict's score is the log-odds that its option is right; if the verdicts are independent, then
given that just one option is right it is option i with a probability in proportion to exp(score i): a softmax again.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from failwise.errors import InputError
from failwise.evaluation.answers import single_answer
from failwise.evaluation.records import Answer
from failwise.files import content_id, parse_record, read_text, write_json
from failwise.generation.records import Question

FILE = "calibration.json"
BINS = 15  # as in Guo et al. 2017
FEWEST = 50  # answers; with fewer, the error of fifteen bins says nothing
COLDEST, HOTTEST = 1e-2, 1e3  # between these the temperature is looked for
_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True)
class Graded:
    """The scores of one question's options, which of them is right, and what it is about (its fact, or its id)."""

    scores: tuple[float, ...]
    right: int
    about: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """A student's temperature, and what it does to its confidence.

    The calibration errors and Brier scores are of `n` answers that the temperature they were computed with had not
    seen: each half of the questions with the temperature fitted on the other half. `temperature` is that of all.
    `student` is the student's fingerprint, `questions` the digest of the file it was asked.
    """

    student: str
    questions: str
    n: int
    temperature: float
    ece_before: float
    ece_after: float
    brier_before: float
    brier_after: float
    accuracy: float
    bins: int = BINS

    @property
    def at_bound(self) -> bool:
        """Say whether the temperature lies at an end of where it is looked for, and so says little."""
        return self.temperature < COLDEST * 1.01 or self.temperature > HOTTEST / 1.01


def probabilities(scores: Sequence[float], temperature: float = 1.0) -> tuple[float, ...]:
    """Return the softmax of scores divided by a temperature; it sums to one.

    Raises:
        ValueError: a score is not a finite number.
    """
    if not finite(scores):
        raise ValueError(f"scores {scores} are not all finite numbers")
    best = max(scores)
    weights = [math.exp((score - best) / temperature) for score in scores]
    total = sum(weights)
    return tuple(weight / total for weight in weights)


def finite(scores: Iterable[float]) -> bool:
    """Say whether there are scores, all of them finite numbers; if not, the student gave no answer."""
    found = list(scores)
    return bool(found) and all(map(math.isfinite, found))


def best(scores: Sequence[float]) -> int | None:
    """Return the place of the highest score, of equal ones the first; None where the student gave no answer."""
    return max(range(len(scores)), key=scores.__getitem__) if finite(scores) else None


def grade(questions: Sequence[Question], answers: Iterable[Answer]) -> list[Graded]:
    """Put answers beside the right options of their single-answer questions; "no answer" is left out."""
    asked = {q.id: q for q in single_answer(questions)}
    return [
        Graded(a.scores, asked[a.question_id].answer, asked[a.question_id].tested_fact or a.question_id)
        for a in answers
        if a.question_id in asked and finite(a.scores)
    ]


def calibrate_answers(graded: Sequence[Graded], student: str, questions: str) -> Calibration:
    """Fit one temperature, and measure on answers it was not fitted on what it does.

    For the measure, the answers are cut into two halves by a hash of what they are about, so that two questions about
    one fact never stand on both sides; each half is judged with the other's temperature (cross-fitting).

    Raises:
        InputError: there are fewer than 50 answers, or all are about one fact.
    """
    refuse_too_few(len(graded))
    halves = two_halves(graded)
    before, after = [], []
    for own, other in (halves, halves[::-1]):
        temperature = fit_temperature(other)
        before += [(probabilities(g.scores), g.right) for g in own]
        after += [(probabilities(g.scores, temperature), g.right) for g in own]
    return Calibration(
        student=student,
        questions=questions,
        n=len(graded),
        temperature=fit_temperature(graded),
        ece_before=calibration_error(before),
        ece_after=calibration_error(after),
        brier_before=brier(before),
        brier_after=brier(after),
        accuracy=sum(p.index(max(p)) == right for p, right in before) / len(before),
    )


def refuse_too_few(count: int, of: str = "answers") -> None:
    """Refuse to calibrate on next to nothing.

    Raises:
        InputError: there are fewer than 50.
    """
    if count < FEWEST:
        raise InputError(
            f"a calibration needs {FEWEST} {of} to questions with one right option, and there are {count}; give a "
            "larger file of questions that the student was not trained on"
        )


def two_halves(graded: Sequence[Graded]) -> tuple[list[Graded], list[Graded]]:
    """Cut answers into two parts of about equal size, with no fact in both; in which one depends on its hash alone.

    Raises:
        InputError: all answers are about one fact.
    """
    groups: dict[str, list[Graded]] = {}
    for one in graded:
        groups.setdefault(one.about, []).append(one)
    if len(groups) < 2:
        raise InputError(
            "all questions are about one fact, so that a calibration could not be judged on other ones; give a file "
            "about several facts"
        )
    halves: tuple[list[Graded], list[Graded]] = [], []
    for about in sorted(groups, key=content_id):
        min(halves, key=len).extend(groups[about])
    return halves


def fit_temperature(graded: Sequence[Graded]) -> float:
    """Return the temperature under which the right options are likeliest (Guo et al. 2017, section 4.2).

    The loss is convex in the inverse of the temperature, and so has one minimum over its logarithm too.
    """

    def loss(log_temperature: float) -> float:
        return sum(_surprise(g, math.exp(log_temperature)) for g in graded)

    return math.exp(_lowest(loss, math.log(COLDEST), math.log(HOTTEST)))


def _surprise(graded: Graded, temperature: float) -> float:
    """Return the negative log-probability of the right option, in nats, with no underflow."""
    scaled = [(score - graded.scores[graded.right]) / temperature for score in graded.scores]
    best = max(scaled)
    return best + math.log(sum(math.exp(s - best) for s in scaled))


def _lowest(loss: Callable[[float], float], low: float, high: float, width: float = 1e-5) -> float:
    """Return where a function with one minimum is lowest, by golden-section search."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = loss(left), loss(right)
    while high - low > width:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = loss(right)
    return (low + high) / 2


def calibration_error(said: Sequence[tuple[Sequence[float], int]], bins: int = BINS) -> float:
    """Return the expected calibration error: |accuracy - confidence| in equal-width bins, weighted (Guo et al. 2017).

    Args:
        said: the options' probabilities and the place of the right one, per question.
    """
    sums: dict[int, float] = {}
    for options, right in said:
        confidence = max(options)
        place = place_of(confidence, bins)
        sums[place] = sums.get(place, 0.0) + (options.index(confidence) == right) - confidence
    return sum(map(abs, sums.values())) / len(said)


def place_of(confidence: float, bins: int = BINS) -> int:
    """Return the bin of a probability, from 0; a bin holds its upper end and not its lower one."""
    return max(math.ceil(confidence * bins) - 1, 0)


def brier(said: Sequence[tuple[Sequence[float], int]]) -> float:
    """Return the mean squared distance of the probabilities from what is right, over all options: 0 to 2 (Brier 1950).

    Args:
        said: the options' probabilities and the place of the right one, per question.
    """
    return sum((p - (i == right)) ** 2 for options, right in said for i, p in enumerate(options)) / len(said)


def save_calibration(calibration: Calibration, folder: Path) -> Path:
    """Write a calibration into its student's folder, whole or not at all; return its path."""
    write_json(folder / FILE, asdict(calibration))
    return folder / FILE


def find_calibration(folder: Path, student: str) -> tuple[Calibration | None, str]:
    """Return the calibration in a student's folder, or None and a sentence that says why there is none to use.

    Args:
        student: the fingerprint of the student as it is now.

    Raises:
        InputError: the file cannot be read.
    """
    path = folder / FILE
    if not path.is_file():
        return None, "the student was not calibrated; `failwise calibrate` does it"
    found = parse_record(read_text(path).encode(), Calibration, str(path))
    if not COLDEST <= found.temperature <= HOTTEST:
        raise InputError(
            f"{path}: the temperature is {found.temperature}, and lies between {COLDEST:g} and {HOTTEST:g}; run "
            "`failwise calibrate` again"
        )
    if found.student != student:
        return None, (
            f"{path} was made for the student {found.student}, and this one is {student}; it is not used. "
            "`failwise calibrate` makes another"
        )
    return found, ""
