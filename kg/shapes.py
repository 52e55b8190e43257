"""SHACL over the triple index: the part of SHACL Core that shapes.ttl uses, a million facts in seconds.

Clauses are those of the W3C Recommendation of 20 July 2017, https://www.w3.org/TR/2017/REC-shacl-20170720/.
What a shapes graph says beyond that part is refused when it is read, never passed over. pySHACL is the judge in
the tests.
"""

import math
import operator
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from failwise.errors import OntologyError
from failwise.kg.triples import Literal, Term, Triples
from failwise.kg.vocabulary import RDF, RDFS, XSD, Prefix

_SH = Prefix("http://www.w3.org/ns/shacl#")
_RDF = Prefix("http://www.w3.org/1999/02/22-rdf-syntax-ns#")
_XSD = Prefix("http://www.w3.org/2001/XMLSchema#")
_LEVELS = {_SH["Violation"]: "ERROR", _SH["Warning"]: "WARN", _SH["Info"]: "INFO"}
_BLANK = "_:"


@dataclass(frozen=True, slots=True)
class Broken:
    """One validation result (clause 3.6.2). `severity` is ERROR, WARN or INFO; `path` is "" for a node shape.

    `value` is None where the result is about no single value: counts, languages, a value that is missing.
    """

    severity: str
    focus_node: str
    message: str
    value: Term | None
    path: str
    shape: str


class _Data:
    """The data graph, and what is an instance of what: rdf:type, then rdfs:subClassOf (clause 1.1)."""

    def __init__(self, graph: Triples, types: Callable[[str, str], bool] | None) -> None:
        self.graph = graph
        self._types = types
        self._broader: dict[str, frozenset[str]] = {}

    def broader(self, kind: str) -> frozenset[str]:
        """Return a class with all its superclasses."""
        found = self._broader.get(kind)
        if found is None:
            seen, rest = {kind}, [kind]
            while rest:
                new = [k for k in self.graph.nodes(rest.pop(), RDFS.subClassOf) if k not in seen]
                seen.update(new)
                rest.extend(new)
            found = self._broader[kind] = frozenset(seen)
        return found

    def is_a(self, node: str, kind: str) -> bool:
        """Say whether a node is an instance of a class, here or as the caller knows."""
        if self.graph.is_a(node, kind) or any(kind in self.broader(k) for k in self.graph.nodes(node, RDF.type)):
            return True
        return self._types is not None and self._types(node, kind)


_Values = Mapping[Term, None]
_Test = Callable[[Term, _Data], bool]
_Check = Callable[[str, _Values, _Data, list[Broken]], None]


@dataclass(frozen=True, slots=True)
class _Path:
    """What is checked of the values of one predicate; `required` where no value can be wrong."""

    predicate: str
    required: bool
    checks: tuple[_Check, ...]


@dataclass(frozen=True, slots=True)
class _NodeShape:
    """A node shape: its target classes, the check of the focus node itself, and those of its properties."""

    kinds: frozenset[str]
    own: _Check
    paths: tuple[_Path, ...]


class Shapes:
    """Node shapes, compiled to closures."""

    def __init__(self, shapes: Iterable[_NodeShape]) -> None:
        self._shapes = tuple(shapes)

    @classmethod
    def read(cls, graph: Triples) -> "Shapes":
        """Read a shapes graph.

        Raises:
            OntologyError: a shape has no message, is malformed, or says what is not understood here.
        """
        for subject in graph.subjects():
            if not graph.is_a(subject, _SH["NodeShape"]) and not _TARGETS.isdisjoint(graph.about(subject)):
                raise OntologyError(f"{subject} has a SHACL target and is no sh:NodeShape; declare it as one")
        for node in graph.instances(_SH["PropertyShape"]):
            _property_shape(graph, node)  # those that no node shape uses must be understood too
        return cls([_node_shape(graph, node) for node in graph.instances(_SH["NodeShape"])])

    def broken(
        self,
        graph: Triples,
        focus: Iterable[str] | None = None,
        types: Callable[[str, str], bool] | None = None,
    ) -> Iterator[Broken]:
        """Validate a graph (clause 3.4): yield one result per violation, in the order of the subjects.

        Args:
            graph: the data; rdfs:subClassOf counts where the graph itself says it.
            focus: the nodes to validate, where their classes make them targets; all by default.
            types: says whether a node is of a class where the graph does not (sh:class alone): for a part of
                an ontology whose links point to other parts. Targets are what the graph itself declares.
        """
        data, found = _Data(graph, types), list[Broken]()
        by_kinds: dict[tuple[Term, ...], tuple[_NodeShape, ...]] = {}
        for node in graph.subjects() if focus is None else dict.fromkeys(focus):
            about = graph.about(node)
            kinds = tuple(about.get(RDF.type, ()))
            shapes = by_kinds.get(kinds)
            if shapes is None:
                shapes = by_kinds[kinds] = self._for_kinds(kinds, data)
            for shape in shapes:
                _validate(shape, node, about, data, found)
            if found:
                yield from found
                found.clear()

    def _for_kinds(self, kinds: Iterable[Term], data: _Data) -> tuple[_NodeShape, ...]:
        # Clause 2.1.3.2: the targets of sh:targetClass are the instances of the class and of its subclasses.
        stated = [data.broader(kind) for kind in kinds if isinstance(kind, str)]
        return tuple(s for s in self._shapes if any(not s.kinds.isdisjoint(broader) for broader in stated))


