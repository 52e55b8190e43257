"""Guessers find the habits of a set, and nothing where there are none."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from failwise.generation.balance.guessers import Tables
from failwise.generation.balance.shortcuts import GuesserRow, Shortcuts, find_shortcuts, pairs_in_order, shared_point
from failwise.generation.formats.question_files import read_questions
from failwise.generation.records import Arity, Kind, Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Polarity, Truth

PUMP = "toy-pump/indicatedBy"


def asked(graph: KnowledgeGraph, anchor: str, *options: str, arity: Arity = Arity.SINGLE,
          polarity: Polarity = Polarity.SELECTION, group: str = "", none: bool = False) -> Question:  # fmt: skip
    """Return a question of the toy pump: which sensors indicate a failure mode, or do not?"""
    facts = [graph.facts[f"{PUMP}/{anchor}/{option}"] for option in options]
    wanted = Truth.YES if polarity is Polarity.SELECTION else Truth.NO
    correct = [f.truth is wanted for f in facts]
    ids, kinds = [f.id for f in facts], [Kind.ANSWER if c else Kind.SAME_ANCHOR for c in correct]
    if none:
        options, ids, kinds = (*options, "none of these"), [*ids, ""], [*kinds, Kind.NONE_OF_THESE]
        correct.append(not any(correct))
    return Question(
        subject="s",
        id=f"{anchor} {' '.join(options)} {arity} {polarity}",
        question=f"Which sensor shows {anchor}?",
        options=options,
        option_ids=tuple("ABCDEFGHIJ"[: len(options)]),
        question_first=True,
        correct=tuple(correct),
        text_type="choice",
        asset_name="toy pump",
        relevancy="",
        question_type="",
        asset_class="toy-pump",
        relation="indicatedBy",
        direction=Direction.FORWARD,
        polarity=polarity,
        arity=arity,
        anchor=anchor,
        fact_ids=tuple(ids),
        tested_fact=ids[correct.index(True)] if arity is Arity.SINGLE else "",
        distractor_kinds=tuple(kinds),
        group=group,
    )


def loose(number: int, options: Sequence[str], right: int, anchor: str = "", text: str = "Which?") -> Question:
    """Return a question without facts."""
    return Question("s", str(number), text, tuple(options), tuple("ABCDEFGHIJ"[: len(options)]), True,
                    tuple(i == right for i in range(len(options))), "choice", "", "", "",
                    polarity=Polarity.SELECTION, anchor=anchor or str(number))  # fmt: skip


def rows(found: Shortcuts, arity: Arity = Arity.SINGLE) -> dict[str, GuesserRow]:
    return {r.name: r for r in found.rows if r.arity is arity}


def play(graph: KnowledgeGraph, questions: Sequence[Question], margin: float = 0.05) -> Shortcuts:
    return find_shortcuts(questions, Tables(graph), margin)


def test_failuresensoriq_is_refused_by_its_degree(published: KnowledgeGraph, data: Path) -> None:
    found = play(published, read_questions(data / "failuresensoriq" / "single_answer.jsonl", published))
    by_name = rows(found)
    assert 100 * by_name["degree"].accuracy == pytest.approx(63.7, abs=0.1)
    assert 100 * by_name["degree"].chance == pytest.approx(27.5, abs=0.1)
    assert 100 * by_name["always A"].accuracy == pytest.approx(28.2, abs=0.1)
    assert 100 * by_name["longest option"].accuracy == pytest.approx(29.8, abs=0.1)
    assert [o.row.name for o in found.offenders] == ["degree", "option prior"]
    assert {o.relation for o in found.offenders[0].options} == {"indicatedBy"}
    assert found.offenders[0].options[0].gain > 0


def test_a_contrast_group_gives_every_guesser_exactly_chance(toy: KnowledgeGraph) -> None:
    group = [asked(toy, a, "temperature", "pressure", group="g") for a in ("bearing-damage", "seal-leakage")]
    assert all(r.accuracy == 0.5 == r.chance for r in play(toy, group).rows)


def test_a_table_of_contrast_groups_gives_no_guesser_anything(toy: KnowledgeGraph) -> None:
    dice, questions = random.Random(0), []
    for number in range(300):
        options = dice.sample([f"sensor {'x' * i}" for i in range(12)], 3)
        questions += [loose(3 * number + i, options, i) for i in range(3)]
    found = play(toy, questions)
    assert found.rows
    assert all(r.accuracy == pytest.approx(1 / 3) for r in found.rows)
    assert not found.offenders


@pytest.mark.parametrize(
    ("anchor", "options", "polarity", "points"),
    [
        ("cavitation", ("vibration", "temperature"), Polarity.SELECTION, 1.0),  # 2 yes facts against 1
        ("cavitation", ("vibration", "temperature"), Polarity.ELIMINATION, 1.0),
        ("seal-leakage", ("vibration", "pressure"), Polarity.SELECTION, 0.5),  # 2 against 2
        ("bearing-damage", ("pressure", "temperature"), Polarity.SELECTION, 0.0),
    ],
)
def test_the_degree_takes_the_highest_and_to_eliminate_the_lowest(
    toy: KnowledgeGraph, anchor: str, options: tuple[str, ...], polarity: Polarity, points: float
) -> None:
    # The degrees of vibration and pressure tie: half a point, and a second anchor of the table.
    other = "bearing-damage" if anchor == "seal-leakage" else "seal-leakage"
    tie = asked(toy, other, "vibration", "pressure", polarity=polarity)
    found = rows(play(toy, [asked(toy, anchor, *options, polarity=polarity), tie]))
    assert found["degree"].accuracy == (points + 0.5) / 2
    assert found["degree turned round"].accuracy == (1 - points + 0.5) / 2


def test_the_degree_leaves_out_what_is_asked_where_a_set_knows_one_anchor_only(toy: KnowledgeGraph) -> None:
    found = rows(play(toy, [asked(toy, "cavitation", "vibration", "temperature")]))
    assert found["degree"].accuracy == 0.5  # 2 yes facts against 1, less the one that is asked


def test_an_option_that_is_always_right_is_found_and_named(toy: KnowledgeGraph) -> None:
    dice = random.Random(1)
    questions = []
    for number in range(200):
        options = ["habit", *dice.sample([f"s{i}" for i in range(30)], 3)]
        dice.shuffle(options)
        questions.append(loose(number, options, options.index("habit")))
    offender = next(o for o in play(toy, questions).offenders if o.row.name == "option prior")
    assert offender.row.accuracy > 0.95
    assert offender.options[0].option == "habit"


def test_what_is_learned_of_one_anchor_is_left_to_chance_and_counted(toy: KnowledgeGraph) -> None:
    questions = [replace(loose(i, ["right", f"wrong {i}"], 0, "the one"), relation="r") for i in range(50)]
    found = play(toy, questions)
    assert rows(found)["option prior"].accuracy == 0.5
    assert (found.single_anchor, found.single_anchor_tables) == (50, 1)
    two = [replace(q, anchor=f"{i % 2}") for i, q in enumerate(questions)]
    assert rows(play(toy, two))["option prior"].accuracy > 0.9
    assert play(toy, two).single_anchor == 0


def test_the_best_letter_is_learned_from_the_other_half(toy: KnowledgeGraph) -> None:
    found = play(toy, [loose(i, [f"{i} a", f"{i} b", f"{i} c"], 2) for i in range(60)])
    assert rows(found)["always C"].accuracy == rows(found)["best letter"].accuracy == 1
    assert {"always C", "best letter"} <= {o.row.name for o in found.offenders}


def test_words_of_the_question_in_the_right_option_are_found(toy: KnowledgeGraph) -> None:
    text = "Which sensor is near the bearings?"
    select = [loose(i, [f"bearing {i}", f"seal {i}"], 0, text=text) for i in range(40)]
    eliminate = [replace(q, id=f"e{q.id}", correct=(False, True), polarity=Polarity.ELIMINATION) for q in select]
    assert rows(play(toy, [*select, *eliminate]))["word overlap"].accuracy == 1


def test_length_is_found(toy: KnowledgeGraph) -> None:
    found = rows(play(toy, [loose(i, ["short", f"much longer {i}"], 1) for i in range(40)]))
    assert (found["longest option"].accuracy, found["shortest option"].accuracy) == (1, 0)


def test_luck_is_no_reason_to_refuse(toy: KnowledgeGraph) -> None:
    few = [loose(i, [f"{i} a", f"{i} b"], 0) for i in range(2)]
    assert rows(play(toy, few))["always A"].excess == 50
    assert not play(toy, few).offenders


def test_none_of_these_has_rows_of_its_own(toy: KnowledgeGraph) -> None:
    questions = [asked(toy, "seal-leakage", "vibration", "temperature", none=True),
                 asked(toy, "cavitation", "vibration", "temperature", none=True)]  # fmt: skip
    found = rows(play(toy, questions))
    assert found["always none of these"].accuracy == 0.5
    assert found["never none of these"].accuracy == 0.25
    # Its degree is the median, so it is not what the degree takes.
    assert found["degree"].accuracy == 0.5
    assert "always none of these" not in rows(play(toy, [loose(0, ["a", "b"], 0)]))


@pytest.mark.parametrize(
    ("scores", "correct", "points"),
    [
        ([3, 2, 1], [True, True, False], 1.0),
        ([1, 2, 3], [True, False, False], 0.0),
        ([1, 1], [True, False], 0.5),
        ([2, 1, 1], [False, True, False], 0.25),
        ([1, 2], [True, True], None),
        ([1, 2], [False, False], None),
    ],
)
def test_pairs_in_order(scores: list[float], correct: list[bool], points: float | None) -> None:
    assert pairs_in_order(scores, correct) == points


def test_multiple_answers_are_reported_apart(toy: KnowledgeGraph) -> None:
    several = asked(toy, "cavitation", "vibration", "temperature", "noise", arity=Arity.MULTIPLE)
    tie = asked(toy, "seal-leakage", "vibration", "pressure", arity=Arity.MULTIPLE)
    found = play(toy, [several, tie, asked(toy, "bearing-damage", "pressure", "temperature")])
    # Vibration (2) before temperature (1) is right, noise (1) ties with it.
    assert rows(found, Arity.MULTIPLE)["degree"].accuracy == (0.75 + 0.5) / 2
    assert rows(found)["degree"].accuracy == 0
    assert "always A" not in rows(found, Arity.MULTIPLE)


def test_options_that_tie_share_the_point() -> None:
    assert shared_point([1.0, 1.0 + 1e-12, 0.0], [True, False, False]) == 0.5


def test_a_large_part_over_the_margin_is_warned_of_not_refused(toy: KnowledgeGraph) -> None:
    dice = random.Random(2)
    fair = [replace(loose(i, [f"{i} a", f"{i} b"], dice.randrange(2)), relation="fair") for i in range(20_000)]
    skewed = [replace(loose(i, [f"{i} a", f"{i} b"], 0), relation="skewed") for i in range(20_000, 20_250)]
    found = play(toy, fair + skewed)
    assert not found.offenders
    assert {(w.relation, w.name) for w in found.warnings} >= {("skewed", "always A")}
    assert {w.relation for w in found.warnings} == {"skewed"}
