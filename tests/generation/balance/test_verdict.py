"""Passed, refused, or too small to tell: what the verdict rests on, and what it leaves open."""

from math import ceil, floor, inf

import pytest

from failwise.generation.balance.shortcuts import GuesserRow, Offender, Shortcuts
from failwise.generation.balance.verdict import (
    PASSED,
    REFUSED,
    TOO_SMALL,
    about,
    doubts,
    enough,
    few,
    sentence,
    verdict,
)
from failwise.generation.records import Arity
from failwise.statistics import Z95_ONE_SIDED, wilson

MARGIN = 0.05


def row(n: int, excess: float, chance: float = 0.5, name: str = "degree", arity: Arity = Arity.SINGLE) -> GuesserRow:
    """Return a guesser that has an excess, in points, on n questions."""
    right = n * (chance + excess / 100)
    low, high = (100 * (edge - chance) for edge in wilson(right, n))
    bound = 100 * (wilson(right, n, Z95_ONE_SIDED)[0] - chance)
    return GuesserRow(name, arity, n, right / n, chance, excess, low, high, bound)


def shortcuts(*rows: GuesserRow, margin: float = MARGIN) -> Shortcuts:
    offenders = tuple(Offender(r, (r,), ()) for r in rows if r.over(margin))
    return Shortcuts(rows, (), offenders, (), 0, 0, 0)


@pytest.mark.parametrize("chance", [0.5, 0.36, 0.25, 0.1])
@pytest.mark.parametrize("margin", [0.05, 0.02, 0.1])
def test_enough_is_where_an_excess_of_the_margin_leaves_chance(chance: float, margin: float) -> None:
    needed = enough(row(1, 0, chance), margin)
    below, above = (row(n, 100 * margin, chance) for n in (floor(needed), ceil(needed)))
    assert below.low < 0 < above.low
    assert few(below, margin)
    assert not few(above, margin)


@pytest.mark.parametrize(
    ("n", "excess", "found"),
    [
        (2, 0, TOO_SMALL),
        (300, 4, TOO_SMALL),
        (384, 0, TOO_SMALL),
        (385, 0, PASSED),
        (385, 4.9, PASSED),
        (385, 5.1, REFUSED),
        (60_000, 4.9, PASSED),
        (60_000, 5.1, REFUSED),
        (200, 5.5, TOO_SMALL),  # over the margin, and no more than luck
        (40, 50, REFUSED),
    ],
)
def test_a_verdict_by_questions_and_excess(n: int, excess: float, found: str) -> None:
    assert verdict(shortcuts(row(n, excess)), MARGIN) == found
    assert sentence(shortcuts(row(n, excess)), MARGIN).startswith(found.upper().replace("-", " "))


def test_letters_that_few_questions_have_make_no_set_small() -> None:
    found = shortcuts(row(5000, 1), row(50, 6, 0.1, "always J"))
    assert verdict(found, MARGIN) == PASSED
    assert "nearest is 'degree' on single answers, +1.0" in sentence(found, MARGIN)
    assert list(doubts(found, MARGIN)) == [
        "'always J' is 6.0 points above chance in 50 questions, too few to tell from luck"
    ]


def test_the_arity_that_most_questions_have_decides_and_the_other_is_warned_of() -> None:
    found = shortcuts(row(5000, 1), row(100, 12, arity=Arity.MULTIPLE))
    assert verdict(found, MARGIN) == REFUSED
    found = shortcuts(row(5000, 1), row(100, 3, arity=Arity.MULTIPLE))
    assert verdict(found, MARGIN) == PASSED
    assert list(doubts(found, MARGIN)) == [
        "100 questions with multiple answers are too few to tell: luck alone could give a guesser 8 points above "
        "chance; about 390 questions would do"
    ]
    turned = shortcuts(row(300, 1), row(100, 3, arity=Arity.MULTIPLE))
    assert sentence(turned, MARGIN).startswith(
        "TOO SMALL TO TELL: with 300 questions the interval of 'degree' on single"
    )


def test_a_set_that_passes_says_how_far_its_interval_reaches() -> None:
    (said,) = doubts(shortcuts(row(1000, 3)), MARGIN)
    assert said.startswith("the interval of 'degree' reaches +6.1 points")
    assert not list(doubts(shortcuts(row(10_000, 3)), MARGIN))


def test_nothing_to_guess_is_nothing_to_tell() -> None:
    assert verdict(shortcuts(), MARGIN) == TOO_SMALL
    assert "nothing to guess" in sentence(shortcuts(), MARGIN)
    assert not list(doubts(shortcuts(), MARGIN))


def test_no_margin_needs_no_end_of_questions() -> None:
    one = row(10**9, 0)
    assert enough(one, 0) == inf
    assert about(one, 0) == "no number of questions shows that nobody gains anything at all, so allow a margin"
    assert verdict(shortcuts(one, margin=0), 0) == TOO_SMALL


@pytest.mark.parametrize(("margin", "said"), [(0.05, "about 390 "), (0.02, "about 2,500 "), (0.6, "about 3 ")])
def test_numbers_of_questions_are_rounded_up(margin: float, said: str) -> None:
    assert about(row(1, 0), margin).startswith(said)
