"""Read question files: ours, FailureSensorIQ's, ARC's, and any other by a field map."""

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from failwise.errors import InputError
from failwise.files import read_records
from failwise.generation.formats.arc import arc_map
from failwise.generation.formats.failuresensoriq import MARKS, parse_rows
from failwise.generation.formats.field_map import SYNTAX, FieldMap, map_rows
from failwise.generation.formats.intact import check_intact
from failwise.generation.formats.labels import normalise_label
from failwise.generation.formats.linking import link_facts
from failwise.generation.formats.rows import Row, read_rows
from failwise.generation.records import Arity, Question
from failwise.kg.graph import KnowledgeGraph

QUESTIONS = "questions.jsonl"

# Only our own questions have this field.
OUR_MARK = "tested_fact"
_NOTHING = {"direction": None, "polarity": None, "perturbation_of": None}


def read_questions(
    path: Path, graph: KnowledgeGraph | None = None, *, field_map: FieldMap | None = None
) -> list[Question]:
    """Read questions in any format; what the first row holds tells which.

    Labels of options stay as they are in the file. Questions that have no facts are linked to those of `graph`
    where they can be (`failwise.generation.formats.linking` says which could not, and why).

    Args:
        field_map: how to read a file of another format; a file of ours is never read by it.

    Raises:
        InputError: a row is no question (the sentence names the line), the options do not fit together, an id
            comes twice, the file holds no question, its format is unknown and no map was given, or the certificates
            beside it speak of another content.
    """
    check_intact(path)
    rows = read_rows(path)
    first = next(rows, None)
    if first is None:
        raise InputError(f"{path} holds no question")
    if OUR_MARK in first.value:
        questions = list(read_records(path, Question)) if path.suffix == ".jsonl" else _ours(chain([first], rows))
    else:
        questions = _foreign(path, first, chain([first], rows), field_map)
        if graph is not None:
            questions = link_facts(questions, graph)[0]
    check_questions(questions, str(path))
    return questions


def _ours(rows: Iterable[Row]) -> list[Question]:
    adapter = TypeAdapter(Question)
    questions = []
    for row in rows:
        # A table has no way to leave a cell out: it is empty.
        value = {**row.value, **{k: v for k, v in _NOTHING.items() if row.value.get(k) == ""}}
        try:
            questions.append(adapter.validate_python(value))
        except ValidationError as error:
            wrong = error.errors()[0]
            field = ".".join(map(str, wrong["loc"]))
            raise InputError(f"{row.where} is not a question record: field {field!r}: {wrong['msg']}") from error
    return questions


def _foreign(path: Path, first: Row, rows: Iterable[Row], field_map: FieldMap | None) -> list[Question]:
    if field_map is None and first.value.keys() >= MARKS:
        return parse_rows(rows)
    field_map = field_map or arc_map(first.value)
    if field_map is None:
        raise InputError(
            f"{path} is in none of the known formats (failwise, FailureSensorIQ, ARC): {first.where.split(', ')[-1]} "
            f"has the fields {', '.join(map(str, first.value)) or 'none'}; give a field map: {SYNTAX}"
        )
    return map_rows(rows, field_map)


def check_questions(questions: Sequence[Question], source: str) -> None:
    """Refuse questions whose parts do not fit together, and ids that come twice.

    Args:
        source: what the questions came from, for the error.

    Raises:
        InputError: one does not fit (the sentence gives its number).
    """
    seen: dict[str, int] = {}
    for number, q in enumerate(questions, 1):
        where = f"{source}, question {number} ({q.id})"
        if not len(q.options) == len(q.option_ids) == len(q.correct) >= 2:
            raise InputError(
                f"{where}: {len(q.options)} options, {len(q.option_ids)} option_ids and {len(q.correct)} marks of "
                "correctness; they must be equally many, and at least 2"
            )
        if q.fact_ids and len(q.fact_ids) != len(q.options):
            raise InputError(
                f"{where}: {len(q.options)} options and {len(q.fact_ids)} fact_ids; one stands beside each"
            )
        if q.arity is Arity.SINGLE and sum(q.correct) != 1:
            raise InputError(
                f"{where}: {sum(q.correct)} options are right; a single-answer question has one, and a question that "
                "asks for several has the arity 'multiple'"
            )
        if len({*map(normalise_label, q.option_ids)}) < len(q.option_ids):
            raise InputError(f"{where}: two options have the same label in {', '.join(q.option_ids)}")
        if q.id in seen:
            raise InputError(f"{where}: the id was used by question {seen[q.id]} already; ids must be unique")
        seen[q.id] = number
