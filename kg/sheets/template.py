"""The workbook for one asset class, as data: its sheets, their columns, and which column states which relation.

The writer and the reader both follow these tables, so a column added here is written, offered and read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from failwise.kg.records import Truth
from failwise.kg.sheets.records import Claim, Mention
from failwise.kg.vocabulary import FW

MARKER = "failwise template 1"
NOT_STATED = "not stated"
READ_ME, ASSET_CLASS, MATRIX, MORE_FACTS, KNOWN = "Read me", "Asset class", "FM x sensor", "More facts", "Known names"
CORNER = "Failure mode / sensor"
INDICATED_BY = "indicatedBy"
BLANK_MEANS = ("Relation", "A blank means")

NAME, KIND_OF, TWIN_OF, SOURCE = "Name", "Kind of", "Twin of", "Source"
CITATION, LICENCE, COMMENT = "Source citation", "Licence", "Comment"
ASSET_FIELDS = {
    NAME: "The name of the asset class: heat pump. Needed.",
    KIND_OF: "A broader asset class, one per row. What is known of it holds here too, unless you say otherwise.",
    TWIN_OF: "The same kind of equipment, described by another source; one per row.",
    SOURCE: "A short name for where these facts come from: ISO 17359, plant FMEA 2024.",
    CITATION: "The full reference: title, edition, page.",
    LICENCE: "Under which licence the facts may be used, if you know it.",
    COMMENT: "Anything a reader should know about this asset class.",
}


class Role(StrEnum):
    """What a cell of a column is."""

    NAME = "name"
    CODE = "code"
    OTHER_NAMES = "other names"
    TRUTH = "truth"
    OBJECTS = "objects"
    RATING = "rating"
    SOURCE = "source"
    COMMENT = "comment"
    RELATION = "relation"
    SUBJECT = "subject"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: a TRUTH says whether the asset class has the row's thing, OBJECTS and RATING say what the thing has.

    `kind` is the class of the names in it; `blank` is what an empty TRUTH cell says.
    """

    title: str
    role: Role
    hint: str
    width: int = 22
    relation: str = ""
    kind: str = ""
    blank: Truth | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet with one thing of a kind per row."""

    name: str
    kind: str
    about: str
    columns: tuple[Column, ...]

    @property
    def name_column(self) -> int:
        """Number of the column that names the row's thing, from 1."""
        return next(i for i, column in enumerate(self.columns, 1) if column.role is Role.NAME)


_SEVERAL = "Several: with ; or a line break between them."
_CODE = Column("Code", Role.CODE, "A code from a standard or your own system: ISO 14224's VIB.", 12)
_OTHERS = Column("Other names", Role.OTHER_NAMES, f"Other words for the same thing. {_SEVERAL}", 26)
_SOURCE = Column("Source", Role.SOURCE, "Where this row comes from, if not from the source on Asset class.", 20)
_NOTE = Column("Comment", Role.COMMENT, "A note for yourself. It stays in this workbook.", 40)


def _name(thing: str, kind: str) -> Column:
    return Column("Name", Role.NAME, f"The {thing}, one per row. Pick a known name or type a new one.", 32, kind=kind)


def _objects(title: str, relation: str, kind: str, hint: str) -> Column:
    return Column(title, Role.OBJECTS, f"{hint} {_SEVERAL}", 26, relation, kind)


def _rating(title: str, relation: str, hint: str) -> Column:
    return Column(title, Role.RATING, f"{hint} A whole number from 1 to 10.", 12, relation, FW.Rating)


def _plain(name: str, kind: str, thing: str, about: str) -> Table:
    return Table(name, kind, about, (_name(thing, kind), _CODE, _OTHERS, _NOTE))


_APPLIES = Column(
    "Applies",
    Role.TRUTH,
    "Whether the asset class shows this failure mode. Blank is yes; write no or unknown where it is not.",
    12,
    "hasFailureMode",
    blank=Truth.YES,
)
_FITTED = Column(
    "Fitted",
    Role.TRUTH,
    "Whether the asset class has this component. Blank is yes; write no or unknown where it is not.",
    12,
    "hasComponent",
    blank=Truth.YES,
)
_MONITORED = Column(
    "Monitored",
    Role.TRUTH,
    "Whether this quantity is monitored on the asset class: yes, no or unknown.",
    14,
    "monitoredBy",
)

