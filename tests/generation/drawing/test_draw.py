"""Drawn questions are right by the matrix, contrast where it can be, and spread over facts and letters."""

import random
from collections import Counter
from collections.abc import Iterable
from itertools import groupby, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from failwise.generation.drawing.draw import Drawer
from failwise.generation.drawing.drawn import Drawn, Letters, Ungrouped, Used
from failwise.generation.matrices.contrast import matchings
from failwise.generation.records import Kind
from tests.generation.drawing.drawers import Matrix, blind_scores, diagonal, drawer, matrices, parse, right_by

SIZES = st.integers(2, 5)
SEEDS = st.integers(0, 99)
LONER = parse("+-----+", "+----+-", "+---+--", "+--+---", "+-+----")  # option 0 is right for all: in no group


def groups_of(drawn: Iterable[Drawn]) -> list[list[Drawn]]:
    numbered = sorted((d for d in drawn if d.group), key=lambda d: d.group)
    return [list(found) for _, found in groupby(numbered, key=lambda d: d.group)]


def times_tested(work: Drawer, pair: tuple[int, int]) -> int:
    return work.tested[work.index[pair[0]][pair[1]]]


def in_groups(matrix: Matrix, work: Drawer, k: int) -> set[tuple[int, int]]:
    """Return the facts that are in a contrast group of k."""
    return {p for p in matrix.pairs if work.matchings.reach(p) >= k}


def askable(matrix: Matrix, k: int) -> set[tuple[int, int]]:
    return {(a, o) for a, o in matrix.pairs if matrix.wrong[a].bit_count() >= k - 1}


@settings(max_examples=200, deadline=None)
@given(matrices(), SIZES, st.integers(1, 30), st.booleans(), st.booleans(), SEEDS)
def test_every_question_is_right_and_there_are_no_more_than_asked_for(
    matrix: Matrix, k: int, n: int, none: bool, alone: bool, seed: int
) -> None:
    none = none and k > 2
    work = drawer(matrix, seed=seed)
    made = list(work.draw(k, n, none=none, alone=alone))
    assert len(made) <= n
    for drawn in made:
        assert right_by(matrix, drawn)
        assert len(drawn.options) == k - none
        assert drawn.none is none
        assert sum(drawn.right) == 1 or (none and not any(drawn.right))
        assert [kind is Kind.ANSWER for kind in drawn.kinds] == list(drawn.right)


@settings(max_examples=100, deadline=None)
@given(matrices(), SIZES, st.booleans(), SEEDS)
def test_a_group_shares_its_options_in_one_order_and_each_question_has_another_answer(
    matrix: Matrix, k: int, none: bool, seed: int
) -> None:
    none = none and k > 2
    for group in groups_of(drawer(matrix, seed=seed).draw(k, 40, none=none)):
        assert len(group) > 1
        assert len({d.options for d in group}) == 1
        assert len({d.anchor for d in group}) == len(group)
        assert len({d.right for d in group}) == len(group)


@settings(max_examples=100, deadline=None)
@given(matrices(), SIZES, SEEDS)
def test_whoever_does_not_read_the_anchor_scores_one_in_k_on_a_full_group(matrix: Matrix, k: int, seed: int) -> None:
    for none in {False, k > 2}:
        made = drawer(matrix, seed=seed).draw(k, 60, none=none)
        for group in (g for g in groups_of(made) if len(g) == k):
            shown = [*group[0].options, "none of these"] if none else list(group[0].options)
            for guesser in range(5):
                scores = blind_scores(guesser, shown)
                guess = scores.index(max(scores))
                assert sum([*d.right, not any(d.right)][guess] for d in group) == 1


def test_where_the_matrix_allows_all_groups_are_full() -> None:
    made = list(drawer(diagonal(6)).draw(3, 300))
    assert len(made) == 300
    assert {len(g) for g in groups_of(made)} == {3}
    assert all(set(d.kinds) == {Kind.ANSWER, Kind.CONTRAST} for d in made)


@settings(max_examples=80, deadline=None)
@given(matrices(), st.lists(st.tuples(SIZES, st.integers(1, 12), st.booleans()), max_size=5), SEEDS)
def test_letters_are_balanced_to_one(matrix: Matrix, batches: list[tuple[int, int, bool]], seed: int) -> None:
    work = drawer(matrix, seed=seed)
    letters: Counter[tuple[int, int]] = Counter()
    for k, n, alone in batches:
        for drawn in work.draw(k, n, alone=alone):
            letters[k, drawn.right.index(True)] += 1
    for k in {k for k, _ in letters}:
        counts = [letters[k, place] for place in range(k)]
        assert max(counts) - min(counts) <= 1, counts


