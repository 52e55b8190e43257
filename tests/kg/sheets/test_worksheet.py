"""FMEA worksheets: the header is found, each row becomes claims, and every mistake is named by its cell."""

from collections.abc import Callable
from typing import Any

import pytest

Say = Callable[..., Any]

TITLE = ["Asset class: mixer"]


def rows(header: list[str], *data: list[str]) -> list[list[str]]:
    return [TITLE, header, *data]


def test_a_row_says_what_its_columns_say(say: Say) -> None:
    header = ["Item", "Function", "Failure mode", "Failure cause", "Monitored parameter", "S"]
    said = say(rows(header, ["Shaft", "Turn the blades", "Crack", "Fatigue", "vibration", "8"]))
    assert said.claims == [
        ("hasFailureMode", "", "Crack", "yes"),
        ("hasComponent", "", "Shaft", "yes"),
        ("occursIn", "Crack", "Shaft", "yes"),
        ("hasFunction", "Shaft", "Turn the blades", "yes"),
        ("impairsFunction", "Crack", "Turn the blades", "yes"),
        ("causedBy", "Crack", "Fatigue", "yes"),
        ("monitoredBy", "", "vibration", "yes"),
        ("indicatedBy", "Crack", "vibration", "yes"),
        ("hasSeverity", "Crack", "8", "yes"),
    ]
    assert [str(c.place) for c in said.draft.claims if c.relation == "causedBy"] == ["FMEA!D3"]
    assert said.findings() == []


# --- the header ---


def test_the_header_is_found_below_title_rows(say: Say) -> None:
    title = [
        ["FMEA of the plant"],
        ["System", "mixer", "", "Date", "2024"],
        [""],
        ["Prepared by:", "", "Status", "draft"],
    ]
    said = say([*title, ["No.", "Failure mode", "Cause", "Date"], ["1", "Crack", "Fatigue", ""]])
    assert set(said.draft.asset_classes) == {"mixer"}
    assert said.pairs("causedBy") == [("Crack", "Fatigue")]


def test_a_header_below_the_fortieth_row_is_not_looked_for(say: Say) -> None:
    filler = [["note"]] * 40
    assert say([*filler, ["Failure mode", "Cause"], ["Crack", "Fatigue"]]).finding("nothing-recognised")


@pytest.mark.parametrize(
    "groups",
    [
        ["Failure mode", "Failure mode", "Effects", "Effects"],  # merged, so filled to the right
        ["Failure mode", "", "Effects", ""],
    ],
    ids=["merged", "not merged"],
)
def test_a_header_may_take_two_rows(say: Say, groups: list[str]) -> None:
    said = say([TITLE, groups, ["Name", "Code", "Local", "End"], ["Crack", "CRK", "Noise", "Stop"]],
               headers={"Name": "failure-mode"})  # fmt: skip
    assert said.objects("hasLocalEffect") == ["Noise"]
    assert said.objects("hasEndEffect") == ["Stop"]
    assert [m.notation for m in said.draft.mentions] == ["CRK"]


def test_a_cell_merged_over_both_header_rows_is_one_header(say: Say) -> None:
    header = [["Failure mode", "Effects", "Effects"], ["Failure mode", "Local", "End"]]
    said = say([TITLE, *header, ["Crack", "Noise", "Stop"]])
    assert said.claims[0] == ("hasFailureMode", "", "Crack", "yes")
    assert said.findings() == []


def test_a_column_merged_out_of_two_is_one_column(say: Say) -> None:
    said = say(rows(["Failure mode", "Cause", "Cause"], ["Crack", "Wear", "Wear"], ["Leak", "Age", "Age"]))
    assert said.pairs("causedBy") == [("Crack", "Wear"), ("Leak", "Age")]
    assert said.findings("ERROR") == []


