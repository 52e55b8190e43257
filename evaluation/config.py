"""What a user can set about the evaluation."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class EvaluationConfig(BaseModel):
    """How a student is asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: bool = Field(True, description="ask the untrained base model too")
    limit: int | None = Field(None, ge=1, description="ask only so many questions, spread evenly; empty: all")
    until_decided: bool = Field(False, description="ask a fact no longer than its verdict takes")
    batch_size: int = Field(256, ge=1, le=1024, description="questions asked at once, as far as their tokens allow")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="where to score")
    threads: int | None = Field(None, ge=1, description="CPU threads; empty: all cores")
