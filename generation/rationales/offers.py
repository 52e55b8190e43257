"""Evidence that a rationale may cite beside the facts of its question, as a configuration asks for it."""

from collections.abc import Collection, Iterable, Mapping
from functools import cache, partial

from failwise.errors import InputError
from failwise.generation.config import RationalesConfig
from failwise.generation.rationales.requests import Offers
from failwise.generation.records import Question
from failwise.generation.verifying.naming import name_key
from failwise.generation.verifying.rules import PASSAGE
from failwise.kg.graph import KnowledgeGraph


def kept_apart(questions: Iterable[Question]) -> frozenset[str]:
    """Return the facts of test questions that training must not see: none where both ask about the same facts."""
    test = (q for q in questions if q.split == "test" and q.regime != "new-question")
    return frozenset(i for q in test for i in q.fact_ids if i)


def offers_for(graph: KnowledgeGraph, config: RationalesConfig, apart: Collection[str] = ()) -> Offers | None:
    """Return what offers facts around a question's anchor, and passages; None where neither is wanted.

    Args:
        apart: facts that are never offered, and neither is a passage that names both ends of one. What a passage says
            in other words than the graph's names is not found.

    Raises:
        InputError: passages are wanted, and there is no index of evidence.
        MissingExtraError: what reads the index is not installed.
    """
    if not (config.hops or config.passages):
        return None
    if config.passages and config.evidence is None:
        raise InputError(
            f"rationales.passages is {config.passages}, but rationales.evidence names no folder; make one with "
            "`failwise evidence build`, or set passages to 0"
        )
    from failwise.kg.evidence.embedder import SentenceEmbedder
    from failwise.kg.evidence.offers import Offers as Evidence
    from failwise.kg.evidence.store import open_index

    index = open_index(config.evidence) if config.passages and config.evidence else None
    embedder = SentenceEmbedder() if index is not None else None
    evidence = Evidence(graph, index, embedder, hops=config.hops, passages=config.passages)
    tells = cache(partial(_tells, _ends(graph, apart)))

    def offer(question: Question) -> Mapping[str, str]:
        found = evidence.offer(f"{question.question} {'; '.join(question.options)}", question.fact_ids)
        return {i: t for i, t in found.items() if i not in apart and not (i.startswith(PASSAGE) and tells(t))}

    return offer


def _ends(graph: KnowledgeGraph, apart: Collection[str]) -> dict[str, set[str]]:
    """Return facts as names: those of the objects by that of the subject."""
    ends: dict[str, set[str]] = {}
    for fact in (graph.facts[i] for i in apart if i in graph.facts):
        ends.setdefault(name_key(fact.subject.label), set()).add(name_key(fact.object.label))
    return ends


def _tells(ends: Mapping[str, Collection[str]], passage: str) -> bool:
    """Say whether a passage names both ends of a fact."""
    words = f" {name_key(passage)} "
    return any(f" {s} " in words and any(f" {o} " in words for o in objects) for s, objects in ends.items())
