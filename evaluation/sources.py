"""Questions and answers of an audit, read from files as often as need be: a million of them are never held at once."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from failwise.errors import InputError
from failwise.evaluation.coverage.probes import Asked, AskedQuestion
from failwise.evaluation.records import Answer
from failwise.files import lines, parse_record, read_records
from failwise.generation.formats.field_map import FieldMap
from failwise.generation.formats.intact import check_intact
from failwise.generation.formats.question_files import OUR_MARK, read_questions
from failwise.generation.formats.rows import read_rows
from failwise.generation.records import Question
from failwise.generation.splitting.frozen import check_frozen
from failwise.kg.graph import KnowledgeGraph


class Questions(Protocol):
    """Questions that answers may be to."""

    def __iter__(self) -> Iterator[Asked]:
        """Yield them all, as far as an audit reads them."""

    def take(self, ids: Collection[str]) -> list[Question]:
        """Return some whole, in the order of the file."""


class Answers(Protocol):
    """A student's answers."""

    def __len__(self) -> int:
        """Return how many there are."""

    def __iter__(self) -> Iterator[Answer]:
        """Yield them all."""


class LoadedQuestions:
    """Questions that are in memory already."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self._questions = questions

    def __iter__(self) -> Iterator[Asked]:
        yield from self._questions

    def take(self, ids: Collection[str]) -> list[Question]:
        """Return some, in their order."""
        return [q for q in self._questions if q.id in ids]


class _QuestionFile:
    """Our own question file, read anew each time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[Asked]:
        yield from read_records(self._path, AskedQuestion)

    def take(self, ids: Collection[str]) -> list[Question]:
        """Return some, in the order of the file."""
        found = []
        for number, line in lines(self._path):
            where = f"{self._path}, line {number}"
            if parse_record(line, AskedQuestion, where).id in ids:
                found.append(parse_record(line, Question, where))
        return found


class AnswerFile:
    """A file of answers; a line that an interrupted writer left torn is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = sum(1 for _ in lines(path, torn_tail=True))

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Answer]:
        yield from read_records(self._path, Answer, torn_tail=True)


def open_questions(path: Path, graph: KnowledgeGraph, field_map: FieldMap | None = None) -> Questions:
    """Return the questions of a file in any format; foreign ones are linked to the graph's facts.

    Raises:
        InputError: it cannot be read, or has changed since it was frozen or certified.
    """
    check_frozen(path)
    check_intact(path)
    first = next(read_rows(path), None)
    if first is not None and path.suffix == ".jsonl" and OUR_MARK in first.value:
        return _QuestionFile(path)
    return LoadedQuestions(read_questions(path, graph, field_map=field_map))


def open_answers(path: Path) -> AnswerFile:
    """Return the answers of a file.

    Raises:
        InputError: there are none.
    """
    answers = AnswerFile(path)
    if not len(answers):
        raise InputError(f"{path} holds no answer; `failwise evaluate STUDENT QUESTIONS --out FOLDER` writes some")
    return answers
