"""A plan is tried out, and made again until its cells can give what they are to give."""

from collections import Counter
from dataclasses import replace

import pytest

from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.supply import supplies
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.drawing.trial import Trial, plan_tried, try_out
from failwise.generation.planning.cells import Cell, Plan, Quota, Supply
from failwise.generation.planning.config import PlanConfig
from failwise.generation.planning.planner import make_plan
from failwise.generation.records import Arity
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Polarity

CELL = Cell("pump", "indicatedBy", Direction.FORWARD, Polarity.SELECTION, Arity.SINGLE, 3)
CONFIG = QuestionsConfig(
    asset_classes=("fan", "pump"),
    relations=("indicatedBy", "hasSeverity", "occursIn"),
    max_options=8,
    none_share=0.1,
    multiple_share=0.2,
)


def test_what_a_cell_lacks_it_is_not_asked_for_again() -> None:
    supply = Supply(CELL, facts=9, questions=30)
    given = Counter({CELL: 12})
    assert Trial(given, Counter({CELL: 8}), Counter()).amended(supply) == replace(supply, questions=12)
    assert Trial(given, Counter(), Counter({CELL: 5})).amended(supply) == replace(supply, least=12)
    assert Trial(given, Counter(), Counter()).amended(supply) == supply


def test_a_trial_counts_what_the_set_will_have(shipped: KnowledgeGraph) -> None:
    plan = make_plan(supplies(shipped, CONFIG), PlanConfig(budget=1500), shipped.digest)
    trial = try_out(shipped, CONFIG, plan)
    made = list(Synthesis(shipped, CONFIG, plan))
    assert trial.questions.total() == len(made)
    assert sum(n for c, n in trial.questions.items() if c.arity is Arity.MULTIPLE) == sum(
        q.arity is Arity.MULTIPLE for q in made
    )
    assert sum(n for c, n in trial.questions.items() if c.none) == sum(q.fact_ids[-1] == "" for q in made)


def test_a_plan_that_was_tried_lacks_less(shipped: KnowledgeGraph) -> None:
    def planner(given: object) -> Plan:
        return make_plan(given, PlanConfig(budget=3000), shipped.digest)  # type: ignore[arg-type]

    first, untried = plan_tried(shipped, CONFIG, supplies(shipped, CONFIG), planner, 0)
    assert untried is None
    before = try_out(shipped, CONFIG, first)
    plan, after = plan_tried(shipped, CONFIG, supplies(shipped, CONFIG), planner, 5)
    assert after is not None
    assert before.short.total() > 0.01 * 3000
    assert after.short.total() < before.short.total() / 2
    assert abs(after.questions.total() - 3000) < 0.02 * 3000
    assert plan.questions == 3000


@pytest.mark.parametrize("covers", [True, False])
def test_facts_that_quotas_leave_out_are_asked_where_the_plan_says_so(shipped: KnowledgeGraph, covers: bool) -> None:
    cell = replace(CELL, asset_class="fan", options=2)
    trial = try_out(shipped, CONFIG, Plan(4, (Quota(cell, 4),), {}, covers=covers))
    assert (trial.beyond.total() > 50) is covers
    assert trial.questions[cell] >= 4
