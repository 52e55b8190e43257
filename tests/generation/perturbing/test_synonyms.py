"""Other names mean one thing only, in the shipped file and in what is read from any."""

from pathlib import Path

from failwise.generation.perturbing.synonyms import Synonyms, clashes
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import load_ontology, shipped_folder
from failwise.kg.resolve import Names
from failwise.kg.vocabulary import FW, SKOS
from tests.generation.perturbing.asked import spoken


def test_no_shipped_name_means_two_things() -> None:
    assert clashes(load_ontology().graph) == []


def test_the_shipped_names_are_many_and_all_are_found(shipped: KnowledgeGraph) -> None:
    graph = load_ontology([shipped_folder() / "synonyms.ttl"], shipped=False).graph
    bearers = {s for s, p, _ in graph if p == SKOS.altLabel}
    named = {s for s, p, o in graph if p == SKOS.altLabel and getattr(o, "language", "") == "en"}
    assert len(bearers) >= 80
    assert sum(len(list(graph.objects(s, SKOS.altLabel))) for s in bearers) >= 150
    known = {e.iri for e in shipped.entities.values()} | {e.concept for e in shipped.entities.values()}
    assert bearers <= known
    synonyms = Synonyms.of(load_ontology())
    silent = [iri for iri in named if iri in shipped.entities and not synonyms.find(shipped.entities[iri])]
    assert silent == []


def test_a_document_may_use_them() -> None:
    names = Names.of(load_ontology().graph)
    for kind, said, meant in (
        (FW.Sensor, "infrared thermography", "thermography"),
        (FW.FailureMode, "imbalance", "unbalance"),
        (FW.AssetClass, "UPS", "uninterruptible power supply"),
    ):
        found = names.find(kind, said)
        assert found is not None
        assert (found.label, found.how) == (meant, "altLabel")


def test_a_name_of_two_things_is_reported_and_not_used(tmp_path: Path) -> None:
    ontology = spoken(tmp_path)
    (clash,) = clashes(ontology.graph)
    assert (clash.name, [e.rsplit("/")[-1] for e in clash.entities]) == ("oil mist", ["noise", "pressure"])
    graph, synonyms = KnowledgeGraph.usable(ontology), Synonyms.of(ontology)
    by_label = {e.label: synonyms.find(e) for e in graph.entities.values() if synonyms.find(e)}
    assert by_label["noise"] == ("sound level",)
    assert "pressure" not in by_label
    assert by_label["bearing damage"] == ("damaged bearing",)


def test_names_are_read_in_one_language(tmp_path: Path) -> None:
    ontology = spoken(tmp_path)
    german = Synonyms.of(ontology, "de")
    assert {n for names in german.names.values() for n in names} == {"Lagerdefekt"}
