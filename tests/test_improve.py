"""The loop on the toy: frozen before all, never taught, and an account of what was gained and lost."""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

from failwise.files import read_records
from failwise.gain import gain_of, sentences
from failwise.generation.planning.cells import Hole
from failwise.generation.records import Question
from failwise.generation.splitting.fingerprints import fingerprint
from failwise.kg.graph import KnowledgeGraph
from failwise.training.taught import taught_of
from tests.conftest import TOY, Program
from tests.evaluation.coverage.answering import answer


@pytest.fixture
def run(failwise: Program, tmp_path: Path, tiny_base: Path) -> Path:
    """Return the folder of a finished run on the toy."""
    path = tmp_path / "toy.yaml"
    path.write_text(
        f"""
folder: "out #1"
ontology: {{paths: [{TOY}]}}
questions: {{asset_classes: [toy pump], relations: [indicatedBy], train_per_fact: 2}}
training:
  {{base: {tiny_base}, quantisation: none, precision: fp32, adapter_precision: fp32, rank: 4, alpha: 8, max_steps: 4,
    batch_size: 4, max_length: 2000, device: cpu, threads: 1}}
evaluation: {{device: cpu, threads: 1}}
"""
    )
    done = failwise("run", path)
    assert done.returncode == 0, done.stderr
    return tmp_path / "out #1"


def questions(folder: Path) -> list[Question]:
    return list(read_records(folder / "questions.jsonl", Question))


def test_holes_are_filled_and_what_is_frozen_is_never_taught(failwise: Program, run: Path, tmp_path: Path) -> None:
    once = failwise("improve", run, "--out", "better", "--set", "improve.per_hole=3")
    assert once.returncode == 0, once.stderr
    command = ("improve", run, "--out", "better", "--redo", "--set", "improve.rounds=2", "--set", "improve.per_hole=3",
               "--set", "improve.control=true")  # fmt: skip
    first = failwise(*command)
    assert first.returncode == 0, first.stderr
    assert first.stderr.count("done before") == 5  # a further round and a control leave what was made before
    out = tmp_path / "better"
    frozen = {fingerprint(q) for q in questions(out / "frozen")}
    assert frozen and not frozen & {fingerprint(q) for q in questions(run / "questions")}
    taught = taught_of(out / "round-2" / "student")
    assert taught is not None and not frozen & taught
    assert taught >= {fingerprint(q) for number in (1, 2) for q in questions(out / f"round-{number}" / "questions")}
    assert taught >= (taught_of(run / "student") or frozenset())
    holes = {hole.fact_id for hole in read_records(out / "round-1" / "questions" / "holes.jsonl", Hole)}
    earlier = {q.id for q in questions(run / "questions")}
    new = [q for q in questions(out / "round-1" / "questions") if q.id not in earlier]
    assert new and {q.tested_fact for q in new} <= holes
    said = json.loads((out / "improved.json").read_text())
    assert said["holes"]["questions"] == said["control"]["questions"] <= len(frozen)
    assert json.loads((out / "control" / "student" / "training.json").read_text())["result"]["steps"] == 2 * 4
    assert "facts that were open" in first.stdout and (out / "comparison" / "compare.md").is_file()
    before = {path: path.stat().st_mtime_ns for path in out.rglob("manifest.json")}
    second = failwise(*command)
    assert (
        second.returncode == 0 and second.stderr.count("done before") == len(before) - 1 == 12
    )  # the first round's end was set aside
    assert {path: path.stat().st_mtime_ns for path in before} == before
    fewer = failwise(*command, "--set", "improve.rounds=1")
    assert fewer.returncode == 0, fewer.stderr
    steps = json.loads((out / "control" / "student" / "training.json").read_text())["result"]["steps"]
    assert steps == 4  # as long as this loop, though a second round lies beside


def test_an_unfinished_run_is_refused(failwise: Program, run: Path) -> None:
    (run / "student" / "contract.json").unlink()
    done = failwise("improve", run, "--out", "better")
    assert done.returncode == 2 and "has no student/contract.json" in done.stderr
    assert not (run.parent / "better").exists()


def test_a_folder_of_the_run_itself_is_refused(failwise: Program, run: Path) -> None:
    before = sorted(run.iterdir())
    for out in (run, run / "better"):
        done = failwise("improve", run, "--out", out)
        assert done.returncode == 2 and "name a folder beside it" in done.stderr
    assert sorted(run.iterdir()) == before


def test_the_account_tells_holes_from_the_rest(toy: KnowledgeGraph, run: Path) -> None:
    asked = [q for q in questions(run / "questions") if q.split == "test"]
    holes = {q.tested_fact for q in asked[: len(asked) // 2]}
    # It learned all of the holes, and lost all else.
    before = [answer(q, right=q.tested_fact not in holes) for q in asked]
    after = [answer(q, right=q.tested_fact in holes) for q in asked]
    gain = gain_of(toy, asked, before, after, holes)
    assert gain.holes and gain.elsewhere
    assert (gain.holes.groups[0].right_a, gain.holes.groups[0].right_b) == (0, 1)
    assert (gain.elsewhere.groups[0].right_a, gain.elsewhere.groups[0].right_b) == (1, 0)
    assert {fact.fact_id for fact in gain.lost()}.isdisjoint(holes)
    first, second, third = sentences(gain)
    assert first.startswith(f"Of {len(holes)} facts that were open: 0.0 % right before and 100.0 % after")
    assert second.startswith("Elsewhere: 100.0 % right before and 0.0 % after") and "lost" in third
