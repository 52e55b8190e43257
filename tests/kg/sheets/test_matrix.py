"""Bare matrices: marks of all kinds, blanks kept apart from no, and which names stand where."""

from collections.abc import Callable
from typing import Any

import pytest

Say = Callable[..., Any]


def truths(said: Any, relation: str = "indicatedBy") -> dict[tuple[str, str], str | None]:
    return {(s, o): t for r, s, o, t in said.claims if r == relation}


@pytest.mark.parametrize(
    ("mark", "truth"),
    [
        *[(mark, "yes") for mark in ("✓", "✔", "✔\ufe0f", "x", "X", "•", "●", "1", "y", "Yes", "TRUE", "relevant")],
        *[(mark, "no") for mark in ("0", "n", "no", "FALSE", "✗", "✘", "-", "—")],
        *[(mark, "unknown") for mark in ("?", "unknown")],
        ("", None),
    ],
)
def test_marks_are_read_as_people_make_them(say: Say, mark: str, truth: str | None) -> None:
    said = say([["mixer", "torque", "noise"], ["Leak", mark, "x"]])
    assert truths(said)["Leak", "torque"] == truth
    assert said.findings() == []


def test_rows_and_columns_are_failure_modes_and_sensors_of_the_asset_class(say: Say) -> None:
    said = say([["mixer", "torque", "noise"], ["Leak", "x", ""], ["Crack", "", ""]])
    assert said.objects("monitoredBy") == ["torque", "noise"]
    assert said.objects("hasFailureMode") == ["Leak", "Crack"]
    assert [str(c.place) for c in said.draft.claims if c.relation == "monitoredBy"] == ["FMEA!B1", "FMEA!C1"]
    assert {c.asset_class for c in said.draft.claims} == {"mixer"}


def test_anything_else_in_a_cell_is_an_error_that_lists_what_is_allowed(say: Say) -> None:
    said = say([["mixer", "torque", "noise"], ["Leak", "maybe", "x"], ["Crack", "x", "x"]])
    finding = said.finding("truth")
    assert (finding.level, finding.node, finding.value) == ("ERROR", "FMEA!B2", "maybe")
    assert "✓" in finding.message
    assert ("Leak", "torque") not in truths(said)


@pytest.mark.parametrize("corner", ["", "Failure mode", "Failure mode / parameter", "Symptom"])
def test_a_corner_that_explains_is_no_asset_class(say: Say, corner: str) -> None:
    said = say([["Asset: mixer"], [corner, "torque"], ["Leak", "x"]])
    assert set(said.draft.asset_classes) == {"mixer"}


def test_title_rows_above_are_no_part_of_it(say: Say) -> None:
    said = say([["Relevance of parameters"], ["Asset", "mixer"], [""], ["", "torque", "noise"], ["Leak", "x", "0"]])
    assert truths(said) == {("Leak", "torque"): "yes", ("Leak", "noise"): "no"}


def test_a_transposed_matrix_has_its_sensors_down_the_side(say: Say) -> None:
    said = say([["mixer", "Leak", "Crack"], ["torque", "x", "no"]], transposed=True)
    assert truths(said) == {("Leak", "torque"): "yes", ("Crack", "torque"): "no"}
    assert said.objects("hasFailureMode") == ["Leak", "Crack"]
    assert said.objects("monitoredBy") == ["torque"]


def test_a_matrix_of_another_relation(say: Say) -> None:
    said = say([["mixer", "Wear", "Misuse"], ["Leak", "x", "no"]], matrix_relation="causedBy")
    assert truths(said, "causedBy") == {("Leak", "Wear"): "yes", ("Leak", "Misuse"): "no"}
    assert said.objects("hasFailureMode") == ["Leak"]
    assert said.objects("monitoredBy") == []


def test_a_matrix_of_asset_classes(say: Say) -> None:
    said = say([["", "torque", "noise"], ["mixer", "x", "no"], ["mill", "", "x"]], matrix_relation="monitoredBy")
    assert next((c.asset_class, c.subject, c.object) for c in said.draft.claims) == ("mixer", "", "torque")
    assert set(said.draft.asset_classes) == {"mixer", "mill"}


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([["mixer", "torque", "Torque"], ["Leak", "x", "x"]], ("ERROR", "FMEA!C1", "twice")),
        ([["mixer", "torque"], ["Leak", "x"], ["leak", "no"]], ("ERROR", "FMEA!A3", "twice")),
        ([["mixer", "torque"], ["Leak", "x", "x"], ["Crack", "x"]], ("ERROR", "FMEA!C2", "no-header")),
        ([["mixer", "torque"], ["Leak", "x"], ["", "x"]], ("ERROR", "FMEA!A3", "missing")),
        ([["mixer", "torque"], ["Leak", "x"], ["42", "x"]], ("ERROR", "FMEA!A3", "name")),
        ([["mixer", "torque"], ["Leak", "x"], ["x = relevant", ""]], ("INFO", "FMEA!A3", "heading")),
    ],
    ids=["column twice", "row twice", "no name above", "no name beside", "a number", "a legend"],
)
def test_what_is_amiss_is_named_by_its_cell(say: Say, rows: list[list[str]], found: tuple[str, str, str]) -> None:
    assert found in say(rows).findings()


@pytest.mark.parametrize(
    "rows",
    [
        [["Name", "Street", "Town"], ["A", "Main road", "B"]],
        [["Part", "Price", "Stock"], ["Bolt", "17", "250"], ["Nut", "12", "99"]],
        [["Part", "Price"], ["Bolt", ""]],
    ],
    ids=["addresses", "numbers", "blanks"],
)
def test_a_table_of_other_things_is_no_matrix(say: Say, rows: list[list[str]]) -> None:
    assert say(rows).finding("nothing-recognised").level == "ERROR"


def test_relevance_matrix(say_file: Say) -> None:
    said = say_file("relevance-matrix-hydraulic-press.csv")
    found = truths(said)
    assert said.draft.asset_classes["Hydraulic press"].source == "maintenance workshop"
    assert len(found) == 25
    assert found["Directional valve sticking", "oil temperature"] == "unknown"
    assert found["Cylinder seal leaking", "vibration"] == "no"
    assert found["Cylinder seal leaking", "oil debris"] is None
    assert said.findings() == []
