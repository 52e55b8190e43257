"""A classic FMEA worksheet, one failure mode per row, becomes claims."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from failwise.kg.records import Truth
from failwise.kg.sheets.cells import ALLOWED_TRUTHS, is_truth, says_nothing, split_values, truth_of
from failwise.kg.sheets.collect import Collector
from failwise.kg.sheets.columns import usable_columns, warn_of_no_header
from failwise.kg.sheets.fields import Role
from failwise.kg.sheets.header import Column, Header, Wordings
from failwise.kg.sheets.ratings import check_product, rating_of
from failwise.kg.sheets.records import Claim, Mention, Row, Sheet
from failwise.kg.sheets.titles import Title
from failwise.kg.vocabulary import FW

# What a name in a column states: the relations that it is the object of.
_STATES = {
    Role.COMPONENT: ("hasComponent", "occursIn"),
    Role.FUNCTION: ("hasFunction", "impairsFunction"),
    Role.SENSOR: ("monitoredBy", "indicatedBy"),
}
_DOMAINS = {"hasComponent": FW.AssetClass, "hasFunction": FW.Component, "monitoredBy": FW.AssetClass}
_SUBJECTS = {Role.FAILURE_MODE: FW.FailureMode, Role.COMPONENT: FW.Component, Role.FUNCTION: FW.Function}
_HEADING = frozenset({None, Role.ASSET_CLASS, Role.COMPONENT})
_CAUSED = re.compile(r"\s*,?\s*\b(?:due to|caused by|because of|owing to)\b:?\s*", re.IGNORECASE)
_COUNTED = re.compile(r"^\(?(?:\d{1,2}|[a-z])\)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One row on its way to claims: its asset class, source, and the names of each class of subjects."""

    row: Row
    asset_class: str
    source: str
    subjects: dict[str, list[str]]


def read_worksheet(sheet: Sheet, header: Header, title: Title, wordings: Wordings, collector: Collector) -> None:
    """Add what a worksheet says to the collector's draft. Rows are read one at a time."""
    columns = usable_columns(sheet, header, wordings, collector)
    worksheet = _Worksheet(sheet, Header(header.first, header.last, tuple(columns)), title, collector)
    headed = {column.number for column in header.columns}
    for row in sheet.rows():
        if row.number > header.last:
            worksheet.read(row)
            warn_of_no_header(sheet, row, headed, collector)


def _cell(row: Row, column: Column | None) -> str:
    return row.cells[column.number - 1] if column and column.number <= len(row.cells) else ""


