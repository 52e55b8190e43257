"""Tests of pairs against values worked out by hand and by scipy."""

from itertools import product

import numpy as np
import pytest

from failwise.evaluation.clustered import intraclass_correlation
from failwise.evaluation.paired import (
    benjamini_hochberg,
    clustered_flips,
    clustered_paired_interval,
    holm,
    mcnemar,
    mean_interval,
    paired_interval,
    sign_flips,
)


@pytest.mark.parametrize(
    ("better", "worse", "p"), [(0, 0, 1), (1, 0, 1), (5, 0, 0.0625), (0, 8, 2 / 256), (3, 3, 1), (9, 2, 0.06543)]
)
def test_mcnemar_is_the_exact_binomial_test(better: int, worse: int, p: float) -> None:
    assert mcnemar(better, worse) == pytest.approx(p, abs=1e-5)


def test_mcnemar_agrees_with_scipy_and_bears_large_counts() -> None:
    stats = pytest.importorskip("scipy.stats")
    for better, worse in ((12, 30), (200, 150), (1500, 1400)):
        assert mcnemar(better, worse) == pytest.approx(stats.binomtest(better, better + worse).pvalue)


def test_holm_adjusts_in_order() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]) == [1, 1] and holm([]) == []


def test_q_values_by_hand() -> None:
    # Ranks 3, 1, 2: 0.04 · 3/3, 0.01 · 3/1, and 0.03 · 3/2 = 0.045, but no more than what stands above it.
    assert benjamini_hochberg([0.04, 0.01, 0.03]) == pytest.approx([0.04, 0.03, 0.04])
    assert benjamini_hochberg([0.9, 1]) == [1, 1] and benjamini_hochberg([]) == []


def test_sign_flips_count_what_enumeration_counts() -> None:
    assert sign_flips(np.array([3, 2, 1])) == pytest.approx(2 / 8)
    assert sign_flips(np.array([3, -2, 1])) == pytest.approx(6 / 8)  # all but 3 - 2 - 1 = 0 and its opposite
    dice = np.random.default_rng(0)
    for _ in range(50):
        sums = dice.integers(-6, 7, dice.integers(1, 11))
        totals = np.array(list(product((-1, 1), repeat=len(sums)))) @ sums
        assert sign_flips(sums) == pytest.approx((abs(totals) >= abs(sums.sum())).mean())


@pytest.mark.parametrize(("better", "worse"), [(0, 0), (1, 0), (9, 2), (30, 12), (800, 700)])
def test_sign_flips_of_single_questions_are_mcnemars_test(better: int, worse: int) -> None:
    assert sign_flips(np.array([1] * better + [-1] * worse + [0, 0])) == pytest.approx(mcnemar(better, worse))


def test_sign_flips_of_nothing_or_of_a_great_many_are_a_probability() -> None:
    assert sign_flips(np.array([], np.int64)) == 1
    assert 0 < sign_flips(np.full(20_000, 5)) <= 1e-12


def test_the_paired_interval_is_bonetts_and_prices() -> None:
    # (4 + 1) / 22 - (1 + 1) / 22 = 0.13636; the variance is (7 / 22 - 0.13636²) / 22.
    assert paired_interval(4, 1, 20) == pytest.approx((-0.09235, 0.36508), abs=1e-5)
    low, high = paired_interval(0, 0, 20)
    assert low == -high and high == pytest.approx(1.96 * (2 / 22 / 22) ** 0.5, abs=1e-4)
    assert paired_interval(1, 0, 1)[1] == 1 and paired_interval(0, 1, 1)[0] == -1


def test_two_equal_students_are_told_apart_as_seldom_as_they_should_be() -> None:
    """Each knows six in ten facts, other ones; so all questions of a fact differ together."""
    dice = np.random.default_rng(0)
    by_fact = by_question = held = 0
    for _ in range(1000):
        asked = dice.integers(1, 9, 40)
        one, two = (dice.binomial(asked, np.where(dice.random(40) < 0.6, 0.97, 0.3)) for _ in range(2))
        # Given how many are right in each, questions are paired as they come: the most that can be right in both.
        better, worse = (two - one).clip(0), (one - two).clip(0)
        by_fact += sign_flips(two - one) < 0.05
        by_question += mcnemar(int(better.sum()), int(worse.sum())) < 0.05
        effect = 1 + ((asked**2).sum() / asked.sum() - 1) * intraclass_correlation(asked, two - one, better + worse)
        low, high = paired_interval(better.sum() / effect, worse.sum() / effect, asked.sum() / effect)
        held += low <= 0 <= high
    assert 0.03 < by_fact / 1000 < 0.07
    assert by_question / 1000 > 0.2
    assert 0.93 < held / 1000 < 0.98


def test_whole_clusters_are_flipped() -> None:
    assert clustered_flips([1, 1, 1, -1, 0], "aaabc") == sign_flips(np.array([3, -1, 0]))


def test_the_interval_of_a_difference_counts_whole_clusters_and_has_a_width_where_all_are_alike() -> None:
    alone = [1] * 4 + [-1] + [0] * 15
    assert clustered_paired_interval(alone, range(20)) == pytest.approx(paired_interval(4, 1, 20))
    low, high = clustered_paired_interval([0] * 20, [i // 5 for i in range(20)])
    assert low == -high < 0
    assert clustered_paired_interval([1, 1, 1], "aaa") == (-1, 1)


@pytest.mark.parametrize(("clusters", "size"), [(3, 20), (6, 15), (12, 8)])
def test_intervals_of_few_clusters_hold_the_mean(clusters: int, size: int) -> None:
    """Values whose means by cluster lie about 0.2; and answers of two that are right as often, other ones."""
    dice, means, differences = np.random.default_rng(0), 0, 0
    places = np.repeat(np.arange(clusters), size).tolist()
    for _ in range(500):
        values = dice.normal(dice.normal(0.2, 0.15, clusters)[:, None], 0.3, (clusters, size)).clip(-1, 1)
        low, high = mean_interval(values.ravel().tolist(), places)
        means += low <= 0.2 <= high
        one, two = (dice.random((clusters, size)) < dice.beta(2, 1, clusters)[:, None] for _ in range(2))
        low, high = clustered_paired_interval((one.astype(int) - two).ravel().tolist(), places)
        differences += low <= 0 <= high
    assert 0.93 < means / 500 < 0.98
    assert differences / 500 > 0.93


def test_one_cluster_says_nothing_of_a_mean() -> None:
    assert mean_interval([0.1, 0.2], "aa") == (-1, 1)
