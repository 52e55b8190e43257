"""The run file: one section per stage. Unknown keys are refused; the nearest known one is proposed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from failwise.errors import InputError
from failwise.evaluation.config import EvaluationConfig
from failwise.evaluation.in_context.config import InContextConfig
from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.consensus.config import ConsensusConfig
from failwise.generation.planning.config import PlanConfig
from failwise.kg.names import did_you_mean
from failwise.training.config import TrainingConfig

C = TypeVar("C", bound=BaseModel)


class OntologyConfig(BaseModel):
    """Which ontology to use."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    paths: tuple[Path, ...] = Field((), description="files and folders laid over the shipped ontology")
    shipped: bool = Field(True, description="start from the ontology that comes with failwise")


class ImproveConfig(BaseModel):
    """How the holes of a student are filled."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rounds: int = Field(1, ge=1, le=20, description="times to audit and to train on")
    per_hole: int = Field(12, ge=1, description="new training questions of each fact that is not known")
    replay: float = Field(
        0.5, ge=0, lt=1, description="share of the questions that it was taught before, against forgetting"
    )
    control: bool = Field(False, description="train another student as long on what it was taught, to compare")
    audit_per_fact: int = Field(4, ge=1, description="questions per fact and family of the frozen set")
    seed: int = Field(1, ge=0, description="seed of the new questions and the frozen ones")


class RunConfig(BaseModel):
    """Everything `failwise run` does, and three sections that it leaves to commands of their own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field("failwise run", description="heading of the report")
    folder: Path = Field(Path("runs/run"), description="where the run is kept")
    ontology: OntologyConfig = OntologyConfig()
    plan: PlanConfig = PlanConfig()
    questions: QuestionsConfig = QuestionsConfig()
    rationales: RationalesConfig = RationalesConfig()
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    consensus: ConsensusConfig = ConsensusConfig()
    in_context: InContextConfig = InContextConfig()
    improve: ImproveConfig = ImproveConfig()


def load_config(kind: type[C], path: Path | None, settings: Sequence[str] = ()) -> C:
    """Read a configuration from a YAML file and `key=value` settings; settings win.

    Raises:
        InputError: the file or a setting cannot be read, a key is unknown, or a value is not allowed.
    """
    values = _read_yaml(path) if path else {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise InputError(f"--set {setting!r} is not key=value, for example --set training.rank=16")
        try:
            _put(values, key.split("."), yaml.safe_load(text), setting)
        except yaml.YAMLError as error:
            raise InputError(f"--set {setting!r}: what stands behind {key}= is not YAML: {_problem(error)}") from error
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise InputError(_sentence(kind, error, path)) from error


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the configuration {path}: {error}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise InputError(f"{path}{line}: not YAML: {_problem(error)}") from error
    if not isinstance(values, dict):
        raise InputError(f"{path} is empty or not a mapping; it needs keys such as questions: and training:")
    return values


def _problem(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or error)


def _put(values: dict[str, Any], keys: list[str], value: Any, setting: str) -> None:
    for key in keys[:-1]:
        values = values.setdefault(key, {})
        if not isinstance(values, dict):
            raise InputError(f"--set {setting!r}: {key} is a single value, so nothing can be set inside it")
    values[keys[-1]] = value


def _sentence(kind: type[BaseModel], error: ValidationError, path: Path | None) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    start = f"{path}: " if path else ""
    if first["type"] == "extra_forbidden":
        known = _keys(kind, first["loc"][:-1])
        near = did_you_mean(str(first["loc"][-1]), known)
        return f"{start}unknown key {where!r}{near or '; known are ' + ', '.join(known)}"
    problem = first["msg"].removeprefix("Value error, ")
    if first["type"] == "tuple_type":
        problem = f"it is a list: [{first['input']}]"
    return f"{start}{where + ': ' if where else ''}{problem} (given: {first['input']!r})" if where else start + problem


def _keys(kind: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    for part in loc:
        annotation = kind.model_fields[str(part)].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        kind = annotation
    return list(kind.model_fields)
