"""Facts: three truth values, where each comes from, how they are asked for and put into words."""

from pathlib import Path

import networkx as nx
import pytest

from failwise.errors import OntologyError
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Truth
from failwise.kg.vocabulary import FW
from tests.conftest import toy_paths


def truths(graph: KnowledgeGraph, asset: str) -> dict[str, str]:
    return {f.id.removeprefix(f"{asset}/indicatedBy/"): f.truth.value for f in graph.query(asset, "indicatedBy")}


def test_a_closed_table_turns_silence_into_no(toy: KnowledgeGraph) -> None:
    found = truths(toy, "toy-pump")
    assert len(found) == 12
    assert sorted(k for k, v in found.items() if v == "yes") == [
        "bearing-damage/temperature",
        "bearing-damage/vibration",
        "cavitation/noise",
        "cavitation/pressure",
        "cavitation/vibration",
        "seal-leakage/pressure",
    ]
    assert set(found.values()) == {"yes", "no"}


def test_an_open_table_leaves_silence_unknown(toy: KnowledgeGraph) -> None:
    assert truths(toy, "toy-fan") == {
        "bearing-damage/noise": "unknown",
        "bearing-damage/pressure": "unknown",
        "bearing-damage/temperature": "no",
        "bearing-damage/vibration": "yes",
    }


def test_a_fact_says_where_it_comes_from(toy: KnowledgeGraph) -> None:
    stated = toy.facts["toy-fan/indicatedBy/bearing-damage/temperature"]
    closed = toy.facts["toy-pump/indicatedBy/bearing-damage/noise"]
    assert (stated.basis, stated.source) == ("stated", "toy")
    assert (closed.basis, closed.source) == ("closed-table", "toy")


def test_failure_modes_of_two_asset_classes_share_a_concept(toy: KnowledgeGraph) -> None:
    pump = toy.facts["toy-pump/indicatedBy/bearing-damage/vibration"].subject
    fan = toy.facts["toy-fan/indicatedBy/bearing-damage/vibration"].subject
    assert pump.iri != fan.iri
    assert pump.concept == fan.concept


def test_queries_match_all_that_is_given(toy: KnowledgeGraph) -> None:
    found = list(toy.query("toy pump", "indicatedBy", object="pressure", truth=Truth.YES))
    assert [f.subject.slug for f in found] == ["cavitation", "seal-leakage"]
    assert len(list(toy.query())) == len(toy.facts)


def test_unknown_names_get_a_proposal(toy: KnowledgeGraph) -> None:
    with pytest.raises(OntologyError, match="unknown asset class 'toy pmup'; did you mean 'toy-pump'"):
        list(toy.query("toy pmup"))
    with pytest.raises(OntologyError, match="unknown relation 'indicatdBy'; did you mean 'indicatedBy'"):
        list(toy.query(relation="indicatdBy"))


def test_statements(toy: KnowledgeGraph) -> None:
    say = {f.truth: toy.statement(f) for f in toy.query("toy-fan", truth=Truth.NO)}
    assert say[Truth.NO] == "on the toy fan, bearing damage is not indicated by temperature"
    unknown = next(toy.query("toy-fan", truth=Truth.UNKNOWN))
    with pytest.raises(OntologyError, match="unknown and cannot be stated"):
        toy.statement(unknown)


def test_the_network_gives_degrees_and_neighbourhoods(toy: KnowledgeGraph) -> None:
    network = toy.network()
    vibration = "https://w3id.org/failwise/sensor/vibration"
    assert network.in_degree(vibration) == 3
    around = nx.ego_graph(network.reverse(), vibration)
    assert {d["label"] for _, d in around.nodes(data=True)} == {"vibration", "bearing damage", "cavitation"}


def test_twins_go_both_ways(toy: KnowledgeGraph) -> None:
    assert toy.kin("toy-fan") == toy.kin("toy-pump") == {"toy-fan", "toy-pump"}


def test_a_contradiction_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "contradiction.ttl"
    path.write_text(
        "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
        "<http://example.org/no> a owl:NegativePropertyAssertion ;\n"
        "  owl:sourceIndividual <https://w3id.org/failwise/failure-mode/toy-pump.cavitation> ;\n"
        "  owl:assertionProperty <https://w3id.org/failwise/relation/indicatedBy> ;\n"
        "  owl:targetIndividual <https://w3id.org/failwise/sensor/noise> .\n"
    )
    with pytest.raises(OntologyError, match="'toy-pump/indicatedBy/cavitation/noise' is stated both as yes and as no"):
        KnowledgeGraph.load([*toy_paths(), path], shipped=False)


def test_an_ontology_without_facts_is_refused() -> None:
    with pytest.raises(OntologyError, match="holds no fact"):
        KnowledgeGraph.load(toy_paths()[:2], shipped=False)


def test_the_shipped_ontology_holds_the_published_tables(published: KnowledgeGraph) -> None:
    assert len(published.asset_classes) == 54
    counts = {t: sum(1 for _ in published.query(relation="indicatedBy", truth=t)) for t in Truth}
    assert counts == {Truth.YES: 470, Truth.NO: 872, Truth.UNKNOWN: 0}
    assert sum(1 for _ in published.query(relation="monitoredBy", truth=Truth.YES)) == 235
    assert sum(1 for _ in published.query(relation="hasFailureMode", truth=Truth.YES)) == 597 + 111


def test_a_pump_and_its_kin_share_facts(shipped: KnowledgeGraph) -> None:
    assert shipped.kin("pump") == {"centrifugal-pump", "pump", "pump-iso-14224"}
    assert shipped.broader("centrifugal-pump") == {"pump"}
    inherited = [f for f in shipped.query("centrifugal-pump") if f.basis == "inherited"]
    assert len(inherited) > 500
    assert all(f.derivation == (f.id.replace("centrifugal-pump", "pump", 1),) for f in inherited)


@pytest.mark.parametrize("asset", ["pump", "electric motor", "fan", "centrifugal pump"])
def test_the_full_space_is_filled_with_a_source_for_every_fact(shipped: KnowledgeGraph, asset: str) -> None:
    slug = shipped.asset_class(asset).slug
    modes = {f.object.slug for f in shipped.query(slug, "hasFailureMode", truth=Truth.YES)}
    for name, relation in shipped.relations.items():
        yes = {f.subject.slug for f in shipped.query(slug, name, truth=Truth.YES)}
        assert yes, name
        if relation.domain == FW.FailureMode:
            assert yes == modes, name
    assert all(f.source for f in shipped.query(slug))


def test_the_shipped_relations_have_their_wordings(shipped: KnowledgeGraph) -> None:
    families = {(f.relation, f.direction, f.polarity): f for r in shipped.relations.values() for f in r.families}
    assert len(families) == 92
    for (relation, _, _), family in families.items():
        assert len(family.templates) >= (8 if relation == "indicatedBy" else 4)


def test_a_statement_with_a_slot_that_nobody_fills_is_no_usable_ontology(tmp_path: Path) -> None:
    (tmp_path / "mine.ttl").write_text(
        "@prefix fw: <https://w3id.org/failwise/ontology#> .\n"
        'fw:mine a fw:Relation ; fw:statement "{asset} {nope}"@en .'
    )
    with pytest.raises(OntologyError, match=r"'\{asset\} \{nope\}' has other slots than \{asset\}, \{subject\}"):
        KnowledgeGraph.load([*toy_paths(), tmp_path / "mine.ttl"], shipped=False)
