"""Facts near a thing in the graph: those that touch it, then those that touch what these touch, and so on."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import networkx as nx

from failwise.errors import InputError
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Fact, Truth

FARTHEST = 5


@dataclass(frozen=True, slots=True)
class Anchor:
    """What facts are looked for around: IRIs of things, and the asset class and relation whose facts come first."""

    things: tuple[str, ...]
    asset_class: str = ""
    relation: str = ""


class Hops:
    """Facts by their distance from a thing. Facts whose truth is unknown are no evidence and link nothing.

    Args:
        graph: whose facts; things are nodes, a fact that holds links two of them.
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph

    def facts(self, anchor: Anchor, hops: int = 1, most: int = 50) -> list[Fact]:
        """Return the facts within so many hops of an anchor, nearest first.

        Of equally near ones, those of the anchor's asset class come first, then those of its relation, then by id.
        What holds and what does not stand mixed, so that their order tells nothing.

        Args:
            hops: 1 is the facts that the things stand in themselves.
            most: so many at most.

        Raises:
            InputError: hops are out of range.
        """
        if not 1 <= hops <= FARTHEST:
            raise InputError(f"hops is {hops}; allowed are 1 to {FARTHEST}")
        return list(islice(self._nearest(anchor, hops), max(0, most)))

    def _nearest(self, anchor: Anchor, hops: int) -> Iterator[Fact]:
        known = [thing for thing in anchor.things if thing in self._network]
        seen: set[str] = set()
        for layer in islice(nx.bfs_layers(self._network, known), hops) if known else ():
            near = {fact.id: fact for thing in layer for fact in self._at[thing] if fact.id not in seen}
            seen |= near.keys()
            yield from sorted(
                near.values(),
                key=lambda f: (f.asset_class.slug != anchor.asset_class, f.relation != anchor.relation, f.id),
            )

    @cached_property
    def _network(self) -> nx.Graph:
        network = nx.Graph()
        for fact in self._known():
            network.add_nodes_from((fact.subject.iri, fact.object.iri))
            if fact.truth is Truth.YES:
                network.add_edge(fact.subject.iri, fact.object.iri)
        return network

    @cached_property
    def _at(self) -> dict[str, list[Fact]]:
        at: dict[str, list[Fact]] = {}
        for fact in self._known():
            for iri in {fact.subject.iri, fact.object.iri}:
                at.setdefault(iri, []).append(fact)
        return at

    def _known(self) -> Iterator[Fact]:
        return (fact for fact in self._graph.facts.values() if fact.truth is not Truth.UNKNOWN)


def shared_anchor(graph: KnowledgeGraph, fact_ids: Iterable[str]) -> Anchor:
    """Return what all these facts are about: the things in all of them, their asset class, their relation.

    Where nothing is in all of them, the things that are in most; where they are of several asset classes or
    relations, none. It does not depend on the facts' order or truth, so nothing of what a question asks for shows.
    """
    facts = [graph.facts[i] for i in dict.fromkeys(fact_ids) if i in graph.facts]
    ends = Counter(iri for fact in facts for iri in {fact.subject.iri, fact.object.iri})
    most = max(ends.values(), default=0)
    return Anchor(
        tuple(sorted(iri for iri, count in ends.items() if count == most)),
        _only({fact.asset_class.slug for fact in facts}),
        _only({fact.relation for fact in facts}),
    )


def _only(values: set[str]) -> str:
    return next(iter(values)) if len(values) == 1 else ""
