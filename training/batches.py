"""Which examples stand in which step: decided before the first step, by the seed alone.

A resumed training builds the same list again and goes on in its middle.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from failwise.training.config import TrainingConfig

# Steps whose examples are sorted by length together: more saves padding, fewer mixes better.
_WINDOW = 16


@dataclass(frozen=True, slots=True)
class Encoded:
    """An example in tokens. `answer_from` is where its completion begins; only those tokens are learned."""

    tokens: tuple[int, ...]
    answer_from: int

    @property
    def labels(self) -> int:
        """How many tokens are learned."""
        return len(self.tokens) - self.answer_from


@dataclass(frozen=True, slots=True)
class EncodedLesson:
    """A lesson in tokens."""

    direct: Encoded
    rationale: Encoded | None


def plan_steps(lessons: Sequence[EncodedLesson], config: TrainingConfig) -> list[list[Encoded]]:
    """Return the examples of every step, in order; the last step may be smaller."""
    rng = random.Random(config.seed)
    stream = _stream(lessons, config, rng)
    window = config.batch_size * _WINDOW
    steps: list[list[Encoded]] = []
    for start in range(0, len(stream), window):
        steps += _by_length(stream[start : start + window], config.batch_size, rng)
    return steps


def _stream(lessons: Sequence[EncodedLesson], config: TrainingConfig, rng: random.Random) -> list[Encoded]:
    """Return the examples of all epochs, each epoch in its own order and with its own choice of modes."""
    if config.max_steps is not None:
        wanted = config.max_steps * config.batch_size
    else:
        wanted = math.ceil(len(lessons) * (1.0 if config.epochs is None else config.epochs))
    stream: list[Encoded] = []
    while len(stream) < wanted:
        stream += _epoch(lessons, config.direct_share, rng)
    return stream[:wanted]


def _epoch(lessons: Sequence[EncodedLesson], direct_share: float, rng: random.Random) -> Iterator[Encoded]:
    order = rng.sample(lessons, len(lessons))
    direct = set(rng.sample(range(len(order)), round(direct_share * len(order))))
    for at, lesson in enumerate(order):
        yield lesson.direct if at in direct or lesson.rationale is None else lesson.rationale


def _by_length(examples: list[Encoded], batch_size: int, rng: random.Random) -> list[list[Encoded]]:
    ordered = sorted(examples, key=lambda example: len(example.tokens))
    batches = [ordered[at : at + batch_size] for at in range(0, len(ordered), batch_size)]
    rng.shuffle(batches)
    return batches
