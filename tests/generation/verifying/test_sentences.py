"""A text becomes sentences of words and signs, and every citation finds the names that it belongs to."""

import pytest

from failwise.generation.verifying.naming import index_names, known
from failwise.generation.verifying.scopes import citation_scopes
from failwise.generation.verifying.sentences import Sentence, sentences
from failwise.generation.verifying.signs import CITED, LETTER, NAME, OPTION
from failwise.generation.verifying.tokens import cited_ids, tokens

OWN = index_names([known("oil debris", 0), known("oil", 1), known("Speed (rotor)", 2)])
OTHERS = index_names([known("oil debris sensor"), known("pump"), known("oil")])
LETTERS = {"A": 0, "B": 1, "C": 2}


def cut(text: str) -> list[Sentence]:
    return sentences(text, OWN, OTHERS, LETTERS)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("e.g. 3.5 mm", ["short", "word", "word"]),
        ("doesn't, vs. it.", ["word", "mark", "short", "word", "end"]),
        ("see [a/b/c]\n- [mm/s]", ["word", "cited", "line", "cited"]),
        ("low-cost - yes", ["word", "word", "mark", "word"]),
        ("\u201c\u201d_*", []),
    ],
)
def test_tokens_know_what_they_are(text: str, kinds: list[str]) -> None:
    assert [token.kind for token in tokens(text)[0]] == kinds


def test_tokens_stand_where_their_places_say() -> None:
    text = "One  two [a/b/c], e.g. three.\n1. Four"
    found, bounds = tokens(text)
    for number, token in enumerate(found):
        assert text[bounds[2 * number] : bounds[2 * number + 1]].strip("[]") == token.text


def test_each_citation_counts_once_and_units_are_none() -> None:
    assert cited_ids("x [a/b/c] y [mm/s] [d/e/f] [a/b/c]") == ("a/b/c", "d/e/f")


@pytest.mark.parametrize(
    ("text", "shape", "options"),
    [
        ("Oil debris shows it", [OPTION, "shows", "it"], [0]),
        ("oil debris sensors fail", [NAME, "fail"], [-1]),  # the longest wins, in the plural too
        ("the oil rises", ["the", OPTION, "rises"], [1]),  # an option wins over an equally long name
        ("speed (rotor) and speed", [OPTION, ")", "and", "speed"], [2]),  # brackets may stand within it
        ("oil, debris", [OPTION, ",", "debris"], [1]),  # a comma is no part of the name
    ],
)
def test_names_are_found(text: str, shape: list[str], options: list[int]) -> None:
    (sentence,) = cut(text)
    assert sentence.shape == shape
    assert [sign.option for sign in sentence.signs] == options


@pytest.mark.parametrize(
    ("text", "option"), [("So B.", 1), ("A pump fails.", -1), ("Option A fails", 0), ("A and C hold", 0)]
)
def test_a_letter_is_no_article(text: str, option: int) -> None:
    letters = [sign.option for sign in cut(text)[0].signs if sign.kind == LETTER]
    assert letters[:1] == ([option] if option >= 0 else [])


def test_a_citation_after_the_full_stop_belongs_before_it() -> None:
    text = "The oil rises. [a/b/c] [d/e/f] The pump stands."
    first, second = cut(text)
    assert [sign.cited for sign in first.signs if sign.kind == CITED] == ["a/b/c", "d/e/f"]
    assert text[first.start : first.end] == "The oil rises. [a/b/c] [d/e/f]"
    assert second.shape == ["the", NAME, "stands"]


def test_a_citation_that_goes_on_in_small_letters_begins_its_sentence() -> None:
    first, second = cut("The oil rises. [a/b/c] says so.")
    assert CITED not in first.shape
    assert second.shape == [CITED, "says", "so"]


def test_lines_and_questions_are_told_apart() -> None:
    first, second, third = cut("Which one?\n- oil\nThe pump")
    assert (first.asks, first.ended, first.in_list) == (True, True, False)
    assert (second.asks, second.ended, second.in_list) == (False, False, True)
    assert third.in_list is False


@pytest.mark.parametrize(
    ("shape", "scopes"),
    [
        ([OPTION, CITED, "and", OPTION, CITED], [((1,), (0,)), ((3,), (2,))]),
        ([OPTION, "and", OPTION, CITED, CITED], [((2, 3), (0, 1))]),
        (["by", CITED, ",", OPTION, "holds"], [((0,), (1,))]),  # no option before the last ones
        (["laut", CITED, OPTION, ",", OPTION, CITED], [((0,), (1, 2)), ((3,), (1, 2))]),
        ([OPTION, CITED, NAME], [((1,), (0,))]),
        ([OPTION, "according", "to", CITED, NAME], [((1,), (2,))]),
    ],
)
def test_citations_belong_to_the_names_beside_them(
    shape: list[str], scopes: list[tuple[tuple[int, ...], tuple[int, ...]]]
) -> None:
    assert [(tuple(scope.citations), scope.names) for scope in citation_scopes(shape)] == scopes
