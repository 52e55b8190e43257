"""Bundles: facts that stay on one side, since they say the same or follow from each other."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

import networkx as nx

from failwise.kg.graph import KnowledgeGraph
from failwise.kg.names import slugify
from failwise.kg.records import Entity, Fact, Truth

Sides: TypeAlias = dict[str, bool | None]  # by fact id: of the test, of training, or of neither


@dataclass
class Bundles:
    """The facts of a graph that are yes or no, the names they go by, and the bundles that they are in.

    `names` gives by IRI one key for all entities that share a concept or a label, `kin` by slug one asset class for
    all its kin, `of` by fact id a bundle.
    """

    graph: KnowledgeGraph
    regime: str
    facts: list[Fact] = field(init=False)
    functional: frozenset[str] = field(init=False)
    names: dict[str, str] = field(init=False)
    kin: dict[str, str] = field(init=False)
    of: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        graph = self.graph
        self.facts = [f for f in graph.facts.values() if f.truth is not Truth.UNKNOWN]
        self.functional = frozenset(r.name for r in graph.relations.values() if r.functional)
        self.names = _names(self.facts)
        self.kin = {slug: min(graph.kin(slug)) for slug in graph.asset_classes}
        self.of = self._joined()

    def conditional(self, fact: Fact) -> bool:
        """Say whether a fact is joined from facts that may lie on both sides; a product of ratings never does."""
        return fact.basis == "derived" and fact.relation not in self.functional

    def settled(self, test: Collection[str]) -> Sides:
        """Return the side of every fact where these are for the test; what is bound to both sides is on neither."""
        bundles: dict[str, list[Fact]] = defaultdict(list)
        for fact in self.facts:
            bundles[self.of[fact.id]].append(fact)
        sides: Sides = {f.id: f.id in test for f in self.facts}
        for members in bundles.values():
            if len({sides[f.id] for f in members}) == 2:
                sides.update((f.id, None) for f in members)
        for members in bundles.values():
            self._follow([f for f in members if self.conditional(f)], len(members), sides)
        return sides

    def _joined(self) -> dict[str, str]:
        joined = union_find()
        for fact in self.facts:
            bound = () if self.conditional(fact) else fact.derivation
            joined.union(fact.id, *bound, *self._shared(fact))
        first: dict[object, str] = {}
        return {f.id: first.setdefault(joined[f.id], f.id) for f in self.facts}

    def _shared(self, fact: Fact) -> Iterator[tuple[str, ...]]:
        """Yield what a fact has in common with those it is bound to."""
        kin, subject, object_ = (
            self.kin[fact.asset_class.slug],
            self.names[fact.subject.iri],
            self.names[fact.object.iri],
        )
        of_class = fact.subject.iri == fact.asset_class.iri
        yield "says", kin, fact.relation, "" if of_class else subject, object_
        if fact.relation in self.functional:
            yield "one object", kin, fact.relation, "" if of_class else subject
        if self.regime == "held-out-pair":
            yield "pair", *sorted((subject, object_))

    def _follow(self, joined: Sequence[Fact], size: int, sides: Sides) -> None:
        """Put joined facts where all that they follow from is; they choose no side themselves."""
        found = [{sides.get(i) for i in self._roots(fact)} for fact in joined]
        free = self.regime in ("held-out-fact", "held-out-pair") and len(joined) == size
        if free and len(common := set[bool | None]().union(*found)) == 1:
            sides.update((fact.id, next(iter(common))) for fact in joined)
        for fact, of_roots in zip(joined, found, strict=True):
            if of_roots != {sides[fact.id]}:
                sides[fact.id] = None

    def _roots(self, fact: Fact) -> Iterator[str]:
        for fact_id in fact.derivation:
            premise = self.graph.facts.get(fact_id)
            if premise is not None and self.conditional(premise):
                yield from self._roots(premise)
            else:
                yield fact_id


def things(fact: Fact) -> list[Entity]:
    """Return the ends of a fact that are not its asset class itself."""
    return [e for e in (fact.subject, fact.object) if e.iri != fact.asset_class.iri]


def _names(facts: Iterable[Fact]) -> dict[str, str]:
    entities = {e.iri: e for f in facts for e in (f.subject, f.object)}
    joined = union_find()
    for entity in entities.values():
        joined.union(f"label {slugify(entity.label)}", f"concept {entity.concept}")
    first: dict[object, str] = {}
    return {iri: first.setdefault(joined[f"concept {e.concept}"], e.concept) for iri, e in entities.items()}


def union_find() -> Any:
    """Return networkx's union-find, which has no types. Which member stands for a set is left to chance."""
    return cast(Any, nx.utils.UnionFind)()
