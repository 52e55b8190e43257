"""Question files: the format is told by its first row, labels stay as they are, bad lines are named."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from failwise.errors import InputError, MissingExtraError
from failwise.files import write_records
from failwise.generation.formats.labels import bare_label, normalise_label
from failwise.generation.formats.question_files import read_questions
from failwise.generation.records import Arity, Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Polarity

FOREIGN = {
    "subject": "failure_mode_sensor_analysis",
    "id": 7,
    "question": "When a toy pump has cavitation, which sensor from the choices is most critical?",
    "options": ["temperature", "noise"],
    "option_ids": ["P)", "Q)"],
    "question_first": True,
    "correct": [False, True],
    "text_type": "choice",
    "asset_name": "toy pump",
    "relevancy": "relevant_sensors_for_failure_mode",
    "question_type": "mcp1_positive",
}
TEMPERATURE, NOISE = "toy-pump/indicatedBy/cavitation/temperature", "toy-pump/indicatedBy/cavitation/noise"
OURS = Question(
    subject="failure_mode_sensor_analysis", id="q1", question="What shows cavitation of the toy pump?",
    options=("temperature", "noise"), option_ids=("A", "B"), question_first=True, correct=(False, True),
    text_type="choice", asset_name="toy pump", relevancy="relevant_sensors_for_failure_mode",
    question_type="mcp1_positive", asset_class="toy-pump", relation="indicatedBy", direction=Direction.FORWARD,
    polarity=Polarity.SELECTION, anchor="cavitation", fact_ids=(TEMPERATURE, NOISE), tested_fact=NOISE,
    template="t", distractor_kinds=("same-anchor", "answer"), split="train",
)  # fmt: skip
NONE_RIGHT = replace(OURS, id="q2", arity=Arity.MULTIPLE, correct=(False, False), tested_fact="")


def write(tmp_path: Path, *rows: object) -> Path:
    path = tmp_path / "q.jsonl"
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows))
    return path


@pytest.mark.parametrize("label", ["P", "P)", "(P)", "P.", "$P$", " p "])
def test_labels_lose_their_dress_where_they_are_compared(label: str) -> None:
    assert normalise_label(label) == "P"
    assert bare_label(label) in ("P", "p")


def test_a_label_of_signs_alone_stays() -> None:
    assert normalise_label(" ① ") == "①"


def test_our_questions_come_back(toy: KnowledgeGraph, tmp_path: Path) -> None:
    write_records(tmp_path / "q.jsonl", [OURS, NONE_RIGHT])
    assert read_questions(tmp_path / "q.jsonl", toy) == [OURS, NONE_RIGHT]


def test_our_questions_come_back_from_a_list(tmp_path: Path) -> None:
    write_records(tmp_path / "q.jsonl", [OURS, NONE_RIGHT])
    records = [json.loads(line) for line in (tmp_path / "q.jsonl").read_text().splitlines()]
    (tmp_path / "q.json").write_text(json.dumps(records))
    assert read_questions(tmp_path / "q.json") == [OURS, NONE_RIGHT]


def test_our_questions_come_back_from_parquet(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    write_records(tmp_path / "q.jsonl", [OURS, NONE_RIGHT])
    records = [json.loads(line) for line in (tmp_path / "q.jsonl").read_text().splitlines()]
    parquet.write_table(pa.Table.from_pylist(records), tmp_path / "q.parquet")
    assert read_questions(tmp_path / "q.parquet") == [OURS, NONE_RIGHT]


def test_without_its_package_parquet_is_refused_with_the_way_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match="reading Parquet needs the package 'pyarrow'"):
        read_questions(tmp_path / "q.parquet")


def test_a_foreign_question_is_linked_and_keeps_its_labels(toy: KnowledgeGraph, tmp_path: Path) -> None:
    (question,) = read_questions(write(tmp_path, FOREIGN), toy)
    assert question.option_ids == ("P)", "Q)")
    assert question.fact_ids == (TEMPERATURE, NOISE)
    assert question.tested_fact == NOISE


def test_without_its_relation_a_question_is_linked_by_its_text(toy: KnowledgeGraph, tmp_path: Path) -> None:
    bare = {k: v for k, v in FOREIGN.items() if k not in ("asset_name", "relevancy", "question_type")}
    (question,) = read_questions(write(tmp_path, bare), toy)
    assert (question.fact_ids, question.polarity) == ((TEMPERATURE, NOISE), Polarity.SELECTION)
    assert (question.asset_name, question.relevancy) == ("toy pump", FOREIGN["relevancy"])


@pytest.mark.parametrize(
    "change",
    [{"asset_name": "submarine"}, {"relevancy": "x"}, {"question": "Which?"}, {"options": ["sonar", "noise"]}],
)
def test_what_cannot_be_linked_stays_a_question(toy: KnowledgeGraph, tmp_path: Path, change: dict[str, object]) -> None:
    (question,) = read_questions(write(tmp_path, FOREIGN | change), toy)
    assert question.fact_ids == ()
    assert question.answer == 1


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ((FOREIGN, '{"question": "torn'), "line 2 is not JSON"),
        ((FOREIGN, "[1]"), "line 2 holds a list, not an object"),
        ((FOREIGN, {"question": "no options"}), "line 2 is not a FailureSensorIQ question: field 'options'"),
        ((FOREIGN | {"correct": [True]},), "2 options, 2 option_ids and 1 marks"),
        ((FOREIGN | {"correct": [True, True]},), "2 options are right; a single-answer question has one"),
        ((FOREIGN | {"correct": [False, False]},), "0 options are right"),
        ((FOREIGN | {"option_ids": ["(a)", "A."]},), "two options have the same label"),
        ((FOREIGN, FOREIGN), "the id was used by question 1 already"),
        (({"stem": "Which?", "key": 1},), "none of the known formats .* line 1 has the fields stem, key; give a field"),
        ((), "holds no question"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, rows: tuple[object, ...], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read_questions(write(tmp_path, *rows))


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("q.txt", "x", "unknown ending '.txt'; questions are read from .jsonl, .json, .csv, .parquet"),
        ("q.json", "{}", "holds an object, not a list of questions"),
        ("q.csv", "question,a,b\nWhich?,1\n", "line 2 does not have the 3 cells"),
        ("q.csv", 'question,a\n"Which?', "is not CSV"),
    ],
)
def test_other_files_are_refused_too(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=sentence):
        read_questions(tmp_path / name)


def test_facts_stand_beside_options(tmp_path: Path) -> None:
    write_records(tmp_path / "q.jsonl", [replace(OURS, fact_ids=(NOISE,))])
    with pytest.raises(InputError, match="2 options and 1 fact_ids"):
        read_questions(tmp_path / "q.jsonl")
