"""Questions with their right answers as examples to learn from, for the exports that teach."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from failwise.generation.exporting.job import ExportJob, right_options
from failwise.generation.records import Question, Rationale

OTHER_ANSWER = "rationale not used: its answer is not the right one"
NO_RATIONALE = "no rationale: the answer alone"


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the student reads and what it should write then."""

    question: Question
    system: str
    prompt: str
    reply: str


def lessons(job: ExportJob, questions: Iterable[Question], tally: Counter[str]) -> Iterator[Lesson]:
    """Yield one example per question: reasons before the answer where a fit rationale is there.

    Args:
        tally: counts the questions that go without their reasons, by why.
    """
    for question in questions:
        rationale = job.rationales.get(question.id)
        if rationale is not None and not agrees(question, rationale):
            tally[OTHER_ANSWER] += 1
            rationale = None
        elif rationale is None and job.rationales:
            tally[NO_RATIONALE] += 1
        yield Lesson(
            question,
            job.renderer.system,
            job.renderer.ask(question, reasons=rationale is not None),
            job.renderer.reply(question, right_options(question), rationale.text if rationale else None),
        )


def agrees(question: Question, rationale: Rationale) -> bool:
    """Say whether a rationale ends at the right answer: its option id, or several of them, or `none`."""
    named = set(re.findall(r"[0-9A-Za-z]+", rationale.answer))
    right = {question.option_ids[i] for i in right_options(question)}
    return named == right or (not right and named <= {"none", "None"})
