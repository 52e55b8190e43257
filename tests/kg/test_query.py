"""Questions in SPARQL: what is wrong with one is said where it stands."""

import pytest

from failwise.errors import InputError
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import load_ontology
from failwise.kg.query import sparql
from tests.conftest import toy_paths


def test_our_prefixes_are_known_and_inferred_facts_are_seen(toy: KnowledgeGraph) -> None:
    ontology = load_ontology(toy_paths(), shipped=False)
    answer = sparql(ontology, toy, "SELECT ?s WHERE { mode:toy-fan.bearing-damage rel:indicatedBy ?s }")
    assert (answer.columns, answer.rows) == (("s",), [("sensor:vibration",)])


def test_an_error_is_placed_by_the_lines_of_the_query(toy: KnowledgeGraph) -> None:
    with pytest.raises(InputError, match=r"not a SPARQL query: .*\(line:2, col:"):
        sparql(load_ontology(toy_paths(), shipped=False), toy, "SELECT ?s\nWHERE { ?s nothing }")
