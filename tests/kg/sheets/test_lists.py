"""Lists: one fact or one pair per row, in any order of columns."""

from collections.abc import Callable
from typing import Any

import pytest

from failwise.kg.vocabulary import FW

Say = Callable[..., Any]

HEADER = ["asset_class", "relation", "subject", "object", "truth", "source"]


def facts(*rows: list[str]) -> list[list[str]]:
    return [HEADER, *rows]


def test_a_fact_per_row(say: Say) -> None:
    said = say(
        facts(
            ["mixer", "hasFailureMode", "", "Leak", "yes", "log"],
            ["mixer", "is caused by", "Leak", "Wear", "no", ""],
            ["mill", "indicatedBy", "Jam", "noise", "unknown", ""],
            ["mill", "causedBy", "Jam", "Stone", "", ""],
        )
    )
    assert said.claims == [
        ("hasFailureMode", "", "Leak", "yes"),
        ("causedBy", "Leak", "Wear", "no"),
        ("indicatedBy", "Jam", "noise", "unknown"),
        ("causedBy", "Jam", "Stone", None),
    ]
    assert [c.source for c in said.draft.claims] == ["log", "", "", ""]
    assert set(said.draft.asset_classes) == {"mixer", "mill"}


def test_our_own_export_comes_back_without_what_follows_from_it(say: Say) -> None:
    header = ["id", "asset_class", "relation", "subject", "object", "truth", "basis", "source"]
    rows = [
        ["a", "mixer", "hasFailureMode", "mixer", "Leak", "yes", "stated", "s"],
        ["b", "mixer", "hasFailureMode", "mixer", "Crack", "no", "closed-table", "s"],
        ["c", "mixer", "hasSeverity", "Leak", "7", "yes", "stated", "s"],
        *[["d", "mixer", "hasSeverity", "Leak", "8", "no", b, "s"] for b in ("functional", "inherited", "derived")],
    ]
    said = say([header, *rows])
    assert said.claims == [
        ("hasFailureMode", "", "Leak", "yes"),
        ("hasFailureMode", "", "Crack", "no"),
        ("hasSeverity", "Leak", "7", "yes"),
    ]
    assert said.findings() == []


def test_columns_stand_in_any_order(say: Say) -> None:
    said = say([["Object", "Subject", "Relation", "Asset class"], ["Wear", "Leak", "causedBy", "mixer"]])
    assert said.claims == [("causedBy", "Leak", "Wear", "yes")]


def test_what_a_thing_is_called_and_is_a_kind_of(say: Say) -> None:
    header = [*HEADER, "kind"]
    said = say(
        [
            header,
            ["jet mixer", "kindOf", "", "mixer", "", "", ""],
            ["jet mixer", "twinOf", "", "mixer (ISO)", "", "", ""],
            ["jet mixer", "notation", "vibration", "VIB", "", "", "sensor"],
            ["jet mixer", "altLabel", "Leak", "Seepage", "", "", "failure mode"],
            ["jet mixer", "altLabel", "", "ejector", "", "", ""],
        ]
    )
    draft = said.draft.asset_classes["jet mixer"]
    assert (draft.kind_of, draft.twin_of) == (["mixer"], ["mixer (ISO)"])
    assert [(m.kind, m.label, m.asset_class, m.notation, m.alternatives) for m in said.draft.mentions] == [
        (FW.Sensor, "vibration", "", "VIB", ()),
        (FW.FailureMode, "Leak", "jet mixer", "", ("Seepage",)),
        (FW.AssetClass, "jet mixer", "", "", ("ejector",)),
    ]
    assert said.findings() == []


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (["mixer", "causdBy", "Leak", "Wear", "yes", ""], ("ERROR", "FMEA!B2", "unknown-relation")),
        (["mixer", "causedBy", "Leak", "Wear", "perhaps", ""], ("ERROR", "FMEA!E2", "truth")),
        (["mixer", "causedBy", "", "Wear", "yes", ""], ("ERROR", "FMEA!C2", "missing")),
        (["mixer", "causedBy", "Leak", "", "yes", ""], ("ERROR", "FMEA!D2", "missing")),
        (["mixer", "causedBy", "Leak", "12", "yes", ""], ("ERROR", "FMEA!D2", "name")),
        (["", "causedBy", "Leak", "Wear", "yes", ""], ("ERROR", "FMEA!A2", "missing")),
        (["mixer", "hasFailureMode", "Leak", "Wear", "yes", ""], ("ERROR", "FMEA!C2", "subject")),
        (["mixer", "hasSeverity", "Leak", "11", "yes", ""], ("ERROR", "FMEA!D2", "rating")),
        (["mixer", "altLabel", "Leak", "Seepage", "", ""], ("ERROR", "FMEA!row 2", "missing")),
    ],
)
def test_what_is_amiss_is_named_by_its_cell(say: Say, row: list[str], found: tuple[str, str, str]) -> None:
    said = say(facts(row, ["mixer", "causedBy", "Crack", "Misuse", "yes", ""]))
    assert said.findings() == [found]
    assert said.claims == [("causedBy", "Crack", "Misuse", "yes")]


