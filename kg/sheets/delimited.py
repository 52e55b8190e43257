"""Delimited text (CSV, TSV) as rows: encoding and delimiter are found out, rows stream."""

import csv
import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from failwise.kg.records import Finding
from failwise.kg.sheets.records import Place, Row, Sheet
from failwise.kg.sheets.rows import RUNS, Unreadable, clean, make_row, note

DELIMITERS = ("\t", ";", "|", ",")  # a comma is the likeliest to stand in plain text, so it comes last
_SAMPLE_LINES = 50
_HEAD = 65_536  # bytes or characters that encoding and delimiter are judged by
_LONGEST_LINE = 8 * 2**20  # characters; a wide sheet's row is far shorter, and a file without line ends is no table

_QUOTING = (
    ("unexpected end", "a quote that opens in it is never closed"),
    ("field larger", "a cell holds more than 131,072 characters, or a quote is never closed"),
    ("expected after", "text follows a closing quote"),
)


def read_delimited(path: Path, findings: list[Finding]) -> list[Sheet]:
    """Return a text file as one sheet without a name.

    Row numbers count as a spreadsheet does: blank lines count, and a record whose quoted cells hold line breaks is
    one row.

    Raises:
        Unreadable: the file is not text.
    """
    encoding = _encoding(path)
    if encoding in ("cp1252", "latin-1"):
        message = f"{path.name} is not UTF-8; it is read as Western European text ({encoding})"
        fix = "look at names with accents or signs; if they look wrong, save the file as UTF-8"
        note(findings, Finding("INFO", path.name, message, encoding, path.name, "encoding", fix))
    with path.open(encoding=encoding) as file:
        delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(file.read(_HEAD))
    return [Sheet(path.name, "", lambda: _rows(path, encoding, delimiter, findings))]


def _encoding(path: Path) -> str:
    """Return the first encoding that the whole file can be decoded by."""
    with path.open("rb") as file:
        candidates = _candidates(file.read(_HEAD))
    for encoding in candidates:
        if _decodes(path, encoding):
            return encoding
    fix = "save it as UTF-8 (in a spreadsheet program: CSV UTF-8)"
    raise Unreadable("encoding", f"is marked as {candidates[0]}, but cannot be decoded by it", candidates[0], fix)


def _candidates(head: bytes) -> tuple[str, ...]:
    if head.startswith(b"\xef\xbb\xbf"):
        return ("utf-8-sig",)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    even, odd = head[::2].count(0), head[1::2].count(0)
    # Western text in UTF-16 has a NUL in nearly every second byte, and none in the others.
    if max(even, odd) > len(head) * 0.15 and not min(even, odd):
        return ("utf-16-le",) if odd else ("utf-16-be",)
    return ("utf-8-sig", "cp1252", "latin-1")


def _decodes(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding) as file:
            while text := file.read(2**20):
                if "\0" in text:
                    fix = "save the table as .xlsx or as CSV UTF-8"
                    raise Unreadable("binary", "holds NUL characters; a text file holds none", "U+0000", fix)
    except UnicodeError:
        return False
    return True


def _delimiter(sample: str) -> str:
    """Return the delimiter that splits the most records, and splits them alike; none is split within quotes."""
    lines = sample.split("\n")[:_SAMPLE_LINES]

    def splits(delimiter: str) -> tuple[int, int]:
        records = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        whole = [record for record in records if not any(cell.count('"') % 2 for cell in record)]
        widths = Counter(len(record) for record in whole if len(record) > 1)
        return widths.total(), max(widths.values(), default=0)

    return max(DELIMITERS, key=splits)


def _rows(path: Path, encoding: str, delimiter: str, findings: list[Finding]) -> Iterator[Row]:
    with path.open(encoding=encoding) as file:
        records = csv.reader(_lines(file), delimiter=delimiter, skipinitialspace=True, strict=True)
        for number in itertools.count(1):
            line = records.line_num + 1
            try:
                cells = next(records, None)
            except csv.Error as error:
                note(findings, _broken(Place(path.name, "", number), line, str(error)))
                return
            if cells is None:
                return
            if row := make_row(number, map(_plain, cells)):
                yield row


def _lines(file: TextIO) -> Iterator[str]:
    while line := file.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise csv.Error(f"a line holds {_LONGEST_LINE:,} characters or more")
        yield line


def _broken(place: Place, line: int, reason: str) -> Finding:
    reason = next((plain for part, plain in _QUOTING if part in reason), reason)
    message = f"the row that begins on line {line} cannot be read: {reason}; no row from here on is read"
    fix = 'close every quote, and write a quote inside a quoted cell twice ("")'
    return Finding("ERROR", str(place), message, f"line {line}", place.file, "quoting", fix)


def _plain(cell: str) -> str:
    """Return a cell's text; an apostrophe that keeps a spreadsheet from running it is none of the text."""
    text = clean(cell)
    return text[1:] if text.startswith("'") and text[1:].startswith(RUNS) else text
