"""Check an ontology against its shapes, and show every finding with the file it comes from."""

from rdflib import Graph, Literal
from rdflib.namespace import RDF, SH
from rdflib.term import Node

from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import Ontology, shipped_folder
from failwise.kg.records import Finding

LEVELS = ("ERROR", "WARN", "INFO")
_SEVERITIES = {str(SH.Violation): "ERROR", str(SH.Warning): "WARN", str(SH.Info): "INFO"}


def check(ontology: Ontology, language: str = "en") -> list[Finding]:
    """Return all findings, gravest first: broken shapes, then contradictions among the facts."""
    found = _broken_shapes(ontology)
    for finding in KnowledgeGraph(ontology, language).findings:
        found.append(Finding(finding.level, finding.node, finding.message, file=_file(ontology, finding.node)))
    return sorted(found, key=lambda f: (LEVELS.index(f.level), f.file, f.node, f.message))


def _broken_shapes(ontology: Ontology) -> list[Finding]:
    from pyshacl import validate  # half a second to import, needed only here

    shapes = Graph().parse(data=(shipped_folder() / "shapes.ttl").read_bytes(), format="turtle")
    # Our own shapes alone: shapes that a user's file brings could hold SPARQL, which may call a SERVICE.
    _, report, _ = validate(
        ontology.graph, shacl_graph=shapes, inference="none", do_owl_imports=False, advanced=False, js=False
    )
    return [_finding(ontology, report, result) for result in report.subjects(RDF.type, SH.ValidationResult)]


def _finding(ontology: Ontology, report: Graph, result: Node) -> Finding:
    severity = str(report.value(result, SH.resultSeverity))
    node, value = report.value(result, SH.focusNode), report.value(result, SH.value)
    messages = sorted(str(m) for m in report.objects(result, SH.resultMessage) if isinstance(m, Literal))
    return Finding(
        _SEVERITIES.get(severity, "ERROR"),
        str(node),
        messages[0] if messages else "a shape is broken",
        "" if value is None or value == node else str(value),
        _file(ontology, str(node)),
    )


def _file(ontology: Ontology, node: str) -> str:
    for subject, name in ontology.declared_in.items():
        if str(subject) == node:
            return name
    return ""
