"""Rows of a file of questions, whatever it is: JSON Lines, a JSON list, CSV or Parquet."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from failwise.errors import InputError, MissingExtraError
from failwise.files import lines, read_json


@dataclass(frozen=True, slots=True)
class Row:
    """One row by field name; `where` opens the sentence about what is wrong with it."""

    where: str
    value: Mapping[str, Any]


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a file; its ending says what it is.

    Raises:
        InputError: the file cannot be read, its ending is unknown, or a row is not one (the sentence names the line).
        MissingExtraError: it is Parquet and pyarrow is not installed.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: unknown ending {path.suffix!r}; questions are read from {', '.join(_READERS)}")
    return reader(path)


def _json_lines(path: Path) -> Iterator[Row]:
    for number, line in lines(path):
        where = f"{path}, line {number}"
        try:
            value = json.loads(line)
        except ValueError as error:
            raise InputError(f"{where} is not JSON: {error}") from error
        yield Row(where, _object(value, where))


def _json_list(path: Path) -> Iterator[Row]:
    values = read_json(path)
    if not isinstance(values, list):
        raise InputError(f"{path} holds {kind_of(values)}, not a list of questions; for one per line, call it .jsonl")
    for number, value in enumerate(values, 1):
        where = f"{path}, record {number}"
        yield Row(where, _object(value, where))


def _csv(path: Path) -> Iterator[Row]:
    try:
        stream = path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    with stream:
        reader = csv.DictReader(stream, strict=True)
        try:
            for row in reader:
                where = f"{path}, line {reader.line_num}"
                cells = len(reader.fieldnames or ())
                if None in row or None in row.values():
                    raise InputError(f"{where} does not have the {cells} cells that the first line announces")
                yield Row(where, {name: _cell(text) for name, text in row.items()})
        except UnicodeDecodeError as error:
            raise InputError(f"{path} is not UTF-8 text: {error.reason}; save it as UTF-8") from error
        except csv.Error as error:
            raise InputError(f"{path}, line {reader.line_num} is not CSV: {error}") from error


def _cell(text: str) -> Any:
    """Return the list or object that a cell holds as JSON, or its text."""
    if text[:1] in ("[", "{"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _parquet(path: Path) -> Iterator[Row]:
    try:
        from pyarrow import ArrowInvalid, parquet
    except ImportError as error:
        raise MissingExtraError("reading Parquet", "pyarrow", "interop") from error
    try:
        table = parquet.ParquetFile(path)
    except (OSError, ArrowInvalid) as error:
        raise InputError(f"cannot read {path} as Parquet: {error}") from error
    number = 0
    with table:
        for batch in table.iter_batches():
            for value in batch.to_pylist():
                number += 1
                yield Row(f"{path}, record {number}", value)


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{where} holds {kind_of(value)}, not an object with the fields of a question")
    return value


def kind_of(value: Any) -> str:
    """Say in a word or two what a JSON value is, for sentences."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "nothing"}
    return names.get(type(value), "a number")


_READERS: dict[str, Callable[[Path], Iterator[Row]]] = {
    ".jsonl": _json_lines,
    ".json": _json_list,
    ".csv": _csv,
    ".parquet": _parquet,
}
