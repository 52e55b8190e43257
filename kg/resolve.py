"""Which known thing a name means: the same label, the same name in another spelling, or one of its other names.

Only what is certain joins here. Look-alikes are suggested by `suggest.py` and confirmed in the file of
`decisions.py`.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from failwise.kg.triples import Triples
from failwise.kg.vocabulary import FW, KINDS, RDFS, SKOS

# Words that end in s and are no plurals, and plurals that no rule makes right.
_SINGULAR = frozenset(
    re.findall(
        r"\w+",
        "alias always apparatus atlas axis basis bias bus canvas chaos chassis gas goods hertz its lens mains means "
        "news perhaps plus series siemens species status thus vas",
    )
)
_IRREGULAR = {
    "analyses": "analysis",
    "apices": "apex",
    "axes": "axis",
    "caches": "cache",
    "criteria": "criterion",
    "diagnoses": "diagnosis",
    "feet": "foot",
    "indices": "index",
    "knives": "knife",
    "matrices": "matrix",
    "shelves": "shelf",
    "teeth": "tooth",
    "vertices": "vertex",
}
# British and American spelling; the key has one of the two, no matter which.
_SPELLING = tuple(
    (re.compile(pattern), key)
    for pattern, key in (
        (r"([a-z]{3})i[sz](e|ed|er|ing|ation|ator)$", r"\1is\2"),
        (r"([a-z]{3})yz(e|ed|er|ing)$", r"\1ys\2"),
        (r"(vap|col|lab|fav|arm|rum|vig|^od|behavi|neighb|harb)our", r"\1or"),
        (r"(fib|cent|lit|met|calib|manoeuv)re($|glass)", r"\1er\2"),
        (r"([a-z]el|^signal|^initial)l(ed|er|ing)$", r"\1\2"),
        (r"(log)ue$|(program)me$", r"\1\2"),
        (r"(licen|defen|offen)ce$", r"\1se"),
        (r"^sulph", "sulf"),
        (r"^aluminium", "aluminum"),
        (r"^manoeu", "maneu"),
        (r"^gaug(e|ed|ing)$", r"gag\1"),
        (r"^grey", "gray"),
        (r"^mould", "mold"),
        (r"^tyre", "tire"),
        (r"^disc$", "disk"),
        (r"^draught", "draft"),
        (r"^ageing$", "aging"),
        (r"^artefact$", "artifact"),
    )
)
_OPTIONAL_PLURAL = re.compile(r"(?<=\w)\((?:s|es)\)")
_BRACKET = re.compile(r"\(([^\W\d_]{2,10})\)")
_POSSESSIVE = re.compile(r"(?<=\w)['\u2019](?=s\b)")
# Signs that tell two names apart stay; so does the minus of a number.
_SIGNS = frozenset("%<>=+\u00b1\u2264\u2265")
_MINUS = re.compile(r"(?<![\w)])[-\u2212](?=\d)")


@lru_cache(maxsize=65_536)
def normalise(label: str) -> str:
    """Return the key under which two spellings are one name.

    Case, punctuation, the plural of English words, British and American spelling, *the* and a bracketed
    abbreviation of the words before it make no difference; the order of words, digits and signs do. A label
    without a letter, digit or sign has the key "".
    """
    key = _normalised(label)
    while (again := _normalised(key)) != key:
        key = again
    return key


def _normalised(label: str) -> str:
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", label).casefold())
    text = _POSSESSIVE.sub("", _OPTIONAL_PLURAL.sub("", text))
    text = _BRACKET.sub(_unless_initials, text).replace("&", " and ")
    words = "".join(_kept(text)).split()
    return " ".join([_word(w) for w in words if w != "the"] or words)


def _unless_initials(bracket: re.Match[str]) -> str:
    """Drop "(fra)" behind "frequency response analysis"; keep "(head)" behind "pressure"."""
    before = re.findall(r"\w+", bracket.string[max(0, bracket.start() - 200) : bracket.start()])
    letters = bracket[1]
    return " " if "".join(w[0] for w in before[-len(letters) :]) == letters else f" {letters} "


def _kept(text: str) -> Iterator[str]:
    """Yield letters, marks, numbers and telling signs; a blank for the rest; nothing for what cannot be seen."""
    minus = {m.start() for m in _MINUS.finditer(text)} if "-" in text or "\u2212" in text else ()
    for place, letter in enumerate(text):
        group = unicodedata.category(letter)
        if group[0] in "LMN":
            yield letter
        elif letter in _SIGNS:
            yield f" {letter} "
        elif place in minus:
            yield " -"
        elif group != "Cf":
            yield " "


@lru_cache(maxsize=65_536)
def _word(word: str) -> str:
    """Return the key of one word: singular, in one spelling."""
    if not (word.isascii() and word.isalpha()):
        return word
    word = _singular(word)
    for pattern, key in _SPELLING:
        word = pattern.sub(key, word)
    return word


def _singular(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or word in _SINGULAR or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    sibilant = word.endswith(("sses", "xes", "ches", "shes", "zzes")) or word[:-2] in _SINGULAR
    return word[:-2] if sibilant or word in ("echoes", "torpedoes") else word[:-1]


class How(StrEnum):
    """How a name was found."""

    EXACT = "exact"
    NORMALISED = "normalised"
    ALT_LABEL = "altLabel"


@dataclass(frozen=True, slots=True)
class Known:
    """A known thing, its first label, and how it was found."""

    iri: str
    label: str
    how: How


@dataclass
class _Index:
    """The names of one kind. Things are held in the order they came."""

    labels: dict[str, str] = field(default_factory=dict)
    exact: dict[str, list[str]] = field(default_factory=dict)
    normalised: dict[str, list[str]] = field(default_factory=dict)
    others: dict[str, list[str]] = field(default_factory=dict)

    def steps(self, label: str) -> Iterator[tuple[How, list[str]]]:
        """Yield the things that bear a name, from the surest way of finding to the least sure."""
        key = normalise(label)
        yield How.EXACT, self.exact.get(label, [])
        yield How.NORMALISED, self.normalised.get(key, [])
        yield How.ALT_LABEL, self.others.get(key, [])


class Names:
    """The names of known things, by kind. Things of a local kind are found by their concepts."""

    def __init__(self) -> None:
        self._kinds: dict[str, _Index] = {}
        self._concepts: dict[str, str] = {}

    @classmethod
    def of(cls, graph: Triples) -> "Names":
        """Return the names of all things of a graph: labels in any language, other labels and notations."""
        names = cls()
        for kind in dict.fromkeys(kind.concept or kind.iri for kind in KINDS.values()):
            for iri in graph.instances(kind):
                for predicate in (RDFS.label, SKOS.altLabel, SKOS.notation):
                    for label in graph.objects(iri, predicate):
                        names.add(kind, iri, str(label), other=predicate != RDFS.label)
                if concept := graph.node(iri, FW.concept):
                    names.link(iri, concept)
        return names

    def add(self, kind: str, iri: str, label: str, *, other: bool = False) -> None:
        """Add a name of a thing; `other` for a name besides its labels, such as an abbreviation or a code."""
        index = self._kinds.setdefault(_concept_kind(kind), _Index())
        if not other:
            index.labels.setdefault(iri, label)
            _append(index.exact, label, iri)
        if key := normalise(label):
            _append(index.others if other else index.normalised, key, iri)

    def link(self, iri: str, concept: str) -> None:
        """Note that a thing is another spelling of a concept, which is then the one that an unclear name means."""
        self._concepts[iri] = concept

    def find(self, kind: str, label: str) -> Known | None:
        """Return the one thing of a kind that a name means, or None where there is none or more than one."""
        found = self._candidates(kind, label)
        return found[0] if len(found) == 1 else None

    def ambiguous(self, kind: str, label: str) -> list[Known]:
        """Return the things that a name may mean where there is more than one, otherwise nothing."""
        found = self._candidates(kind, label)
        return found if len(found) > 1 else []

    def labels(self, kind: str) -> list[str]:
        """Return the first label of every thing of a kind, sorted, each once."""
        return sorted(set(self._index(kind).labels.values()))

    def _index(self, kind: str) -> _Index:
        return self._kinds.get(_concept_kind(kind), _Index())

    def _candidates(self, kind: str, label: str) -> list[Known]:
        index = self._index(kind)
        how, found = next(((h, f) for h, f in index.steps(label) if f), (How.EXACT, []))
        if len(found) > 1 and len(roots := dict.fromkeys(map(self._root, found))) == 1:
            found = list(roots)
        return [Known(iri, index.labels.get(iri, label), how) for iri in found]

    def _root(self, iri: str) -> str:
        """Follow the links between spellings to their end; a circle ends at its least IRI."""
        seen = [iri]
        while (iri := self._concepts.get(iri, "")) and iri not in seen:
            seen.append(iri)
        return min(seen[seen.index(iri) :]) if iri else seen[-1]


def _concept_kind(kind: str) -> str:
    return KINDS[kind].concept or kind if kind in KINDS else kind


def _append(names: dict[str, list[str]], key: str, iri: str) -> None:
    things = names.setdefault(key, [])
    if iri not in things:
        things.append(iri)
