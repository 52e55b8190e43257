"""The rule: half of the voters or more, and all who agree sure enough. Then calibration against hidden facts."""

import pytest

from failwise.generation.consensus.calibration import CONSENSUS, MAJORITY, calibrate
from failwise.generation.consensus.config import ConsensusConfig
from failwise.generation.consensus.proposals import decide
from failwise.generation.consensus.records import Answer, Outcome, Vote
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Truth
from tests.generation.consensus.panel import CONFIG, vote

YES, NO = ("yes", 90.0), ("no", 90.0)


@pytest.mark.parametrize(
    ("cast", "outcome", "answer", "share"),
    [
        ([YES, YES, NO], Outcome.CONSENSUS, Answer.YES, 2 / 3),
        ([NO, NO, ("unsure", 10.0)], Outcome.CONSENSUS, Answer.NO, 2 / 3),
        ([YES, ("yes", 79.0), YES], Outcome.NOT_CONFIDENT, Answer.YES, 1),
        ([YES, YES, ("no", 10.0)], Outcome.CONSENSUS, Answer.YES, 2 / 3),  # a doubt on the other side does no harm
        ([YES, NO], Outcome.TIE, None, 0.5),
        ([YES, YES, NO, ("unsure", 5.0)], Outcome.CONSENSUS, Answer.YES, 0.5),
        ([YES, YES, NO, ("unsure", 5.0), (None, None)], Outcome.NO_MAJORITY, Answer.YES, 0.4),
        ([("unsure", 90.0), ("unsure", 90.0), YES], Outcome.UNSURE, Answer.UNSURE, 2 / 3),
        ([YES, (None, None), (None, None)], Outcome.TOO_FEW_VOTES, Answer.YES, 1 / 3),
        ([(None, None)], Outcome.TOO_FEW_VOTES, None, 0),
    ],
)
def test_what_votes_come_to(
    cast: list[tuple[str | None, float | None]], outcome: Outcome, answer: Answer | None, share: float
) -> None:
    found = decide([vote(f"v{i}", *one) for i, one in enumerate(cast)], CONFIG)
    assert found[:2] == (outcome, answer) and found[2] == pytest.approx(share)


def test_share_and_confidence_are_settings() -> None:
    votes = [vote("a", "yes", 60), vote("b", "yes", 70), vote("c", "no", 99)]
    strict, lax = (ConsensusConfig(min_share=s, min_confidence=c) for s, c in ((0.9, 50), (0.5, 50)))
    assert decide(votes, strict)[0] is Outcome.NO_MAJORITY
    assert decide(votes, lax)[0] is Outcome.CONSENSUS and decide(votes, lax)[3] == 60


def _panel(toy: KnowledgeGraph) -> list[Vote]:
    """Return votes of one who knows all, one who says yes to all at 55, and one who is wrong at 95."""
    found = []
    for fact in toy.query("toy-pump", "indicatedBy"):
        right, wrong = ("yes", "no") if fact.truth is Truth.YES else ("no", "yes")
        for name, answer, sure in (("knows", right, 85), ("nods", "yes", 55), ("errs", wrong, 95)):
            found.append(vote(name, answer, sure, fact=fact.id, hidden=True))
    return found


def test_calibration_says_what_a_confidence_is_worth(toy: KnowledgeGraph) -> None:
    table = calibrate(_panel(toy), toy, CONFIG)
    rows = {r.voter: r for r in table.rows}
    yes = sum(f.truth is Truth.YES for f in toy.query("toy-pump", "indicatedBy"))
    assert (rows["knows"].share, rows["errs"].share) == (1, 0)
    assert (rows["nods"].agree, rows["nods"].answers, rows["nods"].on_yes, rows["nods"].on_no) == (yes, 12, 1, 0)
    assert rows["knows"].gap == pytest.approx(0.15) and rows["errs"].gap == pytest.approx(0.95)
    # Yes and yes and no: the majority follows whoever nods.
    assert (rows[MAJORITY].agree, rows["knows"].better, rows["knows"].worse) == (yes, 12 - yes, 0)
    assert {(b.voter, b.least) for b in table.bins} >= {("knows", 80), ("nods", 50), ("errs", 90)}
    assert all(b.low <= b.share <= b.high for b in table.bins)
    assert "| knows | 80 to below 90 | 12 | 12 | 100.0% |" in table.markdown()


def test_the_consensus_row_holds_only_what_would_be_proposed(toy: KnowledgeGraph) -> None:
    votes = [v for v in _panel(toy) if v.voter != "nods"] + [
        vote("third", v.answer, 90, fact=v.fact_id, hidden=True) for v in _panel(toy) if v.voter == "knows"
    ]
    rows = {r.voter: r for r in calibrate(votes, toy, CONFIG).rows}
    assert (rows[CONSENSUS].answers, rows[CONSENSUS].share) == (12, 1)
    doubtful = ConsensusConfig(min_confidence=86)
    assert {r.voter: r.answers for r in calibrate(votes, toy, doubtful).rows}[CONSENSUS] == 0


def test_votes_on_unknown_facts_are_no_check(toy: KnowledgeGraph) -> None:
    assert calibrate([vote("a", "yes", 90, fact=f.id) for f in toy.query()], toy, CONFIG).bins == ()


def test_a_confidence_of_100_is_in_the_last_bin(toy: KnowledgeGraph) -> None:
    fact = next(toy.query("toy-pump", truth=Truth.YES))
    bins = calibrate([vote("a", "yes", 100, fact=fact.id, hidden=True)], toy, CONFIG).bins
    assert [(b.voter, b.least, b.answers) for b in bins if b.voter == "a"] == [("a", 90, 1)]
