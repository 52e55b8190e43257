"""`failwise audit` as a user calls it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from failwise.evaluation import audit
from failwise.evaluation.coverage.findings import HARD_TO_DECIDE
from failwise.evaluation.records import AUDITS, ROLL_UPS, Answer, FactAudit, RollUp
from failwise.evaluation.sources import LoadedQuestions, open_answers
from failwise.files import file_digest, read_records, write_json, write_records
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.report_data import audit_report
from tests.conftest import Program
from tests.evaluation.coverage.answering import answer, chosen

Given = Callable[[Callable[[Question], Answer]], tuple[Path, Path]]


@pytest.fixture(scope="module")
def questions(shipped: KnowledgeGraph) -> list[Question]:
    config = QuestionsConfig(asset_classes=("fan", "pump"), relations=("indicatedBy",), test_per_fact=3)
    return list(Synthesis(shipped, config))


@pytest.fixture
def given(questions: list[Question], tmp_path: Path) -> Given:
    """Return what writes a student's answers, and the questions they are to, into files."""

    def write(say: Callable[[Question], Answer]) -> tuple[Path, Path]:
        answers, asked = tmp_path / "answers.jsonl", tmp_path / "questions.jsonl"
        write_records(asked, questions)
        write_records(answers, [say(q) for q in questions if q.split == "test"])
        return answers, asked

    return write


def knows_the_fan(question: Question) -> Answer:
    return answer(question, right=question.asset_class == "fan")


def test_an_audit_says_what_is_known_and_leaves_it_in_files(failwise: Program, given: Given, tmp_path: Path) -> None:
    answers, asked = given(knows_the_fan)
    done = failwise("audit", answers, asked, "--out", tmp_path / "audit")
    assert done.returncode == 0, done.stderr
    assert "The student knows" in done.stdout
    assert "By asset class it is uneven: fan" in done.stdout
    out = tmp_path / "audit"
    facts = list(read_records(out / AUDITS, FactAudit))
    assert {f.state for f in facts if f.asset_class == "pump" and f.n > 1} <= {"wrong", "undersampled"}
    assert sum(f.state == "known" for f in facts if f.asset_class == "fan") > 20
    rows = list(read_records(out / ROLL_UPS, RollUp))
    header, *table = (out / "roll-ups.csv").read_text().splitlines()
    assert header.startswith("dimension,value,facts,known") and len(table) == len(rows)
    assert "asset class: fan" in (out / "audit.md").read_text()
    holes = [json.loads(line)["fact_id"] for line in (out / "holes.jsonl").read_text().splitlines()]
    assert holes and holes[0].startswith("pump/")
    again = failwise("audit", answers, asked, "--out", out)
    assert again.returncode == 0
    plan = failwise("questions", "plan", "--holes", out / "holes.jsonl", "--out", tmp_path / "plan.json")
    assert plan.returncode == 0, plan.stderr


def test_an_audit_has_a_report_with_the_certificates_beside_its_questions(failwise: Program, tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    settings = {"asset_classes": "[fan, pump]", "relations": "[indicatedBy]", "test_per_fact": "3"}
    chosen = [part for name, value in settings.items() for part in ("--set", f"questions.{name}={value}")]
    made = failwise("questions", "generate", "--out", tmp_path / "set", *chosen)
    assert made.returncode == 0, made.stderr
    asked = tmp_path / "set" / "questions.jsonl"
    write_records(tmp_path / "a.jsonl", [knows_the_fan(q) for q in read_records(asked, Question) if q.split == "test"])
    done = failwise("audit", tmp_path / "a.jsonl", asked, "--out", tmp_path / "audit")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "audit" / "report.html").read_text()
    assert "Audit of simulated" in page and "Do not rely on this report" not in page
    assert "PASSED: no guesser" in page and "Claimed regime new-question: holds" in page
    assert "By asset class it is uneven: fan" in page
    assert "report.html" in json.loads((tmp_path / "audit" / "manifest.json").read_text())["outputs"]
    header, *rows = (tmp_path / "audit" / "reliability.csv").read_text().splitlines()
    assert header == "start,end,n,confidence,accuracy,low,high,brier" and rows
    assert "expected calibration error" in (tmp_path / "audit" / "audit.md").read_text()


