"""What a crew on this machine and a fleet share: which question goes out next, and whether the budget allows it."""

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence

from failwise.files import RecordLog
from failwise.generation.rationales.accounting import Attempt, Ledger
from failwise.generation.rationales.crew import Task
from failwise.generation.rationales.sampling import Record, Sampling
from failwise.generation.records import Question


class Asking(ABC):
    """Has questions asked, each until a reply is fit or the last attempt is over."""

    def __init__(self, sampling: Sampling, ledger: Ledger, log: RecordLog | None) -> None:
        """Write replies to `log`; none where nothing is paid (the graph teacher)."""
        self._sampling, self._ledger, self._log = sampling, ledger, log
        self._again = deque[Task]()
        self.landed, self._began = 0, time.monotonic()
        self.stopped = False  # the budget holds a request back

    @abstractmethod
    def records(self, questions: Sequence[Question], replies: dict[str, list[Attempt]]) -> Iterator[Record]:
        """Yield one record per question, unless the budget is used up before.

        Args:
            replies: those that questions have already, by id.
        """

    @property
    def rate(self) -> float:
        """Replies per second so far."""
        return self.landed / max(1e-9, time.monotonic() - self._began)

    def _paid_for(self, questions: Sequence[Question], replies: dict[str, list[Attempt]]) -> Iterator[Record]:
        """Yield what comes of the replies that are there already; what they leave open is asked first."""
        for question in questions:
            if question.id in replies:
                settled = self._sampling.replayed(question, replies[question.id])
                if isinstance(settled, Task):
                    self._again.append(settled)
                else:
                    yield settled

    def _fill(self, fresh: Iterator[Question]) -> None:
        """Send tasks as long as there is room and the budget allows."""
        while self._has_room():
            task = self._following(fresh)
            if task is None:
                return
            self.stopped = not self._reserve(task)
            if self.stopped:
                self._again.appendleft(task)
                return
            self._send(task)

    def _following(self, fresh: Iterator[Question]) -> Task | None:
        if self._again:
            return self._again.popleft()
        question = next(fresh, None)
        return None if question is None else self._sampling.task(question)

    @abstractmethod
    def _has_room(self) -> bool:
        """Say whether another task may go out."""

    @abstractmethod
    def _reserve(self, task: Task) -> bool:
        """Count a task as in flight, if the budget allows."""

    @abstractmethod
    def _send(self, task: Task) -> None:
        """Have a task done."""
