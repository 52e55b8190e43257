"""Documents, the passages they are cut into, and what a search found."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a piece of evidence is: a passage of a document, or a fact of the ontology in words."""

    PASSAGE = "passage"
    FACT = "fact"


class Unreadable(Exception):
    """A document cannot be read; the rest of its folder can. `rule` names why in a word, `fix` says what to do."""

    def __init__(self, rule: str, message: str, value: str = "", fix: str = "") -> None:
        super().__init__(message)
        self.rule, self.value, self.fix = rule, value, fix


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph of a document, the heading it stands under, and its page (0: the document has none)."""

    text: str
    heading: str = ""
    page: int = 0


@dataclass(frozen=True, slots=True)
class Front:
    """What a document states about itself."""

    title: str = ""
    licence: str = ""
    author: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A document as text, in reading order; `file` is its path below the folder."""

    file: str
    front: Front
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of evidence.

    `id` is that of a fact, or doc/<document>/<number> with numbers from 1 in reading order. `file` is the document
    below its folder (of a fact: its source); `page` is 0 where there is none. The rest is what the document states.
    """

    id: str
    kind: Kind
    text: str
    file: str
    page: int = 0
    heading: str = ""
    title: str = ""
    licence: str = ""
    author: str = ""
    sources: tuple[str, ...] = ()

    @property
    def searched(self) -> str:
        """Return what a search compares: the text under its title and heading."""
        return "\n".join(dict.fromkeys(filter(None, (self.title, self.heading, self.text))))


@dataclass(frozen=True, slots=True)
class Hit:
    """A piece of evidence that a search found, and its score; scores of different searches do not compare."""

    passage: Passage
    score: float
