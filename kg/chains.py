"""How a relation is declared that joins two others: owl:propertyChainAxiom with two legs (OWL 2, §9.2.1).

rel:causeLeadsTo owl:propertyChainAxiom ( [ owl:inverseOf rel:causedBy ] rel:hasEndEffect ) .
"""

from collections.abc import Mapping, Sequence

from failwise.errors import OntologyError
from failwise.kg.records import Relation
from failwise.kg.triples import Term, Triples
from failwise.kg.vocabulary import OWL, RDF

INVERSE = "^"
_LEGS = 2


def read_chain(graph: Triples, relation: Relation, declared: Mapping[str, Relation]) -> tuple[str, ...]:
    """Return the two relations that a relation joins, as `Relation.chain` holds them; nothing where it joins none.

    Args:
        graph: where it is declared.
        relation: the one that joins.
        declared: all relations by name.

    Raises:
        OntologyError: the declaration is no chain of two legs that meet.
    """
    chains = list(graph.objects(relation.iri, OWL.propertyChainAxiom))
    if not chains:
        return ()
    if len(chains) > 1:
        raise OntologyError(f"{relation.name} has {len(chains)} chains (owl:propertyChainAxiom); keep one")
    items = _items(graph, chains[0])
    if len(items) != _LEGS:
        found = f"{len(items)}" if len(items) <= _LEGS else "more"
        raise OntologyError(
            f"the chain of {relation.name} must be a list of exactly two relations, but {found} were found; "
            "write owl:propertyChainAxiom ( rel:… rel:… )"
        )
    by_iri = {r.iri: r for r in declared.values()}
    chain = tuple(_leg(graph, relation, item, by_iri) for item in items)
    _refuse_gaps(relation, chain, declared)
    return chain


def _items(graph: Triples, head: Term) -> list[Term]:
    """Return what a list holds, at most one item more than a chain has: a list may run in a circle."""
    items: list[Term] = []
    node: Term | None = head
    while isinstance(node, str) and node != RDF.nil and len(items) <= _LEGS:
        item = graph.value(node, RDF.first)
        items += [] if item is None else [item]
        node = None if item is None else graph.value(node, RDF.rest)
    return items


def _leg(graph: Triples, relation: Relation, item: Term, declared: Mapping[str, Relation]) -> str:
    node = item if isinstance(item, str) else item.value
    inverse = graph.node(node, OWL.inverseOf) if node not in declared else None
    found = declared.get(inverse or node)
    if found is None:
        what = "an unnamed node" if node.startswith("_:") and inverse is None else repr(inverse or node)
        raise OntologyError(
            f"the chain of {relation.name} names {what}, which is no declared relation; "
            "a leg is a fw:Relation, or [ owl:inverseOf … ] of one"
        )
    if found is relation or any(True for _ in graph.objects(found.iri, OWL.propertyChainAxiom)):
        raise OntologyError(
            f"the chain of {relation.name} names {found.name}, which is a chain itself; "
            "a leg needs facts that are not joined"
        )
    return INVERSE * (inverse is not None) + found.name


def _refuse_gaps(relation: Relation, chain: Sequence[str], declared: Mapping[str, Relation]) -> None:
    """Refuse a chain whose legs do not meet, or that does not lead from the domain to the range of the relation."""
    (start, met), (meets, end) = (_classes(declared, leg) for leg in chain)
    for one, other, what in (
        (met, meets, f"{chain[0]} ends in {_short(met)}, but {chain[1]} starts from {_short(meets)}"),
        (start, relation.domain, f"it starts from {_short(start)}, but rdfs:domain is {_short(relation.domain)}"),
        (end, relation.range, f"it ends in {_short(end)}, but rdfs:range is {_short(relation.range)}"),
    ):
        if one != other:
            raise OntologyError(f"the chain of {relation.name} does not fit: {what}; turn a leg or name another one")


def _classes(declared: Mapping[str, Relation], leg: str) -> tuple[str, str]:
    found = declared[leg.removeprefix(INVERSE)]
    return (found.range, found.domain) if leg.startswith(INVERSE) else (found.domain, found.range)


def _short(iri: str) -> str:
    return iri.rpartition("#")[2] or "nothing"


def middle_class(relation: Relation, declared: Mapping[str, Relation]) -> str:
    """Return the class of the things that the two legs of a joining relation share."""
    return _classes(declared, relation.chain[0])[1]
