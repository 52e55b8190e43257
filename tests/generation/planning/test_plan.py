"""A budget becomes quotas that can be given, reach every fact, and come as near to the targets as may be."""

import random
from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from failwise.errors import InputError
from failwise.generation.planning import dealer as plan_dealer
from failwise.generation.planning.cell_table import Side
from failwise.generation.planning.cells import Cell, Hole, Plan, Supply
from failwise.generation.planning.config import DIMENSIONS, PlanConfig
from failwise.generation.planning.planner import compare, make_plan
from failwise.generation.records import Arity
from failwise.kg.records import Direction, Polarity

SINGLE = (Arity.SINGLE, False)
KINDS = (SINGLE, (Arity.SINGLE, True), (Arity.MULTIPLE, False))


def table(asset: str, relation: str, facts: int, each: int = 1000, most: int = 6) -> list[Supply]:
    """Return all kinds of questions about one table, both directions and polarities."""
    shapes = product(Direction, Polarity, KINDS, range(2, most + 1))
    return [Supply(Cell(asset, relation, d, p, a, n, none), facts, each) for d, p, (a, none), n in shapes]


def only(supplies: list[Supply], **wanted: object) -> list[Supply]:
    return [s for s in supplies if all(getattr(s.cell, k) == v for k, v in wanted.items())]


def shares(plan: Plan, dimension: str) -> dict[str, int]:
    return {r.value: r.questions for r in compare(plan) if r.dimension == dimension}


def singles(plan: Plan) -> Counter[Side]:
    found: Counter[Side] = Counter()
    for q in plan.quotas:
        if q.cell.arity is Arity.SINGLE:
            found[Side(q.cell.asset_class, q.cell.relation, q.cell.polarity)] += q.questions
    return found


PLANT = [*table("fan", "indicatedBy", 30), *table("pump", "indicatedBy", 60), *table("", "hasFailureMode", 90)]


def test_shares_meet_their_targets_to_one_question() -> None:
    plan = make_plan(PLANT, PlanConfig(budget=5000), "abc")
    assert sum(q.questions for q in plan.quotas) == plan.questions == 5000
    assert plan.unmet == ()
    assert plan.ontology == "abc"
    for row in compare(plan):
        assert abs(row.questions - 5000 * row.target) < 2, row
    assert shares(plan, "relation") == {"hasFailureMode": 2500, "indicatedBy": 2500}
    assert plan.targets["letter"] == {"even": 1.0}


def test_no_cell_stays_empty_where_there_is_enough_for_all() -> None:
    plan = make_plan(PLANT, PlanConfig(budget=5000))
    assert len(plan.quotas) == len(PLANT)


def test_order_of_supplies_does_not_matter() -> None:
    plan = make_plan(PLANT, PlanConfig(budget=777))
    assert plan == make_plan(PLANT[::-1], PlanConfig(budget=777))
    assert [q.cell for q in plan.quotas] == sorted(q.cell for q in plan.quotas)


def test_per_fact_counts_facts_of_both_polarities() -> None:
    assert make_plan(PLANT, PlanConfig(per_fact=2)).questions == 2 * 2 * (30 + 60 + 90)


def test_every_fact_gets_a_question_before_shares_are_met() -> None:
    supplies = [*table("fan", "indicatedBy", 300), *table("pump", "indicatedBy", 10)]
    plan = make_plan(supplies, PlanConfig(budget=630, asset_class="even"))
    found = singles(plan)
    assert all(found[Side("fan", "indicatedBy", p)] >= 300 for p in Polarity)
    (said,) = [s for s in plan.unmet if s.startswith("asset class pump")]
    assert "wanted 315 (50.0 %), possible 30" in said
    assert "asking every fact once takes 600 other questions" in said


def test_facts_that_small_option_sets_alone_reach_get_their_questions() -> None:
    cells = [Cell("fan", "r", Direction.FORWARD, Polarity.SELECTION, Arity.SINGLE, n) for n in (2, 5)]
    supplies = [Supply(cells[0], 100, 1000), Supply(cells[1], 20, 1000)]
    plan = make_plan(supplies, PlanConfig(budget=100, options={"2": 1, "5": 9}))
    assert {q.cell.options: q.questions for q in plan.quotas} == {2: 80, 5: 20}
    assert any(s.startswith("options 5: wanted 90") and "takes 80 other questions" in s for s in plan.unmet)


