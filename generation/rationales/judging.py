"""Is a reply fit to be kept? First what went wrong on its way, then what the verifier says of it."""

from collections.abc import Callable

from failwise.generation.config import RationalesConfig
from failwise.generation.records import Reject
from failwise.generation.teachers import batch_files, local_teacher, openai_teacher, prompts
from failwise.generation.teachers.aliases import citations
from failwise.generation.teachers.teacher import TeacherReply, TeacherRequest
from failwise.generation.verifying.rules import RULES, Verdict, Verifier
from failwise.kg.graph import KnowledgeGraph

# Every reason for which a question can be dropped.
REASONS = {
    **{"undecided": "the graph does not say which option is right"},  # a fault of the graph teacher
    **local_teacher.FAULTS,
    **openai_teacher.FAULTS,
    **batch_files.FAULTS,
    **prompts.FAULTS,
    **RULES,
}
# Another sample of the same request would fare no better.
FINAL = ("bad-request", "prompt-too-long", "undecided")

Judge = Callable[[TeacherRequest, TeacherReply], Verdict]


def judge_for(graph: KnowledgeGraph, config: RationalesConfig) -> Judge:
    """Return what judges the replies of one job."""
    verifier = Verifier(graph, config)

    def judge(request: TeacherRequest, reply: TeacherReply) -> Verdict:
        return _faulty(reply) if reply.fault else verifier.check(request, reply)

    return judge


def reject(question_id: str, verdict: Verdict, raw: str, attempts: int, tokens: tuple[int, int]) -> Reject:
    """Return the record of a question that is dropped; `tokens` are those of all its attempts."""
    rule = f"{REASONS[verdict.reason]}: {verdict.detail}".removesuffix(": ")
    return Reject(question_id, verdict.reason, rule, raw, attempts, *tokens)


def _faulty(reply: TeacherReply) -> Verdict:
    """Return the verdict on a reply that came to nothing; a fault that we do not know is a detail of "no-reply"."""
    known = reply.fault in REASONS
    reason, detail = (reply.fault, ", ".join(citations(reply.text))) if known else ("no-reply", reply.fault)
    return Verdict(reason=reason, detail=detail, supported=0, contradicted=0, unverifiable=0, cited=())