def test_of_very_many_answers_the_report_says_which_it_shows(
    questions: list[Question], shipped: KnowledgeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = [q for q in questions if q.split == "test"]
    write_records(tmp_path / "a.jsonl", [knows_the_fan(q) for q in test])
    monkeypatch.setattr(audit, "MOST_READ", len(test) // 2)
    audited = audit.audit_answers(shipped, LoadedQuestions(test), open_answers(tmp_path / "a.jsonl"))
    data = audit_report(audited, shipped, tmp_path / "questions.jsonl", {})
    assert len(data.questions) == audited.read < len(test)
    assert f"rest on all {len(test):,} answers" in data.part and f"the {audited.read:,} that were read" in data.part
    assert (data.balance, data.leakage) == (None, None)


def test_a_notebook_shows_groups_and_holes_and_runs_no_label(
    questions: list[Question], shipped: KnowledgeGraph
) -> None:
    test = [q for q in questions if q.split == "test"]
    answers = [replace(knows_the_fan(q), student="<script>alert(1)</script>" + "x" * 10_000) for q in test]
    shown = audit.audit_answers(shipped, LoadedQuestions(test), answers)._repr_html_()
    assert "<td>asset class: fan</td>" in shown and "<td>wrong</td>" in shown
    assert "<script" not in shown and "&lt;script&gt;" in shown and len(shown) < 30_000


def test_the_base_stands_beside_the_student(
    failwise: Program, given: Given, questions: list[Question], tmp_path: Path
) -> None:
    pytest.importorskip("jinja2")
    answers, asked = given(knows_the_fan)
    base = tmp_path / "base.jsonl"
    write_records(base, [replace(answer(q, right=False), student="base") for q in questions if q.split == "test"])
    done = failwise("audit", answers, asked, "--out", tmp_path / "audit", "--base", base, "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["kind"]: row["accuracy"] for row in json.loads(done.stdout)["scores"]}
    assert rows["base"] == 0 < rows["student"]
    assert "the untrained base" in (tmp_path / "audit" / "report.html").read_text()


def test_answers_of_the_base_that_do_not_fit_are_refused(
    failwise: Program, given: Given, questions: list[Question], tmp_path: Path
) -> None:
    answers, asked = given(knows_the_fan)
    base = tmp_path / "base.jsonl"
    said = [replace(answer(q, right=False), student="base") for q in questions if q.split == "test"]
    for wrong, why in (
        ([replace(a, right=True) for a in said], "the base: the answer to"),
        ([*said, *said], "has two answers"),
        ([replace(a, question_id=f"other-{a.question_id}") for a in said], "which is not in the question file"),
        ([said[0], replace(said[1], student="another")], "the answers are of several students"),
    ):
        write_records(base, wrong)
        done = failwise("audit", answers, asked, "--out", tmp_path / "audit", "--base", base)
        assert done.returncode == 2 and why in done.stderr
        assert not (tmp_path / "audit").exists()
    write_records(base, said[:5])
    done = failwise("audit", answers, asked, "--out", tmp_path / "audit", "--base", base)
    assert done.returncode == 0, done.stderr
    assert "The base was asked 5 of these questions." in (tmp_path / "audit" / "audit.md").read_text()


def test_a_bar_that_is_missed_is_named(failwise: Program, given: Given, tmp_path: Path) -> None:
    answers, asked = given(knows_the_fan)
    bars = ("--fail-under", "asset_class:fan=0.2", "--fail-under", "asset_class=0.2")
    done = failwise("audit", answers, asked, "--out", tmp_path / "audit", *bars)
    assert done.returncode == 1
    assert "below 0.2: asset class pump, 0 of" in done.stdout
    assert "asset class fan" not in done.stdout
    assert (tmp_path / "audit" / AUDITS).is_file()
    passed = failwise("audit", answers, asked, "--out", tmp_path / "other", *bars[:2], "--json")
    assert passed.returncode == 0
    assert json.loads(passed.stdout)["failing"] == []


@pytest.mark.parametrize(
    ("bar", "said"),
    [
        ("relation", "is not of the form relation=0.9"),
        ("relation=90", "is not of the form relation=0.9"),
        ("relations=0.9", "no dimension 'relations'; did you mean 'relation'?"),
        ("asset_class:fans=0.9", "no asset class 'fans'; did you mean 'fan'?"),
    ],
)
def test_a_bar_that_cannot_be_held_is_refused(
    failwise: Program, given: Given, tmp_path: Path, bar: str, said: str
) -> None:
    done = failwise("audit", *given(knows_the_fan), "--out", tmp_path / "audit", "--fail-under", bar)
    assert done.returncode == 2 and said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "audit" / AUDITS).exists()


def test_answers_that_do_not_fit_are_refused(failwise: Program, given: Given, tmp_path: Path) -> None:
    answers, asked = given(knows_the_fan)
    said = list(read_records(answers, Answer))
    for wrong, why in (
        ([replace(said[0], question_id="nowhere")], "which is not in the question file"),
        ([said[0], said[0]], "has two answers"),
        ([replace(said[0], right=not said[0].right)], "ask them again"),
        ([said[0], replace(said[1], student="another")], "the answers are of several students"),
        ([], "holds no answer"),
    ):
        write_records(answers, wrong)
        done = failwise("audit", answers, asked, "--out", tmp_path / "audit")
        assert done.returncode == 2 and why in done.stderr
    answers.write_text(answers.read_text() + '{"question_id": 7}\n')
    done = failwise("audit", answers, asked, "--out", tmp_path / "audit")
    assert done.returncode == 2 and "is not a answer record" in done.stderr


def test_other_questions_than_were_asked_are_refused(failwise: Program, given: Given, tmp_path: Path) -> None:
    answers, asked = given(knows_the_fan)
    write_json(tmp_path / "manifest.json", {"inputs": {"questions": file_digest(asked)}})
    assert failwise("audit", answers, asked, "--out", tmp_path / "audit").returncode == 0
    asked.write_text(asked.read_text() + "\n")
    done = failwise("audit", answers, asked, "--out", tmp_path / "other")
    assert done.returncode == 2 and "give the file that was asked, or ask again" in done.stderr


@pytest.mark.parametrize("manifest", [[], {"inputs": ["x"]}, {"inputs": {}, "config": 7}])
def test_a_manifest_of_something_else_says_nothing(
    failwise: Program, given: Given, tmp_path: Path, manifest: object
) -> None:
    write_json(tmp_path / "manifest.json", manifest)
    done = failwise("audit", *given(knows_the_fan), "--out", tmp_path / "audit")
    assert done.returncode == 0, done.stderr
    assert "asked until they were decided" not in done.stdout


def test_answers_until_decided_are_said_to_be_of_what_was_hard(failwise: Program, given: Given, tmp_path: Path) -> None:
    write_json(tmp_path / "manifest.json", {"config": {"until_decided": True}})
    done = failwise("audit", *given(knows_the_fan), "--out", tmp_path / "audit")
    assert done.returncode == 0, done.stderr
    assert HARD_TO_DECIDE in done.stdout and HARD_TO_DECIDE in (tmp_path / "audit" / "audit.md").read_text()


def test_the_last_answer_counts_where_only_its_line_end_is_missing(given: Given) -> None:
    answers, _ = given(knows_the_fan)
    whole = answers.read_bytes()
    for text, torn in ((whole.removesuffix(b"\n"), 0), (whole[:-9], 1)):
        answers.write_bytes(text)
        said = open_answers(answers)
        assert len(said) == len(list(said)) == whole.count(b"\n") - torn


def test_a_set_without_facts_is_scored_and_not_audited(
    failwise: Program, questions: list[Question], tmp_path: Path
) -> None:
    plain = [replace(q, fact_ids=(), tested_fact="", asset_class="", anchor="") for q in questions[:60]]
    write_records(tmp_path / "questions.jsonl", plain)
    write_records(tmp_path / "answers.jsonl", [chosen(q, 0) for q in plain])
    files = (tmp_path / "answers.jsonl", tmp_path / "questions.jsonl")
    done = failwise("audit", *files, "--out", tmp_path / "audit")
    assert done.returncode == 0, done.stderr
    assert "no fact was audited" in done.stdout
    assert "always A" in (tmp_path / "audit" / "audit.md").read_text()
    held = failwise("audit", *files, "--out", tmp_path / "other", "--fail-under", "all=0.5")
    assert held.returncode == 2 and "no bar can be held" in held.stderr


def test_labels_that_would_run_are_text_in_every_file(failwise: Program, given: Given, tmp_path: Path) -> None:
    answers, asked = given(knows_the_fan)
    hostile = '=HYPERLINK("http://x") <script>alert(1)</script> | pipe'
    write_records(answers, [replace(a, student=hostile) for a in read_records(answers, Answer)])
    done = failwise("audit", answers, asked, "--out", tmp_path / "audit")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "audit" / "audit.md").read_text()
    assert "<script>" not in page and "&lt;script&gt;" in page and "\\| pipe" in page
