"""What a clause says of each of its names: that it holds or not, and whether it is called the answer."""

from collections.abc import Iterator
from dataclasses import dataclass

from failwise.generation.verifying.clauses import OPENERS, Piece, is_not
from failwise.generation.verifying.lexicon import Lexicon
from failwise.generation.verifying.signs import CITED, JUDGED, LETTER, OPTION, SIGNS

_RELATIVES = frozenset({"which", "that", "who", "as", "was", "das", "die", "der", "wie"})
_PARTICLES = frozenset({"zu", "an", "auf", "aus"})
_ALL_BUT = frozenset({"except", "excepting", "excluding", "außer", "ausgenommen"})
_PLAIN = frozenset({"is", "are", "it", "ist", "sind", "es", "das"})


@dataclass(frozen=True, slots=True)
class Stance:
    """What a clause says of a name: it holds or not (None: nothing is said), or it is the answer or not (`chosen`).

    `only` says that it is said of no other option; `clause` numbers the clause within the sentence. A `vague` clause
    can mean either where the wrong option is asked for. One that `relates` has words of a relation, or none of its
    own.
    """

    truth: bool | None
    chosen: bool = False
    only: bool = False
    vague: bool = False
    relates: bool = False
    clause: int = 0


def clause_stances(pieces: list[Piece], lexicon: Lexicon, number: int) -> dict[int, Stance | None]:
    """Return what a clause says of each of its signs, by the sign's place in the sentence."""
    signs = [place for piece in pieces for place, word in piece.words if word in JUDGED or word == CITED]
    if not signs:
        return {}
    clause = _Clause(pieces, lexicon)
    if clause.bare & lexicon.skip or pieces[0].joint in lexicon.skip:
        return dict.fromkeys(signs)
    return dict(clause.stances(clause.base(number)))


class _Clause:
    """A clause while it is read.

    Its `words` stand with their place in the sentence and the number of their piece. Pieces that name something and
    have no verb, beside others that have one, are `lone`: what they deny, they deny of their own names.
    """

    def __init__(self, pieces: list[Piece], lexicon: Lexicon) -> None:
        self.pieces, self.lexicon = pieces, lexicon
        self.words = [(place, word, number) for number, piece in enumerate(pieces) for place, word in piece.words]
        self.bare = {word for _, word, _ in self.words}
        self.denials = {word for word in self.bare if word in lexicon.deny or is_not(word)}
        self.lone: set[int] = set()
        if len(pieces) > 1 and any(piece.verb >= 0 for piece in pieces):
            self.lone = {n for n, p in enumerate(pieces) if p.verb < 0 <= p.name and not self._closes(p)}
        denying = self.denials - OPENERS
        self.denied = {n for n in self.lone if any(w in denying for _, w in pieces[n].words)}

    def base(self, number: int) -> Stance:
        """Return what the clause says as a whole."""
        lexicon, bare = self.lexicon, self.bare
        content = bare - SIGNS - lexicon.fillers
        chosen = bool(bare & lexicon.chosen) and not bare & lexicon.holds
        own = content - lexicon.verbs - lexicon.deny - lexicon.common
        relates = chosen or bool(bare & lexicon.relates) or bool(bare & lexicon.holds) or not own
        return Stance(self._truth(bool(content)), chosen, False, bool(bare & lexicon.vague), relates, number)

    def _truth(self, speaks: bool) -> bool | None:
        """Return whether the clause affirms or denies; every denial that belongs to all of it turns it round."""
        if not speaks and (LETTER not in self.bare or OPTION in self.bare):  # "So A and C." says enough
            return None
        truth = True
        if not self.denials:
            return truth
        asides = {number for number, piece in enumerate(self.pieces) if number and _is_aside(piece)}
        for place, (_, word, piece) in enumerate(self.words):
            if word not in self.denials or piece in self.lone or piece in asides or self._is_local(place):
                continue
            truth = not truth
        return truth

    def stances(self, base: Stance) -> Iterator[tuple[int, Stance]]:
        """Yield each sign's stance: a denial or an "except" lasts for the list of names that follows it."""
        local, only, now = "", False, 0
        last: Stance | None = None
        for place, (number, word, piece) in enumerate(self.words):
            if piece != now and local in ("flip", "except") and self._ends_list(piece):
                local = ""
            now = piece
            if word in JUDGED:
                last = self._stance(base, word, piece, local, only)
                yield number, last
            elif word == CITED:
                yield number, last or base
            else:
                local, only = self._turned(place, local, only)

    def _stance(self, base: Stance, word: str, piece: int, local: str, only: bool) -> Stance:
        truth = base.truth
        if local == "deny" or (piece in self.denied and local != "none"):
            truth = False
        elif local in ("flip", "except", "none") and truth is not None:
            truth = not truth
        chosen = base.chosen or (word == LETTER and OPTION not in self.bare and self._is_pointing())
        return Stance(truth, chosen, only or local == "except", base.vague, base.relates, base.clause)

    def _turned(self, place: int, local: str, only: bool) -> tuple[str, bool]:
        """Return what lasts after a word: how the next names are turned, and whether they are the only ones."""
        _, word, piece = self.words[place]
        lexicon = self.lexicon
        if word in lexicon.flip:
            return ("except" if word in _ALL_BUT else "flip"), only
        if word in self.denials and (piece in self.lone or self._is_local(place)):
            return ("none" if word in OPENERS or local == "none" else "deny"), only
        if word in lexicon.only and self._is_before_name(place):
            return local, True
        passing = word in lexicon.gap or word in lexicon.deny or piece in self.lone
        if passing or local in ("flip", "except"):
            return local, only
        return "", only and word not in lexicon.verbs

    def _ends_list(self, piece: int) -> bool:
        """Say whether the list after an "unlike" ends where a piece begins: "Unlike A, B indicates …"."""
        return self.pieces[piece].joint in (",", ":") and piece not in self.lone

    def _closes(self, piece: Piece) -> bool:
        """Say whether a list's last member ends in the denial of its clause: "… treffen A und B nicht zu"."""
        ending = [word for _, word in piece.words[-2:]]
        return piece.joint != "," and len(ending) == 2 and ending[0] in self.lexicon.deny and ending[1] in _PARTICLES

    def _is_local(self, place: int) -> bool:
        """Say whether a denial stands right before a name, so that it belongs to that name alone."""
        _, denial, its_piece = self.words[place]
        if denial in ("cannot", "excluding") or is_not(denial):
            return False
        for after in range(place + 1, len(self.words)):
            _, word, piece = self.words[after]
            if word in JUDGED:
                return piece == its_piece
            if word not in self.lexicon.gap:
                return False
        return False

    def _is_before_name(self, place: int) -> bool:
        """Say whether a word belongs to the option that follows it."""
        for after in range(place + 1, len(self.words)):
            word = self.words[after][1]
            if word in (OPTION, LETTER):
                return True
            if word not in self.lexicon.gap:
                return False
        return False

    def _is_pointing(self) -> bool:
        """Say whether the clause does no more than name a letter: "which is B"."""
        return self.bare - SIGNS - self.lexicon.gap <= _PLAIN


def _is_aside(piece: Piece) -> bool:
    """Say whether a piece is a relative clause that names nothing: "…, which was denied, …"."""
    return bool(piece.words) and piece.words[0][1] in _RELATIVES and not any(word in SIGNS for _, word in piece.words)
