"""What a training begins with: a base model at one revision, and maybe another student, whose adapter is its first."""

from dataclasses import asdict
from pathlib import Path

from failwise.errors import StudentError
from failwise.files import read_json
from failwise.training import checkpoints
from failwise.training.bases import Base, exact_name, resolve_base
from failwise.training.config import TrainingConfig
from failwise.training.contract import FILE, FIRST, DecodeContract
from failwise.training.recipe import Recipe

# What must be alike for the weights of one to be those of the other.
_SHAPE = ("method", "rank", "alpha", "target_modules", "top_layers")
_RESULT = "training.json"


def base_of(name: str, folder: Path, start: Path | None) -> Base:
    """Return the base model of a training, at the revision that it has already; of a new one the newest at the hub.

    A hub's model may change between two sittings of a training, its stages, or a student and the one it begins with.

    Args:
        folder: that of the student.
        start: the student to begin with.
    """
    begun = [folder / FILE, checkpoints.owner(folder), folder / FIRST / FILE]
    known = [read_json(path) for path in begun if path.is_file()]
    known += [asdict(DecodeContract.load(start))] if start is not None else []
    exact = [exact_name(name, each["base_revision"]) for each in known if each.get("base") == name]
    return resolve_base(exact[0] if exact else name)


def check_start(start: Path, base: Base, config: TrainingConfig, recipe: Recipe) -> DecodeContract:
    """Return the contract of the student to begin with, which must have the shape of the one to be trained.

    Raises:
        StudentError: it has another base, shape or way to be asked.
    """
    contract = DecodeContract.load(start)
    before = TrainingConfig.model_validate(read_json(start / _RESULT)["config"])
    if contract.method != before.method:
        raise StudentError(
            f"the student in {start} was merged into its base, so it has no adapter left to train on; start from the "
            "student that it was merged from"
        )
    pairs = [(name, getattr(before, name), getattr(config, name)) for name in _SHAPE]
    pairs += [("base", contract.base, base.name), ("base revision", contract.base_revision, base.revision)]
    pairs.append(("the way it is asked", contract.asked.value, recipe.asked.value))
    for name, was, is_ in pairs:
        if was != is_:
            raise StudentError(
                f"the student in {start} cannot be trained on: its {name} is {was!r}, and {is_!r} is asked for; "
                "train on with its own settings, or train a new student"
            )
    return contract


def first_of(start: Path | None) -> Path | None:
    """Return the first of two stages of the student to begin with."""
    return start / FIRST if start is not None else None
