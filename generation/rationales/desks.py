"""Replies are read at desks: in processes of their own, so that the one that asks need not wait for verdicts."""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from failwise.errors import StorageError
from failwise.forks import can_fork, forked
from failwise.generation.rationales.crew import Landed
from failwise.generation.rationales.judging import Judge
from failwise.generation.records import Question
from failwise.generation.teachers.teacher import TeacherReply, TeacherRequest
from failwise.generation.verifying.rules import Verdict

FEW = 256  # questions for which no process is worth its start
CHUNK = 64  # questions that a process does before it hands over
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Judged:
    """A reply with its verdict."""

    landed: Landed
    verdict: Verdict


# What happens while a job runs: a reply came, verdicts on some came, or something broke.
Event = Landed | list[Judged] | BaseException
Events = SimpleQueue[Event]
# Takes replies in, and returns those verdicts that are there at once; the others come as an event.
Take = Callable[[Sequence[Landed]], Sequence[Judged]]


@contextmanager
def desks(judge: Judge, questions: Sequence[Question], workers: int, events: Events) -> Iterator[Take]:
    """Yield what takes replies in: here, or at the desks of `workers` - 1 further processes."""
    if _alone(workers, questions):
        yield lambda landed: [Judged(one, judge(one.task.request, one.reply)) for one in landed]
        return
    with forked(partial(_sit, judge, questions), workers - 1, duplex=True) as pipes:
        places = {question.id: place for place, question in enumerate(questions)}
        row = [_Desk(pipe, places, events) for pipe in pipes]

        def take(landed: Sequence[Landed]) -> Sequence[Judged]:
            if landed:
                min(row, key=_Desk.load).take(landed)
            return ()

        try:
            yield take
        finally:
            for desk in row:
                desk.close()


def in_turn(work: Callable[[Question], R], questions: Sequence[Question], workers: int) -> Generator[R, None, None]:
    """Yield what `work` returns for each question, in their order, done by so many processes.

    Raises:
        StorageError: a process ended before its work was done.
    """
    if _alone(workers, questions):
        yield from map(work, questions)
        return
    with forked(partial(_take_turns, work, questions, workers), workers) as pipes:
        for turn in range(-(-len(questions) // CHUNK)):
            try:
                yield from pipes[turn % workers].recv()
            except EOFError as error:
                raise _lost() from error


def _alone(workers: int, questions: Sequence[Question]) -> bool:
    """Say whether this process does all the work."""
    return workers == 1 or len(questions) < FEW or not can_fork()


def _take_turns(
    work: Callable[[Question], Any], questions: Sequence[Question], workers: int, pipe: Connection, number: int
) -> None:
    for start in range(number * CHUNK, len(questions), workers * CHUNK):
        pipe.send([work(question) for question in questions[start : start + CHUNK]])


class _Desk:
    """This end of a process that judges: verdicts come back in the order in which replies were taken in."""

    def __init__(self, pipe: Connection, places: dict[str, int], events: Events) -> None:
        self._pipe, self._places, self._events = pipe, places, events
        self._waiting = deque[Landed]()
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def load(self) -> int:
        """Return how many replies wait."""
        return len(self._waiting)

    def take(self, landed: Sequence[Landed]) -> None:
        """Have replies judged."""
        self._waiting.extend(landed)
        try:
            self._pipe.send([self._message(one) for one in landed])
        except BrokenPipeError as error:
            raise _lost() from error

    def close(self) -> None:
        """Let the process go."""
        with suppress(BrokenPipeError):  # gone already: `_read` has told of it
            self._pipe.send(None)
        self._thread.join()

    def _message(self, landed: Landed) -> "_Message":
        request, reply = landed.task.request, landed.reply
        place = self._places[request.question.id]
        return place, tuple(request.evidence), request.attempt, reply.text, reply.answer, reply.fault

    def _read(self) -> None:
        try:
            while (verdicts := self._pipe.recv()) is not None:
                self._events.put([Judged(self._waiting.popleft(), verdict) for verdict in verdicts])
        except (EOFError, ConnectionResetError):
            self._events.put(_lost())


# Of a request only what a verdict depends on: the question's place, the evidence, the attempt; then the reply.
_Message = tuple[int, tuple[str, ...], int, str, str | None, str]


def _sit(judge: Judge, questions: Sequence[Question], pipe: Connection, number: int) -> None:
    """Judge what comes through the pipe."""
    while (messages := pipe.recv()) is not None:
        pipe.send([_verdict(judge, questions, *message) for message in messages])
    pipe.send(None)


def _verdict(
    judge: Judge, questions: Sequence[Question], place: int, evidence: Sequence[str], attempt: int, *reply: Any
) -> Verdict:
    text, answer, fault = reply
    request = TeacherRequest(questions[place], dict.fromkeys(evidence, ""), 0.0, attempt)
    return judge(request, TeacherReply(text, answer, fault=fault))


def _lost() -> StorageError:
    return StorageError(
        "a process that checks rationales ended before its work was done, perhaps for want of memory; what is done "
        "is kept: run the same command again with fewer: --set rationales.workers=1"
    )
