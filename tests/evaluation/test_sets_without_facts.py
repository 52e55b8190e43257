"""Sets without a graph go through scores, audit and report; questions for several options are left out."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from failwise import student_stages
from failwise.config import RunConfig
from failwise.evaluation.answers import single_answer, write_answers
from failwise.evaluation.config import EvaluationConfig
from failwise.evaluation.coverage.audit import Audit, audit
from failwise.evaluation.coverage.probes import probes_of
from failwise.evaluation.records import AUDITS, ROLL_UPS, SCORES, Accuracy, Answer
from failwise.evaluation.reporting.page import render_report
from failwise.evaluation.reporting.verdict import verdict
from failwise.evaluation.scores import score_rows
from failwise.files import read_records, write_json, write_records
from failwise.generation.formats.question_files import QUESTIONS
from failwise.generation.records import Arity, Kind, Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Polarity
from failwise.manifest import MANIFEST, Outcome
from failwise.report_data import report_data
from failwise.run_folder import STUDENT_ANSWERS, Run
from failwise.training.taught import save_taught
from tests.conftest import Program, toy_paths
from tests.generation.formats.test_failuresensoriq import ours

STEMS = ("Why?", "When?", "Where?")


def plain(number: int) -> Question:
    """Return a question without facts, as it is read from a set that no ontology is behind."""
    return Question(
        subject="", id=f"arc-{number}", question=STEMS[number % 3], options=("one", "two", "three"),
        option_ids=("1", "2", "3"), question_first=True, correct=tuple(i == number % 3 for i in range(3)),
        text_type="choice", asset_name="", relevancy="", question_type="", split="test",
    )  # fmt: skip


def answer(question: Question, choice: int) -> Answer:
    return Answer(question.id, "student", (0.0, -1.0, -2.0), choice, question.correct[choice], 1.0)


SET = [plain(n) for n in range(9)]
SEVERAL = ours(1, (True, True, False), Arity.MULTIPLE)


def test_nothing_is_audited_where_there_are_no_facts(toy: KnowledgeGraph) -> None:
    assert audit(toy, probes_of(SET, [answer(q, 0) for q in SET])) == Audit([], [])
    rows = {r.name: r for r in score_rows(SET, toy, [answer(q, 0) for q in SET])}
    assert set(rows) == {"student", "random", "always A", "longest option"}
    assert rows["student"].accuracy == pytest.approx(1 / 3)


def test_the_student_is_compared_with_the_base_question_by_question(toy: KnowledgeGraph) -> None:
    asked = [plain(number) for number in range(600)]  # of which the base has 300 right, and the student 30 more

    def said(right: int) -> list[Answer]:
        return [answer(q, q.answer if n < right else (q.answer + 1) % 3) for n, q in enumerate(asked)]

    student, base, *_ = score_rows(asked, toy, said(330), said(300))
    assert student.low < base.high and student.ahead is None
    assert base.ahead == pytest.approx(0.05)
    assert base.ahead_low is not None and base.ahead_low > 0.03


def test_a_mixed_set_is_audited_where_it_has_facts(toy: KnowledgeGraph) -> None:
    questions = [*SET, ours(1)]
    audited = audit(toy, probes_of(questions, [answer(q, 1) for q in questions]))
    assert {a.fact_id: a.n for a in audited.facts if a.n} == {ours(1).tested_fact: 1}
    assert {r.dimension: r.n for r in audited.roll_ups}["direction"] == 1
    assert not any(r.kind == "graph" for r in score_rows(questions, toy))


def test_questions_for_several_options_are_neither_asked_nor_scored(
    toy: KnowledgeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    respondents = pytest.importorskip("failwise.evaluation.respondents")
    asked: list[str] = []

    def score(student: str, questions: Sequence[Question], **_: object) -> list[Answer]:
        asked.extend(q.id for q in questions)
        return [answer(q, 1) for q in questions]

    monkeypatch.setattr(respondents, "answer_questions", score)
    monkeypatch.setattr(respondents, "open_respondent", lambda student, config: student)
    none_right = replace(SEVERAL, id="none", correct=(False, False, False))
    answers = write_answers("s", [SEVERAL, ours(2), none_right], EvaluationConfig(), tmp_path / "a.jsonl")
    assert asked == [a.question_id for a in answers] == [ours(2).id]
    assert {r.n for r in score_rows([SEVERAL, ours(2), none_right], toy, answers)} == {1}
    assert score_rows([SEVERAL, none_right], toy) == []
    assert single_answer([SEVERAL, ours(2), none_right]) == [ours(2)]


def test_none_of_these_is_known_to_the_lookup_alone(toy: KnowledgeGraph) -> None:
    cavitation, noise = ours(1).fact_ids[0], ours(1).fact_ids[1]
    kinds = (Kind.SAME_ANCHOR, Kind.SAME_ANCHOR, Kind.NONE_OF_THESE)
    options = ("temperature", "noise", "none of these")
    right_one = replace(ours(1), options=options, fact_ids=(cavitation, noise, ""), distractor_kinds=kinds)
    right_none = replace(
        right_one, id="n", options=("temperature", "none of these"), option_ids=("A", "B"), correct=(False, True),
        fact_ids=(cavitation, ""), tested_fact="",
    )  # fmt: skip
    reverse = replace(
        right_one, id="e", options=("noise", "none of these"), option_ids=("A", "B"), correct=(False, True),
        fact_ids=(noise, ""), tested_fact="", polarity=Polarity.ELIMINATION,
    )  # fmt: skip

    def share(question: Question) -> dict[str, float]:
        return {r.name: r.accuracy for r in score_rows([question], toy)}

    assert [share(q)["graph lookup"] for q in (right_one, right_none, reverse)] == [1, 1, 1]
    assert [share(q)["degree in the asset"] for q in (right_none, reverse)] == [0, 0]


# --- the stages of a run ---


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a run whose questions have no facts and whose student's answers were written by hand."""
    paths = [str(p) for p in toy_paths()]
    config = RunConfig.model_validate(
        {"folder": tmp_path / "run", "ontology": {"paths": paths, "shipped": False}, "evaluation": {"base": False}}
    )
    made = Run(config)
    write_records(made.file("questions", QUESTIONS), [*SET, SEVERAL])
    write_records(made.file("answers", STUDENT_ANSWERS), [answer(q, 0) for q in SET])
    manifest: dict[str, Any] = {"started": "2026-01-01", "fingerprint": "f", "config_passed": {}, "versions": {}}
    for stage in ("ontology", "questions", "student", "answers"):
        write_json(made.file(stage, MANIFEST), manifest)
    return made


