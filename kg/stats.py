"""Counts of what an ontology knows."""

from collections import Counter
from dataclasses import dataclass

from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Truth


@dataclass(frozen=True, slots=True)
class TableCount:
    """Facts of one asset class and relation, by truth."""

    asset_class: str
    relation: str
    yes: int
    no: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Connected:
    """A node of the graph with its number of yes facts."""

    iri: str
    label: str
    degree: int


def count_tables(graph: KnowledgeGraph) -> list[TableCount]:
    """Return one row per asset class and relation that has facts."""
    counts = Counter((f.asset_class.label, f.relation, f.truth) for f in graph.facts.values())
    tables = sorted({(asset, relation) for asset, relation, _ in counts})
    return [TableCount(a, r, *(counts[a, r, t] for t in (Truth.YES, Truth.NO, Truth.UNKNOWN))) for a, r in tables]


def best_connected(graph: KnowledgeGraph, most: int = 10) -> list[Connected]:
    """Return the nodes with the most yes facts, asset classes left out."""
    network = graph.network()
    assets = {a.iri for a in graph.asset_classes.values()}
    ranked = sorted(((d, n) for n, d in network.degree() if n not in assets), key=lambda x: (-x[0], x[1]))
    return [Connected(n, network.nodes[n]["label"], d) for d, n in ranked[:most]]
