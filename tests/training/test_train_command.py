"""`failwise train`, from a question file to a student's folder."""

from pathlib import Path

from failwise.files import read_json, write_records
from failwise.generation.records import Question, Rationale
from tests.conftest import Program


def test_a_training_too_short_for_one_of_its_tasks_ends_well(
    failwise: Program, tiny_base: Path, questions: list[Question], rationales: dict[str, Rationale]
) -> None:
    write_records(Path("q.jsonl"), questions)
    write_records(Path("r.jsonl"), list(rationales.values()))
    settings = (f"base={tiny_base}", "quantisation=none", "rank=4", "batch_size=1", "max_steps=1", "device=cpu")
    done = failwise(
        "train", "q.jsonl", "r.jsonl", "--out", "student", *(x for s in settings for x in ("--set", f"training.{s}"))
    )
    assert done.returncode == 0, done.stderr
    counts = read_json(Path("student/manifest.json"))["counts"]
    assert "verdict: first and last loss" in counts and "rationale: first and last loss" not in counts
