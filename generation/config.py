"""What a user can set about questions and rationales. The command line and the run file derive from these."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from failwise.generation.records import Style

Regime = Literal["new-question", "held-out-fact", "held-out-pair", "held-out-entity", "held-out-asset"]

# Strategies that a distractor can be chosen by; see `records.Kind`.
Distractor = Literal["degree-matched", "same-anchor", "name-near", "embedding-near", "sibling-asset", "out-of-asset"]


class StageConfig(BaseModel):
    """A stage's configuration: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class QuestionsConfig(StageConfig):
    """Which questions to make, and which of them to keep from training."""

    plan: Path | None = Field(None, description="quotas to keep, from `failwise questions plan`")
    file: Path | None = Field(None, description="questions to take instead of making them: ours, FailureSensorIQ's, …")
    file_map: str = Field("", description="which fields of that file are what: question=stem,options=choices[].text,…")
    asset_classes: tuple[str, ...] = Field((), description="asset classes by slug or label; empty: all")
    relations: tuple[str, ...] = Field((), description="relations by name; empty: all")
    regime: Regime = Field("new-question", description="what is kept from training")
    held_out: tuple[str, ...] = Field(
        (),
        description="what to keep from training: asset classes (twins, broader and narrower ones follow), entities, or "
        "pairs as 'bearing damage / vibration'; empty: chosen by the seed",
    )
    held_out_share: float = Field(
        0.2, gt=0, lt=1, description="share of facts to keep from training where none is named"
    )
    train_per_fact: int = Field(
        4, ge=0, description="training questions per fact and family; a plan has its own counts"
    )
    test_per_fact: int = Field(2, ge=0, description="test questions per fact and family")
    ungrouped_per_fact: int = Field(
        1, ge=0, description="questions per split of a fact that no contrast group holds: on these a guesser gains"
    )
    ungrouped_share: float = Field(
        0.05,
        ge=0,
        le=1,
        description="share of a table's questions that such facts may have; not for plans",
    )
    test_share: float = Field(0.2, ge=0, le=1, description="share of a plan's questions that go into the test split")
    min_options: int = Field(2, ge=2, le=10, description="fewest options of a question")
    max_options: int = Field(5, ge=2, le=10, description="most options of a question")
    multiple_share: float = Field(0.0, ge=0, le=1, description="share of questions that ask for all right options")
    none_share: float = Field(0.0, ge=0, le=1, description="share of the others that end in 'none of these'")
    distractors: dict[Distractor, float] = Field(
        {"degree-matched": 1.0}, description="strategies with weights, for places that no contrast group fills"
    )
    margin: float = Field(
        0.05, gt=0, lt=1, description="a set is refused where a guesser beats chance by more than this"
    )
    language: str = Field("en", description="language of labels and templates")
    seed: int = Field(0, ge=0, description="another seed gives other wordings, options and letters")
    fleet: bool = Field(False, description="make questions on a Ray cluster, with `workers` workers")
    workers: int = Field(
        1, ge=1, le=256, description="processes that make questions; the bytes are the same for any number"
    )

    @model_validator(mode="after")
    def _possible(self) -> "QuestionsConfig":
        if self.min_options > self.max_options:
            raise ValueError(f"min_options {self.min_options} is more than max_options {self.max_options}")
        if self.train_per_fact + self.test_per_fact == 0:
            raise ValueError("train_per_fact and test_per_fact are both 0, so there is nothing to make")
        if self.regime == "held-out-asset" and not self.held_out:
            raise ValueError("regime held-out-asset needs held_out: name the asset classes to keep from training")
        if self.regime == "new-question" and self.held_out:
            raise ValueError("held_out is set, but regime new-question keeps nothing out; use regime held-out-asset")
        if self.plan and self.file:
            raise ValueError("plan and file are both set: questions are either made to a plan or taken from a file")
        if not self.distractors or min(self.distractors.values()) < 0 or not sum(self.distractors.values()):
            raise ValueError("distractors needs at least one strategy with a weight above 0, and none below 0")
        return self


class RationalesConfig(StageConfig):
    """Who writes the rationales, and how hard to try."""

    teacher: str = Field(
        "graph", description="graph, openai, vllm, transformers, scripted, or module:Class of your own"
    )
    model: str = Field("", description="a name at the server, a folder, or 'embedded' for the model that comes along")
    base_url: str = Field("", description="server of the openai teacher; empty: the client's default")
    style: Style = Field(Style.STANDARD, description="how a rationale argues")
    show_answer: bool = Field(False, description="show the teacher the right answer; the graph teacher always knows it")
    examples: int = Field(0, ge=0, le=16, description="worked examples in the prompt, written by the graph teacher")
    hops: int = Field(0, ge=0, le=3, description="offer facts that lie so many steps around the anchor, too")
    passages: int = Field(0, ge=0, le=50, description="offer so many passages of the evidence folder, too")
    evidence: Path | None = Field(None, description="folder made by `failwise evidence build`")
    temperature: float = Field(0.0, ge=0, le=2, description="of the first attempt")
    temperature_step: float = Field(0.1, ge=0, le=1, description="added after each rejected attempt")
    attempts: int = Field(5, ge=1, le=20, description="tries per question before it is dropped")
    max_tokens: int = Field(400, ge=16, description="longest rationale a model may write")
    min_words: int = Field(5, ge=0, description="shortest rationale that is kept")
    max_words: int = Field(400, ge=10, description="longest rationale that is kept")
    early_letter: bool = Field(False, description="keep rationales that name the answer's letter before their end")
    allow_unverifiable: bool = Field(True, description="keep rationales with claims that the graph knows nothing about")
    timeout: float = Field(60.0, gt=0, description="seconds to wait for one answer of a server")
    connect_timeout: float = Field(10.0, gt=0, description="seconds to wait for a connection to a server")
    retries: int = Field(6, ge=0, le=50, description="tries of one request against 429, 5xx and broken connections")
    concurrency: int = Field(8, ge=1, le=1024, description="requests in flight at once, at most")
    adapt: bool = Field(True, description="find by measured throughput how many requests in flight are best")
    budget: float | None = Field(None, gt=0, description="stop before the cost by `prices` goes above this")
    budget_tokens: int | None = Field(None, gt=0, description="stop before more tokens than these are used")
    prices: dict[str, tuple[float, float]] = Field(
        {}, description="price of a million prompt tokens and of a million written ones, by model"
    )
    logprobs: bool = Field(False, description="ask a server how sure the model is of its words, and keep the mean")
    workers: int = Field(2, ge=1, le=256, description="processes that check replies; the records are the same")
    fleet: bool = Field(False, description="have a Ray cluster ask, with `workers` workers")
    seed: int = Field(0, ge=0, description="choice of wordings of the graph teacher")