def test_audit_and_report_of_a_set_without_facts(run: Run) -> None:
    pytest.importorskip("jinja2")
    outcome = Outcome()
    student_stages.audit_student(run, run.config.folder / "audit", outcome, lambda *_: pytest.fail("no bar is needed"))
    assert [list(read_records(run.file("audit", name), Accuracy)) for name in (AUDITS, ROLL_UPS)] == [[], []]
    assert {r.n for r in read_records(run.file("audit", SCORES), Accuracy)} == {len(SET)}
    data = replace(report_data(run), questions=tuple(SET))
    assert "No facts: these questions are not linked to an ontology" in verdict(data)[-1].text
    page = render_report(data)
    assert "No fact was audited, so there is no map." in page
    assert 'id="groups"' not in page


def test_a_run_whose_student_was_taught_its_test_questions_is_stamped(run: Run) -> None:
    save_taught(run.config.folder / "student", SET[:2])
    student_stages.audit_student(run, run.config.folder / "audit", Outcome(), lambda *_: pytest.fail("no bar"))
    stamp = "Trained on this set: the student was taught 6 of its 9 questions."  # each of the two stands there thrice
    assert stamp in run.file("audit", "audit.md").read_text()
    assert report_data(run).stamp == stamp


def test_a_report_of_linked_questions_shows_what_it_did(run: Run) -> None:
    two, ids = ours(2), ours(2).fact_ids[:2]  # of all three, the toy's graph holds two to be right
    two = replace(two, options=two.options[:2], option_ids=("A", "B"), correct=(False, True), fact_ids=ids)
    write_records(run.file("questions", QUESTIONS), [*SET, two, SEVERAL])
    student_stages.audit_student(
        run, run.config.folder / "audit", Outcome(), lambda *_: pytest.fail("no bar is needed")
    )
    data = report_data(run)
    assert [r.question_id for r in data.rationales] == [two.id]
    assert "No facts" not in verdict(data)[-1].text


# --- the command line ---

ARC = [
    {"id": q.id, "question": {"stem": q.question, "choices": [{"text": t, "label": i} for t, i in
     zip(q.options, q.option_ids, strict=True)]}, "answerKey": q.option_ids[q.answer]}
    for q in SET
]  # fmt: skip


def test_evaluate_says_that_there_are_no_facts(failwise: Program, tmp_path: Path) -> None:
    (tmp_path / "arc.jsonl").write_text("".join(json.dumps(line) + "\n" for line in ARC))
    done = failwise("evaluate", "none", "arc.jsonl")
    assert done.returncode == 0, done.stderr
    assert "9 questions, no facts: none is linked to any" in done.stdout
    counts = json.loads(failwise("evaluate", "none", "arc.jsonl", "--json").stdout)
    assert (counts["questions"], counts["linked_to_facts"], counts["not_single_answer"]) == (9, 0, 0)


def test_evaluate_counts_what_it_leaves_out(failwise: Program, tmp_path: Path) -> None:
    write_records(tmp_path / "mixed.jsonl", [*SET, SEVERAL])
    assert (
        "left out: 1 (more or fewer right options than this student is asked for)"
        in failwise("evaluate", "none", "mixed.jsonl").stdout
    )
    write_records(tmp_path / "several.jsonl", [SEVERAL])
    done = failwise("evaluate", "none", "several.jsonl")
    assert done.returncode == 2
    assert "only those with one are scored" in done.stderr


def test_a_set_without_splits_rationales_and_facts_is_trained_on(
    failwise: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "arc.jsonl").write_text("".join(json.dumps(line) + "\n" for line in ARC))
    seen: list[tuple[int, Path | None]] = []

    def train(questions: Sequence[Question], rationales: Path | None, *rest: Any) -> None:
        seen.append((len(questions), rationales))
        rest[2].record({"steps": 1, "tokens": 2, "last loss": 0.5, "left_out": {"no rationale": 3}})

    monkeypatch.setattr(student_stages, "train", train)
    done = failwise("train", "arc.jsonl", "--out", "student")
    assert done.returncode == 0, done.stderr
    assert seen == [(9, None)]
    assert "left out: 3 (no rationale)" in done.stdout
