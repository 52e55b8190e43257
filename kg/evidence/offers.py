"""What a teacher is offered beside a question's own facts: facts near the question's anchor, and passages."""

from collections.abc import Sequence

from failwise.kg.evidence.embedder import Embedder
from failwise.kg.evidence.hops import Hops, shared_anchor
from failwise.kg.evidence.records import Kind
from failwise.kg.evidence.search import EvidenceSearch, How
from failwise.kg.evidence.store import EvidenceIndex
from failwise.kg.graph import KnowledgeGraph


class Offers:
    """Offers evidence for questions.

    Args:
        graph: whose facts are offered.
        index: of documents; None offers facts alone.
        embedder: the one that filled the index; without it passages are found by their words alone.
        hops: so far from the anchor; 0 offers no fact.
        facts: so many at most.
        passages: so many at most.
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        index: EvidenceIndex | None = None,
        embedder: Embedder | None = None,
        *,
        hops: int = 1,
        facts: int = 8,
        passages: int = 3,
    ) -> None:
        self._graph = graph
        self._hops = Hops(graph)
        self._search = EvidenceSearch(index, embedder, Kind.PASSAGE) if index is not None else None
        self._how = How.HYBRID if embedder is not None else How.BM25
        self._far, self._facts, self._passages = hops, facts, passages

    def offer(self, text: str, fact_ids: Sequence[str]) -> dict[str, str]:
        """Return evidence by id, in words: facts near what the given ones share, without these, then passages.

        It is the same whatever the order of the facts and whichever of them a question asks for: nothing marks the
        right answer.

        Args:
            text: the question with its options.
            fact_ids: those that the options' truth rests on; "" (none of these) and unknown ids are passed over.
        """
        return self._near(fact_ids) | self._found(text)

    def _near(self, fact_ids: Sequence[str]) -> dict[str, str]:
        if not (self._far and self._facts):
            return {}
        given = set(fact_ids)
        anchor = shared_anchor(self._graph, given)
        near = self._hops.facts(anchor, self._far, self._facts + len(given))
        kept = [fact for fact in near if fact.id not in given][: self._facts]
        return {fact.id: self._graph.statement(fact) for fact in kept}

    def _found(self, text: str) -> dict[str, str]:
        if self._search is None or not self._passages:
            return {}
        hits = self._search.search(text, self._passages, self._how)
        return {hit.passage.id: hit.passage.text for hit in hits}
