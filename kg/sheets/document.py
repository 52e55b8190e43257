"""A document as sheets of text: what it is shows in its first bytes, then in its ending."""

import mmap
from pathlib import Path

from failwise.errors import InputError
from failwise.kg.records import Finding
from failwise.kg.sheets.delimited import read_delimited
from failwise.kg.sheets.records import Sheet
from failwise.kg.sheets.rows import Unreadable, note
from failwise.kg.sheets.workbook import read_workbook

WORKBOOKS = (".xlsx", ".xlsm")
TEXTS = (".csv", ".tsv", ".txt")

_ZIP = b"PK"
_COMPOUND = bytes.fromhex("D0CF11E0A1B11AE1")  # the first bytes of an OLE compound file, [MS-CFB] 2.2
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # the stream that holds a locked workbook, [MS-OFFCRYPTO] 2.3.4.4
_HTML = (b"<html", b"<!doctype html", b"<table")
_SAVE = "open it in a spreadsheet program and save it as .xlsx (Excel workbook)"


def read_document(path: Path, findings: list[Finding]) -> list[Sheet]:
    """Return the sheets of a workbook or a text file; their rows are read when they are asked for.

    What is amiss is appended to `findings`, also later on, while rows are read. A document that cannot be read gives
    one ERROR and no sheets.

    Raises:
        InputError: there is no such file, or it may not be opened.
    """
    if not path.is_file():
        raise InputError(f"{path} is not a file; name a file that ends in {', '.join(WORKBOOKS + TEXTS)}")
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise InputError(f"{path} cannot be opened: {error.strerror}") from error
    try:
        return _read(path, head, findings)
    except Unreadable as error:
        note(findings, error.finding(path.name))
        return []


def _read(path: Path, head: bytes, findings: list[Finding]) -> list[Sheet]:
    ending = path.suffix.lower()
    if not head:
        raise Unreadable("empty-file", "is empty (0 bytes)", fix="save or download it again")
    if head.startswith(_ZIP) and (ending not in TEXTS or head[2:4] in (b"\3\4", b"\5\6")):
        return read_workbook(path, findings)
    if head.startswith(_COMPOUND):
        raise _compound_file(path)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_HTML):
        raise Unreadable("html", "is a web page (HTML), whatever its ending says", ending, _SAVE)
    if ending in TEXTS:
        return read_delimited(path, findings)
    if ending in WORKBOOKS:
        shown = repr(head[:8])
        fix = f"{_SAVE}; if it is a table in plain text, give it the ending .csv"
        raise Unreadable("not-a-workbook", f"is not a workbook: it begins with {shown}, a workbook with PK", shown, fix)
    allowed = ", ".join(WORKBOOKS + TEXTS)
    raise Unreadable("file-kind", f"ends in {ending or 'nothing'}; allowed are {allowed}", ending, _SAVE)


def _compound_file(path: Path) -> Unreadable:
    """Return which of the two it is: a workbook locked by a password, or one in the format before 2007."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        locked = content.find(_ENCRYPTED) >= 0
    if locked:
        fix = "open it with its password and save a copy without one"
        return Unreadable("password", "is protected by a password and cannot be read", path.suffix, fix)
    return Unreadable(
        "old-format", "is in the format of Excel 97-2003 or another old Office format", path.suffix, _SAVE
    )
