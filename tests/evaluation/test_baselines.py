"""The rows that need no model: the published figures of FailureSensorIQ, and what they mean on the toy."""

from math import isclose
from pathlib import Path

import pytest

from failwise.evaluation.baselines import model_free_rows
from failwise.evaluation.metrics import accuracy
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.formats.question_files import read_questions
from failwise.kg.graph import KnowledgeGraph
from failwise.statistics import wilson


def test_failuresensoriq_gives_the_published_rows(published: KnowledgeGraph, data: Path) -> None:
    questions = read_questions(data / "failuresensoriq" / "single_answer.jsonl", published)
    found = {r.name: 100 * r.accuracy for r in model_free_rows(questions, published)}
    assert found == {
        "random": pytest.approx(27.5, abs=0.1),
        "always A": pytest.approx(28.2, abs=0.1),
        "longest option": pytest.approx(29.8, abs=0.1),
        "degree in the asset": pytest.approx(63.7, abs=0.1),
        "degree from other assets": pytest.approx(49.0, abs=0.1),
        "other-assets prior": pytest.approx(62.8, abs=0.1),
        "graph lookup": pytest.approx(100, abs=0.1),
    }


def test_a_file_without_facts_gets_the_rows_that_need_none(data: Path) -> None:
    questions = read_questions(data / "failuresensoriq" / "single_answer_simple_perturbed.jsonl")
    assert [r.name for r in model_free_rows(questions, KnowledgeGraph.load())] == [
        "random",
        "always A",
        "longest option",
    ]


def test_on_generated_questions_the_degree_is_worth_less(shipped: KnowledgeGraph, data: Path) -> None:
    config = QuestionsConfig(relations=("indicatedBy",), train_per_fact=0)
    ours = model_free_rows(list(Synthesis(shipped, config)), shipped)
    theirs = model_free_rows(read_questions(data / "failuresensoriq" / "single_answer.jsonl", shipped), shipped)
    degree = {name: {r.name: r.accuracy for r in rows}["degree in the asset"] for name, rows in
              (("ours", ours), ("theirs", theirs))}  # fmt: skip
    assert degree["ours"] < degree["theirs"] - 0.03


def test_chance_is_known_exactly(toy: KnowledgeGraph) -> None:
    [random, *_] = model_free_rows(list(Synthesis(toy, QuestionsConfig())), toy)
    assert random.low == random.accuracy == random.high


def test_the_lookup_is_always_right(toy: KnowledgeGraph) -> None:
    rows = {r.name: r for r in model_free_rows(list(Synthesis(toy, QuestionsConfig())), toy)}
    assert rows["graph lookup"].accuracy == 1
    assert rows["graph lookup"].high == 1


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    # Values of R's binom.confint(method = "wilson").
    [(0, 10, 0.0, 0.2775328), (5, 10, 0.2365931, 0.7634069), (8, 12, 0.3906222, 0.8618805), (10, 10, 0.7224672, 1.0)],
)
def test_wilson_interval(right: int, n: int, low: float, high: float) -> None:
    found = wilson(right, n)
    assert isclose(found[0], low, abs_tol=1e-6)
    assert isclose(found[1], high, abs_tol=1e-6)


def test_nothing_asked_is_nothing_known() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert accuracy("x", "student", []).n == 0
