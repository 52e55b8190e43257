"""What is written out can be read by the tools it is written for."""

import csv
import json
from pathlib import Path

import networkx as nx
import pytest
from rdflib import Graph
from rdflib.compare import isomorphic

from failwise.errors import InputError
from failwise.kg.export import TRIPLES, export
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import load_ontology
from tests.conftest import toy_paths


@pytest.mark.parametrize("suffix", TRIPLES)
def test_triples_survive_the_round_trip(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"toy{suffix}"
    export(toy_paths(), path, shipped=False)
    again = Graph().parse(path, format=TRIPLES[suffix])
    assert isomorphic(again, load_ontology(toy_paths(), shipped=False).graph)


def test_facts_as_csv_jsonl_and_graphml(toy: KnowledgeGraph, tmp_path: Path) -> None:
    for suffix in (".csv", ".jsonl", ".graphml"):
        assert export(toy_paths(), tmp_path / f"facts{suffix}", shipped=False) == len(toy.facts)
    with (tmp_path / "facts.csv").open(newline="") as stream:
        assert [r["id"] for r in csv.DictReader(stream)] == list(toy.facts)
    assert [json.loads(x)["id"] for x in (tmp_path / "facts.jsonl").read_text().splitlines()] == list(toy.facts)
    network = nx.read_graphml(tmp_path / "facts.graphml")
    assert network.number_of_edges() == len(toy.facts)


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown format '\.xls'; allowed are \.ttl"):
        export(toy_paths(), tmp_path / "x.xls", shipped=False)
