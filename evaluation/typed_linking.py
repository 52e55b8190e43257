"""A typed question and the graph: which facts its options are, or which things it could have meant to ask about."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from failwise.errors import InputError
from failwise.evaluation.typed import HOW, with_options
from failwise.generation.formats.linking import link_facts
from failwise.generation.records import Arity, Question
from failwise.generation.words import words
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.names import slugify
from failwise.kg.records import Direction, Fact, Family, Polarity, Truth

ALIKE = 0.5  # share of words from which on a question is like a wording
NEARLY = 0.8  # and from which on it is nearly the same

_SLOT = re.compile(r"\{\w+\}")


def linked(question: Question, graph: KnowledgeGraph) -> Question:
    """Return a typed question with the facts it asks about, where they can be found, and what is right by them.

    Without options it gets all that the graph knows of its row: the things that are stated to hold or not for what it
    names.

    Raises:
        InputError: there are no options, and the row cannot be told.
    """
    if question.options:
        return _by_graph(next(iter(_likeliest(_readings(question, graph))), question), graph)
    found = _likeliest([r for r in _readings(question, graph) if len(r.question.options) > 1])
    if len(found) == 1:
        return _by_graph(with_options(found[0], found[0].options), graph)
    if not found:
        raise InputError(f"the question has no options, and the ontology has no row for it; {HOW}")
    several = "; ".join(f"{q.asset_class} {q.relation} {q.anchor} ({len(q.options)} things)" for q in found[:4])
    raise InputError(f"the question has no options, and may ask for several rows: {several}; {HOW}")


def _by_graph(question: Question, graph: KnowledgeGraph) -> Question:
    """Mark what is right by the graph; where that is one option, the question is one for a single answer."""
    if not question.fact_ids:
        return question
    correct = tuple(right_by_graph(question, place, graph) is True for place in range(len(question.options)))
    if sum(correct) != 1:
        return replace(question, correct=correct)
    tested = question.fact_ids[correct.index(True)]
    return replace(question, correct=correct, arity=Arity.SINGLE, tested_fact=tested)


def right_by_graph(question: Question, place: int, graph: KnowledgeGraph) -> bool | None:
    """Say whether an option is right by the graph; None where it does not know."""
    fact = fact_of(question, place, graph)
    if fact is None or fact.truth is Truth.UNKNOWN:
        return None
    return (fact.truth is Truth.YES) is (question.polarity is not Polarity.ELIMINATION)


def fact_of(question: Question, place: int, graph: KnowledgeGraph) -> Fact | None:
    return graph.facts.get(question.fact_ids[place]) if question.fact_ids else None


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read a question, and how like it is: whether the kind of thing asked for is named, shared words."""

    question: Question
    kind_named: bool
    shared: float

    @property
    def missing(self) -> int:
        return self.question.fact_ids.count("")

    @property
    def specific(self) -> bool:
        """Say whether it is about more than an asset class, which every question names."""
        return self.question.anchor != self.question.asset_class

    @property
    def worded(self) -> bool:
        return self.kind_named or self.shared >= ALIKE


def _readings(question: Question, graph: KnowledgeGraph) -> list[_Reading]:
    """Return how the question can be read with each table of the asset classes that it names."""
    tables = list(_probes(question, graph))
    probes, _ = link_facts([probe for probe, _ in tables], graph)
    found = []
    for probe, (_, family) in zip(probes, tables, strict=True):
        if probe.fact_ids and (probe.relation, probe.direction) == (family.relation, family.direction):
            row = replace(probe if question.options else _stated(probe, graph), subject=question.subject)
            found.append(_reading(row, family, graph))
    return found


def _likeliest(readings: Sequence[_Reading]) -> list[Question]:
    """Return the reading that fits best; several where nothing tells them apart.

    With the fewest unknown options, of the longest names ("bearing" is named in "bearing damage" too, and is not what
    is meant), with the kind of thing that is asked for, of more than the asset class, and in the likest words.
    """
    fewest = min((r.missing for r in readings), default=0)
    found = [r for r in readings if r.missing == fewest]
    found = [r for r in found if not any(_within(r.question.asset_class, o.question.asset_class) for o in found)]
    found = [r for r in found if not any(_within(r.question.anchor, o.question.anchor) for o in found)]
    if worded := [r for r in found if r.worded]:
        best = max((r.kind_named, r.specific, r.shared) for r in worded)
        return [r.question for r in worded if (r.kind_named, r.specific, r.shared) == best]
    return [r.question for r in found if r.specific]


def _probes(question: Question, graph: KnowledgeGraph) -> Iterator[tuple[Question, Family]]:
    """Yield the question for each table that it may ask about; without options, with all things of the table."""
    for family, facts in _tables(question, graph):
        ends = (f.object if family.direction is Direction.FORWARD else f.subject for f in facts)
        options = question.options or tuple(dict.fromkeys(end.label for end in ends))
        probe = replace(question, asset_name=facts[0].asset_class.label, subject=family.subject)
        yield with_options(probe, options), family


def _tables(question: Question, graph: KnowledgeGraph) -> Iterator[tuple[Family, list[Fact]]]:
    """Yield the tables of the asset classes that a question names; of none, those that ask for asset classes."""
    said = f"-{slugify(question.question)}-"
    named: list[str | None] = [a.slug for a in graph.asset_classes.values() if f"-{slugify(a.label)}-" in said]
    for relation in graph.relations.values():
        for asset in named or [None]:
            facts = list(graph.query(asset, relation.name))
            across = bool(facts) and facts[0].subject.iri == facts[0].asset_class.iri
            for family in {f.direction: f for f in relation.families}.values():
                if facts and (named or (across and family.direction is Direction.INVERSE)):
                    yield family, facts


def _stated(probe: Question, graph: KnowledgeGraph) -> Question:
    """Return a linked question with just the options that something is known about."""
    known = [
        (option, fact_id)
        for option, fact_id in zip(probe.options, probe.fact_ids, strict=True)
        if fact_id and graph.facts[fact_id].truth is not Truth.UNKNOWN
    ]
    return replace(probe, options=tuple(o for o, _ in known), fact_ids=tuple(i for _, i in known))


def _reading(row: Question, family: Family, graph: KnowledgeGraph) -> _Reading:
    """Say how like a linked question is to what a relation's families ask: the kind of thing, the words.

    Where it is nearly one of their wordings, that one says whether what holds is asked for: it can do so with words
    that are no denial ("can be left aside").
    """
    relation = graph.relations[family.relation]
    kind = relation.range if family.direction is Direction.FORWARD else relation.domain
    parts = re.findall(r"[A-Z][a-z]*", re.split(r"[#/]", kind)[-1])
    named = bool(parts) and f"-{'-'.join(parts).lower()}" in f"-{slugify(row.question)}-"
    names = words(f"{row.asset_name} {row.anchor.replace('-', ' ')}")
    shared = dict.fromkeys(Polarity, 0.0)
    for other in relation.families:
        for template in other.templates if other.direction is family.direction else ():
            one, two = words(row.question) - names, words(_SLOT.sub(" ", template.text)) - names
            shared[other.polarity] = max(shared[other.polarity], len(one & two) / (len(one | two) or 1))
    polarity, most = max(shared.items(), key=lambda item: item[1])
    if most >= NEARLY and list(shared.values()).count(most) == 1:
        row = replace(row, polarity=polarity)
    return _Reading(row, named, most)


def _within(name: str, other: str) -> bool:
    return name != other and f"-{name}-" in f"-{other}-"
