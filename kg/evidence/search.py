"""Search evidence by meaning, by words (BM25), and by both."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from failwise.errors import InputError, MissingExtraError
from failwise.kg.evidence.documents import EXTRA
from failwise.kg.evidence.embedder import Embedder
from failwise.kg.evidence.records import Hit, Kind, Passage
from failwise.kg.evidence.store import EvidenceIndex
from failwise.kg.evidence.vectors import key_of

# The constant of reciprocal rank fusion: Cormack, Clarke and Büttcher (2009), section 2.
RRF_K = 60
# So many hits of each search are fused, at the least.
_FUSED = 100
# So many more than k are asked for, since several passages may share a vector, or a score.
_SPARE = 10

Ranking = list[tuple[int, float]]  # positions of passages with scores, best first


class How(StrEnum):
    """How to search."""

    DENSE = "dense"
    BM25 = "bm25"
    HYBRID = "hybrid"


class EvidenceSearch:
    """Searches an index.

    Args:
        index: what is searched.
        embedder: the one that filled the index; without it only BM25 is there.
        kind: search evidence of this kind alone.

    Raises:
        InputError: the index was filled by another embedder.
    """

    def __init__(self, index: EvidenceIndex, embedder: Embedder | None = None, kind: Kind | None = None) -> None:
        made = index.manifest
        if embedder is not None and embedder.digest != made.embedder_digest:
            raise InputError(
                f"{index.folder} was filled by the embedder {made.embedder!r}, this is another one "
                f"({embedder.name!r}); search with that one, by bm25, or build the index again"
            )
        self._index = index
        self._embedder = embedder
        self._passages: Sequence[Passage] = index.of_kind(kind)
        self._everything = len(self._passages) == len(index.passages)

    def search(self, text: str, k: int = 5, how: How = How.HYBRID) -> list[Hit]:
        """Return the k best hits for a text, best first."""
        return self.search_all([text], k, how)[0]

    def search_all(self, texts: Sequence[str], k: int = 5, how: How = How.HYBRID) -> list[list[Hit]]:
        """Return the k best hits for each text.

        Raises:
            InputError: k is less than one, or a meaning is asked for without an embedder.
            MissingExtraError: a package that the search needs is not installed.
        """
        if k < 1:
            raise InputError(f"k is {k}; at least one hit must be asked for")
        if not texts or not self._passages:
            return [[] for _ in texts]
        if how is How.DENSE:
            rankings = self._dense(texts, k)
        elif how is How.BM25:
            rankings = self._by_words(texts, k)
        else:
            depth = max(_FUSED, 2 * k)
            both = zip(self._dense(texts, depth), self._by_words(texts, depth), strict=True)
            rankings = [self._in_order(fuse(pair)) for pair in both]
        return [[Hit(self._passages[place], score) for place, score in ranking[:k]] for ranking in rankings]

    def _dense(self, texts: Sequence[str], k: int) -> list[Ranking]:
        if self._embedder is None:
            raise InputError("searching by meaning needs the embedder that filled the index; search by bm25 instead")
        among = None if self._everything else list(self._places)
        found = self._index.vectors.search(self._embedder.embed(list(texts)), k + _SPARE, among)
        rankings = []
        for row in found:
            scores = {place: score for key, score in row for place in self._places.get(key, ())}
            rankings.append(self._in_order(scores)[:k])
        return rankings

    def _by_words(self, texts: Sequence[str], k: int) -> list[Ranking]:
        return [self._in_order(dict(ranking))[:k] for ranking in self._words.rank(texts, k + _SPARE)]

    @cached_property
    def _places(self) -> dict[int, list[int]]:
        places: dict[int, list[int]] = defaultdict(list)
        for place, passage in enumerate(self._passages):
            places[key_of(passage.searched)].append(place)
        return dict(places)

    @cached_property
    def _words(self) -> "Words":
        return Words([p.searched for p in self._passages])

    def _in_order(self, scores: dict[int, float]) -> Ranking:
        return sorted(scores.items(), key=lambda pair: (-pair[1], self._passages[pair[0]].id))


def fuse(rankings: Iterable[Ranking]) -> dict[int, float]:
    """Return the reciprocal rank fusion of rankings: the sum of 1 / (60 + rank), ranks from 1."""
    scores: dict[int, float] = defaultdict(float)
    for ranking in rankings:
        for rank, (place, _) in enumerate(ranking, 1):
            scores[place] += 1 / (RRF_K + rank)
    return scores


class Words:
    """BM25 over texts (Robertson and Zaragoza 2009; Lucene's variant). Made when opened: 12,000 facts take 0.4 s."""

    def __init__(self, texts: Sequence[str]) -> None:
        if find_spec("bm25s") is None:
            raise MissingExtraError("searching by words", "bm25s", EXTRA)
        self._bm25s = import_module("bm25s")
        self._count = len(texts)
        self._index = self._bm25s.BM25()
        self._index.index(self._tokens(texts, return_ids=True), show_progress=False)

    def _tokens(self, texts: Sequence[str], *, return_ids: bool) -> Any:
        # Single letters are names of phases and signals.
        settings = {"token_pattern": r"(?u)\b\w+\b", "stopwords": [], "show_progress": False}
        return self._bm25s.tokenize(list(texts), return_ids=return_ids, **settings)

    def rank(self, texts: Sequence[str], k: int) -> list[Ranking]:
        """Return for each text the places of the best k that share a word with it."""
        asked = self._tokens(texts, return_ids=False)
        places, scores = self._index.retrieve(asked, k=min(k, self._count), show_progress=False)
        return [
            [(int(place), float(score)) for place, score in zip(*row, strict=True) if score > 0]
            for row in zip(places, scores, strict=True)
        ]
