"""Which facts can be asked: a question needs right and wrong options around one anchor of one table."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TypeAlias

from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Fact, Truth

# Asset class (empty where the table goes across them), relation, direction, anchor.
Row: TypeAlias = tuple[str, str, Direction, str]


def rows_of(graph: KnowledgeGraph, facts: Iterable[Fact]) -> dict[Row, list[Fact]]:
    """Return the facts around each anchor of each table and direction that questions can be asked in."""
    directions = {r.name: {f.direction for f in r.families} for r in graph.relations.values()}
    rows: dict[Row, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.truth is not Truth.UNKNOWN:
            asset_class = "" if fact.subject.iri == fact.asset_class.iri else fact.asset_class.slug
            for direction in directions.get(fact.relation, ()):
                anchor = fact.subject if direction is Direction.FORWARD else fact.object
                rows[asset_class, fact.relation, direction, anchor.concept].append(fact)
    return rows


def askable(graph: KnowledgeGraph, facts: Iterable[Fact]) -> dict[str, Fact]:
    """Return those facts, by id, that have a fact of the other truth beside them around one anchor."""
    mixed = (row for row in rows_of(graph, facts).values() if len({f.truth for f in row}) == 2)
    return dict(sorted({f.id: f for row in mixed for f in row}.items()))
