"""Questions of the shipped ontology with rationales, a model that plays a part, and meanings made of letters."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from failwise.evaluation.in_context.records import Shot
from failwise.generation.config import RationalesConfig
from failwise.generation.records import Question, Rationale
from failwise.generation.teachers.graph_teacher import GraphTeacher
from failwise.generation.teachers.teacher import CITATION, TeacherRequest
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Polarity, Truth
from tests.generation.perturbing.asked import ask


@cache
def questions_of(graph: KnowledgeGraph) -> tuple[Question, ...]:
    """Return a question with three options, in both polarities, for every failure mode that allows it."""
    found = []
    for asset in graph.asset_classes:
        by_mode: dict[str, dict[Truth, list[str]]] = {}
        for fact in graph.query(asset, "indicatedBy"):
            by_mode.setdefault(fact.subject.slug, {}).setdefault(fact.truth, []).append(fact.object.slug)
        for mode, truths in by_mode.items():
            yes, no = truths.get(Truth.YES, []), truths.get(Truth.NO, [])
            for polarity, ones, others in ((Polarity.SELECTION, yes, no), (Polarity.ELIMINATION, no, yes)):
                if ones and len(others) > 1:
                    question = ask(graph, mode, [ones[0], *others[:2]], asset=asset, polarity=polarity)
                    found.append(replace(question, id=f"{asset}-{question.id}"))
    random.Random(0).shuffle(found)
    return tuple(found)


def rationale_of(question: Question, graph: KnowledgeGraph, **changed: Any) -> Rationale:
    """Return the graph teacher's rationale, every claim of it supported."""
    evidence = {i: graph.statement(graph.facts[i]) for i in question.fact_ids}
    reply = GraphTeacher(RationalesConfig(), graph).reason(TeacherRequest(question, evidence, 0.0, 1))
    cited = tuple(CITATION.findall(reply.text))
    made = Rationale(question.id, "graph", "", cited, reply.text, cited, str(reply.answer), "accepted", 1, 0, 0)
    return replace(made, supported=len(cited), **changed)


def letters(texts: Sequence[str]) -> Any:
    """Return texts as unit rows of letter counts: near where they share letters."""
    rows = np.array([[text.lower().count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts], float)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _knows(shots: Sequence[Shot], question: Question) -> bool:
    return True


@dataclass
class Scripted:
    """A model that is right where `knows` says so, and whose tokens are words."""

    knows: Callable[[Sequence[Shot], Question], bool] = _knows
    context: int = 10_000
    fingerprint: str = "scripted"
    asked: list[tuple[tuple[Shot, ...], Question]] = field(default_factory=list)

    def tokens(self, shots: Sequence[Shot], question: Question) -> int:
        """Count words."""
        return sum(len(f"{s.question.question} {s.text}".split()) for s in shots) + len(question.question.split())

    def score(self, asked: Sequence[tuple[Sequence[Shot], Question]]) -> list[tuple[float, ...]]:
        """Give the right option, or a wrong one, the highest score."""
        self.asked += [(tuple(shots), question) for shots, question in asked]
        return [tuple(float(c is self.knows(shots, q)) for c in q.correct) for shots, q in asked]
