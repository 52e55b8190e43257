"""How often each fact is asked and shown, which facts never are and why, and how much of a set is contrast groups."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import dataclass, field
from statistics import median
from typing import TypeAlias

from failwise.generation.balance.groups import Groups
from failwise.generation.balance.guessers import Tables
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Fact, Truth
from failwise.statistics import gini

UNKNOWN = "unknown: nobody can be right about it"
NO_RELATION = "its relation is not in the set"
NO_ASSET = "its asset class is not in the set"
NO_COMPANY = "nothing of the other truth stands beside it in its table, so there is no question"
SAME_THING = "says the same as a fact that is asked: its table has one thing under two names"
NAMESAKE = "shares its name with a thing of its table that is asked about: an option would stand twice"
NOT_DRAWN = "could be asked, was not"

# A table, one end of its facts, and a truth that is there.
_End: TypeAlias = tuple[str, str, str, Truth]
# A table, and what a fact of it says.
_Said: TypeAlias = tuple[str, str, str, str, Truth]
# A table, one end of its facts, and a name that stands there.
_Name: TypeAlias = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Spread:
    """Counts per fact: least, median, most, and the Gini coefficient (0: all alike)."""

    least: int
    median: float
    most: int
    gini: float


@dataclass(frozen=True, slots=True)
class Exposure:
    """Facts of the graph against a set.

    `facts` are all of the graph, `askable` those that a question of the set's tables can test, `tested` those that a
    question does test, `shown` those that stand as an option. `tests` and `showings` are spread over the askable
    facts. `never` counts the facts that no question tests, by reason. `groups` counts questions by the size of their
    contrast group: 0 for those in none, 1 where the rest of the group is not in the set (perturbations are left out).
    `broken` counts groups that ask for one of their options oftener than for another. `unlinked` counts questions
    without facts in the graph.
    """

    facts: int
    askable: int
    tested: int
    shown: int
    tests: Spread
    showings: Spread
    never: Mapping[str, int]
    groups: Mapping[int, int]
    broken: int
    unlinked: int


@dataclass
class Exposed:
    """Counts what a set asks and shows; `add` each question, then ask for `exposure`."""

    tables: Tables
    tested: Counter[str] = field(default_factory=Counter)
    shown: Counter[str] = field(default_factory=Counter)
    touched: set[tuple[str, str]] = field(default_factory=set)
    unlinked: int = 0

    def __post_init__(self) -> None:
        self.groups = Groups(self.tables)

    def add(self, question: Question) -> None:
        """Count a question."""
        self.groups.add(question)
        ids = [i for i in question.fact_ids if i]
        if not ids or any(i not in self.tables.graph.facts for i in ids):
            self.unlinked += 1
        else:
            self.shown.update(ids)
            self.tested.update(question.tested_facts)
            self.touched.update((self.tables.graph.facts[i].asset_class.slug, question.relation) for i in ids)

    def exposure(self) -> Exposure:
        """Return the counts over all facts of the graph."""
        graph = self.tables.graph
        reasons = _Reasons(graph, self.touched, self.tested)
        never: Counter[str] = Counter()
        askable = []
        for fact in graph.facts.values():
            reason = "" if fact.id in self.tested else reasons.of(fact)
            if reason in ("", NOT_DRAWN):
                askable.append(fact.id)
            if reason:
                never[reason] += 1
        return Exposure(
            facts=len(graph.facts),
            askable=len(askable),
            tested=len(self.tested),
            shown=len(self.shown),
            tests=_spread([self.tested[i] for i in askable]),
            showings=_spread([self.shown[i] for i in askable]),
            never=dict(never.most_common()),
            groups=self.groups.sizes(),
            broken=self.groups.broken(),
            unlinked=self.unlinked,
        )


class _Reasons:
    """Why no question tests a fact, by what stands beside it in its table."""

    def __init__(self, graph: KnowledgeGraph, touched: Set[tuple[str, str]], tested: Collection[str]) -> None:
        self.touched = touched
        self.relations = {relation for _, relation in touched}
        self.company: set[_End] = set()
        self.asked: set[_Said] = set()
        self.names: dict[_Name, str] = {}
        for fact in graph.facts.values():
            if fact.truth is not Truth.UNKNOWN:
                self.company.update((*end, fact.truth) for end in _ends(fact))
            if fact.id in tested:
                self.asked.add(_said(fact))
                self.names.update(_names(fact))

    def of(self, fact: Fact) -> str:
        """Return the first reason that holds."""
        if fact.truth is Truth.UNKNOWN:
            return UNKNOWN
        if (fact.asset_class.slug, fact.relation) not in self.touched:
            return NO_ASSET if fact.relation in self.relations else NO_RELATION
        other = Truth.NO if fact.truth is Truth.YES else Truth.YES
        if not any((*end, other) in self.company for end in _ends(fact)):
            return NO_COMPANY
        if _said(fact) in self.asked:
            return SAME_THING
        shared = any(self.names.get(name, concept) != concept for name, concept in _names(fact))
        return NAMESAKE if shared else NOT_DRAWN


def _table(fact: Fact) -> tuple[str, str]:
    """Return the asset class and relation of a fact's table; tables of asset classes as subjects go across these."""
    return "" if fact.subject.iri == fact.asset_class.iri else fact.asset_class.slug, fact.relation


def _said(fact: Fact) -> _Said:
    return *_table(fact), fact.subject.concept, fact.object.concept, fact.truth


def _ends(fact: Fact) -> Iterator[tuple[str, str, str]]:
    for end, entity in (("s", fact.subject), ("o", fact.object)):
        yield *_table(fact), f"{end} {entity.concept}"


def _names(fact: Fact) -> Iterator[tuple[_Name, str]]:
    """Yield the names that stand in a fact's table for it, with the concept of each."""
    for end, entity in (("s", fact.subject), ("o", fact.object)):
        yield (*_table(fact), end, entity.label.casefold()), entity.concept


def _spread(counts: list[int]) -> Spread:
    if not counts:
        return Spread(0, 0.0, 0, 0.0)
    return Spread(min(counts), float(median(counts)), max(counts), gini(counts))
