"""What the text of a cell says: names, a truth, a rating from 1 to 10, or nothing."""

import re
from functools import lru_cache

from failwise.kg.records import Truth

_YES = ("✓", "✔", "✅", "x", "•", "●", "1", "1.0", "y", "yes", "true", "relevant")
_DASHES = "\u2013\u2014"  # the longer ones, which spreadsheets make of a hyphen
_NO = ("✗", "✘", "-", *_DASHES, "0", "0.0", "n", "no", "false", "not relevant", "irrelevant")
_UNKNOWN = ("?", "unknown")
_TRUTHS: dict[str, Truth | None] = {
    "": None,
    **dict.fromkeys(_YES, Truth.YES),
    **dict.fromkeys(_NO, Truth.NO),
    **dict.fromkeys(_UNKNOWN, Truth.UNKNOWN),
}
ALLOWED_TRUTHS = (
    "yes (also ✓ ✔ x • ● 1 y true relevant), no (also ✗ ✘ - 0 n false), unknown (also ?) and blank for not judged"
)

_NOTHING = frozenset({"", "n/a", "na", "n.a.", "#n/a", "-", "--", *_DASHES, "/", ".", "?", "nil", "none", "null",
                      "not applicable", "tbd", "t.b.d.", "tba", "tbc", "unknown"})  # fmt: skip

_BULLET = re.compile(rf"^(?:[-{_DASHES}•●▪■◦‣*·>]+\s+|[•●▪■◦‣·]+|\(?\d{{1,2}}[.)]\s+|\(?\d{{1,2}}\)|\(?[a-zA-Z]\)\s*)")
_FIRST = re.compile(r"^\(?1[.)]\s")
_NEXT = re.compile(r"\s+(?=\(?\d{1,2}[.)]\s)")

_RATING = re.compile(rf"^(\d{{1,9}})(?:[.,]0+)?(?:\s*(?:[-{_DASHES}:=(/,]|\s).*)?$", re.DOTALL)
_CLASS = re.compile(
    rf"^(?:(?:cat(?:egory)?|class|level)\.?\s*)?(?:i{{1,3}}|iv|v|[a-f])(?:\s*[-{_DASHES}:(].*)?$", re.IGNORECASE
)


def says_nothing(text: str) -> bool:
    """Say whether a cell is blank, or filled with what stands for blank: n/a, -, tbd."""
    return text.strip().casefold() in _NOTHING


@lru_cache(maxsize=20_000)  # a worksheet says the same again and again
def split_values(text: str, separators: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values in a cell, each once, without bullets and numbering."""
    parts = [text]
    for separator in separators:
        parts = [piece for part in parts for piece in part.split(separator)]
    parts = [piece for part in parts for piece in _numbered(part.strip())]
    values = (" ".join(_BULLET.sub("", part).split()) for part in parts)
    return tuple(dict.fromkeys(value for value in values if not says_nothing(value)))


def _numbered(part: str) -> list[str]:
    """Take "1) worn seal 2) loose bolt" apart."""
    return _NEXT.split(part) if _FIRST.match(part) else [part]


def is_truth(text: str) -> bool:
    """Say whether a cell holds a truth, or is blank."""
    return _plain(text) in _TRUTHS


def truth_of(text: str) -> Truth | None:
    """Return the truth a cell holds, None for a blank one; `is_truth` says whether there is one."""
    return _TRUTHS[_plain(text)]


def _plain(text: str) -> str:
    return text.replace("\ufe0f", "").strip().casefold()


def number_of(text: str) -> int | None:
    """Return the whole number that a cell begins with ("7", "7.0", "7 - high", "7 (high)"), or None."""
    match = _RATING.match(text.strip())
    return int(match[1]) if match else None


def is_class(text: str) -> bool:
    """Say whether a cell holds a severity class (II, category IV, B) instead of a number."""
    return bool(_CLASS.match(text.strip()))


def has_letter(text: str) -> bool:
    """Say whether a text can be a name: one letter at least, in any script."""
    return any(character.isalpha() for character in text)
