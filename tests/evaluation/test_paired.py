"""Tests of pairs against values worked out by hand and by scipy."""

import random

import pytest

from failwise.evaluation.paired import bootstrap_difference, holm, mcnemar


@pytest.mark.parametrize(
    ("better", "worse", "p"), [(0, 0, 1), (1, 0, 1), (5, 0, 0.0625), (0, 8, 2 / 256), (3, 3, 1), (9, 2, 0.06543)]
)
def test_mcnemar_is_the_exact_binomial_test(better: int, worse: int, p: float) -> None:
    assert mcnemar(better, worse) == pytest.approx(p, abs=1e-5)


def test_mcnemar_agrees_with_scipy_and_bears_large_counts() -> None:
    stats = pytest.importorskip("scipy.stats")
    for better, worse in ((12, 30), (200, 150), (1500, 1400)):
        assert mcnemar(better, worse) == pytest.approx(stats.binomtest(better, better + worse).pvalue)


def test_the_interval_of_a_difference_holds_it_and_widens_with_clusters() -> None:
    draw = random.Random(0)
    by_cluster = [draw.choice((-1, 0, 1)) for _ in range(40)]
    differences = [value for value in by_cluster for _ in range(5)]
    mean = sum(differences) / len(differences)
    low, high = bootstrap_difference(differences, range(200))
    wide_low, wide_high = bootstrap_difference(differences, [i // 5 for i in range(200)])
    assert low < mean < high
    # Five copies of each value say nothing more: the spread is that of 40 values, √5 of that of 200.
    assert (wide_high - wide_low) / (high - low) == pytest.approx(5**0.5, rel=0.15)
    assert bootstrap_difference([1, 1, 1], "abc") == (1, 1) and bootstrap_difference([], []) == (0, 0)


def test_holm_adjusts_in_order() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]) == [1, 1] and holm([]) == []
