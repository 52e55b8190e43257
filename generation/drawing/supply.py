"""What questions the facts can give: by table and kind of question, facts that are reached and questions at most."""

import random
from collections.abc import Iterator, Sequence
from math import comb

from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.contrast import Matchings, bits
from failwise.generation.drawing.draw import Used
from failwise.generation.drawing.draw_many import ManyDrawer
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.drawing.tables import Table, Unit
from failwise.generation.planning.cells import Cell, Hole, Plan, Supply
from failwise.generation.records import Arity
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Family, Polarity

_SETS = 5  # option sets counted for each fact and option count: a few more could be had, but not by every fact


def supplies(graph: KnowledgeGraph, config: QuestionsConfig, holes: Sequence[Hole] = ()) -> list[Supply]:
    """Return what each cell can give, from contrast groups; what is in none counts with the fewest options only.

    Args:
        holes: count only questions about these facts.
    """
    plan = Plan(0, (), {}, holes=tuple(holes)) if holes else None
    synthesis = Synthesis(graph, config, plan)
    found: dict[Cell, tuple[int, int]] = {}
    for unit in synthesis.units():
        for supply in _of_unit(synthesis, unit):
            facts, questions = found.get(supply.cell, (0, 0))
            found[supply.cell] = facts + supply.facts, questions + supply.questions
    return [Supply(cell, *counts) for cell, counts in sorted(found.items())]


def _of_unit(synthesis: Synthesis, unit: Unit) -> Iterator[Supply]:
    work = synthesis.unit_questions(unit)
    for table in unit.tables():
        for polarity in Polarity:
            family = synthesis.family(unit, table, polarity)
            if family is not None:
                found = work.matchings(table, polarity, "")
                right, wrong = work.masks(table, polarity)
                yield from _of_family(synthesis.config, unit, family, table, found, right, wrong)


def _of_family(
    config: QuestionsConfig,
    unit: Unit,
    family: Family,
    table: Table,
    found: Matchings,
    right: Sequence[int],
    wrong: Sequence[int],
) -> Iterator[Supply]:
    """Yield the cells of one table and polarity that can give something."""

    def cell(arity: Arity, k: int, none: bool = False) -> Cell:
        return Cell(unit.asset_class, unit.relation, family.direction, family.polarity, arity, k, none)

    sizes, ungrouped = range(config.min_options, config.max_options + 1), min(1, config.ungrouped_per_fact)
    single = {
        k: _single(found, right, wrong, k, config.min_options, ungrouped) for k in range(2, config.max_options + 1)
    }
    for k in sizes if family.templates else ():
        facts, sets = single[k]
        if sets:
            yield Supply(cell(Arity.SINGLE, k), facts, sets)
        if k > 2 and config.none_share and (some := _with_none(found, wrong, k - 1))[1]:
            yield Supply(cell(Arity.SINGLE, k, True), *some)
    many = ManyDrawer(table.index, right, wrong, [], random.Random(0), Used(set()))
    for k in sizes if family.multiple and config.multiple_share else ():
        if questions := many.supply(k):
            anchors = [a for a in range(len(right)) if many.partners(a, k)]
            yield Supply(cell(Arity.MULTIPLE, k), sum((right[a] | wrong[a]).bit_count() for a in anchors), questions)


def _single(
    found: Matchings, right: Sequence[int], wrong: Sequence[int], k: int, fewest: int, ungrouped: int
) -> tuple[int, int]:
    """Count the facts in contrast groups of k, and their option sets; with the fewest options also those in none."""
    facts = sets = 0
    for a, mask in enumerate(right):
        if wrong[a].bit_count() < k - 1:
            continue
        for o in bits(mask):
            own = sum(comb(len(m) - 1, k - 1) for m in found.of[a, o] if len(m) >= k)
            told = (a, o) in found.telling
            if told or (not own and k == fewest):
                own = min(own or 1, ungrouped)  # asked once at most, since a guesser gains on it
            facts += own > 0
            sets += min(_SETS, own)
    return facts, sets


def _with_none(found: Matchings, wrong: Sequence[int], listed: int) -> tuple[int, int]:
    """Count the facts in contrast groups whose options are all wrong for yet another anchor, and their option sets."""
    facts = sets = 0
    for pair, own in found.of.items():
        members = [[pair, *(m for m in matching if m != pair)][:listed] for matching in own if len(matching) >= listed]
        masks = (sum(1 << o for _, o in some) for some in members)
        fitting = sum(any(not mask & ~w for w in wrong) for mask in masks)
        facts += fitting > 0
        sets += min(_SETS, 2 * fitting)
    return facts, sets
