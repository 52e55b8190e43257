"""Named ways to choose a distractor where no contrast group gives one. Each is a ranking of stated noes."""

import random
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from failwise.generation.config import Distractor
from failwise.generation.drawing.distractors import Strategy
from failwise.generation.matrices.tables import Table, Unit
from failwise.generation.records import Kind
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Entity, Fact, Polarity, Truth

Nearness = Callable[[str, str], float]


def strategies(
    graph: KnowledgeGraph,
    unit: Unit,
    table: Table,
    polarity: Polarity,
    weights: Mapping[Distractor, float],
    rng: random.Random,
) -> list[tuple[Kind, Strategy, float]]:
    """Return the strategies that have a weight; nothing where only degrees are matched, which is the drawer's own."""
    found: list[tuple[Kind, Strategy, float]] = []
    for name, weight in weights.items():
        if weight:
            kind = Kind(name)
            siblings = _siblings(graph, unit, table, polarity) if kind is Kind.SIBLING_ASSET else None
            found.append((kind, siblings or _strategy(kind, table, rng), weight))
    return [] if [kind for kind, _, _ in found] == [Kind.DEGREE_MATCHED] else found


def _strategy(kind: Kind, table: Table, rng: random.Random) -> Strategy:
    match kind:
        case Kind.NAME_NEAR:
            return _nearest(table, name_nearness)
        case Kind.EMBEDDING_NEAR:
            return _nearest(table, _by_meaning(table.options))
        case Kind.OUT_OF_ASSET:
            return lambda a, o, pool: rng.sample(table.outside, len(table.outside))
        case _:
            return lambda a, o, pool: rng.sample(pool, len(pool))


def _nearest(table: Table, near: Nearness) -> Strategy:
    labels = [e.label for e in table.options]
    return lambda a, o, pool: sorted(pool, key=lambda p: (-near(labels[o], labels[p]), p))


def _siblings(graph: KnowledgeGraph, unit: Unit, table: Table, polarity: Polarity) -> Strategy:
    """Rank what is wrong here and right for a kin of the asset class; nothing where there is no such option."""
    if unit.across:
        return _siblings_across(graph, table, polarity)
    right = Truth.YES if polarity is Polarity.SELECTION else Truth.NO
    kin = graph.kin(unit.asset_class) - {unit.asset_class}
    forward = table.direction is Direction.FORWARD
    pairs = {_names(f) for slug in kin for f in graph.query(slug, unit.relation, truth=right)}

    def ranked(a: int, o: int, pool: list[int]) -> list[int]:
        anchor = table.anchors[a].concept
        ends = ((anchor, table.options[p].concept) for p in pool)
        return [p for p, (s, t) in zip(pool, ends, strict=True) if ((s, t) if forward else (t, s)) in pairs]

    return ranked


def _siblings_across(graph: KnowledgeGraph, table: Table, polarity: Polarity) -> Strategy:
    right = table.yes if polarity is Polarity.SELECTION else table.no

    def ranked(a: int, o: int, pool: list[int]) -> list[int]:
        if table.direction is Direction.INVERSE:  # options are asset classes: kin of the right one
            kin = graph.kin(table.options[o].slug)
            return [p for p in pool if table.options[p].slug in kin]
        kin = graph.kin(table.anchors[a].slug)
        rows = [right[b] for b, e in enumerate(table.anchors) if e.slug in kin and b != a]
        return [p for p in pool if any(row >> p & 1 for row in rows)]

    return ranked


def _names(fact: Fact) -> tuple[str, str]:
    return fact.subject.concept, fact.object.concept


@lru_cache(maxsize=100_000)
def name_nearness(a: str, b: str) -> float:
    """Return the share of letter triples that two names have in common (Jaccard), 0 to 1."""
    one, other = _triples(a), _triples(b)
    return len(one & other) / len(one | other)


@lru_cache(maxsize=20_000)
def _triples(name: str) -> frozenset[str]:
    padded = f"  {name.casefold()} "
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))


def _by_meaning(options: Iterable[Entity]) -> Nearness:
    """Return the cosine of two options' embeddings.

    Raises:
        InputError: the `semantic` extra is not installed.
    """
    from failwise.kg.suggest import embed

    labels = [e.label for e in options]
    vectors = dict(zip(labels, embed(labels), strict=True))
    return lambda a, b: float(vectors[a] @ vectors[b])
