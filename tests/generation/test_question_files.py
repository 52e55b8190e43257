"""Question files: FailureSensorIQ's are linked to facts, labels lose their dress, bad lines are named."""

import json
from pathlib import Path

import pytest

from failwise.errors import InputError
from failwise.files import write_records
from failwise.generation.config import QuestionsConfig
from failwise.generation.question_files import normalise_label, read_questions
from failwise.generation.synthesize import Synthesis
from failwise.kg.graph import KnowledgeGraph

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


def write(tmp_path: Path, *rows: object) -> Path:
    path = tmp_path / "q.jsonl"
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows))
    return path


@pytest.mark.parametrize("label", ["P", "P)", "(P)", "P.", "$P$", " p "])
def test_labels_lose_their_dress(label: str) -> None:
    assert normalise_label(label) == "P"


def test_our_questions_come_back(toy: KnowledgeGraph, tmp_path: Path) -> None:
    questions = list(Synthesis(toy, QuestionsConfig()))
    write_records(tmp_path / "q.jsonl", questions)
    assert read_questions(tmp_path / "q.jsonl", toy) == questions


def test_a_foreign_question_is_linked_to_its_facts(toy: KnowledgeGraph, tmp_path: Path) -> None:
    (question,) = read_questions(write(tmp_path, FOREIGN), toy)
    assert question.option_ids == ("P", "Q")
    assert question.fact_ids == (
        "toy-pump/indicatedBy/cavitation/temperature",
        "toy-pump/indicatedBy/cavitation/noise",
    )
    assert question.tested_fact == "toy-pump/indicatedBy/cavitation/noise"


@pytest.mark.parametrize(
    "change", [{"asset_name": "submarine"}, {"relevancy": ""}, {"question": "Which?"}, {"options": ["sonar", "noise"]}]
)
def test_what_cannot_be_linked_stays_a_question(toy: KnowledgeGraph, tmp_path: Path, change: dict[str, object]) -> None:
    (question,) = read_questions(write(tmp_path, FOREIGN | change), toy)
    assert question.fact_ids == ()
    assert question.answer == 1


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ((FOREIGN, '{"question": "torn'), "line 2 is not a foreignquestion record: Invalid JSON"),
        ((FOREIGN, {"question": "no options"}), "line 2 is not"),
        ((FOREIGN | {"correct": [True]},), "2 options, 2 option_ids and 1 marks"),
        ((FOREIGN | {"correct": [True, True]},), "2 options are right; only single-answer questions"),
        ((FOREIGN | {"correct": [False, False]},), "0 options are right"),
        ((FOREIGN, FOREIGN), "the id was used by question 1 already"),
        ((), "holds no question"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, rows: tuple[object, ...], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read_questions(write(tmp_path, *rows))


def test_all_of_failuresensoriq_is_linked_and_agrees(shipped: KnowledgeGraph, data: Path) -> None:
    questions = read_questions(data / "failuresensoriq" / "single_answer.jsonl", shipped)
    assert len(questions) == 2667
    for q in questions:
        wanted = "yes" if q.question_type == "mcp1_positive" else "no"
        assert [shipped.facts[i].truth == wanted for i in q.fact_ids] == list(q.correct)
    asked = {i for q in questions for i in q.fact_ids}
    assert len(asked) == 1342


def test_perturbed_files_can_be_read(shipped: KnowledgeGraph, data: Path) -> None:
    questions = read_questions(data / "failuresensoriq" / "single_answer_simple_perturbed.jsonl", shipped)
    assert {i for q in questions for i in q.option_ids} == set("PQRST")
