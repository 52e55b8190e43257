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
    shared. `kind` is the IRI of its class.
    """

    iri: str
    slug: str
    label: str
    concept: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement the ontology can judge: (asset class, relation, subject, object, truth).

    `id` reads asset-class/relation/subject/object; truth is not part of it, so that it stays the same when
    the truth is revised.

    `basis` says where the truth comes from:

    stated        a source says so
    closed-table  a closed table names both ends and does not state the pair: no
    open-table    the same in an open table: unknown
    functional    the relation allows one object, and another one is stated: no
    inherited     a broader asset class says so; `derivation` holds that class's fact
    derived       calculated; `derivation` holds the facts it was calculated from
    """

    id: str
    asset_class: Entity
    relation: str
    subject: Entity
    object: Entity
    truth: Truth
    basis: str
    source: str
    derivation: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """One wording of a question, with the slots {asset} and {anchor}; asset classes as options take no {asset}."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Family:
    """Questions of one relation, direction and polarity.

    `templates` ask for the one right option, `multiple` for all that are right, which may be none.
    """

    relation: str
    direction: Direction
    polarity: Polarity
    subject: str
    relevancy: str
    templates: tuple[Template, ...]
    multiple: tuple[Template, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """A property of the ontology that questions can be asked about.

    `statement` and `denial` put a fact into words, with the slots {asset}, {subject} and {object}. `domain` and
    `range` are the classes of its subjects and objects; a `functional` relation allows one object per subject.
    `chain` names the two relations that it joins, ^ before one that is read from its object to its subject; its
    facts are calculated, not stated.
    """

    name: str
    iri: str
    label: str
    statement: str
    denial: str
    families: tuple[Family, ...]
    domain: str = ""
    range: str = ""
    functional: bool = False
    chain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a check found.

    `level` is ERROR, WARN or INFO; `node` is what it is about: an IRI, or a sheet and cell (FM!C7); `value` is
    what stands there; `file` holds it; `rule` names the rule in a word; `fix` says what to do.
    """

    level: str
    node: str
    message: str
    value: str = ""
    file: str = ""
    rule: str = ""
    fix: str = ""
