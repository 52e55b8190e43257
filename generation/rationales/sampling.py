"""One question after another to the teacher, each until a reply is fit or the last attempt is over."""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty

from failwise.files import RecordLog
from failwise.generation.config import RationalesConfig
from failwise.generation.rationales.accounting import Attempt, Ledger
from failwise.generation.rationales.crew import Crew, Landed, Task
from failwise.generation.rationales.desks import Event, Events, Judged, desks
from failwise.generation.rationales.judging import FINAL, Judge, reject
from failwise.generation.rationales.patience import Patience
from failwise.generation.rationales.requests import Requests
from failwise.generation.rationales.window import Window
from failwise.generation.records import Question, Rationale, Reject
from failwise.generation.teachers.teacher import Teacher, TeacherReply
from failwise.generation.teachers.transport import UNREACHED
from failwise.generation.verifying.rules import ACCEPTED, Verdict

# So many requests wait for their turn or their verdict, at least.
AHEAD = 32

Record = Rationale | Reject


@dataclass(frozen=True, slots=True)
class Sampling:
    """Makes one record of every question: the first reply that is fit, or the reason of the last that was not."""

    config: RationalesConfig
    requests: Requests
    judge: Judge

    def task(self, question: Question) -> Task:
        """Return the first task for a question."""
        request = self.requests.first(question)
        return Task(request, *self.requests.key(request))

    def settle(self, task: Task, reply: TeacherReply, verdict: Verdict | None = None) -> Record | Task:
        """Return a question's record, or the task that follows a reply that was refused.

        Args:
            verdict: that of the judge, where it is there already.
        """
        request, verdict = task.request, verdict or self.judge(task.request, reply)
        if verdict.reason == ACCEPTED:
            return Rationale(
                question_id=request.question.id,
                teacher=self.config.teacher,
                fingerprint=task.fingerprint,
                evidence=tuple(request.evidence),
                text=reply.text,
                cited=verdict.cited,
                answer=str(reply.answer),
                verdict=ACCEPTED,
                attempts=request.attempt,
                prompt_tokens=reply.prompt_tokens,
                completion_tokens=reply.completion_tokens,
                style=request.style,
                shown=request.shown,
                model=self.config.model,
                supported=verdict.supported,
                contradicted=verdict.contradicted,
                unverifiable=verdict.unverifiable,
                logprob=reply.logprob,
            )
        tokens = task.prompt_tokens + reply.prompt_tokens, task.completion_tokens + reply.completion_tokens
        if request.attempt >= self.config.attempts or verdict.reason in FINAL:
            return reject(request.question.id, verdict, reply.raw or reply.text, request.attempt, tokens)
        return Task(self.requests.again(request), task.fingerprint, task.characters, *tokens)

    def at_once(self, question: Question, teacher: Teacher) -> Record:
        """Ask a teacher that keeps nobody waiting."""
        task = self.task(question)
        while True:
            settled = self.settle(task, teacher.reason(task.request))
            if not isinstance(settled, Task):
                return settled
            task = settled

    def replayed(self, question: Question, replies: Iterable[Attempt]) -> Record | Task:
        """Go through the replies that a question has already; return its record, or the task that is still to do."""
        task = self.task(question)
        for attempt in replies:
            if attempt.fault in UNREACHED:
                continue
            tokens = attempt.prompt_tokens, attempt.completion_tokens
            reply = TeacherReply(attempt.text, attempt.answer, *tokens, attempt.raw, attempt.fault, attempt.logprob)
            settled = self.settle(task, reply)
            if not isinstance(settled, Task):
                return settled
            task = settled
        return task


class Flight:
    """Has a crew ask, within the window and the budget. What it yields are records, in order of completion."""

    def __init__(self, sampling: Sampling, ledger: Ledger, teacher: Teacher, log: RecordLog) -> None:
        self._sampling, self._ledger = sampling, ledger
        self._teacher, self._log = teacher, log
        self.window = Window(sampling.config.concurrency, adapt=sampling.config.adapt)
        self._again = deque[Task]()
        self._held: Task | None = None
        self._patience = Patience(sampling.config.concurrency)
        self._out = 0  # requests without a verdict
        self.landed, self._began = 0, time.monotonic()

    def records(self, questions: Sequence[Question], replies: dict[str, list[Attempt]]) -> Iterator[Record]:
        """Yield one record per question, unless the budget is used up before.

        Args:
            replies: those that questions have already, by id.
        """
        fresh, events, config = iter(questions), Events(), self._sampling.config
        crew = Crew(self._teacher, events)
        with desks(self._sampling.judge, questions, config.workers, events) as take:
            crew.resize(self.window.limit)
            try:
                while True:
                    yield from self._fill(crew, fresh, replies)
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
                    crew.resize(self.window.limit)
            finally:
                crew.close(config.timeout)
                self._write_down(_waiting(events))

    @property
    def stopped(self) -> bool:
        """Say whether the budget held a request back."""
        return self._held is not None

    @property
    def rate(self) -> float:
        """Replies per second so far."""
        return self.landed / max(1e-9, time.monotonic() - self._began)

    def _write_down(self, happened: Iterable[Event]) -> list[Landed]:
        landed = [event for event in happened if isinstance(event, Landed)]
        if landed:
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

    def _fill(self, crew: Crew, fresh: Iterator[Question], replies: dict[str, list[Attempt]]) -> Iterator[Record]:
        """Send tasks until enough wait, so that a thread that is done finds the next one ready."""
        while self._out < self.window.limit + max(self.window.limit, AHEAD):
            task = self._held or (self._again.popleft() if self._again else None)
            if task is None:
                question = next(fresh, None)
                if question is None:
                    return
                settled = self._sampling.replayed(question, replies.pop(question.id, ()))
                if not isinstance(settled, Task):
                    yield settled
                    continue
                task = settled
            self._held = None
            if not self._ledger.affords(task.characters):
                self._held = task
                return
            self._ledger.send(task.characters)
            crew.send(task)
            self._out += 1


def _waiting(events: Events) -> list[Event]:
    """Return what has happened and was not looked at yet."""
    found: list[Event] = []
    with suppress(Empty):
        while True:
            found.append(events.get_nowait())
    return found
