"""Check an ontology against its shapes, and show every finding with the file it comes from."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from failwise.kg.findings import in_order
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import Ontology, shipped_folder
from failwise.kg.parse import parse
from failwise.kg.records import Finding
from failwise.kg.shape_reading import read_shapes
from failwise.kg.shapes import Shapes
from failwise.kg.triples import Triples


def check(ontology: Ontology, graph: KnowledgeGraph | None = None) -> list[Finding]:
    """Return all findings, gravest first: broken shapes, then contradictions among the facts.

    Args:
        ontology: what was read.
        graph: its facts, where they were compiled before.
    """
    facts = (graph or KnowledgeGraph(ontology)).findings
    found = [*broken_shapes(ontology.graph), *(replace(finding, rule="facts") for finding in facts)]
    return in_order([replace(finding, file=ontology.declared_in.get(finding.node, "")) for finding in found])


def broken_shapes(graph: Triples, focus: Iterable[str] | None = None) -> Iterator[Finding]:
    """Yield what breaks our own shapes, of some nodes or of all; those that a user's file brings are not run."""
    for broken in shipped_shapes().broken(graph, focus):
        value = "" if broken.value is None or broken.value == broken.focus_node else str(broken.value)
        yield Finding(broken.severity, broken.focus_node, broken.message, value, rule="shape")


@cache
def shipped_shapes() -> Shapes:
    """Return the shapes that every ontology is held to."""
    path = shipped_folder() / "shapes.ttl"
    return read_shapes(parse(path, path.read_bytes(), Triples()))
