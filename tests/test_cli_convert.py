"""`failwise questions convert`: every format from the command line, and what it says."""

import json
from pathlib import Path

import pytest

from failwise.cli_convert import FORMATS, convert
from failwise.errors import InputError
from failwise.generation.formats.question_files import read_questions
from tests.conftest import toy_paths

PUMP = {
    "subject": "failure_mode_sensor_analysis", "id": 7, "question": "What shows cavitation of the toy pump?",
    "options": ["temperature", "noise"], "option_ids": ["A", "B"], "question_first": True, "correct": [False, True],
    "text_type": "choice", "asset_name": "toy pump", "relevancy": "relevant_sensors_for_failure_mode",
    "question_type": "mcp1_positive",
}  # fmt: skip
BOTH = {k: v for k, v in PUMP.items() if k not in ("asset_name", "relevancy", "question_type", "correct")}
SUBMARINE = PUMP | {"id": 8, "asset_name": "submarine"}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "one.jsonl").write_text(json.dumps(PUMP) + "\n" + json.dumps(SUBMARINE) + "\n")
    (tmp_path / "two.jsonl").write_text(json.dumps({**BOTH, "correct": [True, True]}) + "\n")
    return tmp_path


def run(files: Path, name: str, to: str, **options: object) -> Path:
    out = files / "out.jsonl"
    convert(files / name, to=to, out=out, ontology=toy_paths(), no_shipped=True, **options)  # type: ignore[arg-type]
    return out


@pytest.mark.parametrize("to", FORMATS)
def test_every_format_is_written(to: str, files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = run(files, "two.jsonl" if to.startswith("mcp2") else "one.jsonl", to)
    count = 1 if to.startswith("mcp2") else 2
    assert len(out.read_text().splitlines()) == count
    assert f"{count} questions" in capsys.readouterr().out


def test_it_says_what_was_linked_and_why_the_rest_was_not(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = run(files, "one.jsonl", "failwise", link_report=files / "links.json")
    said = capsys.readouterr().out
    assert "1 of 2 linked to facts, 1 of them agree with them" in said
    assert "not linked: 1 (no asset class of the ontology is named)" in said
    report = json.loads((files / "links.json").read_text())
    assert [note["value"] for note in report["not_linked"]] == ["submarine"]
    linked = {q.id: q.tested_fact for q in read_questions(out)}
    assert linked == {"7": "toy-pump/indicatedBy/cavitation/noise", "8": ""}


def test_a_map_and_json(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "set.csv").write_text("q,A,B,answer,part\nWhat boils?,water,stone,A,dev\nWhat sinks?,cork,lead,B,test\n")
    out = run(files, "set.csv", "arc", field_map="question=q,options=A+B,answer=answer,split=part", split="test",
              as_json=True)  # fmt: skip
    said = json.loads(capsys.readouterr().out)
    assert (said["files"], said["links"]["questions"], said["links"]["linked"]) == ({str(out): 1}, 1, 0)
    assert json.loads(out.read_text())["answerKey"] == "B"


def test_a_set_without_facts_is_called_so(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = {
        "id": "1",
        "question": {"stem": "Why?", "choices": [{"text": t, "label": t} for t in "AB"]},
        "answerKey": "B",
    }
    (files / "arc.jsonl").write_text(json.dumps(line) + "\n")
    run(files, "arc.jsonl", "failwise")
    assert "0 of 1 linked to facts, so the set has no facts" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "to", "options", "sentence"),
    [
        ("one.jsonl", "arcs", {}, "unknown format 'arcs'; did you mean 'arc'"),
        ("two.jsonl", "arc", {}, "none of the 1 questions can be written as arc"),
        ("one.jsonl", "mcp2-pairs", {}, "none of the 2 questions .*not just two options are right: 2"),
        ("one.jsonl", "arc", {"split": "train"}, "no question of the split 'train'; it has none"),
        ("one.jsonl", "arc", {"field_map": "question"}, "the field map has 'question'"),
        ("gone.jsonl", "arc", {}, "cannot read"),
        ("out.jsonl", "arc", {}, "is the file to read; give another name"),
    ],
)
def test_wrong_input_writes_nothing(name: str, to: str, options: dict[str, object], sentence: str, files: Path) -> None:
    with pytest.raises(InputError, match=sentence):
        run(files, name, to, **options)
    assert not (files / "out.jsonl").exists()
