"""What a user can set about questions and rationales. The command line and the run file derive from these."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Regime = Literal["new-question", "held-out-asset"]


class StageConfig(BaseModel):
    """A stage's configuration: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class QuestionsConfig(StageConfig):
    """Which questions to make, and which of them to keep from training."""

    asset_classes: tuple[str, ...] = Field((), description="asset classes by slug or label; empty: all")
    relations: tuple[str, ...] = Field((), description="relations by name; empty: all")
    regime: Regime = Field("new-question", description="what is kept from training")
    held_out: tuple[str, ...] = Field(
        (), description="held-out-asset: classes to keep out; twins, broader and narrower ones follow"
    )
    train_per_fact: int = Field(4, ge=0, description="training questions per fact and family")
    test_per_fact: int = Field(2, ge=0, description="test questions per fact and family")
    min_options: int = Field(2, ge=2, le=5, description="fewest options of a question")
    max_options: int = Field(5, ge=2, le=5, description="most options of a question")
    language: str = Field("en", description="language of labels and templates")
    seed: int = Field(0, ge=0, description="another seed gives other wordings, options and letters")

    @model_validator(mode="after")
    def _possible(self) -> "QuestionsConfig":
        if self.min_options > self.max_options:
            raise ValueError(f"min_options {self.min_options} is more than max_options {self.max_options}")
        if self.train_per_fact + self.test_per_fact == 0:
            raise ValueError("train_per_fact and test_per_fact are both 0, so there is nothing to make")
        if self.regime == "held-out-asset" and not self.held_out:
            raise ValueError("regime held-out-asset needs held_out: name the asset classes to keep from training")
        if self.regime != "held-out-asset" and self.held_out:
            raise ValueError(f"held_out is set, but regime is {self.regime}; use regime held-out-asset")
        return self


class RationalesConfig(StageConfig):
    """Who writes the rationales, and how hard to try."""

    teacher: str = Field("graph", description="graph, openai, scripted, or module:Class of your own")
    model: str = Field("", description="model name for the openai teacher")
    base_url: str = Field("", description="server of the openai teacher; empty: the client's default")
    temperature: float = Field(0.0, ge=0, le=2, description="of the first attempt")
    temperature_step: float = Field(0.1, ge=0, le=1, description="added after each rejected attempt")
    attempts: int = Field(5, ge=1, le=20, description="tries per question before it is dropped")
    max_tokens: int = Field(400, ge=16, description="longest rationale a model may write")
    timeout: float = Field(60.0, gt=0, description="seconds to wait for one answer of a server")
    concurrency: int = Field(8, ge=1, le=512, description="requests in flight at once")
    seed: int = Field(0, ge=0, description="choice of wordings of the graph teacher")
