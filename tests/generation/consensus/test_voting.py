"""Votes: each is asked for once, an unusable reply again, and nothing that was paid for is lost."""

from pathlib import Path

import pytest

from failwise.errors import TeacherError
from failwise.generation.consensus.records import Answer, VotePrompt
from failwise.generation.consensus.voting import VOTES, ballots, cast_votes
from failwise.kg.graph import KnowledgeGraph
from tests.generation.consensus.panel import CONFIG, Scripted, says


def test_every_voter_is_asked_about_every_fact_once(toy: KnowledgeGraph, tmp_path: Path) -> None:
    panel = [Scripted("a"), Scripted("b", lambda p: says("no", 70))]
    votes = cast_votes(ballots(toy, CONFIG, panel), CONFIG, tmp_path)
    assert len(votes) == 4 and [len(v.asked) for v in panel] == [2, 2]
    assert {(v.voter, v.answer, v.confidence) for v in votes.values()} == {("a", Answer.YES, 90), ("b", Answer.NO, 70)}
    again = [Scripted("a"), Scripted("b")]
    assert cast_votes(ballots(toy, CONFIG, again), CONFIG, tmp_path) == votes
    assert not any(v.asked for v in again)


def test_another_wording_or_model_is_another_vote(toy: KnowledgeGraph, tmp_path: Path) -> None:
    cast_votes(ballots(toy, CONFIG, [Scripted("a")]), CONFIG, tmp_path)
    other = Scripted("a", lambda p: says("no", 99), fingerprint="another model")
    votes = cast_votes(ballots(toy, CONFIG, [other]), CONFIG, tmp_path)
    assert len(other.asked) == 2 and {v.answer for v in votes.values()} == {Answer.NO}


@pytest.mark.parametrize(("usable_from", "answer", "attempts"), [(3, Answer.YES, 3), (6, Answer.YES, 6), (7, None, 6)])
def test_an_unusable_reply_is_asked_for_again_five_times(
    toy: KnowledgeGraph, tmp_path: Path, usable_from: int, answer: Answer | None, attempts: int
) -> None:
    voter = Scripted("a", lambda p: says("yes", 88) if p.attempt >= usable_from else "well, yes")
    vote = next(iter(cast_votes(ballots(toy, CONFIG, [voter])[:1], CONFIG, tmp_path).values()))
    assert (vote.answer, vote.attempts, vote.prompt_tokens) == (answer, attempts, 10 * attempts)
    assert {p.temperature for p in voter.asked} == {0.0} and len({p.user for p in voter.asked}) == 2
    if answer is None:
        assert vote.raw == "well, yes" and "no JSON object" in vote.fault


def test_a_vote_without_an_answer_is_asked_for_again_on_demand(toy: KnowledgeGraph, tmp_path: Path) -> None:
    cast_votes(ballots(toy, CONFIG, [Scripted("a", lambda p: "?")]), CONFIG, tmp_path)
    better = Scripted("a")
    kept = cast_votes(ballots(toy, CONFIG, [better]), CONFIG, tmp_path)
    assert not better.asked and {v.answer for v in kept.values()} == {None}
    found = cast_votes(ballots(toy, CONFIG, [better]), CONFIG, tmp_path, again=True)
    assert len(better.asked) == 2 and {v.answer for v in found.values()} == {Answer.YES}


def test_what_was_cast_before_a_breakdown_is_kept(toy: KnowledgeGraph, tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"hidden": 10, "concurrency": 1})
    calls = []

    def breaks(prompt: VotePrompt) -> str:
        calls.append(prompt)
        if len(calls) > 5:
            raise TeacherError("the server is gone")
        return says("yes", 90)

    with pytest.raises(TeacherError, match="gone"):
        cast_votes(ballots(toy, config, [Scripted("a", breaks)]), config, tmp_path)
    assert len((tmp_path / VOTES).read_text().splitlines()) == 5
    with (tmp_path / VOTES).open("a") as torn:
        torn.write('{"fact_id": "toy-')
    rest = Scripted("a")
    assert len(cast_votes(ballots(toy, config, [rest]), config, tmp_path)) == 12
    assert len(rest.asked) == 7


def test_votes_under_way_when_another_breaks_down_are_kept(toy: KnowledgeGraph, tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"hidden": 10})
    first = ballots(toy, config, [Scripted("a")])[0].prompt.user

    def breaks(prompt: VotePrompt) -> str:
        if prompt.user == first:
            raise TeacherError("gone")
        return says("yes", 90)

    voter = Scripted("a", breaks)
    with pytest.raises(TeacherError):
        cast_votes(ballots(toy, config, [voter]), config, tmp_path)
    assert len((tmp_path / VOTES).read_text().splitlines()) == len(voter.asked) - 1 >= 2
