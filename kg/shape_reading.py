"""A shapes graph in Turtle becomes shapes to validate by; what is not understood is refused."""

import sys

from failwise.errors import OntologyError
from failwise.kg.shape_tests import BLANK, SH, one, refuse_unknown, tests_of
from failwise.kg.shapes import Broken, Check, Checks, Data, NodeShape, Shapes, Values
from failwise.kg.triples import Literal, Triples
from failwise.kg.vocabulary import XSD

_LEVELS = {SH["Violation"]: "ERROR", SH["Warning"]: "WARN", SH["Info"]: "INFO"}
_TARGETS = frozenset(SH[name] for name in ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf"))
_OF_PROPERTIES = {SH[name] for name in ("path", "minCount", "maxCount", "uniqueLang")}


def read_shapes(graph: Triples) -> Shapes:
    """Read a shapes graph.

    Raises:
        OntologyError: a shape has no message, is malformed, or says what is not understood here.
    """
    for subject in graph.subjects():
        if not graph.is_a(subject, SH["NodeShape"]) and not _TARGETS.isdisjoint(graph.about(subject)):
            raise OntologyError(f"{subject} has a SHACL target and is no sh:NodeShape; declare it as one")
    for node in graph.instances(SH["PropertyShape"]):
        _property_shape(graph, node)  # those that no node shape uses must be understood too
    return Shapes([_node_shape(graph, node) for node in graph.instances(SH["NodeShape"])])


def _node_shape(graph: Triples, node: str) -> NodeShape:
    refuse_unknown(graph, node, {SH["targetClass"], SH["property"]})
    by_path: dict[str, list[tuple[Check, bool]]] = {}
    for shape in graph.objects(node, SH["property"]):  # clause 4.7.2
        if not isinstance(shape, str):
            raise OntologyError(f"{node}: sh:property is {str(shape)!r}; allowed is a property shape")
        path, check, required = _property_shape(graph, shape)
        by_path.setdefault(path, []).append((check, required))
    paths = [Checks(p, any(r for _, r in found), tuple(c for c, _ in found)) for p, found in by_path.items()]
    return NodeShape(frozenset(graph.nodes(node, SH["targetClass"])), _check(graph, node, ""), tuple(paths))


def _property_shape(graph: Triples, node: str) -> tuple[str, Check, bool]:
    refuse_unknown(graph, node, _OF_PROPERTIES)
    path = one(graph, node, "path")
    # Clause 2.3.1: any other path than a predicate is a blank node.
    if not isinstance(path, str) or path.startswith(BLANK):
        raise OntologyError(f"{node}: sh:path is {str(path)!r}; allowed is one predicate")
    return path, _check(graph, node, path), _count(graph, node, "minCount", 0) > 0


def _count(graph: Triples, node: str, name: str, absent: int) -> int:
    value = one(graph, node, name)
    if value is None:
        return absent
    if not isinstance(value, Literal) or value.datatype != XSD.integer or not value.value.isdecimal():
        raise OntologyError(f"{node}: sh:{name} is {str(value)!r}; allowed is a whole number from 0")
    return int(value.value)


def _check(graph: Triples, node: str, path: str) -> Check:
    severity = _LEVELS.get(str(one(graph, node, "severity") or SH["Violation"]))  # clause 2.1.4
    messages = sorted(str(m) for m in graph.objects(node, SH["message"]) if isinstance(m, Literal))
    if severity is None or not messages:
        raise OntologyError(f"{node} needs a sh:message, and sh:severity sh:Violation, sh:Warning or sh:Info")
    message, tests = messages[0], tests_of(graph, node)
    least, most = _count(graph, node, "minCount", 0), _count(graph, node, "maxCount", sys.maxsize)
    unique = one(graph, node, "uniqueLang")
    once = isinstance(unique, Literal) and unique.true

    def check(focus: str, values: Values, data: Data, found: list[Broken]) -> None:
        for value in values:
            for test in tests:
                if not test(value, data):
                    found.append(Broken(severity, focus, message, value, path, node))
        # Clauses 4.2.1, 4.2.2 and 4.4.5: results without a value.
        count = len(values)
        missing = (count < least) + (count > most)
        if once and count > 1:
            missing += _repeated_languages(values)
        if missing:
            found.extend([Broken(severity, focus, message, None, path, node)] * missing)

    return check


def _repeated_languages(values: Values) -> int:
    # Clause 4.4.5: one result per language that two values share. RDF 1.1, 3.3: tags compare without case.
    languages = [v.language.lower() for v in values if isinstance(v, Literal) and v.language]
    return sum(languages.count(language) > 1 for language in set(languages))
