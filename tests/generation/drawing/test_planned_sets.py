"""A plan is kept: its total, its shares, every fact that can be asked; with holes, these facts alone."""

from collections import Counter
from functools import cache

import pytest

from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.quotas import askable, masks
from failwise.generation.drawing.supply import supplies
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.planning.cells import Hole, Plan
from failwise.generation.planning.config import ACROSS, DIMENSIONS, WITH_NONE, WITHOUT_NONE, PlanConfig
from failwise.generation.planning.files import check_plan, hole_sides
from failwise.generation.planning.planner import compare, make_plan
from failwise.generation.records import Arity, Kind, Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Polarity, Truth

BUDGET = 3000


def settings(**more: object) -> QuestionsConfig:
    values: dict[str, object] = {
        "asset_classes": ["fan", "electric-motor", "centrifugal-pump"],
        "relations": ["indicatedBy", "causedBy", "hasFailureMode"],
        "max_options": 10,
        "none_share": 0.1,
        "multiple_share": 0.25,
        **more,
    }
    return QuestionsConfig.model_validate(values)


@pytest.fixture(scope="module")
def plan(shipped: KnowledgeGraph) -> Plan:
    return make_plan(supplies(shipped, settings()), PlanConfig(budget=BUDGET), shipped.digest)


@pytest.fixture(scope="module")
def kept(shipped: KnowledgeGraph, plan: Plan) -> list[Question]:
    return list(Synthesis(shipped, settings(), plan))


def value(graph: KnowledgeGraph, question: Question, dimension: str) -> str:
    if dimension == "none":
        return WITH_NONE if question.distractor_kinds[-1] == Kind.NONE_OF_THESE else WITHOUT_NONE
    if dimension == "options":
        return str(len(question.options))
    if dimension == "asset_class":
        fact = graph.facts[question.fact_ids[0]]
        return ACROSS if fact.subject.iri == fact.asset_class.iri else question.asset_class
    return str(getattr(question, dimension))


def test_the_total_is_kept(plan: Plan, kept: list[Question]) -> None:
    assert plan.questions == BUDGET
    assert len(kept) == pytest.approx(BUDGET, rel=0.06)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_shares_are_kept_within_three_points(
    shipped: KnowledgeGraph, plan: Plan, kept: list[Question], dimension: str
) -> None:
    found = Counter(value(shipped, q, dimension) for q in kept)
    rows = [r for r in compare(plan) if r.dimension == dimension]
    assert rows
    for row in rows:
        assert abs(found[row.value] / len(kept) - row.planned) < 0.03, row
    assert set(found) <= {r.value for r in rows}


def test_every_fact_that_can_be_asked_is_asked(shipped: KnowledgeGraph, kept: list[Question]) -> None:
    synthesis = Synthesis(shipped, settings())
    wanted = set()
    for unit in synthesis.units():
        for table in unit.tables():
            for polarity in Polarity:
                right, wrong = masks(table, polarity)
                wanted |= {
                    unit.facts[i].id
                    for a, row in enumerate(table.index)
                    for o, i in enumerate(row)
                    if right[a] >> o & 1 and wrong[a]
                }
    assert len(wanted) > 300
    assert wanted <= {i for q in kept for i in q.tested_facts}


def test_questions_of_a_plan_are_right_and_unique(shipped: KnowledgeGraph, kept: list[Question]) -> None:
    assert len({q.id for q in kept}) == len(kept)
    for q in kept:
        wanted = Truth.YES if q.polarity is Polarity.SELECTION else Truth.NO
        facts = [shipped.facts[i] for i in q.fact_ids if i]
        assert [f.truth is wanted for f in facts] == list(q.correct[: len(facts)])
        assert Truth.UNKNOWN not in {f.truth for f in facts}
        assert q.arity is Arity.MULTIPLE or sum(q.correct) == 1


def test_both_splits_get_their_part_and_share_no_option_set(kept: list[Question]) -> None:
    splits = Counter(q.split for q in kept)
    # Where the option sets are few, the training takes what the test finds none for.
    assert 0.05 * len(kept) < splits["test"] < 0.25 * len(kept)
    sets: dict[tuple[str, str, str, frozenset[str]], set[str]] = {}
    for q in kept:
        key = q.asset_class, str(q.direction), q.anchor, frozenset(filter(None, q.fact_ids))
        sets.setdefault(key, set()).add(q.split)
    assert all(len(found) == 1 for found in sets.values())


@pytest.mark.parametrize("regime", ["held-out-fact", "held-out-entity"])
def test_a_plan_under_a_regime_keeps_the_sides_apart(shipped: KnowledgeGraph, plan: Plan, regime: str) -> None:
    questions = list(Synthesis(shipped, settings(regime=regime), plan))
    asked = {s: {i for q in questions if q.split == s for i in q.fact_ids if i} for s in ("train", "test")}
    assert asked["train"] and asked["test"]
    assert asked["train"].isdisjoint(asked["test"])


def test_with_holes_these_facts_alone_are_tested(shipped: KnowledgeGraph) -> None:
    yes, no = (list(shipped.query("electric-motor", "indicatedBy", truth=t))[:6] for t in (Truth.YES, Truth.NO))
    holes = tuple(Hole(f.id, 6) for f in (*yes, *no))
    config = settings(multiple_share=0.0)
    own = supplies(shipped, config, holes)
    plan = make_plan(own, PlanConfig(), shipped.digest, hole_sides(holes, shipped))
    assert plan.holes == holes
    assert 12 <= plan.questions <= 72
    questions = list(Synthesis(shipped, config, plan))
    asked = Counter(q.tested_fact for q in questions if q.tested_fact)
    assert set(asked) == {h.fact_id for h in holes}
    assert len(questions) == pytest.approx(plan.questions, rel=0.25)


@cache
def _small() -> QuestionsConfig:
    return settings(relations=["indicatedBy"], max_options=4)


def test_a_supply_counts_the_facts_of_its_table(shipped: KnowledgeGraph) -> None:
    synthesis = Synthesis(shipped, _small())
    facts = {
        (unit.asset_class, table.direction, polarity): askable(table, polarity, 2)
        for unit in synthesis.units()
        for table in unit.tables()
        for polarity in Polarity
    }
    for supply in supplies(shipped, _small()):
        cell = supply.cell
        most = facts[cell.asset_class, cell.direction, cell.polarity]
        assert supply.questions > 0
        if cell.arity is Arity.SINGLE:
            assert 0 < supply.facts <= most
            assert cell.none or cell.options > 2 or supply.facts == most


def test_a_plan_fits_the_supplies_that_it_was_made_of(shipped: KnowledgeGraph, plan: Plan) -> None:
    assert check_plan(plan, supplies(shipped, settings()), shipped.digest) == ()


def test_an_option_set_comes_in_another_wording_each_time(kept: list[Question]) -> None:
    worded = Counter((q.question, frozenset(q.options)) for q in kept)
    repeated = Counter((q.anchor, q.polarity, q.direction, frozenset(q.options)) for q in kept)
    assert max(repeated.values()) > 1
    assert sum(n - 1 for n in worded.values()) <= 0.002 * len(kept)