MODES = Table(
    "Failure modes",
    FW.FailureMode,
    "The ways in which the asset class fails, one per row, with all that is known of each.",
    (
        _name("failure mode", FW.FailureMode),
        _APPLIES,
        _CODE,
        _OTHERS,
        _objects("Component", "occursIn", FW.Component, "Where it occurs; see the sheet Components."),
        _objects("Function", "impairsFunction", FW.Function, "The function that is lost or impaired."),
        _objects("Mechanism", "hasMechanism", FW.Mechanism, "The process that degrades the item: fatigue, erosion."),
        _objects("Causes", "causedBy", FW.Cause, "What leads to it: wrong assembly."),
        _objects("Local effects", "hasLocalEffect", FW.Effect, "What is felt at the item."),
        _objects("End effects", "hasEndEffect", FW.Effect, "What is felt by the plant."),
        _objects("Detection methods", "detectedBy", FW.DetectionMethod, "How it, or its beginning, is found."),
        _objects("Tasks", "mitigatedBy", FW.MaintenanceTask, "What is done to prevent, find or mend it."),
        _rating("Severity", "hasSeverity", "How bad its effects are."),
        _rating("Occurrence", "hasOccurrence", "How often it is expected."),
        _rating("Detection", "hasDetection", "How hard it is to find in time."),
        _SOURCE,
    ),
)
COMPONENTS = Table(
    "Components",
    FW.Component,
    "The parts of the asset class that fail or are maintained.",
    (
        _name("component", FW.Component),
        _FITTED,
        _CODE,
        _OTHERS,
        _objects("Functions", "hasFunction", FW.Function, "What the component is there to do."),
        _SOURCE,
    ),
)
SENSORS = Table(
    "Sensors",
    FW.Sensor,
    "The quantities that can be monitored: vibration, oil debris.",
    (_name("sensor", FW.Sensor), _MONITORED, _CODE, _OTHERS, _NOTE),
)
TABLES = (
    MODES,
    COMPONENTS,
    SENSORS,
    _plain("Functions", FW.Function, "function", "What the asset class and its components are there to do."),
    _plain("Causes", FW.Cause, "cause", "Circumstances that lead to failure modes."),
    _plain("Mechanisms", FW.Mechanism, "mechanism", "Processes that degrade an item until it fails."),
    _plain("Effects", FW.Effect, "effect", "Consequences of failure modes, local and at the end."),
    _plain("Detection methods", FW.DetectionMethod, "detection method", "Ways to find a failure mode."),
    _plain("Tasks", FW.MaintenanceTask, "maintenance task", "Maintenance that prevents, finds or mends."),
)
FACTS = Table(
    MORE_FACTS,
    "",
    "Facts that no column holds: a no for a cause, a second source, a relation of your own.",
    (
        Column("Relation", Role.RELATION, "The relation by its name: causedBy.", 22),
        Column("Subject", Role.SUBJECT, "What the fact is about; blank for the asset class itself.", 32),
        Column("Object", Role.OBJECT, "The other end of the fact. One name, not a list.", 32),
        Column("Truth", Role.TRUTH, "yes, no or unknown.", 12),
        Column("Source", Role.SOURCE, _SOURCE.hint, 24),
    ),
)
SHEETS = (ASSET_CLASS, *(table.name for table in TABLES), MATRIX, MORE_FACTS)
TABLE_OF = {table.kind: table for table in TABLES}

# A name of these kinds counts only if its own sheet declares it; for the others that sheet may stay empty.
DECLARED = frozenset({FW.FailureMode, FW.Component, FW.Sensor})

COLUMN_OF = {column.relation: (table, column) for table in TABLES for column in table.columns if column.relation}

_ENDS = {
    relation: (FW.AssetClass, table.kind) if column.role is Role.TRUTH else (table.kind, column.kind)
    for relation, (table, column) in COLUMN_OF.items()
} | {INDICATED_BY: (FW.FailureMode, FW.Sensor)}
# Relation -> the classes of its subjects and objects, for all that have a cell of their own.
ENDS: Mapping[str, tuple[str, str]] = _ENDS

# A rating is one number: that the others do not hold needs no saying.
CLOSABLE = tuple(relation for relation, ends in _ENDS.items() if ends[1] != FW.Rating)


@dataclass(frozen=True, slots=True)
class TemplateContent:
    """What a workbook is filled with; all names are labels.

    `known` holds the labels offered per class and `asset_classes` those offered for *kind of* and *twin of*;
    `relations` holds the names of the ontology's relations. `closed` holds the relations whose blanks mean no.

    A claim whose `source` is the content's own is written as one without a source. Where `exact` is set, what no
    claim says is written as "not stated", so that reading gives back these claims and no more; otherwise it is
    left blank, to be filled in.
    """

    asset_class: str = ""
    kind_of: Sequence[str] = ()
    twin_of: Sequence[str] = ()
    source: str = ""
    citation: str = ""
    licence: str = ""
    comment: str = ""
    closed: frozenset[str] = frozenset()
    known: Mapping[str, Sequence[str]] = field(default_factory=dict)
    asset_classes: Sequence[str] = ()
    relations: Sequence[str] = ()
    mentions: Sequence[Mention] = ()
    claims: Sequence[Claim] = ()
    exact: bool = False


_QUOTED = re.compile(r'\s*"((?:[^"]|"")*)"\s*(?:[;\n]|$)')
_PLAIN = re.compile(r"([^;\n]*)(?:[;\n]|$)")


def split_names(text: str) -> list[str]:
    """Return the names in a cell, each once; one that holds ; or a line break stands in "quotes"."""
    names: dict[str, None] = {}
    position = 0
    while position < len(text):
        quoted = _QUOTED.match(text, position)
        match = quoted or _PLAIN.match(text, position)
        if match is None:  # cannot be: the plain pattern matches anything
            break
        name = match[1].replace('""', '"') if quoted else match[1]
        if name.strip():
            names[name.strip()] = None
        position = match.end()
    return list(names)


def join_names(names: Sequence[str]) -> str:
    """Return names as the text of one cell, which `split_names` takes apart again."""
    return "; ".join(_quote(name) if re.search(r'[;\n]|^"', name) else name for name in names)


def _quote(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def name_key(name: str) -> str:
    """Return what two spellings of a name have in common here: case and spaces do not matter."""
    return " ".join(name.casefold().split())
