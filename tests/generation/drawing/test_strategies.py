"""Each named strategy chooses what its name says, is recorded beside the option, and never breaks a question."""

import importlib
import random
from collections import Counter

import pytest

from failwise.errors import FailwiseError
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.strategies import name_nearness, strategies
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.matrices.tables import Table, Unit, units
from failwise.generation.records import Kind, Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Polarity, Truth


def make(graph: KnowledgeGraph, strategy: str, relation: str = "indicatedBy", **more: object) -> list[Question]:
    """Return questions of four options or more, so that contrast groups leave places to fill."""
    values = {
        "relations": (relation,),
        "distractors": {strategy: 1},
        "min_options": 4,
        "max_options": 4,
        "ungrouped_share": 1,
        **more,
    }
    return list(Synthesis(graph, QuestionsConfig.model_validate(values)))


def table_of(graph: KnowledgeGraph, asset: str, direction: Direction) -> tuple[Unit, Table]:
    unit = next(units(graph, [asset], ["indicatedBy"]))
    return unit, unit.tables()[direction is Direction.INVERSE]


ONE = ["pump", "fan", "electric-motor"]


@pytest.mark.parametrize("strategy", ["same-anchor", "name-near", "sibling-asset", "out-of-asset", "degree-matched"])
def test_a_strategy_fills_what_groups_leave_and_is_recorded(shipped: KnowledgeGraph, strategy: str) -> None:
    across = strategy == "sibling-asset"  # kin have the same failure modes and sensors: few siblings inside one table
    questions = make(shipped, strategy, "monitoredBy") if across else make(shipped, strategy, asset_classes=ONE)
    kinds = Counter(kind for q in questions for kind in q.distractor_kinds)
    assert kinds[Kind(strategy)] > 10, kinds
    for q in questions:
        right = Truth.YES if q.polarity is Polarity.SELECTION else Truth.NO
        truths = [shipped.facts[i].truth for i in q.fact_ids]
        assert Truth.UNKNOWN not in truths
        assert [t is right for t in truths] == list(q.correct)
        assert sum(q.correct) == 1
        assert len(q.distractor_kinds) == len(q.options) == len(set(q.options))
        assert [kind == Kind.ANSWER for kind in q.distractor_kinds] == list(q.correct)


def test_name_nearness() -> None:
    assert name_nearness("oil pressure", "oil pressure") == 1
    assert name_nearness("oil pressure", "oil temperature") > name_nearness("oil pressure", "speed")
    assert name_nearness("speed", "oil level") == 0


def test_the_name_near_distractor_is_the_nearest_of_the_pool(shipped: KnowledgeGraph) -> None:
    unit, table = table_of(shipped, "electric-motor", Direction.FORWARD)
    ((kind, near, weight),) = strategies(shipped, unit, table, Polarity.SELECTION, {"name-near": 2.0}, random.Random(0))
    assert (kind, weight) == (Kind.NAME_NEAR, 2.0)
    pool = list(range(1, len(table.options)))
    ranked = near(0, 0, pool)
    scores = [name_nearness(table.options[0].label, table.options[p].label) for p in ranked]
    assert sorted(ranked) == pool
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("polarity", list(Polarity))
def test_siblings_are_wrong_here_and_right_for_kin(shipped: KnowledgeGraph, polarity: Polarity) -> None:
    wrong, right = (Truth.NO, Truth.YES) if polarity is Polarity.SELECTION else (Truth.YES, Truth.NO)
    questions = [q for r in ("monitoredBy", "hasComponent") for q in make(shipped, "sibling-asset", r)]
    found = 0
    for q in questions:
        for fact_id, kind in zip(q.fact_ids, q.distractor_kinds, strict=True):
            if kind != Kind.SIBLING_ASSET or q.polarity is not polarity:
                continue
            found += 1
            fact = shipped.facts[fact_id]
            kin = shipped.kin(fact.asset_class.slug)
            assert fact.truth is wrong
            if q.direction is Direction.FORWARD:
                of_kin = {
                    f.object.concept
                    for slug in kin - {fact.asset_class.slug}
                    for f in shipped.query(slug, fact.relation, truth=right)
                }
                assert fact.object.concept in of_kin
            else:  # the asset class is a kin of the right one
                assert fact.asset_class.slug in shipped.kin(shipped.facts[q.tested_fact].asset_class.slug)
    assert found


@pytest.mark.parametrize("regime", ["new-question", "held-out-fact"])
def test_what_is_out_of_the_asset_class_is_a_distractor_to_select_from_only(
    shipped: KnowledgeGraph, regime: str
) -> None:
    questions = make(shipped, "out-of-asset", asset_classes=ONE, regime=regime)
    sides: dict[str, set[str]] = {}
    directions = set()
    for q in questions:
        for option, fact_id, kind in zip(q.options, q.fact_ids, q.distractor_kinds, strict=True):
            sides.setdefault(fact_id, set()).add(q.split)
            if kind == Kind.OUT_OF_ASSET:
                fact = shipped.facts[fact_id]
                assert q.polarity is Polarity.SELECTION  # to eliminate, it would be right
                assert fact.truth is Truth.NO
                assert fact.subject.iri == fact.asset_class.iri
                assert option == fact.object.label
                directions.add(q.direction)
    assert directions
    if regime == "held-out-fact":
        assert all(len(found) == 1 for found in sides.values())
    else:
        assert directions == set(Direction)


def test_weights_choose_how_often_a_strategy_is_taken(shipped: KnowledgeGraph) -> None:
    weights = {"name-near": 1, "same-anchor": 3, "sibling-asset": 0}
    questions = make(shipped, "same-anchor", asset_classes=ONE, distractors=weights)
    kinds = Counter(kind for q in questions for kind in q.distractor_kinds)
    assert kinds[Kind.SAME_ANCHOR] > 1.5 * kinds[Kind.NAME_NEAR] > 0
    assert not kinds[Kind.SIBLING_ASSET]


def test_matching_degrees_alone_is_the_drawers_own(shipped: KnowledgeGraph) -> None:
    unit, table = table_of(shipped, "fan", Direction.FORWARD)
    assert (
        strategies(
            shipped, unit, table, Polarity.SELECTION, {"degree-matched": 1.0, "name-near": 0.0}, random.Random(0)
        )
        == []
    )


def test_the_embedding_near_distractor_means_nearly_the_same(shipped: KnowledgeGraph) -> None:
    suggest = importlib.import_module("failwise.kg.suggest")
    unit, table = table_of(shipped, "electric-motor", Direction.FORWARD)
    try:
        vectors = suggest.embed([o.label for o in table.options])
    except FailwiseError as error:
        pytest.skip(str(error))
    ((kind, near, _),) = strategies(shipped, unit, table, Polarity.SELECTION, {"embedding-near": 1.0}, random.Random(0))
    assert kind is Kind.EMBEDDING_NEAR
    scores = [float(vectors[0] @ vectors[p]) for p in near(0, 0, list(range(1, len(table.options))))]
    assert scores == pytest.approx(sorted(scores, reverse=True), abs=1e-5)
