"""Weights on the disk: an adapter or a full model as safetensors, and what is said where the disk refuses."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from peft import PeftModel, set_peft_model_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from failwise.errors import StorageError, StudentError
from failwise.training.contract import ADAPTER, FULL
from failwise.training.memory import ran_out

# What torch's zip writer says where it is refused.
_WRITER = ("PytorchStreamWriter", "unexpected pos", "File write failed")

# Above the size of any student, so that its weights are one file.
WHOLE = "1000GB"


@contextmanager
def saving(folder: Path) -> Iterator[None]:
    """Turn the libraries' many ways of saying that the disk refused into one."""
    try:
        yield
    # safetensors has an error of its own, and torch's zip writer says RuntimeError, as it does of anything.
    except (SafetensorError, OSError, RuntimeError) as error:
        if type(error) is RuntimeError and not any(said in str(error) for said in _WRITER):
            raise
        raise StorageError(
            f"cannot write the student's weights to {folder}: {error}; free some space and run the same command again: "
            "it goes on from the last whole checkpoint"
        ) from error


@contextmanager
def reading(source: str | Path) -> Iterator[None]:
    """Turn the libraries' many ways of saying what they cannot read of a model's folder into one.

    Raises:
        StudentError: a file is missing or torn, or the folder wants what this version does not have, or code.
    """
    try:
        yield
    except (OSError, ValueError, LookupError, TypeError, RuntimeError, SafetensorError) as error:
        if ran_out(error):
            raise
        if "trust_remote_code" in str(error):
            raise StudentError(
                f"the model {source} brings code of its own, which failwise never runs; use one that transformers "
                "knows by itself"
            ) from error
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise StudentError(f"the model {source} cannot be read: {first[:300]}; bring its files back whole") from error


def refuse_missing(weights: Collection[str], source: str | Path) -> None:
    """Refuse a model that lacks weights: a library would draw them at random, and go on.

    Raises:
        StudentError: it does.
    """
    if weights:
        raise StudentError(
            f"the model {source} lacks {len(weights):,} of its weights, the first is {min(weights)}; bring its files "
            "back whole"
        )


def save_weights(model: Any, folder: Path, weights: dict[str, Tensor] | None = None) -> None:
    """Write adapter_model.safetensors and adapter_config.json; of a full model model.safetensors and config.json.

    Args:
        weights: those of the whole model, where processes hold parts of it.
    """
    if not isinstance(model, PeftModel):
        model.save_pretrained(str(folder), max_shard_size=WHOLE, state_dict=weights)
        return
    # Without the explicit False, peft would ask the hub whether the base's vocabulary has changed.
    model.save_pretrained(str(folder), safe_serialization=True, save_embedding_layers=False, state_dict=weights)
    (folder / "README.md").unlink(missing_ok=True)


def load_weights(model: Any, folder: Path) -> None:
    """Copy saved weights into a model, in the precision that it has.

    Raises:
        StudentError: they cannot be read, or are those of another shape.
    """
    with reading(folder):
        if isinstance(model, PeftModel):
            set_peft_model_state_dict(model, load_file(folder / ADAPTER))
        else:
            model.load_state_dict(load_file(folder / FULL), strict=False)  # tied weights are saved once
