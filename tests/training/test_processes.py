"""Two processes that train together, each with the whole model or a half of it, end as one that learns the same."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from failwise.files import write_records
from failwise.generation.records import Question, Rationale
from failwise.training.contract import ADAPTER
from tests.conftest import Program, environment

pytestmark = pytest.mark.slow

SHARDED = Path(__file__).with_name("sharded_on_cpu.py")
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


def command(files: tuple[str, str], base: Path, out: Path, *settings: str) -> list[str]:
    """Return what failwise is told."""
    given = [x for s in (f"base={base}", *SETTINGS, *settings) for x in ("--set", f"training.{s}")]
    return ["train", *files, "--out", str(out), *given]


def pair(*ours: str) -> list[str]:
    """Return the command for two processes that each hold the whole model."""
    launch = ("accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1")
    quiet = ("--mixed_precision", "no", "--dynamo_backend", "no")
    port = ("--main_process_ip", "127.0.0.1", "--main_process_port", "0")
    return [sys.executable, "-m", *launch, *quiet, *port, "-m", "failwise", *ours]


def sharded(*ours: str) -> list[str]:
    """Return the command for two processes that divide the model between them (FSDP2)."""
    plugin = ("ACCELERATE_USE_CPU=true", "ACCELERATE_USE_FSDP=true", "FSDP_VERSION=2")
    layers = ("FSDP_AUTO_WRAP_POLICY=TRANSFORMER_BASED_WRAP", "FSDP_CPU_RAM_EFFICIENT_LOADING=false")
    launch = ("-m", "torch.distributed.run", "--nproc_per_node", "2", "--rdzv_backend", "c10d")
    place = ("--rdzv_endpoint", "127.0.0.1:0")
    saved = "FSDP_STATE_DICT_TYPE=FULL_STATE_DICT"
    return ["env", *plugin, *layers, saved, sys.executable, *launch, *place, str(SHARDED), *ours]


def losses(student: Path) -> list[float]:
    found: list[float] = json.loads((student / "training.json").read_text())["result"]["losses"]
    return found


def train_alone(failwise: Program, ours: list[str]) -> None:
    """Train in this process: what the others are held against."""
    done = failwise(*ours)
    assert done.returncode == 0, done.stderr


def run(*arguments: str) -> None:
    done = subprocess.run(arguments, capture_output=True, text=True, env=environment(), timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]


def same(ours: Path, theirs: Path, *, within: float) -> None:
    assert losses(ours) == pytest.approx(losses(theirs), rel=within)
    weights, others = (load_file(student / ADAPTER) for student in (ours, theirs))
    assert weights.keys() == others.keys()
    for name, values in weights.items():
        torch.testing.assert_close(values, others[name], rtol=10 * within, atol=10 * within)


@pytest.mark.parametrize("recipe", ["multi-task", "facts"])
def test_two_processes_learn_what_one_does(
    recipe: str, failwise: Program, files: tuple[str, str], tiny_base: Path, tmp_path: Path
) -> None:
    train_alone(failwise, command(files, tiny_base, tmp_path / "alone", f"recipe={recipe}"))
    for launch in (pair, sharded):
        run(*launch(*command(files, tiny_base, tmp_path / launch.__name__, f"recipe={recipe}")))
    for name in ("pair", "sharded"):
        same(tmp_path / name, tmp_path / "alone", within=1e-4)
    assert {p.name for p in (tmp_path / "sharded").iterdir()} == {p.name for p in (tmp_path / "alone").iterdir()}


def test_a_base_in_four_bits_is_divided_too(
    failwise: Program, files: tuple[str, str], tiny_base: Path, tmp_path: Path
) -> None:
    quantised = ("recipe=answer", "quantisation=nf4", "precision=bf16", "adapter_precision=bf16")
    train_alone(failwise, command(files, tiny_base, tmp_path / "alone", *quantised))
    run(*sharded(*command(files, tiny_base, tmp_path / "sharded", *quantised)))
    same(tmp_path / "sharded", tmp_path / "alone", within=1e-2)


@pytest.mark.parametrize("launch", [pair, sharded])
def test_a_killed_pair_goes_on(
    launch: Callable[..., list[str]], failwise: Program, files: tuple[str, str], tiny_base: Path, tmp_path: Path
) -> None:
    train_alone(failwise, command(files, tiny_base, tmp_path / "whole", "recipe=answer"))
    both = launch(*command(files, tiny_base, tmp_path / "pair", "recipe=answer"))
    first = subprocess.Popen(
        both, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(), start_new_session=True
    )
    deadline = time.monotonic() + 300
    while not list((tmp_path / "pair" / "checkpoints").glob("checkpoint-*/whole.json")):
        assert first.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    if not (tmp_path / "pair" / "contract.json").is_file():  # else it was done before the kill came
        run(*both)
    assert losses(tmp_path / "pair") == pytest.approx(losses(tmp_path / "whole"), rel=1e-4)
