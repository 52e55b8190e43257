"""FailureSensorIQ's question files (arXiv 2506.03278): read in all their layouts, and written in them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from failwise.errors import InputError
from failwise.files import atomic_writer
from failwise.generation.formats.rows import Row
from failwise.generation.records import Arity, Question

# What a row must have to be taken for one of theirs.
MARKS = frozenset(("question", "options", "option_ids", "correct"))


class Layout(StrEnum):
    """Their kinds of files. All ask the same way; which fields stand in a line, and in which order, differs."""

    SINGLE = "single_answer"
    MULTIPLE = "multi_answer"
    PERTURBED = "perturbed"
    TEN_OPTIONS = "ten_options"


_HEAD = ("subject", "id", "question", "options", "option_ids", "question_first")
FIELDS = {
    Layout.SINGLE: (*_HEAD, "correct", "text_type", "asset_name", "relevancy", "question_type"),
    Layout.MULTIPLE: (*_HEAD, "text_type", "correct"),
    Layout.PERTURBED: ("question", "option_ids", "options", "question_first", "correct", "text_type", "subject", "id"),
    Layout.TEN_OPTIONS: (*_HEAD, "correct", "text_type", "asset_name"),
}
_LAYOUTS = {fields: layout for layout, fields in FIELDS.items()}


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of any of their files; the last fields are missing in some."""

    question: str
    options: tuple[str, ...]
    option_ids: tuple[str, ...]
    correct: tuple[bool, ...]
    subject: str = ""
    id: int | str = ""
    question_first: bool = True
    text_type: str = "choice"
    asset_name: str = ""
    relevancy: str = ""
    question_type: str = ""


def parse_rows(rows: Iterable[Row]) -> list[Question]:
    """Return the questions of the rows of one file, with no facts yet.

    A multi-answer line is told from a perturbed one by the order of its fields, which have the same names; in a file
    with another order, all questions ask for several options if any of them has several right ones.

    Raises:
        InputError: a row is no question of theirs.
    """
    adapter = TypeAdapter(_Line)
    read = [(_LAYOUTS.get(tuple(row.value)), _line(row, adapter)) for row in rows]
    several = any(sum(line.correct) > 1 for _, line in read)
    return [_question(line, layout, several) for layout, line in read]


def _line(row: Row, adapter: TypeAdapter[_Line]) -> _Line:
    try:
        return adapter.validate_python({name: value for name, value in row.value.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise InputError(f"{row.where} is not a FailureSensorIQ question: field {field!r}: {first['msg']}") from error


def _question(line: _Line, layout: Layout | None, several: bool) -> Question:
    multiple = layout is Layout.MULTIPLE or (several and not line.question_type.startswith("mcp1"))
    perturbed = layout is Layout.PERTURBED
    return Question(
        subject=line.subject,
        id=str(line.id),
        question=line.question,
        options=line.options,
        option_ids=line.option_ids,
        question_first=line.question_first,
        correct=line.correct,
        text_type=line.text_type,
        asset_name=line.asset_name,
        relevancy=line.relevancy,
        question_type=line.question_type,
        arity=Arity.MULTIPLE if multiple else Arity.SINGLE,
        perturbation=("simple" if line.question_first else "complex") if perturbed else "",
    )


def layout_of(question: Question) -> Layout:
    """Return the kind of file in which FailureSensorIQ keeps such a question."""
    if question.arity is Arity.MULTIPLE:
        return Layout.MULTIPLE
    if question.perturbation:
        return Layout.PERTURBED
    return Layout.TEN_OPTIONS if question.asset_name and not question.question_type else Layout.SINGLE


def write_failuresensoriq(questions: Iterable[Question], path: Path) -> dict[Path, int]:
    """Write questions as FailureSensorIQ does: one kind per file, its fields in its order.

    Questions of one kind go to `path`; where there are several kinds, each goes to a file beside it that has the
    kind in its name. What their format has no field for (facts, splits, groups) is not written. Ids are written as
    numbers where all of a file are whole numbers.

    Returns:
        how many questions each written file has.
    """
    kinds: dict[Layout, list[Question]] = {}
    for question in questions:
        kinds.setdefault(layout_of(question), []).append(question)
    written = {}
    for layout, some in kinds.items():
        target = path if len(kinds) == 1 else path.with_name(f"{path.stem}_{layout}{path.suffix}")
        _write(some, layout, target)
        written[target] = len(some)
    return written


def _write(questions: Sequence[Question], layout: Layout, path: Path) -> None:
    numbers = all(q.id.isdecimal() and str(int(q.id)) == q.id for q in questions)
    with atomic_writer(path) as stream:
        for question in questions:
            line: dict[str, Any] = {name: getattr(question, name) for name in FIELDS[layout]}
            line["id"] = int(question.id) if numbers else question.id
            stream.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