def test_an_unknown_relation_gets_the_nearest_name(say: Say) -> None:
    said = say(facts(["mixer", "causdBy", "Leak", "Wear", "yes", ""]))
    assert "did you mean 'causedBy'" in said.finding("unknown-relation").message


def test_a_duplicate_row_and_an_unknown_column_are_reported(say: Say) -> None:
    said = say([[*HEADER, "colour"], *([["mixer", "causedBy", "Leak", "Wear", "yes", "", "red"]] * 2)])
    assert said.findings() == [("WARN", "FMEA!G1", "unknown-column"), ("WARN", "FMEA!row 3", "duplicate-row")]
    assert len(said.claims) == 1


def test_a_column_that_is_there_twice_is_an_error(say: Say) -> None:
    said = say([[*HEADER, "object"], ["mixer", "causedBy", "Leak", "Wear", "yes", "", "Age"]])
    assert said.findings() == [("ERROR", "FMEA!G1", "two-columns-one-field")]


def test_the_users_wordings_hold_for_lists_too(say: Say) -> None:
    said = say([["Maschine", "Sensor"], ["mixer", "torque"]], headers={"Maschine": "asset class"})
    assert said.claims == [("monitoredBy", "", "torque", "yes")]
    assert said.findings() == []


def test_a_long_matrix(say: Say) -> None:
    said = say(
        [
            ["asset_class", "failure_mode", "sensor", "relevant"],
            ["mixer", "Leak", "torque", "1"],
            ["mixer", "Leak", "noise", "0"],
            ["mixer", "Crack", "torque", ""],
            ["mixer", "Crack", "noise", "often"],
        ]
    )
    assert [claim for claim in said.claims if claim[0] == "indicatedBy"] == [
        ("indicatedBy", "Leak", "torque", "yes"),
        ("indicatedBy", "Leak", "noise", "no"),
        ("indicatedBy", "Crack", "torque", None),
    ]
    assert said.objects("hasFailureMode") == ["Leak", "Crack"]
    assert said.objects("monitoredBy") == []
    assert said.findings() == [("ERROR", "FMEA!D5", "truth")]


@pytest.mark.parametrize(
    ("column", "relation"), [("sensor", "monitoredBy"), ("failure_mode", "hasFailureMode")], ids=["sensors", "modes"]
)
def test_what_an_asset_class_has(say: Say, column: str, relation: str) -> None:
    said = say([["asset_class", column], ["mixer", "torque"], ["mixer", ""], ["", "noise"], ["mill", "noise"]])
    assert [(c.asset_class, c.relation, c.object) for c in said.draft.claims] == [
        ("mixer", relation, "torque"),
        ("mill", relation, "noise"),
    ]
    assert [node for _, node, _ in said.findings("ERROR")] == ["FMEA!B3", "FMEA!A4"]
