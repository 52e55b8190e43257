"""A sheet is read as what its header shows it to be; what is none of the layouts is left out and said so."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failwise.errors import InputError, OntologyError
from failwise.kg.parse import parse
from failwise.kg.records import Finding
from failwise.kg.sheets.collect import MOST_FINDINGS
from failwise.kg.sheets.fields import ReadOptions, header_key, read_fields
from failwise.kg.sheets.layouts import draft_sheets
from failwise.kg.sheets.records import Draft, Row, Sheet

_TTL = Path("fields.ttl")
Say = Callable[..., Any]

FMEA = [["Asset class: mixer"], ["Failure mode", "Cause"], ["Leak", "Wear"]]
MATRIX = [["mixer", "vibration"], ["Leak", "x"]]
LIST = [["asset_class", "sensor"], ["mixer", "torque"]]
LETTER = [["Dear colleagues,"], ["please find the numbers below."]]


@pytest.mark.parametrize(
    ("rows", "relation"),
    [(FMEA, "causedBy"), (MATRIX, "indicatedBy"), (LIST, "monitoredBy")],
    ids=["worksheet", "matrix", "list"],
)
def test_each_layout_is_known_by_its_header(say: Say, rows: list[list[str]], relation: str) -> None:
    said = say(rows)
    assert said.objects(relation)
    assert set(said.draft.asset_classes) == {"mixer"}
    assert said.findings() == []


def test_a_workbook_may_hold_several_layouts(say: Say) -> None:
    said = say({"FMEA": FMEA, "Matrix": MATRIX, "Cover": LETTER, "Empty": []})
    assert ("causedBy", "Leak", "Wear", "yes") in said.claims
    assert ("indicatedBy", "Leak", "vibration", "yes") in said.claims
    assert said.findings() == [("INFO", "Cover", "nothing-recognised")]


def test_a_document_of_which_nothing_is_known_is_an_error_that_says_what_would_be(say: Say) -> None:
    finding = say(LETTER).finding("nothing-recognised")
    assert finding.level == "ERROR"
    assert "an FMEA worksheet" in finding.message
    assert "--map" in finding.fix


def test_a_header_without_rows_is_reported(say: Say) -> None:
    assert ("WARN", "FMEA", "no-rows") in say(FMEA[:2]).findings()


def test_findings_of_one_rule_end_at_a_hundred_with_a_count(say: Say) -> None:
    rows = [["", "Cause"] for _ in range(250)]
    said = say([["Asset: mixer"], ["Failure mode", "Cause"], *(["", f"cause {i}"] for i, _ in enumerate(rows))])
    found = [f for f in said.draft.findings if f.rule == "missing"]
    assert len(found) == MOST_FINDINGS + 1
    assert "150 more" in found[-1].message
    assert found[-1].level == "ERROR"


def test_a_map_that_names_no_field_lists_the_fields(say: Say) -> None:
    with pytest.raises(InputError, match="no worksheet field is called 'failure mod'; did you mean 'failure-mode'"):
        say(FMEA, headers={"Störung": "failure mod"})


def test_a_map_for_a_header_that_is_nowhere_is_reported(say: Say) -> None:
    said = say(FMEA, headers={"Ursache": "cause"})
    assert said.finding("unused-map").value == "Ursache"


def test_rows_are_read_one_at_a_time(reading: ReadOptions) -> None:
    alive, most = 0, 0

    class Counted(Row):
        __slots__ = ()

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def rows() -> Any:
        nonlocal alive, most
        for number in range(1, 5000):
            cells = ("Failure mode", "Cause") if number == 1 else (f"mode {number}", "wear")
            alive += 1
            most = max(most, alive)
            yield Counted(number, cells)

    draft = Draft()
    draft_sheets([Sheet("big.csv", "", rows)], draft, reading)
    assert len(draft.claims) == 2 * 4998
    assert most < 100


# --- the wordings ---


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("2. Potential Effect(s) of\nFailure", "end-effect"),
        ("FAILURE MODES", "failure-mode"),
        ("Mode of failure:", "failure-mode"),
        ("Potential Cause(s) / Mechanism(s) of Failure", "cause"),
        ("Sev.", "severity"),
        ("Severity (S) of FE", "severity"),
        ("RPN [S x O x D]", "rpn"),
        ("Item/Functional Identification (Nomenclature)", "component"),
        ("Maintainable items", "component"),
        ("Current Controls - Detection", "detection-method"),
        ("#", "ignored"),
        ("Weather", None),
    ],
)
def test_wordings_of_the_standards_are_known(reading: ReadOptions, header: str, field: str | None) -> None:
    found = reading.fields.match(header)
    assert (found.name if found else None) == field


def test_a_wording_that_two_fields_claim_is_refused() -> None:
    text = """
    @prefix fw: <https://w3id.org/failwise/ontology#> .
    @prefix field: <https://w3id.org/failwise/field/> .
    field:a a fw:Field ; fw:role "object" ; fw:header "failure cause" .
    field:b a fw:Field ; fw:role "object" ; fw:header "Cause of failure" .
    """
    with pytest.raises(OntologyError, match="two fields, a and b"):
        read_fields(parse(_TTL, text.encode()))


def test_a_role_that_does_not_exist_is_refused() -> None:
    text = "<https://w3id.org/failwise/field/a> a <https://w3id.org/failwise/ontology#Field> ."
    with pytest.raises(OntologyError, match="has the role ''; allowed are asset-class"):
        read_fields(parse(_TTL, text.encode()))


@pytest.mark.parametrize(("a", "b"), [("Analyses", "analysis"), ("bus", "buses"), ("", "()"), ("a", "A.")])
def test_header_keys_are_never_mixed_up_by_little_words(a: str, b: str) -> None:
    assert (header_key(a) == header_key(b)) == (a in ("", "a"))


def test_findings_name_the_file(say: Say) -> None:
    finding: Finding = say(LETTER).draft.findings[0]
    assert finding.file == "pump-house.xlsx"