def test_letters_begin_where_told_and_are_dealt_apart_for_none_of_these() -> None:
    work = drawer(diagonal(4))
    work.letters = Letters(offset=2)
    assert work.letters.deal(4, 1, work.rng) == [2]
    assert work.letters.deal(4, 1, work.rng) == [3]
    assert work.letters.deal(4, 1, work.rng, none=True) == [2]
    assert sorted(work.letters.deal(4, 4, work.rng)) == [0, 1, 2, 3]


@settings(max_examples=100, deadline=None)
@given(matrices(), SIZES, st.booleans(), st.data())
def test_facts_asked_least_come_first(matrix: Matrix, k: int, alone: bool, data: st.DataObject) -> None:
    work = drawer(matrix)
    counts = data.draw(st.lists(st.integers(0, 3), min_size=len(work.tested), max_size=len(work.tested)))
    work.tested[:] = counts
    grouped = in_groups(matrix, work, k)
    facts = {p for p in askable(matrix, k) if (p in grouped) is not alone}
    least = min((times_tested(work, p) for p in facts), default=0)
    first = next(work.draw(k, k, alone=alone), None)
    assert (first is None) == (not facts)
    if first is not None:
        asked = first.anchor, first.options[first.right.index(True)]
        assert asked in facts
        assert times_tested(work, asked) == least + 1


@settings(max_examples=150, deadline=None)
@given(matrices(), st.integers(1, 4), st.integers(0, 2), SEEDS)
def test_each_fact_in_a_group_is_asked_as_often_as_wanted(matrix: Matrix, times: int, alone: int, seed: int) -> None:
    work = drawer(matrix, seed=seed)
    work.variants = 100
    made = list(work.each(2, 4, times, Ungrouped(alone)))
    grouped = in_groups(matrix, work, 2)
    assert all(right_by(matrix, drawn) for drawn in made)
    for pair in askable(matrix, 2):
        if pair in grouped:
            assert times_tested(work, pair) >= times
        else:
            assert times_tested(work, pair) == min(times, alone)


def test_a_fact_in_no_group_gets_the_fewest_options() -> None:
    work = drawer(LONER)
    made = list(work.each(2, 5, 3, Ungrouped(1)))
    loners = [d for d in made if 0 in d.options and d.right[d.options.index(0)]]
    assert [d.anchor for d in loners] == list({d.anchor: 0 for d in loners})
    assert len(loners) == 5
    assert {len(d.options) for d in loners} == {2}
    assert max(len(d.options) for d in made) == 5
    assert not any(d.group for d in loners)


@settings(max_examples=100, deadline=None)
@given(matrices(), st.sampled_from([0.0, 0.1, 0.5]), SEEDS)
def test_facts_in_no_group_keep_to_their_share(matrix: Matrix, share: float, seed: int) -> None:
    work = drawer(matrix, seed=seed)
    made = list(work.each(2, 4, 3, Ungrouped(3, share)))
    alone = sum(1 for drawn in made if not drawn.group)
    assert alone <= max(share * len(made), 3 * (share > 0)) + 1


def test_a_fact_whose_words_tell_it_is_asked_once_and_helps_no_other() -> None:
    right, wrong = [0b01, 0b10, 0b01], [0b10, 0b01, 0b10]
    found = matchings(right, wrong, 2, random.Random(0), telling=[(0, 0)])
    assert all((0, 0) not in m for pair, own in found.of.items() for m in own if pair != (0, 0))
    assert found.reach((0, 0)) == 2
    quiet = matchings(right, wrong, 2, random.Random(0), loud=[(0, 1)])
    assert quiet.reach((0, 0)) == 1
    assert quiet.reach((2, 0)) == 2


@settings(max_examples=100, deadline=None)
@given(matrices(), SIZES, st.booleans(), st.data())
def test_cover_asks_each_unasked_fact_once(matrix: Matrix, k: int, alone: bool, data: st.DataObject) -> None:
    work = drawer(matrix)
    size = len(work.tested)
    before, elsewhere = (data.draw(st.lists(st.integers(0, 1), min_size=size, max_size=size)) for _ in (0, 1))
    work.tested[:], work.elsewhere = before, elsewhere
    grouped = in_groups(matrix, work, k)
    places = {(a, o): work.index[a][o] for a, o in askable(matrix, k)}
    only = set(data.draw(st.lists(st.sampled_from(sorted(places.values()) or [0]))))
    made = list(work.cover(k, alone=alone, only=only))
    asked = Counter((d.anchor, d.options[d.right.index(True)]) for d in made)
    unasked = {p for p, place in places.items() if not before[place] and not elsewhere[place]}
    by_themselves = {p for p in unasked - grouped if places[p] in only}
    assert {p: n for p, n in asked.items() if p not in grouped} == dict.fromkeys(by_themselves, 1)
    # Those in groups are asked with all of their group, which may ask others again.
    assert asked.keys() & grouped >= (set() if alone else unasked & grouped)
    assert not alone or not asked.keys() & grouped


