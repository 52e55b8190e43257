"""A bare relevance matrix becomes claims: subjects down the side, objects along the top, a mark in each cell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from failwise.errors import InputError
from failwise.kg.names import did_you_mean
from failwise.kg.records import Truth
from failwise.kg.sheets.cells import ALLOWED_TRUTHS, has_letter, is_truth, truth_of
from failwise.kg.sheets.collect import Collector
from failwise.kg.sheets.fields import header_key
from failwise.kg.sheets.header import SEARCHED, Wordings
from failwise.kg.sheets.records import Claim, Place, Row, Sheet
from failwise.kg.sheets.titles import Title
from failwise.kg.vocabulary import FW

# How an asset class comes to have a thing of a class.
HELD_BY = {FW.FailureMode: "hasFailureMode", FW.Sensor: "monitoredBy", FW.Component: "hasComponent"}

_LOOKED_AT = 20  # rows below a header that decide whether it is one
_CORNER_WORDS = frozenset({"failure", "fault", "indicator", "mode", "parameter", "sensor", "symptom", "variable"})


@dataclass(frozen=True, slots=True)
class Ends:
    """The classes of a relation's subjects and objects."""

    domain: str
    range: str


def find_matrix(rows: Sequence[Row]) -> Row | None:
    """Return the header row of a bare matrix: names along the top, marks under them. None where there is none.

    `rows` is the beginning of the sheet.
    """
    for i, row in enumerate(rows[:SEARCHED]):
        names = [text for text in row.cells[1:] if text]
        below = rows[i + 1 : i + 1 + _LOOKED_AT]
        if names and all(has_letter(text) for text in names) and not any(map(is_truth, names)) and _marked(below):
            return row
    return None


def _marked(rows: Sequence[Row]) -> bool:
    """Say whether most cells of some rows are marks, those of the first row too."""
    share, first = _share(rows), _share(rows[:1])
    return share is not None and share > 0.5 and (first is None or first >= 0.5)


def _share(rows: Sequence[Row]) -> float | None:
    filled = [text for row in rows for text in row.cells[1:] if text]
    return sum(map(is_truth, filled)) / len(filled) if filled else None


def corner_name(header: Row, wordings: Wordings) -> str:
    """Return the name in the top left cell, "" where it says what rows and columns are."""
    corner = " ".join(header.cells[0].split())
    if not has_letter(corner) or wordings.match(corner) or _CORNER_WORDS & set(header_key(corner).split()):
        return ""
    return corner


def ends_of(collector: Collector) -> Ends:
    """Return the classes of what the options' matrix relation links.

    Raises:
        InputError: it is no relation that a document can state.
    """
    name, relations = collector.options.matrix_relation, collector.options.relations
    if name not in relations:
        allowed = f"allowed are {', '.join(sorted(relations))}"
        raise InputError(f"a matrix cannot state {name!r}{did_you_mean(name, relations)}; {allowed}")
    return Ends(relations[name].domain, relations[name].range)


def read_matrix(sheet: Sheet, header: Row, title: Title, collector: Collector) -> None:
    """Add what a matrix says to the collector's draft. Rows are read one at a time."""
    matrix = _Matrix(sheet, header, title, collector)
    matrix.name_columns()
    for row in sheet.rows():
        if row.number > header.number:
            matrix.read(row)


class _Matrix:
    """Reads the rows of one matrix."""

    def __init__(self, sheet: Sheet, header: Row, title: Title, collector: Collector) -> None:
        self._sheet = sheet
        self._title = title
        self._collector = collector
        self._ends = ends_of(collector)
        self._turned = collector.options.transposed
        self._header = header.number
        self._tops = dict(self._top_names(header.cells))
        self._sides: dict[str, Place] = {}

    def name_columns(self) -> None:
        """Claim that the asset class has what stands at the heads of the columns."""
        for column, name in self._tops.items():
            self._name(name, self._sheet.place(self._header, column), top=True)

    def _top_names(self, cells: Sequence[str]) -> Iterator[tuple[int, str]]:
        seen: dict[str, Place] = {}
        for column, text in enumerate(cells[1:], 2):
            place = self._sheet.place(self._header, column)
            name = self._collector.name(" ".join(text.split()), place, "the column's name") if text else ""
            if name and self._first(seen, name, place):
                yield column, name

    def _first(self, seen: dict[str, Place], name: str, place: Place) -> bool:
        """Say whether a name stands at the head of no other row or column; report where it does."""
        first = seen.setdefault(name.casefold(), place)
        if first != place:
            message = f"{name!r} stands in {first} already; {place} is left out"
            self._collector.find("ERROR", place, "twice", message, name, "join the two, or rename one of them")
        return first == place

    def read(self, row: Row) -> None:
        """Add the claims of one row."""
        place = self._sheet.place(row.number, 1)
        text = " ".join(row.cells[0].split())
        if not any(row.cells[1:]) and ("=" in text or ":" in text):
            self._collector.find("INFO", place, "heading", f"{text!r} is taken for a legend and left out", text)
            return
        if not text:
            self._collector.find("ERROR", place, "missing", "the row has marks but no name", fix="write the row's name")
            return
        side = self._collector.name(text, place, "the row's name")
        if side and self._first(self._sides, side, place):
            self._name(side, place, top=False)
            self._cells(row, side)

    def _cells(self, row: Row, side: str) -> None:
        for column, text in enumerate(row.cells[1:], 2):
            if column not in self._tops and text:
                place = self._sheet.place(row.number, column)
                fix = "write a name at the head of the column, or clear the cell"
                self._collector.find("ERROR", place, "no-header", "the column has no name", text, fix)
        for column, top in self._tops.items():
            place = self._sheet.place(row.number, column)
            text = row.cells[column - 1] if column <= len(row.cells) else ""
            if is_truth(text):
                self._pair(side, top, truth_of(text), place)
                continue
            message = f"the cell of {side!r} and {top!r} is {text!r}; allowed are {ALLOWED_TRUTHS}"
            self._collector.find("ERROR", place, "truth", message, text, "write one of the allowed marks")

    def _pair(self, side: str, top: str, truth: Truth | None, place: Place) -> None:
        subject, object_ = (top, side) if self._turned else (side, top)
        asset_class = self._title.asset_class
        if self._ends.domain == FW.AssetClass:
            asset_class, subject = subject, ""
        self._collector.asset_class(asset_class, place, self._title.source)
        relation = self._collector.options.matrix_relation
        self._collector.claim(Claim(asset_class, relation, subject, object_, truth, place))

    def _name(self, name: str, place: Place, *, top: bool) -> None:
        """Claim that the asset class has what stands at the head of a row or column."""
        kind = self._ends.range if top is not self._turned else self._ends.domain
        relation = HELD_BY.get(kind, "")
        if relation and self._ends.domain == FW.FailureMode:
            self._collector.asset_class(self._title.asset_class, self._title.place, self._title.source)
            self._collector.claim(Claim(self._title.asset_class, relation, "", name, Truth.YES, place))
