"""Shares against targets, exposure of facts, and what contrast groups can reach."""

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path

import pytest

from failwise.generation.balance.contrast_reach import contrast_reach
from failwise.generation.balance.dimensions import Dimension, compare, measure
from failwise.generation.balance.exposure import NAMESAKE, NO_ASSET, NOT_DRAWN, SAME_THING, UNKNOWN, Exposed
from failwise.generation.balance.guessers import Tables
from failwise.generation.formats.question_files import read_questions
from failwise.generation.planning.cells import Plan
from failwise.generation.records import Arity, Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Polarity
from failwise.statistics import chi_square_p, gini
from tests.generation.balance.test_shortcuts import PUMP, asked, loose


def dimensions(graph: KnowledgeGraph, questions: Sequence[Question], plan: Plan | None = None) -> dict[str, Dimension]:
    return {d.name: d for d in measure(questions, Tables(graph), plan)}


@pytest.mark.parametrize(
    ("statistic", "degrees", "p"),
    # Critical values of the usual tables.
    [(3.841, 1, 0.05), (6.635, 1, 0.01), (5.991, 2, 0.05), (18.307, 10, 0.05), (32.909, 12, 0.001),
     (124.342, 100, 0.05), (74.222, 100, 0.975), (0, 3, 1), (5, 0, 1), (1e5, 7, 0)],
)  # fmt: skip
def test_chi_square_agrees_with_the_tables(statistic: float, degrees: int, p: float) -> None:
    assert chi_square_p(statistic, degrees) == pytest.approx(p, abs=2e-5)


@pytest.mark.parametrize(
    ("counts", "found"), [([3, 3, 3], 0), ([0, 0, 4], 2 / 3), ([], 0), ([0, 0], 0), ([1, 3], 0.25)]
)
def test_gini(counts: list[int], found: float) -> None:
    assert gini(counts) == pytest.approx(found)


def test_a_dimension_is_compared_with_its_target() -> None:
    found = compare("polarity", {"selection": 60, "elimination": 40}, {"selection": 0.5, "elimination": 0.5})
    assert found.variation == pytest.approx(0.1)
    assert found.chi_square == pytest.approx(4)
    assert found.p == pytest.approx(0.0455, abs=1e-4)
    assert abs(found.points or 0) == pytest.approx(10)
    assert abs(found.relative or 0) == pytest.approx(0.2)


def test_what_was_not_to_come_and_what_did_not_come() -> None:
    unwanted = compare("x", {"a": 9, "b": 1}, {"a": 1.0})
    assert (unwanted.chi_square, unwanted.p) == (None, 0)
    assert unwanted.variation == pytest.approx(0.1)
    missing = compare("x", {"a": 10}, {"a": 0.9, "b": 0.1})
    assert {v.name: v.count for v in missing.values} == {"a": 10, "b": 0}
    assert abs(missing.points or 0) == pytest.approx(10)


def test_letters_are_compared_for_each_option_count(toy: KnowledgeGraph) -> None:
    questions = [loose(i, ["a", "b"], i % 2) for i in range(10)] + [loose(i, list("abc"), 0) for i in range(10, 16)]
    found = dimensions(toy, questions)
    assert found["letter of 2"].variation == 0
    assert found["letter of 3"].worst == "A"
    assert found["letter of 3"].points == pytest.approx(66.7, abs=0.1)


def test_difficulty_is_compared_with_drawing_the_right_option_by_chance(toy: KnowledgeGraph) -> None:
    # Vibration has 2 yes facts, temperature 1: drawn by chance, one half would be easy and one half hard.
    fair = [
        asked(toy, "cavitation", "vibration", "temperature"),
        asked(toy, "bearing-damage", "pressure", "temperature"),
    ]
    assert dimensions(toy, fair)["difficulty"].variation == 0
    easy = dimensions(toy, fair[:1])["difficulty"]
    assert {v.name: (v.share, v.target) for v in easy.values} == {"easy": (1, 0.5), "hard": (0, 0.5)}
    assert [v.name for v in easy.values] == ["easy", "hard"]


