"""A base model from a hub, as it lies in the cache: which commit is loaded, and what is never run."""

import json
import shutil
from functools import partial
from pathlib import Path
from typing import Protocol, cast

import pytest
import torch
from safetensors.torch import load_file, save_file

from failwise.errors import StudentError
from failwise.generation.records import Question, Rationale
from failwise.training import models
from failwise.training.bases import resolve_base
from failwise.training.config import TrainingConfig
from failwise.training.contract import ADAPTER_CONFIG, FIRST, DecodeContract
from failwise.training.student import Material, train_student
from failwise.training.trainer import Progress

NAME = "makers/tiny"
OLD, NEW = "a" * 40, "b" * 40
SETTINGS = {"base": NAME, "recipe": "answer", "quantisation": "none", "max_steps": 1, "rank": 2, "device": "cpu"}


def quiet(step: int, steps: int, loss: float) -> None:
    """Say nothing."""


class Hub:
    """What a hub's cache holds of one model, commit by commit."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, commit: str, files: Path, scale: float = 1.0) -> Path:
        """Add a commit, which is the newest then; its weights are those of the files times `scale`."""
        snapshot = self._folder / "snapshots" / commit
        shutil.copytree(files, snapshot)
        weights = snapshot / "model.safetensors"
        save_file({name: scale * w for name, w in load_file(weights).items()}, weights, {"format": "pt"})
        newest = self._folder / "refs/main"
        newest.parent.mkdir(exist_ok=True)
        newest.write_text(commit)
        return snapshot


@pytest.fixture
def hub(tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """Return a hub with the tiny base on it, which nothing can be downloaded from."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    hub = Hub(tmp_path / "cache" / f"models--{NAME.replace('/', '--')}")
    hub.add(OLD, tiny_base)
    return hub


class Train(Protocol):
    """Trains a student into a folder of this name."""

    def __call__(self, name: str, start: Path | None = None, progress: Progress = ..., **settings: object) -> Path: ...


@pytest.fixture
def train(hub: Hub, tmp_path: Path, questions: list[Question], rationales: dict[str, Rationale]) -> Train:
    """Return a function that trains students of the hub's model."""
    material = Material(questions, rationales)

    def trained(name: str, start: Path | None = None, progress: Progress = quiet, **settings: object) -> Path:
        config = TrainingConfig.model_validate({**SETTINGS, **settings})
        train_student(material, config, tmp_path / name, progress, start)
        return tmp_path / name

    return trained


def base_weights(student: Path) -> torch.Tensor:
    model, *_ = models.load_student(student, torch.device("cpu"))
    return cast(torch.Tensor, model.get_base_model().get_input_embeddings().weight)


def test_a_student_keeps_the_commit_it_was_trained_on(hub: Hub, train: Train, tiny_base: Path) -> None:
    student = train("student")
    before = base_weights(student)
    hub.add(NEW, tiny_base, scale=2.0)
    assert resolve_base(NAME).commit == NEW
    assert DecodeContract.load(student).base_revision == f"commit:{OLD}"
    assert json.loads((student / ADAPTER_CONFIG).read_text())["revision"] == OLD
    assert torch.equal(base_weights(student), before)


def test_a_new_training_takes_the_newest_commit(hub: Hub, train: Train, tiny_base: Path) -> None:
    before = base_weights(train("student"))
    hub.add(NEW, tiny_base, scale=2.0)
    assert torch.equal(base_weights(train("other")), 2 * before)


def test_a_training_takes_the_commit_that_it_is_told(hub: Hub, train: Train, tiny_base: Path) -> None:
    hub.add(NEW, tiny_base, scale=2.0)
    contracts = [DecodeContract.load(train(at, base=f"{NAME}@{at}")) for at in ("main", OLD)]
    assert [(c.base, c.base_revision) for c in contracts] == [(NAME, f"commit:{NEW}"), (NAME, f"commit:{OLD}")]


def test_another_commit_than_that_of_the_student_to_begin_with_is_refused(
    hub: Hub, train: Train, tiny_base: Path
) -> None:
    student = train("student")
    hub.add(NEW, tiny_base, scale=2.0)
    with pytest.raises(StudentError, match=f"base revision is 'commit:{OLD}', and 'commit:{NEW}' is asked for"):
        train("more", student, base=f"{NAME}@{NEW}")


def test_a_student_is_trained_on_on_its_own_commit(hub: Hub, train: Train, tiny_base: Path) -> None:
    student = train("student")
    hub.add(NEW, tiny_base, scale=2.0)
    assert torch.equal(base_weights(train("more", student)), base_weights(student))


@pytest.mark.parametrize("stage", [1, 2])
def test_what_was_stopped_goes_on_on_its_own_commit(stage: int, hub: Hub, train: Train, tiny_base: Path) -> None:
    ends: list[int] = []

    def stop(step: int, steps: int, loss: float) -> None:
        ends.extend([step] * (step == steps))
        if len(ends) == stage:
            raise KeyboardInterrupt

    two = partial(train, "student", recipe="two-stage", max_steps=2, checkpoint_every=1)
    with pytest.raises(KeyboardInterrupt):
        two(progress=stop)
    hub.add(NEW, tiny_base, scale=2.0)
    contracts = [DecodeContract.load(folder) for folder in (two(), two() / FIRST)]
    assert [contract.base_revision for contract in contracts] == [f"commit:{OLD}"] * 2


def test_a_commit_that_is_not_there_is_named(hub: Hub, train: Train, tiny_base: Path) -> None:
    student = train("student")
    shutil.rmtree(hub.add(NEW, tiny_base).with_name(OLD))
    with pytest.raises(StudentError, match=f"'{NAME}' at {OLD} cannot be read from the hub"):
        base_weights(student)


def test_code_of_a_model_is_not_run_and_nobody_is_asked(
    hub: Hub, train: Train, tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    snapshot = hub.add(NEW, tiny_base)
    own = {"model_type": "homemade", "auto_map": {"AutoConfig": "homemade.Homemade"}}
    (snapshot / "config.json").write_text(json.dumps(own))
    (snapshot / "homemade.py").write_text(
        f"from pathlib import Path\nfrom transformers import PretrainedConfig\nPath({str(ran)!r}).touch()\n"
        "class Homemade(PretrainedConfig):\n    model_type = 'homemade'\n"
    )
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    with pytest.raises(StudentError, match=f"{NAME} brings code of its own, which failwise never runs"):
        train("student")
    assert not ran.exists()
