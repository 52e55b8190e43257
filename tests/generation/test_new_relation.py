"""A relation added in a .ttl file yields questions, rationales and audit rows, with no change in Python."""

from pathlib import Path

from failwise.evaluation.coverage.audit import audit
from failwise.evaluation.coverage.probes import probes_of
from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.rationales.job import write_rationales
from failwise.kg.check import check
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import load_ontology
from tests.evaluation.coverage.answering import answer

COMPONENTS = """
@prefix asset: <https://w3id.org/failwise/asset-class/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix ex: <http://example.org/plant#> .
@prefix fw: <https://w3id.org/failwise/ontology#> .
@prefix mode: <https://w3id.org/failwise/failure-mode/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .

ex:Component a rdfs:Class .
ex:locatedIn a fw:Relation ; rdfs:label "is located in"@en ;
    rdfs:domain fw:FailureMode ; rdfs:range ex:Component ; fw:closedWorld true ;
    fw:forwardName "components of a failure mode"@en ; fw:inverseName "failure modes of a component"@en ;
    fw:statement "on the {asset}, {subject} is located in the {object}"@en ;
    fw:denial "on the {asset}, {subject} is not located in the {object}"@en .

ex:family a fw:QuestionFamily ; fw:relation ex:locatedIn ; fw:direction fw:Forward ; fw:polarity fw:Selection ;
    fw:analysis "component_analysis" ; fw:relevancy "relevant_components_for_failure_mode" ;
    fw:template "In which component of the {asset} is {anchor} located?"@en ,
        "Where on the {asset} do you look for {anchor}?"@en ,
        "Which of these components of the {asset} is affected by {anchor}?"@en ,
        "{anchor} is found on the {asset}. In which of these components?"@en .

ex:bearing rdfs:label "bearing"@en . ex:impeller rdfs:label "impeller"@en . ex:casing rdfs:label "casing"@en .
mode:pump.bearing-damage ex:locatedIn ex:bearing .
mode:pump.damaged-impeller ex:locatedIn ex:impeller .

ex:table a fw:FactTable ; fw:assetClass asset:pump ; fw:relation ex:locatedIn ; dcterms:source ex:plant ;
    fw:reading "a failure mode is in one component"@en ;
    fw:row mode:pump.bearing-damage , mode:pump.damaged-impeller ;
    fw:candidate ex:bearing , ex:impeller , ex:casing .
"""


def test_a_new_relation_is_data(tmp_path: Path) -> None:
    path = tmp_path / "components.ttl"
    path.write_text(COMPONENTS)
    assert [f for f in check(load_ontology([path])) if f.level != "INFO"] == []
    graph = KnowledgeGraph.load([path])
    questions = list(Synthesis(graph, QuestionsConfig(asset_classes=("pump",), relations=("locatedIn",))))
    assert {q.tested_fact for q in questions} == {
        "pump/locatedIn/bearing-damage/bearing",
        "pump/locatedIn/damaged-impeller/impeller",
    }
    assert {o for q in questions for o in q.options} == {"bearing", "impeller", "casing"}

    write_rationales(questions, graph, RationalesConfig(), tmp_path)
    text = (tmp_path / "rationales.jsonl").read_text()
    assert "is located in the bearing [pump/locatedIn/bearing-damage/bearing]" in text

    audited = audit(graph, probes_of(questions, [answer(q, right=True) for q in questions]))
    assert {a.relation for a in audited.facts} == {"locatedIn"}
    assert "locatedIn" in {r.value for r in audited.roll_ups}
