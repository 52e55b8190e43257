"""What a user can set about a plan: how many questions, and how they are to be spread."""

import math
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from failwise.generation.config import StageConfig
from failwise.generation.records import Arity
from failwise.kg.names import did_you_mean
from failwise.kg.records import Direction, Polarity

Target = Literal["natural", "even"] | dict[str, float]

DIMENSIONS = ("relation", "asset_class", "direction", "polarity", "arity", "options", "none")
LABELS = {"asset_class": "asset class", "none": '"none of these"'}  # of dimensions, where the name is not enough
ACROSS = "across asset classes"  # the value of asset_class for tables that compare asset classes
WITH_NONE, WITHOUT_NONE = "with", "without"

# Few options are the rule in contrast groups: most facts reach groups of 2 and 3, few those of 5 and more.
_OPTIONS = {"2": 0.34, "3": 0.22, "4": 0.14, "5": 0.1, "6": 0.06, "7": 0.05, "8": 0.04, "9": 0.03, "10": 0.02}
# Values that can be known without an ontology.
_CLOSED: dict[str, tuple[str, ...]] = {
    "direction": tuple(Direction),
    "polarity": tuple(Polarity),
    "arity": tuple(Arity),
    "options": tuple(_OPTIONS),
    "none": (WITH_NONE, WITHOUT_NONE),
}


class PlanConfig(StageConfig):
    """How many questions to plan, and the share of each kind.

    A dimension's target is `natural` (shares as the facts that can be asked), `even`, or a weight for each value. A
    value without a weight, or with weight 0, is not asked.
    """

    budget: int | None = Field(None, ge=1, description="questions in all")
    per_fact: int | None = Field(None, ge=1, description="questions per fact that can be asked; without budget: 3")
    relation: Target = Field("natural", description="shares of relations")
    asset_class: Target = Field(
        "natural", description=f"shares of asset classes; tables over all of them count as {ACROSS!r}"
    )
    direction: Target = Field("even", description="shares of forward and inverse questions")
    polarity: Target = Field("even", description="shares of selection and elimination")
    arity: Target = Field({"single": 0.75, "multiple": 0.25}, description="shares of one and of several right options")
    options: Target = Field(_OPTIONS, description="shares of option counts, 2 to 10")
    none: Target = Field(
        {WITH_NONE: 0.1, WITHOUT_NONE: 0.9}, description='shares of questions with and without "none of these"'
    )
    importance: dict[str, float] = Field(
        {}, description="how much a dimension's target counts against the others; 1 where not named, 0: not at all"
    )
    tries: int = Field(
        5, ge=0, description="how often a plan is tried out, and made again with what was lacking; 0: not at all"
    )
    margin: float = Field(
        0.02, ge=0, le=1, description="a value this far below its target, as part of the target, counts as unmet"
    )

    @field_validator(*DIMENSIONS, mode="before")
    @classmethod
    def _target(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str) and value not in ("natural", "even"):
            raise ValueError("write natural, even, or a weight for each value, for example {forward: 2, inverse: 1}")
        if not isinstance(value, dict):
            return value
        weights = {str(k): v for k, v in value.items()}
        _refuse_weights(weights)
        known = _CLOSED.get(info.field_name or "", ())
        for name in weights if known else ():
            if name not in known:
                raise ValueError(f"no such value {name!r}{did_you_mean(name, known)}; known are {', '.join(known)}")
        return weights

    @field_validator("importance", mode="before")
    @classmethod
    def _importance(cls, value: Any) -> Any:
        for name in value if isinstance(value, dict) else ():
            if name not in DIMENSIONS:
                near = did_you_mean(str(name), DIMENSIONS)
                raise ValueError(f"no such dimension {name!r}{near}; known are {', '.join(DIMENSIONS)}")
        if value and isinstance(value, dict):
            _refuse_weights({**dict.fromkeys(DIMENSIONS, 1.0), **value})
        return value

    @model_validator(mode="after")
    def _possible(self) -> "PlanConfig":
        if self.budget is not None and self.per_fact is not None:
            raise ValueError(
                f"budget {self.budget} and per_fact {self.per_fact} both say how many questions to plan; give one"
            )
        only_with = isinstance(self.none, dict) and not self.none.get(WITHOUT_NONE)
        if only_with and isinstance(self.arity, dict) and not self.arity.get(Arity.SINGLE):
            raise ValueError('none asks for "none of these" alone, which only single answers have, but arity has none')
        return self


def _refuse_weights(weights: dict[str, Any]) -> None:
    for name, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not math.isfinite(weight):
            raise ValueError(f"the weight of {name!r} is {weight!r}; it must be a number")
        if weight < 0:
            raise ValueError(f"the weight of {name!r} is {weight}; it must be 0 or more")
    if not any(weights.values()):
        raise ValueError("all weights are 0; at least one must be more")
