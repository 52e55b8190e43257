"""Evidence that a rationale may cite beside the facts of its question, as a configuration asks for it."""

from collections.abc import Collection, Iterable, Mapping

from failwise.errors import InputError
from failwise.generation.config import RationalesConfig
from failwise.generation.rationales.requests import Offers
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph


def kept_apart(questions: Iterable[Question]) -> frozenset[str]:
    """Return the facts of test questions that training must not see: none where both ask about the same facts."""
    test = (q for q in questions if q.split == "test" and q.regime != "new-question")
    return frozenset(i for q in test for i in q.fact_ids if i)


def offers_for(graph: KnowledgeGraph, config: RationalesConfig, apart: Collection[str] = ()) -> Offers | None:
    """Return what offers facts around a question's anchor, and passages; None where neither is wanted.

    Args:
        apart: facts that are never offered. Passages are the user's own words: they are not searched for facts.

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

    def offer(question: Question) -> Mapping[str, str]:
        found = evidence.offer(f"{question.question} {'; '.join(question.options)}", question.fact_ids)
        return {i: words for i, words in found.items() if i not in apart}

    return offer
