"""Questions asked by threads of this process, within a window that follows what the server can do."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from queue import Empty

from failwise.files import RecordLog
from failwise.generation.rationales.accounting import Attempt, Ledger
from failwise.generation.rationales.asking import Asking
from failwise.generation.rationales.crew import Crew, Landed, Task
from failwise.generation.rationales.desks import Event, Events, Judged, desks
from failwise.generation.rationales.patience import Patience
from failwise.generation.rationales.sampling import Record, Sampling
from failwise.generation.rationales.window import Window
from failwise.generation.records import Question
from failwise.generation.teachers.teacher import Teacher

# So many requests wait for their turn or their verdict, at least, so that a thread that is done finds the next ready.
AHEAD = 32


class Flight(Asking):
    """Has a crew ask, within the window and the budget. What it yields are records, in order of completion."""

    def __init__(self, sampling: Sampling, ledger: Ledger, teacher: Teacher, log: RecordLog) -> None:
        super().__init__(sampling, ledger, log)
        self.window = Window(sampling.config.concurrency, adapt=sampling.config.adapt)
        self._events = Events()
        self._crew = Crew(teacher, self._events)
        self._patience = Patience(sampling.config.concurrency)
        self._out = 0  # requests without a verdict

    def records(self, questions: Sequence[Question], replies: dict[str, list[Attempt]]) -> Iterator[Record]:
        """Yield one record per question, unless the budget is used up before.

        Args:
            replies: those that questions have already, by id.
        """
        fresh, events, config = (q for q in questions if q.id not in replies), self._events, self._sampling.config
        yield from self._paid_for(questions, replies)
        with desks(self._sampling.judge, questions, config.workers, events) as take:
            self._crew.resize(self.window.limit)
            try:
                while True:
                    self._fill(fresh)
                    if not self._out:
                        return
                    happened = [events.get(), *_waiting(events)]
                    landed = self._write_down(happened)  # before it is looked at: it is paid for
                    judged = [one for event in happened if isinstance(event, list) for one in event]
                    for one in (*judged, *take(landed)):
                        yield from self._settle(one)
                    for event in happened:
                        if isinstance(event, BaseException):
                            raise event
                    self._crew.resize(self.window.limit)
            finally:
                self._crew.close(config.timeout)
                self._write_down(_waiting(events))

    def _write_down(self, happened: Iterable[Event]) -> list[Landed]:
        landed = [event for event in happened if isinstance(event, Landed)]
        if landed and self._log is not None:
            self._log.append(*(one.attempt for one in landed))
        return landed

    def _settle(self, judged: Judged) -> Iterator[Record]:
        landed = judged.landed
        self._out, self.landed = self._out - 1, self.landed + 1
        self._ledger.land(landed.task.characters)
        self._ledger.add(landed.attempt)
        self.window.note(landed.attempt.seconds, landed.attempt.refused)
        settled = self._sampling.settle(landed.task, landed.reply, judged.verdict)
        if isinstance(settled, Task):
            self._again.append(settled)
        else:
            yield settled
        self._patience.note(landed.reply.fault, ended=not isinstance(settled, Task))

    def _has_room(self) -> bool:
        return self._out < self.window.limit + max(self.window.limit, AHEAD)

    def _reserve(self, task: Task) -> bool:
        affordable = self._ledger.affords(task.characters)
        if affordable:
            self._ledger.send(task.characters)
        return affordable

    def _send(self, task: Task) -> None:
        self._crew.send(task)
        self._out += 1


def _waiting(events: Events) -> list[Event]:
    """Return what has happened and was not looked at yet."""
    found: list[Event] = []
    with suppress(Empty):
        while True:
            found.append(events.get_nowait())
    return found
