"""Ask a student every question once, and keep each answer as it comes."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from failwise.evaluation.config import EvaluationConfig
from failwise.evaluation.records import Answer
from failwise.files import RecordLog, read_records
from failwise.generation.records import Arity, Question

BASE = "base"


def write_answers(
    student: str | Path,
    questions: Sequence[Question],
    config: EvaluationConfig,
    path: Path,
    advance: Callable[[int], None] = lambda n: None,
) -> list[Answer]:
    """Append the student's answers to `path`; questions answered there already are not asked again.

    Nor are questions for several options: the most likely option is no answer to them.

    Returns:
        all answers, in the order of the questions.
    """
    from failwise.training.extra import need_train_extra

    need_train_extra("asking a student")
    from failwise.evaluation.likelihood import score_questions

    with RecordLog(path) as log:
        done = {a.question_id for a in read_records(path, Answer)}
        askable = single_answer(questions)
        todo = [q for q in askable if q.id not in done]
        advance(len(questions) - len(todo))
        if todo:
            for answer in score_questions(
                student, todo, device=config.device, batch_size=config.batch_size, threads=config.threads
            ):
                log.append(answer)
                advance(1)
    answers = {a.question_id: a for a in read_records(path, Answer)}
    return [answers[q.id] for q in askable]


def single_answer(questions: Iterable[Question]) -> list[Question]:
    """Return the questions with just one right option; only these are scored by choosing the most likely one."""
    return [q for q in questions if q.arity is Arity.SINGLE and sum(q.correct) == 1]


def sample(questions: Sequence[Question], limit: int | None) -> list[Question]:
    """Return `limit` questions, spread evenly over the file; all where there is no limit."""
    if limit is None or limit >= len(questions):
        return list(questions)
    return [questions[i * len(questions) // limit] for i in range(limit)]
