"""What a user can set about the check of exemplars in the prompt."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class InContextConfig(BaseModel):
    """Which conditions are compared, and on how much."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shots: tuple[int, ...] = Field(tuple(range(9)), description="numbers of exemplars in the prompt")
    sources: tuple[Literal["random", "curated"], ...] = Field(("random", "curated"), description="who picks them")
    rationales: tuple[bool, ...] = Field((False, True), description="exemplars without their rationale, and with it")
    limit: int | None = Field(None, ge=1, description="ask only so many questions, spread evenly; empty: all")
    pool: int = Field(1000, ge=1, description="exemplars to pick from, drawn by the seed")
    keep: int = Field(
        64, ge=1, description="curated exemplars in order; a question takes the first that tell it nothing"
    )
    context: int | None = Field(None, ge=16, description="most tokens of a prompt; empty: what the model allows")
    batch_size: int = Field(8, ge=1, le=1024, description="questions scored at once")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="where to score")
    threads: int | None = Field(None, ge=1, description="CPU threads; empty: all cores")
    seed: int = Field(0, ge=0, description="another seed draws other random exemplars")

    @field_validator("shots")
    @classmethod
    def _shots(cls, shots: tuple[int, ...]) -> tuple[int, ...]:
        if not shots or min(shots) < 0 or max(shots) > 32:
            raise ValueError("shots holds numbers from 0 to 32, such as [0, 1, 2, 4, 8]")
        # Everything is compared with no exemplar, so that is always asked.
        return tuple(sorted({0, *shots}))
