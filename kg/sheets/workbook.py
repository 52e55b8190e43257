"""Workbooks (.xlsx, .xlsm) as rows of text.

Every part of the file is looked through once before openpyxl sees it: no part may declare entities, and none may be
so large that reading it would fill the memory. The same pass finds what openpyxl does not say when it streams: merged
cells, formulas, and the last row.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from failwise.kg.records import Finding
from failwise.kg.sheets.records import Place, Row, Sheet
from failwise.kg.sheets.rows import Unreadable, clean, make_row, note

MOST_BYTES = 512 * 2**20  # of all parts unzipped; 100,000 rows of 12 columns take about 60 MB
MOST_MEMBERS = 10_000  # parts; a workbook has a handful for each sheet, chart and picture
MOST_RATIO = 200  # unzipped to zipped; sheets reach about 30, a bomb 1,000
RATIO_FREE = 20 * 2**20  # bytes below which a part may be as repetitive as it likes
MOST_ELEMENTS = 1_000_000  # XML elements of one row, or of a part without rows: held in memory at once
MOST_SILENCE = 16 * 2**20  # bytes of XML without a new element; a cell's text ends at 32,767 characters
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384  # of a sheet, by the format
MOST_CELLS = 50_000_000  # cells of a sheet, blanks between filled ones included; reading more takes many minutes
MOST_MERGED = 10_000_000  # columns of all merged ranges of a sheet
MOST_ERRORS = 20  # error cells told one by one
_CHUNK = 65_536
_SAVE = "open it in a spreadsheet program and save it as .xlsx (Excel workbook)"


def read_workbook(path: Path, findings: list[Finding]) -> list[Sheet]:
    """Return the worksheets of a workbook, hidden ones too.

    Raises:
        Unreadable: it is damaged, too large, declares entities or is no workbook.
    """
    if path.stat().st_size > MOST_BYTES:
        raise _oversized(f"is {path.stat().st_size:,} bytes; allowed are {MOST_BYTES:,}")
    from openpyxl.reader.excel import ExcelReader

    content = BytesIO(path.read_bytes())  # what was looked through is what is read, even if the file changes
    try:
        parts = _look_through(content)
        reader: Any = ExcelReader(content, read_only=True, data_only=True, keep_links=False)
        for unused in ("read_chartsheet", "read_theme", "read_properties", "read_custom"):
            setattr(reader, unused, lambda *_: None)  # what no row needs cannot keep a workbook from being read
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and names that are not used here
            reader.read()
    except Unreadable:
        raise
    except Exception as error:  # zipfile and openpyxl raise whatever a damaged part leads to; there is no common class
        reason = f"{type(error).__name__}: {error}"[:200]
        raise Unreadable("not-a-workbook", f"is not a workbook that can be read ({reason})", reason, _SAVE) from error
    if not reader.wb.worksheets:
        fix = f"{_SAVE}, not as Strict Open XML"
        raise Unreadable("no-sheets", "holds no worksheet that can be read", fix=fix)
    if any(name.lower().startswith("xl/externallinks/") for name in parts):
        message = f"{path.name} refers to other workbooks; they are not opened, the values stored in it are used"
        fix = "paste the cells that refer to other files as values"
        note(findings, Finding("WARN", path.name, message, "", path.name, "external-links", fix))
    return [s for sheet in reader.wb.worksheets for s in _sheets(path.name, sheet, parts, findings)]


def _oversized(message: str) -> Unreadable:
    return Unreadable("oversized", message, fix="keep the rows that matter in a new workbook, without pictures")


def _look_through(content: BytesIO) -> dict[str, "_Part"]:
    """Check every part of the file before anything else reads it; return what was seen, by the part's name."""
    with ZipFile(content) as archive:
        _check_sizes(archive.infolist())
        if "mimetype" in archive.namelist():
            kind = archive.read("mimetype")[:100].decode("ascii", "replace")
            raise Unreadable("open-document", f"is an OpenDocument file ({kind}); allowed is .xlsx", kind, _SAVE)
        return {info.filename: _Part(info.filename).read(archive, info) for info in archive.infolist()}


def _check_sizes(members: list[ZipInfo]) -> None:
    if len(members) > MOST_MEMBERS:
        raise _oversized(f"holds {len(members):,} parts; allowed are {MOST_MEMBERS:,}")
    total = sum(m.file_size for m in members)
    if total > MOST_BYTES:
        raise _oversized(f"unzips to {total:,} bytes; allowed are {MOST_BYTES:,}")
    for m in members:
        if m.file_size > RATIO_FREE and m.file_size > MOST_RATIO * m.compress_size:
            raise _oversized(f"holds a part that unzips to over {MOST_RATIO} times its size: {m.filename!r}")
        if m.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise Unreadable("not-a-workbook", f"is zipped in a way workbooks are not: {m.filename!r}", fix=_SAVE)


