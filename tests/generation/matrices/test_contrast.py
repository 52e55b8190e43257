"""Contrast groups are induced matchings: each pair right, each option wrong for every other anchor."""

import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from failwise.generation.drawing.quotas import masks
from failwise.generation.matrices.contrast import Matchings, Pair, bits, grown
from failwise.generation.matrices.tables import units
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Polarity
from tests.generation.drawing.drawers import Matrix, diagonal, matrices, parse

SMALL = matrices(anchors=5, options=5)


def partners(matrix: Matrix, one: Pair, other: Pair) -> bool:
    (a, o), (b, p) = one, other
    return bool(matrix.wrong[a] >> p & 1 and matrix.wrong[b] >> o & 1)


def is_contrast(matrix: Matrix, matching: Sequence[Pair]) -> bool:
    every_right = all(matrix.right[a] >> o & 1 for a, o in matching)
    return every_right and all(partners(matrix, m, n) for m in matching for n in matching if m != n)


def largest(matrix: Matrix, chosen: Sequence[Pair], left: Sequence[Pair]) -> int:
    """Return the size of the largest matching around those chosen, by trying all."""
    open_ = [p for p in left if all(partners(matrix, p, c) for c in chosen)]
    return max((largest(matrix, [*chosen, p], open_[i + 1 :]) for i, p in enumerate(open_)), default=len(chosen))


def all_of(found: Matchings) -> set[tuple[Pair, ...]]:
    return {matching for own in found.of.values() for matching in own}


@given(st.integers(0, 2**70))
def test_bits_are_those_that_are_set(mask: int) -> None:
    assert list(bits(mask)) == [i for i in range(71) if mask >> i & 1]


@settings(max_examples=150, deadline=None)
@given(matrices(), st.integers(1, 7), st.integers(0, 9))
def test_every_group_is_an_induced_matching_that_cannot_grow(matrix: Matrix, most: int, seed: int) -> None:
    found = matrix.groups(most, seed)
    assert set(found.of) == set(matrix.pairs)
    for pair, own in found.of.items():
        assert own and all(pair in matching for matching in own)
        assert [len(m) for m in own] == sorted((len(m) for m in own), reverse=True)
    for matching in all_of(found):
        assert is_contrast(matrix, matching)
        assert len(matching) <= most
        more = [p for p in matrix.pairs if all(p != m and partners(matrix, p, m) for m in matching)]
        assert len(matching) == most or not more


@settings(max_examples=100, deadline=None)
@given(matrices(), st.integers(0, 9))
def test_turned_round_they_are_those_of_the_other_direction(matrix: Matrix, seed: int) -> None:
    found, other = matrix.groups(5, seed).transposed(), matrix.transposed()
    assert set(found.of) == set(other.pairs)
    assert all(is_contrast(other, matching) for matching in all_of(found))
    assert found.transposed().of == matrix.groups(5, seed).of


@settings(max_examples=150, deadline=None)
@given(SMALL, st.integers(0, 9))
def test_reach_never_exceeds_what_there_is(matrix: Matrix, seed: int) -> None:
    found = matrix.groups(10, seed)
    for pair in matrix.pairs:
        best = largest(matrix, [pair], matrix.pairs)
        assert found.reach(pair) <= best
        assert (found.reach(pair) == 1) == (best == 1)  # a pair that has a partner finds one


def test_reach_of_matrices_held_in_the_head() -> None:
    assert diagonal(6).groups().reach((2, 2)) == 6
    assert diagonal(6).groups(most=4).reach((2, 2)) == 4
    assert parse("+-", "+-").groups().reach((0, 0)) == 1  # right for both anchors
    assert parse("+?", "-+").groups().reach((0, 0)) == 1  # unknown is not wrong
    assert parse("+-", "-+").groups().reach((0, 1)) == 0  # not right


def test_the_same_seed_grows_the_same() -> None:
    matrix = parse("+-+--", "-+--+", "--+-+", "+--+-")
    assert matrix.groups(3, 1).of == matrix.groups(3, 1).of
    assert len({tuple(sorted(grown((0, 0), matrix.right, matrix.wrong, 3, random.Random(s)))) for s in range(20)}) > 1


def test_reach_comes_near_what_there_is_on_the_published_tables(published: KnowledgeGraph) -> None:
    """The shares of 470 facts in groups of 2 to 5 are those that an exact search finds: 441, 317, 163, 71."""
    reached: list[int] = []
    for unit in units(published, relations=["indicatedBy"]):
        table = unit.tables()[0]
        right, wrong = masks(table, Polarity.SELECTION)
        matrix = Matrix(tuple(right), tuple(wrong), len(table.options))
        found = matrix.groups()
        assert all(is_contrast(matrix, matching) for matching in all_of(found))
        reached += [found.reach(pair) for pair in matrix.pairs]
    assert len(reached) == 470
    for size, exact in ((2, 441), (3, 317), (4, 163), (5, 71)):
        count = sum(reach >= size for reach in reached)
        assert 0.75 * exact <= count <= exact, (size, count)
