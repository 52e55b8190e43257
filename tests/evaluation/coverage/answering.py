"""Answers of students whose knowledge is known."""

from collections.abc import Callable, Iterable

from failwise.evaluation.coverage.probes import Probes, probes_of
from failwise.evaluation.records import Answer
from failwise.generation.records import Question


def chosen(question: Question, choice: int) -> Answer:
    """Return the answer that takes an option."""
    scores = tuple(-1.0 if place == choice else -3.0 for place in range(len(question.options)))
    return Answer(question.id, "simulated", scores, choice, question.correct[choice], 1.0)


def answer(question: Question, *, right: bool) -> Answer:
    """Return an answer that is right or not."""
    return chosen(question, question.correct.index(right))


def answered(questions: Iterable[Question], knows: Callable[[Question], bool]) -> Probes:
    """Return the probes of a student that has right what it knows, and all else wrong."""
    asked = list(questions)
    return probes_of(asked, [answer(q, right=knows(q)) for q in asked])
