"""What is computed side by side is of about the same length, and no more than may be held."""

import pytest

from failwise.training.lengths import by_length

LENGTHS = [5, 1, 9, 2, 8, 3]


@pytest.mark.parametrize(
    ("tokens", "groups"),
    [
        (1000, [[1, 3, 5, 0, 4, 2]]),
        (9, [[1, 3, 5], [0], [4], [2]]),  # four of 5 tokens would be 20
        (18, [[1, 3, 5], [0, 4], [2]]),  # 8 + 8 are 16; with the 9 it were 27
        (1, [[1], [3], [5], [0], [4], [2]]),  # what is longer by itself stands alone
    ],
)
def test_the_shortest_come_first_and_no_group_is_too_large(tokens: int, groups: list[list[int]]) -> None:
    assert list(by_length(range(6), LENGTHS, tokens)) == groups


def test_only_some_places_are_grouped() -> None:
    assert list(by_length([2, 0], LENGTHS, 1000)) == [[0, 2]]
    assert list(by_length([], LENGTHS, 1000)) == []
