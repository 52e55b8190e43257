"""Recipes: what a student is taught, in which mixture and with which losses. Each is one small YAML file.

A recipe has one stage, or two: then the first student writes the reasons and the second infers the answer from them.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from failwise.errors import InputError
from failwise.files import content_id
from failwise.kg.names import did_you_mean
from failwise.training.records import Mode

FOLDER = Path(__file__).parent / "recipes"
SUFFIX = ".yaml"

# What a student is asked in when it is scored: these end in an option's likelihood, or in yes or no.
ASKED = (Mode.DIRECT, Mode.RATIONALE, Mode.JUSTIFIED, Mode.INFERRED, Mode.VERDICT)
WITH_REASONS = (Mode.RATIONALE, Mode.JUSTIFIED, Mode.REASONS, Mode.INFERRED)
OF_OPTIONS = (Mode.DIRECT, Mode.INFERRED)


class Loss(StrEnum):
    """How a task is learned.

    likelihood  cross-entropy of what is to be written, per token
    listwise    the options compete: cross-entropy of the right one among all, by their likelihood (per question)
    """

    LIKELIHOOD = "likelihood"
    LISTWISE = "listwise"


class Reasons(StrEnum):
    """Whose reasons the second of two stages learns from."""

    TEACHER = "teacher"
    STUDENT = "student"
    MIXED = "mixed"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Task(_Part):
    """One kind of example in a mixture.

    A step's loss is the sum of its tasks' mean losses, each times its weight, divided by the sum of the weights: long
    rationales do not drown short answers. `share` says how many of the examples are of this kind.
    """

    mode: Mode = Field(description="what the student reads and writes")
    share: FiniteFloat = Field(
        1.0, gt=0, description="how many of the examples are of this kind, beside the other tasks'"
    )
    weight: FiniteFloat = Field(1.0, gt=0, description="weight of this task's loss")
    loss: Loss = Field(Loss.LIKELIHOOD, description="likelihood, or listwise: the options compete")
    options: int = Field(10, ge=1, le=64, description="most things judged in one example of the mode 'verdict'")
    named: bool = Field(True, description="whether the asset class is named; false: what holds of most is learned")
    views: tuple[str, ...] = Field((), description="perturbations of a question that are learned beside it")
    consistency: FiniteFloat = Field(0.0, ge=0, description="weight of the disagreement of a question's views")

    @model_validator(mode="after")
    def _refuse_impossible_pairs(self) -> Self:
        if self.loss is Loss.LISTWISE and self.mode not in OF_OPTIONS:
            raise ValueError(
                f"loss 'listwise' compares options, and mode {self.mode!r} writes more than one; use 'direct'"
            )
        if self.consistency and (not self.views or self.loss is not Loss.LISTWISE):
            raise ValueError(
                "consistency compares the options of a question's views: it wants loss 'listwise' and 'views'"
            )
        if not self.named and self.mode is not Mode.VERDICT:
            raise ValueError(f"only mode 'verdict' can leave the asset class unnamed, and this is {self.mode.value!r}")
        if self.views and self.mode not in OF_OPTIONS:
            raise ValueError(
                f"views are compared by their options, which mode {self.mode!r} does not end in; use 'direct'"
            )
        return self

    @property
    def name(self) -> str:
        """Name of the task in logs and results."""
        told = [self.loss.value] * (self.loss is not Loss.LIKELIHOOD) + ["unnamed"] * (not self.named)
        return f"{self.mode.value} ({', '.join(told)})" if told else self.mode.value


class Recipe(_Part):
    """What a student is taught.

    Args:
        summary: one sentence for a person.
        source: where the recipe comes from.
        asked: how the student is asked when it is scored.
        tasks: the mixture; of two stages, the second's.
        first: the first stage's mixture, which writes the reasons; empty: there is one stage.
        reasons: whose reasons the second stage learns from.
    """

    summary: str
    source: str = ""
    asked: Mode = Mode.DIRECT
    tasks: tuple[Task, ...] = Field(min_length=1)
    first: tuple[Task, ...] = ()
    reasons: Reasons = Reasons.TEACHER

    @model_validator(mode="after")
    def _refuse_what_cannot_be_asked(self) -> Self:
        modes = {task.mode for task in self.tasks}
        inferred = Mode.INFERRED in modes
        if bool(self.first) != inferred:
            raise ValueError("mode 'inferred' is the second of two stages: it wants 'first', and 'first' wants it")
        if self.first and Mode.REASONS not in {task.mode for task in self.first}:
            raise ValueError("the first stage writes the reasons: give it a task of mode 'reasons'")
        if self.asked not in modes:
            raise ValueError(f"the student is asked in mode {self.asked.value!r}, in which no task teaches it")
        if self.asked not in (*ASKED, Mode.REASONS):
            raise ValueError(f"a student cannot be scored in mode {self.asked.value!r}; use one of {', '.join(ASKED)}")
        return self

    @property
    def needs_rationales(self) -> bool:
        """Say whether any task learns from rationales."""
        return any(task.mode in WITH_REASONS for task in (*self.tasks, *self.first))

    @property
    def asks_unnamed(self) -> bool:
        """Say whether what holds of most asset classes is learned, so that one never learned can be asked about."""
        return any(not task.named for task in self.tasks)

    @property
    def teaches_facts(self) -> bool:
        """Say whether any task teaches facts one by one."""
        return any(task.mode is Mode.VERDICT for task in self.tasks)

    @property
    def views(self) -> tuple[str, ...]:
        """Perturbations that any task learns beside a question."""
        return tuple(dict.fromkeys(kind for task in self.tasks for kind in task.views))


def task_names(tasks: Sequence[Task]) -> list[str]:
    """Return the tasks' names; two of one name are told apart by their places."""
    names = [task.name for task in tasks]
    return [name if names.count(name) == 1 else f"{name} {at}" for at, name in enumerate(names, 1)]


def recipe_digest(name: str) -> str:
    """Return a hash of what a recipe teaches; its words about itself do not count."""
    return content_id(load_recipe(name).model_dump(mode="json", exclude={"summary", "source"}))


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with failwise."""
    return sorted(path.stem for path in FOLDER.glob(f"*{SUFFIX}"))


def all_recipes() -> Iterator[tuple[str, Recipe]]:
    """Yield the recipes that come with failwise, by name."""
    for name in recipe_names():
        yield name, load_recipe(name)


def load_recipe(name: str) -> Recipe:
    """Return a recipe of ours by its name, or one from a file.

    Raises:
        InputError: there is none, or the file cannot be a recipe.
    """
    path = Path(name).expanduser() if name.endswith((SUFFIX, ".yml")) else FOLDER / f"{name}{SUFFIX}"
    if not path.is_file():
        known = recipe_names()
        raise InputError(
            f"there is no recipe {name!r}{did_you_mean(name, known)}; known are {', '.join(known)}; a file of your own "
            f"ends in {SUFFIX}"
        )
    try:
        recipe = Recipe.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no YAML: {str(error).splitlines()[0]}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the recipe"
        raise InputError(f"{path}, {where}: {first['msg'].removeprefix('Value error, ')}") from error
    if recipe.asked not in ASKED:  # only the first of two stages is, and failwise puts that together
        raise InputError(
            f"{path}, asked: a student cannot be scored in mode {recipe.asked.value!r}; use one of {', '.join(ASKED)}"
        )
    return recipe
