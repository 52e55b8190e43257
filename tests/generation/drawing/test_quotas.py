"""How many questions a table gives: the same for every fact, or a plan's quotas, shared between two splits."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.quotas import Batch, Planned, askable, in_whole_groups, masks, per_fact, shared_out
from failwise.generation.matrices.tables import Table, Unit
from failwise.generation.planning.cells import Cell, Plan, Quota
from failwise.generation.records import Arity
from failwise.kg.records import Direction, Polarity

SINGLE, MULTIPLE = Arity.SINGLE, Arity.MULTIPLE
TABLE = Table(Direction.FORWARD, [], [], [[0, 1, 2], [3, 4, 5]], [0b011, 0b001], [0b100, 0b110], [2, 1, 0])
BATCHES = st.lists(st.builds(Batch, st.just(SINGLE), st.integers(2, 10), st.booleans(), st.integers(1, 50)), max_size=9)


def test_elimination_asks_for_what_is_wrong() -> None:
    assert masks(TABLE, Polarity.SELECTION) == ([0b011, 0b001], [0b100, 0b110])
    assert masks(TABLE, Polarity.ELIMINATION) == ([0b100, 0b110], [0b011, 0b001])


@pytest.mark.parametrize(
    ("polarity", "options", "facts"),
    [
        (Polarity.SELECTION, 2, 3),
        (Polarity.SELECTION, 3, 1),
        (Polarity.SELECTION, 4, 0),
        (Polarity.ELIMINATION, 2, 3),
        (Polarity.ELIMINATION, 3, 1),
    ],
)
def test_a_fact_can_be_asked_with_enough_wrong_options_beside_it(polarity: Polarity, options: int, facts: int) -> None:
    assert askable(TABLE, polarity, options) == facts


def test_every_fact_is_asked_so_many_times() -> None:
    (batch,) = per_fact(TABLE, Polarity.SELECTION, 4, QuestionsConfig())
    assert batch == Batch(SINGLE, 5, False, 12, times=4)


def test_the_share_of_several_answers_comes_on_top_over_all_option_counts() -> None:
    single, *several = per_fact(TABLE, Polarity.SELECTION, 4, QuestionsConfig(multiple_share=0.4))
    assert single.n == 12
    assert sum(b.n for b in several) == 8  # 8 of 20
    assert [(b.options, b.n) for b in several] == [(5, 2), (4, 2), (3, 2), (2, 2)]
    alone = per_fact(TABLE, Polarity.SELECTION, 4, QuestionsConfig(multiple_share=1))
    assert {b.arity for b in alone} == {MULTIPLE}
    assert sum(b.n for b in alone) == 12
    assert per_fact(TABLE, Polarity.SELECTION, 0, QuestionsConfig(multiple_share=0.4)) == []


def test_a_plans_quotas_come_with_many_options_and_single_answers_first() -> None:
    def quota(arity: Arity, k: int, n: int, *, none: bool = False, relation: str = "shows") -> Quota:
        return Quota(Cell("pump", relation, Direction.FORWARD, Polarity.SELECTION, arity, k, none), n)

    quotas = (
        quota(MULTIPLE, 5, 7),
        quota(SINGLE, 2, 3),
        quota(SINGLE, 4, 2, none=True),
        quota(SINGLE, 4, 1),
        quota(SINGLE, 3, 0),
        quota(SINGLE, 2, 99, relation="else"),
    )
    planned, unit = Planned(Plan(112, quotas, {})), Unit("pump", "shows", [])
    assert [b.kind for b in planned.batches(unit, TABLE, Polarity.SELECTION)] == [
        (SINGLE, 4, False),
        (SINGLE, 4, True),
        (SINGLE, 2, False),
        (MULTIPLE, 5, False),
    ]
    assert planned.batches(unit, TABLE, Polarity.ELIMINATION) == []


@given(BATCHES, st.floats(0, 1), st.floats(-0.5, 0.5))
def test_sharing_out_keeps_every_sum_and_comes_near_the_share(batches: list[Batch], share: float, carry: float) -> None:
    first, second = shared_out(batches, share, carry)
    assert all(b.n > 0 for b in (*first, *second))
    total = sum(b.n for b in batches)
    assert sum(b.n for b in (*first, *second)) == total
    assert sum(b.n for b in first) == pytest.approx(total * share, abs=1.5)
    for kind in {b.kind for b in batches}:
        parts = sum(b.n for b in (*first, *second) if b.kind == kind)
        assert parts == sum(b.n for b in batches if b.kind == kind)


def test_small_batches_get_their_share_together() -> None:
    first, second = shared_out([Batch(SINGLE, 2, False, 1)] * 10, 0.3)
    assert (len(first), len(second)) == (3, 7)
    assert shared_out([Batch(SINGLE, 2, False, 5)], 0.0) == ([], [Batch(SINGLE, 2, False, 5)])


def test_parts_of_a_table_share_its_quotas() -> None:
    cell = Cell("", "hasFailureMode", Direction.FORWARD, Polarity.SELECTION, SINGLE, 3)
    planned = Planned(Plan(10, (Quota(cell, 10),), {}))
    parts = [planned.batches(Unit("", "hasFailureMode", [], p, 3), TABLE, Polarity.SELECTION) for p in range(3)]
    assert [sum(b.n for b in batches) for batches in parts] == [3, 3, 4]


@given(BATCHES, st.integers(0, 99))
def test_whole_groups_keep_the_total(batches: list[Batch], seed: int) -> None:
    given_ = list(in_whole_groups(batches, random.Random(seed)))
    assert sum(b.n for b in given_) == sum(b.n for b in batches)


def test_a_part_of_a_group_is_asked_where_nothing_can_pay_for_the_whole() -> None:
    batches = [Batch(SINGLE, 10, False, 3), Batch(SINGLE, 2, False, 1)]
    assert list(in_whole_groups(batches, random.Random(0))) == batches


def test_whole_groups_are_right_on_average() -> None:
    batches, rng, n = [Batch(SINGLE, 10, False, 3), Batch(SINGLE, 2, False, 40)], random.Random(0), 2000
    tens = [sum(b.n for b in in_whole_groups(batches, rng) if b.options == 10) for _ in range(n)]
    assert set(tens) == {0, 10}
    assert abs(sum(tens) / n - 3) < 4 * 10 * (0.3 * 0.7 / n) ** 0.5


def test_pairs_of_several_answers_stay_together() -> None:
    batches = [Batch(MULTIPLE, 5, False, 3), Batch(MULTIPLE, 4, False, 5), Batch(SINGLE, 3, False, 2)]
    for seed in range(20):
        found = list(in_whole_groups(batches, random.Random(seed)))
        assert all(b.n % 2 == 0 for b in found if b.arity is MULTIPLE)
        assert sum(b.n for b in found if b.arity is MULTIPLE) == 8
        assert [b.n for b in found if b.arity is SINGLE] == [2]
