"""Ask a teacher for rationales, keep the fit ones, drop the others with their reason. Never lose a finished one."""

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from failwise.errors import TeacherError
from failwise.files import RecordLog, read_records
from failwise.generation.config import RationalesConfig
from failwise.generation.fleet import OntologyFiles
from failwise.generation.rationales.accounting import ATTEMPTS, Ledger
from failwise.generation.rationales.asking import Asking
from failwise.generation.rationales.desks import in_turn
from failwise.generation.rationales.fleet import Fleet
from failwise.generation.rationales.flight import Flight
from failwise.generation.rationales.requests import Offers, Requests
from failwise.generation.rationales.sampling import Record, Sampling
from failwise.generation.rationales.standing import RATIONALES, REJECTS, Standing, take_stock
from failwise.generation.records import Question, Rationale, Reject
from failwise.generation.teachers.teacher import Teacher, find_teacher
from failwise.kg.graph import KnowledgeGraph

__all__ = ["RATIONALES", "REJECTS", "carry_over", "dropped", "explain", "request_fingerprint", "write_rationales"]

REFRESH = 0.1  # seconds for which a note on progress stands

# Called with how many questions were finished, and a word on how it goes.
Advance = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class RationaleCounts:
    """How a job ended: accepted and rejected questions, and the tokens written in accepted replies.

    `attempts` counts all replies, `prompt_tokens` and `completion_tokens` are those of all of them.
    """

    accepted: int
    rejected: int
    tokens: int
    attempts: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


def write_rationales(
    questions: Sequence[Question],
    graph: KnowledgeGraph,
    config: RationalesConfig,
    folder: Path,
    advance: Advance = lambda n, note: None,
    teacher: Teacher | None = None,
    offers: Offers | None = None,
    files: OntologyFiles | None = None,
) -> RationaleCounts:
    """Write rationales.jsonl and rejects.jsonl into `folder`; what stands there already is kept and skipped.

    Args:
        advance: called with the number of questions finished and a note, for a progress bar.
        offers: gives further evidence that a question's rationale may cite.
        files: those of the ontology, for the nodes of a fleet; given, a Ray cluster asks, and no `teacher` here.

    Raises:
        TeacherError: the teacher cannot be used, or nothing at all was accepted.
        BudgetReached: the next request would have gone over the budget.
    """
    ledger = Ledger(config)
    asker = files or teacher or find_teacher(config, graph)
    sampling = Sampling.of(graph, config, offers, questions)
    standing = take_stock(folder, questions, sampling.requests.fingerprint, ledger)
    todo = [q for q in questions if q.id not in standing.done]
    job = _Job(sampling, ledger, asker, folder)
    advance(len(questions) - len(todo), "")
    with (
        RecordLog(folder / RATIONALES) as accepted,
        RecordLog(folder / REJECTS) as rejected,
        closing(job.records(todo, standing)) as records,  # on an interrupt, what is in flight is waited for
    ):
        for record in records:
            (accepted if isinstance(record, Rationale) else rejected).append(record)
            job.count(record)
            advance(1, job.note())
    job.refuse_half_done(len(questions), standing)
    return _count(folder, ledger)


def request_fingerprint(
    question: Question, graph: KnowledgeGraph, config: RationalesConfig, offers: Offers | None = None
) -> str:
    """Return what tells one request from another: the question as asked, its evidence in words, and the teacher.

    It depends on no other question and on no other fact, so that a rationale can be kept when those change.
    """
    return Requests(graph, config, offers).fingerprint(question)


def carry_over(
    questions: Sequence[Question],
    graph: KnowledgeGraph,
    config: RationalesConfig,
    folder: Path,
    earlier: Iterable[Path],
    offers: Offers | None = None,
) -> int:
    """Copy the rationales that earlier folders hold for these very requests into `folder`; return how many they hold.

    What was rejected earlier is not copied: it is asked for again. `write_rationales` then asks for the rest only.
    """
    old = [path for path in (place / RATIONALES for place in earlier) if path.is_file()]
    if not old:
        return 0
    requests = Requests(graph, config, offers)
    wanted = {q.id: requests.fingerprint(q) for q in questions}
    kept: dict[str, Rationale] = {}
    for path in old:
        for rationale in read_records(path, Rationale, torn_tail=True):
            if wanted.get(rationale.question_id) == rationale.fingerprint:
                kept.setdefault(rationale.question_id, rationale)
    if not kept:
        return 0  # a log that is opened is a file that stays
    with RecordLog(folder / RATIONALES) as log:
        done = {r.question_id for r in read_records(folder / RATIONALES, Rationale)}
        for question_id, rationale in kept.items():
            if question_id not in done:
                log.append(rationale)
    return len(kept)


