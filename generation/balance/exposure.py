"""How often each fact is asked and shown, which facts never are and why, and how much of a set is contrast groups."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import TypeAlias

from failwise.generation.balance.guessers import Tables
from failwise.generation.records import Question
from failwise.kg.records import Fact, Truth
from failwise.statistics import gini

UNKNOWN = "unknown: nobody can be right about it"
NO_RELATION = "its relation is not in the set"
NO_ASSET = "its asset class is not in the set"
NO_COMPANY = "nothing of the other truth stands beside it in its table, so there is no question"
NOT_DRAWN = "could be asked, was not"

# A table, one end of its facts, and a truth that is there.
_End: TypeAlias = tuple[str, str, str, Truth]


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
    contrast group, 1 for those in none (perturbations are left out); `broken` counts groups that ask for one of their
    options oftener than for another. `unlinked` counts questions without facts in the graph.
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
    groups: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    originals: int = 0
    unlinked: int = 0

    def add(self, question: Question) -> None:
        """Count a question."""
        self.originals += question.perturbation_of is None
        ids = [i for i in question.fact_ids if i]
        if not ids or any(i not in self.tables.graph.facts for i in ids):
            self.unlinked += 1
        else:
            self.shown.update(ids)
            self.tested.update(question.tested_facts)
            self.touched.update((self.tables.graph.facts[i].asset_class.slug, question.relation) for i in ids)
        if question.group and question.perturbation_of is None:
            self.groups[question.group][question.tested_fact] += 1

    def exposure(self) -> Exposure:
        """Return the counts over all facts of the graph."""
        graph = self.tables.graph
        company, relations = self._company(), {relation for _, relation in self.touched}
        never: Counter[str] = Counter()
        askable = []
        for fact in graph.facts.values():
            reason = self._reason(fact, company, relations)
            if fact.id in self.tested or reason == NOT_DRAWN:
                askable.append(fact.id)
            if fact.id not in self.tested:
                never[reason] += 1
        grouped = Counter[int]()
        for counts in self.groups.values():
            grouped[len(counts)] += sum(counts.values())
        grouped[1] += self.originals - sum(grouped.values())
        return Exposure(
            facts=len(graph.facts),
            askable=len(askable),
            tested=len(self.tested),
            shown=len(self.shown),
            tests=_spread([self.tested[i] for i in askable]),
            showings=_spread([self.shown[i] for i in askable]),
            never=dict(never.most_common()),
            groups=dict(sorted((k, n) for k, n in grouped.items() if n)),
            broken=sum(len(set(counts.values())) > 1 for counts in self.groups.values()),
            unlinked=self.unlinked,
        )

    def _company(self) -> set[_End]:
        """Return by table and end the truths that are there: what a question needs is one of each."""
        return {
            (asset, f.relation, end, f.truth)
            for f in self.tables.graph.facts.values()
            if f.truth is not Truth.UNKNOWN
            for asset in ("" if f.subject.iri == f.asset_class.iri else f.asset_class.slug,)
            for end in (f"s {f.subject.concept}", f"o {f.object.concept}")
        }

    def _reason(self, fact: Fact, company: set[_End], relations: set[str]) -> str:
        if fact.truth is Truth.UNKNOWN:
            return UNKNOWN
        if (fact.asset_class.slug, fact.relation) not in self.touched:
            return NO_ASSET if fact.relation in relations else NO_RELATION
        other = Truth.NO if fact.truth is Truth.YES else Truth.YES
        asset = "" if fact.subject.iri == fact.asset_class.iri else fact.asset_class.slug
        ends = (f"s {fact.subject.concept}", f"o {fact.object.concept}")
        return NOT_DRAWN if any((asset, fact.relation, end, other) in company for end in ends) else NO_COMPANY


def _spread(counts: list[int]) -> Spread:
    if not counts:
        return Spread(0, 0.0, 0, 0.0)
    return Spread(min(counts), float(median(counts)), max(counts), gini(counts))
