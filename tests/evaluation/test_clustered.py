"""What answers about one anchor are worth beside as many independent ones."""

from dataclasses import replace

import numpy as np
import pytest

from failwise.evaluation.clustered import (
    anchor_of,
    clustered_wilson,
    design_effect,
    intraclass_correlation,
    share_interval,
)
from failwise.generation.records import Question
from failwise.statistics import t95, wilson


def test_questions_about_one_anchor_share_it(toy_question: Question) -> None:
    assert anchor_of(toy_question) == (toy_question.asset_class, toy_question.anchor)
    alone = [replace(toy_question, anchor="", id=name) for name in ("one", "other")]
    assert len({anchor_of(question) for question in alone}) == 2


@pytest.fixture
def toy_question(toy: object) -> Question:
    from failwise.generation.config import QuestionsConfig
    from failwise.generation.drawing.synthesize import Synthesis
    from failwise.kg.graph import KnowledgeGraph

    assert isinstance(toy, KnowledgeGraph)
    return next(iter(Synthesis(toy, QuestionsConfig.model_validate({"train_per_fact": 1}))))


def test_answers_about_one_fact_count_less_than_about_several() -> None:
    few = (t95(1) / t95(7)) ** 2  # two clusters of eight answers
    assert design_effect(np.array([4, 4]), 0.0) == pytest.approx(few)
    assert design_effect(np.array([4, 4]), 1.0) == pytest.approx(4 * few)
    assert design_effect(np.array([1] * 8), 1.0) == 1
    assert share_interval(range(8), [1] * 6 + [0] * 2) == pytest.approx(wilson(6, 8))
    alike = intraclass_correlation(np.array([4, 4, 4, 4]), np.array([4, 4, 0, 0]))
    assert alike == pytest.approx(1.0)
    assert intraclass_correlation(np.array([4, 4, 4]), np.array([2, 2, 2])) == 0.0
    assert intraclass_correlation(np.array([1, 1]), np.array([1, 0])) == 0.0


@pytest.mark.parametrize(
    ("clusters", "size", "share", "alike"),
    [(2, 100, 0.8, 0.1), (5, 40, 0.7, 0.1), (25, 12, 0.96, 0.3), (40, 6, 0.97, 0.3), (25, 12, 0.7, 0.2)],
)
def test_the_interval_holds_the_share_of_few_anchors_and_of_few_errors(
    clusters: int, size: int, share: float, alike: float
) -> None:
    """Anchors whose shares have a beta distribution; `alike` is the correlation within one."""
    dice, weight, held = np.random.default_rng(0), (1 - alike) / alike, 0
    asked = np.full(clusters, size)
    for _ in range(500):
        right = dice.binomial(size, dice.beta(share * weight, (1 - share) * weight, clusters))
        low, high = clustered_wilson(asked, right)
        held += low <= share <= high
    assert held / 500 > 0.93


def test_where_all_are_right_the_anchors_are_counted_and_one_alone_says_nothing() -> None:
    low, high = share_interval([i // 10 for i in range(100)], [1] * 100)
    assert high == 1 and low < wilson(20, 20)[0]
    assert share_interval(["one"] * 100, [1] * 100) == (0, 1)


def test_students_t_is_that_of_the_tables() -> None:
    found = [t95(degrees) for degrees in (1, 2, 3, 5, 10, 30, 120)]
    assert found == pytest.approx([12.706, 4.303, 3.182, 2.571, 2.228, 2.042, 1.980], abs=0.004)
