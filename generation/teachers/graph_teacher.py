"""The teacher that needs no model: it writes the chain of thought from the graph's own evidence."""

import random
from collections.abc import Mapping, Sequence

from failwise.files import content_id
from failwise.generation.config import RationalesConfig
from failwise.generation.records import Question
from failwise.generation.teachers.teacher import TeacherReply, TeacherRequest
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Fact, Polarity, Truth

_CONCLUSIONS = {
    Polarity.SELECTION: (
        "Only {answer} holds, so the answer is {letter}.",
        "So {answer} is the one that holds: {letter}.",
        "That leaves {answer} as the one that holds, which is {letter}.",
    ),
    Polarity.ELIMINATION: (
        "Only {answer} does not hold, so the answer is {letter}.",
        "So {answer} is the exception: {letter}.",
        "That leaves {answer} as the one that does not hold, which is {letter}.",
    ),
}


class GraphTeacher:
    """Says of every option what the graph says, cites the fact, and draws the conclusion."""

    def __init__(self, config: RationalesConfig, graph: KnowledgeGraph) -> None:
        self._seed = config.seed
        self._graph = graph

    def reason(self, request: TeacherRequest) -> TeacherReply:
        """Write the rationale; the same question gets the same one."""
        question = request.question
        named = zip(question.fact_ids, question.options, strict=True)
        facts = {self._graph.facts[i]: option for i, option in named if i}
        groups = ({f: o for f, o in facts.items() if f.truth is truth} for truth in (Truth.YES, Truth.NO))
        sentences = [self._sentence(question, part) for group in groups for part in _by_relation(group)]
        answer, letter = question.options[question.answer], question.option_ids[question.answer]
        wordings = _CONCLUSIONS[question.polarity or Polarity.SELECTION]
        choice = random.Random(content_id(self._seed, question.id)).choice(wordings)
        text = " ".join([*sentences, choice.format(answer=answer, letter=letter)])
        return TeacherReply(text, letter, completion_tokens=len(text.split()))

    def _sentence(self, question: Question, facts: Mapping[Fact, str]) -> str:
        """State facts of one truth that share an anchor in one sentence, each under its option's name and cited."""
        first = next(iter(facts))
        relation = self._graph.relations[first.relation]
        varying = (
            "object" if question.direction is Direction.FORWARD or first.relation != question.relation else "subject"
        )
        cited = [f"{option} [{fact.id}]" for fact, option in facts.items()]
        slots = {"asset": first.asset_class.label, "subject": first.subject.label, "object": first.object.label}
        denied = first.truth is Truth.NO
        words = relation.denial if denied and len(cited) == 1 else relation.statement
        slots[varying] = _joined(cited, denied)
        if varying == "subject" and first.subject.iri == first.asset_class.iri:
            slots["asset"] = slots["subject"]  # the options are asset classes
        sentence = words.format(**slots)
        return f"{sentence[0].upper()}{sentence[1:]}."


def _by_relation(facts: Mapping[Fact, str]) -> list[dict[Fact, str]]:
    """Part facts that different words state: an option from outside the asset class rests on another relation."""
    parts: dict[str, dict[Fact, str]] = {}
    for fact, option in facts.items():
        parts.setdefault(fact.relation, {})[fact] = option
    return list(parts.values())


def _joined(names: Sequence[str], denied: bool) -> str:
    """List names so that one affirmative sentence is true of all: "each of …", "neither … nor …", "none of …"."""
    if len(names) == 1:
        return names[0]
    listed = ", ".join(names[:-1])
    if denied and len(names) == 2:
        return f"neither {listed} nor {names[-1]}"
    return f"{'none' if denied else 'each'} of {listed} and {names[-1]}"
