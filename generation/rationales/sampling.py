"""What becomes of a question: a rationale, a reject, or another try that is warmer."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from failwise.generation.config import RationalesConfig
from failwise.generation.rationales.accounting import Attempt
from failwise.generation.rationales.crew import Task
from failwise.generation.rationales.judging import FINAL, Judge, judge_for, reject
from failwise.generation.rationales.requests import Offers, Requests
from failwise.generation.records import Question, Rationale, Reject
from failwise.generation.teachers.teacher import Teacher, TeacherReply
from failwise.generation.teachers.transport import UNREACHED
from failwise.generation.verifying.rules import ACCEPTED, Verdict
from failwise.kg.graph import KnowledgeGraph

Record = Rationale | Reject


@dataclass(frozen=True, slots=True)
class Sampling:
    """Makes one record of every question: the first reply that is fit, or the reason of the last that was not."""

    config: RationalesConfig
    requests: Requests
    judge: Judge

    @classmethod
    def of(
        cls,
        graph: KnowledgeGraph,
        config: RationalesConfig,
        offers: Offers | None = None,
        pool: Iterable[Question] = (),
    ) -> Self:
        """Return what asks and judges by the graph.

        Args:
            offers: gives further evidence that a question's rationale may cite.
            pool: questions that examples are chosen from.
        """
        return cls(config, Requests(graph, config, offers, pool), judge_for(graph, config))

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
