"""Read a sentence: which of its names are affirmed, which denied, and which are called the answer.

A sentence comes as a shape: its words in lower case, and a sign in the place of every name and citation. Rationales
repeat few shapes, so each is read once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from failwise.generation.verifying.lexicon import Lexicon

OPTION, LETTER, OTHERS, NAME, CITED = "§option", "§letter", "§others", "§name", "§cited"
JUDGED = frozenset({OPTION, LETTER, OTHERS})
_INFERENCES = frozenset({"therefore", "thus", "hence", "so", "also", "somit", "daher", "folglich", "demnach"})
_RELATIVES = frozenset({"which", "that", "who", "as", "was", "das", "die", "der", "wie"})
_OPENERS = frozenset({"none", "each", "neither", "both", "either", "keine", "keiner", "jede", "jeder", "weder"})
_PARTICLES = frozenset({"zu", "an", "auf", "aus"})
_STAYING = frozenset({"stays", "stay", "remains", "remain", "bleibt"})
_ASIDES = frozenset({"hingegen", "dagegen", "jedoch", "however", "though"})  # "B, however, does": no border
_ALL_BUT = frozenset({"except", "excepting", "excluding", "außer", "ausgenommen"})
_LONG = 100  # words and signs of a sentence
_NOT = ("n't", "n\u2019t")
_SIGNS = JUDGED | {NAME, CITED}


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


@dataclass(slots=True)
class _Piece:
    """Words between two commas or conjunctions."""

    joint: str
    words: list[tuple[int, str]] = field(default_factory=list)

    def named(self) -> bool:
        return any(w in JUDGED for _, w in self.words)

    def verb(self, lexicon: Lexicon) -> int:
        """Return where its verb stands, or -1; a content word right after a name is taken for one."""
        after_name = False
        for place, (_, word) in enumerate(self.words):
            if word in ("no", "nein") and place + 1 < len(self.words):
                continue  # "no" is a verdict at the end only
            if word in lexicon.verbs or word.endswith(_NOT):
                return place
            if after_name and word not in _SIGNS and word not in lexicon.gap:
                return place
            after_name = word in JUDGED or (after_name and word in (CITED, "(", ")"))
        return -1

    def first_name(self) -> int:
        return next((p for p, (_, w) in enumerate(self.words) if w in JUDGED), -1)


def read_shape(shape: tuple[str, ...], lexicon: Lexicon) -> tuple[Stance | None, ...]:
    """Return what `_read` finds in a sentence; short ones are remembered, long ones hardly come twice."""
    return _remembered(shape, lexicon) if len(shape) <= _LONG else _read(shape, lexicon)


def _read(shape: tuple[str, ...], lexicon: Lexicon) -> tuple[Stance | None, ...]:
    """Return one stance per sign of an option, a letter, the others, or a citation, in order.

    A citation has the stance of its clause; None stands where the clause only asks or supposes.
    """
    found: dict[int, Stance | None] = {}
    number = 0
    for segment in _segments(_plain(shape), lexicon):
        for clause in _clauses(segment, lexicon):
            found |= _read_clause(clause, lexicon, number)
            number += 1
    signs = [i for i, word in enumerate(shape) if word in JUDGED or word == CITED]
    return tuple(found.get(i) for i in signs)


_remembered = lru_cache(maxsize=1 << 15)(_read)


def _plain(shape: tuple[str, ...]) -> list[tuple[int, str]]:
    """Number the words, and drop pairs that look like a denial and are none."""
    words = list(enumerate(shape))
    neutral = {
        ("not", "only"),
        ("no", "doubt"),
        ("nicht", "nur"),
        ("nothing", "else"),
        ("no", "other"),
        ("nichts", "anderes"),
    }
    kept: list[tuple[int, str]] = []
    place = 0
    while place < len(words):
        number, word = words[place]
        pair = (word, shape[place + 1] if place + 1 < len(shape) else "")
        if pair in {("rather", "than"), ("instead", "of")}:
            kept.append((number, "unlike"))
            place += 2
        elif pair in {("apart", "from"), ("bis", "auf"), ("other", "than")}:
            kept.append((number, "except" if word != "bis" else "außer"))
            place += 2
        elif word in _STAYING and pair[1] in ("the", "same", "constant", "steady", "stable", "normal", "gleich"):
            kept.append((number, "unchanged" if word != "bleibt" else "unbeeinflusst"))
            place += 2
        elif pair in neutral or (place == 0 and pair in {("no", ","), ("nein", ",")}):
            place += 2
        elif pair in {("drops", "out"), ("falls", "away"), ("drop", "out"), ("fall", "away"), ("fällt", "weg")}:
            kept.append((number, "excluded" if pair[1] != "weg" else "entfällt"))
            place += 2
        elif pair == (":", LETTER):
            kept.append((number, ";"))
            place += 1
        elif word == "but" and place and shape[place - 1] in ("all", "any", "every", "none", "nothing", "everything"):
            kept.append((number, "except"))
            place += 1
        elif word == "statt":
            kept.append((number, "anders"))
            place += 1
        else:
            kept.append((number, word))
            place += 1
    return kept


def _segments(words: list[tuple[int, str]], lexicon: Lexicon) -> Iterator[list[_Piece]]:
    """Part a sentence at words such as "but", and each part at its commas and conjunctions."""
    pieces = [_Piece("")]
    for place, (number, word) in enumerate(words):
        if word in _INFERENCES and pieces[-1].words and not any(w in _SIGNS for p in pieces for _, w in p.words):
            continue  # "Right are therefore A and B": it stands inside its clause
        if word in _ASIDES and pieces[-1].words:
            continue
        after = words[place + 1][1] if place + 1 < len(words) else ""
        reason = word == "as" and not pieces[-1].words and after in ("it", "they", "this", "there", "its")
        if word in lexicon.hard or reason:
            yield pieces
            pieces = [_Piece(word)]
        elif word in lexicon.soft or word == ":":
            pieces.append(_Piece(word))
            if word in lexicon.deny:  # nor
                pieces[-1].words.append((number, word))
        else:
            pieces[-1].words.append((number, word))
    yield pieces


def _clauses(pieces: list[_Piece], lexicon: Lexicon) -> Iterator[list[_Piece]]:
    """Join list members to the clause whose verb they share."""
    clause: list[_Piece] = []
    has_verb = has_name = False
    for piece in pieces:
        verb, name = piece.verb(lexicon), piece.first_name()
        concludes = name >= 0 and any(w in lexicon.chosen for _, w in piece.words)
        whole = has_verb and has_name
        begins = 0 <= name < verb and bool(clause) and (piece.joint == ":" or whole)
        if (whole and concludes) or (begins and (piece.joint == ":" or not _open_list(clause, lexicon))):
            taken = _taken_back(clause, piece, verb, lexicon)
            yield clause[: len(clause) - len(taken)]
            clause, has_verb, has_name = taken, False, bool(taken)
        clause.append(piece)
        has_verb = has_verb or verb >= 0
        has_name = has_name or piece.named() or any(w == CITED for _, w in piece.words)
    yield clause


def _open_list(clause: list[_Piece], lexicon: Lexicon) -> bool:
    """Say whether a list such as "none of A, B …" still waits for its verb."""
    words = [(w, p) for p in clause for _, w in p.words]
    last = max((i for i, (w, _) in enumerate(words) if w in _OPENERS), default=-1)
    after = [w for w, _ in words[last + 1 :]]
    return last >= 0 and any(w in JUDGED for w in after) and all(w in _SIGNS or w in lexicon.gap for w in after)


def _taken_back(clause: list[_Piece], piece: _Piece, verb: int, lexicon: Lexicon) -> list[_Piece]:
    """Return the last list members where they are subjects of the next verb: "…, B and C are not"."""
    if piece.words[verb][1] not in lexicon.plural or piece.joint in (",", ""):
        return []
    for back in range(len(clause) - 1, 0, -1):
        if clause[back].verb(lexicon) >= 0 or not clause[back].named():
            return []
        if clause[back].joint == ",":
            return clause[back:]
    return []


def _read_clause(clause: list[_Piece], lexicon: Lexicon, number: int) -> dict[int, Stance | None]:
    words = [(i, w, p) for p, piece in enumerate(clause) for i, w in piece.words]
    bare = {w for _, w, _ in words}
    if bare & lexicon.skip or clause[0].joint in lexicon.skip:
        return {i: None for i, w, _ in words if w in JUDGED or w == CITED}
    content = [w for w in bare if w not in _SIGNS and w not in lexicon.gap - lexicon.deny]
    pointing = LETTER in bare and OPTION not in bare  # "So A and C."
    truth: bool | None = True if content or pointing else None
    with_verb = {p for p, piece in enumerate(clause) if piece.verb(lexicon) >= 0}
    lone = {p for p, piece in enumerate(clause) if p not in with_verb and piece.named()} if with_verb else set()
    aside = {p for p, piece in enumerate(clause) if p and _is_aside(piece)}
    for place, (_, word, piece) in enumerate(words):
        if piece in aside:
            continue
        alone = (piece in lone and not _closes(clause[piece], lexicon)) or _is_local(words, place, lexicon)
        if _denies(word, lexicon) and not alone and truth is not None:
            truth = not truth
    chosen = bool(bare & lexicon.chosen) and not bare & lexicon.holds
    own = {w for w in content if w not in lexicon.verbs and w not in lexicon.deny and w not in lexicon.common}
    relates = chosen or bool(bare & (lexicon.relates | lexicon.holds)) or not own
    base = Stance(truth, chosen, False, bool(bare & lexicon.vague), relates, number)
    return dict(_stances(words, base, clause, lone, lexicon))


def _closes(piece: _Piece, lexicon: Lexicon) -> bool:
    """Say whether a list's last member ends in the denial of its clause: "… treffen A und B nicht zu"."""
    ending = [w for _, w in piece.words[-2:]]
    return piece.joint != "," and len(ending) == 2 and ending[0] in lexicon.deny and ending[1] in _PARTICLES


