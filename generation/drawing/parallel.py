"""Questions as lines of JSON, by one process or several: the same bytes for any number of them.

Every unit of facts (an asset class and a relation) is drawn by itself. The workers take the units in turn, and
their lines are put together in the order of the units.
"""

import gc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from multiprocessing.connection import Connection

import orjson

from failwise.errors import FailwiseError, StorageError
from failwise.forks import can_fork, forked
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.drawing.wording import FIELDS, SPLIT
from failwise.generation.matrices.tables import Unit


@dataclass(frozen=True, slots=True)
class Lines:
    """The questions of one unit as lines of JSON, and how many of them each split has."""

    text: bytes
    splits: Counter[str] = field(default_factory=Counter)


def unit_lines(synthesis: Synthesis, unit: Unit) -> Lines:
    """Return the questions of one unit as lines."""
    splits: Counter[str] = Counter()
    lines = []
    for row in synthesis.rows_of(unit):
        splits[row[SPLIT]] += 1
        lines.append(orjson.dumps(dict(zip(FIELDS, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE))
    return Lines(b"".join(lines), splits)


def question_lines(synthesis: Synthesis) -> Iterator[Lines]:
    """Yield the lines of all units, in order, made by `config.workers` processes.

    What could not be asked is counted in `synthesis.unasked` when all is taken.

    Raises:
        FailwiseError: what a worker met.
    """
    workers = synthesis.config.workers
    if workers == 1 or not can_fork():
        gc.freeze()  # what is loaded stays: no collection needs to look through it again and again
        try:
            for unit in synthesis.units():
                yield unit_lines(synthesis, unit)
        finally:
            gc.unfreeze()
        return
    with forked(partial(_work, synthesis, workers), workers) as pipes:
        yield from _merged(synthesis, pipes)


def _merged(synthesis: Synthesis, pipes: list[Connection]) -> Iterator[Lines]:
    """Take one unit after the other, each from the worker whose turn it is, until one has no more."""
    turn = 0
    while True:
        message = _received(pipes[turn % len(pipes)])
        if message is None:
            break
        yield Lines(pipes[turn % len(pipes)].recv_bytes(), message)
        turn += 1
    for place, pipe in enumerate(pipes):
        if place != turn % len(pipes):
            _received(pipe)  # the end of the others' units
        synthesis.unasked.update(pipe.recv())


def _received(pipe: Connection) -> Counter[str] | None:
    try:
        message = pipe.recv()
    except EOFError as error:
        raise StorageError(
            "a process that makes questions ended before its work was done, perhaps for want of memory; "
            "try again with fewer: --set questions.workers=1"
        ) from error
    if isinstance(message, FailwiseError):
        raise message
    return message if isinstance(message, Counter) else None


def _work(synthesis: Synthesis, count: int, pipe: Connection, place: int) -> None:
    gc.disable()  # nothing that a unit makes refers to itself
    try:
        for unit in islice(synthesis.units(), place, None, count):
            lines = unit_lines(synthesis, unit)
            pipe.send(lines.splits)
            pipe.send_bytes(lines.text)
        pipe.send(None)
        pipe.send(synthesis.unasked)
    except FailwiseError as error:
        pipe.send(error)
