"""A training ends with a whole student, however often it was interrupted on the way."""

import json
import resource
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from failwise.errors import InputError, StorageError, StudentError
from failwise.files import read_json
from failwise.generation.records import Question, Rationale
from failwise.training import losses, trainer
from failwise.training.config import Device, TrainingConfig
from failwise.training.contract import ADAPTER, DecodeContract
from failwise.training.records import Mode
from failwise.training.student import TOO_LONG, Material, train_student


class Interrupted(Exception):
    """Stands for a kill."""


def quiet(step: int, steps: int, loss: float) -> None:
    """Report nothing."""


def stop_after(last: int) -> Callable[[int, int, float], None]:
    """Return a progress report that ends the process, so to say, after a step."""

    def report(step: int, steps: int, loss: float) -> None:
        if step == last:
            raise Interrupted

    return report


@pytest.fixture
def recipe(tiny_base: Path) -> TrainingConfig:
    """Return a recipe of nine steps for the tiny base."""
    return TrainingConfig(
        base=str(tiny_base),
        quantisation="none",
        precision="fp32",
        adapter_precision="fp32",
        rank=4,
        alpha=8,
        learning_rate=1e-2,
        batch_size=4,
        max_steps=9,
        max_length=300,
        checkpoint_every=2,
        device="cpu",
    )


@pytest.fixture
def taught(questions: list[Question], rationales: dict[str, Rationale]) -> Material:
    """Return what is taught."""
    return Material(questions, rationales)


