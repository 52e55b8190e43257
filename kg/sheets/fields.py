"""What a column of a worksheet can hold, the header wordings it is known by, and how a document is to be read."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from failwise.errors import InputError, OntologyError
from failwise.kg.names import did_you_mean
from failwise.kg.records import Relation
from failwise.kg.triples import Triples
from failwise.kg.vocabulary import FIELD, FW, RDFS, REL


class Role(StrEnum):
    """What the importer does with a column.

    A *system* stands for the asset class and a *subunit* for the component where no column names them closer.
    A *product* (a risk priority number) is checked, never imported. A *next effect* and a *severity class* have
    no place in the ontology: they are left out, and the importer says so.
    """

    ASSET_CLASS = "asset-class"
    SYSTEM = "system"
    COMPONENT = "component"
    SUBUNIT = "subunit"
    FUNCTION = "function"
    FAILURE_MODE = "failure-mode"
    FAILURE_MODE_AND_CAUSE = "failure-mode-and-cause"
    SENSOR = "sensor"
    OBJECT = "object"
    RATING = "rating"
    PRODUCT = "product"
    CODE = "code"
    TRUTH = "truth"
    SOURCE = "source"
    COMMENT = "comment"
    NEXT_EFFECT = "next-effect"
    SEVERITY_CLASS = "severity-class"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Field:
    """What a column can hold: its name (what a user maps a header to), its role and its header wordings."""

    name: str
    role: Role
    relation: str = ""
    headers: tuple[str, ...] = ()


IGNORE = Field("ignore", Role.IGNORED)

_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}")
_NUMBERING = re.compile(r"^\s*(?:\d+(?:\.\d+)*[.):]?|[a-z][.)])\s+(?=\S)")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"[^\W_]+")
_FILLER = frozenset({"a", "an", "of", "possible", "potential", "the"})


def header_key(text: str) -> str:
    """Return what the wordings of one header have in common.

    Case, punctuation, plural, filler words, numbering, units in brackets, line breaks, the order of words and
    whether they are writtenLikeThis do not matter: "2. Potential Effect(s) of Failure" and "failure effects" are one.
    """
    plain = _BRACKETS.sub(" ", _CAMEL.sub(" ", text))
    plain = plain if _WORD.search(plain) else text
    plain = " ".join(_NUMBERING.sub("", part) for part in plain.casefold().split(" / ")).replace("#", " no ")
    words = [_singular(word) for word in _WORD.findall(plain)]
    return " ".join(sorted({word for word in words if word not in _FILLER} or set(words)))


def _singular(word: str) -> str:
    if len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith("sses"):
        return word[:-2]
    return word.removesuffix("s")


class Fields:
    """The fields that a header can mean, found by wording or by name."""

    def __init__(self, fields: Iterable[Field] = ()) -> None:
        self._by_key: dict[str, Field] = {}
        self._by_name: dict[str, Field] = {}
        self.wordings: list[str] = []
        for item in fields:
            self._by_name.setdefault(header_key(item.name), item)
            for header in item.headers:
                self._add(header, item)

    def _add(self, header: str, item: Field) -> None:
        known = self._by_key.setdefault(header_key(header), item)
        if known.name != item.name:
            raise OntologyError(f"the header {header!r} is given to two fields, {known.name} and {item.name}; keep one")
        self.wordings.append(header)

    def match(self, header: str) -> Field | None:
        """Return the field that a header's wording means, or None."""
        return self._by_key.get(header_key(header))

    def named(self, name: str) -> Field:
        """Return the field of a name.

        Raises:
            InputError: no field is called so.
        """
        if name.strip().casefold() in ("ignore", "ignored", ""):
            return IGNORE
        found = self._by_name.get(header_key(name)) or self.match(name)
        if found is None:
            names = sorted({item.name for item in self._by_name.values()})
            allowed = f"allowed are ignore, {', '.join(names)}"
            raise InputError(f"no worksheet field is called {name!r}{did_you_mean(name, names)}; {allowed}")
        return found

    def extended(self, relations: Iterable[Relation]) -> "Fields":
        """Return these fields, known by the relations' labels too, and one more for each relation that has none."""
        more = Fields()
        more._by_key, more._by_name, more.wordings = dict(self._by_key), dict(self._by_name), list(self.wordings)
        for relation in relations:
            item = more._by_name.setdefault(header_key(relation.name), self._of(relation))
            for wording in (relation.label, relation.label.removeprefix("is ").removeprefix("has "), relation.name):
                if more._by_key.setdefault(header_key(wording), item) is item:
                    more.wordings.append(wording)
        return more

    def _of(self, relation: Relation) -> Field:
        """Return the field that states a relation, a new one where there is none."""
        role = _ROLE_OF_RELATION.get(relation.name)
        for item in self._by_name.values():
            if item.role is role or item.relation == relation.name:
                return item
        return Field(relation.name, role or _ROLE_OF_RANGE.get(relation.range, Role.OBJECT), relation.name)


_ROLE_OF_RANGE = {FW.Rating: Role.RATING, FW.Number: Role.PRODUCT}
_ROLE_OF_RELATION = {
    "hasFailureMode": Role.FAILURE_MODE,
    "hasComponent": Role.COMPONENT,
    "occursIn": Role.COMPONENT,
    "hasFunction": Role.FUNCTION,
    "impairsFunction": Role.FUNCTION,
    "monitoredBy": Role.SENSOR,
    "indicatedBy": Role.SENSOR,
}


def read_fields(graph: Triples) -> Fields:
    """Return the worksheet fields that an ontology describes (fw:Field).

    Raises:
        OntologyError: a role is none of the roles, or one wording is given to two fields.
    """
    return Fields(_field(graph, node) for node in graph.instances(FW.Field))


def _field(graph: Triples, node: str) -> Field:
    role = str(graph.value(node, FW.role) or "")
    if role not in set(Role):
        raise OntologyError(f"{node} has the role {role!r}{did_you_mean(role, Role)}; allowed are {', '.join(Role)}")
    name = node.removeprefix(FIELD)
    relation = str(graph.value(node, FW.relation) or "").removeprefix(REL)
    label = str(graph.value(node, RDFS.label) or name)
    headers = dict.fromkeys([label, *map(str, graph.objects(node, FW.header))])
    return Field(name, Role(role), relation, tuple(headers))


@dataclass(frozen=True)
class ReadOptions:
    """How a document is to be read.

    Args:
        asset_class: the name to use where the document names none.
        headers: what the user says of headers: text or address (FMEA!C4) -> field name, relation name or "ignore".
        relations: the ontology's relations; a column headed with a relation's label states that relation.
        fields: the header wordings (see `read_fields`).
        matrix_relation: what a tick in a bare matrix states.
        transposed: whether the rows of a bare matrix are the objects, not the subjects.
        separators: what stands between several values in one cell.
    """

    asset_class: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    relations: Mapping[str, Relation] = field(default_factory=dict)
    fields: Fields = field(default_factory=Fields)
    matrix_relation: str = "indicatedBy"
    transposed: bool = False
    separators: tuple[str, ...] = ("\n", ";", "|")