def _validate(shape: _NodeShape, node: str, about: Mapping[str, _Values], data: _Data, found: list[Broken]) -> None:
    shape.own(node, {node: None}, data, found)  # clause 3.7: a node shape's value node is the focus node
    for path in shape.paths:
        values = about.get(path.predicate)
        if values or path.required:
            for check in path.checks:
                check(node, values or {}, data, found)


# --- reading shapes ---

_TARGETS = frozenset(_SH[name] for name in ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf"))
_SAID = {RDF.type, RDFS.label, RDFS.comment, *(_SH[name] for name in ("severity", "message", "name", "description"))}
_OF_PROPERTIES = {_SH[name] for name in ("path", "minCount", "maxCount", "uniqueLang", "hasValue")}


def _node_shape(graph: Triples, node: str) -> _NodeShape:
    _refuse_unknown(graph, node, {_SH["targetClass"], _SH["property"], _SH["hasValue"]})
    by_path: dict[str, list[tuple[_Check, bool]]] = {}
    for shape in graph.objects(node, _SH["property"]):  # clause 4.7.2
        if not isinstance(shape, str):
            raise OntologyError(f"{node}: sh:property is {str(shape)!r}; allowed is a property shape")
        path, check, required = _property_shape(graph, shape)
        by_path.setdefault(path, []).append((check, required))
    paths = [_Path(p, any(r for _, r in found), tuple(c for c, _ in found)) for p, found in by_path.items()]
    return _NodeShape(frozenset(graph.nodes(node, _SH["targetClass"])), _check(graph, node, ""), tuple(paths))


def _property_shape(graph: Triples, node: str) -> tuple[str, _Check, bool]:
    _refuse_unknown(graph, node, _OF_PROPERTIES)
    path = _one(graph, node, "path")
    # Clause 2.3.1: any other path than a predicate is a blank node.
    if not isinstance(path, str) or path.startswith(_BLANK):
        raise OntologyError(f"{node}: sh:path is {str(path)!r}; allowed is one predicate")
    required = _count(graph, node, "minCount", 0) > 0 or _SH["hasValue"] in graph.about(node)
    return path, _check(graph, node, path), required


def _refuse_unknown(graph: Triples, node: str, allowed: set[str]) -> None:
    for predicate in graph.about(node):
        if predicate not in allowed and predicate not in _SAID and predicate not in _VALUE_TESTS:
            raise OntologyError(
                f"{node}: {predicate} is not understood; this part of SHACL is missing from failwise.kg.shapes"
            )
    for kind in graph.objects(node, RDF.type):
        if kind not in (_SH["NodeShape"], _SH["PropertyShape"]):  # clause 2.1.3.3: a class would be its own target
            raise OntologyError(f"{node} is a {kind}; allowed are sh:NodeShape and sh:PropertyShape")


def _one(graph: Triples, node: str, name: str) -> Term | None:
    values = list(graph.objects(node, _SH[name]))
    if len(values) > 1:
        raise OntologyError(f"{node}: sh:{name} is given {len(values)} times; allowed is one")
    return values[0] if values else None


def _count(graph: Triples, node: str, name: str, absent: int) -> int:
    value = _one(graph, node, name)
    if value is None:
        return absent
    if not isinstance(value, Literal) or value.datatype != XSD.integer or not value.value.isdecimal():
        raise OntologyError(f"{node}: sh:{name} is {str(value)!r}; allowed is a whole number from 0")
    return int(value.value)


def _check(graph: Triples, node: str, path: str) -> _Check:
    severity = _LEVELS.get(str(_one(graph, node, "severity") or _SH["Violation"]))  # clause 2.1.4
    messages = sorted(str(m) for m in graph.objects(node, _SH["message"]) if isinstance(m, Literal))
    if severity is None or not messages:
        raise OntologyError(f"{node} needs a sh:message, and sh:severity sh:Violation, sh:Warning or sh:Info")
    message, tests = messages[0], _tests(graph, node)
    least, most = _count(graph, node, "minCount", 0), _count(graph, node, "maxCount", sys.maxsize)
    unique = _one(graph, node, "uniqueLang")
    once = isinstance(unique, Literal) and unique.true
    wanted = tuple(graph.objects(node, _SH["hasValue"]))

    def check(focus: str, values: _Values, data: _Data, found: list[Broken]) -> None:
        for value in values:
            for test in tests:
                if not test(value, data):
                    found.append(Broken(severity, focus, message, value, path, node))
        # Clauses 4.2.1, 4.2.2, 4.4.5 and 4.8.2: results without a value.
        count = len(values)
        missing = (count < least) + (count > most)
        if once and count > 1:
            missing += _repeated_languages(values)
        if wanted:
            missing += sum(term not in values for term in wanted)
        if missing:
            found.extend([Broken(severity, focus, message, None, path, node)] * missing)

    return check


def _repeated_languages(values: _Values) -> int:
    # Clause 4.4.5: one result per language that two values share. RDF 1.1, 3.3: tags compare without case.
    languages = [v.language.lower() for v in values if isinstance(v, Literal) and v.language]
    return sum(languages.count(language) > 1 for language in set(languages))


# --- constraints on one value: each returns a test that says whether the value is fine ---


def _tests(graph: Triples, node: str) -> tuple[_Test, ...]:
    about = graph.about(node)
    for name in ("datatype", "nodeKind", "in", "minLength", "maxLength", "minInclusive", "maxInclusive", "flags"):
        _one(graph, node, name)  # clause 4: at most one of each
    return tuple(make(graph, node, value) for p, make in _VALUE_TESTS.items() for value in about.get(p, ()))


def _text(value: Term) -> str | None:
    # SPARQL's str(): a blank node has none.
    if isinstance(value, Literal):
        return value.value
    return None if value.startswith(_BLANK) else value


def _class(graph: Triples, node: str, kind: Term) -> _Test:
    # Clause 4.1.1.
    if not isinstance(kind, str):
        raise OntologyError(f"{node}: sh:class is {str(kind)!r}; allowed is a class")
    return lambda value, data: isinstance(value, str) and data.is_a(value, kind)


_DECIMAL = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"
_DOUBLE = rf"{_DECIMAL}([eE][+-]?[0-9]+)?|[+-]?INF|NaN"
_FLOATS = {_XSD["double"]: _DOUBLE, _XSD["float"]: _DOUBLE}
_NUMBERS = {XSD.integer: "[+-]?[0-9]+", _XSD["decimal"]: _DECIMAL, **_FLOATS}
_LEXICAL = {XSD.string: "(?s:.*)", RDF.langString: "(?s:.*)", XSD.boolean: "true|false|1|0", **_NUMBERS}


def _datatype(graph: Triples, node: str, datatype: Term) -> _Test:
    # Clause 4.1.2: the same datatype, and a well-formed value of it.
    if not isinstance(datatype, str) or datatype not in _LEXICAL:
        raise OntologyError(f"{node}: sh:datatype is {str(datatype)!r}; allowed are {', '.join(_LEXICAL)}")
    well_formed, tagged = re.compile(_LEXICAL[datatype]).fullmatch, datatype == RDF.langString

    def test(value: Term, data: _Data) -> bool:
        if not isinstance(value, Literal) or bool(value.language) != tagged:
            return False
        return tagged or (value.datatype == datatype and well_formed(value.value) is not None)

    return test


_KINDS = {_SH[k]: k for k in ("IRI", "BlankNode", "Literal", "BlankNodeOrIRI", "BlankNodeOrLiteral", "IRIOrLiteral")}


def _node_kind(graph: Triples, node: str, kind: Term) -> _Test:
    # Clause 4.1.3.
    if not isinstance(kind, str) or kind not in _KINDS:
        raise OntologyError(f"{node}: sh:nodeKind is {str(kind)!r}; allowed are {', '.join(_KINDS)}")
    iri, blank, literal = (part in _KINDS[kind] for part in ("IRI", "BlankNode", "Literal"))

    def test(value: Term, data: _Data) -> bool:
        if isinstance(value, Literal):
            return literal
        return blank if value.startswith(_BLANK) else iri

    return test


def _number(value: Term) -> Decimal | float | None:
    if not isinstance(value, Literal) or not re.fullmatch(_NUMBERS.get(value.datatype, "$."), value.value):
        return None
    if value.datatype not in _FLOATS:
        return Decimal(value.value)
    number = float(value.value)
    return None if math.isnan(number) else number  # nothing compares with NaN


def _length(value: Term) -> int | None:
    text = _text(value)
    return None if text is None else len(text)


_Measure = Callable[[Term], Decimal | float | None]
_Make = Callable[[Triples, str, Term], _Test]


def _limit(measure: _Measure, holds: Callable[[Any, Any], bool]) -> _Make:
    # Clauses 4.3.2, 4.3.4, 4.4.1 and 4.4.2: what cannot be measured is a violation.
    def make(graph: Triples, node: str, bound: Term) -> _Test:
        limit = _number(bound)
        if limit is None:
            raise OntologyError(f"{node}: the limit {str(bound)!r} is not a number; write one")
        return lambda value, data: (measured := measure(value)) is not None and holds(measured, limit)

    return make


def _pattern(graph: Triples, node: str, pattern: Term) -> _Test:
    # Clause 4.4.3: found anywhere in the text. Python's patterns stand in for XPath's; the flags x and q differ.
    flags = str(_one(graph, node, "flags") or "")
    if not set(flags) <= set("ims"):
        raise OntologyError(f"{node}: sh:flags is {flags!r}; allowed are i, m and s")
    try:
        search = re.compile(f"(?{flags})" * bool(flags) + str(pattern)).search
    except re.error as error:
        raise OntologyError(f"{node}: sh:pattern {str(pattern)!r} is no pattern: {error}") from error
    return lambda value, data: (text := _text(value)) is not None and search(text) is not None


def _not(graph: Triples, node: str, shape: Term) -> _Test:
    # Clause 4.6.1: the value must not conform to the shape; here a shape of constraints on the value alone.
    if not isinstance(shape, str) or not graph.about(shape) or _SH["not"] in graph.about(shape):
        raise OntologyError(f"{node}: sh:not is {str(shape)!r}; allowed is a shape without another sh:not")
    _refuse_unknown(graph, shape, set())
    tests = _tests(graph, shape)
    return lambda value, data: not all(test(value, data) for test in tests)


def _in(graph: Triples, node: str, head: Term) -> _Test:
    # Clause 4.8.3.
    members, at = set[Term](), head
    while at != _RDF["nil"]:
        first, rest = (list(graph.objects(str(at), _RDF[name])) for name in ("first", "rest"))
        if len(first) != 1 or len(rest) != 1 or first[0] in members:
            raise OntologyError(f"{node}: sh:in is not a list of different terms")
        members.add(first[0])
        at = rest[0]
    return lambda value, data: value in members


def _flags(graph: Triples, node: str, flags: Term) -> _Test:
    return lambda value, data: True  # they belong to sh:pattern


_VALUE_TESTS: dict[str, _Make] = {
    _SH["class"]: _class,
    _SH["datatype"]: _datatype,
    _SH["nodeKind"]: _node_kind,
    _SH["minInclusive"]: _limit(_number, operator.ge),
    _SH["maxInclusive"]: _limit(_number, operator.le),
    _SH["minLength"]: _limit(_length, operator.ge),
    _SH["maxLength"]: _limit(_length, operator.le),
    _SH["pattern"]: _pattern,
    _SH["flags"]: _flags,
    _SH["not"]: _not,
    _SH["in"]: _in,
}