def test_a_student_is_written_whole(taught: Material, recipe: TrainingConfig, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    result = train_student(taught, recipe, tmp_path, lambda step, steps, loss: seen.append((step, steps)))
    assert seen == [(i, 9) for i in range(1, 10)]
    assert result.steps == len(result.losses) == 9
    assert result.examples == 36 and result.left_out == {}
    assert sum(result.losses[-3:]) < sum(result.losses[:3])
    assert 0 < result.label_tokens < result.tokens
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {ADAPTER, "adapter_config.json", "contract.json", "taught.json", "training.json"}
    contract = DecodeContract.load(tmp_path)
    assert contract.modes == (Mode.VERDICT, Mode.RATIONALE) and contract.asked is Mode.VERDICT
    written = json.loads((tmp_path / "training.json").read_text())
    assert written["config"] == recipe.model_dump(mode="json")
    assert tuple(written["result"]["losses"]) == result.losses


def test_the_base_is_named_and_not_a_path_of_a_cache(taught: Material, recipe: TrainingConfig, tmp_path: Path) -> None:
    train_student(taught, recipe, tmp_path, quiet)
    assert json.loads((tmp_path / "adapter_config.json").read_text())["base_model_name_or_path"] == recipe.base


@pytest.mark.parametrize("dropout", [0.0, 0.2])
@pytest.mark.parametrize("killed_after", [1, 5])
def test_an_interrupted_training_ends_as_an_uninterrupted_one(
    taught: Material, recipe: TrainingConfig, tmp_path: Path, killed_after: int, dropout: float
) -> None:
    recipe = recipe.model_copy(update={"dropout": dropout})
    whole = train_student(taught, recipe, tmp_path / "whole", quiet)
    with pytest.raises(Interrupted):
        train_student(taught, recipe, tmp_path / "parts", stop_after(killed_after))
    assert not (tmp_path / "parts" / "contract.json").exists()
    resumed = train_student(taught, recipe, tmp_path / "parts", quiet)
    # The step that the kill fell into was not saved: with a checkpoint every 2 steps, 1 → 0 and 5 → 4.
    assert resumed.resumed_at == killed_after - 1
    assert resumed.losses == pytest.approx(whole.losses, rel=1e-4)
    assert_same_weights(tmp_path / "whole", tmp_path / "parts", 1e-4)


def assert_same_weights(one: Path, other: Path, tolerance: float) -> None:
    ours, theirs = load_file(one / ADAPTER), load_file(other / ADAPTER)
    assert ours.keys() == theirs.keys() and len(ours) > 0
    for name, weights in ours.items():
        torch.testing.assert_close(weights, theirs[name], rtol=tolerance, atol=tolerance)


def test_an_adapter_names_its_modules_in_order(taught: Material, recipe: TrainingConfig, tmp_path: Path) -> None:
    # peft takes them from a set, and a file that differs from process to process would make another student of it.
    train_student(taught, recipe, tmp_path, quiet)
    modules = read_json(tmp_path / "adapter_config.json")["target_modules"]
    assert modules == sorted(modules) and len(modules) > 1


def test_a_finished_student_is_not_trained_again(taught: Material, recipe: TrainingConfig, tmp_path: Path) -> None:
    first = train_student(taught, recipe, tmp_path, quiet)
    again = train_student(taught, recipe, tmp_path, stop_after(1))
    assert again == first


def test_a_folder_with_another_student_is_left_alone(taught: Material, recipe: TrainingConfig, tmp_path: Path) -> None:
    train_student(taught, recipe, tmp_path, quiet)
    before = (tmp_path / ADAPTER).read_bytes()
    with pytest.raises(StudentError, match="another folder"):
        train_student(taught, recipe.model_copy(update={"seed": 1}), tmp_path, quiet)
    assert (tmp_path / ADAPTER).read_bytes() == before


def test_checkpoints_of_other_examples_are_refused(taught: Material, recipe: TrainingConfig, tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        train_student(taught, recipe, tmp_path, stop_after(3))
    with pytest.raises(StudentError, match="another training"):
        train_student(replace(taught, questions=taught.questions[1:]), recipe, tmp_path, quiet)


def test_adapters_can_stand_in_the_top_layers_alone(taught: Material, recipe: TrainingConfig, tmp_path: Path) -> None:
    train_student(taught, recipe.model_copy(update={"top_layers": 0.5}), tmp_path, quiet)
    layers = {name.split(".layers.")[1].split(".")[0] for name in load_file(tmp_path / ADAPTER)}
    assert layers == {"1"}  # of two


def test_a_long_example_is_left_out_and_not_cut(taught: Material, recipe: TrainingConfig, tmp_path: Path) -> None:
    first, *others = taught.questions
    wordy = replace(first, question="Tell me, please. " * 30 + first.question)
    recipe = recipe.model_copy(update={"recipe": "answer", "max_steps": None, "epochs": 3.0})
    result = train_student(replace(taught, questions=[wordy, *others]), recipe, tmp_path, quiet)
    assert result.left_out == {TOO_LONG: 1}
    assert result.examples == 33


def test_nothing_to_teach_is_an_error(taught: Material, recipe: TrainingConfig, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=TOO_LONG):
        train_student(taught, recipe.model_copy(update={"max_length": 16}), tmp_path, quiet)


def test_a_loss_that_is_not_a_number_ends_the_training(
    taught: Material, recipe: TrainingConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter(range(100))
    honest = losses.combined

    def diverging(losses: dict[int, torch.Tensor], tasks: Any) -> torch.Tensor:
        loss = honest(losses, tasks)
        return loss * float("nan") if next(calls) == 4 else loss

    monkeypatch.setattr(trainer, "combined", diverging)
    with pytest.raises(StudentError, match=r"step 5 is nan.*learning_rate"):
        train_student(taught, recipe, tmp_path, quiet)
    assert (tmp_path / "checkpoints" / "checkpoint-4" / "whole.json").is_file()
    assert not (tmp_path / "contract.json").exists()


def test_a_full_disk_is_a_sentence_and_keeps_the_last_checkpoint(
    taught: Material, recipe: TrainingConfig, tmp_path: Path
) -> None:
    with pytest.raises(Interrupted):
        train_student(taught, recipe, tmp_path, stop_after(3))
    old_limit, old_handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGXFSZ)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, old_limit[1]))  # the kernel refuses, as on a full disk
    try:
        with pytest.raises(StorageError, match=r"cannot write the student's weights.*last whole checkpoint"):
            train_student(taught, recipe, tmp_path, quiet)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old_limit)
        signal.signal(signal.SIGXFSZ, old_handler)
    assert train_student(taught, recipe, tmp_path, quiet).resumed_at == 2


