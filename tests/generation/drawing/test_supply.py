"""What the facts can give is counted before anything is asked, and can be given."""

from collections import Counter

import pytest

from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.supply import supplies
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.planning.cells import Cell, Hole, Plan, Quota
from failwise.generation.records import Arity
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Polarity

TOY = {"asset_classes": ["toy pump"], "max_options": 3, "multiple_share": 0.5, "none_share": 0.5}


def settings(**more: object) -> QuestionsConfig:
    return QuestionsConfig.model_validate({**TOY, **more})


def test_the_toy_pump_by_hand(toy: KnowledgeGraph) -> None:
    found = {s.cell: s for s in supplies(toy, settings())}

    def cell(k: int, arity: Arity = Arity.SINGLE, polarity: Polarity = Polarity.SELECTION) -> Cell:
        return Cell("toy-pump", "indicatedBy", Direction.FORWARD, polarity, arity, k)

    # 6 sensors that indicate; with two options each has one beside it that does not.
    assert found[cell(2)].facts == 6
    # Bearing damage with temperature and seal leakage with pressure; no third failure mode has another right one.
    assert cell(3) not in found
    assert found[cell(2, polarity=Polarity.ELIMINATION)].facts == 6


def test_kinds_that_are_not_wanted_are_no_cells(toy: KnowledgeGraph, shipped: KnowledgeGraph) -> None:
    plain = settings(multiple_share=0.0, none_share=0.0)
    assert {(s.cell.arity, s.cell.none) for s in supplies(toy, plain)} == {(Arity.SINGLE, False)}
    fans = settings(asset_classes=["fan"], relations=["indicatedBy"])
    kinds = {(s.cell.arity, s.cell.none) for s in supplies(shipped, fans)}
    assert kinds == {(Arity.SINGLE, False), (Arity.SINGLE, True), (Arity.MULTIPLE, False)}


def test_holes_leave_their_own_facts(toy: KnowledgeGraph) -> None:
    hole = Hole("toy-pump/indicatedBy/cavitation/noise", 3)
    found = supplies(toy, settings(multiple_share=0.0, none_share=0.0), [hole])
    assert {s.facts for s in found} == {1}
    assert {s.cell.polarity for s in found} == {Polarity.SELECTION}


@pytest.mark.parametrize("arity", list(Arity))
def test_what_a_cell_offers_it_can_give(shipped: KnowledgeGraph, arity: Arity) -> None:
    config = QuestionsConfig(
        asset_classes=("electric-motor",), relations=("indicatedBy",), multiple_share=0.5, test_share=0.0
    )
    offered = [s for s in supplies(shipped, config) if s.cell.arity is arity]
    quotas = tuple(Quota(s.cell, min(s.questions, s.facts)) for s in offered)
    plan = Plan(sum(q.questions for q in quotas), quotas, {})
    given: Counter[Cell] = Counter()
    for q in Synthesis(shipped, config, plan):
        assert q.direction is not None and q.polarity is not None
        given[Cell(q.asset_class, q.relation, q.direction, q.polarity, q.arity, len(q.options))] += 1
    assert len(quotas) >= 10
    for quota in quotas:  # in whole contrast groups, so that one may lack what another has too much
        assert given[quota.cell] >= 0.95 * quota.questions - quota.cell.options, quota
    assert given.total() >= 0.97 * plan.questions
