"""The relations that ship: every one can be asked about, in wordings that fit, on a scale that is declared."""

import re
import string
from collections import Counter
from pathlib import Path

import pytest
from rdflib import OWL, RDF, RDFS, SKOS, Graph, Literal, URIRef

from failwise.kg.vocabulary import CONCEPT, FW, RATING, REL

ONTOLOGY = Path(__file__).parents[2] / "ontology"


def parse(*names: str) -> Graph:
    graph = Graph()
    for name in names:
        graph.parse(ONTOLOGY / name, format="turtle")
    return graph


GRAPH = parse("schema.ttl", "relations.ttl")
RELATIONS = sorted(str(r) for r in GRAPH.subjects(RDF.type, URIRef(FW.Relation)))
FAMILIES = sorted(str(f) for f in GRAPH.subjects(RDF.type, URIRef(FW.QuestionFamily)))
RATED = {REL[name] for name in ("hasSeverity", "hasOccurrence", "hasDetection")}
FUNCTIONAL = RATED | {REL["hasRiskPriorityNumber"]}


def value(subject: str, predicate: str) -> str:
    """Return the one object; two or none fail."""
    (found,) = GRAPH.objects(URIRef(subject), URIRef(predicate))
    return str(found)


def wordings(family: str, predicate: str = FW.template) -> list[str]:
    return [str(w) for w in GRAPH.objects(URIRef(family), URIRef(predicate))]


