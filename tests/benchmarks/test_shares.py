"""Intervals drawn by anchor, seeds averaged, and two answerers on the same questions."""

import random
from math import comb

import pytest

from benchmarks.students.shares import Points, adjusted, contrast, share


def points(right: int, n: int = 100) -> Points:
    return {f"q{i:03}": float(i < right) for i in range(n)}


def test_mean_and_seeds_are_those_of_the_points() -> None:
    found = share([points(60), points(70)], {i: i for i in points(0)})
    assert found.value == pytest.approx(0.65)
    assert found.seeds == (0.6, 0.7)
    assert (found.n, found.clusters) == (100, 100)
    assert found.low < 0.65 < found.high


def test_interval_of_single_questions_is_the_binomial_one() -> None:
    found = share([points(50)], {i: i for i in points(0)})
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.05, abs=0.02)


def test_whole_clusters_make_the_interval_wider() -> None:
    ids = points(0)
    together = {i: int(i[1:]) // 10 for i in ids}  # ten questions about each of ten anchors, all right or all wrong
    alone, drawn = (share([points(50)], clusters) for clusters in ({i: i for i in ids}, together))
    # The effect of the design with equal clusters and no spread inside them is their size (L. Kish 1965).
    assert (drawn.high - drawn.low) / (alone.high - alone.low) == pytest.approx(10**0.5, rel=0.15)


def test_where_all_are_right_no_draw_is_other() -> None:
    found = share([points(3, 3)], {i: i for i in points(3, 3)})
    assert (found.low, found.high) == (1, 1)


def test_five_copies_of_a_question_say_nothing_more() -> None:
    draw = random.Random(0)
    values = {f"q{i:03}": float(draw.choice((-1, 0, 1))) for i in range(40)}
    copies = {f"{i}.{copy}": value for i, value in values.items() for copy in range(5)}
    alone = share([copies], {i: i for i in copies})
    together = share([copies], {i: i.split(".")[0] for i in copies})
    assert alone.low < sum(values.values()) / 40 < alone.high
    # The spread is that of 40 values, √5 of that of 200.
    assert (together.high - together.low) / (alone.high - alone.low) == pytest.approx(5**0.5, rel=0.15)


def test_order_of_a_file_changes_nothing() -> None:
    clusters = {i: int(i[1:]) // 7 for i in points(0)}
    backwards = dict(reversed(list(points(33).items())))
    assert share([points(33)], clusters) == share([backwards], clusters)


def test_a_second_seed_is_no_second_question() -> None:
    clusters = {i: i for i in points(0)}
    once, twice = share([points(50)], clusters), share([points(50), points(50)], clusters)
    assert (once.low, once.high, once.n) == (twice.low, twice.high, twice.n)


def test_contrast_counts_the_questions_that_differ() -> None:
    one, other = points(60), {**points(50), "q099": 1.0}
    found = contrast([one], [other], {i: i for i in one})
    assert (found.better, found.worse) == ((10,), (1,))
    assert found.difference == pytest.approx(0.09)
    assert found.p == pytest.approx(2 * (comb(11, 0) + comb(11, 1)) / 2**11)
    assert found.low < 0.09 < found.high


def test_weaker_seed_decides() -> None:
    clusters = {i: i for i in points(0)}
    found = contrast([points(80), points(51)], [points(50), points(50)], clusters)
    assert found.better == (30, 1)
    assert found.p == 1.0


def test_one_run_is_compared_with_each_of_the_others() -> None:
    found = contrast([points(20)], [points(50), points(60)], {i: i for i in points(0)})
    assert found.worse == (30, 40)


def test_holm_multiplies_the_smallest_by_the_number() -> None:
    clusters = {i: i for i in points(0)}
    first, second = (contrast([points(n)], [points(50)], clusters) for n in (60, 57))
    one, other = adjusted([first, second])
    assert one.adjusted == pytest.approx(2 * first.p)
    assert other.adjusted == pytest.approx(max(second.p, 2 * first.p))


@pytest.mark.parametrize("runs", [[], [{}], [points(5), points(5, 99)]])
def test_runs_of_other_questions_are_refused(runs: list[Points]) -> None:
    with pytest.raises(ValueError, match="question"):
        share(runs, {})


def test_other_questions_and_unlike_seeds_cannot_be_contrasted() -> None:
    clusters = {i: i for i in points(0)}
    with pytest.raises(ValueError, match="1 questions were answered by one"):
        contrast([points(5)], [points(5, 99)], clusters)
    with pytest.raises(ValueError, match="cannot be paired"):
        contrast([points(5)] * 2, [points(5)] * 3, clusters)
