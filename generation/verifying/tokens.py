"""Cut a text into words, citations and marks."""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Literal

from failwise.generation.teachers.teacher import CITATION
from failwise.generation.verifying.lexicon import stem

DASH = "\u2013"
# A shortened word whose full stop ends nothing, a word, a citation, a new line with its list sign, or a mark. A label
# may hold any of them. The look-aheads before the first word, and the + that gives nothing back, only save time.
_TOKEN = re.compile(
    r"((?! )(?:(?=[abcdeiuvz])\b(?:e\.g\.|i\.e\.|z\. ?B\.|d\. ?h\.|vs\.|approx\.|bzw\.|ca\.|u\. ?a\.)"
    r"|[^\W_]++(?:['\u2019][^\W_]++|[.,]\d++)*+"
    r"|\[[^\[\]\s]+/[^\[\]\s]+\]"
    r"|\n\s*(?:(?:[-*•]|\d+[.)])\s)?"
    r"|[.!?;:,()\u2013\u2014&]|-(?<=\s-)(?=\s)))"
)

Kind = Literal["word", "short", "cited", "line", "end", "mark"]


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text: as it stands there (a citation without its brackets), and in lower case.

    `stem` is a word's; whatever else has none.
    """

    kind: Kind
    text: str
    low: str
    stem: str = ""


def tokens(text: str) -> tuple[list[Token], list[int]]:
    """Return the tokens of a text, and the places where the gap before each ends and where it ends itself, in turn."""
    parts = _TOKEN.split(text)  # gap, token, gap, …, gap
    return list(map(_token, parts[1::2])), list(accumulate(map(len, parts)))


@lru_cache(maxsize=1 << 16)
def _token(piece: str) -> Token:
    """Return a piece as a token; its first and last letter tell its kind."""
    if piece[0].isalnum():
        low = piece.lower()
        return Token("short", piece, low) if piece[-1] == "." else Token("word", piece, low, stem(low))
    if piece[0] == "[":
        return Token("cited", piece[1:-1], piece[1:-1].lower())
    if piece[0] == "\n":
        return Token("line", piece, piece)
    return Token("end" if piece in ".!?" else "mark", piece, DASH if piece == "-" else piece)


def cited_ids(text: str) -> tuple[str, ...]:
    """Return the evidence ids that a text cites as [id], each once, in order."""
    return tuple(dict.fromkeys(CITATION.findall(text)))
