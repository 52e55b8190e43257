"""The model of mastery: what answers say, and that it is as sure as it may be."""

from collections.abc import Callable

import numpy as np
import pytest

from failwise.evaluation.coverage.mastery import (
    DRAWS,
    GRID,
    KNOWN,
    WRONG,
    Floats,
    Ints,
    Posterior,
    Tally,
    fit,
    likelihood,
)
from failwise.evaluation.coverage.states import SURE, codes

CHANCES = np.array([0.2, 0.25, 0.5])


def asked(mastery: Floats, probes: int, groups: int, seed: int) -> tuple[Tally, Ints]:
    """Return what facts of given masteries would be answered, and how often each was asked."""
    rng = np.random.default_rng(seed)
    times = rng.multinomial(probes, np.full(len(CHANCES), 1 / len(CHANCES)), len(mastery))
    right = rng.binomial(times, CHANCES + (1 - CHANCES) * mastery[:, None])
    group = np.arange(len(mastery)) * groups // len(mastery)
    return Tally(group, CHANCES, right, times - right), times.sum(1)


def test_the_likelihood_is_that_of_guessing_and_knowing() -> None:
    right, wrong = np.array([[2, 0, 1]]), np.array([[0, 1, 0]])
    found = likelihood(right, wrong, CHANCES)[0]
    by_hand = (0.2 + 0.8 * GRID) ** 2 * (1 - (0.25 + 0.75 * GRID)) * (0.5 + 0.5 * GRID)
    assert found == pytest.approx(by_hand / by_hand.max(), abs=1e-12)
    assert found[-1] == 0.0  # who has mastered all misses nothing


def test_bounds_lie_between_points_of_the_grid() -> None:
    assert not {KNOWN, WRONG} & set(GRID)
    assert GRID[0] == 0 and GRID[-1] == 1 and (np.diff(GRID) > 0).all()


def test_the_same_answers_give_the_same_numbers() -> None:
    tally, _ = asked(np.random.default_rng(0).random(60), 4, 3, 0)
    one, other = fit(tally), fit(tally)
    assert (one.masteries == other.masteries).all() and (one.draw_known() == other.draw_known()).all()
    assert (one.is_known() != fit(tally, seed=1).is_known()).any()


def test_the_order_of_facts_changes_nothing() -> None:
    tally, _ = asked(np.random.default_rng(0).random(60), 4, 3, 0)
    turn = np.random.default_rng(1).permutation(60)
    turned = Tally(tally.groups[turn], tally.chances, tally.right[turn], tally.wrong[turn])
    assert fit(turned).is_known() == pytest.approx(fit(tally).is_known()[turn], abs=1e-12)


def test_a_fact_leans_on_its_group_and_not_on_another() -> None:
    # Two groups, one mastered and one not; in each a fact that was never asked.
    right, wrong = np.zeros((2, 40, 1), np.int64)
    right[:19], wrong[20:39] = 6, 6
    posterior = fit(Tally(np.arange(40) // 20, np.array([0.25]), right, wrong))
    known, wrongly = posterior.is_known(), posterior.is_wrong()
    assert known[19] > 0.7 and wrongly[39] > 0.7
    assert known[39] < 0.2 and wrongly[19] < 0.2


def test_a_lone_fact_with_few_probes_stays_open() -> None:
    one = np.array([[1]])
    posterior = fit(Tally(np.array([0]), np.array([0.5]), one, 0 * one))
    assert posterior.is_known()[0] < 0.6
    low, high = posterior.interval()
    assert low[0] < 0.2 and high[0] == 1.0


def test_no_answers_and_impossible_chances_are_refused() -> None:
    none = np.zeros((0, 1), np.int64)
    with pytest.raises(ValueError, match="no fact to judge"):
        fit(Tally(none[:, 0], np.array([0.25]), none, none))
    with pytest.raises(ValueError, match="between 0 and 1"):
        fit(Tally(np.array([0]), np.array([1.0]), np.array([[1]]), np.array([[0]])))


STUDENTS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "knows or not": lambda rng, n: (rng.random(n) < 0.7).astype(float),
    "knows one group": lambda rng, n: (np.arange(n) < n // 8).astype(float),
    "knows everything": lambda rng, n: np.ones(n),
    "knows nothing": lambda rng, n: np.zeros(n),
    "half of all ways": lambda rng, n: np.full(n, 0.5),
    "anything": lambda rng, n: rng.random(n),
}


@pytest.mark.parametrize("student", STUDENTS)
def test_what_is_called_known_is_known_and_intervals_cover(student: str) -> None:
    """The full simulation is benchmarks/coverage.py; here are as many as take a second or two."""
    called, truly, covered, groups = 0, 0, 0, 8
    for seed in range(6):
        mastery = STUDENTS[student](np.random.default_rng(seed), 320)
        tally, probes = asked(mastery, 6, groups, seed)
        posterior = fit(tally)
        known = codes(probes, posterior.is_known(), posterior.is_wrong()) == 0
        called, truly = called + known.sum(), truly + (known & (mastery >= KNOWN)).sum()
        worlds = posterior.draw_known()
        for group in range(groups):
            members = np.flatnonzero(tally.groups == group)
            low, high = np.quantile(worlds[:, members].sum(1), (0.025, 0.975), method="inverted_cdf")
            covered += low <= (mastery[members] >= KNOWN).sum() <= high
    assert truly >= SURE * called
    assert covered >= 0.9 * 6 * groups
    if student in ("knows everything", "knows or not"):
        assert called > 0.6 * 6 * 320 * (0.7 if student == "knows or not" else 1)


def test_worlds_hold_what_is_uncertain_of_all_facts_together() -> None:
    # One probe each, all right: whether the student knows most of the facts is uncertain for all of them at once.
    right = np.ones((200, 1), np.int64)
    posterior = fit(Tally(np.zeros(200, np.int64), np.array([0.5]), right, 0 * right))
    shares = posterior.draw_known().mean(1)
    alone = posterior.is_known().mean()
    assert len(shares) == DRAWS
    assert shares.mean() == pytest.approx(alone, abs=0.02)
    assert shares.std() > 2 * (alone * (1 - alone) / 200) ** 0.5


def test_a_posterior_of_patterns_is_that_of_each_fact() -> None:
    tally, _ = asked(np.random.default_rng(5).random(50), 3, 2, 5)
    posterior: Posterior = fit(tally)
    for fact in (0, 20, 49):
        row = posterior.likelihood[posterior.pattern[fact]]
        assert row == pytest.approx(likelihood(tally.right[[fact]], tally.wrong[[fact]], CHANCES)[0])
        assert posterior.mean()[fact] == pytest.approx(posterior.masteries[posterior.pattern[fact]] @ GRID)