def test_cover_makes_no_more_than_it_may() -> None:
    work = drawer(diagonal(6))
    assert len(list(work.cover(3, most=4))) == 6  # whole groups only
    assert len(list(drawer(LONER).cover(2, alone=True, most=4))) == 4


@pytest.mark.parametrize("matrix", [diagonal(9), LONER], ids=["in groups", "in none"])
@pytest.mark.parametrize("k", [3, 4])
def test_none_of_these_is_right_once_in_k(matrix: Matrix, k: int) -> None:
    if matrix is LONER:  # an anchor for which all is wrong, so that "none of these" can be right
        matrix = Matrix((*matrix.right, 0), (*matrix.wrong, 127), 7)
    n = 1200
    alone = matrix.options == 7
    made = list(drawer(matrix).draw(k, n, none=True, alone=alone))
    none_right = [d for d in made if not any(d.right)]
    assert len(made) > 200
    expected, deviation = len(made) / k, (len(made) * (1 / k) * (1 - 1 / k)) ** 0.5
    assert abs(len(none_right) - expected) < 3 * deviation
    for drawn in none_right:
        assert all(matrix.wrong[drawn.anchor] >> o & 1 for o in drawn.options)


def test_none_of_these_is_offered_only_where_it_could_be_right() -> None:
    matrix = parse("+-", "-+")  # every anchor has a right option among the two
    work = drawer(matrix)
    assert list(work.draw(3, 10, none=True)) == []
    assert len(list(work.draw(2, 10))) == 10
    assert list(work.draw(3, 10, none=True)) == []  # nor where a group is asked once more


@settings(max_examples=100, deadline=None)
@given(matrices(), SIZES, st.booleans(), SEEDS)
def test_what_the_other_split_took_is_never_drawn(matrix: Matrix, k: int, none: bool, seed: int) -> None:
    none = none and k > 2
    first = drawer(matrix, used=Used(set(), share=0.4), seed=seed)
    list(first.draw(k, 20, none=none))
    list(first.draw(k, 20, none=none, alone=True))
    second = drawer(matrix, used=Used(first.used.own), seed=seed + 1)
    made = [d for alone in (False, True) for d in second.draw(k, 40, none=none, alone=alone)]
    assert first.used.own.isdisjoint((d.anchor, sum(1 << o for o in d.options)) for d in made)
    assert second.used.own == {(d.anchor, sum(1 << o for o in d.options)) for d in made}


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=9), st.integers(0, 99), st.floats(0.01, 0.99))
def test_what_one_direction_leaves_the_other_takes(places: list[int], seed: int, share: float) -> None:
    forward, inverse = (Used(set(), share=share, turned=turned, seed=seed) for turned in (False, True))
    # A fact with a single option set is asked in one direction and taught in the other.
    if share <= 0.5:
        assert forward.ours(places, True) != inverse.ours(places, True)
    assert forward.ours(places, False) <= forward.ours(places, True)
    assert forward.ours(places, False) == forward.ours(places[::-1], False)
    assert Used(set()).ours(places, False)


@pytest.mark.parametrize("share", [0.2, 1 / 3, 0.7])
def test_the_share_of_option_sets_is_kept(share: float) -> None:
    used = Used(set(), share=share, seed=3)
    n = 4000
    taken = sum(used.ours([i, i + 7, 3 * i], False) for i in range(n))
    assert abs(taken - n * share) < 4 * (n * share * (1 - share)) ** 0.5


@pytest.mark.parametrize("turned", [False, True])
def test_the_share_is_kept_in_small_tables_too(turned: bool) -> None:
    used = Used(set(), share=1 / 3, turned=turned)
    sets = [
        [6 * a + o, 6 * b + o, 6 * a + p, 6 * b + p] for a, b, o, p in product(range(6), repeat=4) if a < b and o < p
    ]
    taken = sum(used.ours(places, False) for places in sets)
    assert abs(taken - len(sets) / 3) < 4 * (len(sets) * 2 / 9) ** 0.5


def test_an_option_set_is_free_once() -> None:
    used = Used({(0, 0b11)})
    assert not used.free([(0, 0b11)])
    assert used.free([(1, 0b11)])
    used.own.add((1, 0b11))
    assert not used.free([(2, 0b101), (1, 0b11)])


def test_single_distractors_take_every_rank_of_degree_equally_often() -> None:
    """Option 3 is right for anchor 0; of the others, three are right more often elsewhere and three less often."""
    rows = ["---+---"] + ["+++++--"] * 2 + ["+++----"] * 4
    matrix = parse(*rows)
    work = drawer(matrix)
    ranks: Counter[int] = Counter()
    for _ in range(40):
        chosen = work.distractors.matched(3, [0, 1, 2, 4, 5, 6], 2)
        ranks[sum(work.distractors.degrees[o] > work.distractors.degrees[3] for o in chosen)] += 1
    assert set(ranks) == {0, 1, 2}
    assert max(ranks.values()) - min(ranks.values()) <= 1
