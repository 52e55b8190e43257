"""What follows from stated facts: inheritance with its derivation, products, exclusions."""

from pathlib import Path

import pytest

from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import load_ontology, shipped_folder
from failwise.kg.records import Fact, Truth
from failwise.kg.vocabulary import PREFIXES

PUMP = """
source:book a fw:Source ; rdfs:label "a book"@en .
source:page a fw:Source ; rdfs:label "a page"@en .
asset:pump a fw:AssetClass ; rdfs:label "pump"@en ; dcterms:source source:book ;
    rel:hasFailureMode mode:pump.wear , mode:pump.leak .
mode:pump.wear a fw:FailureMode ; rdfs:label "wear"@en ; fw:ofAssetClass asset:pump ; fw:concept concept:wear ;
    rel:indicatedBy sensor:vibration .
mode:pump.leak a fw:FailureMode ; rdfs:label "leak"@en ; fw:ofAssetClass asset:pump ; fw:concept concept:leak ;
    rel:indicatedBy sensor:pressure .
concept:wear a fw:FailureModeConcept ; rdfs:label "wear"@en .
concept:leak a fw:FailureModeConcept ; rdfs:label "leak"@en .
sensor:vibration a fw:Sensor ; rdfs:label "vibration"@en .
sensor:pressure a fw:Sensor ; rdfs:label "pressure"@en .
table:pump.indicatedBy a fw:FactTable ; fw:assetClass asset:pump ; fw:relation rel:indicatedBy ; fw:closed true ;
    dcterms:source source:book ; fw:reading "judged"@en ;
    fw:row mode:pump.wear , mode:pump.leak ; fw:candidate sensor:vibration , sensor:pressure .
"""
CENTRIFUGAL = """
asset:centrifugal-pump a fw:AssetClass ; rdfs:label "centrifugal pump"@en ; fw:kindOf asset:pump ;
    dcterms:source source:page .
"""


def graph(tmp_path: Path, text: str) -> KnowledgeGraph:
    prefixes = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())
    path = tmp_path / "mine.ttl"
    path.write_text(prefixes + text)
    vocabulary = [shipped_folder() / name for name in ("schema.ttl", "relations.ttl", "ratings.ttl")]
    return KnowledgeGraph(load_ontology([*vocabulary, path], shipped=False))


def of(found: KnowledgeGraph, asset: str) -> dict[str, tuple[str, str]]:
    return {i: (f.truth.value, f.basis) for i, f in found.facts.items() if f.asset_class.slug == asset}


def fact(found: KnowledgeGraph, fact_id: str) -> Fact:
    return found.facts[fact_id]


def test_yes_and_no_are_inherited_with_their_derivation(tmp_path: Path) -> None:
    found = graph(tmp_path, PUMP + CENTRIFUGAL)
    assert of(found, "centrifugal-pump") == {
        "centrifugal-pump/hasFailureMode/leak": ("yes", "inherited"),
        "centrifugal-pump/hasFailureMode/wear": ("yes", "inherited"),
        "centrifugal-pump/indicatedBy/leak/pressure": ("yes", "inherited"),
        "centrifugal-pump/indicatedBy/leak/vibration": ("no", "inherited"),
        "centrifugal-pump/indicatedBy/wear/pressure": ("no", "inherited"),
        "centrifugal-pump/indicatedBy/wear/vibration": ("yes", "inherited"),
    }
    inherited = fact(found, "centrifugal-pump/indicatedBy/wear/vibration")
    assert inherited.derivation == ("pump/indicatedBy/wear/vibration",)
    assert inherited.source == "book"
    assert found.statement(inherited) == "on the centrifugal pump, wear is indicated by vibration"
    assert found.statement(fact(found, "centrifugal-pump/hasFailureMode/wear")).endswith("of the centrifugal pump")


def test_a_stated_no_overrides(tmp_path: Path) -> None:
    denial = """
    <https://w3id.org/failwise/no/x> a owl:NegativePropertyAssertion ; owl:sourceIndividual mode:pump.wear ;
        owl:assertionProperty rel:indicatedBy ; owl:targetIndividual sensor:vibration ;
        fw:assetClass asset:centrifugal-pump ; dcterms:source source:page .
    """
    found = graph(tmp_path, PUMP + CENTRIFUGAL + denial)
    here = fact(found, "centrifugal-pump/indicatedBy/wear/vibration")
    assert (here.truth, here.basis, here.source) == (Truth.NO, "stated", "page")
    assert fact(found, "pump/indicatedBy/wear/vibration").truth is Truth.YES
    assert found.findings == ()


def test_its_own_yes_wins_over_an_inherited_no(tmp_path: Path) -> None:
    own = """
    mode:centrifugal-pump.wear a fw:FailureMode ; rdfs:label "wear"@en ; fw:ofAssetClass asset:centrifugal-pump ;
        fw:concept concept:wear ; rel:indicatedBy sensor:pressure .
    """
    found = graph(tmp_path, PUMP + CENTRIFUGAL + own)
    assert of(found, "centrifugal-pump")["centrifugal-pump/indicatedBy/wear/pressure"] == ("yes", "stated")
    inherited = fact(found, "centrifugal-pump/indicatedBy/wear/vibration")
    assert inherited.subject.iri.endswith("centrifugal-pump.wear")


