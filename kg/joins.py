"""The facts of relations that join two others over what these share: a cause leads to what its failure modes lead to.

From a chain OWL concludes a yes where one shared thing links both ends. We conclude a no as well, since the things
that an asset class has are known: where each of them is denied one of the two links. What is left is unknown, and
stays unsaid.

A relation that is also an rdfs:subPropertyOf another one is a no wherever that one is: a measurement that is not
taken on an asset class cannot show its failure modes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from failwise.kg.chains import INVERSE
from failwise.kg.records import Entity, Fact, Relation, Truth


@dataclass(slots=True)
class Side:
    """One leg on one asset class: by end, the shared things that it has a yes or a no with, as bits."""

    ends: dict[str, Entity] = field(default_factory=dict)
    yes: dict[str, int] = field(default_factory=dict)
    no: dict[str, int] = field(default_factory=dict)
    facts: dict[tuple[str, int], list[Fact]] = field(default_factory=dict)
    middles: int = 0

    def add(self, fact: Fact, end: Entity, bit: int) -> None:
        """Take one fact, whose shared thing has this bit."""
        self.ends.setdefault(end.slug, end)
        self.middles |= bit
        if fact.truth is not Truth.UNKNOWN:
            truths = self.yes if fact.truth is Truth.YES else self.no
            truths[end.slug] = truths.get(end.slug, 0) | bit
            self.facts.setdefault((end.slug, bit), []).append(fact)

    def told(self, end: str, bits: Iterable[int]) -> Iterator[Fact]:
        """Yield the facts that judge an end with some shared things."""
        for bit in bits:
            yield from self.facts.get((end, bit), ())


@dataclass(slots=True)
class Members:
    """The shared things that an asset class is said to have, as bits, and the facts that deny it others."""

    had: int = 0
    lacked: dict[int, Fact] = field(default_factory=dict)


class Tables:
    """The facts of one asset class by relation, ready to be joined. What is shared is told apart by its concept."""

    def __init__(self, facts: Mapping[str, Sequence[Fact]]) -> None:
        self.facts = facts
        self._bits: dict[str, int] = {}
        self._sides: dict[tuple[str, bool], Side] = {}

    def hold(self, join: "Join") -> bool:
        """Say whether there are facts of both legs."""
        return all(leg.removeprefix(INVERSE) in self.facts for leg in join.relation.chain)

    def side(self, leg: str, *, second: bool) -> Side:
        """Return a leg of a chain; the first one ends in what is shared, the second starts from it."""
        name, shared_first = leg.removeprefix(INVERSE), leg.startswith(INVERSE) is not second
        side = self._sides.get((name, shared_first))
        if side is None:
            side = self._sides[name, shared_first] = Side()
            for fact in self.facts.get(name, ()):
                shared, end = (fact.subject, fact.object) if shared_first else (fact.object, fact.subject)
                side.add(fact, end, self._bit(shared))
        return side

    def members(self, relations: Iterable[str]) -> Members:
        """Return what the asset class has and has not, by the relations that say so."""
        found = Members()
        for name in relations:
            for fact in self.facts.get(name, ()):
                if fact.truth is Truth.YES:
                    found.had |= self._bit(fact.object)
                elif fact.truth is Truth.NO:
                    found.lacked[self._bit(fact.object)] = fact
        found.lacked = {bit: fact for bit, fact in found.lacked.items() if not bit & found.had}
        return found

    def denials(self, relations: Iterable[str]) -> dict[tuple[str, str], Fact]:
        """Return the noes of some relations by subject (slug) and object (concept)."""
        noes = (f for name in relations for f in self.facts.get(name, ()) if f.truth is Truth.NO)
        return {(f.subject.slug, f.object.concept): f for f in noes}

    def _bit(self, shared: Entity) -> int:
        return self._bits.setdefault(shared.concept, 1 << len(self._bits))


@dataclass(frozen=True, slots=True)
class Join:
    """A relation that joins two others.

    `holders` are the relations that say which shared things an asset class has: only these count for a no.
    `broader` are relations whose no is a no of this one.
    """

    relation: Relation
    holders: tuple[str, ...] = ()
    broader: tuple[str, ...] = ()

    def needs(self) -> set[str]:
        """Return the names of the relations whose facts it reads."""
        return {*(leg.removeprefix(INVERSE) for leg in self.relation.chain), *self.holders, *self.broader}

    def facts(self, asset: Entity, tables: Tables) -> tuple[list[Fact], list[Fact]]:
        """Return what follows on one asset class, and the noes of broader relations that speak against a yes.

        A derivation holds every fact that the truth can be read from, not one proof of it, so that whoever keeps
        facts apart can keep all of them apart.
        """
        work = _Work(self, asset, tables)
        for subject in work.first.ends.values():
            for object_ in work.objects(subject):
                work.judge(subject, object_)
        return work.found, work.refuted


class _Work:
    """One join on one asset class."""

    def __init__(self, join: Join, asset: Entity, tables: Tables) -> None:
        self.relation, self.asset = join.relation, asset
        self.first = tables.side(join.relation.chain[0], second=False)
        self.second = tables.side(join.relation.chain[1], second=True)
        self.against = tables.denials(join.broader)
        members, judged = tables.members(join.holders), self.first.middles | self.second.middles
        self.lacked = {bit: fact for bit, fact in members.lacked.items() if bit & judged}
        self.shared = (judged | members.had) & ~sum(self.lacked)
        self.found: list[Fact] = []
        self.refuted: list[Fact] = []

    def objects(self, subject: Entity) -> Iterator[Entity]:
        """Yield the ends of the second leg, and what a broader relation denies this subject."""
        yield from self.second.ends.values()
        judged = {end.concept for end in self.second.ends.values()} if self.against else set()
        for (slug, concept), fact in self.against.items():
            if slug == subject.slug and concept not in judged:
                yield fact.object

    def judge(self, subject: Entity, object_: Entity) -> None:
        """State whether a shared thing links these two, where that is known."""
        first, second = self.first, self.second
        linked = first.yes.get(subject.slug, 0) & second.yes.get(object_.slug, 0) & self.shared
        cut = first.no.get(subject.slug, 0) | second.no.get(object_.slug, 0)
        against = self.against.get((subject.slug, object_.concept)) if self.against else None
        if linked and against is not None:
            self.refuted.append(against)
        elif linked:
            self._state(subject, object_, Truth.YES, self._told(subject, object_, linked, Truth.YES))
        elif against is not None or not self.shared & ~cut:
            told = [] if against is None else [against]
            if not self.shared & ~cut:
                told += [*self._told(subject, object_, self.shared, Truth.NO), *self.lacked.values()]
            self._state(subject, object_, Truth.NO, told)

    def _told(self, subject: Entity, object_: Entity, shared: int, truth: Truth) -> list[Fact]:
        bits = list(_bits(shared))
        told = chain(self.first.told(subject.slug, bits), self.second.told(object_.slug, bits))
        return [fact for fact in told if fact.truth is truth]

    def _state(self, subject: Entity, object_: Entity, truth: Truth, told: Sequence[Fact]) -> None:
        asset, name = self.asset, self.relation.name
        stem = f"{asset.slug}/{name}/" if subject.iri == asset.iri else f"{asset.slug}/{name}/{subject.slug}/"
        sources = {s for fact in told for s in fact.source.split(", ") if s}
        derivation = tuple(sorted({fact.id for fact in told}))
        fact_id = stem + object_.slug
        self.found.append(
            Fact(fact_id, asset, name, subject, object_, truth, "derived", ", ".join(sorted(sources)), derivation)
        )


def _bits(mask: int) -> Iterator[int]:
    while mask:
        bit = mask & -mask
        yield bit
        mask ^= bit
