"""Whole rows are told to a student only as far as its split may know them."""

from collections import Counter
from dataclasses import replace

import pytest

from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.rows import row_questions
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Polarity, Truth


@pytest.fixture(scope="module")
def questions(shipped: KnowledgeGraph) -> list[Question]:
    return list(Synthesis(shipped, QuestionsConfig(asset_classes=("fan",), relations=("indicatedBy",))))


def test_a_row_tells_all_that_is_stated_in_every_wording(shipped: KnowledgeGraph, questions: list[Question]) -> None:
    rows = list(row_questions(questions, shipped))
    stated = [f for f in shipped.query("fan", "indicatedBy") if f.truth is not Truth.UNKNOWN]
    told = Counter(fact for q in rows for fact in q.fact_ids)
    wordings = sum(len(f.templates) for f in shipped.relations["indicatedBy"].families)
    assert told == {f.id: wordings for f in stated}
    for question in rows:
        for fact_id, right in zip(question.fact_ids, question.correct, strict=True):
            holds = shipped.facts[fact_id].truth is Truth.YES
            assert right is (holds is (question.polarity is Polarity.SELECTION))


def test_rows_have_the_words_of_drawn_questions(shipped: KnowledgeGraph, questions: list[Question]) -> None:
    rows = {q.question for q in row_questions(questions, shipped)}
    asked = {q.question for q in questions if q.split == "train"}
    assert asked <= rows


def test_what_the_test_keeps_is_not_told(shipped: KnowledgeGraph) -> None:
    config = QuestionsConfig(asset_classes=("fan", "pump"), relations=("indicatedBy",), regime="held-out-fact")
    questions = list(Synthesis(shipped, config))
    kept = {fact for q in questions if q.split == "test" for fact in q.fact_ids}
    told = {fact for q in row_questions(questions, shipped) for fact in q.fact_ids}
    assert told and kept and not told & kept


def test_test_questions_and_those_without_facts_ask_for_no_rows(
    shipped: KnowledgeGraph, questions: list[Question]
) -> None:
    elsewhere = [replace(q, split="test") for q in questions]
    bare = [replace(q, fact_ids=(), anchor="") for q in questions]
    strange = [replace(q, asset_class="teapot", fact_ids=("teapot/indicatedBy/a/b",)) for q in questions]
    assert list(row_questions([*elsewhere, *bare, *strange], shipped)) == []
