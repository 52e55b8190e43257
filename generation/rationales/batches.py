"""Rationales by way of batch files: requests for what is still to do. Their replies are taken in by `intake`."""

import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from failwise.errors import InputError, TeacherError
from failwise.files import content_id, storage_errors
from failwise.generation.config import RationalesConfig
from failwise.generation.rationales.accounting import Ledger
from failwise.generation.rationales.crew import Task
from failwise.generation.rationales.requests import Offers
from failwise.generation.rationales.sampling import Sampling
from failwise.generation.rationales.standing import Standing, take_stock
from failwise.generation.records import Question
from failwise.generation.teachers.batch_files import MOST_BYTES, MOST_REQUESTS, request_line, write_batches
from failwise.generation.teachers.openai_teacher import chat_body
from failwise.generation.teachers.teacher import TeacherReply, TeacherRequest
from failwise.kg.graph import KnowledgeGraph

# Endpoints know a request by at most 64 characters, some of these alone.
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,36}")
_CUSTOM_ID = re.compile(r"([A-Za-z0-9_-]{1,36})-([1-9][0-9]?)-([0-9a-f]{16})")


def custom_id(task: Task) -> str:
    """Return the id that a batch knows a request by: the question, the attempt, and the request's fingerprint."""
    return f"{short_id(task.request.question)}-{task.request.attempt}-{task.fingerprint}"


def custom_id_parts(text: str) -> tuple[str, int, str] | None:
    """Return the question's short id, the attempt and the fingerprint; None where the id is not one of ours."""
    found = _CUSTOM_ID.fullmatch(text)
    return (found[1], int(found[2]), found[3]) if found else None


def short_id(question: Question) -> str:
    """Return a question's id as an endpoint takes it."""
    return question.id if _PLAIN.fullmatch(question.id) else content_id(question.id)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was written for a batch: the requests in each file, and how many of them are further attempts.

    `held` questions wait because the budget is used up if every request written is answered.
    """

    files: Mapping[str, int]
    requests: int
    further: int
    held: int


class BatchJob:
    """A job's questions, asked through batches. Its folder is that of `write_rationales`, which can go on with it."""

    def __init__(
        self,
        questions: Sequence[Question],
        graph: KnowledgeGraph,
        config: RationalesConfig,
        folder: Path,
        offers: Offers | None = None,
    ) -> None:
        """Look at no file yet.

        Raises:
            InputError: the teacher is none that a batch endpoint could ask, or no model is named.
        """
        if config.teacher != "openai":
            raise InputError(
                f"a batch is asked as the openai teacher asks, and rationales.teacher is {config.teacher!r}; set it "
                "to openai, or use `failwise rationales generate`"
            )
        if not config.model:
            raise InputError("a batch request names the model that is to answer; set rationales.model")
        self.questions, self.config, self.folder = questions, config, folder
        self.sampling = Sampling.of(graph, config, offers, questions)

    def standing(self, ledger: Ledger) -> Standing:
        """Return what stands in the folder, and count in the ledger what it cost."""
        return take_stock(self.folder, self.questions, self.sampling.requests.fingerprint, ledger)

    def write_requests(self, batch: Path, most_requests: int = MOST_REQUESTS, most_bytes: int = MOST_BYTES) -> Asked:
        """Write requests-00001.jsonl and on into the new folder `batch`, within the limits of a batch.

        A question whose replies were all refused is asked again, warmer. What was written for an earlier batch and
        has no reply yet is written again.

        Raises:
            InputError: the folder holds something, or one request alone is above the limit.
            BudgetReached: not one request fits the budget.
        """
        if batch.exists() and any(batch.iterdir()):
            raise InputError(f"{batch} holds files, perhaps of a batch that is on its way; name another folder")
        ledger = Ledger(self.config)
        standing = self.standing(ledger)
        counts, part = Counter[str](), batch.with_name(f".{batch.name}.part")
        with storage_errors(batch):
            shutil.rmtree(part, ignore_errors=True)
            try:
                lines = self._lines(self._tasks(standing), ledger, counts, most_bytes)
                files = write_batches(part, lines, most_requests, most_bytes)
                if files:
                    part.replace(batch)  # all of it, or nothing
            finally:
                shutil.rmtree(part, ignore_errors=True)
        if counts["held"] and not files:
            raise ledger.reached(len(standing.done), counts["held"], standing.accepted)
        return Asked(files, sum(files.values()), counts["further"], counts["held"])

    def _tasks(self, standing: Standing) -> Iterator[Task]:
        for question in self.questions:
            if question.id not in standing.done:
                settled = self.sampling.replayed(question, standing.replies.get(question.id, ()))
                if isinstance(settled, Task):
                    yield settled

    def _lines(self, tasks: Iterable[Task], ledger: Ledger, counts: Counter[str], most_bytes: int) -> Iterator[bytes]:
        for task in tasks:
            if counts["held"] or not ledger.affords(task.characters):
                counts["held"] += 1
                continue
            line = request_line(custom_id(task), chat_body(task.request, self.config))
            if len(line) > most_bytes:
                raise InputError(
                    f"the request for question {task.request.question.id} has {len(line)} bytes, and a batch file may "
                    f"have {most_bytes}; offer less evidence (rationales.hops, rationales.passages) or fewer examples"
                )
            ledger.send(task.characters)
            counts["further"] += task.request.attempt > 1
            yield line


class NobodyAsked:
    """The teacher of a job whose replies have all come through batches."""

    def reason(self, request: TeacherRequest) -> TeacherReply:
        """Ask nobody.

        Raises:
            TeacherError: a question was still to do, after all.
        """
        raise TeacherError(f"question {request.question.id} is still to do; run `failwise rationales generate`")
