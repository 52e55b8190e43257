"""Records this stage writes: examples, and what a training did."""

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """How the student is asked to answer: at once, or after its reasons."""

    DIRECT = "direct"
    RATIONALE = "rationale"


@dataclass(frozen=True, slots=True)
class Example:
    """One thing to learn: what the student reads, and what it should write then.

    `completion` is in segments that are tokenised one by one, so that training and scoring cut an answer
    into the same tokens.
    """

    question_id: str
    mode: Mode
    prompt: str
    completion: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a training did. `seconds` and `peak_rss_mb` are of the last process if it was resumed."""

    steps: int
    resumed_at: int
    examples: int
    left_out: dict[str, int]
    tokens: int
    label_tokens: int
    trainable: int
    losses: tuple[float, ...]
    seconds: float
    peak_rss_mb: int
    device: str
