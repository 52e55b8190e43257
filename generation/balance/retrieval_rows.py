"""How far looking things up in the training questions, or in the facts in words, answers a set without a model.

Each option is put to a search as "question option"; the option whose best hit scores highest is taken. These rows tell
a reader what retrieval alone is worth. They are no reason to refuse a set: whoever trains on a fact may find it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from importlib import import_module
from importlib.util import find_spec
from typing import TypeAlias
from zlib import crc32

from failwise.generation.balance.shortcuts import shared_point
from failwise.generation.records import Arity, Question
from failwise.kg.evidence.search import Words
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Polarity, Truth
from failwise.statistics import wilson

ASKED = 1_000
INDEXED = 50_000
_ROWS = 256  # queries compared with all documents at a time

_Part: TypeAlias = tuple[str, str, str]
# Best score of each query among the documents.
Search: TypeAlias = Callable[[Sequence[str], Sequence[str]], list[float]]


@dataclass(frozen=True, slots=True)
class RetrievalRow:
    """Accuracy of one search over a number of documents, with its 95 % interval; `note` says why there is none."""

    name: str
    documents: int = 0
    n: int = 0
    accuracy: float = 0.0
    chance: float = 0.0
    low: float = 0.0
    high: float = 1.0
    note: str = ""


def retrieval_rows(
    questions: Iterable[Question], graph: KnowledgeGraph, training: Iterable[Question] | None = None
) -> tuple[RetrievalRow, ...]:
    """Return the rows of TF-IDF and BM25 over training questions with their answers, and over yes facts in words.

    Args:
        training: what was trained on; without it the train split of the set, and then its other questions are asked.
            At most 50,000 are searched and 1,000 single-answer questions asked: always the same ones.
    """
    if training is None:
        training = (q for q in questions if q.split == "train")
        asked = _sample((q for q in questions if q.split != "train"), ASKED)
    else:
        asked = _sample(questions, ASKED)
    taught = _sample(training, INDEXED)
    return tuple(_rows(asked, taught, graph))


def _rows(asked: Sequence[Question], taught: Sequence[Question], graph: KnowledgeGraph) -> Iterator[RetrievalRow]:
    searches: tuple[tuple[str, str, Search], ...] = (("TF-IDF", "sklearn", tf_idf), ("BM25", "bm25s", bm25))
    for collection in ("training questions", "fact statements"):
        of_facts = collection == "fact statements"
        documents = _statements(asked, graph) if of_facts else _answered(taught)
        for name, package, search in searches:
            title = f"{name}, {collection}"
            if find_spec(package) is None:
                yield RetrievalRow(title, note=f"the package {package!r} is not installed")
            elif not asked:
                yield RetrievalRow(title, note="no single-answer question outside the training split")
            elif not documents:
                yield RetrievalRow(title, note=f"no {collection} to search")
            else:
                yield _row(title, asked, documents, search, turned=of_facts)


def _sample(questions: Iterable[Question], most: int) -> list[Question]:
    """Return some single-answer questions, chosen by their ids alone."""
    single = (q for q in questions if q.arity is Arity.SINGLE)
    return nsmallest(most, single, key=lambda q: (crc32(q.id.encode()), q.id))


def _part(question: Question) -> _Part:
    return question.relation, str(question.direction or ""), str(question.polarity or "")


def _answered(taught: Iterable[Question]) -> Mapping[_Part, list[str]]:
    documents: dict[_Part, list[str]] = defaultdict(list)
    for question in taught:
        documents[_part(question)].append(f"{question.question} {question.options[question.answer]}")
    return documents


def _statements(asked: Iterable[Question], graph: KnowledgeGraph) -> Mapping[_Part, list[str]]:
    """Return the yes facts of each relation in words, whatever the direction and polarity asked for."""
    documents: dict[_Part, list[str]] = {}
    for relation in {q.relation for q in asked if q.relation in graph.relations}:
        facts = graph.query(relation=relation, truth=Truth.YES)
        if found := [graph.statement(f) for f, _ in zip(facts, range(INDEXED), strict=False)]:
            documents[relation, "", ""] = found
    return documents


def _row(
    name: str, asked: Sequence[Question], documents: Mapping[_Part, list[str]], search: Search, *, turned: bool
) -> RetrievalRow:
    """Ask all questions; `turned`: what is searched says what holds, so elimination takes the lowest."""
    parts: dict[_Part, list[Question]] = defaultdict(list)
    for question in asked:
        parts[(question.relation, "", "") if turned else _part(question)].append(question)
    points = []
    for part, group in parts.items():
        queries = [f"{q.question} {option}" for q in group for option in q.options]
        found = iter(search(documents[part], queries) if documents.get(part) else [0.0] * len(queries))
        for q in group:
            sign = -1 if turned and q.polarity is Polarity.ELIMINATION else 1
            points.append(shared_point([sign * next(found) for _ in q.options], q.correct))
    n, right = len(points), sum(points)
    searched, chance = sum(map(len, documents.values())), sum(1 / len(q.options) for q in asked) / n
    return RetrievalRow(name, searched, n, right / n, chance, *wilson(right, n))


def tf_idf(documents: Sequence[str], queries: Sequence[str]) -> list[float]:
    """Return each query's highest cosine with a document, words weighted by TF-IDF."""
    vectors = import_module("sklearn.feature_extraction.text").TfidfVectorizer(
        token_pattern=r"(?u)\b\w+\b"
    )  # single letters are names of signals
    known = vectors.fit_transform(documents).T.tocsc()
    asked = vectors.transform(queries)
    best: list[float] = []
    for start in range(0, len(queries), _ROWS):
        best += (asked[start : start + _ROWS] @ known).max(axis=1).toarray().ravel().tolist()
    return best


def bm25(documents: Sequence[str], queries: Sequence[str]) -> list[float]:
    """Return each query's highest BM25 score (Robertson and Zaragoza 2009; Lucene's variant)."""
    return [found[0][1] if found else 0.0 for found in Words(documents).rank(queries, 1)]
