"""Which row of a worksheet is its header, and what each of its columns holds.

A header may take two rows: a group ("Effects") above its parts ("Local", "End"). The row, or pair of rows, with the
most fields that are known wins; a title row above has few of them, a row of data hardly any.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from failwise.kg.sheets.fields import Field, ReadOptions, Role, header_key
from failwise.kg.sheets.records import Row, Sheet, column_letters

SEARCHED = 40  # rows in which the header must stand

_IDLE = frozenset({Role.IGNORED, Role.COMMENT, Role.NEXT_EFFECT, Role.SEVERITY_CLASS, Role.PRODUCT})
_MODE = (Role.FAILURE_MODE, Role.FAILURE_MODE_AND_CAUSE)
_TITLES = frozenset({Role.ASSET_CLASS, Role.SYSTEM, Role.COMPONENT, Role.SUBUNIT, Role.SOURCE})
# A sheet has one column of each of these, by whatever field it is known.
_SINGLE = {Role.FAILURE_MODE_AND_CAUSE: Role.FAILURE_MODE}
_ADDRESS = re.compile(r"^(?:(.+)!)?([A-Z]{1,3}[0-9]+)$")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its number from 1, its header as it reads, and its field (None where nobody knows it)."""

    number: int
    text: str
    field: Field | None

    @property
    def role(self) -> Role | None:
        """What the importer does with the column, None where nobody knows it."""
        return self.field.role if self.field else None

    @property
    def slot(self) -> str:
        """What only one column of a sheet can hold; "" where several may."""
        if self.field is None or self.field.role in (Role.IGNORED, Role.COMMENT):
            return ""
        return _SINGLE.get(self.field.role, self.field.name)


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a sheet: the numbers of its first and last row, and its columns that have a text."""

    first: int
    last: int
    columns: tuple[Column, ...]

    def having(self, *roles: Role) -> list[Column]:
        """Return the columns of some roles."""
        return [column for column in self.columns if column.role in roles]


class Wordings:
    """What headers mean: by the user's word first, then by the ontology's fields, then by the relations' labels."""

    def __init__(self, options: ReadOptions) -> None:
        self._fields = options.fields.extended(options.relations.values())
        self._texts: dict[str, tuple[str, Field]] = {}
        self._addresses: dict[str, tuple[str, Field]] = {}
        for header, name in options.headers.items():
            entry = (header, self._fields.named(name))
            self._texts[header_key(header)] = entry
            if _ADDRESS.match(header):
                self._addresses[header] = entry
        self.unused = set(options.headers)

    @property
    def known(self) -> list[str]:
        """All wordings, for finding the nearest."""
        return self._fields.wordings

    def match(self, text: str) -> Field | None:
        """Return the field of a header text, or None."""
        return self.mapped(text) or self._fields.match(text)

    def mapped(self, text: str) -> Field | None:
        """Return the field that the user gave a header text, or None."""
        entry = self._texts.get(header_key(text))
        return entry[1] if entry else None

    def at(self, sheet: Sheet, row: int, column: int) -> Field | None:
        """Return the field that the user gave an address, or None."""
        cell = f"{column_letters(column)}{row}"
        entry = self._addresses.get(f"{sheet.name}!{cell}") or self._addresses.get(cell)
        return entry[1] if entry else None

    def use(self, sheet: Sheet, header: Header) -> None:
        """Note which of the user's words a header made use of."""
        for column in header.columns:
            texts = {column.text, *column.text.split(" / ")}
            cells = {f"{column_letters(column.number)}{row}" for row in (header.first, header.last)}
            used = cells | {f"{sheet.name}!{cell}" for cell in cells}
            used |= {self._texts[key][0] for key in map(header_key, texts) if key in self._texts}
            self.unused -= used