def test_wordings_are_compared_within_their_family(toy: KnowledgeGraph) -> None:
    family = next(f for f in toy.relations["indicatedBy"].families
                  if (f.direction, f.polarity) == ("forward", "selection"))  # fmt: skip
    one = asked(toy, "cavitation", "vibration", "temperature")
    questions = [replace(one, template=t.id) for t in family.templates]
    assert dimensions(toy, questions)["template"].variation == pytest.approx(0)
    # A wording that never came counts.
    assert dimensions(toy, questions[1:])["template"].variation == pytest.approx(1 / len(questions))


def test_a_plan_gives_targets(toy: KnowledgeGraph) -> None:
    questions = [asked(toy, "cavitation", "vibration", "temperature", polarity=p) for p in Polarity]
    plan = Plan(2, (), {"polarity": {"selection": 0.75, "elimination": 0.25}, "letter": {"even": 1.0}})
    assert not dimensions(toy, questions)["polarity"].targeted
    assert dimensions(toy, questions, plan)["polarity"].variation == pytest.approx(0.25)


def test_how_many_are_right_is_counted_where_several_are_asked_for(toy: KnowledgeGraph) -> None:
    questions = [asked(toy, a, "vibration", "noise", arity=Arity.MULTIPLE)
                 for a in ("seal-leakage", "bearing-damage", "cavitation")]  # fmt: skip
    assert [(v.name, v.count) for v in dimensions(toy, questions)["right options"].values] == [
        ("0", 1), ("1", 1), ("2", 1)
    ]  # fmt: skip


def test_every_fact_is_counted_and_has_its_reason(toy: KnowledgeGraph) -> None:
    exposed = Exposed(Tables(toy))
    for anchor in ("bearing-damage", "seal-leakage"):
        exposed.add(asked(toy, anchor, "temperature", "pressure", group="g"))
    exposed.add(asked(toy, "cavitation", "vibration", "temperature"))
    exposed.add(loose(1, ["a", "b"], 0))
    found = exposed.exposure()
    assert (found.facts, found.askable, found.tested, found.shown) == (16, 12, 3, 6)
    assert found.never == {NOT_DRAWN: 9, UNKNOWN: 2, NO_ASSET: 2}
    assert (found.tests.least, found.tests.median, found.tests.most) == (0, 0, 1)
    assert (found.groups, found.broken, found.unlinked) == ({0: 2, 2: 2}, 0, 1)


@pytest.mark.parametrize(
    ("concept", "label", "reason"), [("temperature", "heat", SAME_THING), ("heat", "Temperature", NAMESAKE)]
)
def test_what_stands_for_a_fact_that_is_asked_is_not_missed(
    toy: KnowledgeGraph, concept: str, label: str, reason: str
) -> None:
    known = toy.facts[f"{PUMP}/bearing-damage/temperature"]
    concept = known.object.concept.replace("temperature", concept)
    heat = replace(known.object, iri="heat", label=label, concept=concept)
    again = replace(known, id=f"{PUMP}/bearing-damage/heat", object=heat)
    graph = copy(toy)
    graph.facts = {**toy.facts, again.id: again}
    exposed = Exposed(Tables(graph))
    exposed.add(asked(toy, "cavitation", "vibration", "pressure"))
    assert reason not in exposed.exposure().never
    exposed.add(asked(toy, "bearing-damage", "temperature", "pressure"))
    assert exposed.exposure().never[reason] == 1


def test_contrast_reach_of_the_toy(toy: KnowledgeGraph) -> None:
    # Cavitation and vibration: bearing damage shows it too, and seal leakage has nothing of its own beside it.
    assert contrast_reach(toy, "indicatedBy", largest=3) == {1: 7, 2: 5, 3: 0}
    assert contrast_reach(toy, "indicatedBy", ["toy fan"], largest=2) == {1: 1, 2: 0}


def test_contrast_reach_of_the_published_tables(published: KnowledgeGraph, data: Path) -> None:
    questions = read_questions(data / "failuresensoriq" / "single_answer.jsonl", published)
    classes = sorted({q.asset_class for q in questions})
    assert len(classes) == 10
    assert contrast_reach(published, "indicatedBy", classes) == {1: 470, 2: 441, 3: 317, 4: 163, 5: 71}
