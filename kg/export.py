"""Write an ontology, or the facts in it, in the formats other tools read."""

import csv
import io
from collections.abc import Callable, Iterable
from pathlib import Path

import networkx as nx

from failwise.errors import InputError
from failwise.files import write_records, write_text
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import load_ontology
from failwise.kg.records import Truth

TRIPLES = {".ttl": "turtle", ".nt": "nt11", ".jsonld": "json-ld", ".rdf": "xml"}


def export(paths: Iterable[Path], path: Path, *, shipped: bool = True) -> int:
    """Write the ontology (as triples) or its facts to `path`; return how many.

    Raises:
        InputError: the ending of `path` names no format.
    """
    paths = list(paths)
    if path.suffix in TRIPLES:
        graph = load_ontology(paths, shipped=shipped).graph
        text = graph.serialize(format=TRIPLES[path.suffix])
        if path.suffix == ".nt":  # rdflib writes triples as they come; sorted, two exports can be compared
            text = "".join(sorted(text.splitlines(keepends=True)))
        write_text(path, text)
        return len(graph)
    writers: dict[str, Callable[[KnowledgeGraph, Path], None]] = {
        ".csv": _csv,
        ".jsonl": _jsonl,
        ".graphml": _graphml,
    }
    if path.suffix not in writers:
        raise InputError(f"unknown format {path.suffix or path.name!r}; allowed are {', '.join([*TRIPLES, *writers])}")
    facts = KnowledgeGraph.load(paths, shipped=shipped)
    writers[path.suffix](facts, path)
    return len(facts.facts)


def _jsonl(graph: KnowledgeGraph, path: Path) -> None:
    write_records(path, graph.facts.values())


def _csv(graph: KnowledgeGraph, path: Path) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("id", "asset_class", "relation", "subject", "object", "truth", "basis", "source"))
    for f in graph.facts.values():
        writer.writerow((f.id, f.asset_class.label, f.relation, f.subject.label, f.object.label, f.truth, f.basis,
                         f.source))  # fmt: skip
    write_text(path, buffer.getvalue())


def _graphml(graph: KnowledgeGraph, path: Path) -> None:
    """Write all facts with their truth as one network; readers filter by it."""
    network = nx.MultiDiGraph()
    for truth in Truth:
        part = graph.network(truth)
        nx.set_edge_attributes(part, truth.value, "truth")
        network.update(part)
    buffer = io.BytesIO()
    nx.write_graphml(network, buffer)
    write_text(path, buffer.getvalue().decode() + "\n")
