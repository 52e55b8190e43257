"""What is a voter's 80 worth? Agreement with hidden stated facts by confidence, majority beside each voter."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from failwise.generation.consensus.config import ConsensusConfig
from failwise.generation.consensus.proposals import by_fact, decide, majority
from failwise.generation.consensus.records import Answer, Outcome, Vote
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Truth
from failwise.statistics import wilson

# Lower ends of the bins of confidence; the last one holds 100.
EDGES = (0, 50, 60, 70, 80, 90, 100)
MAJORITY, CONSENSUS = "majority", "consensus"

_KNOWN = {Truth.YES: Answer.YES, Truth.NO: Answer.NO}
# By fact id: what was answered and how confidently.
_Said = Mapping[str, tuple[Answer, float]]


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of one voter with a confidence from `least` up to, not with, `below` (the last bin holds 100)."""

    voter: str
    least: float
    below: float
    answers: int
    agree: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class VoterRow:
    """How a voter, the majority or the consensus fares on the hidden facts.

    `answers` are the facts with a yes or a no; `share` is the part of them that agrees with the graph, with its 95 %
    Wilson interval, `on_yes` and `on_no` the same by what the graph says. `gap` is the expected calibration error
    (Naeini, Cooper and Hauskrecht 2015) over the bins. `better` and `worse` count the facts on which this row alone
    is right, and the majority alone.
    """

    voter: str
    facts: int
    answers: int
    agree: int
    share: float
    low: float
    high: float
    on_yes: float | None
    on_no: float | None
    confidence: float
    gap: float
    better: int
    worse: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """Reliability of the voters, by voter and by bin."""

    rows: tuple[VoterRow, ...]
    bins: tuple[Bin, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"rows": [asdict(r) for r in self.rows], "bins": [asdict(b) for b in self.bins]}

    def markdown(self) -> str:
        """Return both tables as text."""
        head = "| voter | facts | answered | agree | share | 95 % interval | on yes | on no | confidence | gap | +/- |"
        lines = ["## Agreement with stated facts that were hidden", "", head, "|---" * 11 + "|"]
        for r in self.rows:
            sides = " | ".join("" if s is None else f"{s:.1%}" for s in (r.on_yes, r.on_no))
            lines.append(
                f"| {r.voter} | {r.facts} | {r.answers} | {r.agree} | {r.share:.1%} | {r.low:.1%} to {r.high:.1%} | "
                f"{sides} | {r.confidence:.0f} | {r.gap:.2f} | +{r.better}/-{r.worse} |"
            )
        lines += ["", "+/-: facts on which the row alone is right, and on which the majority alone is.", ""]
        lines += ["## By confidence", "", "| voter | confidence | answers | agree | share | 95 % interval |"]
        lines.append("|---" * 6 + "|")
        for b in self.bins:
            span = f"{b.least:g} to {'100' if b.below > 100 else f'below {b.below:g}'}"
            interval = f"{b.low:.1%} to {b.high:.1%}"
            lines.append(f"| {b.voter} | {span} | {b.answers} | {b.agree} | {b.share:.1%} | {interval} |")
        return "\n".join(lines) + "\n"


def calibrate(
    votes: Iterable[Vote], graph: KnowledgeGraph, config: ConsensusConfig, edges: Sequence[float] = EDGES
) -> Calibration:
    """Compare the votes on hidden facts with the graph: every voter, the majority, and the consensus rule."""
    groups = {i: group for i, group in by_fact(votes, hidden=True).items() if i in graph.facts}
    truth = {i: _KNOWN[graph.facts[i].truth] for i in groups if graph.facts[i].truth in _KNOWN}
    groups = {i: groups[i] for i in truth}
    voters = sorted({v.voter for group in groups.values() for v in group})
    said: dict[str, _Said] = {voter: _of_voter(groups, voter) for voter in voters}
    said[MAJORITY] = _of_rule(groups, lambda group: majority(group)[0])
    said[CONSENSUS] = _of_rule(groups, lambda group: _agreed(group, config))
    bins = {name: _bins(name, answers, truth, edges) for name, answers in said.items()}
    rows = [_row(name, answers, truth, said[MAJORITY], bins[name]) for name, answers in said.items()]
    return Calibration(tuple(rows), tuple(b for name in bins for b in bins[name]))


def _agreed(votes: Sequence[Vote], config: ConsensusConfig) -> Answer | None:
    outcome, answer, _, _ = decide(votes, config)
    return answer if outcome is Outcome.CONSENSUS else None


def _of_voter(groups: Mapping[str, tuple[Vote, ...]], voter: str) -> _Said:
    return {
        fact_id: (vote.answer, vote.confidence or 0.0)
        for fact_id, group in groups.items()
        for vote in group
        if vote.voter == voter and vote.answer in (Answer.YES, Answer.NO)
    }


def _of_rule(groups: Mapping[str, tuple[Vote, ...]], rule: Callable[[tuple[Vote, ...]], Answer | None]) -> _Said:
    """Return what a rule makes of the votes; its confidence is the least of those who agree."""
    found = {}
    for fact_id, group in groups.items():
        answer = rule(group)
        if answer in (Answer.YES, Answer.NO):
            found[fact_id] = (answer, min(v.confidence or 0.0 for v in group if v.answer is answer))
    return found


def _bins(name: str, said: _Said, truth: Mapping[str, Answer], edges: Sequence[float]) -> list[Bin]:
    found = []
    ends = [*edges[1:-1], edges[-1] + 1]  # the last bin takes in its upper end
    for least, below in zip(edges[:-1], ends, strict=True):
        inside = [answer is truth[i] for i, (answer, sure) in said.items() if least <= sure < below]
        if inside:
            share = sum(inside) / len(inside)
            found.append(Bin(name, least, below, len(inside), sum(inside), share, *wilson(sum(inside), len(inside))))
    return found


def _row(name: str, said: _Said, truth: Mapping[str, Answer], most: _Said, bins: Sequence[Bin]) -> VoterRow:
    right = {i for i, (answer, _) in said.items() if answer is truth[i]}
    majority_right = {i for i, (answer, _) in most.items() if answer is truth[i]}
    n = len(said)
    share = len(right) / n if n else 0.0
    by_side = {}
    for side in (Answer.YES, Answer.NO):
        asked = [i for i in said if truth[i] is side]
        by_side[side] = sum(i in right for i in asked) / len(asked) if asked else None
    return VoterRow(
        name,
        len(truth),
        n,
        len(right),
        share,
        *wilson(len(right), n),
        by_side[Answer.YES],
        by_side[Answer.NO],
        sum(sure for _, sure in said.values()) / n if n else 0.0,
        sum(abs(b.share - _mean(b, said) / 100) * b.answers for b in bins) / n if n else 0.0,
        len(right - majority_right),
        len(majority_right - right),
    )


def _mean(b: Bin, said: _Said) -> float:
    inside = [sure for _, sure in said.values() if b.least <= sure < b.below]
    return sum(inside) / len(inside)
