"""Read-only SPARQL over the ontology, and facts by the words they are about."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyoxigraph as ox

from failwise.errors import InputError
from failwise.kg.export import quads
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import Ontology
from failwise.kg.names import nearest
from failwise.kg.records import Fact, Truth
from failwise.kg.resolve import normalise
from failwise.kg.vocabulary import BASE, PREFIXES

INFERRED = ox.NamedNode(BASE + "inferred")


@dataclass(frozen=True)
class Answer:
    """What a SPARQL query gave: rows by variable, the truth of an ASK, or triples of a CONSTRUCT as rows."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


def sparql(ontology: Ontology, graph: KnowledgeGraph, text: str, most: int = 1000) -> Answer:
    """Run a SELECT, ASK, CONSTRUCT or DESCRIBE query; our prefixes are known to it.

    Inferred yes facts stand in the graph <https://w3id.org/failwise/inferred> and are seen like the others.

    Args:
        text: the query.
        most: rows to return at most.

    Raises:
        InputError: it does not parse, changes something, or would open an address (SERVICE, FROM).
    """
    _refuse_reaching_out(text)
    store = ox.Store()
    store.bulk_extend(quads(ontology.graph))
    store.bulk_extend(_inferred(graph))
    try:
        result: Any = store.query(text, prefixes=dict(PREFIXES), use_default_graph_as_union=True)
    except (SyntaxError, ValueError, RuntimeError) as error:
        raise InputError(f"the query cannot be run: {error}") from error
    if isinstance(result, ox.QueryBoolean):
        return Answer(("answer",), [("yes" if result else "no",)])
    if isinstance(result, ox.QueryTriples):
        return Answer(("subject", "predicate", "object"), [tuple(map(_shown, t)) for t in islice(result, most)])
    names = [v.value for v in result.variables]
    return Answer(tuple(names), [tuple(_shown(row[n]) for n in names) for row in islice(result, most)])


def _refuse_reaching_out(text: str) -> None:
    from pyparsing import ParseBaseException
    from rdflib.plugins.sparql.parser import parseQuery
    from rdflib.plugins.sparql.parserutils import CompValue

    try:
        parsed = parseQuery(text)
    except (ParseBaseException, RecursionError) as error:
        raise InputError(
            f"not a SPARQL query: {error}; allowed are SELECT, ASK, CONSTRUCT and DESCRIBE, nothing that changes the "
            "ontology"
        ) from error
    todo: list[Any] = [parsed]
    while todo:
        node = todo.pop()
        if isinstance(node, CompValue):
            if node.name == "ServiceGraphPattern" or "datasetClause" in node:
                raise InputError("the query names another place (SERVICE or FROM); nothing is fetched, leave it out")
            todo.extend(node.values())
        elif hasattr(node, "__iter__") and not isinstance(node, str):
            todo.extend(node)


def _inferred(graph: KnowledgeGraph) -> Iterator[ox.Quad]:
    for fact in graph.facts.values():
        if fact.truth is Truth.YES and fact.basis != "stated":
            relation = graph.relations[fact.relation]
            subject, object_ = ox.NamedNode(fact.subject.iri), ox.NamedNode(fact.object.iri)
            yield ox.Quad(subject, ox.NamedNode(relation.iri), object_, INFERRED)


def _shown(term: Any) -> str:
    """Return a term for reading: our names with their prefix."""
    if term is None:
        return ""
    if not isinstance(term, ox.NamedNode):
        return str(getattr(term, "value", term))
    for name, iri in PREFIXES.items():
        if term.value.startswith(iri):
            return f"{name}:{term.value.removeprefix(iri)}"
    return str(term)


def facts_about(graph: KnowledgeGraph, words: Iterable[str]) -> list[Fact]:
    """Return the facts that all of these names fit: asset classes, relations, things, truths.

    Raises:
        InputError: a word names nothing (the sentence proposes the nearest).
    """
    tests = [_Test.of(graph, word) for word in words]
    assets = [slug for test in tests for slug in test.asset_classes]
    facts = (f for slug in assets for f in graph.query(slug)) if assets else graph.facts.values()
    return [f for f in facts if all(test.fits(f) for test in tests)]


@dataclass(frozen=True)
class _Test:
    """What a word can mean."""

    asset_classes: frozenset[str]
    relations: frozenset[str]
    concepts: frozenset[str]
    truths: frozenset[str]

    @classmethod
    def of(cls, graph: KnowledgeGraph, word: str) -> "_Test":
        key = normalise(word)
        assets = frozenset(s for s, e in graph.asset_classes.items() if word == s or normalise(e.label) == key)
        relations = frozenset(r.name for r in graph.relations.values() if word == r.name or normalise(r.label) == key)
        concepts = frozenset(e.concept for e in graph.entities.values() if normalise(e.label) == key)
        test = cls(assets, relations, concepts, frozenset(t for t in Truth if t == word))
        if not any((assets, relations, concepts, test.truths)):
            labels = {e.label for e in graph.entities.values()} | set(graph.relations)
            near = nearest(word, labels)
            raise InputError(f"nothing is called {word!r}" + (f"; did you mean {near!r}?" if near else ""))
        return test

    def fits(self, fact: Fact) -> bool:
        return (
            fact.asset_class.slug in self.asset_classes
            or fact.relation in self.relations
            or fact.truth in self.truths
            or bool({fact.subject.concept, fact.object.concept} & self.concepts)
        )