def test_ratings_after_actions_are_another_judgement(say: Say) -> None:
    groups = ["", "", "Action results", "Action results"]
    said = say([TITLE, groups, ["Failure mode", "Severity", "Severity", "Status"], ["Crack", "8", "3", "done"]])
    assert said.objects("hasSeverity") == ["8"]
    assert said.findings() == []


def test_two_headers_that_mean_one_field_are_an_error_with_both_addresses(say: Say) -> None:
    table = rows(["Failure mode", "Cause", "Root cause"], ["Crack", "Fatigue", "Design"])
    finding = say(table).finding("two-columns-one-field")
    assert (finding.level, finding.node) == ("ERROR", "FMEA!C2")
    assert "FMEA!B2" in finding.message
    for choice in ({"Root cause": "ignore"}, {"FMEA!C2": "ignore"}, {"C2": "ignore"}):
        mended = say(table, headers=choice)
        assert mended.pairs("causedBy") == [("Crack", "Fatigue")]
        assert mended.findings() == []


def test_a_column_nobody_knows_is_reported_with_the_nearest_wording(say: Say) -> None:
    said = say(rows(["Failure mode", "Cause", "Detektion method"], ["Crack", "Fatigue", "X-ray"]))
    finding = said.finding("unknown-column")
    assert (finding.level, finding.node, finding.value) == ("WARN", "FMEA!C2", "Detektion method")
    assert "did you mean 'detection method'" in finding.message
    assert "--map 'Detektion method'=FIELD" in finding.fix


def test_the_user_can_say_what_headers_mean(say: Say) -> None:
    table = rows(["Störung", "Ursache"], ["Riss", "Ermüdung"])
    said = say(table, headers={"Störung": "failure mode", "Ursache": "causedBy"})
    assert said.pairs("causedBy") == [("Riss", "Ermüdung")]
    assert said.findings() == []


def test_the_users_word_beats_the_shipped_one(say: Say) -> None:
    said = say(rows(["Failure mode", "Cause"], ["Crack", "Fatigue"]), headers={"cause": "mechanism"})
    assert said.pairs("hasMechanism") == [("Crack", "Fatigue")]
    assert said.pairs("causedBy") == []


@pytest.mark.parametrize("header", ["Supplied by", "is supplied by", "suppliedBy"])
def test_a_relation_of_ones_own_is_a_column_too(say: Say, header: str) -> None:
    said = say(rows(["Item", "Failure mode", header], ["Shaft", "Crack", "Forge"]))
    assert said.pairs("suppliedBy") == [("Shaft", "Forge")]


def test_a_column_without_a_header_is_not_lost_in_silence(say: Say) -> None:
    said = say(rows(["Failure mode", "Cause", ""], ["Crack", "Fatigue", "seen twice"], ["Leak", "Wear", "once"]))
    assert said.findings() == [("WARN", "FMEA!C3", "no-header")]


# --- the asset class ---


@pytest.mark.parametrize(
    "title",
    [["System: mixer"], ["Equipment", "mixer"], ["Item:", "", "mixer"], ["Asset class", "Asset class", "mixer"]],
    ids=["one cell", "two cells", "a gap", "merged"],
)
def test_a_title_row_names_the_asset_class(say: Say, title: list[str]) -> None:
    said = say([title, ["Failure mode", "Cause"], ["Crack", "Fatigue"]])
    assert {c.asset_class for c in said.draft.claims} == {"mixer"}
    assert said.findings() == []


def test_of_two_titles_the_nearer_counts_and_is_said(say: Say) -> None:
    said = say([["System: plant", "Item: mixer"], ["Failure mode", "Cause"], ["Crack", "Fatigue"]])
    assert set(said.draft.asset_classes) == {"mixer"}
    assert "'plant' in FMEA!A1" in said.finding("asset-class-chosen").message


