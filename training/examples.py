"""Questions and rationales → what the student reads and writes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from failwise.generation.records import Question, Rationale
from failwise.training import prompts
from failwise.training.records import Example, Mode

# A citation is [asset/relation/subject/object] or [asset/relation/object], with the space in front of it.
_CITATION = re.compile(r"\s*\[[^\[\]\s]+(?:/[^\[\]\s]+){2,}\]")

NOT_SINGLE = "not exactly one right option"
NO_RATIONALE = "no rationale"
OTHER_ANSWER = "the rationale's answer is not the right option"


@dataclass(frozen=True, slots=True)
class Lesson:
    """One question in the modes it can be taught in."""

    direct: Example
    rationale: Example | None


def strip_citations(text: str) -> str:
    """Return a rationale without its [fact id] citations: a student should recall facts, not their ids."""
    return _CITATION.sub("", text).strip()


def lessons(
    questions: Sequence[Question], rationales: Mapping[str, Rationale], *, direct_share: float, cite_facts: bool
) -> tuple[list[Lesson], dict[str, int]]:
    """Return the lessons of a question set, and how many questions were left out for which reason."""
    kept: list[Lesson] = []
    left_out: dict[str, int] = {}
    for question in questions:
        rationale = rationales.get(question.id)
        reason = _unfit(question, rationale, direct_share)
        if reason:
            left_out[reason] = left_out.get(reason, 0) + 1
            continue
        with_reasons = _example(question, rationale, cite_facts) if rationale and direct_share < 1 else None
        kept.append(Lesson(_example(question, None, cite_facts), with_reasons))
    return kept, left_out


def _unfit(question: Question, rationale: Rationale | None, direct_share: float) -> str | None:
    if sum(question.correct) != 1:
        return NOT_SINGLE
    if rationale is None:
        return NO_RATIONALE if direct_share == 0 else None
    right = question.option_ids[question.answer]
    return OTHER_ANSWER if rationale.answer != right and direct_share < 1 else None


def _example(question: Question, rationale: Rationale | None, cite_facts: bool) -> Example:
    mode = Mode.DIRECT if rationale is None else Mode.RATIONALE
    right = question.answer
    text = None
    if rationale is not None:
        text = rationale.text if cite_facts else strip_citations(rationale.text)
    return Example(
        question_id=question.id,
        mode=mode,
        prompt=prompts.ask(question, mode),
        completion=prompts.completion(question.options[right], question.option_ids[right], text),
    )
