"""What a worksheet holds, and what it says: rows of text with addresses, then a draft of asset classes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from failwise.kg.records import Finding, Truth


def column_letters(column: int) -> str:
    """Return a column's name: 1 is A, 27 is AA."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a document. Rows and columns count from 1; column 0 means the whole row, row 0 the
    whole sheet or document."""

    file: str
    sheet: str
    row: int
    column: int = 0

    def __str__(self) -> str:
        if not self.row:
            return self.sheet or self.file
        cell = f"{column_letters(self.column)}{self.row}" if self.column else f"row {self.row}"
        return f"{self.sheet}!{cell}" if self.sheet else cell


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number in the sheet and the text of its cells from column 1 on.

    Text is stripped and in Unicode form NFC. A merged cell's text stands in every cell of the merged range, so a
    failure mode that spans five rows is there in each of them. Empty is "".
    """

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """One sheet of a document. `rows` starts over at each call and reads as it goes, without rows that hold nothing.

    `name` is "" where the document has no sheets (CSV). What reading finds amiss goes to the list that
    `read_document` was given.
    """

    file: str
    name: str
    rows: Callable[[], Iterator[Row]]

    def place(self, row: int, column: int = 0) -> Place:
        """Return the address of a cell."""
        return Place(self.file, self.name, row, column)


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing a document says: this pair of names is yes, no or unknown for a relation of an asset class.

    `subject` is "" where the asset class itself is the subject. `truth` is None for a cell that was left blank
    in a table that asks for the pair. `source` is the label or slug of a source, or slugs with commas between them
    as facts have them, "" for the document's own.
    """

    asset_class: str
    relation: str
    subject: str
    object: str
    truth: Truth | None
    place: Place
    source: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """A name that a document declares: `kind` is the IRI of its class; `asset_class` is "" for shared kinds."""

    kind: str
    label: str
    asset_class: str
    place: Place
    notation: str = ""
    alternatives: tuple[str, ...] = ()


@dataclass
class AssetDraft:
    """What a document says of an asset class itself.

    `source` is the label or slug of the source of its facts, "" where the document names none. `closed` holds
    the names of relations whose blanks the document declares to mean no.
    """

    label: str
    place: Place
    kind_of: list[str] = field(default_factory=list)
    twin_of: list[str] = field(default_factory=list)
    source: str = ""
    closed: set[str] = field(default_factory=set)
    comment: str = ""


@dataclass(frozen=True, slots=True)
class SourceNote:
    """What a document says of a source besides its label: the full reference, and the licence of its facts."""

    citation: str = ""
    licence: str = ""


@dataclass
class Draft:
    """All that a set of documents says, with the address of every word, and what was found amiss while reading."""

    asset_classes: dict[str, AssetDraft] = field(default_factory=dict)
    mentions: list[Mention] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    sources: dict[str, SourceNote] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def asset_class(self, label: str, place: Place) -> AssetDraft:
        """Return the draft of an asset class, made on first mention."""
        return self.asset_classes.setdefault(label, AssetDraft(label, place))

    def take(self, other: "Draft", renamed: Mapping[str, str]) -> None:
        """Add all that another draft says, with some of its asset classes under other labels."""
        for label, asset in other.asset_classes.items():
            known = self.asset_class(renamed.get(label, label), asset.place)
            known.kind_of += [name for name in asset.kind_of if name not in known.kind_of]
            known.twin_of += [name for name in asset.twin_of if name not in known.twin_of]
            known.source, known.comment = known.source or asset.source, known.comment or asset.comment
            known.closed |= asset.closed
        for claim in other.claims:
            new = renamed.get(claim.asset_class)
            self.claims.append(replace(claim, asset_class=new) if new else claim)
        for mention in other.mentions:
            new = renamed.get(mention.asset_class)
            self.mentions.append(replace(mention, asset_class=new) if new else mention)
        self.sources |= other.sources
        self.findings += other.findings

    def find(self, level: str, place: Place, rule: str, message: str, value: str = "", fix: str = "") -> None:
        """Note a finding at an address."""
        self.findings.append(Finding(level, str(place), message, value, place.file, rule, fix))
