"""Lists become claims: one fact per row, or one pair of failure mode and sensor per row."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from failwise.kg.names import did_you_mean
from failwise.kg.records import Relation, Truth
from failwise.kg.sheets.cells import ALLOWED_TRUTHS, is_truth, says_nothing, truth_of
from failwise.kg.sheets.collect import Collector
from failwise.kg.sheets.fields import Role, header_key
from failwise.kg.sheets.header import SEARCHED, Wordings
from failwise.kg.sheets.matrix import HELD_BY
from failwise.kg.sheets.ratings import rating_of
from failwise.kg.sheets.records import Claim, Mention, Place, Row, Sheet
from failwise.kg.sheets.titles import Title
from failwise.kg.vocabulary import FIXED, FW, KINDS

_FACTS = ("asset-class", "relation", "subject", "object")
_MORE = ("truth", "source", "basis", "kind", "id", "derivation")
# What follows from other facts is calculated again, not imported.
_CALCULATED = frozenset({"inherited", "derived", "functional"})

_PAIRS = (
    {Role.ASSET_CLASS, Role.FAILURE_MODE, Role.SENSOR, Role.TRUTH},
    {Role.FAILURE_MODE, Role.SENSOR, Role.TRUTH},
    {Role.ASSET_CLASS, Role.FAILURE_MODE},
    {Role.ASSET_CLASS, Role.SENSOR},
)
_IDLE = frozenset({Role.IGNORED, Role.COMMENT, Role.SOURCE})
_KINDS_BY_NAME = {kind.name: kind for kind in KINDS.values()}


@dataclass(frozen=True, slots=True)
class ListHeader:
    """The header of a list: its row, and the numbers of its columns by what they hold."""

    row: int
    columns: Mapping[str, int]

    @property
    def facts(self) -> bool:
        """Whether each row states a fact by its relation."""
        return "relation" in self.columns


def find_list(rows: Sequence[Row], wordings: Wordings) -> ListHeader | None:
    """Return the header of a list, None where there is none. `rows` is the beginning of the sheet."""
    for row in rows[:SEARCHED]:
        texts = [(text, number) for number, text in enumerate(row.cells, 1) if text]
        keys = {key: number for text, number in reversed(texts) for key in _fact_keys(text)}
        if keys.keys() >= set(_FACTS):
            return ListHeader(row.number, keys)
        roles = {field.role: number for text, number in texts if (field := wordings.match(text))}
        if len(roles) == len(texts) and roles.keys() - _IDLE in _PAIRS:
            return ListHeader(row.number, {role.value: number for role, number in roles.items()})
    return None


def _fact_keys(text: str) -> list[str]:
    """Return the fact column that a header names, if any."""
    return [name for name in (*_FACTS, *_MORE) if header_key(name) == header_key(text)]


def read_list(sheet: Sheet, header: ListHeader, title: Title, collector: Collector) -> None:
    """Add what a list says to the collector's draft. Rows are read one at a time."""
    reader = _Facts if header.facts else _Pairs
    if header.facts:
        _check_columns(sheet, header, collector)
    rows = reader(sheet, header, title, collector)
    for row in sheet.rows():
        if row.number > header.row:
            rows.read(row)


def _check_columns(sheet: Sheet, header: ListHeader, collector: Collector) -> None:
    """Report the columns of a list of facts that are there twice, or that nobody knows."""
    row = next(row for row in sheet.rows() if row.number == header.row)
    known = (*_FACTS, *_MORE)
    for number, text in enumerate(row.cells, 1):
        place = sheet.place(row.number, number)
        if not text or number in header.columns.values():
            continue
        if twice := _fact_keys(text):
            message = f"{text!r} in {place} stands in {sheet.place(row.number, header.columns[twice[0]])} already"
            collector.find("ERROR", place, "two-columns-one-field", message, text, "delete one of the two columns")
        else:
            message = f"no fact has a {text!r}{did_you_mean(text, known)}; the column is left out"
            collector.find("WARN", place, "unknown-column", message, text, f"known are {', '.join(known)}")


