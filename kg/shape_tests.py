"""Constraints on one value: each becomes a test that says whether the value is fine.

Clauses are those of the W3C Recommendation of 20 July 2017, https://www.w3.org/TR/2017/REC-shacl-20170720/.
"""

import math
import operator
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from failwise.errors import OntologyError
from failwise.kg.shapes import Data
from failwise.kg.triples import Literal, Term, Triples
from failwise.kg.vocabulary import RDF, RDFS, XSD, Prefix

Test = Callable[[Term, Data], bool]

SH = Prefix("http://www.w3.org/ns/shacl#")
_RDF = Prefix("http://www.w3.org/1999/02/22-rdf-syntax-ns#")
_XSD = Prefix("http://www.w3.org/2001/XMLSchema#")
BLANK = "_:"
_SAID = {RDF.type, RDFS.label, RDFS.comment, *(SH[name] for name in ("severity", "message", "name", "description"))}


def one(graph: Triples, node: str, name: str) -> Term | None:
    """Return the one value of a SHACL term, or None.

    Raises:
        OntologyError: there are several.
    """
    values = list(graph.objects(node, SH[name]))
    if len(values) > 1:
        raise OntologyError(f"{node}: sh:{name} is given {len(values)} times; allowed is one")
    return values[0] if values else None


def tests_of(graph: Triples, node: str) -> tuple[Test, ...]:
    """Return the tests of a value that a shape states."""
    about = graph.about(node)
    for name in ("datatype", "nodeKind", "in", "minLength", "maxLength", "minInclusive", "maxInclusive"):
        one(graph, node, name)  # clause 4: at most one of each
    return tuple(make(graph, node, value) for p, make in _VALUE_TESTS.items() for value in about.get(p, ()))


def refuse_unknown(graph: Triples, node: str, allowed: set[str]) -> None:
    """Refuse a shape that says what is neither allowed nor a test of a value."""
    for predicate in graph.about(node):
        if predicate not in allowed and predicate not in _SAID and predicate not in _VALUE_TESTS:
            raise OntologyError(
                f"{node}: {predicate} is not understood; this part of SHACL is missing from failwise.kg.shape_tests"
            )
    for kind in graph.objects(node, RDF.type):
        if kind not in (SH["NodeShape"], SH["PropertyShape"]):  # clause 2.1.3.3: a class would be its own target
            raise OntologyError(f"{node} is a {kind}; allowed are sh:NodeShape and sh:PropertyShape")


def _text(value: Term) -> str | None:
    # SPARQL's str(): a blank node has none.
    if isinstance(value, Literal):
        return value.value
    return None if value.startswith(BLANK) else value


def _class(graph: Triples, node: str, kind: Term) -> Test:
    # Clause 4.1.1.
    if not isinstance(kind, str):
        raise OntologyError(f"{node}: sh:class is {str(kind)!r}; allowed is a class")
    return lambda value, data: isinstance(value, str) and data.is_a(value, kind)


_DECIMAL = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"
_DOUBLE = rf"{_DECIMAL}([eE][+-]?[0-9]+)?|[+-]?INF|NaN"
_FLOATS = {_XSD["double"]: _DOUBLE, _XSD["float"]: _DOUBLE}
_INTEGER = "[+-]?[0-9]+"
_NUMBERS = {XSD.integer: _INTEGER, _XSD["decimal"]: _DECIMAL, **_FLOATS}
_LEXICAL = {XSD.string: "(?s:.*)", RDF.langString: "(?s:.*)", XSD.boolean: "true|false|1|0", XSD.integer: _INTEGER}


def _datatype(graph: Triples, node: str, datatype: Term) -> Test:
    # Clause 4.1.2: the same datatype, and a well-formed value of it.
    if not isinstance(datatype, str) or datatype not in _LEXICAL:
        raise OntologyError(f"{node}: sh:datatype is {str(datatype)!r}; allowed are {', '.join(_LEXICAL)}")
    well_formed, tagged = re.compile(_LEXICAL[datatype]).fullmatch, datatype == RDF.langString

    def test(value: Term, data: Data) -> bool:
        if not isinstance(value, Literal) or bool(value.language) != tagged:
            return False
        return tagged or (value.datatype == datatype and well_formed(value.value) is not None)

    return test


def _node_kind(graph: Triples, node: str, kind: Term) -> Test:
    # Clause 4.1.3.
    if kind == SH["Literal"]:
        return lambda value, data: isinstance(value, Literal)
    if kind == SH["IRI"]:
        return lambda value, data: isinstance(value, str) and not value.startswith(BLANK)
    raise OntologyError(f"{node}: sh:nodeKind is {str(kind)!r}; allowed are sh:IRI and sh:Literal")


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
_Make = Callable[[Triples, str, Term], Test]


def _limit(measure: _Measure, holds: Callable[[Any, Any], bool]) -> _Make:
    # Clauses 4.3.2, 4.3.4, 4.4.1 and 4.4.2: what cannot be measured is a violation.
    def make(graph: Triples, node: str, bound: Term) -> Test:
        limit = _number(bound)
        if limit is None:
            raise OntologyError(f"{node}: the limit {str(bound)!r} is not a number; write one")
        return lambda value, data: (measured := measure(value)) is not None and holds(measured, limit)

    return make


def _pattern(graph: Triples, node: str, pattern: Term) -> Test:
    # Clause 4.4.3: found anywhere in the text. Python's patterns stand in for XPath's.
    try:
        search = re.compile(str(pattern)).search
    except re.error as error:
        raise OntologyError(f"{node}: sh:pattern {str(pattern)!r} is no pattern: {error}") from error
    return lambda value, data: (text := _text(value)) is not None and search(text) is not None


def _not(graph: Triples, node: str, shape: Term) -> Test:
    # Clause 4.6.1: the value must not conform to the shape; here a shape of constraints on the value alone.
    if not isinstance(shape, str) or not graph.about(shape) or SH["not"] in graph.about(shape):
        raise OntologyError(f"{node}: sh:not is {str(shape)!r}; allowed is a shape without another sh:not")
    refuse_unknown(graph, shape, set())
    tests = tests_of(graph, shape)
    return lambda value, data: not all(test(value, data) for test in tests)


def _in(graph: Triples, node: str, head: Term) -> Test:
    # Clause 4.8.3.
    members, at = set[Term](), head
    while at != _RDF["nil"]:
        first, rest = (list(graph.objects(str(at), _RDF[name])) for name in ("first", "rest"))
        if len(first) != 1 or len(rest) != 1 or first[0] in members:
            raise OntologyError(f"{node}: sh:in is not a list of different terms")
        members.add(first[0])
        at = rest[0]
    return lambda value, data: value in members


_VALUE_TESTS: dict[str, _Make] = {
    SH["class"]: _class,
    SH["datatype"]: _datatype,
    SH["nodeKind"]: _node_kind,
    SH["minInclusive"]: _limit(_number, operator.ge),
    SH["maxInclusive"]: _limit(_number, operator.le),
    SH["minLength"]: _limit(_length, operator.ge),
    SH["maxLength"]: _limit(_length, operator.le),
    SH["pattern"]: _pattern,
    SH["not"]: _not,
    SH["in"]: _in,
}
