"""What the questions of a set have in common: graph, configuration, plan, who may use which fact."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from failwise.errors import InputError
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.quotas import Planned
from failwise.generation.drawing.wording import check_slots, stamp_of
from failwise.generation.matrices.tables import Unit, units
from failwise.generation.planning.cells import Plan
from failwise.generation.splitting.splits import Partition, partition
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Truth
from failwise.kg.vocabulary import FW


@dataclass
class Setting:
    """What the questions of all units have in common; `unasked` counts what could not be asked, by reason."""

    graph: KnowledgeGraph
    config: QuestionsConfig
    plan: Plan | None = None
    unasked: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.stamp = stamp_of(self.graph, self.config.seed, self.config.regime)
        self.planned = Planned(self.plan) if self.plan else None
        self.only = {h.fact_id for h in self.plan.holes} if self.plan else set()
        self._across: dict[str, Counter[str]] = {}
        self._check_wordings()

    def units(self) -> Iterator[Unit]:
        """Yield the units of facts that questions are asked about."""
        return units(self.graph, self._asset_classes(), self.config.relations)

    def across(self, relation: str) -> Counter[str]:
        """Count the yes facts of a relation about asset classes, by what they are about."""
        if relation not in self._across:
            facts = self.graph.query(relation=relation, truth=Truth.YES)
            about = (f.object.concept for f in facts if f.subject.iri == f.asset_class.iri)
            self._across[relation] = Counter(about)
        return self._across[relation]

    @cached_property
    def kin(self) -> Mapping[str, frozenset[str]]:
        """The kin of every asset class."""
        return {slug: self.graph.kin(slug) for slug in self.graph.asset_classes}

    @cached_property
    def partition(self) -> Partition | None:
        """Which facts each split may use; None where both ask about the same facts."""
        config = self.config
        if config.regime == "new-question":
            return None
        return partition(
            self.graph,
            config.regime,
            share=config.held_out_share,
            held_out=config.held_out,
            relations=config.relations,
            asset_classes=self._asset_classes(),
            seed=config.seed,
        )

    def _check_wordings(self) -> None:
        for name in self.config.relations:
            next(self.graph.query(relation=name), None)  # refuses an unknown name
            if not self.graph.relations[name].families:
                raise InputError(
                    f"the relation {name!r} has no wordings in the language {self.graph.language!r}; add an "
                    "fw:QuestionFamily with fw:template to the ontology, or leave the relation out"
                )
        for relation in self.graph.relations.values():
            for family in relation.families:
                check_slots(family, relation.domain == FW.AssetClass)
        if self.config.none_share and not self.graph.none_of_these:
            raise InputError(
                f"none_share is {self.config.none_share}, but the language {self.graph.language!r} has no words for "
                "'none of these'; add an rdfs:label in it to fw:NoneOfThese"
            )

    def _asset_classes(self) -> list[str]:
        named = self.config.asset_classes or tuple(self.graph.asset_classes)
        return sorted({self.graph.asset_class(name).slug for name in named})
