"""Facts summed up to what people ask about: an asset class, a relation, a sensor, a direction."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from failwise.evaluation.coverage.judging import Judged
from failwise.evaluation.coverage.mastery import Floats, Ints
from failwise.evaluation.coverage.probes import View
from failwise.evaluation.coverage.states import STATES
from failwise.evaluation.records import RollUp
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Entity, Fact
from failwise.kg.vocabulary import FIXED, KINDS

# (dimension, value) pairs, each with the place of a thing that counts there.
Places = Iterable[tuple[str, str, int]]


def roll_ups(
    graph: KnowledgeGraph, facts: Sequence[Fact], of_facts: Judged, views: Sequence[View], of_views: Judged
) -> list[RollUp]:
    """Return the rows of all dimensions.

    all, relation, asset_class, table   each fact counts once (a table is an asset class with a relation)
    asset_family                        a broader asset class with all that are kinds of it
    failure_mode, component             one row for each of an asset class
    sensor, cause, effect, …            one row for each, whatever the asset class
    concept                             what several asset classes share (bearing damage of pump and fan)
    direction, polarity                 each way in which a fact was asked is judged by itself
    """
    return _rows(groups_of(graph, facts), of_facts) + _rows(_of_views(views), of_views)


def _rows(places: Places, judged: Judged) -> list[RollUp]:
    groups: dict[tuple[str, str], list[int]] = {}
    for dimension, value, place in places:
        groups.setdefault((dimension, value), []).append(place)
    order = list(dict.fromkeys(dimension for dimension, _ in groups))
    return [_row(*key, np.array(groups[key]), judged)
            for key in sorted(groups, key=lambda k: (order.index(k[0]), k[1]))]  # fmt: skip


def _row(dimension: str, value: str, members: Ints, judged: Judged) -> RollUp:
    asked = judged.asked[members]
    n, right = int(asked.sum()), int(judged.right[members].sum())
    counts = np.bincount(judged.state[members], minlength=len(STATES)).tolist()
    shares = judged.worlds[:, members].mean(1)
    return RollUp(
        dimension,
        value,
        len(members),
        **dict(zip(STATES, counts, strict=True)),
        n=n,
        right=right,
        accuracy=right / n if n else 0.0,
        chance=float(judged.luck[members].sum()) / n if n else 0.0,
        share=float(shares.mean()),
        share_low=quantile(shares, 0.025),
        share_high=quantile(shares, 0.975),
    )


def quantile(shares: Floats, level: float) -> float:
    """Return the value that stands at a level of drawn ones; never one between two of them."""
    return float(np.quantile(shares, level, method="inverted_cdf"))


def groups_of(graph: KnowledgeGraph, facts: Sequence[Fact]) -> Iterator[tuple[str, str, int]]:
    """Yield every group of every fact: dimension, value, and the place of the fact."""
    shared = _shared_concepts(graph, facts)
    families = {slug for fact in facts for slug in graph.broader(fact.asset_class.slug)}
    for place, fact in enumerate(facts):
        asset = fact.asset_class
        yield "all", "all", place
        yield "relation", fact.relation, place
        yield "asset_class", asset.label, place
        yield "table", f"{asset.label}: {fact.relation}", place
        for slug in families & {asset.slug, *graph.broader(asset.slug)}:
            yield "asset_family", graph.asset_classes[slug].label, place
        for end in _ends(fact):
            kind = KINDS[end.kind]
            label = f"{asset.label}: {end.label}" if kind.local else end.label
            yield kind.name.replace(" ", "_"), label, place
            if end.concept in shared:
                yield "concept", f"{end.label} ({kind.name})", place


def _ends(fact: Fact) -> tuple[Entity, ...]:
    """Return what the fact is about beside its asset class; numbers and ratings mean nothing by themselves."""
    ends = {end.iri: end for end in (fact.subject, fact.object)}
    return tuple(e for e in ends.values() if e.iri != fact.asset_class.iri and e.kind in KINDS and e.kind not in FIXED)


def _shared_concepts(graph: KnowledgeGraph, facts: Iterable[Fact]) -> frozenset[str]:
    """Return the concepts of things of which several asset classes have one of their own."""
    owners: dict[str, set[str]] = {}
    for fact in facts:
        for end in _ends(fact):
            if KINDS[end.kind].local:
                owners.setdefault(end.concept, set()).add(fact.asset_class.slug)
    return frozenset(concept for concept, slugs in owners.items() if len(slugs) > 1)


def _of_views(views: Sequence[View]) -> Iterator[tuple[str, str, int]]:
    for dimension in ("direction", "polarity"):
        for place, view in enumerate(views):
            yield dimension, getattr(view, dimension), place
