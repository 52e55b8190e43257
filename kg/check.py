"""Check an ontology against its shapes, and show every finding with the file it comes from."""

from collections.abc import Iterator
from functools import cache

from failwise.kg.findings import in_order
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import Ontology, shipped_folder
from failwise.kg.parse import parse
from failwise.kg.records import Finding
from failwise.kg.shapes import Shapes
from failwise.kg.triples import Triples


def check(ontology: Ontology, graph: KnowledgeGraph | None = None) -> list[Finding]:
    """Return all findings, gravest first: broken shapes, then contradictions among the facts.

    Args:
        ontology: what was read.
        graph: its facts, where they were compiled before.
    """
    found = [*_broken_shapes(ontology)]
    for finding in (graph or KnowledgeGraph(ontology)).findings:
        file = ontology.declared_in.get(finding.node, "")
        found.append(Finding(finding.level, finding.node, finding.message, file=file, rule="facts"))
    return in_order(found)


def _broken_shapes(ontology: Ontology) -> Iterator[Finding]:
    # Our own shapes alone: those that a user's file brings are not run.
    for broken in shipped_shapes().broken(ontology.graph):
        value = "" if broken.value is None or broken.value == broken.focus_node else str(broken.value)
        file = ontology.declared_in.get(broken.focus_node, "")
        yield Finding(broken.severity, broken.focus_node, broken.message, value, file, "shape")


@cache
def shipped_shapes() -> Shapes:
    """Return the shapes that every ontology is held to."""
    path = shipped_folder() / "shapes.ttl"
    return Shapes.read(parse(path, path.read_bytes(), Triples()))
