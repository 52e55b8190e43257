"""How a student is trained: one frozen configuration, one place for every default."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from failwise.manifest import RUNTIME_ONLY

EMBEDDED = "embedded"

Device = Literal["auto", "cpu", "cuda"]
Quantisation = Literal["nf4", "none"]
Precision = Literal["bf16", "fp32"]
Method = Literal["lora", "dora", "full"]
Optimizer = Literal["adamw", "paged_adamw", "paged_adamw_8bit"]
Tracker = Literal["trackio", "mlflow", "wandb", "tensorboard"]


class TrainingConfig(BaseModel):
    """The recipe of one student. Unknown keys are refused; so are pairs that cannot work together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str = Field(EMBEDDED, min_length=1, description="base model: 'embedded', a folder, a hub id, or id@commit")
    recipe: str = Field("mixed", min_length=1, description="what is taught: a recipe's name, or a file of your own")
    method: Method = Field("lora", description="what is trained: a lora or dora adapter, or the full model")
    quantisation: Quantisation = Field("nf4", description="how the frozen base is held: 4-bit nf4, or none")
    double_quantisation: bool = Field(True, description="quantise the constants of nf4 too")
    precision: Precision = Field("bf16", description="what the frozen base computes in")
    adapter_precision: Precision = Field("bf16", description="what the adapter is held in while it is trained")
    rank: int = Field(64, ge=1, le=1024, description="rank of the adapter")
    alpha: FiniteFloat = Field(128, gt=0, description="scale of the adapter; its output is multiplied by alpha / rank")
    dropout: float = Field(0.0, ge=0, lt=1, description="dropout inside the adapter; costs a quarter of the speed")
    target_modules: str | tuple[str, ...] = Field(
        "all-linear", description="layers that get an adapter: 'all-linear', or the ends of their names"
    )
    top_layers: float = Field(
        1.0, gt=0, le=1, description="share of the layers, counted from the last, that get an adapter"
    )
    learning_rate: float = Field(1e-3, gt=0, le=1, description="peak learning rate")
    schedule: Literal["linear", "cosine", "constant", "constant_with_warmup"] = Field(
        "linear", description="how the learning rate falls after the warm-up"
    )
    warmup: float = Field(0.05, ge=0, lt=1, description="share of the steps in which the learning rate rises")
    weight_decay: FiniteFloat = Field(0.0, ge=0, description="weight decay of what is trained")
    optimizer: Optimizer = Field("adamw", description="adamw, or on CUDA paged_adamw or paged_adamw_8bit")
    batch_size: int = Field(16, ge=1, description="examples per step, of all processes together")
    parts: int = Field(1, ge=1, description="parts that a process learns a step's examples in; more need less memory")
    gradient_checkpointing: bool = Field(False, description="compute activations twice instead of keeping them")
    epochs: float | None = Field(
        None, gt=0, le=1e6, description="passes over all that is taught; 1 if max_steps is not set"
    )
    max_steps: int | None = Field(None, ge=1, description="steps to train, instead of epochs")
    max_length: int = Field(512, ge=16, description="longest example in tokens; longer ones are left out, not cut")
    cite_facts: bool = Field(False, description="keep the [fact id] citations in what the student learns to write")
    seed: int = Field(0, ge=0, lt=2**32, description="seed of the adapter and of the order of the examples")
    checkpoint_every: int = Field(25, ge=1, description="steps between two checkpoints")
    validation_share: float = Field(
        0.0, ge=0, lt=1, description="share of the questions that is not learned, to stop by its loss"
    )
    patience: int = Field(3, ge=1, description="checkpoints without a lower loss on that share before it stops")
    report_to: tuple[Tracker, ...] = Field((), description="trackers to log to: trackio, mlflow, wandb, tensorboard")
    device: Device = Field("auto", description="where to train: auto takes a CUDA device if there is one")
    threads: int | None = Field(None, ge=1, le=4096, description="CPU threads; all cores if not set")

    @model_validator(mode="after")
    def _refuse_impossible_pairs(self) -> Self:
        if self.epochs is not None and self.max_steps is not None:
            raise ValueError(
                f"epochs ({self.epochs:g}) and max_steps ({self.max_steps}) both say how long to train; set one"
            )
        if self.top_layers < 1 and isinstance(self.target_modules, str) and self.target_modules != "all-linear":
            raise ValueError(
                f"top_layers {self.top_layers:g} cannot be joined to the pattern {self.target_modules!r}; name the "
                "modules in a list, or use 'all-linear'"
            )
        if self.method == "full" and self.quantisation == "nf4":
            raise ValueError(
                "method 'full' trains every weight, and 4-bit weights cannot be trained; set quantisation to 'none'"
            )
        if self.method == "full" and self.adapter_precision != self.precision:
            raise ValueError(f"method 'full' has no adapter: set adapter_precision to precision ({self.precision!r})")
        if self.quantisation == "nf4" and self.precision == "fp32":
            raise ValueError("quantisation 'nf4' computes in bf16; with precision 'fp32' set quantisation to 'none'")
        if self.precision == "fp32" and self.adapter_precision == "bf16":
            raise ValueError("precision 'fp32' needs adapter_precision 'fp32', not 'bf16'")
        if self.schedule == "constant" and "warmup" in self.model_fields_set and self.warmup:
            raise ValueError(
                f"schedule 'constant' has no warmup ({self.warmup:g}); set warmup to 0 or schedule to "
                "'constant_with_warmup'"
            )
        return self

    def fingerprint_fields(self) -> dict[str, object]:
        """Return the fields that decide the weights: not a recipe's name, nor what only trades memory for time.

        So a training that ran out of memory goes on with more `parts`, or on another device.
        """
        return self.model_dump(mode="json", exclude={"recipe", *RUNTIME_ONLY})