@pytest.mark.parametrize(
    ("sheet", "options", "name"),
    [("Stirrer", {}, "Stirrer"), ("Sheet1", {}, "pump house"), ("Stirrer", {"asset_class": "mixer"}, "mixer")],
    ids=["sheet", "file", "user"],
)
def test_without_a_title_user_then_sheet_then_file_name_it(
    say: Say, sheet: str, options: dict[str, str], name: str
) -> None:
    said = say({sheet: [["Failure mode", "Cause"], ["Crack", "Fatigue"]]}, **options)
    assert set(said.draft.asset_classes) == {name}
    assert [f.level for f in said.draft.findings] == ([] if options else ["INFO"])


def test_a_column_names_several_asset_classes(say: Say) -> None:
    header = ["Equipment class", "Subunit", "Failure mode", "Cause"]
    said = say([header, ["mixer", "Drive", "Crack", "Wear"], ["mill", "Drive", "Jam", "Stone"]])
    assert [(c.asset_class, c.object) for c in said.draft.claims if c.relation == "hasComponent"] == [
        ("mixer", "Drive"),
        ("mill", "Drive"),
    ]
    assert set(said.draft.asset_classes) == {"mixer", "mill"}


def test_a_row_without_asset_class_is_an_error_where_a_column_asks_for_it(say: Say) -> None:
    said = say([["Equipment", "Failure mode", "Cause"], ["mixer", "Crack", "Wear"], ["", "Jam", "Stone"]])
    assert said.findings() == [("ERROR", "FMEA!A3", "missing")]


def test_a_source_in_the_title_is_the_asset_classes_source_and_one_in_a_row_the_rows(say: Say) -> None:
    said = say([TITLE, ["Source", "plant FMEA"], ["Failure mode", "Cause", "Reference"], ["Crack", "Wear", "log"]])
    assert said.draft.asset_classes["mixer"].source == "plant FMEA"
    assert {c.source for c in said.draft.claims} == {"log"}


# --- cells ---


@pytest.mark.parametrize(
    ("cell", "values"),
    [
        ("Wear; misuse", ["Wear", "misuse"]),
        ("Wear\nmisuse", ["Wear", "misuse"]),
        ("1) Wear\n2) misuse", ["Wear", "misuse"]),
        ("1. Wear 2. misuse", ["Wear", "misuse"]),
        ("• Wear | - misuse", ["Wear", "misuse"]),
        ("Wear, misuse", ["Wear, misuse"]),
        ("Start/stop, wear / tear", ["Start/stop, wear / tear"]),
        ("12 V supply lost", ["12 V supply lost"]),
        ("Wear;;wear ;Wear", ["Wear", "wear"]),
        *[(nothing, []) for nothing in ("n/a", "N/A", "-", "—", "none", "TBD", "?", "Not applicable", "- ")],
    ],
)
def test_a_cell_may_hold_several_values_or_nothing(say: Say, cell: str, values: list[str]) -> None:
    assert say(rows(["Failure mode", "Cause"], ["Crack", cell])).objects("causedBy") == values


def test_commas_separate_when_the_user_says_so(say: Say) -> None:
    said = say(rows(["Failure mode", "Cause"], ["Crack", "Wear, misuse"]), separators=("\n", ";", ","))
    assert said.objects("causedBy") == ["Wear", "misuse"]


def test_one_failure_mode_on_several_rows_adds_up(say: Say) -> None:
    said = say(rows(["Failure mode", "Cause"], ["Crack", "Wear"], ["Crack", "Misuse"]))
    assert said.pairs("hasFailureMode") == [("", "Crack")]
    assert said.pairs("causedBy") == [("Crack", "Wear"), ("Crack", "Misuse")]


def test_modes_and_causes_in_one_cell_are_told_apart_by_their_wording(say: Say) -> None:
    table = rows(["Failure modes and causes", "Function"], ["Leak due to worn packing", "Seal"], ["Rupture", "Hold"])
    said = say(table)
    assert said.objects("hasFailureMode") == ["Leak", "Rupture"]
    assert said.pairs("causedBy") == [("Leak", "worn packing")]


