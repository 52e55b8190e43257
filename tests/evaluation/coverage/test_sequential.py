"""A fact is asked no longer than its verdict takes, and the verdict is that of the full audit."""

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from failwise.errors import InputError
from failwise.evaluation.answers import write_until_decided
from failwise.evaluation.config import EvaluationConfig
from failwise.evaluation.coverage.audit import audit
from failwise.evaluation.coverage.findings import HARD_TO_DECIDE
from failwise.evaluation.coverage.judging import Count
from failwise.evaluation.coverage.probes import probes_of
from failwise.evaluation.coverage.sequential import FIRST, ask_until_decided, decided
from failwise.evaluation.records import Answer
from failwise.files import write_records
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction
from tests.conftest import Program
from tests.evaluation.coverage.answering import chosen


@pytest.fixture(scope="module")
def questions(shipped: KnowledgeGraph) -> list[Question]:
    config = QuestionsConfig(
        asset_classes=("power transformer", "fan", "pump"),
        relations=("indicatedBy",),
        train_per_fact=0,
        test_per_fact=12,
        ungrouped_per_fact=12,
        ungrouped_share=1,
        min_options=3,
    )
    found = list(Synthesis(shipped, config))
    often = {fact for fact, n in Counter(q.tested_fact for q in found).items() if n >= 12}
    return [q for q in found if q.tested_fact in often]


@pytest.fixture(scope="module")
def said(questions: list[Question]) -> dict[str, Answer]:
    """Return what a student would answer that knows seven of ten facts, and guesses at the others."""
    dice = random.Random(0)
    known = {fact for fact in sorted({q.tested_fact for q in questions}) if dice.random() < 0.7}
    choices = {q.id: q.answer if q.tested_fact in known else dice.randrange(len(q.options)) for q in questions}
    return {q.id: chosen(q, choices[q.id]) for q in questions}


def test_verdicts_are_those_of_the_full_audit_for_half_the_questions(
    shipped: KnowledgeGraph, questions: list[Question], said: dict[str, Answer]
) -> None:
    rounds = list(ask_until_decided(shipped, questions, lambda due: [said[q.id] for q in due]))
    given = [answer for answers in rounds for answer in answers]
    assert len({a.question_id for a in given}) == len(given) <= 0.5 * len(questions)
    short, full = (audit(shipped, probes_of(questions, answers)).facts for answers in (given, said.values()))
    asked = [(one.state, other.state) for one, other in zip(short, full, strict=True) if other.n]
    assert sum(one == other for one, other in asked) >= 0.95 * len(asked)
    assert all(one.n >= FIRST for one in short if one.n)


def test_ways_of_asking_take_turns(shipped: KnowledgeGraph, questions: list[Question], said: dict[str, Answer]) -> None:
    by_id = {q.id: q for q in questions}
    both = {f for f, n in Counter(q.tested_fact for q in questions if q.direction == "forward").items() if n > 2}
    both &= {f for f, n in Counter(q.tested_fact for q in questions if q.direction == "inverse").items() if n > 2}
    first = next(ask_until_decided(shipped, questions, lambda due: [said[q.id] for q in due]))
    ways = Counter((by_id[a.question_id].tested_fact, by_id[a.question_id].direction) for a in first)
    assert both and all(ways[fact, way] == 1 for fact in both for way in Direction)


def test_what_cannot_change_is_decided_and_what_can_is_not() -> None:
    groups = ["g"] * 40
    sure = [Count(place, 1 / 4, 8, 8) for place in range(39)]
    open_ = [Count(39, 1 / 4, 3, 2)]
    left = [Count(place, 1 / 4, 4, 0) for place in range(40)]
    found = decided(groups, [*sure, *open_], left, 0.9)
    assert found[:39].all() and not found[39]
    assert decided(groups, [*sure, *open_], left[:39], 0.9).all()  # nothing is left to ask of the last


class Student:
    """Stands in for the model; what it was asked is counted."""

    def __init__(self, said: dict[str, Answer]) -> None:
        self.said, self.asked = said, 0

    def score(self, student: object, questions: Sequence[Question], **_: object) -> list[Answer]:
        self.asked += len(questions)
        return [self.said[q.id] for q in questions]


def test_interrupted_it_goes_on_with_what_was_said(
    shipped: KnowledgeGraph,
    questions: list[Question],
    said: dict[str, Answer],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    respondents = pytest.importorskip("failwise.evaluation.respondents")
    config, path = EvaluationConfig(until_decided=True), tmp_path / "answers.jsonl"
    some = [q for q in questions if q.asset_class == "fan"]
    monkeypatch.setattr(respondents, "open_respondent", lambda student, config: student)
    student = Student(said)
    monkeypatch.setattr(respondents, "answer_questions", student.score)
    whole = write_until_decided("s", some, config, path, shipped)
    assert student.asked == len(whole) < len(some)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: len(lines) // 2]) + lines[-1][:20])
    again = Student(said)
    monkeypatch.setattr(respondents, "answer_questions", again.score)
    assert write_until_decided("s", some, config, path, shipped) == whole
    assert again.asked == len(lines) - len(lines) // 2


def test_scores_and_audit_of_such_answers_say_what_their_shares_right_are_of(
    failwise: Program, questions: list[Question], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    pytest.importorskip("peft")
    write_records(tmp_path / "questions.jsonl", questions[:12])
    settings = ("evaluation.until_decided=true", "evaluation.device=cpu", "evaluation.threads=1")
    asked = [part for setting in settings for part in ("--set", setting)]
    for command in (
        ("evaluate", request.getfixturevalue("tiny_base"), "questions.jsonl", "--out", "answers", *asked),
        ("audit", "answers/answers.jsonl", "questions.jsonl", "--out", "audit"),
    ):
        done = failwise(*command)
        assert done.returncode == 0, done.stderr
        assert HARD_TO_DECIDE in done.stdout


def test_a_set_without_facts_has_no_verdict_to_ask_for(shipped: KnowledgeGraph, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no question tests a single fact"):
        write_until_decided("s", [], EvaluationConfig(), tmp_path / "answers.jsonl", shipped)
