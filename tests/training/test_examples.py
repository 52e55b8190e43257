"""Questions and rationales become lessons; what cannot be taught is named."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from failwise.generation.records import Question, Rationale
from failwise.kg.records import Polarity
from failwise.training.examples import (
    NO_RATIONALE,
    NOT_SINGLE,
    OTHER_ANSWER,
    Row,
    lessons,
    options_example,
    strip_citations,
)
from failwise.training.recipe import Loss, Task
from failwise.training.records import Example, Mode

Make = Callable[..., Question]
Reason = Callable[..., Rationale]


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("It shows in oil [pump/indicatedBy/wear/oil].", "It shows in oil."),
        ("Oil [pump/monitoredBy/oil] is monitored.", "Oil is monitored."),
        ("Both [a/b/c/d][a/b/c/e] hold.", "Both hold."),
        ("The load [kW] and the ratio [m/s] stay.", "The load [kW] and the ratio [m/s] stay."),
    ],
)
def test_only_citations_are_stripped(text: str, stripped: str) -> None:
    assert strip_citations(text) == stripped


def shown(question: Question, rationale: Rationale, task: Task, **more: object) -> tuple[Example, ...]:
    ((lesson,), left_out) = lessons([question], {question.id: rationale}, task, **more)  # type: ignore[arg-type]
    assert left_out == {}
    return lesson.show(random.Random(0))


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (Mode.DIRECT, "Answer: vibration (B)"),
        (Mode.RATIONALE, "It shows in vibration.\nAnswer: vibration (B)"),
        (Mode.JUSTIFIED, "Answer: vibration (B)\nIt shows in vibration."),
        (Mode.REASONS, "It shows in vibration."),
        (Mode.INFERRED, "Answer: vibration (B)"),
    ],
)
def test_a_mode_says_what_is_read_and_written(
    make_question: Make, make_rationale: Reason, mode: Mode, said: str
) -> None:
    question = make_question(1, ("speed", "vibration"), right=1)
    (example,) = shown(question, make_rationale(question), Task(mode=mode))
    (branch,) = example.branches
    assert "".join(branch.segments) == said
    assert ("Reasons: It shows in vibration." in example.prompt) is (mode is Mode.INFERRED)


def test_citations_are_kept_on_demand(make_question: Make, make_rationale: Reason) -> None:
    question = make_question(1)
    (example,) = shown(question, make_rationale(question), Task(mode=Mode.RATIONALE), cite_facts=True)
    assert question.tested_fact in "".join(example.branches[0].segments)


def test_what_cannot_be_taught_is_left_out_with_its_reason(make_question: Make, make_rationale: Reason) -> None:
    good, bare, contrary = make_question(1), make_question(2), make_question(3)
    double = replace(make_question(4), correct=(True, True))
    reasons = {q.id: make_rationale(q) for q in (good, double)} | {contrary.id: make_rationale(contrary, answer="B")}
    kept, left_out = lessons([good, bare, contrary, double], reasons, Task(mode=Mode.RATIONALE))
    assert [lesson.question_id for lesson in kept] == [good.id]
    assert left_out == {bare.id: NO_RATIONALE, contrary.id: OTHER_ANSWER, double.id: NOT_SINGLE}


def test_the_answer_alone_needs_no_rationale(make_question: Make) -> None:
    kept, left_out = lessons([make_question(1)], {}, Task(mode=Mode.DIRECT))
    assert (len(kept), left_out) == (1, {})


def test_options_that_compete_are_the_options_that_are_scored(make_question: Make, make_rationale: Reason) -> None:
    question = make_question(1, ("speed", "vibration"), right=1)
    (example,) = shown(question, make_rationale(question), Task(mode=Mode.DIRECT, loss=Loss.LISTWISE))
    assert example == options_example(question, Mode.DIRECT)
    assert example.lead == ("Answer:",)
    assert [(b.segments, b.right) for b in example.branches] == [
        ((" speed", " ("), False),
        ((" vibration", " ("), True),
    ]


def test_the_verdicts_of_an_anchor_are_one_row(make_question: Make) -> None:
    one = make_question(1, ("speed", "vibration"), right=1)
    other = replace(
        one,
        id="other",
        question="What does not show wear on machine 1?",
        polarity=Polarity.ELIMINATION,
        options=("oil", "vibration"),
        correct=(True, False),
        fact_ids=("m1/indicatedBy/wear/oil", "m1/indicatedBy/wear/vibration"),
    )
    elsewhere = make_question(2)
    rows, _ = lessons([one, other, elsewhere], {}, Task(mode=Mode.VERDICT, options=2))
    assert [row.question_id for row in rows] == [one.id, elsewhere.id]
    (row, _) = rows
    assert isinstance(row, Row)
    assert {prompt.splitlines()[0]: wanted.segments for prompt, wanted in row.wordings} == {
        one.question: (" Wanted:", " yes"),
        other.question: (" Wanted:", " no"),
    }
    said = {(b.name, b.right, b.segments[-1]) for b in row.verdicts}
    assert said == {("speed", False, " no"), ("vibration", True, " yes"), ("oil", False, " no")}
    drawn = [row.show(random.Random(seed))[0] for seed in range(20)]
    assert {len(example.branches) for example in drawn} == {3}
    assert {(example.prompt, example.branches[0]) for example in drawn} == set(row.wordings)


def test_a_row_may_leave_its_asset_class_unnamed(make_question: Make) -> None:
    one = replace(make_question(1), asset_name="fan", question="What shows wear on the fan?")
    other = replace(one, id="other", asset_name="pump", asset_class="pump", question="What shows wear on the pump?")
    rows, _ = lessons([one, other], {}, Task(mode=Mode.VERDICT, named=False))
    asked = [row.show(random.Random(0))[0].prompt.splitlines()[0] for row in rows]
    assert asked == ["What shows wear on the machine?"] * 2


def test_a_row_says_nothing_of_none_of_these(make_question: Make) -> None:
    question = make_question(1, ("speed", "none of these"))
    ((row,), _) = lessons([replace(question, fact_ids=(question.fact_ids[0], ""))], {}, Task(mode=Mode.VERDICT))
    assert isinstance(row, Row) and [b.name for b in row.verdicts] == ["speed"]


def test_several_right_options_can_be_judged(make_question: Make) -> None:
    double = replace(make_question(1), correct=(True, True))
    ((row,), left_out) = lessons([double], {}, Task(mode=Mode.VERDICT))
    assert left_out == {} and isinstance(row, Row) and all(b.right for b in row.verdicts)


def test_views_are_learned_beside_their_question(make_question: Make) -> None:
    question = make_question(1, ("speed", "vibration"), right=1)
    turned = replace(
        question, id="v", options=("vibration", "speed"), correct=(True, False), fact_ids=question.fact_ids[::-1],
        perturbation="option-order", perturbation_of=question.id,
    )  # fmt: skip
    other_kind = replace(turned, id="w", perturbation="typing-noise")
    task = Task(mode=Mode.DIRECT, loss=Loss.LISTWISE, views=("option-order",), consistency=1.0)
    ((lesson,), _) = lessons([question], {}, task, variants=[turned, other_kind])
    first, second = lesson.show(random.Random(0))
    assert first.question_id == question.id and second.question_id == "v"
    assert {b.name for b in first.branches} == {b.name for b in second.branches} == set(question.fact_ids)
