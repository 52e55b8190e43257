"""A worker of a fleet: asks about one question after another, in threads, and sends back records and all replies."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Condition
from typing import TYPE_CHECKING, Any

from failwise.errors import FailwiseError
from failwise.files import dump_record, parse_record
from failwise.generation.config import RationalesConfig
from failwise.generation.fleet import OntologyFiles, fetched, settle_in, told
from failwise.generation.rationales.accounting import Attempt
from failwise.generation.rationales.crew import Task, attempt_of
from failwise.generation.rationales.sampling import Record, Sampling
from failwise.generation.rationales.window import Window
from failwise.generation.records import Rationale, Reject
from failwise.generation.teachers.teacher import TeacherReply, find_teacher
from failwise.generation.teachers.transport import KEY

if TYPE_CHECKING:
    import pyarrow


@dataclass(frozen=True, slots=True)
class Job:
    """All that a worker needs to ask any question."""

    files: OntologyFiles
    config: RationalesConfig


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a question at a worker: its record, or an error; neither where the job was stopped before."""

    number: int
    attempts: tuple[Attempt, ...] = ()
    record: Rationale | Reject | None = None
    error: str = ""
    sentence: str = ""


class Gate:
    """An actor beside the driver: it knows which questions were begun, and lets none begin once it is shut."""

    def __init__(self) -> None:
        self._open, self._begun = True, set[int]()

    def begin(self, number: int) -> bool:
        """Say whether a question may be asked."""
        if self._open:
            self._begun.add(number)
        return self._open

    def shut(self) -> set[int]:
        """Let no further question begin; return those that did."""
        self._open = False
        return self._begun


class Worker:
    """Asks questions, in as many threads as Ray gives it.

    Args:
        job: a reference to the job in Ray's store, or the job itself.
        gate: what lets questions begin; none where nothing is paid.
    """

    def __init__(self, job: Any, gate: Any = None) -> None:
        self._gate = gate
        self._error: FailwiseError | None = None
        self._free, self._flying = Condition(), 0
        try:
            ours = fetched(job, Job)
            config, graph = ours.config, ours.files.graph()
            self._window = Window(config.concurrency, adapt=config.adapt)
            self._sampling = Sampling.of(graph, config)
            self._teacher = find_teacher(config, graph)
        except FailwiseError as error:
            self._error = error
        settle_in()

    def __call__(self, batch: "pyarrow.Table") -> "Iterator[pyarrow.Table]":
        """Yield one row per question."""
        for number, task in zip(batch["number"].to_pylist(), batch["task"].to_pylist(), strict=True):
            yield _row(number, dump_record(self.outcome(number, task)))

    def outcome(self, number: int, task: bytes) -> Outcome:
        """Ask until there is a record; what was paid for comes back with an error too."""
        attempts: list[Attempt] = []
        try:
            if self._error is not None:
                raise self._error
            if not self._may_begin(number):
                return Outcome(number)
            record = self._record(parse_record(task, Task, "a row of the fleet"), attempts)
        except FailwiseError as error:
            note = _told(error)
            return Outcome(number, tuple(attempts), error=note["error"], sentence=note["sentence"])
        return Outcome(number, tuple(attempts), record)

    def _may_begin(self, number: int) -> bool:
        if self._gate is None:
            return True
        import ray

        return bool(ray.get(self._gate.begin.remote(number)))

    def _record(self, task: Task, attempts: list[Attempt]) -> Record:
        while True:
            reply, attempt = self._ask(task)
            if self._sampling.config.teacher != "graph":
                attempts.append(attempt)
            settled = self._sampling.settle(task, reply)
            if not isinstance(settled, Task):
                return settled
            task = settled

    def _ask(self, task: Task) -> tuple[TeacherReply, Attempt]:
        with self._free:
            self._free.wait_for(lambda: self._flying < self._window.limit)
            self._flying += 1
            in_flight = self._flying
        began = time.monotonic()
        try:
            reply = self._teacher.reason(task.request)
        finally:
            with self._free:
                self._flying -= 1
                self._free.notify_all()
        attempt = attempt_of(task, reply, time.monotonic() - began, in_flight)
        with self._free:
            self._window.note(attempt.seconds, attempt.refused)
        return reply, attempt


def _told(error: FailwiseError) -> dict[str, str]:
    note = told(error)
    if KEY in note["sentence"]:
        note["sentence"] += f" (a node of the fleet says so: keys are never sent, each needs {KEY} in its environment)"
    return note


def _row(number: int, outcome: bytes) -> "pyarrow.Table":
    import pyarrow

    schema = pyarrow.schema({"number": pyarrow.int64(), "outcome": pyarrow.large_binary()})
    return pyarrow.table({"number": [number], "outcome": [outcome]}, schema=schema)
