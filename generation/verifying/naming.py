"""Find the names of things in a text: a question's options, its anchor, and other things of the graph.

A text becomes sentences of words and signs. The longest name wins, words are compared without plural endings, and
what stands between two words of a name (a slash, a hyphen) does not matter.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from failwise.generation.verifying.lexicon import stem
from failwise.generation.verifying.reading import CITED, LETTER, NAME, OPTION

DASH = "\u2013"
# A citation, a shortened word whose full stop ends nothing, a word, a new line with its list sign, or a mark. A
# label may hold any of them.
_TOKEN = re.compile(
    r"\[(?P<cited>[^\[\]\s]+/[^\[\]\s]+)\]"
    r"|(?P<short>\b(?:e\.g\.|i\.e\.|z\. ?B\.|d\. ?h\.|vs\.|approx\.|bzw\.|ca\.|u\. ?a\.))"
    r"|(?P<word>[^\W_]+(?:['\u2019][^\W_]+|[.,]\d+)*)"
    r"|(?P<line>\n\s*(?:(?:[-*•]|\d+[.)])\s)?)"
    r"|(?P<mark>[.!?;:,()\u2013\u2014&]|(?<=\s)-(?=\s))"
)
_ENDS = frozenset(".!?")
_LISTING = frozenset({"and", "or", "und", "oder"})
_SOURCES = frozenset({"to", "per", "laut", "gemäß", "nach"})  # "according to [id], …" speaks of what follows
_POINTERS = frozenset({"option", "answer", "choice", "letter", "is", "are", "antwort", "buchstabe", "ist", "sind"})


@dataclass(frozen=True, slots=True)
class Known:
    """A name to look for: its words, their stems, and what it names.

    `option` is its place among the question's options, or -1; `kinds` are the classes of the things of that name.
    Of the marks that part a text (commas, brackets) only its own `marks` may stand between its words.
    """

    words: tuple[str, ...]
    stems: tuple[str, ...]
    marks: frozenset[str] = frozenset()
    option: int = -1
    kinds: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sign:
    """What a sign in a sentence's shape stands for; a citation of the name "forward" backs what follows it."""

    kind: str
    option: int = -1
    name: str = ""
    kinds: frozenset[str] = frozenset()
    cited: str = ""
    start: int = 0


@dataclass(slots=True)
class Sentence:
    """A sentence as a shape with its signs in order."""

    start: int
    end: int = 0
    shape: list[str] = field(default_factory=list)
    signs: list[Sign] = field(default_factory=list)
    in_list: bool = False
    ended: bool = False  # by a mark of its own
    asks: bool = False


Index = Mapping[str, tuple[Known, ...]]


def name_words(label: str) -> tuple[str, ...]:
    """Return the words of a label in lower case."""
    return _name_words(label)


@lru_cache(maxsize=1 << 16)
def _name_words(label: str) -> tuple[str, ...]:
    return tuple(m["word"].lower() for m in _TOKEN.finditer(label) if m["word"])


def name_key(label: str) -> str:
    """Return what two spellings of a name have in common."""
    return _name_key(label)


@lru_cache(maxsize=1 << 16)
def _name_key(label: str) -> str:
    return " ".join(map(stem, _name_words(label)))


@lru_cache(maxsize=1 << 16)
def known(label: str, option: int = -1, kinds: frozenset[str] = frozenset()) -> Known:
    """Return a label as a name to look for."""
    words = _name_words(label)
    marks = frozenset(m[0] for m in _TOKEN.finditer(label) if not m["word"])
    return Known(words, tuple(map(stem, words)), marks, option, kinds)


def index_names(names: Iterable[Known]) -> dict[str, tuple[Known, ...]]:
    """Return names by their first word, the longest first."""
    found: dict[str, list[Known]] = {}
    for name in names:
        if name.stems:
            found.setdefault(name.stems[0], []).append(name)
    return {first: tuple(sorted(group, key=lambda n: -len(n.stems))) for first, group in found.items()}


