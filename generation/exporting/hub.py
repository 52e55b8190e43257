"""For the Hugging Face hub: a folder with Parquet and a card, as `datasets.load_dataset` reads it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from failwise.errors import MissingExtraError
from failwise.files import atomic_writer, write_text
from failwise.generation.exporting.card import card
from failwise.generation.exporting.job import Exported, ExportJob, by_split, pick_layout
from failwise.generation.exporting.lessons import NO_RATIONALE
from failwise.generation.records import Question

if TYPE_CHECKING:
    import pyarrow

_GROUP = 10_000  # rows of one row group: what is held in memory at once

# A question's rationale stands in its row, where rationales are given.
RATIONALE_COLUMNS = ("rationale", "rationale_teacher", "rationale_answer", "rationale_verdict")


def write(job: ExportJob, folder: Path) -> Exported:
    """Write data/<split>-00000-of-00001.parquet and README.md.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    pick_layout(job, "hub", ())
    schema = _schema(bool(job.rationales))
    records = {}
    splits = by_split(job.questions)
    for split, questions in splits.items():
        name = f"data/{split}-00000-of-00001.parquet"
        records[name] = _write_parquet(folder / name, schema, _rows(job, questions))
    write_text(folder / "README.md", card(job, splits))
    missing = sum(q.id not in job.rationales for q in job.questions) if job.rationales else 0
    return Exported(records, notes=(f"{NO_RATIONALE}: {missing}",) if missing else ())


def _schema(rationales: bool) -> "pyarrow.Schema":
    try:
        import pyarrow
    except ImportError as error:
        raise MissingExtraError("the hub export", "pyarrow", "interop") from error
    hints = get_type_hints(Question)
    columns = [(f.name, _column(hints[f.name])) for f in fields(Question)]
    columns += [(name, pyarrow.string()) for name in RATIONALE_COLUMNS if rationales]
    return pyarrow.schema(columns)


def _column(hint: Any) -> "pyarrow.DataType":
    """Return the column type of a field: lists of what tuples hold; enumerations, and what may be None, as text."""
    import pyarrow

    if get_origin(hint) is tuple:
        return pyarrow.list_(_column(get_args(hint)[0]))
    return {bool: pyarrow.bool_(), int: pyarrow.int64()}.get(hint, pyarrow.string())


def _rows(job: ExportJob, questions: Sequence[Question]) -> Iterator[dict[str, Any]]:
    names = [f.name for f in fields(Question)]
    for question in questions:
        row = {name: getattr(question, name) for name in names}
        rationale = job.rationales.get(question.id)
        if rationale:
            said = (rationale.text, rationale.teacher, rationale.answer, rationale.verdict)
            row.update(zip(RATIONALE_COLUMNS, said, strict=True))
        yield row


def _write_parquet(path: Path, schema: "pyarrow.Schema", rows: Iterable[dict[str, Any]]) -> int:
    import pyarrow
    from pyarrow import parquet

    rest, count = iter(rows), 0
    with atomic_writer(path) as stream, parquet.ParquetWriter(stream, schema) as writer:
        while batch := list(islice(rest, _GROUP)):
            writer.write_table(pyarrow.Table.from_pylist(batch, schema))
            count += len(batch)
    return count
