"""Questions as lines of JSON, by one process or several: the same bytes for any number of them.

Every unit of facts (an asset class and a relation) is drawn by itself. The workers take the units in turn, and
their lines are put together in the order of the units.
"""

import gc
import multiprocessing
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection
from typing import Any

import orjson

from failwise.errors import FailwiseError, StorageError
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
    if workers == 1 or "fork" not in multiprocessing.get_all_start_methods():
        gc.freeze()  # what is loaded stays: no collection needs to look through it again and again
        try:
            for unit in synthesis.units():
                yield unit_lines(synthesis, unit)
        finally:
            gc.unfreeze()
        return
    with _workers(synthesis, workers) as pipes:
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


@contextmanager
def _workers(synthesis: Synthesis, count: int) -> Iterator[list[Connection]]:
    """Start processes that share the graph's memory with this one; they are ended whatever happens."""
    context = multiprocessing.get_context("fork")
    gc.collect()
    gc.freeze()  # a collection in a worker would touch, and so copy, all that is shared
    pipes, processes = [], []
    try:
        for place in range(count):
            ours, theirs = context.Pipe(duplex=False)
            process: Any = context.Process(target=_work, args=(synthesis, theirs, place, count), daemon=True)
            process.start()
            theirs.close()
            pipes.append(ours)
            processes.append(process)
        yield pipes
    finally:
        gc.unfreeze()
        for pipe in pipes:
            pipe.close()
        for process in processes:
            process.terminate()
            process.join()


def _work(synthesis: Synthesis, pipe: Connection, place: int, count: int) -> None:
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
    except BrokenPipeError:
        return  # whoever asked for the questions has stopped
