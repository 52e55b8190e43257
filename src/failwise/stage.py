"""A stage of a run: what it reads, and what of that counts when it is asked whether it is done."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from failwise.config import RunConfig
from failwise.errors import InputError
from failwise.files import content_id, file_digest, read_records
from failwise.generation.config import QuestionsConfig
from failwise.generation.formats.intact import check_intact
from failwise.generation.formats.question_files import QUESTIONS
from failwise.generation.rationales.job import RATIONALES, request_fingerprint
from failwise.generation.records import Question, Rationale
from failwise.manifest import Outcome, StageFolder
from failwise.progress import Bar
from failwise.run_folder import CONTRACT, Run
from failwise.training.contract import student_fingerprint
from failwise.training.recipe import recipe_digest

Bars = Callable[[str, int], AbstractContextManager[Bar]]


@dataclass(frozen=True)
class Stage:
    """A step of a run.

    `reads` names stages and their files; `estimate` says what will be done, and in about how many seconds.
    """

    name: str
    section: Callable[[RunConfig], BaseModel]
    reads: tuple[tuple[str, str], ...]
    work: Callable[[Run, Path, Outcome, Bars], None]
    estimate: Callable[[Run], tuple[str, float]]

    def folder(self, run: Run) -> StageFolder:
        """Return the stage's folder in a run; all that it reads must be there."""
        inputs = {f"{stage}/{name}": self._input(run, stage, name) for stage, name in self.reads}
        if self.name in _READ_THE_ONTOLOGY:
            inputs["ontology"] = run.graph.digest
        if self.name == "questions":
            inputs |= question_inputs(run.config.questions)
        if self.name == "student":
            inputs["recipe"] = recipe_digest(run.config.training.recipe)
        if self.name == "report":
            inputs["title"] = run.config.title
        return StageFolder(self.name, run.config.folder / self.name, self.section(run.config), inputs)

    def _input(self, run: Run, stage: str, name: str) -> str:
        """Return a digest of what this stage makes of a file, so that a change it does not see voids nothing.

        Raises:
            InputError: the file cannot be read, or the questions are not those that their certificates speak of.
        """
        if name == QUESTIONS:
            check_intact(run.file(stage, name))
        digest = _DIGESTS.get((self.name, name))
        return digest(run) if digest else input_digest(run.file(stage, name))

    def ready(self, run: Run) -> bool:
        """Say whether all that the stage reads is there."""
        return all(run.file(stage, name).is_file() for stage, name in self.reads)


def question_inputs(config: QuestionsConfig) -> dict[str, str]:
    """Digest the files that questions are made from: a plan, or a question file.

    Raises:
        InputError: there is no such file.
    """
    files = {name: path for name, path in (("plan", config.plan), ("file", config.file)) if path}
    return {name: input_digest(path) for name, path in files.items()}


def input_digest(path: Path) -> str:
    """Digest a file that may not be there, or not be readable.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return file_digest(path)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def _requests(run: Run) -> str:
    """Digest what a teacher is asked: every training question with its evidence in words."""
    questions, config = run.split("train"), run.config.rationales
    offers = run.offers()
    return content_id([request_fingerprint(q, run.graph, config, offers) for q in questions])


def _taught_questions(run: Run) -> str:
    return asked_digest(run.split("train"))


def _tested_questions(run: Run) -> str:
    return asked_digest(run.test_questions())


def asked_digest(questions: Sequence[Question]) -> str:
    """Digest what a student sees of questions: not the ontology's digest, nor how hard a question is for a guesser."""
    return content_id([(q.id, q.question, q.options, q.option_ids, q.correct) for q in questions])


def _taught_rationales(run: Run) -> str:
    """Digest what a student sees of rationales; their order in the file, which changes from run to run, is no part."""
    rationales = read_records(run.file("rationales", RATIONALES), Rationale)
    return content_id(sorted((r.question_id, r.text, r.answer) for r in rationales))


# Stages that read the graph itself, beside files. They take seconds, so any change of the ontology voids them.
_READ_THE_ONTOLOGY = {"ontology", "questions", "audit", "report"}

# By stage and file read: what of that file counts, where it is not every byte.
_DIGESTS: dict[tuple[str, str], Callable[[Run], str]] = {
    ("rationales", QUESTIONS): _requests,
    ("student", QUESTIONS): _taught_questions,
    ("student", RATIONALES): _taught_rationales,
    ("answers", QUESTIONS): _tested_questions,
    ("answers", CONTRACT): lambda run: student_fingerprint(run.config.folder / "student"),
}
