"""What questions the facts can give: by table and kind of question, facts that are reached and questions at most."""

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from math import comb

from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.draw_many import ManyDrawer
from failwise.generation.drawing.drawn import Used
from failwise.generation.drawing.setting import Setting
from failwise.generation.drawing.views import SPLITS, UnitViews, View
from failwise.generation.matrices.tables import Unit
from failwise.generation.planning.cells import Cell, Hole, Plan, Supply
from failwise.generation.records import Arity
from failwise.kg.graph import KnowledgeGraph

_SETS = 5  # option sets counted for each fact and option count: a few more could be had, but not by every fact


def supplies(graph: KnowledgeGraph, config: QuestionsConfig, holes: Sequence[Hole] = ()) -> list[Supply]:
    """Return what each cell can give, from contrast groups; what is in none counts with the fewest options only.

    Args:
        holes: count only questions about these facts.
    """
    setting = Setting(graph, config, Plan(0, (), {}, holes=tuple(holes)) if holes else None)
    found: dict[Cell, tuple[int, int]] = {}
    for unit in setting.units():
        for supply in _of_unit(setting, unit):
            facts, questions = found.get(supply.cell, (0, 0))
            found[supply.cell] = facts + supply.facts, questions + supply.questions
    return [Supply(cell, *counts) for cell, counts in sorted(found.items())]


def _of_unit(setting: Setting, unit: Unit) -> Iterator[Supply]:
    views = UnitViews(setting, unit)
    for split in SPLITS[:1] if setting.partition is None else SPLITS:  # both splits draw from the same views, or not
        alone = views.alone(split)
        for view in views.of(split):
            yield from _Counting(setting.config, unit, view, alone[view.family.direction]).supplies()


@dataclass(frozen=True, slots=True)
class _Counting:
    """Counts what one view gives. `alone` are the places of the facts in no contrast group that it is to ask."""

    config: QuestionsConfig
    unit: Unit
    view: View
    alone: Collection[int]

    def supplies(self) -> Iterator[Supply]:
        """Yield the cells that can give something."""
        config, family = self.config, self.view.family
        sizes = range(config.min_options, config.max_options + 1)
        for k in sizes if family.templates else ():
            facts, sets = self._single(k)
            if sets:
                yield Supply(self._cell(Arity.SINGLE, k), facts, sets)
            if k > 2 and config.none_share and (some := self._with_none(k - 1))[1]:
                yield Supply(self._cell(Arity.SINGLE, k, True), *some)
        right, wrong = self.view.untold
        many = ManyDrawer(self.view.table.index, right, wrong, [], random.Random(0), Used(set()))
        for k in sizes if family.multiple and config.multiple_share else ():
            if questions := many.supply(k):
                anchors = [a for a in range(len(right)) if many.partners(a, k)]
                facts = sum((right[a] | wrong[a]).bit_count() for a in anchors)
                yield Supply(self._cell(Arity.MULTIPLE, k), facts, questions)

    def _cell(self, arity: Arity, k: int, none: bool = False) -> Cell:
        family = self.view.family
        return Cell(self.unit.asset_class, self.unit.relation, family.direction, family.polarity, arity, k, none)

    def _single(self, k: int) -> tuple[int, int]:
        """Count the facts in contrast groups of k, and their option sets; with the fewest options also those alone.

        Facts in no group count in both directions, their only question in the one that asks it.
        """
        found, ungrouped = self.view.matchings, min(1, self.config.ungrouped_per_fact)
        facts = sets = 0
        for a, o, place in self.view.askable(k):
            own = sum(comb(len(m) - 1, k - 1) for m in found.of[a, o] if len(m) >= k)
            if (a, o) in found.telling:
                own = min(own, 1)  # once is enough: its words tell the answer
            if not own and k == self.config.min_options:
                facts += ungrouped
                sets += ungrouped * (place in self.alone)  # once at most, since a guesser gains on it
            facts += own > 0
            sets += min(_SETS, own)
        return facts, sets

    def _with_none(self, listed: int) -> tuple[int, int]:
        """Count the facts in groups whose options are all wrong for yet another anchor, and their option sets."""
        facts = sets = 0
        for pair, own in self.view.matchings.of.items():
            groups = [[pair, *(m for m in matching if m != pair)][:listed] for matching in own]
            masks = (sum(1 << o for _, o in some) for some in groups if len(some) >= listed)
            fitting = sum(any(not mask & ~w for w in self.view.wrong) for mask in masks)
            facts += fitting > 0
            sets += min(_SETS, 2 * fitting)
        return facts, sets
