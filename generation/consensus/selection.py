"""Which facts are voted on, and the examples that a voter is shown for each."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from failwise.files import content_id
from failwise.generation.consensus.config import ConsensusConfig
from failwise.generation.consensus.prompts import words
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Fact, Truth
from failwise.kg.vocabulary import FW, KINDS

# What a source says itself. What was inherited or calculated would be counted twice.
_SAID = frozenset({"stated", "closed-table"})


def unknown_facts(graph: KnowledgeGraph, config: ConsensusConfig) -> list[Fact]:
    """Return the facts to ask about: unknown, and of a relation that can be stated."""
    facts = [f for f in _chosen(graph, config) if f.truth is Truth.UNKNOWN and _can_be_stated(graph, f)]
    return facts if config.facts is None else _spread(facts, config.seed)[: config.facts]


def hidden_facts(graph: KnowledgeGraph, config: ConsensusConfig) -> list[Fact]:
    """Return stated facts to check the voters by: as many yes as no, in turn from every relation.

    A greater number keeps the facts of a smaller one.
    """
    known = [f for f in _chosen(graph, config) if f.basis in _SAID and _can_be_stated(graph, f)]
    sides = [_spread([f for f in known if f.truth is truth], config.seed) for truth in (Truth.YES, Truth.NO)]
    paired = [fact for pair in zip(*sides, strict=False) for fact in pair]
    rest = max(sides, key=len)[len(paired) // 2 :]
    return (paired + rest)[: config.hidden]


def _chosen(graph: KnowledgeGraph, config: ConsensusConfig) -> Iterator[Fact]:
    for asset_class in config.asset_classes or (None,):
        for relation in config.relations or (None,):
            yield from graph.query(asset_class, relation)


def _can_be_stated(graph: KnowledgeGraph, fact: Fact) -> bool:
    relation = graph.relations[fact.relation]
    return relation.domain in KINDS and relation.range in KINDS and relation.range != FW.Number and not relation.chain


def _spread(facts: Iterable[Fact], seed: int) -> list[Fact]:
    """Return facts in an order that depends on the seed and takes each relation in turn."""
    by_relation: dict[str, list[tuple[str, Fact]]] = defaultdict(list)
    for fact in facts:
        by_relation[fact.relation].append((content_id(seed, fact.id), fact))
    ranked = []
    for group in by_relation.values():
        ranked += [(rank, key, fact) for rank, (key, fact) in enumerate(sorted(group, key=lambda pair: pair[0]))]
    return [fact for _, _, fact in sorted(ranked, key=lambda row: row[:2])]


@dataclass
class Examples:
    """Chooses answered examples: of the same relation, from asset classes that share nothing with the fact's."""

    graph: KnowledgeGraph
    count: int
    seed: int
    _kin: dict[str, frozenset[str]] = field(default_factory=dict)

    def of(self, fact: Fact) -> list[tuple[str, Truth]]:
        """Return statements with their truths, yes and no in turn; fewer where there are no more."""
        found: list[Fact] = []
        sides = [self._fit(fact, truth) for truth in (Truth.YES, Truth.NO)]
        while sides and len(found) < self.count:
            side = sides.pop(0)
            if (example := next(side, None)) is not None:
                found.append(example)
                sides.append(side)
        return [(words(self.graph, f), f.truth) for f in found]

    def _fit(self, fact: Fact, truth: Truth) -> Iterator[Fact]:
        kin = self._kin.setdefault(fact.asset_class.slug, self.graph.kin(fact.asset_class.slug))
        pair = fact.subject.concept, fact.object.concept
        for other in self._pools[fact.relation]:
            alike = (other.subject.concept, other.object.concept) == pair
            if other.truth is truth and other.asset_class.slug not in kin and not alike:
                yield other

    @cached_property
    def _pools(self) -> dict[str, list[Fact]]:
        pools: dict[str, list[Fact]] = defaultdict(list)
        for fact in self.graph.facts.values():
            if fact.basis in _SAID:
                pools[fact.relation].append(fact)
        for pool in pools.values():
            pool.sort(key=lambda f: content_id(self.seed, "example", f.id))
        return pools
