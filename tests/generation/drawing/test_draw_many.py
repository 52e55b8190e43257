"""Questions for several right options come in complementary pairs, with none, some or all of them right."""

import random
from collections import Counter
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from failwise.generation.balance.shortcuts import pairs_in_order
from failwise.generation.drawing.drawn import Drawn, Used
from failwise.generation.records import Kind
from tests.generation.drawing.drawers import Matrix, blind_scores, many_drawer, matrices, parse, right_by

WIDE = parse("+++++-----", "-----+++++", "+-+-+-+-+-", "-+-+-+-+-+")
HALVES = parse("+++++-----", "-----+++++")


def in_pairs(made: list[Drawn]) -> list[tuple[Drawn, Drawn]]:
    groups = [list(found) for _, found in groupby(made, key=lambda d: d.group)]
    return [(found[0], found[1]) for found in groups if len(found) == 2]


@settings(max_examples=150, deadline=None)
@given(matrices(options=9), st.integers(2, 6), st.integers(1, 25), st.integers(0, 99))
def test_options_are_stated_and_pairs_are_complementary(matrix: Matrix, k: int, n: int, seed: int) -> None:
    made = list(many_drawer(matrix, seed=seed).draw(k, n))
    assert len(made) <= n
    assert all(right_by(matrix, d) and len(d.options) == k and not d.none for d in made)
    assert 2 * len(in_pairs(made)) >= len(made) - 1  # the last may be cut off
    for one, other in in_pairs(made):
        assert one.options == other.options
        assert one.anchor != other.anchor
        assert all(r is not s for r, s in zip(one.right, other.right, strict=True))
        for guesser in range(3):
            scores = blind_scores(guesser, one.options)
            points = [pairs_in_order(scores, d.right) for d in (one, other)]
            assert points == [None, None] or sum(p for p in points if p is not None) == pytest.approx(1)


@pytest.mark.parametrize("k", [2, 4, 5])
def test_how_many_are_right_is_spread_evenly(k: int) -> None:
    made = list(many_drawer(HALVES).draw(k, 60))
    assert len(made) == 60
    counts = Counter(sum(d.right) for d in made)
    assert set(counts) == set(range(k + 1))
    assert max(counts.values()) - min(counts.values()) <= 4


def test_every_anchor_is_asked() -> None:
    counts = Counter(d.anchor for d in many_drawer(WIDE).draw(4, 100))
    assert len(counts) == 4
    assert min(counts.values()) >= 20


def test_kinds_say_what_is_right_here_and_what_elsewhere() -> None:
    for drawn in many_drawer(WIDE).draw(4, 20):
        assert [kind is Kind.ANSWER for kind in drawn.kinds] == list(drawn.right)
        assert set(drawn.kinds) <= {Kind.ANSWER, Kind.CONTRAST}


def test_every_option_shown_counts_as_asked() -> None:
    work = many_drawer(WIDE)
    made = list(work.draw(4, 30))
    shown = Counter(work.index[d.anchor][o] for d in made for o in d.options)
    assert {i: n for i, n in enumerate(work.tested) if n} == shown


@settings(max_examples=80, deadline=None)
@given(matrices(options=8, signs="+-"), st.integers(2, 4), st.integers(0, 99))
def test_splits_never_share_an_option_set(matrix: Matrix, k: int, seed: int) -> None:
    first = many_drawer(matrix, used=Used(set(), share=0.3), seed=seed)
    list(first.draw(k, 12))
    second = many_drawer(matrix, used=Used(first.used.own), seed=seed + 1)
    made = {(d.anchor, sum(1 << o for o in d.options)) for d in second.draw(k, 30)}
    assert made.isdisjoint(first.used.own)
    assert made <= second.used.own


def test_an_option_set_that_two_partners_share_counts_once() -> None:
    assert many_drawer(parse("++-", "--+", "--+", "--+")).supply(3) == 4


def test_supply_counts_what_two_anchors_differ_in() -> None:
    twins = parse("+-+-", "-+-+")
    assert [many_drawer(twins).supply(k) for k in (2, 3, 4, 5)] == [12, 8, 2, 0]
    assert many_drawer(parse("+-?", "+-+")).supply(2) == 0
    made = list(many_drawer(twins).draw(4, 2))
    assert sorted(sum(d.right) for d in made) == [2, 2]


def test_partners_are_bounded() -> None:
    crowd = Matrix((1, *[2] * 60), (2, *[1] * 60), 2)
    work = many_drawer(crowd)
    work.rng = random.Random(1)
    assert len(work.partners(0, 2)) == 40
    assert work.partners(1, 2) == [0]