def _is_aside(piece: _Piece) -> bool:
    """Say whether a piece is a relative clause that names nothing: "…, which was denied, …"."""
    return bool(piece.words) and piece.words[0][1] in _RELATIVES and not any(w in _SIGNS for _, w in piece.words)


def _denies(word: str, lexicon: Lexicon) -> bool:
    return word in lexicon.deny or word.endswith(_NOT)


def _is_local(words: list[tuple[int, str, int]], place: int, lexicon: Lexicon) -> bool:
    """Say whether a denial stands right before a name, so that it belongs to that name alone."""
    if words[place][1] in ("cannot", "excluding") or words[place][1].endswith(_NOT):
        return False
    for _, word, piece in words[place + 1 :]:
        if word in JUDGED:
            return piece == words[place][2]
        if word not in lexicon.gap:
            return False
    return False


def _stances(
    words: list[tuple[int, str, int]], base: Stance, clause: list[_Piece], lone: set[int], lexicon: Lexicon
) -> Iterator[tuple[int, Stance]]:
    """Go through a clause: a denial or an "except" lasts for the list of names that follows it."""
    local, only, now = "", False, 0
    last: Stance | None = None
    lone = {p for p in lone if not _closes(clause[p], lexicon)}
    denied = {p for p in lone if any(_denies(w, lexicon) and w not in _OPENERS for _, w in clause[p].words)}
    for place, (number, word, piece) in enumerate(words):
        if piece != now and local in ("flip", "except") and clause[piece].joint in (",", ":") and piece not in lone:
            local = ""  # "Unlike A, B indicates …"
        now = piece
        if word in JUDGED:
            truth = base.truth
            if local == "deny" or (piece in denied and local != "none"):
                truth = False
            elif local in ("flip", "except", "none"):
                truth = None if truth is None else not truth
            alone = word == LETTER and not any(w == OPTION for _, w, _ in words)
            chosen = base.chosen or (alone and _is_pointing(words, lexicon))
            last = Stance(truth, chosen, only or local == "except", base.vague, base.relates, base.clause)
            yield number, last
        elif word == CITED:
            yield number, last or base
        elif word in lexicon.flip:
            local = "except" if word in _ALL_BUT else "flip"
        elif _denies(word, lexicon) and (_is_local(words, place, lexicon) or piece in lone):
            local = "none" if word in _OPENERS or local == "none" else "deny"
        elif word in lexicon.only and _before_name(words, place, lexicon):
            only = True
        elif (
            word not in lexicon.gap
            and word not in lexicon.deny
            and local not in ("flip", "except")
            and piece not in lone
        ):
            local, only = "", only and word not in lexicon.verbs


def _before_name(words: list[tuple[int, str, int]], place: int, lexicon: Lexicon) -> bool:
    for _, word, _ in words[place + 1 :]:
        if word in (OPTION, LETTER):
            return True
        if word not in lexicon.gap:
            return False
    return False


def _is_pointing(words: list[tuple[int, str, int]], lexicon: Lexicon) -> bool:
    """Say whether a clause does no more than name a letter: "which is B"."""
    plain = {w for _, w, _ in words if w not in _SIGNS and w not in lexicon.gap}
    return plain <= {"is", "are", "it", "ist", "sind", "es", "das"}