@dataclass
class _Cells:
    """Cells counted, the first of them by name."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        self.count += 1
        if len(self.first) < 5:
            self.first.append(name)

    def __str__(self) -> str:
        more = f" and {self.count - len(self.first):,} more" if self.count > len(self.first) else ""
        return ", ".join(self.first) + more


class _Part:
    """What one XML part of a workbook holds; a part that is not XML (a picture) is left at its first byte.

    `merges` maps the top row of merged ranges to their (first column, last column, last row).
    """

    def __init__(self, name: str) -> None:
        self.name, self.broken, self.last_row, self.merged_columns = name, "", 0, 0
        self.formulas, self.uncached = _Cells(), _Cells()
        self.merges: dict[int, list[tuple[int, int, int]]] = {}
        self._elements = self._mark = 0
        self._cell: dict[str, str] = {}
        self._pending = ""
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.StartDoctypeDeclHandler = self._declaration
        self._handlers: dict[str, Callable[[dict[str, str]], None]] = {
            "c": self._on_cell,
            "v": self._on_value,
            "f": self._on_formula,
            "row": self._on_row,
            "si": self._on_string,
            "mergeCell": self._on_merge,
        }

    def read(self, archive: ZipFile, info: ZipInfo) -> "_Part":
        """Look through the part in pieces, and return this."""
        silent = seen = 0
        with archive.open(info) as stream:
            try:
                while chunk := stream.read(_CHUNK):
                    self._parser.Parse(chunk, False)
                    silent = silent + len(chunk) if self._elements == seen else 0
                    seen = self._elements
                    if silent > MOST_SILENCE:
                        raise _oversized(f"holds a text of over {MOST_SILENCE:,} bytes in the part {self.name!r}")
                self._parser.Parse(b"", True)
            except expat.ExpatError as error:
                self.broken = str(error)
        self._settle()
        return self

    def _declaration(self, *_: object) -> None:
        message = f"declares XML entities or a document type in the part {self.name!r}; workbooks never do"
        raise Unreadable("xml-entities", message, self.name, "do not trust this file; ask for a fresh copy")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements - self._mark > MOST_ELEMENTS:
            raise _oversized(f"holds over {MOST_ELEMENTS:,} XML elements at once in the part {self.name!r}")
        handler = self._handlers.get(tag.rpartition(":")[2])
        if handler:
            handler(attributes)

    def _on_string(self, _: dict[str, str]) -> None:
        self._mark = self._elements

    def _on_row(self, attributes: dict[str, str]) -> None:
        self._mark = self._elements
        given = attributes.get("r", str(self.last_row + 1))
        number = int(given) if given.isdecimal() and len(given) < 9 else 0
        if not self.last_row < number <= MOST_ROWS:  # openpyxl would pass over such a row without a word
            self.broken = self.broken or f"row {given[:20]!r} follows row {self.last_row}"
        else:
            self.last_row = number

    def _on_cell(self, attributes: dict[str, str]) -> None:
        if self._pending:
            self._settle()
        self._cell = attributes

    def _on_formula(self, _: dict[str, str]) -> None:
        name = self._cell.get("r", f"row {self.last_row}")
        self.formulas.add(name)
        if self._cell.get("t") != "str":  # a formula that gave text may have given ""
            self._pending = name

    def _on_value(self, _: dict[str, str]) -> None:
        if self._pending:
            self._parser.CharacterDataHandler = self._on_text

    def _on_text(self, text: str) -> None:
        if text.strip():
            self._pending = ""
            self._parser.CharacterDataHandler = None

    def _settle(self) -> None:
        """Note the formula whose cell ended without a value."""
        if self._pending:
            self.uncached.add(self._pending)
        self._pending = ""
        self._parser.CharacterDataHandler = None

    def _on_merge(self, attributes: dict[str, str]) -> None:
        from openpyxl.utils import range_boundaries

        try:
            left, top, right, bottom = range_boundaries(attributes.get("ref", ""))
        except ValueError as error:
            self.broken = self.broken or str(error)
            return
        left, right = left or 1, right or MOST_COLUMNS  # "2:3" are whole rows, "A:B" whole columns
        self.merged_columns += right - left + 1
        if self.merged_columns > MOST_MERGED:
            self.broken = self.broken or f"its merged cells span over {MOST_MERGED:,} columns"
        else:
            self.merges.setdefault(top or 1, []).append((left, right, bottom or MOST_ROWS))


def _sheets(file: str, sheet: Any, parts: dict[str, _Part], findings: list[Finding]) -> list[Sheet]:
    """Return a worksheet, or none where it is not read; note what can be told before its rows are read."""
    name = str(sheet.title)

    def tell(level: str, rule: str, message: str, value: str, fix: str) -> None:
        note(findings, Finding(level, name, message, value, file, rule, fix))

    if sheet.sheet_state == "veryHidden":
        fix = "if it holds data, show it in the macro editor and save"
        tell("INFO", "hidden-sheet", f"the sheet {name!r} is hidden from users and not read", "veryHidden", fix)
        return []
    part = parts[sheet._worksheet_path]  # openpyxl has no public way from a sheet to its part
    if part.broken:
        tell("ERROR", "damaged", f"the sheet {name!r} cannot be read: {part.broken}", part.name, _SAVE)
        return []
    if part.formulas.count:
        message = f"{part.formulas.count:,} cells hold formulas; the values they last gave are used: {part.formulas}"
        tell("WARN", "formula", message, str(part.formulas), "paste them as values if they may be out of date")
    if part.uncached.count:
        message = f"{part.uncached.count:,} cells hold formulas that no program has calculated yet: {part.uncached}"
        fix = "open and save the workbook in a spreadsheet program, or paste the cells as values"
        tell("ERROR", "formula-without-value", message, str(part.uncached), fix)
    return [Sheet(file, name, lambda: _Reading(file, sheet, part, findings).rows())]


class _Reading:
    """One way through a sheet's rows."""

    def __init__(self, file: str, sheet: Any, part: _Part, findings: list[Finding]) -> None:
        self.file, self.sheet, self.part, self.findings = file, sheet, part, findings
        self.errors = 0
        self.merged: dict[int, tuple[int, str]] = {}  # by column: the last row it reaches, its text

    def rows(self) -> Iterator[Row]:
        """Yield the rows that hold something; what cannot be read ends them with an ERROR."""
        try:
            yield from self._rows()
        except Exception as error:  # as in read_workbook: openpyxl reads a sheet's cells only now
            reason = f"{type(error).__name__}: {error}"[:200]
            self._tell(self.sheet.title, "damaged", f"reading the sheet stopped: {reason}", reason, _SAVE)
        if self.errors > MOST_ERRORS:
            message = f"{self.errors - MOST_ERRORS:,} more cells of the sheet hold an error"
            self._tell(self.sheet.title, "error-cell", message, str(self.errors), "mend or clear them")

    def _rows(self) -> Iterator[Row]:
        if not self.part.last_row:
            return
        self.sheet.reset_dimensions()  # what a sheet claims as its size may be wrong
        read = 0
        for number, cells in enumerate(self.sheet.iter_rows(), 1):
            texts = [self._text(cell) for cell in cells]
            if any(texts):  # a row of nothing but a merged cell's lower part is no row
                self._fill(number, texts)
                if row := make_row(number, texts):
                    yield row
            read += len(texts)
            if read > MOST_CELLS:
                raise Unreadable("oversized", f"it spans over {MOST_CELLS:,} cells; row {number} is the last one read")
            if number >= self.part.last_row:
                return  # what follows the rows (styles, rules) is not needed, and may be damaged

    def _fill(self, number: int, texts: list[str]) -> None:
        """Write the text of merged cells into every cell they cover."""
        for left, right, bottom in self.part.merges.get(number, ()):
            if text := texts[left - 1] if left <= len(texts) else "":
                self.merged.update(dict.fromkeys(range(left, right + 1), (bottom, text)))
        if not self.merged:
            return
        self.merged = {column: cover for column, cover in self.merged.items() if cover[0] >= number}
        texts.extend([""] * (max(self.merged, default=0) - len(texts)))
        for column, (_, text) in self.merged.items():
            texts[column - 1] = text

    def _text(self, cell: Any) -> str:
        value = cell.value
        if value is None:
            return ""
        if cell.data_type == "e":
            self._error(cell)
            return ""
        return clean(value.replace("_x000D_", "") if isinstance(value, str) else _text_of(value))

    def _error(self, cell: Any) -> None:
        self.errors += 1
        if self.errors <= MOST_ERRORS:
            place = str(Place(self.file, self.sheet.title, cell.row, cell.column))
            self._tell(place, "error-cell", f"the cell holds the error {cell.value}", cell.value, "mend or clear it")

    def _tell(self, node: str, rule: str, message: str, value: str, fix: str) -> None:
        note(self.findings, Finding("ERROR", node, message, value, self.file, rule, fix))


def _text_of(value: object) -> str:
    """Return a number, truth value or date as text, numbers as a spreadsheet shows them: 15 digits, 8.0 as 8."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date | time) else str(value)
