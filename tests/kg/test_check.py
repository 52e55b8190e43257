"""Broken shapes are said in plain words, with the file they come from."""

from pathlib import Path

import pytest
from rdflib import Graph
from rdflib.namespace import RDF, SH

from failwise.kg.check import check
from failwise.kg.load import load_ontology, shipped_folder
from failwise.kg.records import Finding
from tests.conftest import TOY

PREFIXES = """
@prefix asset: <https://w3id.org/failwise/asset-class/> .
@prefix fw: <https://w3id.org/failwise/ontology#> .
@prefix mode: <https://w3id.org/failwise/failure-mode/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix rel: <https://w3id.org/failwise/relation/> .
@prefix table: <https://w3id.org/failwise/table/> .
"""


def findings(tmp_path: Path, text: str) -> list[Finding]:
    path = tmp_path / "mine.ttl"
    path.write_text(PREFIXES + text)
    return [f for f in check(load_ontology([path])) if f.file == "mine.ttl"]


def test_the_shipped_ontology_has_no_finding() -> None:
    assert check(load_ontology()) == []


def test_every_shape_has_a_message_and_a_severity() -> None:
    shapes = Graph().parse(shipped_folder() / "shapes.ttl")
    found = {*shapes.subjects(RDF.type, SH.NodeShape), *shapes.subjects(RDF.type, SH.PropertyShape)}
    assert len(found) > 30
    for shape in found:
        assert shapes.value(shape, SH.message), shape
        assert shapes.value(shape, SH.severity) in (SH.Violation, SH.Warning, SH.Info), shape


def test_the_toy_is_valid_but_for_concepts() -> None:
    found = check(
        load_ontology([shipped_folder() / "schema.ttl", shipped_folder() / "relations.ttl", TOY], shipped=False)
    )
    assert {f.level for f in found} == {"INFO"}
    assert {f.node.rsplit(".", 1)[-1] for f in found} == {"cavitation", "seal-leakage"}


@pytest.mark.parametrize(
    ("text", "level", "message"),
    [
        ("asset:x a fw:AssetClass .", "ERROR", "label is missing"),
        ('asset:x a fw:AssetClass ; rdfs:label "x"@en .', "WARN", "names no source"),
        ('mode:x a fw:FailureMode ; rdfs:label "x"@en .', "ERROR", "belongs to exactly one declared asset class"),
        ('asset:x a fw:AssetClass ; rdfs:label "x"@en ; fw:twinOf asset:y .', "ERROR", "must point to another asset"),
        ("table:x a fw:FactTable ; fw:assetClass asset:pump .", "ERROR", "has no fw:candidate"),
        ('table:x a fw:FactTable ; fw:closed "perhaps" .', "ERROR", "fw:closed must be true or false"),
        ('rel:x a fw:Relation ; rdfs:label "x"@en .', "ERROR", "needs one closed-world flag"),
        ('rel:x a fw:Relation ; fw:statement "{who} did it"@en .', "ERROR", "no slots but {asset}"),
        ('fw:f a fw:QuestionFamily ; fw:template "Which {thing}?"@en .', "ERROR", "no slots but {asset} and {anchor}"),
        ("mode:x rel:indicatedBy mode:y .", "ERROR", "belongs to no asset class"),
        (
            "<http://one.example/x> a fw:AssetClass . asset:x a fw:AssetClass .",
            "ERROR",
            "has the same id as http://one",
        ),
        ("asset:A1 a fw:AssetClass . asset:a1 a fw:AssetClass .", "ERROR", "asset-class/A1: a1; rename one"),
        ("<http://one.example/---> a fw:AssetClass .", "ERROR", "has no letter or digit in its name"),
        ("asset:x a fw:AssetClass ; fw:kindOf asset:x .", "ERROR", "cannot be a kind of itself"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, level: str, message: str) -> None:
    found = findings(tmp_path, text)
    assert any(f.level == level and message in f.message for f in found), found


def test_gravest_first(tmp_path: Path) -> None:
    levels = [f.level for f in findings(tmp_path, "asset:x a fw:AssetClass .")]
    assert levels == sorted(levels, key=("ERROR", "WARN", "INFO").index)


def test_shapes_in_a_users_file_are_not_run(tmp_path: Path) -> None:
    text = """
    @prefix sh: <http://www.w3.org/ns/shacl#> .
    fw:evil a sh:NodeShape ; sh:targetClass fw:AssetClass ; sh:sparql [
        sh:message "ran"@en ; sh:select "SELECT $this WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }" ] .
    """
    assert not [f for f in findings(tmp_path, text) if "ran" in f.message]
