"""Cut a text into sentences of words and signs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from failwise.generation.verifying.naming import Index, longest_name
from failwise.generation.verifying.signs import CITED, LETTER, Sign
from failwise.generation.verifying.tokens import Token, tokens

_LISTING = frozenset({"and", "or", "und", "oder"})
_POINTERS = frozenset({"option", "answer", "choice", "letter", "is", "are", "antwort", "buchstabe", "ist", "sind"})


@dataclass(slots=True)
class Sentence:
    """A sentence as a shape (its words in lower case, signs in the place of names) with its signs in order.

    It stands in its text from `start` to `end`.
    """

    start: int
    end: int = 0
    shape: list[str] = field(default_factory=list)
    signs: list[Sign] = field(default_factory=list)
    in_list: bool = False
    ended: bool = False  # by a mark of its own
    asks: bool = False

    def put(self, sign: Sign) -> None:
        """Add a sign."""
        self.shape.append(sign.kind)
        self.signs.append(sign)


def sentences(text: str, own: Index, others: Index, letters: Mapping[str, int]) -> list[Sentence]:
    """Cut a text into sentences.

    Args:
        own: names of the question, which win over equally long ones in `others`.
        letters: option ids with their places.
    """
    return _Cutter(text, own, others, letters).cut()


class _Cutter:
    def __init__(self, text: str, own: Index, others: Index, letters: Mapping[str, int]) -> None:
        self.text, self.own, self.others, self.letters = text, own, others, letters
        self.tokens, self.bounds = tokens(text)
        self.stems = [token.stem for token in self.tokens]
        self.found: list[Sentence] = []
        self.now = Sentence(0)

    def cut(self) -> list[Sentence]:
        own, others, letters = self.own, self.others, self.letters
        done = 0  # up to here, a name holds the tokens
        for place, token in enumerate(self.tokens):
            if place < done:
                continue
            if not token.stem:
                self._mark(place, token)
            elif token.stem in own or token.stem in others or token.text in letters:
                done = self._name(place, token)
            else:
                self.now.shape.append(token.low)
        self._close(len(self.text))
        return self.found

    def _name(self, place: int, token: Token) -> int:
        """Put a name, an option's letter, or a word that only looks like one; return the place after it."""
        if (hit := longest_name(self.tokens, self.stems, place, self.own, self.others)) is not None:
            name, end = hit
            self.now.put(name.sign)
            return end
        if token.text in self.letters and self._is_letter(place):
            self.now.put(Sign(LETTER, self.letters[token.text]))
        else:
            self.now.shape.append(token.low)
        return place + 1

    def _mark(self, place: int, token: Token) -> None:
        """Put what is no word; a shortened word is left out."""
        if token.kind == "mark":
            self.now.shape.append(token.low)
        elif token.kind == "cited":
            self._cite(place, token)
        elif token.kind == "end":
            end = self.bounds[2 * place + 1]
            self._close(end, ended=True, asks=token.text == "?")
            self.now = Sentence(end)
        elif token.kind == "line":
            self._close(self.bounds[2 * place])
            self.now = Sentence(self.bounds[2 * place + 1], in_list=bool(token.text.strip()))

    def _close(self, end: int, ended: bool = False, asks: bool = False) -> None:
        if self.now.shape:
            self.now.end, self.now.ended, self.now.asks = end, ended, asks
            self.found.append(self.now)

    def _cite(self, place: int, token: Token) -> None:
        before = self._belongs_before(place)
        target = self.found[-1] if before else self.now
        target.put(Sign(CITED, cited=token.text))
        if before:
            target.end = self.bounds[2 * place + 1]

    def _belongs_before(self, place: int) -> bool:
        """Say whether a citation after a full stop belongs to the sentence before it."""
        if self.now.shape or not self.found or not self.found[-1].ended or self.now.in_list:
            return False
        before = self.tokens[place - 1].kind
        if before in ("line", "cited"):
            return before == "cited"  # as the citation before it
        after = next((t.text for t in self.tokens[place + 1 :] if t.kind != "cited"), ".")
        return not after[:1].islower() and after not in (",", ":")

    def _is_letter(self, place: int) -> bool:
        """Say whether a word that looks like an option's letter is one, and not an article or a pronoun."""
        before = self.tokens[place - 1].low if place else "\n"
        after = self.tokens[place + 1] if place + 1 < len(self.tokens) else None
        if after is None or after.kind in ("mark", "end", "line", "cited"):
            return True
        if after.text in _LISTING and place + 2 < len(self.tokens) and self.tokens[place + 2].text in self.letters:
            return True
        if self.tokens[place].text not in "AI":
            return before in _POINTERS or (before[-1:] in ".\n" and after.text in ("is", "ist"))
        return before in ("option", "answer", "choice", "antwort")
