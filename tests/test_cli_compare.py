"""`failwise compare` as a user calls it."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from failwise.evaluation.comparison.records import FACTS, GROUPS, FactChange, GroupChange
from failwise.evaluation.records import Answer
from failwise.files import file_digest, read_records, write_json, write_records
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from tests.conftest import Program
from tests.evaluation.coverage.answering import answer

HOSTILE = '=HYPERLINK("http://x") <script>alert(1)</script> | pipe\n' + "x" * 10_000


@pytest.fixture(scope="module")
def asked(shipped: KnowledgeGraph) -> list[Question]:
    config = QuestionsConfig(
        asset_classes=("fan", "pump"), relations=("indicatedBy",), train_per_fact=0, test_per_fact=3
    )
    return list(Synthesis(shipped, config))


@pytest.fixture
def files(asked: list[Question], tmp_path: Path) -> tuple[Path, Path, Path]:
    """Return answers of a student that knows the fan, of one that knows the pump, and the questions."""
    a, b, questions = tmp_path / "a.jsonl", tmp_path / "b.jsonl", tmp_path / "questions.jsonl"
    write_records(questions, asked)
    write_records(a, said(asked, "first", lambda q: q.asset_class == "fan"))
    write_records(b, said(asked, "second", lambda q: q.asset_class == "pump"))
    return a, b, questions


def said(asked: list[Question], student: str, knows: Callable[[Question], bool]) -> list[Answer]:
    return [replace(answer(q, right=knows(q)), student=student) for q in asked]


def run_folder(folder: Path, answers: Path, questions: Path) -> Path:
    write_json(folder / "run.json", {})
    for source, name in ((answers, "answers/student.jsonl"), (questions, "questions/questions.jsonl")):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(source.read_bytes())
    return folder


def test_a_comparison_says_what_was_gained_and_lost_and_leaves_it_in_files(
    failwise: Program, files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = failwise("compare", *files, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "By asset class it gained: pump +100.0" in done.stdout
    assert "By asset class it lost: fan -100.0" in done.stdout
    groups, facts = list(read_records(out / GROUPS, GroupChange)), list(read_records(out / FACTS, FactChange))
    assert {f.change for f in facts if f.asset_class == "pump"} <= {"gained", ""}
    assert sum(f.change == "lost" for f in facts if f.asset_class == "fan") > 20
    for name, rows in (("groups.csv", groups), ("facts.csv", facts)):
        assert len(list(csv.reader((out / name).open()))) == len(rows) + 1
    page = (out / "compare.md").read_text()
    assert "asset class: fan" in page and "## Facts gained, 20 of" in page and "## Facts lost" in page
    shown = (out / "compare.html").read_text()
    assert "Facts gained" in shown and "On the pump, " in shown and "B is worse" in shown
    assert failwise("compare", *files, "--out", out).returncode == 0
    other = failwise("compare", files[1], files[0], files[2], "--out", out)
    assert other.returncode == 2 and "--redo" in other.stderr


def test_a_loss_fails_where_it_is_to(failwise: Program, files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    done = failwise("compare", *files, "--out", tmp_path / "out", "--fail-on-loss", "--json")
    assert done.returncode == 1
    summary = json.loads(done.stdout)
    assert "fan" in [row["value"] for row in summary["losses"]] and summary["facts"]["lost"] > 20
    same = failwise("compare", files[0], files[0], files[2], "--out", tmp_path / "same", "--fail-on-loss")
    assert same.returncode == 0 and "answers of one student" in same.stdout


def test_folders_of_answers_and_of_runs_are_taken(
    failwise: Program, files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    a, b, questions = files
    run = run_folder(tmp_path / "run", a, questions)
    evaluated = tmp_path / "evaluated"
    evaluated.mkdir()
    (evaluated / "answers.jsonl").write_bytes(b.read_bytes())
    done = failwise("compare", run, evaluated, "--out", tmp_path / "out")
    assert done.returncode == 0 and "pump +100.0" in done.stdout
    (evaluated / "answers.jsonl").unlink()
    none = failwise("compare", run, evaluated, "--out", tmp_path / "other")
    assert none.returncode == 2 and "holds no answers: answers.jsonl is missing" in none.stderr
    bare = failwise("compare", a, b, "--out", tmp_path / "other")
    assert bare.returncode == 2 and "give the questions that were answered" in bare.stderr
    assert not (tmp_path / "other").exists()


def test_what_cannot_be_compared_leaves_nothing(
    failwise: Program, files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    a, b, questions = files
    given = list(read_records(b, Answer))
    for wrong, why in (
        ([replace(given[0], question_id="nowhere")], "no question was answered by both"),
        ([replace(given[0], right=not given[0].right)], "ask them again"),
        ([], "holds no answer"),
    ):
        write_records(b, wrong)
        done = failwise("compare", a, b, questions, "--out", tmp_path / "out")
        assert done.returncode == 2 and why in done.stderr and "Traceback" not in done.stderr
    missing = failwise("compare", a, tmp_path / "none.jsonl", questions, "--out", tmp_path / "out")
    assert missing.returncode == 2 and "cannot read" in missing.stderr
    write_json(tmp_path / "manifest.json", {"inputs": {"questions": file_digest(a)}})
    other = failwise("compare", a, b, questions, "--out", tmp_path / "out")
    assert other.returncode == 2 and "give the file that was asked" in other.stderr
    assert not (tmp_path / "out").exists()


def test_students_asked_until_decided_are_compared_with_a_caution_and_fail_nothing(
    failwise: Program, files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    write_json(tmp_path / "manifest.json", {"config": {"until_decided": True}})
    done = failwise("compare", *files, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "until it was decided" in done.stdout and "until it was decided" in (tmp_path / "out/compare.md").read_text()
    for command in (("compare", "--fail-on-loss"), ("retention",)):
        refused = failwise(*command, *files, "--out", tmp_path / "other")
        assert refused.returncode == 2 and "ask again without it" in refused.stderr
    assert not (tmp_path / "other").exists()


def test_names_that_would_run_are_text_on_the_page(
    failwise: Program, files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    a, b, questions = files
    for path in (a, b):
        write_records(path, [replace(row, student=HOSTILE) for row in read_records(path, Answer)])
    done = failwise("compare", a, b, questions, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out" / "compare.md").read_text()
    assert "<script>" not in page and "&lt;script&gt;" in page and "x" * 1000 not in page
    shown = (tmp_path / "out" / "compare.html").read_text()
    assert "<script>alert" not in shown and "&lt;script&gt;alert" in shown


def test_the_log_of_another_tool_is_compared_too(
    failwise: Program, files: tuple[Path, Path, Path], asked: list[Question], tmp_path: Path
) -> None:
    a, _, questions = files
    rows = [
        {
            "doc_id": number,
            "doc": {"id": q.id, "question": q.question},
            "arguments": {
                f"gen_args_{i}": {"arg_0": q.question, "arg_1": option} for i, option in enumerate(q.options)
            },
            "resps": [[[-1.0 if right else -2.0, False]] for right in q.correct],
            "filtered_resps": [[-1.0 if right else -2.0, False] for right in q.correct],
        }
        for number, q in enumerate(asked)
    ]
    log = tmp_path / "logs" / "model" / "samples_toy_2026.jsonl"
    log.parent.mkdir(parents=True)
    log.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    done = failwise("compare", a, tmp_path / "logs", questions, "--out", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["b"], found["questions"]) == ("model", len(asked))
    assert found["groups"][0]["b_only"] > 0 == found["groups"][0]["a_only"]
