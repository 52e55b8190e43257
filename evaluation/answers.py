"""Ask a student every question once, and keep each answer as it comes."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from failwise.errors import InputError
from failwise.evaluation.config import EvaluationConfig
from failwise.evaluation.records import Answer
from failwise.files import RecordLog, read_records
from failwise.generation.records import Arity, Question

if TYPE_CHECKING:
    from failwise.evaluation.respondents import Respondent
    from failwise.kg.graph import KnowledgeGraph

BASE = "base"

# Stands for a model that failwise did not train, where a student is named.
SERVER = "server"


def write_answers(
    student: str | Path,
    questions: Sequence[Question],
    config: EvaluationConfig,
    path: Path,
    advance: Callable[[int], None] = lambda n: None,
) -> list[Answer]:
    """Append the student's answers to `path`; questions answered there already are not asked again.

    Nor are those that the student cannot be asked.

    Returns:
        all answers, in the order of the questions.
    """
    askable = askable_of(student, questions, config)
    with _Asker(student, config, path, advance) as ask:
        advance(len(questions) - len(askable))
        return ask(askable)


def write_until_decided(
    student: str | Path,
    questions: Sequence[Question],
    config: EvaluationConfig,
    path: Path,
    graph: "KnowledgeGraph",
    advance: Callable[[int], None] = lambda n: None,
) -> list[Answer]:
    """Do the same fact by fact, and only until the verdict on a fact would hardly change.

    Returns:
        the answers that were given, in the order of the questions.

    Raises:
        InputError: no question tests a single fact.
    """
    from failwise.evaluation.coverage.sequential import ask_until_decided

    askable = [q for q in single_answer(questions) if q.tested_fact]
    if not askable:
        raise InputError(
            "no question tests a single fact, so there is no verdict to ask for; leave evaluation.until_decided out"
        )
    with _Asker(student, config, path, advance) as ask:
        given = {a.question_id: a for answers in ask_until_decided(graph, askable, ask) for a in answers}
    advance(len(questions) - len(given))
    return [given[q.id] for q in askable if q.id in given]


class _Asker:
    """Asks a student, which is loaded once, and keeps what it says; what was said before is not asked again."""

    def __init__(
        self, student: str | Path, config: EvaluationConfig, path: Path, advance: Callable[[int], None]
    ) -> None:
        from failwise.training.extra import need_train_extra

        need_train_extra("asking a student")
        from failwise.evaluation import respondents

        self._respondents = respondents
        self._student: str | Path | Respondent = student
        self._config = config
        self._advance = advance
        self._log = RecordLog(path)
        self._said = {a.question_id: a for a in read_records(path, Answer)}

    def __enter__(self) -> "_Asker":
        return self

    def __exit__(self, *_: object) -> None:
        self._log.close()

    def __call__(self, questions: Sequence[Question]) -> list[Answer]:
        todo = [q for q in questions if q.id not in self._said]
        self._advance(len(questions) - len(todo))
        if todo:
            self._ask(todo)
        return [self._said[q.id] for q in questions]

    def _ask(self, questions: Sequence[Question]) -> None:
        config = self._config
        if isinstance(self._student, str | Path):
            self._student = self._respondents.open_respondent(self._student, config)
        # A batch is kept when it is whole, and what a server was asked may have cost something.
        size = min(config.batch_size, 2 * config.concurrency) if config.engine == "server" else config.batch_size
        for answer in self._respondents.answer_questions(
            self._student, questions, batch_size=size, threads=config.threads
        ):
            self._log.append(answer)
            self._said[answer.question_id] = answer
            self._advance(1)


def askable_of(student: str | Path, questions: Sequence[Question], config: EvaluationConfig) -> list[Question]:
    """Return the questions that a student can be asked.

    Those for all right options are for students that judge each by itself, and for a server's model that is held to
    JSON: to the others the likeliest option is no answer to them.
    """
    return askable(questions, several=_answers_several(student, config))


def askable(questions: Sequence[Question], *, several: bool) -> list[Question]:
    """Return the questions for one right option, and where a student can answer `several`, those for all of them."""
    single = {q.id for q in single_answer(questions)}
    return [q for q in questions if q.id in single or (several and q.arity is Arity.MULTIPLE)]


def _answers_several(student: str | Path, config: EvaluationConfig) -> bool:
    from failwise.training.contract import FILE, DecodeContract
    from failwise.training.records import Mode

    if str(student) == SERVER:
        return config.method == "constrained"
    folder = Path(student)
    return (folder / FILE).is_file() and DecodeContract.load(folder).asked is Mode.VERDICT


def single_answer(questions: Iterable[Question]) -> list[Question]:
    """Return the questions with just one right option; only these are scored by choosing the most likely one."""
    return [q for q in questions if q.arity is Arity.SINGLE and sum(q.correct) == 1]


def sample(questions: Sequence[Question], limit: int | None) -> list[Question]:
    """Return `limit` questions, spread evenly over the file; all where there is no limit."""
    if limit is None or limit >= len(questions):
        return list(questions)
    return [questions[i * len(questions) // limit] for i in range(limit)]
