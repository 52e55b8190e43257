"""Ask a teacher for rationales, keep the fit ones, drop the others with their reason. Never lose a finished one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from failwise import __version__
from failwise.errors import TeacherError
from failwise.files import RecordLog, content_id, read_records
from failwise.generation.config import RationalesConfig
from failwise.generation.records import Question, Rationale, Reject
from failwise.generation.teachers.teacher import Teacher, TeacherReply, TeacherRequest, find_teacher
from failwise.generation.verifying.rules import ACCEPTED, RULES, broken_rules, cited_ids
from failwise.kg.graph import KnowledgeGraph

RATIONALES, REJECTS = "rationales.jsonl", "rejects.jsonl"

# Settings that change how the work goes, not what a teacher writes or what is kept of it.
_CONDUCT = {
    "timeout",
    "connect_timeout",
    "retries",
    "concurrency",
    "adapt",
    "budget",
    "budget_tokens",
    "prices",
    "evidence",
}


@dataclass(frozen=True, slots=True)
class RationaleCounts:
    """How a job ended: accepted and rejected questions, and the tokens of accepted ones."""

    accepted: int
    rejected: int
    tokens: int


def write_rationales(
    questions: Sequence[Question],
    graph: KnowledgeGraph,
    config: RationalesConfig,
    folder: Path,
    advance: Callable[[int], None] = lambda n: None,
    teacher: Teacher | None = None,
) -> RationaleCounts:
    """Write rationales.jsonl and rejects.jsonl into `folder`; what stands there already is kept and skipped.

    Args:
        advance: called with the number of questions finished, for a progress bar.

    Raises:
        TeacherError: the teacher cannot be used, or nothing at all was accepted.
    """
    teacher = teacher or find_teacher(config, graph)
    writer = _Writer(teacher, graph, config)
    with RecordLog(folder / RATIONALES) as accepted, RecordLog(folder / REJECTS) as rejected:
        done = {r.question_id for r in read_records(folder / RATIONALES, Rationale)}
        done |= {r.record_id for r in read_records(folder / REJECTS, Reject)}
        todo = [q for q in questions if q.id not in done]
        advance(len(questions) - len(todo))
        for record in writer.results(todo):
            (accepted if isinstance(record, Rationale) else rejected).append(record)
            advance(1)
    return _count(folder)


def request_fingerprint(question: Question, graph: KnowledgeGraph, config: RationalesConfig) -> str:
    """Return what tells one request from another: the question as asked, its evidence in words, and the teacher.

    It depends on no other question and on no other fact, so that a rationale can be kept when those change.
    """
    return _fingerprint(question, _evidence(question, graph), config)


def carry_over(
    questions: Sequence[Question],
    graph: KnowledgeGraph,
    config: RationalesConfig,
    folder: Path,
    earlier: Iterable[Path],
) -> int:
    """Copy the rationales that earlier folders hold for these very requests into `folder`; return how many they hold.

    What was rejected earlier is not copied: it is asked for again. `write_rationales` then asks for the rest only.
    """
    wanted = {q.id: request_fingerprint(q, graph, config) for q in questions}
    kept: dict[str, Rationale] = {}
    for path in (old / RATIONALES for old in earlier):
        for rationale in read_records(path, Rationale, torn_tail=True) if path.is_file() else ():
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
    records = _Writer(find_teacher(config, graph), graph, config).results(questions)
    return [r for r in records if isinstance(r, Rationale)]


def _count(folder: Path) -> RationaleCounts:
    tokens = [r.completion_tokens for r in read_records(folder / RATIONALES, Rationale)]
    rejects = list(read_records(folder / REJECTS, Reject))
    if not tokens:
        why = f"; the first was dropped as {rejects[0].reason!r}: {rejects[0].rule}" if rejects else ""
        raise TeacherError(f"no rationale was accepted out of {len(rejects)} questions{why}; see {folder / REJECTS}")
    return RationaleCounts(len(tokens), len(rejects), sum(tokens))


class _Writer:
    """Turns questions into rationales or rejects, several at a time."""

    def __init__(self, teacher: Teacher, graph: KnowledgeGraph, config: RationalesConfig) -> None:
        self.teacher, self.graph, self.config = teacher, graph, config

    def results(self, questions: Iterable[Question]) -> Iterator[Rationale | Reject]:
        """Yield one record per question, in order of completion; at most `concurrency` are in flight."""
        if self.config.teacher == "graph":  # no waiting to overlap, so no threads
            yield from map(self.write, questions)
            return
        with ThreadPoolExecutor(self.config.concurrency) as pool:
            flying: set[Future[Rationale | Reject]] = set()
            try:
                for question in questions:
                    flying.add(pool.submit(self.write, question))
                    if len(flying) >= 2 * self.config.concurrency:
                        landed, flying = wait(flying, return_when=FIRST_COMPLETED)
                        yield from (f.result() for f in landed)
                while flying:
                    landed, flying = wait(flying, return_when=FIRST_COMPLETED)
                    yield from (f.result() for f in landed)
            finally:
                for future in flying:
                    future.cancel()

    def write(self, question: Question) -> Rationale | Reject:
        """Ask until a reply is fit, a little warmer each time; give up after the last attempt."""
        evidence = _evidence(question, self.graph)
        reject = Reject(question.id, "no-reply", RULES["no-reply"], "", 0)
        for attempt in range(1, self.config.attempts + 1):
            warmth = min(2.0, self.config.temperature + (attempt - 1) * self.config.temperature_step)
            request = TeacherRequest(question, evidence, warmth, attempt)
            reply = self.teacher.reason(request)
            broken = next(broken_rules(request, reply), None)
            if broken is None:
                return self._accept(request, reply)
            reason, detail = broken
            reject = Reject(question.id, reason, f"{RULES[reason]}: {detail}", reply.raw or reply.text, attempt)
        return reject

    def _accept(self, request: TeacherRequest, reply: TeacherReply) -> Rationale:
        return Rationale(
            question_id=request.question.id,
            teacher=self.config.teacher,
            fingerprint=_fingerprint(request.question, request.evidence, self.config),
            evidence=tuple(request.evidence),
            text=reply.text,
            cited=cited_ids(reply.text),
            answer=str(reply.answer),
            verdict=ACCEPTED,
            attempts=request.attempt,
            prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens,
        )


def _evidence(question: Question, graph: KnowledgeGraph) -> dict[str, str]:
    return {i: graph.statement(graph.facts[i]) for i in question.fact_ids if i in graph.facts}


def _fingerprint(question: Question, evidence: Mapping[str, str], config: RationalesConfig) -> str:
    asked = (question.id, question.question, question.options, question.option_ids, question.correct)
    return content_id(asked, dict(evidence), config.model_dump_json(exclude=_CONDUCT), __version__)
