"""Records this stage writes: examples, and what a training did."""

from dataclasses import dataclass, field
from enum import StrEnum


class Mode(StrEnum):
    """How a student is asked, and so what it writes.

    direct     the answer
    rationale  the reasons, then the answer
    justified  the answer, then the reasons
    reasons    the reasons alone (the second task of multi-task, the first stage of two)
    inferred   the answer, from reasons that it is given (the second stage)
    verdict    whether one thing has to do with what is asked, yes or no, and whether that is what is wanted; no options
               are shown
    """

    DIRECT = "direct"
    RATIONALE = "rationale"
    JUSTIFIED = "justified"
    REASONS = "reasons"
    INFERRED = "inferred"
    VERDICT = "verdict"


@dataclass(frozen=True, slots=True)
class Branch:
    """One way in which what the student writes may go on, in segments that are tokenised one by one.

    The first `given` segments are read and not learned. `name` tells options apart across the views of a question.
    """

    segments: tuple[str, ...]
    right: bool = True
    name: str = ""
    given: int = 0


@dataclass(frozen=True, slots=True)
class Example:
    """One thing to learn: what the student reads, and what may follow.

    Where the right answer is learned alone there is one branch, which is right. `lead` is how the reply begins in all
    branches, in segments; it is read and not learned. `ends` says that the reply ends with the branch, so that the
    end of the turn is learned with it.
    """

    question_id: str
    mode: Mode
    prompt: str
    branches: tuple[Branch, ...]
    lead: tuple[str, ...] = ()
    ends: bool = True


@dataclass(frozen=True, slots=True)
class OwnReasons:
    """What a student wrote when it was asked for the reasons alone."""

    question_id: str
    text: str


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What became of one task of a recipe: its examples, and the mean loss of each step that held some."""

    name: str
    examples: int
    losses: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a training did. `seconds` and the peaks of memory are of the last process if it was resumed.

    `losses` holds the weighted loss of each step, `tasks` those of each task by itself. `held_out` holds the loss on
    the part that was held out, by step, and `best_step` the one whose weights were kept; without such a part the last.
    """

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
    tasks: tuple[TaskResult, ...] = ()
    held_out: dict[int, float] = field(default_factory=dict)
    best_step: int = 0
    peak_gpu_mb: int = 0