def test_several_modes_in_one_cell_share_what_the_row_says_and_a_warning_tells(say: Say) -> None:
    said = say(rows(["Failure mode", "Cause"], ["Crack; Leak", "Wear; Misuse"]))
    assert len(said.pairs("causedBy")) == 4
    assert said.findings() == [("WARN", "FMEA!A3", "several-modes")]


@pytest.mark.parametrize("cell", ["7", "7.0", "7,0", "7 - high", "7 (high)", "7: high", "7/10"])
def test_a_rating_is_read_as_people_write_it(say: Say, cell: str) -> None:
    said = say(rows(["Failure mode", "Severity"], ["Crack", cell]))
    assert said.objects("hasSeverity") == ["7"]
    assert said.findings() == []


@pytest.mark.parametrize("cell", ["0", "11", "-3", "7.5", "very high", "1e9", "99999999999999999999"])
def test_a_rating_out_of_range_is_an_error(say: Say, cell: str) -> None:
    said = say(rows(["Failure mode", "Severity"], ["Crack", cell]))
    assert said.objects("hasSeverity") == []
    assert said.findings() == [("ERROR", "FMEA!B3", "rating")]


@pytest.mark.parametrize("cell", ["II", "iv", "Category III", "B"])
def test_a_severity_class_is_no_rating(say: Say, cell: str) -> None:
    said = say(rows(["Failure mode", "Severity"], ["Crack", cell]))
    assert said.objects("hasSeverity") == []
    assert said.findings() == [("WARN", "FMEA!B3", "rating-class")]


def test_two_ratings_of_one_mode_keep_the_first_and_name_both_cells(say: Say) -> None:
    said = say(rows(["Failure mode", "Cause", "Severity"], ["Crack", "Wear", "7"], ["Crack", "Misuse", "9"]))
    finding = said.finding("rating-differs")
    assert said.objects("hasSeverity") == ["7"]
    assert (finding.level, finding.node) == ("WARN", "FMEA!C4")
    assert "FMEA!C3" in finding.message


@pytest.mark.parametrize(("number", "rules"), [("84", []), ("85", ["product"]), ("high", ["product"]), ("n/a", [])])
def test_a_risk_priority_number_is_checked_and_not_imported(say: Say, number: str, rules: list[str]) -> None:
    said = say(rows(["Failure mode", "S", "O", "D", "RPN"], ["Crack", "7", "3", "4", number]))
    assert [f.rule for f in said.draft.findings] == rules
    assert "hasRiskPriorityNumber" not in {c.relation for c in said.draft.claims}


def test_a_mode_that_does_not_apply_is_a_no_and_nothing_hangs_on_it(say: Say) -> None:
    said = say(rows(["Failure mode", "Cause", "Applicable"], ["Crack", "Wear", "no"], ["Leak", "Age", ""]))
    assert ("hasFailureMode", "", "Crack", "no") in said.claims
    assert said.pairs("causedBy") == [("Leak", "Age")]


# --- rows ---


def test_a_row_without_failure_mode_is_an_error_not_filled_down(say: Say) -> None:
    said = say(rows(["Failure mode", "Cause"], ["Crack", "Wear"], ["", "Misuse"]))
    assert said.pairs("causedBy") == [("Crack", "Wear")]
    assert said.findings() == [("ERROR", "FMEA!A4", "missing")]


def test_a_number_is_no_name(say: Say) -> None:
    said = say(rows(["Failure mode", "Cause"], ["12", "Wear"], ["Crack", "4711"]))
    assert said.findings() == [("ERROR", "FMEA!A3", "name"), ("ERROR", "FMEA!B4", "name")]
    assert said.claims == [("hasFailureMode", "", "Crack", "yes")]