def find_header(sheet: Sheet, rows: Sequence[Row], wordings: Wordings, useful: int = 2) -> Header | None:
    """Return the header of an FMEA worksheet: it names failure modes and one thing more. None where there is none.

    Args:
        sheet: where the rows stand.
        rows: the beginning of the sheet.
        wordings: what headers mean.
        useful: how many columns must hold something that is imported.
    """
    best: Header | None = None
    best_score = (useful, -1)
    for above, row in zip((None, *rows), rows[:SEARCHED], strict=False):
        header = _reading(sheet, above, row, wordings)
        score = len(set(_slots(header))), sum(column.role in _IDLE for column in header.columns)
        if score > best_score and header.having(*_MODE):
            best, best_score = header, score
    return _without_merged(best, rows) if best else None


def _reading(sheet: Sheet, above: Row | None, row: Row, wordings: Wordings) -> Header:
    """Return the better of two ways to read a row: as the header, and as the lower half of one."""
    alone = Header(row.number, row.number, _columns(sheet, Row(row.number, ()), row, wordings))
    if above is None or above.number + 1 != row.number:
        return alone
    both = Header(above.number, row.number, _columns(sheet, above, row, wordings))
    gain = _clarity(both) - _clarity(alone)
    return both if gain > 0 or (gain == 0 and _is_group_row(above, row, wordings)) else alone


def _columns(sheet: Sheet, top: Row, row: Row, wordings: Wordings) -> tuple[Column, ...]:
    columns = []
    group = ""
    width = max(len(top.cells), len(row.cells))
    uppers, lowers = (line.cells + ("",) * (width - len(line.cells)) for line in (top, row))
    for number, (upper, lower) in enumerate(zip(uppers, lowers, strict=True), 1):
        # A group that is not merged stands above its first part only; it reaches as far as there are parts.
        group = upper or (group if lower else "")
        text, field = _meaning(group if lower else upper, lower, wordings)
        field = wordings.at(sheet, row.number, number) or wordings.at(sheet, top.number, number) or field
        if text:
            columns.append(Column(number, text, field))
    return tuple(columns)


def _meaning(group: str, part: str, wordings: Wordings) -> tuple[str, Field | None]:
    """Return a header's text and field: the two words together, else the part, else the group alone."""
    group, part = " ".join(group.split()), " ".join(part.split())
    if not part or not group or group == part:
        text = part or group
        return text, wordings.match(text) if text else None
    text = f"{group} / {part}"
    together = wordings.match(text)
    if together is None and not wordings.mapped(part):
        # What stands under "Actions taken" is another judgement than the same word elsewhere.
        over = wordings.match(group)
        together = over if over and over.role is Role.IGNORED else None
    return text, together or wordings.match(part)


def _slots(header: Header) -> list[str]:
    return [column.slot for column in header.columns if column.field and column.role not in _IDLE]


def _clarity(header: Header) -> int:
    """Count the fields that would be imported; one that stands there twice speaks against a reading."""
    slots = _slots(header)
    return 2 * len(set(slots)) - len(slots)


def _is_group_row(above: Row, row: Row, wordings: Wordings) -> bool:
    """Say whether a row reaches over half of the header below it, and is no title row that names something."""
    texts = [text for text in above.cells if text]
    lowers = row.cells + ("",) * len(above.cells)
    for text, lower in zip(above.cells, lowers, strict=False):
        field = wordings.match(text) if text and lower and text != lower else None
        if ":" in text or (field and field.role in _TITLES):
            return False
    return len(set(texts)) > 1 and 2 * len(texts) >= sum(map(bool, row.cells))


def _without_merged(header: Header, rows: Sequence[Row]) -> Header:
    """Leave out the second half of a column that is merged out of two, header and data alike."""
    data = [row.cells for row in rows if row.number > header.last]
    kept: list[Column] = []
    for column in header.columns:
        before = kept[-1] if kept else None
        if before and before.text == column.text and _same(data, before.number, column.number):
            continue
        kept.append(column)
    return Header(header.first, header.last, tuple(kept))


def _same(data: Iterable[tuple[str, ...]], first: int, second: int) -> bool:
    pairs = [(cells[first - 1 : first], cells[second - 1 : second]) for cells in data]
    return bool(pairs) and all(a == b for a, b in pairs) and any(a != ("",) for a, _ in pairs)
