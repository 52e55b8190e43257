"""A name is one id part however it is spelled, in any script."""

import pytest

from failwise.kg.names import slugify


@pytest.mark.parametrize("other", ["riß welle", "  Riß\tWelle ", "Riß-Welle", "Riß  Welle /"])
def test_case_spaces_and_punctuation_do_not_part_names_with_letters_outside_ascii(other: str) -> None:
    assert slugify(other) == slugify("Riß Welle") != slugify("Riß Wellen")


def test_names_in_another_script_stay_apart() -> None:
    assert slugify("Лагер") == slugify("лагер") != slugify("Лагери")
    assert slugify("कि") != slugify("का")  # marks, not letters, tell them apart