class _Rows(ABC):
    """What all lists have in common."""

    def __init__(self, sheet: Sheet, header: ListHeader, title: Title, collector: Collector) -> None:
        self._sheet = sheet
        self._columns = header.columns
        self._title = title
        self._collector = collector
        self._seen: dict[int, int] = {}

    def read(self, row: Row) -> None:
        """Add the claims of one row, unless an earlier row made them."""
        cells = [self._text(row, name) for name in self._columns if name != "id"]
        if not any(cells) or self._collector.repeats(self._seen, cells, self._sheet.place(row.number)):
            return
        asset_class = self._text(row, Role.ASSET_CLASS) or self._title.asset_class
        place = self._place(row, Role.ASSET_CLASS)
        if not asset_class:
            self._collector.find("ERROR", place, "missing", "the row names no asset class", fix="write its name")
        elif self._collector.name(asset_class, place, "the asset class"):
            self._collector.asset_class(asset_class, place, self._title.source)
            self._read(row, asset_class)

    @abstractmethod
    def _read(self, row: Row, asset_class: str) -> None:
        """Add the claims of a row about an asset class."""

    def _text(self, row: Row, name: str) -> str:
        number = self._columns.get(name, 0)
        return " ".join(row.cells[number - 1].split()) if 0 < number <= len(row.cells) else ""

    def _place(self, row: Row, name: str) -> Place:
        return self._sheet.place(row.number, self._columns.get(name, 0))

    def _name(self, row: Row, name: str) -> str:
        text = self._text(row, name)
        return self._collector.name(text, self._place(row, name), f"the {name.replace('-', ' ')}")

    def _truth(self, row: Row) -> Truth | None:
        """Return the truth in a row, None where it is blank.

        Raises:
            _Wrong: the cell holds something else; it was reported.
        """
        text = self._text(row, "truth")
        if "truth" not in self._columns:
            return Truth.YES
        if not is_truth(text):
            message = f"the truth is {text!r}; allowed are {ALLOWED_TRUTHS}"
            self._collector.find("ERROR", self._place(row, "truth"), "truth", message, text, "write yes, no or unknown")
            raise _Wrong
        return truth_of(text)


class _Wrong(Exception):
    """A row was given up; why was reported."""


class _Pairs(_Rows):
    """An asset class with a failure mode, a sensor, or both and whether one tells of the other."""

    def _read(self, row: Row, asset_class: str) -> None:
        names = {kind: self._name(row, role) for role, kind in _PAIR_KINDS.items() if role in self._columns}
        if not all(names.values()):
            return
        try:
            truth = self._truth(row)
        except _Wrong:
            return
        source = self._text(row, Role.SOURCE)
        both = len(names) == len(_PAIR_KINDS)
        for kind, name in names.items():
            if both and kind == FW.Sensor:
                continue  # the sensor is judged for the failure mode, not said to be fitted
            place = self._place(row, _ROLES_OF_KIND[kind])
            self._collector.claim(Claim(asset_class, HELD_BY[kind], "", name, Truth.YES, place, source))
        if both:
            ends = names[FW.FailureMode], names[FW.Sensor]
            self._collector.claim(Claim(asset_class, "indicatedBy", *ends, truth, self._place(row, "truth"), source))


_PAIR_KINDS = {Role.FAILURE_MODE: FW.FailureMode, Role.SENSOR: FW.Sensor}
_ROLES_OF_KIND = {kind: role for role, kind in _PAIR_KINDS.items()}


