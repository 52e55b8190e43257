"""What stands in which step: decided before the first step, by the seed alone.

A resumed training builds the same list again and goes on in its middle; of several processes each takes its part.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from failwise.training.config import TrainingConfig
from failwise.training.encoding import Encoder, Unit
from failwise.training.examples import Shown
from failwise.training.recipe import Loss, Task

# Steps whose units are sorted by length together: more saves padding, fewer mixes better.
_WINDOW = 16


@dataclass(frozen=True, slots=True)
class Part:
    """The units of a step that one process learns at once.

    `counts` says of each task what the whole step holds, however it is divided: what its loss is the mean of (learned
    tokens, or questions whose options compete), and units with several views. Units of the tasks `idle` are another
    part's, and count nothing here.
    """

    units: tuple[Unit, ...]
    counts: tuple[tuple[int, int], ...]
    idle: frozenset[int] = frozenset()


def plan_steps(
    lessons: Sequence[Sequence[Shown]], tasks: Sequence[Task], encoder: Encoder, config: TrainingConfig
) -> list[list[Unit]]:
    """Return the units of every step, in order; the last step may be smaller.

    Every step holds each task in proportion to its share, as near as whole units allow. A task's lessons are shown
    in an order of their own, all of them before any comes again.

    Args:
        lessons: beside `tasks`; none of them is empty.
    """
    rng = random.Random(config.seed)
    streams = [_stream(number, shown, encoder, rng) for number, shown in enumerate(lessons)]
    sizes = _sizes(lessons, tasks, config)
    shares = _in_proportion([task.share for task in tasks])
    steps: list[list[Unit]] = []
    for start in range(0, len(sizes), _WINDOW):
        counts = [[next(shares) for _ in range(size)] for size in sizes[start : start + _WINDOW]]
        steps += _window(counts, streams, rng)
    return steps


def divided(steps: Sequence[Sequence[Unit]], tasks: Sequence[Task], parts: int) -> list[Part]:
    """Return the steps' parts, all of the first step before those of the second, each with units of every length.

    Every part holds each task that its step holds, since processes that share a model's weights go through it together:
    a part that a task has no unit for gets one of another part, idle.
    """
    found: list[Part] = []
    for units in steps:
        by_task = [sorted((u for u in units if u.task == n), key=lambda unit: unit.width) for n in range(len(tasks))]
        counts = _counts(units, tasks)
        for part in range(parts):
            idle = frozenset(n for n, own in enumerate(by_task) if 0 < len(own) <= part)
            taken = (u for own in by_task for u in own[part::parts] or own[:1])
            found.append(Part(tuple(taken), counts, idle))
    return found


def _counts(units: Sequence[Unit], tasks: Sequence[Task]) -> tuple[tuple[int, int], ...]:
    counts = []
    for number, task in enumerate(tasks):
        own = [unit for unit in units if unit.task == number]
        trees = [tree for unit in own for tree in unit.trees]
        main = len(trees) if task.loss is Loss.LISTWISE else sum(tree.foretold for tree in trees)
        counts.append((main, sum(len(unit.trees) > 1 for unit in own)))
    return tuple(counts)


def _sizes(lessons: Sequence[Sequence[Shown]], tasks: Sequence[Task], config: TrainingConfig) -> list[int]:
    """Return how many units each step has. In a pass every task shows all that it has."""
    if config.max_steps is not None:
        return [config.batch_size] * config.max_steps
    shares = sum(task.share for task in tasks)
    whole = max(
        sum(lesson.showings for lesson in shown) * shares / task.share
        for shown, task in zip(lessons, tasks, strict=True)
    )
    wanted = math.ceil(whole * (1.0 if config.epochs is None else config.epochs))
    full, rest = divmod(wanted, config.batch_size)
    return [config.batch_size] * full + ([rest] if rest else [])


def _stream(task: int, lessons: Sequence[Shown], encoder: Encoder, rng: random.Random) -> Iterator[Unit]:
    while True:
        for lesson in rng.sample(lessons, len(lessons)):
            yield encoder.unit(task, lesson.show(rng))


def _in_proportion(shares: Sequence[float]) -> Iterator[int]:
    """Yield the number of the task that is furthest behind its share, again and again."""
    given = [0] * len(shares)
    while True:
        behind = max(range(len(shares)), key=lambda i: shares[i] / (given[i] + 1))
        given[behind] += 1
        yield behind


def _window(counts: Sequence[Sequence[int]], streams: Sequence[Iterator[Unit]], rng: random.Random) -> list[list[Unit]]:
    """Return some steps, each with units of like length of every task."""
    steps: list[list[Unit]] = [[] for _ in counts]
    for task, stream in enumerate(streams):
        wanted = [step.count(task) for step in counts]
        units = sorted((next(stream) for _ in range(sum(wanted))), key=lambda unit: unit.width)
        at = 0
        for step in rng.sample(range(len(wanted)), len(wanted)):
            steps[step] += units[at : at + wanted[step]]
            at += wanted[step]
    return steps
