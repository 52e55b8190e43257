"""Questions and rationales become lessons; what cannot be taught is counted."""

from collections.abc import Callable

import pytest

from failwise.generation.records import Question, Rationale
from failwise.training.examples import NO_RATIONALE, NOT_SINGLE, OTHER_ANSWER, lessons, strip_citations

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


def test_a_question_is_taught_in_both_modes(make_question: Make, make_rationale: Reason) -> None:
    question = make_question(1, ("speed", "vibration"), right=1)
    [lesson], left_out = lessons(
        [question], {question.id: make_rationale(question)}, direct_share=0.5, cite_facts=False
    )
    assert left_out == {}
    assert "".join(lesson.direct.completion) == "Answer: vibration (B)"
    assert lesson.rationale is not None
    assert "".join(lesson.rationale.completion) == "It shows in vibration.\nAnswer: vibration (B)"


def test_citations_are_kept_on_demand(make_question: Make, make_rationale: Reason) -> None:
    question = make_question(1)
    [lesson], _ = lessons([question], {question.id: make_rationale(question)}, direct_share=0, cite_facts=True)
    assert lesson.rationale is not None
    assert question.tested_fact in "".join(lesson.rationale.completion)


def test_what_cannot_be_taught_is_left_out_with_its_reason(make_question: Make, make_rationale: Reason) -> None:
    good, bare, contrary = make_question(1), make_question(2), make_question(3)
    from dataclasses import replace

    double = replace(make_question(4), correct=(True, True))
    reasons = {q.id: make_rationale(q) for q in (good, double)} | {contrary.id: make_rationale(contrary, answer="B")}
    kept, left_out = lessons([good, bare, contrary, double], reasons, direct_share=0, cite_facts=False)
    assert [lesson.direct.question_id for lesson in kept] == [good.id]
    assert left_out == {NO_RATIONALE: 1, OTHER_ANSWER: 1, NOT_SINGLE: 1}


def test_without_a_rationale_a_question_is_taught_directly(make_question: Make) -> None:
    [lesson], left_out = lessons([make_question(1)], {}, direct_share=0.5, cite_facts=False)
    assert (lesson.rationale, left_out) == (None, {})
