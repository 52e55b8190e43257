"""Two processes that train together end as one would that learns the same steps."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from failwise.files import write_records
from failwise.generation.records import Question, Rationale
from failwise.training.contract import ADAPTER
from tests.conftest import environment

pytestmark = pytest.mark.slow

SETTINGS = (
    *("quantisation=none", "precision=fp32", "adapter_precision=fp32", "rank=4", "alpha=8", "learning_rate=1e-2"),
    *("batch_size=5", "max_steps=8", "checkpoint_every=2", "device=cpu", "threads=1"),
)


@pytest.fixture
def files(questions: list[Question], rationales: dict[str, Rationale], tmp_path: Path) -> tuple[str, str]:
    """Return a question file and its rationales."""
    write_records(tmp_path / "questions.jsonl", questions)
    write_records(tmp_path / "rationales.jsonl", list(rationales.values()))
    return str(tmp_path / "questions.jsonl"), str(tmp_path / "rationales.jsonl")


def command(processes: int, files: tuple[str, str], base: Path, out: Path, *settings: str) -> list[str]:
    launch = ("accelerate.commands.launch", "--cpu", "--num_processes", str(processes), "--num_machines", "1")
    ours = ("-m", "failwise", "train", *files, "--out", str(out))
    given = [x for s in (f"base={base}", *SETTINGS, *settings) for x in ("--set", f"training.{s}")]
    quiet = ("--mixed_precision", "no", "--dynamo_backend", "no")
    if processes == 1:
        return [sys.executable, *ours, *given]
    port = ("--main_process_ip", "127.0.0.1", "--main_process_port", "0")
    return [sys.executable, "-m", *launch, *quiet, *port, *ours, *given]


def losses(student: Path) -> list[float]:
    found: list[float] = json.loads((student / "training.json").read_text())["result"]["losses"]
    return found


def run(*arguments: str) -> None:
    done = subprocess.run(arguments, capture_output=True, text=True, env=environment(), timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("recipe", ["multi-task", "facts"])
def test_two_processes_learn_what_one_does(
    recipe: str, files: tuple[str, str], tiny_base: Path, tmp_path: Path
) -> None:
    for processes in (1, 2):
        run(*command(processes, files, tiny_base, tmp_path / str(processes), f"recipe={recipe}"))
    assert losses(tmp_path / "2") == pytest.approx(losses(tmp_path / "1"), rel=1e-4)
    ours, theirs = (load_file(tmp_path / name / ADAPTER) for name in ("1", "2"))
    for name, values in ours.items():
        torch.testing.assert_close(values, theirs[name], rtol=1e-3, atol=1e-3)


def test_a_killed_pair_goes_on(files: tuple[str, str], tiny_base: Path, tmp_path: Path) -> None:
    run(*command(1, files, tiny_base, tmp_path / "whole", "recipe=answer"))
    pair = command(2, files, tiny_base, tmp_path / "pair", "recipe=answer")
    first = subprocess.Popen(
        pair, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(), start_new_session=True
    )
    deadline = time.monotonic() + 300
    while not list((tmp_path / "pair" / "checkpoints").glob("checkpoint-*/whole.json")):
        assert first.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    if not (tmp_path / "pair" / "contract.json").is_file():  # else it was done before the kill came
        run(*pair)
    assert losses(tmp_path / "pair") == pytest.approx(losses(tmp_path / "whole"), rel=1e-4)
