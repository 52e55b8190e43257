"""Ask a teacher for rationales, keep the fit ones, drop the others with their reason. Never lose a finished one."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from failwise.errors import TeacherError
from failwise.files import RecordLog, content_id, read_records
from failwise.generation.config import RationalesConfig
from failwise.generation.records import Question, Rationale, Reject
from failwise.generation.teacher import Teacher, TeacherReply, TeacherRequest, find_teacher
from failwise.generation.verify import ACCEPTED, RULES, broken_rules, cited_ids
from failwise.kg.graph import KnowledgeGraph

RATIONALES, REJECTS = "rationales.jsonl", "rejects.jsonl"


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
        self.fingerprint = content_id(config.model_dump(mode="json"))

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
        evidence = {i: self.graph.statement(self.graph.facts[i]) for i in question.fact_ids}
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
            fingerprint=self.fingerprint,
            evidence=tuple(request.evidence),
            text=reply.text,
            cited=cited_ids(reply.text),
            answer=str(reply.answer),
            verdict=ACCEPTED,
            attempts=request.attempt,
            prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens,
        )
