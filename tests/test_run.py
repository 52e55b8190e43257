"""The whole chain on the toy, with a base model of a few thousand weights: once through, and interrupted everywhere."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from failwise.files import held_alone, read_records
from failwise.generation.records import Question, Rationale
from tests.conftest import TOY, Program, environment

pytest.importorskip("torch")

STAGES = ("ontology", "questions", "rationales", "student", "answers", "audit", "report")


@pytest.fixture
def config(tmp_path: Path, tiny_base: Path) -> Path:
    path = tmp_path / "toy.yaml"
    path.write_text(
        f"""
title: toy
folder: out
ontology: {{paths: [{TOY}]}}
questions: {{asset_classes: [toy pump], relations: [indicatedBy]}}
training:
  {{base: {tiny_base}, quantisation: none, precision: fp32, adapter_precision: fp32, rank: 4, alpha: 8, max_steps: 8,
    batch_size: 4, max_length: 2000, checkpoint_every: 2, device: cpu, threads: 1}}
evaluation: {{device: cpu, threads: 1}}
"""
    )
    return path


def results(folder: Path) -> dict[str, bytes]:
    """Return what must come out the same however often the run was interrupted."""
    names = (
        "questions/questions.jsonl",
        "student/adapter_model.safetensors",
        "audit/facts.jsonl",
        "audit/scores.jsonl",
    )
    return {name: (folder / name).read_bytes() for name in names}


def test_once_through_and_a_second_time(failwise: Program, config: Path, tmp_path: Path) -> None:
    first = failwise("run", config)
    assert first.returncode == 0, first.stderr
    assert "report: out/report/report.html" in first.stdout
    assert not [line for line in first.stderr.splitlines() if not line.strip()]
    assert (tmp_path / "out" / "report" / "report.html").stat().st_size > 10_000
    assert [s for s in STAGES if (tmp_path / "out" / s / "manifest.json").is_file()] == list(STAGES)

    before = results(tmp_path / "out")
    times = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("manifest.json")}
    second = failwise("run", config)
    assert second.stderr.count("done before") == len(STAGES)
    assert {p: p.stat().st_mtime_ns for p in times} == times
    assert results(tmp_path / "out") == before

    plan = json.loads(failwise("run", config, "--dry-run", "--json").stdout)
    assert {s["what"] for s in plan} == {"done before"}

    (tmp_path / "out/student/adapter_model.safetensors").unlink()
    (tmp_path / "out/answers/base.jsonl").unlink()
    assert "no adapter_model.safetensors" in failwise("ask", "out/student", "Why?").stderr
    third = failwise("run", config)
    assert third.returncode == 0, third.stderr
    assert third.stderr.count("done before") == len(STAGES) - 2
    assert results(tmp_path / "out") == before


def test_other_settings_do_not_overwrite_a_run(failwise: Program, config: Path, tmp_path: Path) -> None:
    assert failwise("run", config).returncode == 0
    before, kept = results(tmp_path / "out"), (tmp_path / "out" / "run.json").read_bytes()
    for setting, stage in (
        ("questions.seed=1", "questions"),
        ("training.rank=2", "student"),
        ("title=Other", "report"),
    ):
        plan = json.loads(failwise("run", config, "--set", setting, "--dry-run", "--json").stdout)
        assert [s["stage"] for s in plan if s["what"].startswith("needs --redo: ")] == [stage]
        refused = failwise("run", config, "--set", setting)
        assert refused.returncode == 2
        assert "pass --redo" in refused.stderr
        assert results(tmp_path / "out") == before
        assert (tmp_path / "out" / "run.json").read_bytes() == kept
    plan = json.loads(failwise("run", config, "--set", "questions.seed=1", "--redo", "--dry-run", "--json").stdout)
    assert not any("--redo" in s["what"] for s in plan)
    assert failwise("run", config, "--set", "questions.seed=1", "--redo").returncode == 0
    assert (tmp_path / "out" / "questions.old-1" / "questions.jsonl").read_bytes() == before[
        "questions/questions.jsonl"
    ]


def test_another_title_makes_the_report_again_and_nothing_else(failwise: Program, config: Path, tmp_path: Path) -> None:
    failwise("run", config)
    assert failwise("run", config, "--set", "title=Our pump", "--redo").returncode == 0
    assert "<title>Our pump" in (tmp_path / "out" / "report" / "report.html").read_text()
    assert [p.name for p in (tmp_path / "out").glob("*.old-*")] == ["report.old-1"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["questions.test_per_fact=0"], "there is no test question to ask"),
        (["questions.multiple_share=1", "training.recipe=answer"], "test questions asks for several options"),
    ],
)
def test_a_student_that_nothing_can_be_asked_of_is_not_trained(
    failwise: Program, config: Path, tmp_path: Path, settings: list[str], said: str
) -> None:
    refused = failwise("run", config, *(word for setting in settings for word in ("--set", setting)))
    assert refused.returncode == 2
    assert said in refused.stderr
    assert not (tmp_path / "out" / "student").exists()


def test_without_what_writes_the_report_nothing_is_begun(
    failwise: Program, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    refused = failwise("run", config)
    assert refused.returncode == 2
    assert "needs the package 'jinja2'" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_two_at_once_in_one_folder_are_one_too_many(failwise: Program, config: Path, tmp_path: Path) -> None:
    with held_alone(tmp_path / "out"):
        refused = failwise("run", config)
    assert refused.returncode == 2
    assert "another process works in out; wait until it ends, or choose another folder" in refused.stderr
    assert list((tmp_path / "out").iterdir()) == []

    questions = ("questions", "generate", "--config", config, "--out", "set")
    with held_alone(tmp_path / "set"):
        refused = failwise(*questions)
    assert refused.returncode == 2
    assert "another process works in set" in refused.stderr
    assert list((tmp_path / "set").iterdir()) == []
    assert failwise(*questions).returncode == 0


def test_questions_name_their_facts_and_rationales_cite_them(failwise: Program, config: Path, tmp_path: Path) -> None:
    failwise("run", config, "--set", "training.max_steps=1")
    questions = {q.id: q for q in read_records(tmp_path / "out/questions/questions.jsonl", Question)}
    for rationale in read_records(tmp_path / "out/rationales/rationales.jsonl", Rationale):
        question = questions[rationale.question_id]
        assert question.split == "train"
        assert set(rationale.cited) == set(question.fact_ids)
    asked = [json.loads(x)["question_id"] for x in (tmp_path / "out/answers/student.jsonl").read_text().splitlines()]
    assert sorted(asked) == sorted(i for i, q in questions.items() if q.split == "test")


def start(config: Path, tmp_path: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "failwise", "run", str(config)]
    return subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_anywhere_it_goes_on(
    failwise: Program, config: Path, tmp_path: Path, tiny_base: Path, end: signal.Signals
) -> None:
    marks = ("questions/questions.jsonl", "student/checkpoints/checkpoint-4/whole.json", "answers/student.jsonl")
    for mark in marks:
        running = start(config, tmp_path)
        deadline = time.monotonic() + 120
        while not (tmp_path / "out" / mark).exists() and running.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        running.send_signal(end)
        _, errors = running.communicate(timeout=60)
        if running.returncode == 0:
            continue  # it was faster than the signal
        assert running.returncode == (130 if end is signal.SIGINT else -signal.SIGKILL), errors
        assert "Traceback" not in errors
    assert failwise("run", config).returncode == 0
    interrupted = results(tmp_path / "out")
    assert failwise("run", config, "--folder", "straight #1").returncode == 0
    assert results(tmp_path / "straight #1") == interrupted
