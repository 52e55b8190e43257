"""Distractors for facts in no contrast group leave nothing to be gained from degrees."""

import random
from collections import Counter

import pytest

from failwise.generation.drawing.distractors import Distractors
from failwise.generation.records import Kind

# Degrees: option 3 has two above, one level with it, and two below.
DEGREES = [5, 4, 2, 2, 1, 0]
OTHERS = [0, 1, 2, 4, 5]


def place(beside: Distractors, o: int, chosen: list[int]) -> float:
    """Return the rank of the right option's degree among those chosen; a tie counts half."""
    own = beside.degrees[o]
    return sum((beside.degrees[p] > own) + (beside.degrees[p] == own) / 2 for p in chosen)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_right_options_degree_takes_each_rank_equally_often(n: int) -> None:
    beside = Distractors(random.Random(1), DEGREES)
    drawn = [beside.matched(3, OTHERS, n) for _ in range(400)]
    assert all(len(set(chosen)) == n for chosen in drawn)
    counts = beside.ranks[n]
    assert sum(counts) == pytest.approx(400)
    assert max(counts) - min(counts) <= 1.5
    assert sum(place(beside, 3, chosen) for chosen in drawn) / 400 == pytest.approx(n / 2, abs=0.05)


def test_a_tie_counts_in_parts() -> None:
    beside = Distractors(random.Random(1), [2, 2, 2])
    beside.matched(0, [1, 2], 1)
    assert beside.ranks[1] == [0.5, 0.5]


def test_what_one_table_gives_away_another_makes_up_for() -> None:
    ranks: dict[int, list[float]] = {}
    forced, free = (Distractors(random.Random(seed), DEGREES, ranks=ranks) for seed in (1, 2))
    for _ in range(10):
        forced.matched(0, [1, 2, 4, 5], 1)  # nothing lies above
    lower = [free.matched(3, OTHERS, 1)[0] for _ in range(10)]
    assert all(free.degrees[o] > 2 for o in lower)
    assert ranks[1] == [10.0, 10.0]


def test_choices_are_the_ranks_that_are_possible() -> None:
    beside = Distractors(random.Random(1), DEGREES)
    assert beside.choices(0, [1, 2, 4, 5], 1) == 1
    assert beside.choices(3, OTHERS, 1) == 2
    assert beside.choices(3, OTHERS, 2) == 3
    assert beside.choices(3, [0, 1], 2) == 1


def test_options_that_were_right_too_often_are_shown_as_wrong_ones() -> None:
    beside = Distractors(random.Random(1), [1] * 6)
    for _ in range(5):
        beside.count([0, 1], [0])
    shown = Counter(o for _ in range(40) for o, _ in beside.beside([(9, 2), (8, 3)], [0, 1, 4], 1))
    assert shown[0] == 40
    assert shown[1] == 0


def test_a_strategy_that_ranks_nothing_is_made_up_for_by_degrees() -> None:
    named = [(Kind.SIBLING_ASSET, lambda a, o, pool: [p for p in pool if p == 4], 1.0)]
    beside = Distractors(random.Random(1), DEGREES, named)
    assert Counter(kind for _, kind in beside.beside([(0, 3)], OTHERS, 3)) == {
        Kind.SIBLING_ASSET: 1,
        Kind.DEGREE_MATCHED: 2,
    }
