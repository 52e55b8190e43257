"""Whatever is handed over: a document is read, or one finding says what it is and what to do."""

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from failwise.errors import InputError
from failwise.kg.records import Finding
from failwise.kg.sheets.document import read_document

COMPOUND = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(600)


def zipped(**parts: bytes) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def workbook() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    assert book.active is not None
    book.active.append(["leak", 8])
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


SPREADSHEET = b"application/vnd.oasis.opendocument.spreadsheet"
UNREADABLE = [
    ("empty.xlsx", b"", "empty-file", "is empty"),
    ("empty.csv", b"", "empty-file", "is empty"),
    ("noise.xlsx", b"\x93\x11noise\xfe", "not-a-workbook", "begins with"),
    ("picture.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(40), "not-a-workbook", "PNG"),
    ("page.xlsx", b"\r\n<HTML><table><tr><td>a</td></tr></table>", "html", "is a web page"),
    ("page.csv", b"\xef\xbb\xbf<!DOCTYPE html><html></html>", "html", "is a web page"),
    ("old.xls", COMPOUND, "old-format", "Excel 97-2003"),
    ("old.xlsx", COMPOUND, "old-format", "Excel 97-2003"),
    ("locked.xlsx", COMPOUND + "EncryptedPackage".encode("utf-16-le"), "password", "protected by a password"),
    ("cut.xlsx", b"PK\x03\x04" + bytes(60), "not-a-workbook", "BadZipFile"),
    ("archive.xlsx", zipped(readme=b"hello"), "not-a-workbook", "is not a workbook that can be read"),
    ("nothing.xlsx", zipped(), "not-a-workbook", "is not a workbook that can be read"),
    ("sheet.ods", zipped(mimetype=SPREADSHEET), "open-document", "OpenDocument"),
    ("sheet.xlsx", zipped(mimetype=SPREADSHEET), "open-document", "OpenDocument"),
    ("report.pdf", b"%PDF-1.7", "file-kind", "ends in .pdf; allowed are .xlsx, .xlsm, .csv, .tsv, .txt"),
    ("report", b"hello", "file-kind", "ends in nothing"),
]


@pytest.mark.parametrize(("name", "content", "rule", "sentence"), UNREADABLE)
def test_what_cannot_be_read_gives_one_finding(
    tmp_path: Path, name: str, content: bytes, rule: str, sentence: str
) -> None:
    (tmp_path / name).write_bytes(content)
    findings: list[Finding] = []
    assert read_document(tmp_path / name, findings) == []
    assert [(f.level, f.node, f.file, f.rule) for f in findings] == [("ERROR", name, name, rule)]
    assert sentence in findings[0].message
    assert findings[0].fix


def test_no_such_file_is_the_callers_mistake(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.xlsx", tmp_path):
        with pytest.raises(InputError, match=r"is not a file; name a file that ends in \.xlsx"):
            read_document(path, [])


@pytest.mark.parametrize("name", ["fmea.xlsx", "fmea.XLSM", "fmea.csv", "fmea"])
def test_a_workbook_is_one_under_any_ending(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(workbook())
    findings: list[Finding] = []
    (sheet,) = read_document(tmp_path / name, findings)
    assert [row.cells for row in sheet.rows()] == [("leak", "8")]
    assert (sheet.file, sheet.name, findings) == (name, "Sheet", [])


def test_text_that_begins_like_an_archive_is_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("PK,leak\n")
    (sheet,) = read_document(tmp_path / "a.csv", [])
    assert [row.cells for row in sheet.rows()] == [("PK", "leak")]


def test_a_workbook_cut_short_anywhere_is_survived(tmp_path: Path) -> None:
    whole, path = workbook(), tmp_path / "cut.xlsx"
    for length in range(1, len(whole), 97):
        path.write_bytes(whole[:length])
        findings: list[Finding] = []
        assert read_document(path, findings) == []
        assert [f.level for f in findings] == ["ERROR"]
