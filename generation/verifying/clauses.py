"""Part a sentence's shape into clauses, and each clause into pieces between its commas and conjunctions."""

from collections.abc import Iterator
from dataclasses import dataclass

from failwise.generation.verifying.lexicon import Lexicon
from failwise.generation.verifying.signs import CITED, JUDGED, LETTER, SIGNS

Word = tuple[int, str]  # with its place in the sentence

OPENERS = frozenset({"none", "each", "neither", "both", "either", "keine", "keiner", "jede", "jeder", "weder"})
_INFERENCES = frozenset({"therefore", "thus", "hence", "so", "also", "somit", "daher", "folglich", "demnach"})
_STAYING = frozenset({"stays", "stay", "remains", "remain", "bleibt"})
_SAME = frozenset({"the", "same", "constant", "steady", "stable", "normal", "gleich"})
_ASIDES = frozenset({"hingegen", "dagegen", "jedoch", "however", "though"})  # "B, however, does": no border
_INSIDE = _INFERENCES | _ASIDES | {"as"}  # words that may stand inside a clause, or between two
_WHOLE = frozenset({"all", "any", "every", "none", "nothing", "everything"})
_SUBJECTS = frozenset({"it", "they", "this", "there", "its"})
_NOT = ("n't", "n\u2019t")

# Pairs that look like a denial and are none.
_NEUTRAL = frozenset(
    {("not", "only"), ("no", "doubt"), ("nicht", "nur"), ("nothing", "else"), ("no", "other"), ("nichts", "anderes")}
)
_ANSWERS = frozenset({("no", ","), ("nein", ",")})  # at the beginning
# Pairs that mean what one word does.
_PAIRS = {
    ("rather", "than"): "unlike",
    ("instead", "of"): "unlike",
    ("apart", "from"): "except",
    ("other", "than"): "except",
    ("bis", "auf"): "außer",
    ("drops", "out"): "excluded",
    ("falls", "away"): "excluded",
    ("drop", "out"): "excluded",
    ("fall", "away"): "excluded",
    ("fällt", "weg"): "entfällt",
}
_FIRST_OF_PAIR = frozenset(first for first, _ in [*_PAIRS, *_NEUTRAL]) | _STAYING | {":", "but", "statt", "nein"}


@dataclass(frozen=True, slots=True)
class Piece:
    """Words between two commas or conjunctions; `joint` is the one before them.

    `verb` and `name` are the places of its verb and of its first sign that can be affirmed or denied, or -1.
    """

    joint: str
    words: list[Word]
    verb: int
    name: int


def is_not(word: str) -> bool:
    """Say whether a word ends in a short "not": "doesn't"."""
    return word.endswith(_NOT)


def clauses(shape: tuple[str, ...], lexicon: Lexicon) -> Iterator[list[Piece]]:
    """Yield the clauses of a sentence in order."""
    for segment in _segments(_plain(shape), lexicon):
        yield from _clauses(segment, lexicon)


def _plain(shape: tuple[str, ...]) -> list[Word]:
    """Number the words; put one word in the place of pairs that mean as much, and drop those that mean nothing."""
    if _FIRST_OF_PAIR.isdisjoint(shape):
        return list(enumerate(shape))
    kept: list[Word] = []
    place = 0
    while place < len(shape):
        word = shape[place]
        if word not in _FIRST_OF_PAIR:
            kept.append((place, word))
            place += 1
            continue
        put, taken = _one_word(shape, place)
        if put:
            kept.append((place, put))
        place += taken
    return kept


def _one_word(shape: tuple[str, ...], place: int) -> tuple[str, int]:
    """Return the word that stands for one or two words of a shape, and how many they are."""
    word = shape[place]
    pair = (word, shape[place + 1] if place + 1 < len(shape) else "")
    if pair in _PAIRS:
        return _PAIRS[pair], 2
    if word in _STAYING and pair[1] in _SAME:
        return ("unbeeinflusst" if word == "bleibt" else "unchanged"), 2
    if pair in _NEUTRAL or (place == 0 and pair in _ANSWERS):
        return "", 2
    if pair == (":", LETTER):
        return ";", 1
    if word == "but" and place and shape[place - 1] in _WHOLE:
        return "except", 1
    return ("anders" if word == "statt" else word), 1