def sentences(text: str, own: Index, others: Index, letters: Mapping[str, int]) -> list[Sentence]:
    """Cut a text into sentences.

    Args:
        own: names of the question, which win over equally long ones in `others`.
        letters: option ids with their places.
    """
    tokens = [(m.lastgroup or "", m[m.lastgroup or 0], m.start()) for m in _TOKEN.finditer(text)]
    stems = [stem(value.lower()) if kind == "word" else "" for kind, value, _ in tokens]
    found: list[Sentence] = []
    now = Sentence(0)
    place, count = 0, len(tokens)
    while place < count:
        kind, value, start = tokens[place]
        step = 1
        if kind == "word":
            first = stems[place]
            hit = None
            if first in own or first in others:
                hit = _match(tokens, stems, place, own.get(first, ()), others.get(first, ()))
            if hit is not None:
                name, step = hit
                is_option = name.option >= 0
                sign = OPTION if is_option else NAME
                now.shape.append(sign)
                now.signs.append(Sign(sign, name.option, " ".join(name.stems), name.kinds, start=start))
            elif value in letters and _is_letter(tokens, place, letters):
                now.shape.append(LETTER)
                now.signs.append(Sign(LETTER, letters[value], start=start))
            else:
                now.shape.append(value.lower())
        elif kind == "cited":
            target = found[-1] if _belongs_before(tokens, place, now, found) else now
            target.shape.append(CITED)
            forward = len(target.shape) > 1 and target.shape[-2] in _SOURCES
            target.signs.append(Sign(CITED, cited=value, start=start, name="forward" if forward else ""))
            if target is not now:
                target.end = start + len(value) + 2
        elif kind == "line" or value in _ENDS:
            if now.shape:
                now.end, now.ended, now.asks = start + (kind != "line"), kind != "line", value == "?"
                found.append(now)
            now = Sentence(start + len(value), in_list=kind == "line" and bool(value.strip()))
        elif kind == "mark":
            now.shape.append(value if value != "-" else DASH)
        place += step
    if now.shape:
        now.end = len(text)
        found.append(now)
    return found


_Token = tuple[str, str, int]


def _match(
    tokens: list[_Token], stems: list[str], place: int, own: tuple[Known, ...], others: tuple[Known, ...]
) -> tuple[Known, int] | None:
    best: Known | None = None
    taken = 0
    for name in (*own, *others):
        if best is not None and len(name.stems) < len(best.stems):
            continue
        if len(name.stems) > 1 and not name.marks and (place + 1 == len(stems) or stems[place + 1] != name.stems[1]):
            continue  # most names end here
        end = _end_of(stems, tokens, place, name)
        if end and (best is None or len(name.stems) > len(best.stems) or _exacter(tokens, place, end, name, best)):
            best, taken = name, end - place
    return None if best is None else (best, taken)


def _end_of(stems: list[str], tokens: list[_Token], place: int, name: Known) -> int:
    """Return the place after a name's last word, or 0 if the name does not stand here."""
    if len(name.stems) == 1:
        return place + 1
    at = place
    for wanted in name.stems:
        while place < at < len(stems) and tokens[at][1] in name.marks:
            at += 1
        if at >= len(stems) or stems[at] != wanted:
            return 0
        at += 1
    return at


def _exacter(tokens: list[_Token], place: int, end: int, name: Known, best: Known) -> bool:
    """Say whether of two names that read alike but for their endings the first is spelled as it stands here."""
    if name.option < 0 or best.option < 0 or name.words == best.words:
        return False
    return tuple(v.lower() for k, v, _ in tokens[place:end] if k == "word") == name.words


def _is_letter(tokens: list[_Token], place: int, letters: Mapping[str, int]) -> bool:
    """Say whether a word that looks like an option's letter is one, and not an article or a pronoun."""
    before = tokens[place - 1][1].lower() if place else "\n"
    after = tokens[place + 1] if place + 1 < len(tokens) else ("mark", ".", 0)
    closed = after[0] in ("mark", "line", "cited")
    listed = after[1] in _LISTING and place + 2 < len(tokens) and tokens[place + 2][1] in letters
    if closed or listed:
        return True
    if tokens[place][1] not in "AI":
        return before in _POINTERS or (before[-1:] in ".\n" and after[1] in ("is", "ist"))
    return before in ("option", "answer", "choice", "antwort")


def _belongs_before(tokens: list[_Token], place: int, now: Sentence, found: list[Sentence]) -> bool:
    """Say whether a citation after a full stop belongs to the sentence before it."""
    if now.shape or not found or not found[-1].ended or now.in_list or tokens[place - 1][0] == "line":
        return False
    after = next((v for k, v, _ in tokens[place + 1 :] if k != "cited"), ".")
    return not after[:1].islower() and after not in (",", ":")


def spans(found: list[Sentence], text: str) -> Iterator[str]:
    """Yield the words of each sentence as they stand in the text."""
    for sentence in found:
        yield text[sentence.start : sentence.end].strip()
