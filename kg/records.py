"""What the graph says, as records: facts with three truth values, relations and their question families."""

from dataclasses import dataclass
from enum import StrEnum


class Truth(StrEnum):
    """Truth of a fact. *No* is stated or follows from a closed table; *unknown* is never used as an answer."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Direction(StrEnum):
    """Which end of a relation a question gives: forward gives the subject, inverse gives the object."""

    FORWARD = "forward"
    INVERSE = "inverse"


class Polarity(StrEnum):
    """Selection asks for the option that holds, elimination for the one that does not."""

    SELECTION = "selection"
    ELIMINATION = "elimination"


@dataclass(frozen=True, slots=True)
class Entity:
    """A thing of the ontology.

    `slug` is its readable id part. `concept` is an IRI shared by entities that mean the same on several asset
    classes (bearing damage of a pump, of a fan) or by two spellings of a name; its own IRI where nothing is
    shared.
    """

    iri: str
    slug: str
    label: str
    concept: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement the ontology can judge: (asset class, relation, subject, object, truth).

    `id` reads asset-class/relation/subject/object; truth is not part of it, so that it stays the same when
    the truth is revised. `basis` says why a *no* is a no: `stated`, or `closed-table`.
    """

    id: str
    asset_class: Entity
    relation: str
    subject: Entity
    object: Entity
    truth: Truth
    basis: str
    source: str


@dataclass(frozen=True, slots=True)
class Template:
    """One wording of a question, with the slots {asset} and {anchor}."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Family:
    """Questions of one relation, direction and polarity, with their wordings."""

    relation: str
    direction: Direction
    polarity: Polarity
    subject: str
    relevancy: str
    templates: tuple[Template, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """A property of the ontology that questions can be asked about.

    `statement` and `denial` put a fact into words, with the slots {asset}, {subject} and {object}.
    """

    name: str
    iri: str
    label: str
    statement: str
    denial: str
    families: tuple[Family, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a check found: `level` is ERROR, WARN or INFO; `node` is what it is about; `file` declares it."""

    level: str
    node: str
    message: str
    value: str = ""
    file: str = ""
