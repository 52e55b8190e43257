"""The sheets of a filled-in workbook and their headers, found again even where somebody renamed them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from failwise.kg.names import nearest
from failwise.kg.sheets.records import Place, Row, Sheet
from failwise.kg.sheets.template import KNOWN, MATRIX, MODES, MORE_FACTS, READ_ME, SHEETS, Column, Role, Table, name_key
from failwise.kg.sheets.template_collect import Collector

TOP = 20  # rows in which a header is looked for: people write titles above it
_NEEDED = (Role.NAME, Role.RELATION, Role.OBJECT)


def match_sheets(sheets: Sequence[Sheet], findings: Collector) -> dict[str, Sheet]:
    """Find the template's sheets by name; a renamed one is read under a WARN."""
    expected = {name_key(name): name for name in SHEETS}
    found = {expected[name_key(s.name)]: s for s in sheets if name_key(s.name) in expected}
    ours = {name_key(READ_ME), name_key(KNOWN), *expected}
    for sheet in (s for s in sheets if name_key(s.name) not in ours):
        name = nearest(sheet.name, [name for name in SHEETS if name not in found], 0.75)
        if name:
            found[name] = sheet
            message = f"the sheet {sheet.name!r} is read as {name!r}"
            findings.find("WARN", sheet.place(1, 1), "sheet", message, sheet.name, f"rename it to {name!r}")
        else:
            message = f"the sheet {sheet.name!r} is not part of the template and not read"
            findings.find("INFO", sheet.place(1, 1), "sheet", message, sheet.name, f"facts go to {MORE_FACTS!r}")
    _find_missing(found, sheets[0].file, findings)
    return found


def _find_missing(found: Mapping[str, Sheet], file: str, findings: Collector) -> None:
    """Find sheets that are gone; without failure modes and matrix there is nothing to import."""
    nothing = MODES.name not in found and MATRIX not in found
    for name in (name for name in SHEETS if name not in found):
        level = "ERROR" if nothing and name in (MODES.name, MATRIX) else "WARN"
        fix = "give the sheet its name back, or copy it from a fresh template; leave it empty if you do not need it"
        findings.find(level, Place(file, name, 1, 1), "sheet", f"the sheet {name!r} is missing", name, fix)


@dataclass(frozen=True)
class Line:
    """One row of a table below its header."""

    sheet: Sheet
    number: int
    columns: Mapping[int, Column]
    cells: tuple[str, ...]

    def at(self, role: Role) -> tuple[str, Place]:
        """Return the text and address of the cell with a role that a table has once."""
        return next(
            (self.cell(n) for n, c in self.columns.items() if c.role is role), ("", self.sheet.place(self.number))
        )

    def of(self, relation: str) -> tuple[str, Place | None]:
        """Return the text and address of the cell that states a relation; no address where the column is gone."""
        return next((self.cell(n) for n, c in self.columns.items() if c.relation == relation), ("", None))

    def cell(self, number: int) -> tuple[str, Place]:
        """Return the text and address of a cell."""
        text = self.cells[number - 1] if number <= len(self.cells) else ""
        return text, self.sheet.place(self.number, number)


@dataclass(frozen=True)
class Layout:
    """A sheet whose header was found: its columns by their number."""

    table: Table
    sheet: Sheet
    header: int
    columns: Mapping[int, Column]

    def lines(self) -> Iterator[Line]:
        """Yield the rows below the header that hold something."""
        for row in self.sheet.rows():
            line = Line(self.sheet, row.number, self.columns, row.cells)
            if row.number > self.header and any(line.cell(number)[0] for number in self.columns):
                yield line


def find_layout(table: Table, sheet: Sheet, findings: Collector) -> Layout | None:
    """Find a sheet's header and columns; None, with an ERROR, where what names a row's thing is gone."""
    titles = {name_key(column.title): column for column in table.columns}
    top = list(islice(sheet.rows(), TOP))
    header = max(top, key=lambda row: sum(name_key(cell) in titles for cell in row.cells), default=None)
    if header is None:
        return None
    columns: dict[int, Column] = {}
    for number, cell in enumerate(header.cells, 1):
        if column := titles.get(name_key(cell)):
            _take(columns, number, column, sheet, header, findings)
    _take_renamed(columns, table, sheet, header, findings)
    missing = [c for c in table.columns if c not in columns.values() and c.role in _NEEDED]
    if missing:
        message = f"the column {missing[0].title!r} is missing, so the sheet cannot be read"
        fix = f"the header is: {', '.join(c.title for c in table.columns)}"
        findings.find("ERROR", sheet.place(header.number), "column", message, missing[0].title, fix)
        return None
    _find_headless(sheet, header, findings)
    return Layout(table, sheet, header.number, columns)


def _take(
    columns: dict[int, Column], number: int, column: Column, sheet: Sheet, header: Row, findings: Collector
) -> None:
    """Take a column, unless an earlier one has its header."""
    first = next((n for n, known in columns.items() if known is column), None)
    if first is None:
        columns[number] = column
        return
    place = sheet.place(header.number, number)
    message = f"the column {column.title!r} stands twice: {sheet.place(header.number, first)} and {place}"
    findings.find("ERROR", place, "column", message, header.cells[number - 1], "keep one of the two")


def _take_renamed(columns: dict[int, Column], table: Table, sheet: Sheet, header: Row, findings: Collector) -> None:
    """Find headers that the template does not have; what looks like a missing one is read as that, for the findings."""
    titles = {name_key(column.title) for column in table.columns}
    for number, text in enumerate(header.cells, 1):
        if not text or name_key(text) in titles:
            continue
        missing = {c.title: c for c in table.columns if c not in columns.values()}
        level, fix = "ERROR", f"missing here: {', '.join(missing)}; give it its name back, or delete the column"
        if near := nearest(text, missing):
            columns[number] = missing[near]
            fix = f"did you mean {near!r}?"
        elif not missing:
            level, fix = "WARN", f"put its facts on the sheet {MORE_FACTS!r}"
        message = f"the column {text!r} is not one of the template's"
        findings.find(level, sheet.place(header.number, number), "column", message, text, fix)


def _find_headless(sheet: Sheet, header: Row, findings: Collector) -> None:
    """Find the columns that hold something below no header."""
    headed = {number for number, cell in enumerate(header.cells, 1) if cell}
    for row in sheet.rows():
        for number, cell in enumerate(row.cells, 1):
            if row.number > header.number and cell and number not in headed:
                headed.add(number)
                fix = "give the column its header, or empty it"
                findings.find("ERROR", sheet.place(row.number, number), "column", "stands below no header", cell, fix)
