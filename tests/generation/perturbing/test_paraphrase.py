"""A teacher's words are taken only if they ask the same: names, numbers and polarity survive, no option is told."""

import json
from dataclasses import replace

import pytest

from failwise.errors import InputError
from failwise.generation.config import RationalesConfig
from failwise.generation.perturbing.base import Aids, Context, NotMade
from failwise.generation.perturbing.paraphrase import find_paraphraser, wrong_with
from failwise.generation.perturbing.perturb import PERTURBATIONS, Tally, perturb
from failwise.generation.records import Question
from failwise.generation.teachers.fake_teachers import ScriptedTeacher, openai_server
from failwise.generation.teachers.teacher import TeacherReply
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Polarity
from tests.generation.perturbing.asked import ask, foreign

NAMES = ["toy pump", "seal leakage"]


@pytest.fixture(scope="module")
def question(toy: KnowledgeGraph) -> Question:
    asked = ask(toy, "seal-leakage", ("noise", "pressure"))
    return replace(asked, question="Which of these signals shows seal leakage on the toy pump?")


@pytest.fixture(scope="module")
def denied(toy: KnowledgeGraph) -> Question:
    asked = ask(toy, "seal-leakage", ("noise", "pressure"), polarity=Polarity.ELIMINATION)
    return replace(asked, question="Which of these signals does not show seal leakage on the toy pump?")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Which measured quantity reveals a seal leakage in a toy pump?", ""),
        ("Suppose a toy-pump has Seal Leakage. What would you measure?", ""),
        ("", "empty"),
        ("which of these signals shows the seal leakage on the toy pump", "not rewritten"),
        ("Toy pump: seal leakage?", "too short or too long"),
        ("Seal leakage on the toy pump " * 9 + "?", "too short or too long"),
        ("Name the signal that reveals seal leakage in the toy pump.", "no question mark"),
        ("Which measured quantity reveals a leaking seal in a toy pump?", "a name is missing"),
        ("Which quantity reveals seal leakage in a toy pumping station?", "a name is missing"),
        ("Which of these 2 signals reveals seal leakage in a toy pump?", "other numbers"),
        ("Does pressure, or another signal, reveal seal leakage in a toy pump?", "names an option"),
        ("Which signal does not reveal seal leakage in a toy pump?", "polarity lost"),
        ("Which signal can be ruled out for seal leakage in a toy pump?", "polarity lost"),
    ],
)
def test_what_a_paraphrase_must_keep(question: Question, text: str, reason: str) -> None:
    assert wrong_with(text, question, NAMES) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Which signal cannot reveal seal leakage in a toy pump?", ""),
        ("All but one of the signals reveal seal leakage in a toy pump; which one does not?", ""),
        ("Which signal reveals seal leakage in a toy pump?", "polarity lost"),
        ("Which signal is not unrelated to seal leakage in a toy pump?", "polarity lost"),
    ],
)
def test_a_denial_stays_one_denial(denied: Question, text: str, reason: str) -> None:
    assert wrong_with(text, denied, NAMES) == reason


def scripted(graph: KnowledgeGraph, *texts: str) -> ScriptedTeacher:
    lines = iter(texts)
    return ScriptedTeacher(RationalesConfig(), graph, lambda _: TeacherReply("", next(lines)))


def test_the_first_text_that_passes_is_taken(toy: KnowledgeGraph, question: Question) -> None:
    teacher = scripted(toy, "No?", "Which measured quantity reveals a seal leakage in a toy pump?")
    tally = Tally()
    (made,) = perturb([question], ["paraphrase"], graph=toy, aids=Aids(teacher=teacher), tally=tally)
    assert made.question.startswith("Which measured quantity")
    assert [r.temperature for r in teacher.requests] == sorted({r.temperature for r in teacher.requests})
    assert set(teacher.requests[0].evidence.values()) == set(NAMES)
    assert (made.options, made.fact_ids, made.template, made.group) == (question.options, question.fact_ids, "", "g1")
    assert not tally.rejects


def test_what_never_passes_is_kept_aside_with_its_reason(toy: KnowledgeGraph, question: Question) -> None:
    tally = Tally()
    aids = Aids(teacher=scripted(toy, "No?", "Nope?"), attempts=2)
    assert list(perturb([question], ["paraphrase"], graph=toy, aids=aids, tally=tally)) == []
    assert tally.unmade == {("paraphrase", "the paraphrase: too short or too long"): 1}
    (reject,) = tally.rejects
    assert (reject.record_id, reject.raw, reject.attempts) == (question.id, "Nope?", 2)


def test_the_complex_one_does_all_at_once(toy: KnowledgeGraph, question: Question) -> None:
    aids = Aids(teacher=scripted(toy, "Which measured quantity reveals a seal leakage in a toy pump?"))
    (made,) = perturb([question], ["complex-perturbed"], graph=toy, aids=aids)
    assert made.option_ids == ("P)", "Q)")
    assert made.options == ("pressure", "noise")
    assert made.correct == (True, False)
    assert not made.question_first
    assert made.question.startswith("Which measured quantity")
    assert (made.perturbation, made.perturbation_of) == ("complex-perturbed", question.id)
    assert made.tested_fact == made.fact_ids[0]


def test_a_set_without_facts_is_held_to_polarity_and_numbers() -> None:
    asked = foreign("Which of the 8 planets is not made of rock?", ("Mars", "Saturn"), 1)
    assert wrong_with("Of the 8 planets, which one isn't rocky?", asked, []) == ""
    assert wrong_with("Of the 8 planets, which one is rocky?", asked, []) == "polarity lost"
    with pytest.raises(NotMade, match="needs a teacher"):
        PERTURBATIONS["paraphrase"](asked, Context())


def test_a_model_is_asked_for_a_question_and_not_for_an_answer(toy: KnowledgeGraph, question: Question) -> None:
    seen = []

    def answer(request: dict[str, object]) -> tuple[int, str]:
        seen.append(json.dumps(request))
        reply = {"reasoning": "other verb", "answer": "Which measured quantity reveals a seal leakage in a toy pump?"}
        return 200, json.dumps(reply)

    pytest.importorskip("urllib3")
    with openai_server(answer) as url:
        teacher = find_paraphraser(RationalesConfig(teacher="openai", model="m", base_url=url), toy)
        (made,) = perturb([question], ["paraphrase"], graph=toy, aids=Aids(teacher=teacher))
    assert made.question == "Which measured quantity reveals a seal leakage in a toy pump?"
    assert "Name: seal leakage" in seen[0]
    assert "pressure" not in seen[0]


@pytest.mark.parametrize("name", ["graph", "scripted"])
def test_who_only_explains_writes_no_paraphrase(toy: KnowledgeGraph, name: str) -> None:
    with pytest.raises(InputError, match="rewrites nothing; allowed are openai"):
        find_paraphraser(RationalesConfig(teacher=name), toy)
