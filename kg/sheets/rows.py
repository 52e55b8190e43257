"""What readers of documents share: clean text, rows, and how a document that cannot be read is reported."""

import unicodedata
from collections.abc import Iterable

from failwise.kg.records import Finding
from failwise.kg.sheets.records import Row

# A spreadsheet takes a cell that starts so for a formula; where text goes out, an apostrophe before it stops that.
RUNS = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula; the importers take the apostrophe off again."""
    return f"'{cell}" if cell.startswith(RUNS) else cell


class Unreadable(Exception):
    """A document cannot be read at all."""

    def __init__(self, rule: str, message: str, value: str = "", fix: str = "") -> None:
        super().__init__(message)
        self.rule, self.value, self.fix = rule, value, fix

    def finding(self, file: str) -> Finding:
        """Return the error as a finding about a file."""
        return Finding("ERROR", file, f"{file} {self}", self.value, file, self.rule, self.fix)


def note(findings: list[Finding], finding: Finding) -> None:
    """Append a finding once, however often the rows are read."""
    if finding not in findings:
        findings.append(finding)


def clean(text: str) -> str:
    """Return text in Unicode form NFC, stripped; odd characters inside stay, for a later step to judge."""
    return unicodedata.normalize("NFC", text).strip()


def make_row(number: int, texts: Iterable[str]) -> Row | None:
    """Return the row of these clean texts without empty cells at its end, or None where it holds nothing."""
    cells = list(texts)
    while cells and not cells[-1]:
        cells.pop()
    return Row(number, tuple(cells)) if cells else None