def test_grandchildren_inherit_through(tmp_path: Path) -> None:
    small = 'asset:small a fw:AssetClass ; rdfs:label "small"@en ; fw:kindOf asset:centrifugal-pump .'
    found = graph(tmp_path, PUMP + CENTRIFUGAL + small)
    assert len(of(found, "small")) == 6
    assert fact(found, "small/hasFailureMode/leak").derivation == ("centrifugal-pump/hasFailureMode/leak",)
    assert found.broader("small") == {"centrifugal-pump", "pump"}
    assert found.kin("pump") == {"centrifugal-pump", "pump", "small"}


def test_parents_that_disagree_leave_it_unknown(tmp_path: Path) -> None:
    other = """
    asset:fan a fw:AssetClass ; rdfs:label "fan"@en .
    mode:fan.wear a fw:FailureMode ; rdfs:label "wear"@en ; fw:ofAssetClass asset:fan ; fw:concept concept:wear ;
        rel:indicatedBy sensor:pressure .
    asset:both a fw:AssetClass ; rdfs:label "both"@en ; fw:kindOf asset:pump , asset:fan .
    """
    found = graph(tmp_path, PUMP + other)
    assert of(found, "both")["both/indicatedBy/wear/pressure"] == ("unknown", "inherited")
    assert [f.level for f in found.findings] == ["WARN"]
    assert "disagree on 'both/indicatedBy/wear/pressure'" in found.findings[0].message


@pytest.mark.parametrize(
    ("links", "said"),
    [
        ("asset:pump fw:kindOf asset:centrifugal-pump .", "in a circle"),
        ("asset:pump fw:kindOf asset:pump .", "cannot be a kind of itself"),
    ],
)
def test_circles_are_found_and_nothing_is_inherited(tmp_path: Path, links: str, said: str) -> None:
    found = graph(tmp_path, PUMP + CENTRIFUGAL + links)
    assert any(said in f.message and f.level == "ERROR" for f in found.findings)


def test_ratings_exclude_each_other_and_multiply(tmp_path: Path) -> None:
    rated = """
    mode:pump.wear rel:hasSeverity rating:8 ; rel:hasOccurrence rating:3 ; rel:hasDetection rating:5 .
    mode:pump.leak rel:hasSeverity rating:2 ; rel:hasOccurrence rating:2 ; rel:hasDetection rating:2 .
    """
    found = graph(tmp_path, PUMP + rated)
    assert {f.object.label: f.truth.value for f in found.query("pump", "hasSeverity", "wear")} == {
        str(n): "yes" if n == 8 else "no" for n in range(1, 11)
    }
    number = fact(found, "pump/hasRiskPriorityNumber/wear/120")
    assert (number.truth, number.basis, number.source) == (Truth.YES, "derived", "book")
    assert number.derivation == (
        "pump/hasDetection/wear/5",
        "pump/hasOccurrence/wear/3",
        "pump/hasSeverity/wear/8",
    )
    assert fact(found, "pump/hasRiskPriorityNumber/wear/8").truth is Truth.NO
    assert found.findings == ()


def test_no_number_without_all_three_ratings(tmp_path: Path) -> None:
    found = graph(tmp_path, PUMP + "mode:pump.wear rel:hasSeverity rating:8 ; rel:hasOccurrence rating:3 .")
    assert not list(found.query(relation="hasRiskPriorityNumber"))


def test_two_ratings_of_one_kind_are_an_error(tmp_path: Path) -> None:
    found = graph(tmp_path, PUMP + "mode:pump.wear rel:hasSeverity rating:8 , rating:3 .")
    assert "allows one object, but '3' and '8' are stated" in found.findings[0].message


def test_a_narrower_class_has_its_own_rating(tmp_path: Path) -> None:
    own = """
    mode:pump.wear rel:hasSeverity rating:8 .
    mode:centrifugal-pump.wear a fw:FailureMode ; rdfs:label "wear"@en ; fw:ofAssetClass asset:centrifugal-pump ;
        fw:concept concept:wear ; rel:hasSeverity rating:3 .
    """
    found = graph(tmp_path, PUMP + CENTRIFUGAL + own)
    yes = [f.object.label for f in found.query("centrifugal-pump", "hasSeverity", truth=Truth.YES)]
    assert yes == ["3"]
    assert found.findings == ()


def test_one_fact_can_have_a_source_of_its_own(tmp_path: Path) -> None:
    cited = """
    <https://w3id.org/failwise/axiom/x> a owl:Axiom ; owl:annotatedSource mode:pump.wear ;
        owl:annotatedProperty rel:indicatedBy ; owl:annotatedTarget sensor:vibration ; dcterms:source source:page .
    """
    found = graph(tmp_path, PUMP + cited)
    assert fact(found, "pump/indicatedBy/wear/vibration").source == "page"
    assert fact(found, "pump/indicatedBy/leak/pressure").source == "book"
