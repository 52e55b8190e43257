"""FActScore: supported shares, averaged; short texts pay the original's penalty."""

from math import exp

import pytest

from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.records import Rationale, Style
from failwise.generation.teachers.graph_teacher import GraphTeacher
from failwise.generation.teachers.teacher import TeacherRequest
from failwise.generation.verifying.claims import Finding
from failwise.generation.verifying.factscore import (
    Counts,
    GraphSource,
    PassageSource,
    count_claims,
    fact_score,
    fact_scores,
    length_penalty,
)
from failwise.generation.verifying.rules import Verifier
from failwise.kg.graph import KnowledgeGraph


def test_the_score_is_the_mean_share_and_unverifiable_claims_count_as_unsupported() -> None:
    score = fact_score("t", Style.STANDARD, [Counts(4, 0, 0), Counts(1, 2, 1), Counts(0, 0, 0)])
    assert score.score == pytest.approx((1 + 0.25) / 2)
    assert (score.supported, score.contradicted, score.unverifiable) == (5, 2, 1)
    assert (score.rationales, score.claimless) == (3, 1)
    assert score.low < score.score < score.high
    assert score.penalised == pytest.approx(score.score * exp(1 - 10 / 4))


@pytest.mark.parametrize(("claims", "expected"), [(0, 0.0), (5, exp(-1)), (10, 1.0), (30, 1.0)])
def test_the_length_penalty_is_the_originals(claims: int, expected: float) -> None:
    assert length_penalty(claims) == pytest.approx(expected)


def test_the_graph_teacher_scores_one_and_a_liar_less(toy: KnowledgeGraph) -> None:
    questions = {q.id: q for q in Synthesis(toy, QuestionsConfig(asset_classes=("toy pump",)))}
    teacher, verifier = GraphTeacher(RationalesConfig(), toy), Verifier(toy, RationalesConfig())
    rationales = []
    for question in questions.values():
        evidence = {i: toy.statement(toy.facts[i]) for i in question.fact_ids if i}
        text = teacher.reason(TeacherRequest(question, evidence, 0.0, 1)).text
        honest = Rationale(question.id, "graph", "", (), text, (), "A", "accepted", 1, 0, 0)
        rationales += [honest, Rationale(question.id, "liar", "", (), _turned(text), (), "A", "accepted", 1, 0, 0)]
    scores = {s.teacher: s for s in fact_scores(rationales, questions, verifier)}
    assert (scores["graph"].score, scores["graph"].contradicted) == (1.0, 0)
    assert scores["liar"].score < 0.8
    assert scores["liar"].contradicted > 0


def _turned(text: str) -> str:
    return text.replace(" is not indicated", " is indicated").replace("cannot", "can").replace("none of", "each of")


def test_sources_judge_what_the_graph_does_not_know(toy: KnowledgeGraph) -> None:
    question = next(q for q in Synthesis(toy, QuestionsConfig(asset_classes=("toy pump",))) if all(q.fact_ids))
    verifier = Verifier(toy, RationalesConfig())
    text = "The toy pump is the largest machine of the plant."
    passages = PassageSource(["In our plant the toy pump is the largest machine."])
    assert count_claims(verifier, question, text) == Counts(0, 0, 1)
    assert count_claims(verifier, question, text, [passages]) == Counts(1, 0, 0)
    assert passages.judges("The toy pump was painted green in autumn.") is Finding.UNVERIFIABLE
    fact = toy.facts[question.fact_ids[0]]
    graph = GraphSource(verifier, question)
    assert graph.judges(f"{toy.statement(fact)} [{fact.id}].") is Finding.SUPPORTED
    assert graph.judges("Nothing is said here.") is Finding.UNVERIFIABLE
