"""`failwise train`, from a question file to a student's folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from failwise.files import read_json, write_records
from failwise.generation.records import Question, Rationale
from tests.conftest import Done, Program

Train = Callable[..., Done]


@pytest.fixture
def train(failwise: Program, tiny_base: Path, questions: list[Question], rationales: dict[str, Rationale]) -> Train:
    """Return `failwise train` on a handful of questions, one step long."""
    write_records(Path("q.jsonl"), questions)
    write_records(Path("r.jsonl"), list(rationales.values()))

    def run(*settings: str) -> Done:
        every = (f"base={tiny_base}", "quantisation=none", "rank=4", "batch_size=1", "max_steps=1", "device=cpu")
        told = [word for setting in (*every, *settings) for word in ("--set", f"training.{setting}")]
        return failwise("train", "q.jsonl", "r.jsonl", "--out", "student", *told)

    return run


def test_a_training_too_short_for_one_of_its_tasks_ends_well(train: Train) -> None:
    done = train()
    assert done.returncode == 0, done.stderr
    counts = read_json(Path("student/manifest.json"))["counts"]
    assert "verdict: first and last loss" in counts and "rationale: first and last loss" not in counts


@pytest.mark.parametrize("gone", ["contract.json", "reasoner/adapter_config.json"])
def test_a_student_of_which_something_was_deleted_is_trained_again(train: Train, gone: str) -> None:
    assert train("recipe=two-stage").returncode == 0
    assert "done before" in train("recipe=two-stage").stdout
    whole = {str(path): path.read_bytes() for path in Path("student").rglob("*.safetensors")}
    assert len(whole) == 2
    Path("student", gone).unlink()
    again = train("recipe=two-stage")
    assert again.returncode == 0, again.stderr
    assert "1 steps" in again.stdout and Path("student", gone).is_file()
    assert {str(path): path.read_bytes() for path in Path("student").rglob("*.safetensors")} == whole
