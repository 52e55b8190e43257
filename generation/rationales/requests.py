"""What a teacher is asked about a question, and what tells one request from another."""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property

from failwise import __version__
from failwise.files import content_id
from failwise.generation.config import RationalesConfig
from failwise.generation.records import Question
from failwise.generation.teachers import prompts
from failwise.generation.teachers.graph_teacher import GraphTeacher
from failwise.generation.teachers.teacher import Example, TeacherRequest
from failwise.kg.graph import KnowledgeGraph

# Further evidence for a question, by id: facts around its anchor, passages of documents.
Offers = Callable[[Question], Mapping[str, str]]

# Settings that change how the work goes, not what a teacher writes or what is kept of it.
CONDUCT = {
    "timeout",
    "connect_timeout",
    "retries",
    "concurrency",
    "adapt",
    "budget",
    "budget_tokens",
    "prices",
    "evidence",
    "logprobs",
    "workers",
    "fleet",
}

Family = tuple[str, ...]


class Requests:
    """Turns questions into requests: the facts of the options, what is offered beside them, worked examples."""

    def __init__(
        self,
        graph: KnowledgeGraph,
        config: RationalesConfig,
        offers: Offers | None = None,
        pool: Iterable[Question] = (),
    ) -> None:
        """Ask about a graph's questions.

        Args:
            pool: questions that examples are chosen from; of a split, those of the training split alone.
        """
        self._graph, self._config, self._offers = graph, config, offers
        self._pool = pool if config.examples else ()
        self._settings = config.model_dump_json(exclude=CONDUCT)

    def first(self, question: Question) -> TeacherRequest:
        """Return the first request for a question."""
        request = TeacherRequest(
            question,
            self.evidence(question),
            self._config.temperature,
            1,
            self._config.style,
            self._config.show_answer,
            self._examples(question),
        )
        if self._config.teacher == "graph":  # which is told nothing in words
            return request
        return replace(request, messages=tuple(prompts.render(request)))

    def again(self, request: TeacherRequest) -> TeacherRequest:
        """Return the request that follows a rejected reply: the same, a little warmer."""
        warmth = min(2.0, self._config.temperature + request.attempt * self._config.temperature_step)
        return replace(request, temperature=warmth, attempt=request.attempt + 1)

    def evidence(self, question: Question) -> dict[str, str]:
        """Return what may be cited: the facts of the options first."""
        facts = self._graph.facts
        own = {i: self._graph.statement(facts[i]) for i in question.fact_ids if i in facts}
        return own | {i: text for i, text in self._offers(question).items() if i not in own} if self._offers else own

    def key(self, request: TeacherRequest) -> tuple[str, int]:
        """Return a request's fingerprint and the length of its prompt in characters.

        The fingerprint tells one request from another: question, evidence and prompt in words, and the teacher.
        Examples are left out: they show how to answer, and come from the same seed. With them it would depend on
        other questions and other facts, and a rationale could not be kept when those change.
        """
        question = request.question
        asked = (question.id, question.question, question.options, question.option_ids, question.correct)
        bare = (*request.messages[:1], *request.messages[-1:])  # without the examples' turns
        fingerprint = content_id(asked, dict(request.evidence), bare, self._settings, __version__)
        return fingerprint, sum(len(m["content"]) for m in request.messages)

    def fingerprint(self, question: Question) -> str:
        """Return the fingerprint of a question's first request."""
        return self.key(self.first(question))[0]

    def _examples(self, question: Question) -> tuple[Example, ...]:
        """Choose other questions of the same family that rest on none of the same facts."""
        if not self._config.examples:
            return ()
        family, own = self._families.get(_family(question), ()), set(filter(None, question.fact_ids))
        chance = random.Random(content_id(self._config.seed, question.id))
        found: list[Example] = []
        for other in chance.sample(family, len(family)):
            if other.id != question.id and not own.intersection(other.fact_ids):
                found.append(self._example(other))
            if len(found) == self._config.examples:
                break
        return tuple(found)

    def _example(self, question: Question) -> Example:
        evidence = {i: self._graph.statement(self._graph.facts[i]) for i in question.fact_ids if i in self._graph.facts}
        reply = self._teacher.reason(TeacherRequest(question, evidence, 0.0, 1, self._config.style))
        return Example(question, evidence, reply.text, reply.answer or "none")

    @cached_property
    def _teacher(self) -> GraphTeacher:
        return GraphTeacher(self._config.model_copy(update={"teacher": "graph"}), self._graph)

    @cached_property
    def _families(self) -> dict[Family, list[Question]]:
        families: dict[Family, list[Question]] = {}
        for question in self._pool:
            if question.split in ("", "train") and any(question.fact_ids):
                families.setdefault(_family(question), []).append(question)
        return families


def _family(question: Question) -> Family:
    """Return what questions that are answered in the same way share."""
    kind = (question.relation, question.direction or "", question.polarity or "", question.arity, question.language)
    return tuple(str(part) for part in kind)
