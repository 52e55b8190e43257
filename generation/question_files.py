"""Read question files: ours, and FailureSensorIQ's, whose questions are linked to the facts they ask about."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from failwise.errors import InputError
from failwise.files import lines, parse_record, read_records
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.names import slugify
from failwise.kg.records import Direction, Entity, Fact, Polarity

QUESTIONS = "questions.jsonl"


@dataclass(frozen=True, slots=True)
class ForeignQuestion:
    """A line of a FailureSensorIQ file; the last fields are missing in some of them."""

    question: str
    options: tuple[str, ...]
    option_ids: tuple[str, ...]
    correct: tuple[bool, ...]
    subject: str = ""
    id: int | str = ""
    question_first: bool = True
    text_type: str = "choice"
    asset_name: str = ""
    relevancy: str = ""
    question_type: str = ""


def normalise_label(label: str) -> str:
    """Return an option's label without its dress: P), (P), P. and $P$ are all P."""
    return re.sub(r"[^0-9A-Za-z]", "", label).upper()


def read_questions(path: Path, graph: KnowledgeGraph | None = None) -> list[Question]:
    """Read our questions or FailureSensorIQ's; the latter are linked to the facts of `graph`.

    Raises:
        InputError: a line is no question (the sentence names the line), the options do not fit together, an id
            comes twice, or the file holds no question.
    """
    first = next(lines(path), None)
    if first is None:
        raise InputError(f"{path} holds no question")
    if b'"tested_fact"' in first[1]:
        questions = list(read_records(path, Question))
    else:
        link = _Linker(graph) if graph else None
        questions = [_foreign(line, f"{path}, line {number}", link) for number, line in lines(path)]
    _check(path, questions)
    return questions


def _check(path: Path, questions: Sequence[Question]) -> None:
    seen: dict[str, int] = {}
    for number, q in enumerate(questions, 1):
        where = f"{path}, question {number} ({q.id})"
        if not len(q.options) == len(q.option_ids) == len(q.correct) >= 2:
            raise InputError(
                f"{where}: {len(q.options)} options, {len(q.option_ids)} option_ids and {len(q.correct)} marks of "
                "correctness; they must be equally many, and at least 2"
            )
        if sum(q.correct) != 1:
            raise InputError(f"{where}: {sum(q.correct)} options are right; only single-answer questions are scored")
        if q.id in seen:
            raise InputError(f"{where}: the id was used by question {seen[q.id]} already; ids must be unique")
        seen[q.id] = number


def _foreign(line: bytes, where: str, link: "_Linker | None") -> Question:
    raw = parse_record(line, ForeignQuestion, where)
    question = Question(
        subject=raw.subject,
        id=str(raw.id),
        question=raw.question,
        options=raw.options,
        option_ids=tuple(map(normalise_label, raw.option_ids)),
        question_first=raw.question_first,
        correct=raw.correct,
        text_type=raw.text_type,
        asset_name=raw.asset_name,
        relevancy=raw.relevancy,
        question_type=raw.question_type,
    )
    return link(question) if link else question


class _Linker:
    """Finds the facts that a foreign question asks about: asset class and relevancy are given, the anchor is read."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.graph = graph
        self.families = {f.relevancy: f for r in graph.relations.values() for f in r.families}
        self.by_ends: dict[tuple[str, str, str, str], Fact] = {
            (f.asset_class.slug, f.relation, slugify(f.subject.label), slugify(f.object.label)): f
            for f in graph.facts.values()
        }
        self._anchors: dict[tuple[str, str, Direction], list[Entity]] = {}

    def __call__(self, question: Question) -> Question:
        family = self.families.get(question.relevancy)
        if family is None or slugify(question.asset_name) not in self.graph.asset_classes:
            return question
        asset, forward = slugify(question.asset_name), family.direction is Direction.FORWARD
        anchor = self._anchor(question.question, asset, family.relation, family.direction)
        if anchor is None:
            return question
        facts = []
        for option in map(slugify, question.options):
            ends = (slugify(anchor.label), option) if forward else (option, slugify(anchor.label))
            facts.append(self.by_ends.get((asset, family.relation, *ends)))
        if any(f is None for f in facts):
            return question
        ids = tuple(f.id for f in facts if f is not None)
        return replace(
            question,
            asset_class=asset,
            relation=family.relation,
            direction=family.direction,
            polarity=Polarity(family.polarity),
            anchor=anchor.slug,
            fact_ids=ids,
            tested_fact=ids[question.answer] if any(question.correct) else "",
            ontology=self.graph.digest,
        )

    def _anchor(self, text: str, asset: str, relation: str, direction: Direction) -> Entity | None:
        """Return the entity with the longest name that stands in the text."""
        key = (asset, relation, direction)
        if key not in self._anchors:
            facts = self.graph.query(asset, relation)
            ends = {e.iri: e for e in (f.subject if direction is Direction.FORWARD else f.object for f in facts)}
            self._anchors[key] = sorted(ends.values(), key=lambda e: (-len(slugify(e.label)), e.slug))
        padded = f"-{slugify(text)}-"
        return next((e for e in self._anchors[key] if f"-{slugify(e.label)}-" in padded), None)
