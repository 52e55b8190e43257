"""Is a rationale fit to learn from? Checked against the graph by rule; no judge model is asked."""

from collections.abc import Iterator

from failwise.generation.records import Question
from failwise.generation.teachers.teacher import CITATION, TeacherReply, TeacherRequest

ACCEPTED = "accepted"

# Every reason for which a rationale is refused, and the rule behind it.
RULES = {
    "no-answer": "the reply gives no answer that is one of the question's option ids",
    "wrong-answer": "the answer is not the right option",
    "empty": "the reply holds no reasoning",
    "invented-citation": "every cited id must be among the evidence that was offered",
    "option-not-addressed": "every option must be named, and its fact cited",
    "no-reply": "the teacher gave no usable reply",
}


def cited_ids(text: str) -> tuple[str, ...]:
    """Return the fact ids that a text cites as [id], each once, in order."""
    return tuple(dict.fromkeys(CITATION.findall(text)))


def broken_rules(request: TeacherRequest, reply: TeacherReply) -> Iterator[tuple[str, str]]:
    """Yield (reason, detail) for every rule the reply breaks; nothing where it is fit."""
    question, cited = request.question, cited_ids(reply.text)
    if not reply.text.strip():
        yield "empty", "no text"
    if reply.answer not in question.option_ids:
        yield "no-answer", f"answer {reply.answer!r}, options {', '.join(question.option_ids)}"
    elif reply.answer != question.option_ids[question.answer]:
        yield "wrong-answer", f"answer {reply.answer}, right is {question.option_ids[question.answer]}"
    for fact_id in cited:
        if fact_id not in request.evidence:
            yield "invented-citation", fact_id
    for option in _missing(question, reply.text, cited):
        yield "option-not-addressed", option


def _missing(question: Question, text: str, cited: tuple[str, ...]) -> Iterator[str]:
    lower = text.lower()
    for option, fact_id in zip(question.options, question.fact_ids, strict=True):
        # "None of these" has no fact; what it says shows in what is said of the others.
        if fact_id and (fact_id not in cited or option.lower() not in lower):
            yield option
