"""Questions and rationales → lessons: what a task of a recipe shows the student, and in which variety."""

import math
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from failwise.generation.records import Question, Rationale
from failwise.kg.records import Polarity
from failwise.training import prompts
from failwise.training.recipe import WITH_REASONS, Loss, Task
from failwise.training.records import Branch, Example, Mode

# A citation is [asset/relation/subject/object] or [asset/relation/object], with the space in front of it.
_CITATION = re.compile(r"\s*\[[^\[\]\s]+(?:/[^\[\]\s]+){2,}\]")

NOT_SINGLE = "not exactly one right option"
NO_RATIONALE = "no rationale"
OTHER_ANSWER = "the rationale's answer is not the right option"

Reasons: TypeAlias = Mapping[str, Rationale]


@dataclass(frozen=True, slots=True)
class Lesson:
    """One question, and views of it that ask the same in another way. Each showing has one of the views beside it."""

    example: Example
    views: tuple[Example, ...] = ()

    @property
    def question_id(self) -> str:
        """Id of the question."""
        return self.example.question_id

    @property
    def showings(self) -> int:
        """How often it is shown until all of it was."""
        return 1

    def show(self, rng: random.Random) -> tuple[Example, ...]:
        """Return what is learned together this time."""
        return (self.example, rng.choice(self.views)) if self.views else (self.example,)


@dataclass(frozen=True, slots=True)
class Row:
    """All that is said to hold or not for one anchor, and the wordings it is asked in.

    Each showing takes one of the wordings, with what it wants, and `most` of the verdicts at most, in an order of its
    own.
    """

    question_id: str
    wordings: tuple[tuple[str, Branch], ...]
    verdicts: tuple[Branch, ...]
    most: int

    @property
    def showings(self) -> int:
        """How often it is shown until, by and large, all of it was: every verdict behind every wording."""
        return len(self.wordings) * math.ceil(len(self.verdicts) / self.most)

    def show(self, rng: random.Random) -> tuple[Example, ...]:
        """Return what is learned together this time."""
        prompt, wanted = rng.choice(self.wordings)
        chosen = rng.sample(self.verdicts, min(self.most, len(self.verdicts)))
        return (Example(self.question_id, Mode.VERDICT, prompt, (wanted, *chosen), ends=False),)


Shown: TypeAlias = Lesson | Row


def strip_citations(text: str) -> str:
    """Return a rationale without its [fact id] citations: a student should recall facts, not their ids."""
    return _CITATION.sub("", text).strip()


def lessons(
    questions: Sequence[Question],
    reasons: Reasons,
    task: Task,
    *,
    cite_facts: bool = False,
    variants: Iterable[Question] = (),
) -> tuple[list[Shown], dict[str, str]]:
    """Return a task's lessons, and why questions were left out, by id.

    Args:
        variants: perturbations of the questions; those of the kinds that the task names are its views.
    """
    if task.mode is Mode.VERDICT:
        asked = questions if task.named else map(prompts.unnamed, questions)
        return [*_rows(asked, task.options)], {}
    views = _views(variants, task)
    kept: list[Shown] = []
    left_out: dict[str, str] = {}
    for question in questions:
        rationale = reasons.get(question.id)
        if reason := _unfit(question, rationale, task.mode):
            left_out[question.id] = reason
            continue
        text = _text(rationale, cite_facts) if rationale and task.mode in WITH_REASONS else ""
        seen = tuple(_example(view, task, text) for view in views[question.id])
        kept.append(Lesson(_example(question, task, text), seen))
    return kept, left_out


def _unfit(question: Question, rationale: Rationale | None, mode: Mode) -> str | None:
    if sum(question.correct) != 1:
        return NOT_SINGLE
    if mode not in WITH_REASONS:
        return None
    if rationale is None:
        return NO_RATIONALE
    return OTHER_ANSWER if rationale.answer != question.option_ids[question.answer] else None


def _text(rationale: Rationale, cite_facts: bool) -> str:
    return rationale.text if cite_facts else strip_citations(rationale.text)


def _views(variants: Iterable[Question], task: Task) -> Mapping[str, list[Question]]:
    found: dict[str, list[Question]] = defaultdict(list)
    for variant in variants:
        if variant.perturbation in task.views and sum(variant.correct) == 1:
            found[variant.perturbation_of or ""].append(variant)
    return found


def _example(question: Question, task: Task, reasons: str) -> Example:
    if task.loss is Loss.LISTWISE:
        return options_example(question, task.mode, reasons)
    right = question.answer
    said = prompts.completion(task.mode, question.options[right], question.option_ids[right], reasons)
    return Example(question.id, task.mode, prompts.ask(question, task.mode, reasons), (Branch(said),))


def options_example(question: Question, mode: Mode, reasons: str = "") -> Example:
    """Return a question with a branch for each option, up to the letter behind its text: how options are compared.

    Args:
        reasons: those that the student was given, or wrote before it answers.
    """
    if mode is Mode.VERDICT:
        branches = (_wanted(question), *_verdicts(_holds(question)))
        return Example(question.id, mode, prompts.ask(question, mode), branches, ends=False)
    segments = [
        prompts.answer_segments(o, label) for o, label in zip(question.options, question.option_ids, strict=True)
    ]
    names = question.fact_ids or question.options
    branches = tuple(
        Branch(said[1:-1], right, name or option)
        for said, right, name, option in zip(segments, question.correct, names, question.options, strict=True)
    )
    before = (f"{reasons}\n",) if mode is Mode.RATIONALE else ()
    lead = (*before, segments[0][0])
    return Example(question.id, mode, prompts.ask(question, mode, reasons), branches, lead, ends=False)


def _rows(questions: Iterable[Question], most: int) -> Iterable[Row]:
    """Yield one row for each anchor and direction: all that the questions say of it, without their options.

    Questions that are linked to no facts stand alone.
    """
    rows: dict[tuple[str, ...], list[Question]] = defaultdict(list)
    for question in questions:
        linked = any(question.fact_ids) and bool(question.anchor)
        key = (question.asset_class, question.relation, f"{question.direction}", question.anchor, question.language)
        rows[key if linked else (question.id,)].append(question)
    for asked in rows.values():
        wordings = {prompts.ask(q, Mode.VERDICT): _wanted(q) for q in asked}
        said = {
            name: holds
            for q in asked
            for (name, holds), fact in zip(_holds(q), q.fact_ids or q.options, strict=True)
            if fact  # "none of these" speaks of the other options, and a row has none
        }
        yield Row(asked[0].id, tuple(wordings.items()), _verdicts(said.items()), most)


def _wanted(question: Question) -> Branch:
    wanted = question.polarity is not Polarity.ELIMINATION
    return Branch(prompts.verdict_segments(prompts.WANTED, wanted), wanted, prompts.WANTED, given=1)


def _holds(question: Question) -> Iterator[tuple[str, bool]]:
    """Yield each option and whether it holds."""
    wanted = question.polarity is not Polarity.ELIMINATION
    for option, right in zip(question.options, question.correct, strict=True):
        yield option, right is wanted


def _verdicts(said: Iterable[tuple[str, bool]]) -> tuple[Branch, ...]:
    return tuple(Branch(prompts.verdict_segments(name, holds), holds, name, given=1) for name, holds in said)
