"""A recipe is checked when it is made, not after an hour of training."""

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from failwise.errors import MissingExtraError
from failwise.training import extra
from failwise.training.config import TrainingConfig


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"epochs": 2, "max_steps": 10}, ["epochs", "max_steps"]),
        ({"quantisation": "nf4", "precision": "fp32"}, ["quantisation", "precision"]),
        ({"quantisation": "none", "precision": "fp32"}, ["precision", "adapter_precision"]),
        ({"schedule": "constant", "warmup": 0.1}, ["schedule", "warmup"]),
        ({"top_layers": 0.5, "target_modules": ".*_proj"}, ["top_layers", "pattern"]),
    ],
)
def test_an_impossible_pair_is_refused_by_name(settings: dict[str, Any], named: list[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        TrainingConfig(**settings)
    assert all(key in str(caught.value) for key in named)


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="learning_rat"):
        TrainingConfig.model_validate({"learning_rat": 1e-3})


def test_every_field_says_what_it_is() -> None:
    assert [name for name, field in TrainingConfig.model_fields.items() if not field.description] == []


def test_where_and_how_often_to_save_does_not_make_another_student() -> None:
    one = TrainingConfig(checkpoint_every=5, threads=1)
    other = TrainingConfig(checkpoint_every=50, threads=2, parts=4, gradient_checkpointing=True)
    assert one.fingerprint_fields() == other.fingerprint_fields()
    assert one.fingerprint_fields() != TrainingConfig(seed=1).fingerprint_fields()


def test_reading_a_recipe_loads_no_model_library() -> None:
    code = (
        "import sys\n"
        "import failwise.training.config, failwise.training.contract\n"
        "import failwise.training.prompts, failwise.training.examples, failwise.training.extra\n"
        "print([m for m in ('torch', 'transformers', 'peft', 'bitsandbytes') if m in sys.modules])"
    )
    path = "import sys; sys.path[:0] = " + repr(sys.path) + "\n"
    ran = subprocess.run([sys.executable, "-c", path + code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name == "peft" else object())
    with pytest.raises(MissingExtraError, match=r"training a student needs .*'peft'.*failwise\[train\]"):
        extra.need_train_extra("training a student")
