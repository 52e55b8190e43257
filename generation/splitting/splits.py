"""Split regimes: which facts training may use, and which are kept for the test.

    new-question     every fact on both sides; only the questions differ. It measures recall.
    held-out-fact    facts of the test are in no training question, neither as right nor as wrong option
    held-out-pair    nor is their pair of names, on any asset class and in any relation
    held-out-entity  they are about a failure mode, sensor, cause, … that training never names
    held-out-asset   they are about asset classes that training never names, kin included

Facts that say the same or follow from each other stay together; where they cannot, they are on neither side.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, cast

import networkx as nx

from failwise.errors import InputError
from failwise.generation.splitting.blocks import Blocks, table_of
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.names import did_you_mean, slugify
from failwise.kg.records import Direction, Entity, Fact, Truth

REGIMES = ("new-question", "held-out-fact", "held-out-pair", "held-out-entity", "held-out-asset")
NAMED = {"held-out-pair": "pairs of names", "held-out-entity": "entities", "held-out-asset": "asset classes"}
TRAIN, TEST = frozenset({"train"}), frozenset({"test"})
_COMPARED = 16  # units among which each step of a choice takes the one that spreads best


@dataclass(frozen=True, slots=True)
class Partition:
    """Which facts may stand in questions of which split.

    `test` and `dropped` hold ids of facts; all others are for training. `held_out` names what was kept from
    training: asset classes, entities, or pairs of names. Under the regime new-question every fact is on both sides.
    """

    regime: str
    held_out: tuple[str, ...] = ()
    test: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()

    def side(self, fact_id: str) -> frozenset[str]:
        """Return the splits whose questions may use a fact: none, "train", "test" or both."""
        if self.regime == "new-question":
            return TRAIN | TEST
        if fact_id in self.dropped:
            return frozenset()
        return TEST if fact_id in self.test else TRAIN


def partition(
    graph: KnowledgeGraph,
    regime: str,
    *,
    share: float = 0.2,
    held_out: Sequence[str] = (),
    relations: Collection[str] = (),
    asset_classes: Collection[str] = (),
    seed: int = 0,
) -> Partition:
    """Part the facts of a graph between training and test.

    Args:
        share: of the facts that can be asked, how many are held out, about; without meaning where `held_out` is given.
        held_out: asset classes, entities, or pairs of names as "a / b", as the regime wants; empty: chosen by seed.
        relations: by name; empty: all. Only facts of these count, as do only those of `asset_classes` (slugs).

    Raises:
        InputError: the regime or a name is unknown, or one of the sides would have nothing to ask about.
    """
    if regime not in REGIMES:
        raise InputError(f"unknown split regime {regime!r}{did_you_mean(regime, REGIMES)} It may be {_any(REGIMES)}")
    if held_out and regime not in NAMED:
        raise InputError(f"the regime {regime} takes no names, but held_out is {', '.join(held_out)}; leave it out")
    if not 0 < share < 1:
        raise InputError(f"a share of {share} cannot be held out; it must lie between 0 and 1, 0.2 for example")
    if regime == "new-question":
        return Partition(regime)
    digest = blake2b(f"{seed}/{regime}".encode(), digest_size=8).digest()
    work = _Partitioning(graph, regime, share, random.Random(int.from_bytes(digest)), (relations, asset_classes))
    return work.done(held_out)


def _any(names: Iterable[str]) -> str:
    return ", ".join(names)


def rows_of(graph: KnowledgeGraph, facts: Iterable[Fact]) -> dict[tuple[object, ...], list[Fact]]:
    """Return the facts around each anchor of each table and direction that questions can be asked in."""
    directions = {r.name: {f.direction for f in r.families} for r in graph.relations.values()}
    rows: dict[tuple[object, ...], list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.truth is not Truth.UNKNOWN:
            for direction in directions.get(fact.relation, ()):
                anchor = fact.subject if direction is Direction.FORWARD else fact.object
                rows[(*table_of(fact), direction, anchor.concept)].append(fact)
    return rows


def askable(graph: KnowledgeGraph, facts: Iterable[Fact]) -> dict[str, Fact]:
    """Return those facts, by id, that have a fact of the other truth beside them around one anchor."""
    mixed = (row for row in rows_of(graph, facts).values() if len({f.truth for f in row}) == 2)
    return dict(sorted({f.id: f for row in mixed for f in row}.items()))


class _Partitioning:
    """One call of `partition`: the facts that count, the names they go by, and the bundles that stay together."""

    def __init__(
        self,
        graph: KnowledgeGraph,
        regime: str,
        share: float,
        dice: random.Random,
        scope: tuple[Collection[str], Collection[str]],
    ) -> None:
        self.graph, self.regime, self.share, self.random = graph, regime, share, dice
        self.facts = [f for f in graph.facts.values() if f.truth is not Truth.UNKNOWN]
        relations, assets = scope
        chosen = (
            f
            for f in self.facts
            if (not relations or f.relation in relations) and (not assets or f.asset_class.slug in assets)
        )
        self.askable = askable(graph, chosen)
        self.functional = {r.name for r in graph.relations.values() if r.functional}
        self.names = _names(self.facts)
        self.kin = {slug: min(graph.kin(slug)) for slug in graph.asset_classes}
        self.bundle = self._bundles()

    def done(self, wanted: Sequence[str]) -> Partition:
        """Choose what is held out, settle what hangs together, and refuse a side without questions."""
        held: Collection[str]
        if self.regime == "held-out-fact":
            held, test = (), self._in_blocks()
        elif self.regime == "held-out-pair":
            test = self._of_pairs(wanted) if wanted else self._in_blocks()
            held = {self._pair_words(f) for f in self.facts if f.id in test}
        elif self.regime == "held-out-entity":
            keys = self._entities(wanted)
            held = {e.label for f in self.facts for e in _things(f) if self.names[e.iri] in keys}
            test = {f.id for f in self.facts if any(self.names[e.iri] in keys for e in _things(f))}
        else:
            keys = self._assets(wanted)
            held = [self.graph.asset_classes[a].label for a in self.graph.asset_classes if self.kin[a] in keys]
            test = {f.id for f in self.facts if self.kin[f.asset_class.slug] in keys}
        found = self._settled(test, tuple(sorted(held)))
        self._refuse_one_sided(found)
        return found

    # --- what stays together ---

    def _bundles(self) -> dict[str, str]:
        """Return by fact id the bundle of facts that say the same, imply each other, or share their pair of names."""
        joined = _joined()
        for fact in self.facts:
            bound = () if self._conditional(fact) else fact.derivation
            joined.union(fact.id, *bound, *self._same(fact))
        first: dict[object, str] = {}
        return {f.id: first.setdefault(joined[f.id], f.id) for f in self.facts}

    def _same(self, fact: Fact) -> Iterator[tuple[str, ...]]:
        """Yield what a fact has in common with those it is bound to."""
        kin, subject, object_ = self.kin[fact.asset_class.slug], *self._pair(fact)
        of_class = fact.subject.iri == fact.asset_class.iri
        yield "says", kin, fact.relation, "" if of_class else subject, object_
        if fact.relation in self.functional:
            yield "one object", kin, fact.relation, "" if of_class else subject
        if self.regime == "held-out-pair":
            yield "pair", *sorted((subject, object_))

    def _pair(self, fact: Fact) -> tuple[str, str]:
        return self.names[fact.subject.iri], self.names[fact.object.iri]

    def _conditional(self, fact: Fact) -> bool:
        """Say whether a fact is joined from facts that may lie on both sides; a product of ratings never does."""
        return fact.basis == "derived" and fact.relation not in self.functional

    def _settled(self, test: Collection[str], held: tuple[str, ...]) -> Partition:
        """Drop what is bound to facts of both sides."""
        bundles: dict[str, list[Fact]] = defaultdict(list)
        for fact in self.facts:
            bundles[self.bundle[fact.id]].append(fact)
        side: dict[str, bool | None] = {f.id: f.id in test for f in self.facts}
        for members in bundles.values():
            if len({side[f.id] for f in members}) == 2:
                side.update((f.id, None) for f in members)
        for members in bundles.values():
            self._follow([f for f in members if self._conditional(f)], len(members), side)
        kept = frozenset(i for i, of_test in side.items() if of_test)
        return Partition(self.regime, held, kept, frozenset(i for i, of_test in side.items() if of_test is None))

    def _follow(self, joined: Sequence[Fact], size: int, side: dict[str, bool | None]) -> None:
        """Put joined facts where all that they follow from is; they choose no side themselves."""
        sides = [{side.get(i) for i in self._roots(fact)} for fact in joined]
        free = self.regime in ("held-out-fact", "held-out-pair") and len(joined) == size
        if free and len(common := set[bool | None]().union(*sides)) == 1:
            side.update((fact.id, next(iter(common))) for fact in joined)
        for fact, found in zip(joined, sides, strict=True):
            if found != {side[fact.id]}:
                side[fact.id] = None

    def _roots(self, fact: Fact) -> Iterator[str]:
        for fact_id in fact.derivation:
            premise = self.graph.facts.get(fact_id)
            if premise is not None and self._conditional(premise):
                yield from self._roots(premise)
            else:
                yield fact_id

    # --- what is held out ---

    def _in_blocks(self) -> set[str]:
        own = [f for f in self.askable.values() if not self._conditional(f)]
        rows = frozenset(self.bundle[f.id] for f in own if f.relation in self.functional)
        held = Blocks(own, self.bundle, rows, self.share, self.random).choose()
        return {f.id for f in self.facts if self.bundle[f.id] in held}

    def _of_pairs(self, wanted: Iterable[str]) -> set[str]:
        known: dict[tuple[str, ...], str] = {}
        for fact in self.facts:
            for one, other in ((fact.subject, fact.object), (fact.object, fact.subject)):
                known.setdefault((slugify(one.label), slugify(other.label)), self.bundle[fact.id])
                known.setdefault((one.slug, other.slug), self.bundle[fact.id])
        held = {_pair_of(text, known) for text in wanted}
        return {f.id for f in self.facts if self.bundle[f.id] in held}

    def _pair_words(self, fact: Fact) -> str:
        return " / ".join(sorted((fact.subject.label, fact.object.label)))

    def _entities(self, wanted: Iterable[str]) -> set[str]:
        known: dict[str, str] = {}
        for fact in self.facts:
            for entity in _things(fact):
                known.setdefault(entity.slug, self.names[entity.iri])
                known.setdefault(slugify(entity.label), self.names[entity.iri])
        if wanted:
            return {known[_found(name, known, "entity")] for name in wanted}
        assets = {self.names[e.iri] for e in self.graph.asset_classes.values() if e.iri in self.names}
        units: dict[str, dict[str, Fact]] = defaultdict(dict)
        anchors: set[str] = set()
        for row in rows_of(self.graph, self.askable.values()).values():
            # The anchor is the end that all facts of the row share.
            ends = [{self.names[e.iri] for e in _things(f)} for f in row]
            if len({f.truth for f in row}) == 2:
                anchors |= set.intersection(*ends)
            for fact, names in zip(row, ends, strict=True):
                for name in names:
                    units[name][fact.id] = fact
        levels = {self.names[f.object.iri] for f in self.askable.values() if f.relation in self.functional}
        return self._spread({n: list(units[n].values()) for n in anchors - assets - levels})

    def _assets(self, wanted: Iterable[str]) -> set[str]:
        if wanted:
            return {self.kin[self.graph.asset_class(name).slug] for name in wanted}
        units: dict[str, list[Fact]] = defaultdict(list)
        for fact in self.askable.values():
            units[self.kin[fact.asset_class.slug]].append(fact)
        return self._spread(units)

    def _spread(self, units: Mapping[str, Sequence[Fact]]) -> set[str]:
        """Choose units until about `share` of the facts are held out, of every relation if it can be."""
        goal = {r: self.share * n for r, n in Counter(f.relation for f in self.askable.values()).items()}
        held: dict[str, Fact] = {}
        have: Counter[str] = Counter()
        chosen: set[str] = set()
        order = sorted(units)
        self.random.shuffle(order)
        while order and len(held) < self.share * len(self.askable):
            fresh = {u: Counter(f.relation for f in units[u] if f.id not in held) for u in order[:_COMPARED]}
            gain = {u: sum(_gain(goal[r], have[r], n) for r, n in counts.items()) for u, counts in fresh.items()}
            best = max(gain, key=lambda u: gain[u])
            if gain[best] <= 0 and chosen:
                del order[:_COMPARED]
                continue
            order.remove(best)
            chosen.add(best)
            have.update(fresh[best])
            held.update((f.id, f) for f in units[best])
        return chosen

    def _refuse_one_sided(self, found: Partition) -> None:
        for split in ("test", "train"):
            if not askable(self.graph, (f for f in self.askable.values() if split in found.side(f.id))):
                names = f" ({', '.join(found.held_out[:5])})" if found.held_out else ""
                raise InputError(
                    f"under the regime {self.regime} no {split} question could be asked{names}: its facts have no "
                    "right and wrong option around one anchor; hold out "
                    f"{'more' if split == 'test' else 'less'}, or take more asset classes and relations"
                )


def _joined() -> Any:
    """Return networkx's union-find, which has no types. Which member stands for a set is left to chance."""
    return cast(Any, nx.utils.UnionFind)()


