"""As many questions as a claim takes, and no more."""

import json

import pytest

from failwise.errors import InputError
from failwise.evaluation.coverage import planner
from failwise.evaluation.coverage.planner import Claim, plan_probes
from tests.conftest import Program

GROUPS = [("pump", "indicatedBy", place % 3) for place in range(60)]


@pytest.fixture(autouse=True)
def _fewer_audits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "AUDITS", 8)


def test_a_claim_gets_designs_that_support_it() -> None:
    designs = plan_probes(GROUPS, 4, Claim(0.8))
    assert designs == sorted(designs, key=lambda d: d.questions)
    assert all(d.success >= 0.8 and d.questions == d.facts * d.probes for d in designs)
    assert {60} <= {d.facts for d in designs} <= {60, 30, 15}


def test_more_is_asked_where_more_is_claimed_or_luck_is_likelier() -> None:
    def all_facts(claim: Claim, options: int = 4) -> int:
        return next(d.probes for d in plan_probes(GROUPS, options, claim) if d.facts == 60)

    modest = all_facts(Claim(0.6))
    assert modest <= all_facts(Claim(0.9)) and modest < all_facts(Claim(0.9), options=2)


def test_what_no_number_of_questions_shows_has_no_design() -> None:
    assert plan_probes(GROUPS, 4, Claim(0.979)) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"share": 0.99}, "cannot be shown to know 99%"),
        ({"share": 90}, "share is 90"),
        ({"share": 0.9, "confidence": 1}, "confidence is 1"),
        ({"share": 0.9, "power": 0}, "power is 0"),
    ],
)
def test_impossible_claims_are_refused(settings: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Claim(**settings)


def test_no_facts_and_no_options_are_refused() -> None:
    with pytest.raises(InputError, match="no fact to ask about"):
        plan_probes([], 4, Claim(0.9))
    with pytest.raises(InputError, match="two options or more, not 1"):
        plan_probes(GROUPS, 1, Claim(0.9))


def test_on_the_command_line(failwise: Program) -> None:
    done = failwise("questions", "probes", 0.5, "--asset-class", "fan", "--relation", "monitoredBy", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["facts"] > 10 and found["designs"][0]["questions"] > 0
    wrong = failwise("questions", "probes", 0.5, "--asset-class", "fen")
    assert wrong.returncode == 2 and "did you mean 'fan'?" in wrong.stderr
