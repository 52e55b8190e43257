"""FailureSensorIQ's training formats: a question with a passage about FMEA before it, and the answer after it.

mcp1 asks for one option, mcp2 for two: either for both by name (separate), or for the one pair of options (pairs).
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from pathlib import Path

from failwise.files import content_id, read_records, write_records
from failwise.generation.formats.labels import LETTERS, normalise_label
from failwise.generation.records import Arity, Question
from failwise.kg.records import Polarity

NOT_SINGLE = "not a question for one option"
NOT_SEVERAL = "not a question for several options"
NONE_RIGHT = "no option is right"
NOT_A_PAIR = "not just two options are right"

MOST_PAIRS = 5

INSTRUCTION = "Read the passage, then answer the multiple-choice question below it."
PASSAGE = (
    "A failure mode and effects analysis lists the ways in which an asset can fail. "
    "Condition monitoring compares measured parameters with their normal values to notice a failure mode early. "
    "A parameter is relevant to a failure mode if that failure mode changes it noticeably."
)
CUE = "Go through the options step by step before you decide."


class Prepared(StrEnum):
    """The formats, by the names that FailureSensorIQ gives their files."""

    MCP1 = "mcp1"
    SEPARATE = "mcp2_separate_answers"
    PAIRS = "mcp2_single_answer"


@dataclass(frozen=True, slots=True)
class PreparedLine:
    """A line of such a file: seven fields of theirs, and the id of the question it was made from.

    `sampled_question_idx` is the question's place in its set. `rotation` says by how many places the options were
    turned. Of several right options, `output` has one per line and `answer_letter` all letters with commas.
    """

    input: str
    output: str
    relevancy: str
    sampled_question_idx: int
    question_type: str
    answer_letter: str
    rotation: int
    question_id: str


def fitting(questions: Iterable[Question], form: Prepared) -> tuple[list[Question], dict[str, int]]:
    """Return the questions that a format can hold, and how many others there are for which reason."""
    fit: list[Question] = []
    left_out: Counter[str] = Counter()
    for question in questions:
        made = _FORMS[form](question)
        if isinstance(made, str):
            left_out[made] += 1
        else:
            fit.append(question)
    return fit, dict(left_out)


def write_prepared(questions: Iterable[Question], form: Prepared, path: Path, rotation: int = 0) -> int:
    """Write the questions that fit one of the formats; return how many.

    Args:
        rotation: by how many places to turn the options of each question.
    """
    lines = (line for place, q in enumerate(questions) if (line := _line(q, place, form, rotation)))
    return write_records(path, lines)


def read_prepared(path: Path) -> Iterator[PreparedLine]:
    """Yield the lines of such a file.

    Raises:
        InputError: a line is none (the sentence names it).
    """
    return read_records(path, PreparedLine)


@dataclass(frozen=True, slots=True)
class _Choice:
    """What is offered, under which labels, and which of it is right."""

    texts: Sequence[str]
    labels: Sequence[str]
    right: frozenset[int]


def _single(question: Question) -> _Choice | str:
    return _all(question) if question.arity is Arity.SINGLE else NOT_SINGLE


def _separate(question: Question) -> _Choice | str:
    if question.arity is Arity.SINGLE:
        return NOT_SEVERAL
    return _all(question) if any(question.correct) else NONE_RIGHT


def _all(question: Question) -> _Choice:
    right = frozenset(i for i, correct in enumerate(question.correct) if correct)
    return _Choice(question.options, tuple(map(normalise_label, question.option_ids)), right)


def _pairs(question: Question) -> _Choice | str:
    """Offer the right pair among pairs that hold at least one wrong option, the same ones every time."""
    right = tuple(i for i, correct in enumerate(question.correct) if correct)
    if question.arity is Arity.SINGLE or len(right) != 2:
        return NOT_A_PAIR
    dice = random.Random(content_id(question.id, question.options))
    others = [pair for pair in combinations(range(len(question.options)), 2) if pair != right]
    offered = [right, *dice.sample(others, min(MOST_PAIRS - 1, len(others)))]
    dice.shuffle(offered)
    texts = [f"{question.options[a]} and {question.options[b]}" for a, b in offered]
    return _Choice(texts, tuple(LETTERS[: len(texts)]), frozenset({offered.index(right)}))


_FORMS: dict[Prepared, Callable[[Question], _Choice | str]] = {
    Prepared.MCP1: _single,
    Prepared.SEPARATE: _separate,
    Prepared.PAIRS: _pairs,
}


def _line(question: Question, place: int, form: Prepared, rotation: int) -> PreparedLine | None:
    choice = _FORMS[form](question)
    if isinstance(choice, str):
        return None
    turn = rotation % len(choice.texts)
    order = [*range(turn, len(choice.texts)), *range(turn)]
    listed = [f"{label}) {choice.texts[i]}" for label, i in zip(choice.labels, order, strict=True)]
    right = [position for position, i in enumerate(order) if i in choice.right]
    body = [question.question, *listed] if question.question_first else [*listed, question.question]
    return PreparedLine(
        input="\n".join((INSTRUCTION, "", PASSAGE, "", *body, "", CUE)),
        output="\n".join(choice.texts[order[position]] for position in right),
        relevancy=question.relevancy,
        sampled_question_idx=place,
        question_type=_question_type(question, "mcp1" if form is Prepared.MCP1 else "mcp2"),
        answer_letter=",".join(choice.labels[position] for position in right),
        rotation=turn,
        question_id=question.id,
    )


def _question_type(question: Question, kind: str) -> str:
    if question.polarity is None:
        return question.question_type or kind
    return f"{kind}_{'positive' if question.polarity is Polarity.SELECTION else 'negative'}"