def test_a_budget_below_the_facts_says_what_it_would_take() -> None:
    plan = make_plan(PLANT, PlanConfig(budget=100))
    assert plan.questions == 100
    assert (
        plan.unmet[0]
        == "facts: 360 can be asked, but 100 questions ask at most 100 of them; a budget of 360 asks every one"
    )
    families = {(q.cell.relation, q.cell.direction, q.cell.polarity) for q in plan.quotas}
    assert len(families) == 8


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"budget": 7}, "7 questions are below one per family: 8 families .* the least budget is 8"),
        (
            {"budget": 10**7},
            "can give at most 180,000 different questions; set the budget to 180,000",
        ),
        ({"relation": {"causedBy": 1}}, "no cell is left that offers relation causedBy"),
    ],
)
def test_an_impossible_plan_is_refused(config: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        make_plan(PLANT, PlanConfig.model_validate(config))


def test_nothing_to_ask_is_refused() -> None:
    with pytest.raises(InputError, match="no table has facts that hold beside facts that do not"):
        make_plan([Supply(PLANT[0].cell, 0, 0)], PlanConfig(budget=10))


@pytest.mark.parametrize(
    ("supplies", "config", "sentence"),
    [
        (PLANT, {"options": {2: 1, 9: 1}}, r"options 9: wanted 1,000 \(50.0 %\), possible 0: no cell offers it"),
        (PLANT, {"relation": {"indicatedBy": 1, "indicatdBy": 1}}, "no cell offers it; did you mean 'indicatedBy'"),
        (
            [*table("fan", "r", 5), *table("fan", "s", 5, each=1)],
            {"relation": "even"},
            r"relation s: wanted 1,000 \(50.0 %\), possible 60: its cells can give at most 60 different questions",
        ),
        (
            [*only(table("fan", "r", 5), direction=Direction.FORWARD), *table("fan", "s", 5)],
            {"relation": {"r": 9, "s": 1}},
            "direction inverse: .* it competes with the shares of relation: r has 1,800 questions, "
            "and its cells can give at most 0 of them",
        ),
    ],
)
def test_what_cannot_be_met_is_said_with_its_reason(
    supplies: list[Supply], config: dict[str, object], sentence: str
) -> None:
    plan = make_plan(supplies, PlanConfig.model_validate({"budget": 2000, **config}))
    assert plan.questions == 2000
    with pytest.raises(AssertionError, match=sentence):
        raise AssertionError("\n".join(plan.unmet))


def test_questions_that_one_value_cannot_give_spread_over_the_others() -> None:
    supplies = [s for s in table("fan", "r", 5) if s.cell.options < 6] + [
        Supply(s.cell, 5, 1) for s in table("fan", "r", 5) if s.cell.options == 6
    ]
    found = shares(make_plan(supplies, PlanConfig(budget=1000, options="even")), "options")
    assert found["6"] == 12
    assert max(found[n] for n in "2345") - min(found[n] for n in "2345") < 40


def test_a_dimension_without_importance_gives_way() -> None:
    supplies = [*only(table("fan", "r", 5), direction=Direction.FORWARD), *table("fan", "s", 5)]
    wishes = {"budget": 2000, "relation": {"r": 9, "s": 1}}
    plan = make_plan(supplies, PlanConfig.model_validate({**wishes, "importance": {"direction": 0}}))
    assert shares(plan, "relation") == {"r": 1800, "s": 200}
    assert not [s for s in plan.unmet if s.startswith("direction")]


def test_holes_decide_what_is_asked() -> None:
    sides = [Side("fan", "indicatedBy", Polarity.SELECTION), Side("pump", "indicatedBy", Polarity.ELIMINATION)]
    supplies = [s for side in sides for s in only(PLANT, asset_class=side.asset_class, polarity=side.polarity)]
    holes = {Hole("a", 30): sides[0], Hole("b", 10): sides[0], Hole("c", 5): sides[1]}
    few = [Supply(s.cell, 2 if s.cell.asset_class == "fan" else 1, s.questions) for s in supplies]
    plan = make_plan(few, PlanConfig(), holes=holes)
    assert shares(plan, "asset_class") == {"fan": 40, "pump": 5}
    assert plan.holes == tuple(holes)
    with pytest.raises(InputError, match="polarity is set, but holes are given"):
        make_plan(few, PlanConfig(polarity="even"), holes=holes)
    lost = make_plan(few, PlanConfig(), holes={**holes, Hole("d", 2): Side("crane", "r", Polarity.SELECTION)})
    assert "holes: no question can ask 'd'" in lost.unmet


@given(st.integers(0, 10**6), st.sampled_from([0, 3, 30]), st.floats(0, 1))
@settings(max_examples=25, deadline=None)
def test_any_supplies_give_a_plan_within_them(seed: int, largest: int, part: float) -> None:
    dice = random.Random(seed)
    supplies = []
    for asset, relation in product(("", "fan", "pump"), ("r", "s")):
        for cell in dice.sample(table(asset, relation, 1, most=4), 15):
            questions = dice.randint(0, largest)
            supplies.append(Supply(cell.cell, dice.randint(0, questions), questions))
    most = sum(s.questions for s in supplies)
    budget = max(8, round(part * most))
    try:
        plan = make_plan(supplies, PlanConfig(budget=budget))
    except InputError:
        assert most < 8 or budget > most
        return
    given_by = {s.cell: s.questions for s in supplies}
    assert sum(q.questions for q in plan.quotas) == budget
    assert all(0 < q.questions <= given_by[q.cell] for q in plan.quotas)
    if not any(s.startswith("facts: ") for s in plan.unmet):
        need: Counter[Side] = Counter()
        can: Counter[Side] = Counter()
        for s in supplies:
            side = Side(s.cell.asset_class, s.cell.relation, s.cell.polarity)
            if s.cell.arity is Arity.SINGLE:
                need[side] = max(need[side], s.facts)
                can[side] += s.questions
        found = singles(plan)
        assert all(found[side] >= min(need[side], can[side]) for side in need)


def test_many_asset_classes_are_dealt_in_bunches_and_come_as_near(monkeypatch: pytest.MonkeyPatch) -> None:
    supplies = [s for i in range(60) for s in table(f"a{i:02}", "rst"[i % 3], 5 + i, most=3 + i % 3)]
    config = PlanConfig(budget=12000)
    joint = make_plan(supplies, config)
    monkeypatch.setattr(plan_dealer, "JOINT", 1000)
    bunched = make_plan(supplies, config)
    assert bunched == make_plan(supplies[::-1], config)
    assert sum(q.questions for q in bunched.quotas) == 12000
    for dimension in DIMENSIONS:
        for value, count in shares(joint, dimension).items():
            off = abs(shares(bunched, dimension)[value] - count)
            assert off <= (0.1 * count if dimension == "asset_class" else 0.01 * 12000), (dimension, value)
    found = singles(bunched)
    assert all(found[Side(s.cell.asset_class, s.cell.relation, s.cell.polarity)] >= s.facts for s in supplies)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"budget": 5, "per_fact": 2}, "budget 5 and per_fact 2 both say"),
        ({"budget": 0}, "greater than or equal to 1"),
        ({"relation": {"r": -1}}, "the weight of 'r' is -1; it must be 0 or more"),
        ({"relation": {"r": "much"}}, "the weight of 'r' is 'much'; it must be a number"),
        ({"options": {2: 0, 3: 0}}, "all weights are 0"),
        ({"options": {11: 1}}, "no such value '11'"),
        ({"polarity": {"selecton": 1}}, "no such value 'selecton'; did you mean 'selection'"),
        ({"direction": "evn"}, "write natural, even, or a weight for each value"),
        ({"importance": {"letters": 1}}, "no such dimension 'letters'"),
        ({"none": {"with": 1}, "arity": {"multiple": 1}}, "which only single answers have"),
        ({"buget": 5}, "Extra inputs are not permitted"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        PlanConfig.model_validate(values)