def _segments(words: list[Word], lexicon: Lexicon) -> Iterator[list[Piece]]:
    """Part a sentence at words such as "but", and each part at its commas and conjunctions."""
    pieces: list[Piece] = []
    joint, now, signed = "", list[Word](), False
    for place, (number, word) in enumerate(words):
        if word not in lexicon.joints and word not in _INSIDE:
            now.append((number, word))
            signed = signed or word in SIGNS
        elif now and ((word in _INFERENCES and not signed) or word in _ASIDES):
            continue  # "Right are therefore A and B": it stands inside its clause
        elif word in lexicon.hard or (word == "as" and not now and _gives_reason(words, place)):
            pieces.append(_piece(joint, now, lexicon))
            yield pieces
            pieces, joint, now, signed = [], word, [], False
        elif word in lexicon.soft or word == ":":
            pieces.append(_piece(joint, now, lexicon))
            joint, now = word, [(number, word)] if word in lexicon.deny else []  # nor
        else:
            now.append((number, word))
    pieces.append(_piece(joint, now, lexicon))
    yield pieces


def _gives_reason(words: list[Word], place: int) -> bool:
    """Say whether an "as" that begins a piece means "because": "as it stays the same"."""
    return place + 1 < len(words) and words[place + 1][1] in _SUBJECTS


def _piece(joint: str, words: list[Word], lexicon: Lexicon) -> Piece:
    name = next((place for place, (_, word) in enumerate(words) if word in JUDGED), -1)
    return Piece(joint, words, _verb(words, lexicon), name)


def _verb(words: list[Word], lexicon: Lexicon) -> int:
    """Return where the verb stands, or -1; a content word right after a name is taken for one."""
    after_name = False
    for place, (_, word) in enumerate(words):
        if word in ("no", "nein") and place + 1 < len(words):
            continue  # "no" is a verdict at the end only
        if word in lexicon.verbs or is_not(word):
            return place
        if after_name and word not in SIGNS and word not in lexicon.gap:
            return place
        after_name = word in JUDGED or (after_name and word in (CITED, "(", ")"))
    return -1


def _clauses(pieces: list[Piece], lexicon: Lexicon) -> Iterator[list[Piece]]:
    """Join list members to the clause whose verb they share."""
    clause: list[Piece] = []
    has_verb = has_name = False
    for piece in pieces:
        if _begins(piece, clause, has_verb and has_name, lexicon):
            taken = _taken_back(clause, piece, lexicon)
            yield clause[: len(clause) - len(taken)]
            clause, has_verb, has_name = taken, False, bool(taken)
        clause.append(piece)
        has_verb = has_verb or piece.verb >= 0
        has_name = has_name or piece.name >= 0 or any(w == CITED for _, w in piece.words)
    yield clause


def _begins(piece: Piece, clause: list[Piece], whole: bool, lexicon: Lexicon) -> bool:
    """Say whether a piece begins a clause of its own; the one before it is `whole` if it has a verb and a name."""
    if piece.name < 0:
        return False
    if whole and any(w in lexicon.chosen for _, w in piece.words):
        return True
    if not clause or piece.name >= piece.verb:
        return False
    return piece.joint == ":" or (whole and not _is_open_list(clause, lexicon))


def _is_open_list(clause: list[Piece], lexicon: Lexicon) -> bool:
    """Say whether a list such as "none of A, B …" still waits for its verb."""
    words = [w for piece in clause for _, w in piece.words]
    last = max((i for i, w in enumerate(words) if w in OPENERS), default=-1)
    after = words[last + 1 :]
    return last >= 0 and any(w in JUDGED for w in after) and all(w in SIGNS or w in lexicon.gap for w in after)


def _taken_back(clause: list[Piece], piece: Piece, lexicon: Lexicon) -> list[Piece]:
    """Return the last list members where they are subjects of the next verb: "…, B and C are not"."""
    if piece.words[piece.verb][1] not in lexicon.plural or piece.joint in (",", ""):
        return []
    for back in range(len(clause) - 1, 0, -1):
        if clause[back].verb >= 0 or clause[back].name < 0:
            return []
        if clause[back].joint == ",":
            return clause[back:]
    return []
