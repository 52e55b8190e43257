"""FailureSensorIQ's training formats: what is asked, what is answered, and what does not fit."""

from dataclasses import replace
from pathlib import Path

import pytest

from failwise.generation.formats.prepared import (
    NONE_RIGHT,
    NOT_A_PAIR,
    NOT_SEVERAL,
    NOT_SINGLE,
    Prepared,
    fitting,
    read_prepared,
    write_prepared,
)
from failwise.generation.formats.question_files import read_questions
from failwise.generation.records import Arity
from tests.generation.formats.test_failuresensoriq import ours

SEVERAL = replace(
    ours(2), options=("power", "oil", "speed", "noise"), option_ids=("P)", "Q)", "R)", "S)"),
    correct=(False, True, False, True), arity=Arity.MULTIPLE, tested_fact="", fact_ids=(),
)  # fmt: skip


def test_one_answer_is_written_with_its_letter(tmp_path: Path) -> None:
    assert write_prepared([SEVERAL, ours(1)], Prepared.MCP1, tmp_path / "mcp1.jsonl") == 1
    (line,) = read_prepared(tmp_path / "mcp1.jsonl")
    assert (line.output, line.answer_letter, line.question_type) == ("noise", "B", "mcp1_positive")
    assert (line.question_id, line.sampled_question_idx) == (ours(1).id, 1)
    assert "toy pump?\nA) temperature\nB) noise\nC) pressure\n" in line.input


@pytest.mark.parametrize(("turn", "letter"), [(0, "B"), (1, "A"), (2, "C"), (4, "A")])
def test_options_are_turned_under_their_letters(turn: int, letter: str, tmp_path: Path) -> None:
    write_prepared([ours(1)], Prepared.MCP1, tmp_path / "mcp1.jsonl", rotation=turn)
    (line,) = read_prepared(tmp_path / "mcp1.jsonl")
    assert (line.output, line.answer_letter, line.rotation) == ("noise", letter, turn % 3)
    assert f"{letter}) noise" in line.input


def test_several_answers_are_written_separately(tmp_path: Path) -> None:
    write_prepared([SEVERAL], Prepared.SEPARATE, tmp_path / "mcp2.jsonl")
    (line,) = read_prepared(tmp_path / "mcp2.jsonl")
    assert (line.output, line.answer_letter, line.question_type) == ("oil\nnoise", "Q,S", "mcp2_positive")


def test_or_as_the_one_right_pair_among_pairs(tmp_path: Path) -> None:
    write_prepared([replace(SEVERAL, id=str(n)) for n in range(40)], Prepared.PAIRS, tmp_path / "pairs.jsonl")
    lines = list(read_prepared(tmp_path / "pairs.jsonl"))
    for line in lines:
        offered = [row for row in line.input.splitlines() if ") " in row[:4]]
        assert len(offered) == len({row[3:] for row in offered}) == 5
        assert f"{line.answer_letter}) oil and noise" in offered
    assert {line.answer_letter for line in lines} == set("ABCDE")
    write_prepared([replace(SEVERAL, id="0")], Prepared.PAIRS, tmp_path / "again.jsonl")
    assert next(read_prepared(tmp_path / "again.jsonl")) == lines[0]


def test_options_before_the_question_stay_there(tmp_path: Path) -> None:
    write_prepared([replace(ours(1), question_first=False)], Prepared.MCP1, tmp_path / "mcp1.jsonl")
    assert "C) pressure\nWhat shows cavitation" in next(read_prepared(tmp_path / "mcp1.jsonl")).input


def test_what_does_not_fit_is_counted() -> None:
    none, three = (replace(SEVERAL, correct=marks) for marks in ((False,) * 4, (True, True, True, False)))
    questions = [ours(1), SEVERAL, none, three]
    assert fitting(questions, Prepared.MCP1) == ([ours(1)], {NOT_SINGLE: 3})
    assert fitting(questions, Prepared.SEPARATE) == ([SEVERAL, three], {NOT_SEVERAL: 1, NONE_RIGHT: 1})
    assert fitting(questions, Prepared.PAIRS) == ([SEVERAL], {NOT_A_PAIR: 3})


def test_all_of_failuresensoriq_is_prepared(data: Path, tmp_path: Path) -> None:
    folder = data / "failuresensoriq"
    single, several = (
        read_questions(folder / "single_answer.jsonl"),
        read_questions(folder / "multi_answer_sample.jsonl"),
    )
    assert write_prepared(single, Prepared.MCP1, tmp_path / "a.jsonl") == 2667
    assert write_prepared(several, Prepared.SEPARATE, tmp_path / "b.jsonl") == 200
    assert write_prepared(several, Prepared.PAIRS, tmp_path / "c.jsonl") == 200
    for line, question in zip(read_prepared(tmp_path / "a.jsonl"), single, strict=True):
        assert (line.question_type, line.relevancy) == (question.question_type, question.relevancy)
        assert line.output == question.options[question.answer]
