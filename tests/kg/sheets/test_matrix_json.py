"""Matrices in JSON: nested objects, FailureSensorIQ's files, and what is none of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failwise.kg.sheets.fields import ReadOptions
from failwise.kg.sheets.matrix_json import draft_json
from failwise.kg.sheets.records import Draft

Tell = Callable[..., Draft]
Cells = dict[tuple[str, str, str], str | None]


@pytest.fixture
def tell(tmp_path: Path, reading: ReadOptions) -> Tell:
    def read(content: Any, name: str = "matrix.json") -> Draft:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        draft = Draft()
        draft_json(path, draft, reading)
        return draft

    return read


def cells(draft: Draft) -> Cells:
    found = [c for c in draft.claims if c.relation == "indicatedBy"]
    return {(c.asset_class, c.subject, c.object): c.truth and c.truth.value for c in found}


def test_nested_objects_hold_marks(tell: Tell) -> None:
    draft = tell({"mixer": {"Leak": {"torque": 1, "noise": False, "heat": None, "flow": "?", "dust": 0.0}}})
    assert list(cells(draft).values()) == ["yes", "no", None, "unknown", "no"]
    assert [c.object for c in draft.claims if c.relation == "hasFailureMode"] == ["Leak"]
    assert [c.object for c in draft.claims if c.relation == "monitoredBy"][:2] == ["torque", "noise"]
    assert draft.findings == []


def test_a_list_of_sensors_says_yes_to_each_and_nothing_of_the_others(tell: Tell) -> None:
    draft = tell({"mixer": {"Leak": ["torque"], "Crack": []}})
    assert cells(draft) == {("mixer", "Leak", "torque"): "yes"}
    assert [c.object for c in draft.claims if c.relation == "hasFailureMode"] == ["Leak", "Crack"]


def test_lists_per_asset_class(tell: Tell) -> None:
    draft = tell(
        {"relevant_sensors_for_each_asset": {"Fan": ["Noise"]}, "relevant_fm_for_each_asset": {"Fan": ["Unbalance"]}}
    )
    assert [(c.relation, c.object) for c in draft.claims] == [("monitoredBy", "Noise"), ("hasFailureMode", "Unbalance")]


@pytest.mark.parametrize(
    ("record", "trail", "file", "truth"),
    [
        ({}, "questions", "a.json", "yes"),
        ({"relevancy": "irrelevant_sensors_for_failure_mode"}, "questions", "a.json", "no"),
        ({}, "NegationQuestions", "a.json", "no"),
        ({}, "questions", "multi_answer_negatives.json", "no"),
    ],
    ids=["plain", "its field", "a key above", "the file"],
)
def test_records_with_targets(tell: Tell, record: dict[str, str], trail: str, file: str, truth: str) -> None:
    row = {"asset_class": "fan", "failure_mode": "unbalance", "mc_targets": {"vibration": 1}} | record
    column = {"asset_class": "fan", "sensor": "noise", "mc_targets": {"unbalance": 1}} | record
    found = cells(tell({trail: [row, [column]]}, file))
    assert found == {("fan", "unbalance", "vibration"): truth, ("fan", "unbalance", "noise"): truth}


@pytest.mark.parametrize(
    ("content", "rule", "says"),
    [
        ("{", "not-json", "cannot be read as JSON"),
        ("", "not-json", "cannot be read as JSON"),
        ('{"mixer": {"Leak": {"torque": NaN}}}', "not-json", "NaN is no value of JSON"),
        ('{"mixer": {"Leak": {"torque": -Infinity}}}', "not-json", "-Infinity"),
        ('{"mixer": {"Le\\ud800ak": ["torque"]}}', "not-json", "half of a character"),
        ("[" * 100_000, "too-deep", "nested too deeply"),
        ("[" * 150 + "]" * 150, "too-deep", "100 levels"),
        ('{"mixer": {"Leak": {"torque": 1, "torque": 0}}}', "duplicate-key", "'torque' stands twice"),
        ('{"mixer": {"Leak": {"torque": 2}}}', "json-value", '$["mixer"]["Leak"]["torque"] is 2'),
        ('{"mixer": {"Leak": {"torque": [1]}}}', "json-value", "is a list of 1"),
        ('{"mixer": {"Leak": "torque"}}', "json-value", '$["mixer"]["Leak"] is "torque"'),
        ('{"mixer": {"Leak": [null]}}', "json-value", '$["mixer"]["Leak"][0] is null'),
        ('{"mixer": ["torque"]}', "json-value", '$["mixer"] is a list of 1'),
        ("[1, 2]", "json-value", "$ is a list of 2; an object of asset classes is needed"),
        ('"mixer"', "json-value", '$ is "mixer"'),
        ('[{"mc_targets": {"torque": 1}}]', "json-value", "$[0] is an object of 1; a record with asset_class"),
        ('{"": {"Leak": ["torque"]}}', "name", "a name needs a letter"),
        ("{}", "nothing-recognised", "no asset class"),
        ("null", "nothing-recognised", "null"),
    ],
)
def test_what_is_amiss_becomes_a_finding(tell: Tell, content: str, rule: str, says: str) -> None:
    found = [f for f in tell(content).findings if f.rule == rule]
    assert found[0].level == "ERROR"
    assert any(says in f.message for f in found)
    assert found[0].file == "matrix.json"


def test_a_file_that_is_no_text_is_a_finding(tmp_path: Path, reading: ReadOptions) -> None:
    (tmp_path / "a.json").write_bytes(b"\xff\xfe\x00\xd8")
    draft = Draft()
    draft_json(tmp_path / "a.json", draft, reading)
    assert [f.rule for f in draft.findings] == ["not-json"]


def test_a_file_that_is_too_large_is_not_read(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("failwise.kg.sheets.matrix_json.MOST_BYTES", 10)
    draft = tell({"mixer": {"Leak": ["torque"]}})
    assert [f.rule for f in draft.findings] == ["too-large"]
    assert draft.claims == []
