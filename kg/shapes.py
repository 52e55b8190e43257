"""SHACL over the triple index: the part of SHACL Core that shapes.ttl uses, a million facts in seconds.

Clauses are those of the W3C Recommendation of 20 July 2017, https://www.w3.org/TR/2017/REC-shacl-20170720/.
`shape_reading.py` reads a shapes graph; what that says beyond this part is refused there, never passed over. pySHACL
is the judge in the tests.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from failwise.kg.triples import Term, Triples
from failwise.kg.vocabulary import RDF, RDFS


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


class Data:
    """The data graph, and what is an instance of what: rdf:type, then rdfs:subClassOf (clause 1.1)."""

    def __init__(self, graph: Triples) -> None:
        self.graph = graph
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
        """Say whether a node is an instance of a class."""
        return self.graph.is_a(node, kind) or any(kind in self.broader(k) for k in self.graph.nodes(node, RDF.type))


Values = Mapping[Term, None]
Check = Callable[[str, Values, Data, list[Broken]], None]


@dataclass(frozen=True, slots=True)
class Checks:
    """What is checked of the values of one predicate; `required` where no value can be wrong."""

    predicate: str
    required: bool
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class NodeShape:
    """A node shape: its target classes, the check of the focus node itself, and those of its properties."""

    kinds: frozenset[str]
    own: Check
    paths: tuple[Checks, ...]


class Shapes:
    """Node shapes, compiled to closures."""

    def __init__(self, shapes: Iterable[NodeShape]) -> None:
        self._shapes = tuple(shapes)

    def broken(self, graph: Triples, focus: Iterable[str] | None = None) -> Iterator[Broken]:
        """Validate a graph (clause 3.4): yield one result per violation, in the order of the subjects.

        Args:
            graph: the data; rdfs:subClassOf counts where the graph itself says it.
            focus: the nodes to validate, where their classes make them targets; all by default.
        """
        data, found = Data(graph), list[Broken]()
        by_kinds: dict[tuple[Term, ...], tuple[NodeShape, ...]] = {}
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

    def _for_kinds(self, kinds: Iterable[Term], data: Data) -> tuple[NodeShape, ...]:
        # Clause 2.1.3.2: the targets of sh:targetClass are the instances of the class and of its subclasses.
        stated = [data.broader(kind) for kind in kinds if isinstance(kind, str)]
        return tuple(s for s in self._shapes if any(not s.kinds.isdisjoint(broader) for broader in stated))


def _validate(shape: NodeShape, node: str, about: Mapping[str, Values], data: Data, found: list[Broken]) -> None:
    shape.own(node, {node: None}, data, found)  # clause 3.7: a node shape's value node is the focus node
    for path in shape.paths:
        values = about.get(path.predicate)
        if values or path.required:
            for check in path.checks:
                check(node, values or {}, data, found)