class _Facts(_Rows):
    """A fact: relation, subject, object and truth; or what a thing is called, or what it is a kind of."""

    def __init__(self, sheet: Sheet, header: ListHeader, title: Title, collector: Collector) -> None:
        super().__init__(sheet, header, title, collector)
        relations = collector.options.relations.values()
        self._relations: dict[str, Relation] = {header_key(r.label): r for r in relations}
        self._relations |= {r.name.casefold(): r for r in relations}
        self._said: dict[str, Callable[[Row, str], None]] = {
            "kindof": self._kind_of,
            "twinof": self._twin_of,
            "altlabel": self._called,
            "notation": self._called,
        }

    def _read(self, row: Row, asset_class: str) -> None:
        if self._text(row, "basis").casefold() in _CALCULATED:
            return
        text = self._text(row, "relation")
        said = self._said.get(text.casefold())
        relation = self._relations.get(text.casefold()) or self._relations.get(header_key(text))
        if said:
            said(row, asset_class)
        elif relation:
            self._fact(row, asset_class, relation)
        else:
            names = [*(r.name for r in self._relations.values()), "kindOf", "twinOf", "altLabel", "notation"]
            message = f"{text!r} is no relation{did_you_mean(text, names)}"
            fix = f"write one of {', '.join(dict.fromkeys(names))}"
            self._collector.find("ERROR", self._place(row, "relation"), "unknown-relation", message, text, fix)

    def _fact(self, row: Row, asset_class: str, relation: Relation) -> None:
        try:
            subject = self._subject(row, asset_class, relation)
            object_ = self._object(row, relation)
            truth = self._truth(row)
        except _Wrong:
            return
        claim = Claim(
            asset_class, relation.name, subject, object_, truth, self._place(row, "object"), self._text(row, "source")
        )
        self._collector.claim(claim)

    def _subject(self, row: Row, asset_class: str, relation: Relation) -> str:
        text = self._text(row, "subject")
        if relation.domain == FW.AssetClass and text.casefold() in ("", asset_class.casefold()):
            return ""
        if relation.domain == FW.AssetClass:
            message = f"the subject of {relation.name} is {text!r}, but it is said of the asset class itself"
            fix = f"leave the cell blank, or write {asset_class!r}"
            self._collector.find("ERROR", self._place(row, "subject"), "subject", message, text, fix)
            raise _Wrong
        return self._needed(row, "subject")

    def _object(self, row: Row, relation: Relation) -> str:
        if relation.range not in FIXED or says_nothing(self._text(row, "object")):
            return self._needed(row, "object")
        text, place = self._text(row, "object"), self._place(row, "object")
        number = rating_of(text, relation.name, place, self._collector) if relation.range == FW.Rating else text
        if number is None:
            raise _Wrong
        return str(number)

    def _needed(self, row: Row, name: str) -> str:
        if not self._text(row, name):
            message = f"the row names no {name}"
            self._collector.find("ERROR", self._place(row, name), "missing", message, fix=f"write the {name}")
        elif found := self._name(row, name):
            return found
        raise _Wrong

    # --- what is said of names ---

    def _kind_of(self, row: Row, asset_class: str) -> None:
        self._add(row, self._collector.draft.asset_classes[asset_class].kind_of)

    def _twin_of(self, row: Row, asset_class: str) -> None:
        self._add(row, self._collector.draft.asset_classes[asset_class].twin_of)

    def _add(self, row: Row, names: list[str]) -> None:
        try:
            name = self._needed(row, "object")
        except _Wrong:
            return
        if name not in names:
            names.append(name)

    def _called(self, row: Row, asset_class: str) -> None:
        kind = self._kind(row, asset_class)
        label, value = self._text(row, "subject") or asset_class, self._text(row, "object")
        if not kind or not value:
            place, what = (self._place(row, "object"), "object") if kind else (self._place(row, "kind"), "kind")
            text = self._text(row, what)
            message = f"the {what} is {text!r}; {'a name or code' if kind else 'the kind of thing'} is needed"
            fix = f"write one of {', '.join(_KINDS_BY_NAME)}" if not kind else "write it"
            self._collector.find("ERROR", place, "missing", message, text, fix)
            return
        owner = asset_class if KINDS[kind].local else ""
        place = self._place(row, "object")
        if self._text(row, "relation").casefold() == "notation":
            self._collector.mention(Mention(kind, label, owner, place, notation=value))
        else:
            self._collector.mention(Mention(kind, label, owner, place, alternatives=(value,)))

    def _kind(self, row: Row, asset_class: str) -> str:
        """Return the class of a row's subject, "" where it is not given."""
        found = _KINDS_BY_NAME.get(self._text(row, "kind").casefold().replace("_", " "))
        if found:
            return found.iri
        itself = self._text(row, "subject").casefold() in ("", asset_class.casefold())
        return FW.AssetClass if itself and not self._text(row, "kind") else ""
