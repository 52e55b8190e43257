"""Near-duplicates: questions of two sets that ask for the same facts in nearly the same words.

Stems are compared by the cosine of their sentence embeddings (MiniLM, searched with faiss) where the extra `semantic`
is installed, else by the character trigrams they share. Likeness alone makes no duplicate: one template about two
failure modes gives two stems that are very much alike, and so do a question and its denial. So a pair counts as a
duplicate only if both stems ask about a common fact in the same polarity, and other pairs are counted apart. Stems
without facts are judged by their words alone.
"""

import importlib
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from hashlib import blake2b
from textwrap import wrap
from typing import Any

from failwise.generation.records import Question
from failwise.kg.names import LONGEST
from failwise.kg.records import Polarity
from failwise.kg.resolve import normalise
from failwise.kg.suggest import embed, has_meaning

# Above these two stems say nearly the same words; see tests/generation/test_leakage.py for pairs on both sides.
EMBEDDING_THRESHOLD = 0.9
LETTERS_THRESHOLD = 0.8
# So many stems of a set are compared; of larger ones a sample is drawn, since embedding takes some 10 ms a stem.
MOST_TRAIN, MOST_TEST = 2000, 500
_EXAMPLES = 5
_BITS = 2048

Tokens = Callable[[str], frozenset[object]]


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two stems that are nearly the same."""

    train: str
    test: str
    likeness: float
    same_template: bool


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """What the comparison of stems found; counts are test stems that have such a neighbour in the training set.

    `same_facts` ask for a common fact; `reworded` are those of them whose nearest such neighbour comes from another
    template, or from none. `alike` have neighbours that ask for other facts or for the opposite, and no other. Stems
    count once, however often they are asked.
    """

    method: str
    threshold: float
    train_stems: int
    test_stems: int
    compared_train: int
    compared_test: int
    same_facts: int = 0
    reworded: int = 0
    alike: int = 0
    examples: tuple[NearPair, ...] = ()

    @property
    def sampled(self) -> bool:
        """Say whether a part of the stems was left out."""
        return (self.compared_train, self.compared_test) != (self.train_stems, self.test_stems)


@dataclass(slots=True)
class _Stem:
    """A wording with all that is asked in it."""

    text: str
    facts: set[str] = field(default_factory=set)
    templates: set[str] = field(default_factory=set)
    polarities: set[Polarity] = field(default_factory=set)
    claims: frozenset[object] = frozenset()


def near_duplicates(
    train: Iterable[Question],
    test: Iterable[Question],
    tokens: Tokens,
    *,
    semantic: bool | None = None,
    threshold: float | None = None,
    seed: int = 0,
) -> NearDuplicates:
    """Compare the stems of two sets.

    Args:
        tokens: what a fact says, by its id; two facts that have a token in common are the same here.
        semantic: compare meanings; None where the extra `semantic` is installed, without it letters.
        threshold: the least likeness of a pair; None: the default of the method.
    """
    ours, theirs = _stems(train, tokens), _stems(test, tokens)
    by_meaning = has_meaning() if semantic is None else semantic
    least = threshold if threshold is not None else EMBEDDING_THRESHOLD if by_meaning else LETTERS_THRESHOLD
    others = _sample(theirs, MOST_TEST, seed)
    some = _about_the_same(ours, others, seed)
    found = _Found(some, others)
    if some and others:
        texts = [s.text for s in some], [s.text for s in others]
        found.take((_by_meaning if by_meaning else _by_letters)(*texts, least))
    method = "sentence embeddings (all-MiniLM-L6-v2)" if by_meaning else "character trigrams"
    return NearDuplicates(method, least, len(ours), len(theirs), len(some), len(others), *found.counts())


def _stems(questions: Iterable[Question], tokens: Tokens) -> list[_Stem]:
    stems: dict[str, _Stem] = {}
    for q in questions:
        # Questions of other sets that share a stem ("Which of these is true?") differ in their options.
        text = q.question if q.fact_ids else f"{q.question} {', '.join(sorted(q.options))}"
        stem = stems.setdefault(text, _Stem(text))
        stem.facts.update(filter(None, q.fact_ids))
        stem.templates.add(q.template)
        if q.polarity:
            stem.polarities.add(q.polarity)
    for stem in stems.values():
        stem.claims = frozenset[object]().union(*map(tokens, stem.facts))
    return list(stems.values())


def _about_the_same(train: Sequence[_Stem], test: Sequence[_Stem], seed: int) -> Sequence[_Stem]:
    """Return the training stems to compare: those that may be duplicates first, others to fill up."""
    wanted = frozenset[object]().union(*(s.claims for s in test))
    unlinked = any(not s.claims for s in test)
    near = [unlinked or not s.claims or not s.claims.isdisjoint(wanted) for s in train]
    first = _sample([s for s, is_near in zip(train, near, strict=True) if is_near], MOST_TRAIN, seed)
    rest = [s for s, is_near in zip(train, near, strict=True) if not is_near]
    return [*first, *_sample(rest, MOST_TRAIN - len(first), seed)]


def _sample(stems: Sequence[_Stem], most: int, seed: int) -> Sequence[_Stem]:
    if len(stems) <= most:
        return stems
    digest = blake2b(f"{seed}/near-duplicates".encode(), digest_size=8).digest()
    return random.Random(int.from_bytes(digest)).sample(stems, most)


class _Found:
    """Sorts pairs that are alike by what they ask for."""

    def __init__(self, train: Sequence[_Stem], test: Sequence[_Stem]) -> None:
        self.train, self.test = train, test
        self.nearest: dict[int, NearPair] = {}
        self.alike: set[int] = set()

    def take(self, pairs: Iterable[tuple[int, int, float]]) -> None:
        """Take pairs of places (training, test) with their likeness."""
        for ours, theirs, likeness in pairs:
            one, other = self.train[ours], self.test[theirs]
            if _apart(one.claims, other.claims) or _apart(one.polarities, other.polarities):
                self.alike.add(theirs)
                continue
            known = self.nearest.get(theirs)
            if known is None or likeness > known.likeness:
                same = bool((one.templates & other.templates) - {""})
                self.nearest[theirs] = NearPair(one.text, other.text, round(likeness, 4), same)

    def counts(self) -> tuple[int, int, int, tuple[NearPair, ...]]:
        """Return test stems that ask for the same, those of them in other words, those alike only, and examples."""
        pairs = sorted(self.nearest.values(), key=lambda p: (p.same_template, -p.likeness, p.test))
        reworded = sum(not p.same_template for p in pairs)
        return len(pairs), reworded, len(self.alike - self.nearest.keys()), tuple(pairs[:_EXAMPLES])


def _apart(ours: Set[object], theirs: Set[object]) -> bool:
    """Say whether both are known and have nothing in common."""
    return bool(ours) and bool(theirs) and ours.isdisjoint(theirs)


def _by_meaning(train: Sequence[str], test: Sequence[str], least: float) -> Iterator[tuple[int, int, float]]:
    vectors, wanted = _meanings(train), _meanings(test)
    index: Any = importlib.import_module("faiss").IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    limits, scores, places = index.range_search(wanted, least)
    for theirs in range(len(test)):
        for at in range(int(limits[theirs]), int(limits[theirs + 1])):
            yield int(places[at]), theirs, float(scores[at])


def _meanings(texts: Sequence[str]) -> Any:
    """Return the meanings of texts as rows of unit length; long ones are read in pieces and averaged."""
    numpy = importlib.import_module("numpy")
    pieces = [wrap(text, LONGEST) or [""] for text in texts]
    starts = numpy.cumsum([0, *(len(p) for p in pieces[:-1])])
    sums = numpy.add.reduceat(embed([piece for p in pieces for piece in p]), starts)
    return sums / numpy.linalg.norm(sums, axis=1, keepdims=True).clip(1e-9)


def _by_letters(train: Sequence[str], test: Sequence[str], least: float) -> Iterator[tuple[int, int, float]]:
    """Compare trigrams by the coefficient of Dice, 2 |A ∩ B| / (|A| + |B|) (Ecology 26, 1945)."""
    ours = _by_size(map(_trigrams, train))
    for theirs, wanted in enumerate(map(_trigrams, test)):
        size = wanted.bit_count()
        # Sets that differ much in size cannot reach the threshold.
        for other in range(int(size * least / (2 - least)), int(size * (2 - least) / least) + 2):
            for place, trigrams in ours.get(other, ()):
                likeness = 2 * (trigrams & wanted).bit_count() / (size + other) if size + other else 0.0
                if likeness >= least:
                    yield place, theirs, likeness


def _by_size(sets: Iterable[int]) -> dict[int, list[tuple[int, int]]]:
    sizes: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for place, trigrams in enumerate(sets):
        sizes[trigrams.bit_count()].append((place, trigrams))
    return sizes


def _trigrams(text: str) -> int:
    """Return the trigrams of a text as bits of one number, so that a set is compared in one step."""
    padded, found = f"  {normalise(text)}  ", 0
    for i in range(len(padded) - 2):
        found |= 1 << int.from_bytes(blake2b(padded[i : i + 3].encode(), digest_size=2).digest()) % _BITS
    return found
