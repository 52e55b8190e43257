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

    def _fill(self, fresh: Iterator[Question], replies: dict[str, list[Attempt]]) -> Iterator[Record]:
        """Send tasks as long as there is room; yield the records of questions whose replies are there already."""
        while self._has_room():
            following = self._following(fresh, replies)
            if following is None:
                return
            if not isinstance(following, Task):
                yield following
                continue
            self.stopped = not self._reserve(following)
            if self.stopped:
                self._again.appendleft(following)
                return
            self._send(following)

    def _following(self, fresh: Iterator[Question], replies: dict[str, list[Attempt]]) -> Record | Task | None:
        if self._again:
            return self._again.popleft()
        if (question := next(fresh, None)) is None:
            return None
        return self._sampling.replayed(question, replies.pop(question.id, ()))

    @abstractmethod
    def _has_room(self) -> bool:
        """Say whether another task may go out."""

    @abstractmethod
    def _reserve(self, task: Task) -> bool:
        """Count a task as in flight, if the budget allows."""

    @abstractmethod
    def _send(self, task: Task) -> None:
        """Have a task done."""
