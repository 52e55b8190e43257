"""Processes that share this one's memory as it is when they start, and end when it does."""

import gc
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any


def can_fork() -> bool:
    """Say whether this system can start processes that share memory."""
    return "fork" in multiprocessing.get_all_start_methods()


@contextmanager
def forked(work: Callable[[Connection, int], None], count: int, *, duplex: bool = False) -> Iterator[list[Connection]]:
    """Start processes and yield a pipe to each; they are ended whatever happens.

    Args:
        work: is called in each process with its end of the pipe and its number, from 0.
        count: how many.
        duplex: the pipes lead both ways; else from the processes to here.
    """
    context = multiprocessing.get_context("fork")
    gc.collect()
    gc.freeze()  # a collection in a process would touch, and so copy, all that is shared
    pipes: list[Connection] = []
    processes: list[Any] = []
    try:
        for number in range(count):
            ours, theirs = context.Pipe(duplex)
            pipes.append(ours)
            process: Any = context.Process(target=_begin, args=(work, theirs, number, pipes), daemon=True)
            process.start()
            theirs.close()
            processes.append(process)
        yield pipes
    finally:
        gc.unfreeze()
        for process in processes:
            process.terminate()
            process.join()
        for pipe in pipes:
            pipe.close()


def _begin(work: Callable[[Connection, int], None], pipe: Connection, number: int, ends: Sequence[Connection]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the first process's to handle: it ends this one
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for end in ends:
        end.close()  # else nobody would see it when the process at the other end is gone
    try:
        work(pipe, number)
    except (BrokenPipeError, EOFError):
        return  # whoever asked has stopped, or was killed