def slots(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def short(iri: str) -> str:
    return iri.rsplit("/", 1)[-1]


def test_the_whole_fmea_is_there() -> None:
    assert {short(r) for r in RELATIONS} == {
        *("hasFailureMode", "monitoredBy", "indicatedBy", "hasComponent", "hasFunction", "occursIn"),
        *("impairsFunction", "hasMechanism", "causedBy", "hasLocalEffect", "hasEndEffect", "detectedBy"),
        *("mitigatedBy", "hasSeverity", "hasOccurrence", "hasDetection", "hasRiskPriorityNumber"),
    }


@pytest.mark.parametrize("relation", RELATIONS, ids=short)
def test_a_relation_is_asked_both_ways_and_as_yes_and_no(relation: str) -> None:
    families = [f for f in FAMILIES if value(f, FW.relation) == relation]
    asked = Counter((value(f, FW.direction), value(f, FW.polarity)) for f in families)
    assert asked == {(d, p): 1 for d in (FW.Forward, FW.Inverse) for p in (FW.Selection, FW.Elimination)}
    assert len({value(f, FW.analysis) for f in families}) == 1


@pytest.mark.parametrize("relation", RELATIONS, ids=short)
def test_a_relation_says_what_it_links_and_how_it_reads(relation: str) -> None:
    for predicate in (str(RDFS.domain), str(RDFS.range)):
        assert (URIRef(value(relation, predicate)), RDF.type, OWL.Class) in GRAPH
    said, denied = value(relation, FW.statement), value(relation, FW.denial)
    needed = {"asset", "object"} | ({"subject"} if value(relation, str(RDFS.domain)) != FW.AssetClass else set())
    assert said != denied and slots(said) == slots(denied) == needed
    assert re.match(r"[a-z{]", said) and re.match(r"[a-z{]", denied), "a statement must fit into a sentence"
    assert not said.endswith(".") and re.search(r"\b(not|cannot)\b", denied)
    assert value(relation, FW.forwardName) != value(relation, FW.inverseName)


@pytest.mark.parametrize("relation", RELATIONS, ids=short)
def test_only_numbers_are_functional_and_closed(relation: str) -> None:
    functional = (URIRef(relation), RDF.type, OWL.FunctionalProperty) in GRAPH
    assert functional == (relation in FUNCTIONAL)
    assert (value(relation, FW.closedWorld) == "true") == functional


def test_the_risk_priority_number_is_the_product_of_the_ratings() -> None:
    products = {(str(s), str(o)) for s, o in GRAPH.subject_objects(URIRef(FW.productOf))}
    assert products == {(REL["hasRiskPriorityNumber"], rating) for rating in RATED}


@pytest.mark.parametrize("family", FAMILIES, ids=short)
def test_a_family_has_wordings_that_name_what_they_ask(family: str) -> None:
    single, multiple = wordings(family), wordings(family, FW.multipleTemplate)
    assert len(single) >= 5 and len(multiple) >= 3
    needed = {"asset", "anchor"}
    if value(value(family, FW.relation), str(RDFS.domain)) == FW.AssetClass:  # the anchor, or the options
        needed = {"asset"} if value(family, FW.direction) == FW.Forward else {"anchor"}
    for text in single + multiple:
        assert slots(text) == needed, text
        assert text[0].isupper() and "  " not in text, text
    assert all(text.endswith("?") for text in single) and all(text[-1] in "?." for text in multiple)


@pytest.mark.parametrize("family", FAMILIES, ids=short)
def test_a_family_is_named_after_what_it_asks(family: str) -> None:
    direction, polarity = (value(family, p).rsplit("#")[-1].lower() for p in (FW.direction, FW.polarity))
    assert short(family) == f"{short(value(family, FW.relation))}.{direction}.{polarity}"
    relevancy = value(family, FW.relevancy)
    assert re.fullmatch(r"(ir)?relevant_[a-z_]+", relevancy)
    assert relevancy.startswith("irrelevant_") == (polarity == "elimination")


def test_no_wording_and_no_relevancy_occurs_twice() -> None:
    texts = [w for f in FAMILIES for p in (FW.template, FW.multipleTemplate) for w in wordings(f, p)]
    texts += [value(r, p) for r in RELATIONS for p in (FW.statement, FW.denial)]
    texts += [value(f, FW.relevancy) for f in FAMILIES]
    assert not [text for text, count in Counter(texts).items() if count > 1]


@pytest.mark.parametrize(
    ("relation", "scale"),
    [("hasSeverity", "worst"), ("hasOccurrence", "almost certain"), ("hasDetection", "cannot be detected")],
)
def test_every_family_of_a_rating_explains_its_scale(relation: str, scale: str) -> None:
    for family in (f for f in FAMILIES if value(f, FW.relation) == REL[relation]):
        assert sum(scale in text and "10" in text for text in wordings(family)) >= 2, family


def test_ten_ratings_hold_their_numbers() -> None:
    graph = parse("ratings.ttl")
    found = {str(r): list(graph.objects(r, RDF.value)) for r in graph.subjects(RDF.type, URIRef(FW.Rating))}
    assert found == {RATING[n]: [Literal(n)] for n in range(1, 11)}
    for rating, (number,) in found.items():
        assert list(graph.objects(URIRef(rating), RDFS.label)) == [Literal(str(number), "en")]
        (comment,) = graph.objects(URIRef(rating), RDFS.comment)
        assert all(f"{word}: " in str(comment) for word in ("Severity", "Occurrence", "Detection"))


def test_a_failure_mode_concept_has_one_code_of_its_own() -> None:
    assets = "\n".join(path.read_text(encoding="utf-8") for path in (ONTOLOGY / "assets").glob("*.ttl"))
    declared = {CONCEPT[slug] for slug in re.findall(r"^concept:(\S+) a fw:FailureModeConcept", assets, re.MULTILINE)}
    pairs = [(str(concept), code) for concept, code in parse("codes.ttl").subject_objects(SKOS.notation)]
    assert {concept for concept, _ in pairs} <= declared
    assert len(pairs) == len({c for c, _ in pairs}) == len({code for _, code in pairs})
    assert all(isinstance(code, Literal) and re.fullmatch("[A-Z]{3}", code) for _, code in pairs)


def test_alignments_speak_of_declared_words_only() -> None:
    ours = {s for s in parse("alignments.ttl").subjects() if isinstance(s, URIRef)}
    assert ours and not [s for s in ours if (s, RDF.type, None) not in GRAPH]
