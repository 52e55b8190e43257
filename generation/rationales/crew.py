"""Threads that ask a teacher, as many as may ask at once."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any

from failwise.generation.rationales.accounting import Attempt
from failwise.generation.teachers.teacher import Teacher, TeacherReply, TeacherRequest


@dataclass(frozen=True, slots=True)
class Task:
    """A request on its way, with its fingerprint, its length, and the tokens of the question's attempts before it."""

    request: TeacherRequest
    fingerprint: str
    characters: int
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Landed:
    """A task that came back."""

    task: Task
    reply: TeacherReply
    attempt: Attempt


class Crew:
    """Asks in threads. Tasks wait in a queue of their own, so that no thread waits for the one that checks replies."""

    def __init__(self, teacher: Teacher, events: SimpleQueue[Any]) -> None:
        """Have replies put into `events`, and what a teacher raised."""
        self._teacher, self._events, self._lock = teacher, events, Lock()
        self._ready = SimpleQueue[Task | None]()
        self._threads: list[Thread] = []
        self._size = self._flying = 0

    def resize(self, size: int) -> None:
        """Have so many threads; one that is too many ends after its present task."""
        for _ in range(size, self._size):
            self._ready.put(None)
        for _ in range(self._size, size):
            # As daemons, so that a second interrupt ends the program at once.
            self._threads.append(Thread(target=self._work, daemon=True))
            self._threads[-1].start()
        self._size = size

    def send(self, task: Task) -> None:
        """Have a task done."""
        self._ready.put(task)

    def close(self, patience: float) -> None:
        """Start nothing more, and wait for what is in flight, which is paid for: its replies still come."""
        stop: Callable[[], None] | None = getattr(self._teacher, "close", None)
        if stop:
            stop()
        while True:
            try:
                self._ready.get_nowait()
            except Empty:
                break
        self._threads = [t for t in self._threads if t.is_alive()]
        for _ in self._threads:
            self._ready.put(None)
        deadline = time.monotonic() + patience
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while task := self._ready.get():
            try:
                self._events.put(self._ask(task))
            except BaseException as error:  # raised again where the replies are taken in
                self._events.put(error)
                return

    def _ask(self, task: Task) -> Landed:
        with self._lock:
            self._flying += 1
            in_flight = self._flying
        began = time.monotonic()
        try:
            reply = self._teacher.reason(task.request)
        finally:
            seconds = time.monotonic() - began
            with self._lock:
                self._flying -= 1
        return Landed(task, reply, attempt_of(task, reply, seconds, in_flight))


def attempt_of(task: Task, reply: TeacherReply, seconds: float = 0.0, in_flight: int = 1) -> Attempt:
    """Return the line that a reply becomes in the log."""
    request = task.request
    return Attempt(
        question_id=request.question.id,
        fingerprint=task.fingerprint,
        attempt=request.attempt,
        temperature=request.temperature,
        text=reply.text,
        answer=reply.answer,
        raw=reply.raw,
        fault=reply.fault,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        asked=task.characters,
        seconds=round(seconds, 4),
        in_flight=in_flight,
        refused=getattr(reply, "refused", 0),
        lost=getattr(reply, "lost", 0),
        logprob=reply.logprob,
    )