def test_a_duplicate_row_is_reported(say: Say) -> None:
    said = say(rows(["No", "Failure mode", "Cause"], ["1", "Crack", "Wear"], ["2", "Crack", "Wear"]))
    assert said.findings() == [("WARN", "FMEA!row 4", "duplicate-row")]
    assert "row 3" in said.draft.findings[0].message


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (["Drive unit", "Drive unit", "Drive unit", ""], [("INFO", "FMEA!row 4", "heading")]),
        (["Drive unit", "", "", ""], [("INFO", "FMEA!row 4", "heading")]),
        (["Item", "Failure mode", "Cause", "RPN"], []),
        (["", "", "", "0"], []),
    ],
    ids=["merged heading", "heading", "header again", "a formula filled down"],
)
def test_rows_that_are_no_failure_modes_are_left_out(say: Say, row: list[str], found: list[tuple[str, ...]]) -> None:
    said = say(rows(["Item", "Failure mode", "Cause", "RPN"], ["Shaft", "Crack", "Wear", ""], row))
    assert said.objects("hasFailureMode") == ["Crack"]
    assert said.findings() == found


def test_a_row_that_numbers_the_columns_is_left_out(say: Say) -> None:
    said = say(rows(["Item", "Failure mode", "Cause"], ["(1)", "(2)", "(3)"], ["Shaft", "Crack", "Wear"]))
    assert said.objects("hasFailureMode") == ["Crack"]
    assert said.findings() == []


def test_codes_become_notations(say: Say) -> None:
    said = say(rows(["Failure mode code", "Failure mode"], ["VIB", "Vibration"], ["A; B", "Noise"]))
    assert [(m.label, m.notation, m.asset_class) for m in said.draft.mentions] == [("Vibration", "VIB", "mixer")]
    assert said.findings() == [("WARN", "FMEA!A4", "codes")]


# --- the example worksheets ---


def test_iec_60812(say_file: Say) -> None:
    said = say_file("iec-60812-cooling-tower.xlsx")
    assert set(said.draft.asset_classes) == {"cooling tower"}
    assert said.pairs("causedBy")[:4] == [
        ("Blade cracked", "Fatigue"),
        ("Blade cracked", "ice on the blades"),
        ("Bearing seized", "Lack of grease"),
        ("Bearing seized", "Water in the grease"),
    ]
    assert ("occursIn", "Bearing seized", "Fan", "yes") in said.claims  # the item is merged over two rows
    assert said.objects("hasLocalEffect")[0] == "Imbalance"
    assert len(said.draft.claims) == 79
    assert said.findings() == [("INFO", "FMEA!F5", "left-out")]


def test_aiag_vda(say_file: Say) -> None:
    said = say_file("aiag-vda-screw-compressor.xlsx")
    assert set(said.draft.asset_classes) == {"Screw compressor"}
    assert said.pairs("hasFunction")[1] == ("Rotor bearing", "Carry the rotors")
    assert said.objects("hasSeverity") == ["7", "9", "6"]
    assert said.pairs("mitigatedBy")[:2] == [
        ("Rotor gap too wide", "Change the intake filter"),
        ("Rotor gap too wide", "Monitor the filter pressure drop"),
    ]
    assert said.findings("ERROR") == []


def test_mil_std_1629a(say_file: Say) -> None:
    said = say_file("mil-std-1629a-conveyor-belt.csv")
    assert set(said.draft.asset_classes) == {"Conveyor belt"}
    assert said.pairs("causedBy")[0] == ("Longitudinal rip", "a trapped bar")
    assert said.objects("detectedBy")[2:4] == ["Infrared inspection", "Noise noticed on rounds"]
    assert said.findings("WARN") == [("WARN", "K5", "left-out")]
    assert said.findings("ERROR") == []


def test_iso_14224(say_file: Say) -> None:
    said = say_file("iso-14224-chiller.xlsx")
    assert set(said.draft.asset_classes) == {"Chiller"}
    assert [m.notation for m in said.draft.mentions] == ["OHE", "VIB", "ERO", "IHT", "INL", "PLU"]
    assert len(said.objects("hasMechanism")) == 6
    assert ("INFO", "Read me", "nothing-recognised") in said.findings()
    assert {f.level for f in said.draft.findings} == {"INFO"}
