"""From votes to proposals: the rule of *Fine-Tuned Thoughts*, a majority that is sure. Proposals go to a review."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from failwise.files import write_records
from failwise.generation.consensus.config import ConsensusConfig
from failwise.generation.consensus.prompts import words
from failwise.generation.consensus.records import Answer, Outcome, Proposal, Vote
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Fact

PROPOSALS, UNSETTLED = "proposals.jsonl", "unsettled.jsonl"


def by_fact(votes: Iterable[Vote], *, hidden: bool) -> dict[str, tuple[Vote, ...]]:
    """Return the votes on hidden facts, or those on unknown ones, by fact and in order of the voters' names."""
    found: dict[str, list[Vote]] = defaultdict(list)
    for vote in votes:
        if vote.hidden is hidden:
            found[vote.fact_id].append(vote)
    return {fact_id: tuple(sorted(group, key=lambda v: v.voter)) for fact_id, group in sorted(found.items())}


def majority(votes: Sequence[Vote]) -> tuple[Answer | None, float]:
    """Return the answer that most voters gave, None where two share the most, and its share among all who were asked.

    A voter without a usable reply was asked too: it agrees with nobody.
    """
    counts = Counter(v.answer for v in votes if v.answer is not None).most_common(2)
    if not counts:
        return None, 0.0
    (answer, most), *second = counts
    return (None if second and second[0][1] == most else answer), most / len(votes)


def decide(votes: Sequence[Vote], config: ConsensusConfig) -> tuple[Outcome, Answer | None, float, float | None]:
    """Return what the votes on a fact come to, the answer with its share, and the least confidence in it."""
    answer, share = majority(votes)
    if sum(v.answer is not None for v in votes) < config.min_voters:
        return Outcome.TOO_FEW_VOTES, answer, share, None
    if answer is None:
        return Outcome.TIE, None, share, None
    lowest = min(v.confidence or 0.0 for v in votes if v.answer is answer)
    if answer is Answer.UNSURE:
        return Outcome.UNSURE, answer, share, lowest
    if share < config.min_share:
        return Outcome.NO_MAJORITY, answer, share, lowest
    sure = lowest >= config.min_confidence
    return (Outcome.CONSENSUS if sure else Outcome.NOT_CONFIDENT), answer, share, lowest


def propose(votes: Iterable[Vote], graph: KnowledgeGraph, config: ConsensusConfig) -> list[Proposal]:
    """Return what the votes on unknown facts come to, in order of fact id; facts that are gone are left out."""
    return [
        _proposal(graph.facts[fact_id], group, graph, config)
        for fact_id, group in by_fact(votes, hidden=False).items()
        if fact_id in graph.facts
    ]


def _proposal(fact: Fact, votes: tuple[Vote, ...], graph: KnowledgeGraph, config: ConsensusConfig) -> Proposal:
    outcome, answer, share, lowest = decide(votes, config)
    return Proposal(
        fact.id,
        fact.asset_class.label,
        fact.relation,
        "" if fact.subject.iri == fact.asset_class.iri else fact.subject.label,
        fact.object.label,
        words(graph, fact),
        outcome,
        answer,
        share,
        lowest,
        votes,
    )


def write_proposals(proposals: Sequence[Proposal], folder: Path) -> dict[str, int]:
    """Write proposals.jsonl (consensus) and unsettled.jsonl (the rest, each with its reason); return counts."""
    settled = [p for p in proposals if p.outcome is Outcome.CONSENSUS]
    write_records(folder / PROPOSALS, settled)
    write_records(folder / UNSETTLED, [p for p in proposals if p.outcome is not Outcome.CONSENSUS])
    counts = Counter(p.outcome.value for p in proposals)
    return {outcome.value: counts[outcome.value] for outcome in Outcome if counts[outcome.value]}