def _names(facts: Iterable[Fact]) -> dict[str, str]:
    """Return by IRI one key for all entities that share a concept or a label."""
    entities = {e.iri: e for f in facts for e in (f.subject, f.object)}
    joined = _joined()
    for entity in entities.values():
        joined.union(f"label {slugify(entity.label)}", f"concept {entity.concept}")
    first: dict[object, str] = {}
    return {iri: first.setdefault(joined[f"concept {e.concept}"], e.concept) for iri, e in entities.items()}


def _things(fact: Fact) -> list[Entity]:
    """Return the ends of a fact that are not its asset class itself."""
    return [e for e in (fact.subject, fact.object) if e.iri != fact.asset_class.iri]


def _gain(goal: float, have: int, more: int) -> float:
    """Return how much nearer to its goal a relation comes, as squares of shares."""
    return ((goal - have) ** 2 - (goal - have - more) ** 2) / goal


def _found(name: str, known: Collection[str], what: str) -> str:
    if (slug := slugify(name)) in known:
        return slug
    raise InputError(f"held_out: unknown {what} {name!r}{did_you_mean(slug, known)} Labels and slugs are known")


def _pair_of(text: str, known: Mapping[tuple[str, ...], str]) -> str:
    """Return the bundle of a pair "a / b"; names may hold a slash themselves."""
    parts = text.split("/")
    if len(parts) < 2:
        raise InputError(f"held_out: {text!r} is no pair of names; write the two with a slash between: a / b")
    for i in range(1, len(parts)):
        pair = (slugify("/".join(parts[:i])), slugify("/".join(parts[i:])))
        if pair in known:
            return known[pair]
    spelled = (" / ".join(pair) for pair in known)
    raise InputError(
        f"held_out: no fact is about the pair {text!r}{did_you_mean(text, spelled)} The names may stand in any order"
    )
