"""Text files as rows: encodings and delimiters found out, records numbered as a spreadsheet would, no traceback."""

from pathlib import Path

import pytest

from failwise.kg.records import Finding
from failwise.kg.sheets.document import read_document
from failwise.kg.sheets.rows import clean

TEXT = "Schaden,Größe\nÜberhitzung,“T1” 80 €\n"
CELLS = [("Schaden", "Größe"), ("Überhitzung", "“T1” 80 €")]


def read(tmp_path: Path, content: bytes | str, name: str = "t.csv") -> tuple[list[tuple[str, ...]], list[Finding]]:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    findings: list[Finding] = []
    return [row.cells for sheet in read_document(path, findings) for row in sheet.rows()], findings


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_unicode_is_read_with_and_without_a_mark(tmp_path: Path, encoding: str, mark: str) -> None:
    assert read(tmp_path, (mark + TEXT).encode(encoding)) == (CELLS, [])


@pytest.mark.parametrize(("extra", "encoding"), [(b"", "cp1252"), (b"\x81", "latin-1")])
def test_western_text_is_read_and_said_to_be(tmp_path: Path, extra: bytes, encoding: str) -> None:
    cells, (finding,) = read(tmp_path, "Größe;Überhitzung".encode(encoding) + extra)
    assert cells[0][0] == "Größe"
    assert (finding.level, finding.rule, finding.value, finding.file) == ("INFO", "encoding", encoding, "t.csv")


def test_western_text_is_noticed_however_late_it_comes(tmp_path: Path) -> None:
    cells, (finding,) = read(tmp_path, b"leak,noise\n" * 100_000 + b"f\xfcnf,6\n")
    assert (cells[-1], finding.value) == (("fünf", "6"), "cp1252")


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"leak,\0noise\nfoam,heat\n", "binary"),
        (b"leak,noise\n" * 10_000 + b"\0", "binary"),
        ("\ufeffa,b".encode("utf-16-le") + b"\0", "encoding"),
        ("\ufeffa,b".encode("utf-32-le"), "binary"),
        (b"\xef\xbb\xbfleak\xff", "encoding"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, rule: str) -> None:
    cells, (finding,) = read(tmp_path, content)
    assert (cells, finding.level, finding.rule, finding.node) == ([], "ERROR", rule, "t.csv")


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("a,b\n1,2", [("a", "b"), ("1", "2")]),
        ("a;b\n1,5;2,5\n3,5;4", [("a", "b"), ("1,5", "2,5"), ("3,5", "4")]),
        ("a\tb\nx, y; z\t2", [("a", "b"), ("x, y; z", "2")]),
        ("a|b\n1|2", [("a", "b"), ("1", "2")]),
        ("Pump\n\nmode,cause\nleak,wear; rub\nfoam", [("Pump",), ("mode", "cause"), ("leak", "wear; rub"), ("foam",)]),
        ('mode,"a;b;c"\nleak,"x;y;z"', [("mode", "a;b;c"), ("leak", "x;y;z")]),
        ('a, "b, c"\n1, 2', [("a", "b, c"), ("1", "2")]),
        ("leak\nnoise\n", [("leak",), ("noise",)]),
    ],
)  # fmt: skip
def test_the_delimiter_is_found_out(tmp_path: Path, text: str, cells: list[tuple[str, ...]]) -> None:
    assert read(tmp_path, text) == (cells, [])
    assert read(tmp_path, text, "t.txt") == (cells, [])


def test_a_tsv_is_split_at_tabs_alone(tmp_path: Path) -> None:
    assert read(tmp_path, "a,b,c\nd,e,f\tg\n", "t.tsv") == ([("a,b,c",), ("d,e,f", "g")], [])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_are_numbered_as_a_spreadsheet_numbers_them(tmp_path: Path, end: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(end.join(["a,b", "", '"two', 'lines",2', ",,", "z,1,,", ""]).encode())
    (sheet,) = read_document(path, [])
    rows = [(1, ("a", "b")), (3, ("two\nlines", "2")), (5, ("z", "1"))]
    assert [(row.number, row.cells) for row in sheet.rows()] == rows
    assert [(row.number, row.cells) for row in sheet.rows()] == rows
    assert str(sheet.place(3, 2)) == "B3"


@pytest.mark.parametrize(
    ("text", "rows", "sentence"),
    [
        ('a,b\n1,2\n"open,3\n4,5\n', 2, "line 3 cannot be read: a quote that opens in it is never closed"),
        ('a,"b"c"\n1,2\n', 0, "line 1 cannot be read: text follows a closing quote"),
        ("a,b\n" + "x" * 131_073, 1, "line 2 cannot be read: a cell holds more than 131,072 characters"),
        ("a,b\n" + "x," * 5_000_000, 1, "line 2 cannot be read: a line holds 8,388,608 characters or more"),
    ],
)
def test_a_broken_record_ends_the_rows_with_one_error(tmp_path: Path, text: str, rows: int, sentence: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    findings: list[Finding] = []
    (sheet,) = read_document(tmp_path / "t.csv", findings)
    assert [len(list(sheet.rows())) for _ in range(2)] == [rows, rows]
    (finding,) = findings
    assert (finding.level, finding.rule, finding.node) == ("ERROR", "quoting", f"row {rows + 1}")
    assert sentence in finding.message


def test_text_is_stripped_and_composed_and_otherwise_left_alone() -> None:
    assert clean("\u00a0 u\u0308ber\u200bhitzt\u202e\t\n") == "über\u200bhitzt\u202e"