def test_checkpoints_hold_no_pickled_settings(taught: Material, recipe: TrainingConfig, tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        train_student(taught, recipe, tmp_path, stop_after(3))
    held = {path.name for path in (tmp_path / "checkpoints" / "checkpoint-2").iterdir()}
    assert "training_args.bin" not in held
    for name in ("optimizer.pt", "scheduler.pt"):
        torch.load(tmp_path / "checkpoints" / "checkpoint-2" / name, weights_only=True)


def cuda_or_skip(device: Device) -> None:
    """Skip, with the reason, what needs a device that is not here."""
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")


DEVICES = [pytest.param("cpu", marks=pytest.mark.slow), pytest.param("cuda", marks=pytest.mark.gpu)]


@pytest.mark.parametrize("device", DEVICES)
def test_the_embedded_student_resumes_in_nf4(taught: Material, tmp_path: Path, device: Device) -> None:
    cuda_or_skip(device)
    recipe = TrainingConfig(rank=8, alpha=16, batch_size=4, max_steps=4, checkpoint_every=2, device=device)
    whole = train_student(taught, recipe, tmp_path / "whole", quiet)
    with pytest.raises(Interrupted):
        train_student(taught, recipe, tmp_path / "parts", stop_after(3))
    resumed = train_student(taught, recipe, tmp_path / "parts", quiet)
    assert resumed.resumed_at == 2
    assert resumed.losses == pytest.approx(whole.losses, rel=2e-2)
    assert_same_weights(tmp_path / "whole", tmp_path / "parts", 2e-2)


@pytest.mark.gpu
@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_an_interrupted_training_on_cuda_ends_as_an_uninterrupted_one(
    taught: Material, recipe: TrainingConfig, tmp_path: Path, dropout: float
) -> None:
    cuda_or_skip("cuda")
    recipe = recipe.model_copy(update={"device": "cuda", "dropout": dropout})
    whole = train_student(taught, recipe, tmp_path / "whole", quiet)
    with pytest.raises(Interrupted):
        train_student(taught, recipe, tmp_path / "parts", stop_after(5))
    resumed = train_student(taught, recipe, tmp_path / "parts", quiet)
    assert resumed.resumed_at == 4
    assert resumed.losses == pytest.approx(whole.losses, rel=1e-3)
    assert_same_weights(tmp_path / "whole", tmp_path / "parts", 1e-3)


@pytest.mark.gpu
def test_a_training_begun_on_a_cpu_goes_on_on_cuda(taught: Material, recipe: TrainingConfig, tmp_path: Path) -> None:
    cuda_or_skip("cuda")
    whole = train_student(taught, recipe, tmp_path / "whole", quiet)
    with pytest.raises(Interrupted):
        train_student(taught, recipe, tmp_path / "parts", stop_after(5))
    moved = train_student(taught, recipe.model_copy(update={"device": "cuda"}), tmp_path / "parts", quiet)
    assert (moved.resumed_at, moved.device) == (4, "cuda")
    assert moved.losses == pytest.approx(whole.losses, rel=1e-2)


@pytest.mark.gpu
@pytest.mark.parametrize("top_layers", [0.5, 1.0])
def test_a_student_trains_in_nf4_on_cuda(taught: Material, tmp_path: Path, top_layers: float) -> None:
    cuda_or_skip("cuda")
    # Of many lengths: batches with much padding are what once trained to NaN there.
    wordy = [replace(q, question="Mind the noise. " * (i % 6) + q.question) for i, q in enumerate(taught.questions)]
    recipe = TrainingConfig(batch_size=8, max_steps=40, top_layers=top_layers, device="cuda")
    result = train_student(replace(taught, questions=wordy), recipe, tmp_path, quiet)
    assert result.device == "cuda" and len(result.losses) == 40
    assert sum(result.losses[-5:]) < sum(result.losses[:5]) / 2
