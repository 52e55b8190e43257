"""What a teacher is asked: evidence, offers, examples, and what tells one request from another."""

from dataclasses import replace
from typing import Any

import pytest

from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.rationales.job import request_fingerprint
from failwise.generation.rationales.requests import Requests
from failwise.generation.records import Question, Style
from failwise.kg.graph import KnowledgeGraph


@pytest.fixture(scope="module")
def questions(toy: KnowledgeGraph) -> list[Question]:
    return list(Synthesis(toy, QuestionsConfig(train_per_fact=8)))


def model(**settings: Any) -> RationalesConfig:
    return RationalesConfig(teacher="openai", model="m", **settings)


def test_the_facts_of_the_options_come_first_and_offers_follow(toy: KnowledgeGraph, questions: list[Question]) -> None:
    question = questions[0]
    own = next(filter(None, question.fact_ids))
    offered = {own: "other words", "doc/manual/1": "a passage"}
    evidence = Requests(toy, model(), lambda q: offered).first(question).evidence
    assert list(evidence) == [*filter(None, question.fact_ids), "doc/manual/1"]
    assert evidence[own] == toy.statement(toy.facts[own])


def test_style_and_the_answer_shown_are_asked_for(toy: KnowledgeGraph, questions: list[Question]) -> None:
    request = Requests(toy, model(style="expert", show_answer=True)).first(questions[0])
    assert (request.style, request.shown) == (Style.EXPERT, True)


def test_each_further_attempt_is_warmer_up_to_two(toy: KnowledgeGraph, questions: list[Question]) -> None:
    requests = Requests(toy, model(temperature=1.6, temperature_step=0.25))
    tries = [requests.first(questions[0])]
    for _ in range(3):
        tries.append(requests.again(tries[-1]))
    assert [t.attempt for t in tries] == [1, 2, 3, 4]
    assert [t.temperature for t in tries] == pytest.approx([1.6, 1.85, 2.0, 2.0])


def test_examples_are_training_questions_of_the_family_about_other_facts(
    toy: KnowledgeGraph, questions: list[Question]
) -> None:
    requests = Requests(toy, model(examples=2), pool=questions)
    shown = 0
    for question in questions:
        examples = requests.first(question).examples
        assert requests.first(question).examples == examples
        for example in examples:
            other, shown = example.question, shown + 1
            assert other.split == "train"
            assert (other.relation, other.polarity, other.direction) == (
                question.relation,
                question.polarity,
                question.direction,
            )
            assert not set(filter(None, other.fact_ids)) & set(question.fact_ids)
            assert example.answer == other.answer_ids
    assert shown


def test_another_seed_shows_other_examples(shipped: KnowledgeGraph) -> None:
    questions = list(Synthesis(shipped, QuestionsConfig(asset_classes=("pump",), train_per_fact=4)))
    one, other = (Requests(shipped, model(examples=2, seed=s), pool=questions) for s in (0, 1))
    assert [one.first(q).examples for q in questions] != [other.first(q).examples for q in questions]


CHANGES = ({"model": "n"}, {"style": "expert"}, {"show_answer": True}, {"temperature": 0.5}, {"max_tokens": 99})
CONDUCT = ({"timeout": 1.0}, {"concurrency": 2}, {"budget_tokens": 5}, {"prices": {"m": (1, 1)}}, {"retries": 0})


@pytest.mark.parametrize("change", CHANGES)
def test_other_settings_are_another_request(
    toy: KnowledgeGraph, questions: list[Question], change: dict[str, Any]
) -> None:
    other = RationalesConfig.model_validate(model().model_dump() | change)
    assert request_fingerprint(questions[0], toy, model()) != request_fingerprint(questions[0], toy, other)


@pytest.mark.parametrize("change", CONDUCT)
def test_another_conduct_is_the_same_request(
    toy: KnowledgeGraph, questions: list[Question], change: dict[str, Any]
) -> None:
    other = RationalesConfig.model_validate(model().model_dump() | change)
    assert request_fingerprint(questions[0], toy, model()) == request_fingerprint(questions[0], toy, other)


def test_other_words_or_other_evidence_are_another_request(toy: KnowledgeGraph, questions: list[Question]) -> None:
    question = questions[0]
    before = request_fingerprint(question, toy, model())
    assert request_fingerprint(replace(question, question="Else?"), toy, model()) != before
    assert request_fingerprint(question, toy, model(), lambda q: {"doc/a/1": "a passage"}) != before