def explain(questions: Iterable[Question], graph: KnowledgeGraph) -> list[Rationale]:
    """Return what the graph itself says to each question, for a reader who wants to know why an answer is right."""
    config = RationalesConfig.model_validate({"teacher": "graph"})
    sampling = Sampling.of(graph, config)
    teacher = find_teacher(config, graph)
    records = (sampling.at_once(q, teacher) for q in questions)
    return [r for r in records if isinstance(r, Rationale)]


def dropped(folder: Path) -> dict[str, int]:
    """Return how many questions a job dropped, by reason."""
    reasons = Counter(r.reason for r in read_records(folder / REJECTS, Reject))
    return {f"dropped ({reason})": n for reason, n in reasons.most_common()}


def _count(folder: Path, used: Ledger) -> RationaleCounts:
    tokens = [r.completion_tokens for r in read_records(folder / RATIONALES, Rationale)]
    rejects = list(read_records(folder / REJECTS, Reject))
    if not tokens:
        why = f"; the first was dropped as {rejects[0].reason!r}: {rejects[0].rule}" if rejects else ""
        raise TeacherError(f"no rationale was accepted out of {len(rejects)} questions{why}; see {folder / REJECTS}")
    return RationaleCounts(
        len(tokens), len(rejects), sum(tokens), used.attempts, used.prompt_tokens, used.completion_tokens
    )


class _Job:
    """One run of a job: who is asked how, and how it goes."""

    def __init__(self, sampling: Sampling, ledger: Ledger, asker: Teacher | OntologyFiles, folder: Path) -> None:
        self._sampling, self._ledger, self._asker, self._folder = sampling, ledger, asker, folder
        self._asking: Asking | None = None
        self._accepted = self._rejected = 0
        self._note, self._stale = "", 0.0

    def records(self, todo: Sequence[Question], standing: Standing) -> Generator[Record, None, None]:
        """Yield the records of the questions that are to do."""
        sampling, asker = self._sampling, self._asker
        free = sampling.config.teacher == "graph"  # nothing is paid, and there is no waiting to overlap
        if free and not isinstance(asker, OntologyFiles):
            # What searches passages by meaning has threads of its own, which a process started here would lack.
            workers = 1 if sampling.config.passages else sampling.config.workers
            yield from in_turn(partial(sampling.at_once, teacher=asker), todo, workers)
            return
        with ExitStack() as stack:
            log = None if free else stack.enter_context(RecordLog(self._folder / ATTEMPTS))
            if isinstance(asker, OntologyFiles):
                self._asking = Fleet(sampling, self._ledger, asker, log)
            elif log is not None:
                self._asking = Flight(sampling, self._ledger, asker, log)
            if self._asking is not None:
                yield from self._asking.records(todo, standing.replies)

    def count(self, record: Record) -> None:
        """Count a record."""
        if isinstance(record, Rationale):
            self._accepted += 1
        else:
            self._rejected += 1

    def note(self) -> str:
        """Return a word on how it goes, for a progress bar: a new one as often as anybody can read."""
        now = time.monotonic()
        if now >= self._stale:
            self._note, self._stale = self._how_it_goes(), now + REFRESH
        return self._note

    def _how_it_goes(self) -> str:
        share = f"{self._rejected / (self._accepted + self._rejected):.0%} dropped"
        if self._asking is None or not self._ledger.attempts:
            return share
        ledger = self._ledger
        money = "" if ledger.money is None else f", cost {ledger.money:,.2f}"
        tokens = ledger.prompt_tokens + ledger.completion_tokens
        return f"{self._asking.rate:,.1f} replies/s, {tokens:,} tokens, {share}{money}"

    def refuse_half_done(self, asked: int, standing: Standing) -> None:
        """Raise what the budget left undone."""
        if self._asking is not None and self._asking.stopped:
            done = len(standing.done) + self._accepted + self._rejected
            raise self._ledger.reached(done, asked - done, standing.accepted + self._accepted)
