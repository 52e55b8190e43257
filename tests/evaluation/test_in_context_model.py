"""The scoring model: without exemplars as a student's scorer, with them as earlier turns of the chat."""

from pathlib import Path

import pytest

from failwise.evaluation.in_context.check import check_in_context
from failwise.evaluation.in_context.config import InContextConfig
from failwise.evaluation.in_context.records import Shot
from failwise.kg.graph import KnowledgeGraph
from tests.evaluation.exemplars import letters, questions_of, rationale_of

pytest.importorskip("torch")
pytest.importorskip("peft")

from failwise.evaluation.in_context.model import LikelihoodAnswerer, chat
from failwise.evaluation.respondents import answer_questions


def test_without_exemplars_the_scores_are_the_usual_ones(shipped: KnowledgeGraph, tiny_base: Path) -> None:
    questions = questions_of(shipped)[:4]
    usual = {a.question_id: a.scores for a in answer_questions(tiny_base, questions, device="cpu")}
    ours = LikelihoodAnswerer(tiny_base, "cpu").score([((), q) for q in questions])
    for question, scores in zip(questions, ours, strict=True):
        assert scores == pytest.approx(usual[question.id], rel=0.02)


def test_exemplars_are_answered_turns_and_the_question_is_last(shipped: KnowledgeGraph) -> None:
    first, second, asked = questions_of(shipped)[:3]
    said = chat([Shot(first, "Because."), Shot(second, "")], asked)
    assert [m["role"] for m in said] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert said[1]["content"].endswith("Explain, then answer.") and said[5]["content"].endswith("\nAnswer.")
    assert said[2]["content"] == f"Because.\nAnswer: {first.options[0]} (A)"
    assert said[4]["content"] == f"Answer: {second.options[0]} (A)"
    assert asked.question in said[5]["content"]


def test_exemplars_stand_before_the_question_and_count_as_tokens(shipped: KnowledgeGraph, tiny_base: Path) -> None:
    exemplar, asked = questions_of(shipped)[:2]
    model = LikelihoodAnswerer(tiny_base, "cpu", context=500)
    shots = (Shot(exemplar, "Because."),)
    packed = model._tree(shots, asked)
    text = str(model._scorer.tokenizer.decode(list(packed.prompt)))
    assert text.index(exemplar.question) < text.index("Because.\nAnswer:") < text.rindex(asked.question)
    assert text.endswith("<|assistant|>Answer:")
    assert packed.branches == model._tree((), asked).branches
    assert model.tokens(shots, asked) == len(packed.prompt) + max(map(len, packed.branches))
    assert model.context == 500 and LikelihoodAnswerer(tiny_base, "cpu").context == 1024
    alone, primed = model.score([((), asked), (shots, asked)])
    assert len(alone) == len(primed) == 3 and alone != primed


@pytest.mark.slow
def test_the_embedded_model_answers_under_every_condition(shipped: KnowledgeGraph, tmp_path: Path) -> None:
    questions = questions_of(shipped)
    material = questions[:6], questions[6:40], [rationale_of(q, shipped) for q in questions[6:40]]
    config = InContextConfig(shots=(0, 1), batch_size=2)
    model = LikelihoodAnswerer("base", "cpu")
    result, left_out = check_in_context(material, shipped, model, config, tmp_path, embedder=letters)
    assert [r.n for r in result.rows] == [6] * 5 and not left_out
    assert {r.unanswered + r.fewer for r in result.rows} == {0}