class _Worksheet:
    """Reads the rows of one sheet, each for itself."""

    def __init__(self, sheet: Sheet, header: Header, title: Title, collector: Collector) -> None:
        self._sheet = sheet
        self._header = header
        self._title = title
        self._collector = collector
        self._separators = collector.options.separators
        self._seen: dict[int, int] = {}
        self._captions = {column.number: {column.text, *column.text.split(" / ")} for column in header.columns}
        self._by_role = {column.role: column for column in header.columns}
        if Role.FAILURE_MODE_AND_CAUSE in self._by_role:
            self._by_role[Role.FAILURE_MODE] = self._by_role[Role.FAILURE_MODE_AND_CAUSE]
        readers: dict[Role | None, Callable[[_Reading, Column], None]] = {
            **dict.fromkeys(_STATES, self._names),
            Role.OBJECT: self._objects,
            Role.CODE: self._codes,
            Role.RATING: self._rating,
            Role.PRODUCT: self._product,
        }
        self._readers = [(readers[column.role], column) for column in header.columns if column.role in readers]
        self._filled = [column for column in header.columns if column.role is not Role.PRODUCT]
        self._objected = header.having(Role.OBJECT)
        self._rated = header.having(Role.RATING)

    def read(self, row: Row) -> None:
        """Add the claims of one row."""
        if self._is_furniture(row) or self._repeats(row):
            return
        reading = self._begin(row)
        if reading is None or self._modes(reading) is not Truth.YES:
            return
        for read, column in self._readers:
            read(reading, column)

    # --- rows that say nothing ---

    def _is_furniture(self, row: Row) -> bool:
        """Say whether a row is a heading, the header once more, or one that numbers the columns."""
        filled = {column.number: text for column in self._filled if (text := _cell(row, column))}
        if all(" ".join(text.split()) in self._captions[number] for number, text in filled.items()):
            return True
        if len(filled) > 2 and row.number <= self._header.last + 2 and all(map(_COUNTED.match, filled.values())):
            return True
        merged = len(filled) > 2 and len(set(filled.values())) == 1
        return (merged or self._stands_alone(row)) and self._note_heading(row)

    def _stands_alone(self, row: Row) -> bool:
        """Say whether the only filled cell of a row is the first, and no failure mode hangs on it."""
        filled = [number for number, text in enumerate(row.cells, 1) if text]
        roles = {column.number: column.role for column in self._header.columns}
        return filled == [1] and roles.get(1) in _HEADING

    def _note_heading(self, row: Row) -> bool:
        text = next(text for text in row.cells if text)
        message = f"the row says {text!r} and nothing else; it is taken for a heading and left out"
        self._collector.find("INFO", self._sheet.place(row.number), "heading", message, text)
        return True

    def _repeats(self, row: Row) -> bool:
        cells = [_cell(row, column) for column in self._header.columns]
        return self._collector.repeats(self._seen, cells, self._sheet.place(row.number))

    # --- what a row is about ---

    def _begin(self, row: Row) -> _Reading | None:
        subjects = {FW.AssetClass: [""]}
        for role, kind in _SUBJECTS.items():
            column = self._by_role.get(role)
            subjects[kind] = self._split(row, column) if column else []
        asset_class = self._asset_class(row)
        if not asset_class or not subjects[FW.FailureMode]:
            self._report_missing(row, Role.FAILURE_MODE if asset_class else Role.ASSET_CLASS)
            return None
        self._warn_of_several(row, subjects[FW.FailureMode])
        return _Reading(row, asset_class, _cell(row, self._by_role.get(Role.SOURCE)), subjects)

    def _asset_class(self, row: Row) -> str:
        column = self._by_role.get(Role.ASSET_CLASS)
        name, place = " ".join(_cell(row, column).split()), self._title.place
        if says_nothing(name):
            name = self._title.asset_class
        elif column:
            place = self._sheet.place(row.number, column.number)
            name = self._collector.name(name, place, "the asset class")
        if name:
            self._collector.asset_class(name, place, self._title.source)
        return name

    def _report_missing(self, row: Row, role: Role) -> None:
        column = self._by_role[role]
        if split_values(_cell(row, column), self._separators):
            return  # it was reported as no name
        what = "asset class" if role is Role.ASSET_CLASS else "failure mode"
        place = self._sheet.place(row.number, column.number)
        fix = f"repeat the {what} in this row or merge its cell over the rows it holds for"
        self._collector.find("ERROR", place, "missing", f"the row names no {what}", _cell(row, column), fix)

    def _warn_of_several(self, row: Row, modes: list[str]) -> None:
        several = (column for column in self._objected if len(self._values(row, column)) > 1)
        other = next(several, None) if len(modes) > 1 else None
        if other:
            column = self._by_role[Role.FAILURE_MODE]
            message = f"the cell names {len(modes)} failure modes; each of them is given all of {other.text!r}"
            place = self._sheet.place(row.number, column.number)
            fix = "write one failure mode per row where they differ"
            self._collector.find("WARN", place, "several-modes", message, _cell(row, column), fix)

    # --- what it says ---

    def _modes(self, reading: _Reading) -> Truth:
        """Claim the failure modes of a row; return whether they apply to the asset class."""
        column = self._by_role[Role.FAILURE_MODE]
        truth = self._truth(reading)
        for mode in reading.subjects[FW.FailureMode]:
            self._claim(reading, column, "hasFailureMode", ("", mode), truth)
        if column.role is Role.FAILURE_MODE_AND_CAUSE:
            for text in self._values(reading.row, column):
                mode, *causes = _CAUSED.split(text)
                for cause in filter(None, causes if mode else ()):
                    self._claim(reading, column, "causedBy", (mode, cause))
        return truth

    def _truth(self, reading: _Reading) -> Truth:
        column = self._by_role.get(Role.TRUTH)
        text = _cell(reading.row, column)
        if column is None or is_truth(text):
            return truth_of(text) or Truth.YES
        message = f"{column.text!r} is {text!r}; allowed are {ALLOWED_TRUTHS}"
        place = self._sheet.place(reading.row.number, column.number)
        self._collector.find("ERROR", place, "truth", message, text, "write yes, no or unknown")
        return Truth.UNKNOWN

    def _codes(self, reading: _Reading, column: Column) -> None:
        codes, modes = self._values(reading.row, column), reading.subjects[FW.FailureMode]
        place = self._sheet.place(reading.row.number, column.number)
        if codes and len(codes) != len(modes):
            message = f"{len(codes)} codes stand for {len(modes)} failure modes; none is taken"
            fix = "write one code per failure mode"
            self._collector.find("WARN", place, "codes", message, _cell(reading.row, column), fix)
            return
        for mode, code in zip(modes, codes, strict=False):
            self._collector.mention(Mention(FW.FailureMode, mode, reading.asset_class, place, notation=code))

    def _names(self, reading: _Reading, column: Column) -> None:
        kind = _SUBJECTS.get(column.role) if column.role else None
        names = reading.subjects[kind] if kind else self._split(reading.row, column)
        for relation in _STATES[column.role] if column.role else ():
            for subject in reading.subjects.get(self._domain(relation), ()):
                for name in names:
                    self._claim(reading, column, relation, (subject, name))

    def _objects(self, reading: _Reading, column: Column) -> None:
        relation = column.field.relation if column.field else ""
        for name in self._split(reading.row, column):
            for subject in reading.subjects.get(self._domain(relation), ()):
                self._claim(reading, column, relation, (subject, name))

    def _rating(self, reading: _Reading, column: Column) -> None:
        relation = column.field.relation if column.field else ""
        place = self._sheet.place(reading.row.number, column.number)
        number = rating_of(_cell(reading.row, column), column.text, place, self._collector)
        for subject in reading.subjects.get(self._domain(relation), ()) if number else ():
            claim = Claim(reading.asset_class, relation, subject, str(number), Truth.YES, place, reading.source)
            self._collector.rating(claim)

    def _product(self, reading: _Reading, column: Column) -> None:
        ratings = [_cell(reading.row, other) for other in self._rated]
        place = self._sheet.place(reading.row.number, column.number)
        check_product(_cell(reading.row, column), ratings, column.text, place, self._collector)

    # --- cells ---

    def _domain(self, relation: str) -> str:
        known = self._collector.options.relations.get(relation)
        return (known.domain if known else "") or _DOMAINS.get(relation, FW.FailureMode)

    def _values(self, row: Row, column: Column) -> tuple[str, ...]:
        return split_values(_cell(row, column), self._separators)

    def _split(self, row: Row, column: Column) -> list[str]:
        """Return the names in a cell; what can be no name is reported."""
        values = self._values(row, column)
        if column.role is Role.FAILURE_MODE_AND_CAUSE:
            values = tuple(_CAUSED.split(value)[0] or value for value in values)
        place = self._sheet.place(row.number, column.number)
        names = (self._collector.name(value, place, repr(column.text)) for value in values)
        return list(dict.fromkeys(filter(None, names)))

    def _claim(
        self, reading: _Reading, column: Column, relation: str, ends: tuple[str, str], truth: Truth = Truth.YES
    ) -> None:
        place = self._sheet.place(reading.row.number, column.number)
        self._collector.claim(Claim(reading.asset_class, relation, *ends, truth, place, reading.source))
