"""Reply files of batches taken in: every reply becomes an attempt, and is judged as one that came live."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from failwise.files import RecordLog
from failwise.generation.rationales.accounting import ATTEMPTS, Attempt, Ledger
from failwise.generation.rationales.batches import BatchJob, custom_id_parts, short_id
from failwise.generation.rationales.crew import Task, attempt_of
from failwise.generation.rationales.sampling import Record, Sampling
from failwise.generation.rationales.standing import RATIONALES, REJECTS, Standing
from failwise.generation.records import Question, Rationale
from failwise.generation.teachers.batch_files import BatchReply, read_batches
from failwise.generation.teachers.completion import ServerReply, to_reply
from failwise.generation.teachers.prompts import parse
from failwise.generation.teachers.teacher import TeacherRequest
from failwise.generation.teachers.transport import UNREACHED

# The replies to one question, by attempt and fingerprint.
Replies = Mapping[tuple[int, str], BatchReply]


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of reply files.

    Of the lines, `taken` were new replies of a model and `failed` new errors of the endpoint. `repeated` were taken in
    before, or their question was answered meanwhile. `outdated` are of these questions with other words, evidence or
    settings, `early` of an attempt whose forerunner has no reply, `unknown` of other jobs. The tokens and `cost` are
    those of the new replies; `spent` is the folder's whole cost (None: no price is given). `error` is the first of
    the endpoint's new errors.

    Of the questions, `accepted` and `dropped` ended now, `left` are still to do, and of these `missing` have no line
    in any file.
    """

    taken: int
    failed: int
    repeated: int
    outdated: int
    early: int
    unknown: int
    accepted: int
    dropped: int
    left: int
    missing: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    spent: float | None
    error: str = ""


def take_in(job: BatchJob, paths: Iterable[Path]) -> Taken:
    """Take in output and error files of batches, in whatever order: each reply once.

    Raises:
        InputError: a line is no reply. Then nothing is taken in, not even of the other files.
    """
    counts, ledger = Counter[str](), Ledger(job.config)
    replies = _read(paths, {short_id(question) for question in job.questions}, counts)
    standing = job.standing(ledger)
    prompt, written, money = ledger.prompt_tokens, ledger.completion_tokens, ledger.money
    with (
        RecordLog(job.folder / ATTEMPTS) as log,
        RecordLog(job.folder / RATIONALES) as accepted,
        RecordLog(job.folder / REJECTS) as rejected,
    ):
        desk = _Desk(job.sampling, ledger, log, counts)
        for question in job.questions:
            record = desk.settle(question, standing, replies.get(short_id(question), {}))
            if record is not None:
                (accepted if isinstance(record, Rationale) else rejected).append(record)
    names = ("taken", "failed", "repeated", "outdated", "early", "unknown", "accepted", "dropped", "left", "missing")
    return Taken(
        **{name: counts[name] for name in names},
        prompt_tokens=ledger.prompt_tokens - prompt,
        completion_tokens=ledger.completion_tokens - written,
        cost=None if ledger.money is None or money is None else ledger.money - money,
        spent=ledger.money,
        error=next(iter(desk.errors), ""),
    )


def _read(paths: Iterable[Path], asked: set[str], counts: Counter[str]) -> dict[str, dict[tuple[int, str], BatchReply]]:
    """Read all files. Of several lines of one request the first that brought a completion counts."""
    found: dict[str, dict[tuple[int, str], BatchReply]] = {}
    for _, reply in read_batches(paths):
        parts = custom_id_parts(reply.custom_id)
        if parts is None or parts[0] not in asked:
            counts["unknown"] += 1
            continue
        key, of_one = parts[1:], found.setdefault(parts[0], {})
        counts["repeated"] += key in of_one
        if key not in of_one or (of_one[key].completion is None and reply.completion is not None):
            of_one[key] = reply
    return found


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where replies become attempts, and attempts a record."""

    sampling: Sampling
    ledger: Ledger
    log: RecordLog
    counts: Counter[str]
    errors: list[str] = field(default_factory=list)

    def settle(self, question: Question, standing: Standing, replies: Replies) -> Record | None:
        """Return the record that a question comes to now; None where it has one already, or is still to do."""
        own = self._own(question, replies)
        if question.id in standing.done:
            self.counts["repeated"] += len(own)
            return None
        before = standing.replies.get(question.id, [])
        if own or before:
            settled = self.sampling.replayed(question, before)
            for number, reply in own:
                settled = self._next(settled, number, reply, before)
            if not isinstance(settled, Task):
                self.counts["accepted" if isinstance(settled, Rationale) else "dropped"] += 1
                return settled
        self.counts["left"] += 1
        self.counts["missing"] += not own
        return None

    def _own(self, question: Question, replies: Replies) -> list[tuple[int, BatchReply]]:
        """Return the replies to this very request, in the order of the attempts."""
        if not replies:
            return []
        wanted = self.sampling.task(question).fingerprint
        own = {number: reply for (number, fingerprint), reply in replies.items() if fingerprint == wanted}
        self.counts["outdated"] += len(replies) - len(own)
        return [(number, own[number]) for number in sorted(own)]

    def _next(self, settled: Record | Task, number: int, said: BatchReply, before: list[Attempt]) -> Record | Task:
        """Return what a question comes to with one more reply; one that is not its turn changes nothing."""
        if not isinstance(settled, Task) or number < settled.request.attempt:
            self.counts["repeated"] += 1
            return settled
        if number > settled.request.attempt:
            self.counts["early"] += 1
            return settled
        reply = _reply(settled.request, said)
        unreached = reply.fault in UNREACHED
        if unreached and any(a.attempt == number and a.fault == reply.fault for a in before):
            self.counts["repeated"] += 1
            return settled
        attempt = attempt_of(settled, reply)
        self.log.append(attempt)  # before anything is made of it, as it is paid for
        self.ledger.add(attempt)
        if unreached:
            self.counts["failed"] += 1
            self.errors.append(reply.raw)
            return settled
        self.counts["taken"] += 1
        return self.sampling.settle(settled, reply)


def _reply(request: TeacherRequest, said: BatchReply) -> ServerReply:
    found = said.completion
    if found is not None and not said.fault:
        return to_reply(found, lambda content: parse(content, request.question, request.evidence))
    used = (found.prompt_tokens, found.completion_tokens) if found else (0, 0)
    return ServerReply("", None, *used, raw=said.detail, fault=said.fault)
