"""Numbers for ids: what models write for a citation is read, what is none stays, and what was not offered is seen."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from failwise.generation.teachers.aliases import citations, numbered, spelled_out, uncited

EVIDENCE = ("a/b/c/one", "a/b/c/two", "doc/manual/3", "a/b/c/four")
SIGNS = st.text("[](1 29,;&+-.#:<a)\n", max_size=40)


@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        ("[1]", [1]),
        ("[1][3]", [1, 3]),
        ("[1, 3]", [1, 3]),
        ("[ 1,3 ]", [1, 3]),
        ("[1; 3]", [1, 3]),
        ("[1 & 3]", [1, 3]),
        ("[1 3]", [1, 3]),
        ("[1 and 3]", [1, 3]),
        ("[1, 2, and 4]", [1, 2, 4]),
        ("[1 und 3]", [1, 3]),
        ("[3, 1, 3]", [3, 1]),
        ("[2-4]", [2, 3, 4]),
        ("[1\u20132, 4]", [1, 2, 4]),
        ("[03]", [3]),
        ("[#3]", [3]),
        ("[Evidence 1]", [1]),
        ("[evidence #1]", [1]),
        ("[evidence line 1]", [1]),
        ("[Evidence 1, Evidence 3]", [1, 3]),
        ("[Evidence 1 - Evidence 3]", [1, 2, 3]),
        ("[id 1]", [1]),
        ("[ID: 1]", [1]),
        ("[ids 1 and 3]", [1, 3]),
        ("[Beleg 1]", [1]),
        ("[Belege 1 und 3]", [1, 3]),
        ("[Beleg Nr. 1]", [1]),
        ("[1,\n3]", [1, 3]),
    ],
)
def test_a_number_is_read_as_the_id_behind_it_however_it_is_cited(written: str, numbers: list[int]) -> None:
    ids = "".join(f"[{EVIDENCE[number - 1]}]" for number in numbers)
    assert spelled_out(f"So it is {written}.", EVIDENCE) == f"So it is {ids}."


@pytest.mark.parametrize(
    "written",
    ["[5]", "[0]", "[1, 5]", "[3-5]", "[0-2]", "[3-1]", "[Evidence 9]", "[Beleg 12]", f"[{'9' * 5000}]", "[0, 1]"],
)
def test_a_citation_with_a_number_that_was_not_offered_stays_to_be_seen(written: str) -> None:
    text = spelled_out(f"By [2] and {written}.", EVIDENCE)
    assert text == f"By [a/b/c/two] and {written}."
    assert citations(text) == (written,)


@pytest.mark.parametrize(
    "written",
    ["[5 mm/s]", "[0.5, 1]", "[-5, 5]", "[1/3]", "[mm/s]", "[1a]", "[evidence]", "[]", "[1", "1]", "(1)", "[x/y/z]"],
)
def test_what_is_no_number_in_square_brackets_is_no_citation(written: str) -> None:
    assert not citations(written)
    assert spelled_out(f"[2] {written}", EVIDENCE) == f"[a/b/c/two] {written}"
    assert uncited(written) == written


@settings(deadline=None)
@given(text=SIGNS)
def test_a_text_made_round_holds_no_citation_and_no_other_words(text: str) -> None:
    bare = str.maketrans("[]", "()")
    assert not citations(uncited(text))
    assert uncited(text).translate(bare) == text.translate(bare)


@settings(deadline=None)
@given(parts=st.lists(st.sampled_from(EVIDENCE) | SIGNS, max_size=6))
def test_numbers_are_read_back_to_the_ids_they_stand_for(parts: list[str]) -> None:
    text = uncited(" ".join(f"[{part}]" if part in EVIDENCE else part for part in parts))
    short = numbered(text, EVIDENCE)
    assert not any(evidence_id in short for evidence_id in EVIDENCE)
    assert spelled_out(short, EVIDENCE) == text


@pytest.mark.parametrize(
    "inside", ["[", "[1", "1", "1 ", "[1-4]", "id ", "evidence #", " ", "1-", "1 and ", "[1,", "[1 ", "1\n"]
)
def test_no_length_of_brackets_and_numbers_is_too_long(inside: str) -> None:
    many = inside * 20_000
    for text in (f"[{many}]", f"[{many}x]", f"x {many}"):
        assert spelled_out(spelled_out(text, EVIDENCE), EVIDENCE) == spelled_out(text, EVIDENCE)
