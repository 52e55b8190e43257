"""German labels of the shipped things: everything has one, no two things of a kind share one, and names of documents
mean what they meant."""

import re
from collections import defaultdict
from collections.abc import Iterator

import pytest

from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.perturbing.synonyms import clashes
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import Ontology, load_ontology, shipped_folder
from failwise.kg.records import Direction, Entity, Truth
from failwise.kg.resolve import Names
from failwise.kg.triples import Literal
from failwise.kg.vocabulary import FW, KINDS, RDF, RDFS, SKOS

FILE = "words-de-labels.ttl"
# Words that are the same in both languages, letter case aside.
SHARED = {"erosion"}
KIND_OF_PLACE = {KINDS[FW.FailureMode].concept: FW.FailureMode, KINDS[FW.Component].concept: FW.Component}


@pytest.fixture(scope="module")
def ontology() -> Ontology:
    return load_ontology()


@pytest.fixture(scope="module")
def german(ontology: Ontology) -> KnowledgeGraph:
    return KnowledgeGraph.usable(ontology, "de")


def named(graph: KnowledgeGraph) -> Iterator[tuple[str, str, Entity]]:
    """Yield what facts are about, as fact id and end; ratings and risk priority numbers are no words."""
    for fact in graph.facts.values():
        if fact.truth is not Truth.UNKNOWN:
            for end, entity in (("subject", fact.subject), ("object", fact.object), ("asset", fact.asset_class)):
                if not entity.label.isdecimal():
                    yield fact.id, end, entity


def kind_of(ontology: Ontology, iri: str) -> str:
    """Return the kind of a thing; a failure mode or component and its concept are of one."""
    types = ontology.graph.nodes(iri, RDF.type)
    return next(KIND_OF_PLACE.get(t, t) for t in types if t in KINDS or t in KIND_OF_PLACE)


def test_all_that_facts_name_is_called_otherwise_in_german(shipped: KnowledgeGraph, german: KnowledgeGraph) -> None:
    english = {(fact, end): entity for fact, end, entity in named(shipped)}
    found = {(fact, end): entity for fact, end, entity in named(german)}
    assert found.keys() == english.keys()
    same = {e.label for key, e in found.items() if e.label.casefold() == english[key].label.casefold()}
    assert {label.casefold() for label in same} == SHARED


def test_every_label_of_a_fact_is_marked_as_german(ontology: Ontology, german: KnowledgeGraph) -> None:
    graph = ontology.graph
    said = {o.value for _, o in graph.subject_objects(RDFS.label) if isinstance(o, Literal) and o.language == "de"}
    assert {entity.label for _, _, entity in named(german)} <= said


def test_facts_are_the_same_in_both_languages(shipped: KnowledgeGraph, german: KnowledgeGraph) -> None:
    assert {f.id: (f.truth, f.basis) for f in german.facts.values()} == {
        f.id: (f.truth, f.basis) for f in shipped.facts.values()
    }
    assert {i: (e.slug, e.concept) for i, e in german.entities.items()} == {
        i: (e.slug, e.concept) for i, e in shipped.entities.items()
    }


def test_no_two_things_of_a_kind_are_called_alike(ontology: Ontology, german: KnowledgeGraph) -> None:
    bearers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for entity in {e.iri: e for _, _, e in named(german)}.values():
        bearers[kind_of(ontology, entity.iri), entity.label.casefold()].add(entity.concept)
    assert {key: concepts for key, concepts in bearers.items() if len(concepts) > 1} == {}
    assert clashes(ontology.graph) == []


def test_no_table_shows_a_label_twice(german: KnowledgeGraph) -> None:
    """Two spellings of one thing may bear one label only where no table holds both."""
    shown: dict[tuple[str, str, str, str], set[str]] = defaultdict(set)
    for fact in german.facts.values():
        shown[fact.asset_class.slug, fact.relation, fact.subject.iri, fact.object.label].add(fact.object.iri)
        shown[fact.asset_class.slug, fact.relation, fact.object.iri, fact.subject.label].add(fact.subject.iri)
    assert [key for key, ends in shown.items() if len(ends) > 1] == []


def test_the_file_holds_german_labels_of_known_things_alone(shipped: KnowledgeGraph) -> None:
    file = load_ontology([shipped_folder() / FILE], shipped=False).graph
    labels = {s: o for s, p, o in file if p == RDFS.label and isinstance(o, Literal) and o.language == "de"}
    assert len(labels) == len(file) > 580
    known = {e.iri for e in shipped.entities.values()} | {e.concept for e in shipped.entities.values()}
    assert labels.keys() <= known
    assert [o.value for o in labels.values() if not o.value[0].isupper() or o.value.endswith((".", " "))] == []


def test_an_edition_in_brackets_stays(shipped: KnowledgeGraph, german: KnowledgeGraph) -> None:
    bracketed = {i for i, e in shipped.entities.items() if e.label.endswith("(ISO 14224)")}
    assert len(bracketed) == 6
    assert bracketed == {i for i, e in german.entities.items() if e.label.endswith("(ISO 14224)")}


@pytest.mark.parametrize("polarity", ["selection", "elimination"])
def test_german_questions_hold_german_names(shipped: KnowledgeGraph, german: KnowledgeGraph, polarity: str) -> None:
    config = QuestionsConfig(asset_classes=("pump",), language="de", train_per_fact=1, test_per_fact=1)
    questions = [q for q in Synthesis(german, config) if q.polarity == polarity]
    english = {entity.label for _, _, entity in named(shipped)}
    assert len(questions) > 1000
    for question in questions:
        assert english.isdisjoint((*question.options, *re.findall("„([^“]*)“", question.question)))
        facts = [german.facts[fact] for fact in question.fact_ids]
        forward = question.direction is Direction.FORWARD
        assert list(question.options) == [(f.object if forward else f.subject).label for f in facts]
        assert (facts[0].subject if forward else facts[0].object).label in question.question


def test_english_names_mean_what_they_meant(ontology: Ontology) -> None:
    names, before = Names.of(ontology.graph), Names.of(load_ontology(instead={FILE: None}).graph)
    said = 0
    for kind in dict.fromkeys(k.concept or k.iri for k in KINDS.values()):
        for iri in ontology.graph.instances(kind):
            for predicate in (RDFS.label, SKOS.altLabel, SKOS.notation):
                for name in ontology.graph.objects(iri, predicate):
                    if isinstance(name, Literal) and name.language != "de":
                        assert names.find(kind, name.value) == before.find(kind, name.value)
                        said += 1
        assert names.labels(kind) == before.labels(kind)
    assert said > 850


@pytest.mark.parametrize(
    ("kind", "said", "meant"),
    [
        (FW.FailureMode, "Lagerschaden", "bearing damage"),
        (FW.Sensor, "ölpartikel", "oil debris"),
        (FW.Component, "Gleitringdichtung", "mechanical seal"),
        (FW.Cause, "Kippfuß", "soft foot"),
        (FW.Sensor, "Temperatur", "temperature"),
    ],
)
def test_a_german_document_is_read_as_what_is_known(ontology: Ontology, kind: str, said: str, meant: str) -> None:
    found = Names.of(ontology.graph).find(kind, said)
    assert found is not None
    assert found.label == meant
