"""Any set of questions by a field map: ARC without loss, other layouts, and clear words about what does not fit."""

import json
from pathlib import Path

import pytest

from failwise.errors import InputError
from failwise.generation.formats.arc import write_arc
from failwise.generation.formats.field_map import FieldMap
from failwise.generation.formats.question_files import read_questions
from failwise.generation.records import Arity

NESTED = "question=stem,options=choices[].text,labels=choices[].label,answer=key"
LINE = {
    "stem": "What boils?",
    "choices": [{"text": "water", "label": "1"}, {"text": "stone", "label": "2"}],
    "key": "1",
}


def write(tmp_path: Path, *rows: object) -> Path:
    path = tmp_path / "set.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


# --- ARC ---


@pytest.mark.parametrize(("split", "count"), [("train", 2251), ("test", 2376)])
def test_arc_is_read_and_written_without_loss(split: str, count: int, data: Path, tmp_path: Path) -> None:
    path = data / "arc" / f"arc_easy_{split}.jsonl"
    questions = read_questions(path)
    assert len(questions) == count
    assert all(sum(q.correct) == 1 and q.fact_ids == () for q in questions)
    assert write_arc(questions, tmp_path / "arc.jsonl") == count
    assert (tmp_path / "arc.jsonl").read_bytes() == path.read_bytes()


def arc(labels: str = "1234", key: str = "3") -> dict[str, object]:
    choices = [{"text": f"option {label}", "label": label} for label in labels]
    return {"id": "A1", "question": {"stem": "Which?", "choices": choices}, "answerKey": key}


@pytest.mark.parametrize("labels", ["1234", "ABC", "ABCDE"])
def test_digits_and_letters_are_labels(labels: str, tmp_path: Path) -> None:
    path = write(tmp_path, arc(labels)) if labels == "1234" else write(tmp_path, arc(labels, "C"))
    (question,) = read_questions(path)
    assert (question.option_ids, question.answer) == (tuple(labels), 2)
    write_arc([question], tmp_path / "back.jsonl")
    assert json.loads((tmp_path / "back.jsonl").read_text()) == json.loads(path.read_text())


def test_arc_as_columns_of_lists_is_arc(tmp_path: Path) -> None:
    row = {"id": "x", "question": "Which?", "choices": {"text": ["a", "b"], "label": ["A", "B"]}, "answerKey": "B"}
    (question,) = read_questions(write(tmp_path, row))
    assert (question.id, question.options, question.answer) == ("x", ("a", "b"), 1)


def test_arc_has_no_place_for_several_answers(tmp_path: Path) -> None:
    path = write(tmp_path, LINE | {"key": ["1", "2"]})
    with pytest.raises(InputError, match="asks for several options"):
        write_arc(read_questions(path, field_map=FieldMap.parse(NESTED)), tmp_path / "arc.jsonl")
    assert not (tmp_path / "arc.jsonl").exists()


def test_an_answer_that_is_no_label_of_arc_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"line 1: the answer '2' in field 'answerKey' is none of the labels A, B"):
        read_questions(write(tmp_path, arc("AB", "2")))


# --- other layouts ---


@pytest.mark.parametrize(
    ("text", "row", "options", "labels", "right"),
    [
        (NESTED, LINE, ("water", "stone"), ("1", "2"), 0),
        ("question=q,options=choices,answer=a", {"q": "?", "choices": ["x", "y"], "a": 1}, ("x", "y"), ("A", "B"), 1),
        ("question=q,options=choices,answer=a", {"q": "?", "choices": ["x", "y"], "a": "y"}, ("x", "y"), ("A", "B"), 1),
        ("question=q,options=o,answer=a", {"q": "?", "o": {"A": "x", "B": "y"}, "a": "(b)"}, ("x", "y"), ("A", "B"), 1),
        ("question=q,options=A+B+C,answer=a", {"q": "?", "A": 3, "B": 4, "C": "", "a": "B"}, ("3", "4"), ("A", "B"), 1),
        ("question=q,options=o1+o2,answer=a,first=1", {"q": "?", "o1": "x", "o2": "y", "a": 2}, ("x", "y"),
         ("A", "B"), 1),
        ("question=q,options=o,answer=a,answer_as=text", {"q": "?", "o": ["1", "0"], "a": "0"}, ("1", "0"),
         ("A", "B"), 1),
        ("question=d.q,options=d.o,answer=d.m", {"d": {"q": "?", "o": ["x", "y"], "m": [False, True]}}, ("x", "y"),
         ("A", "B"), 1),
    ],
)  # fmt: skip
def test_maps_reach_what_files_hold(
    text: str, row: object, options: tuple[str, ...], labels: tuple[str, ...], right: int, tmp_path: Path
) -> None:
    (question,) = read_questions(write(tmp_path, row), field_map=FieldMap.parse(text))
    assert (question.options, question.option_ids, question.answer) == (options, labels, right)
    assert question.id == "1"


def test_several_answers_make_it_a_set_for_several(tmp_path: Path) -> None:
    rows = [LINE, LINE | {"key": ["1", "2"]}, LINE | {"key": ["2"]}]
    questions = read_questions(write(tmp_path, *rows), field_map=FieldMap.parse(NESTED))
    assert [q.arity for q in questions] == [Arity.MULTIPLE] * 3
    assert [q.correct for q in questions] == [(True, False), (True, True), (False, True)]


def test_marks_may_be_numbers_and_splits_are_kept(tmp_path: Path) -> None:
    row = {"q": "?", "o": ["x", "y", "z"], "m": [0, 0, 1], "part": "test", "n": 5}
    text = "question=q,options=o,answer=m,answer_as=marks,split=part,id=n"
    (question,) = read_questions(write(tmp_path, row), field_map=FieldMap.parse(text))
    assert (question.answer, question.split, question.id) == (2, "test", "5")


@pytest.mark.parametrize("quoted", [False, True])
def test_tables_are_read(quoted: bool, tmp_path: Path) -> None:
    path = tmp_path / "set.csv"
    if quoted:
        path.write_text('question,choices,answer\n"What, then?","[""x"", ""y""]",1\n')
        text = "question=question,options=choices,answer=answer"
    else:
        path.write_text("question,A,B,C,answer\n\ufeff?,x,y,,B\n", encoding="utf-8")
        text = "question=question,options=A+B+C,answer=answer"
    (question,) = read_questions(path, field_map=FieldMap.parse(text))
    assert (question.options, question.answer) == (("x", "y"), 1)


def test_parquet_tables_are_read(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pa.table({"question": ["?"], "choices": [["x", "y"]], "answer": [1]})
    parquet.write_table(table, tmp_path / "set.parquet")
    found = read_questions(
        tmp_path / "set.parquet", field_map=FieldMap.parse("question=question,options=choices,answer=answer")
    )
    assert [(q.options, q.answer) for q in found] == [(("x", "y"), 1)]


# --- what does not fit ---


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("question", "the field map has 'question'; write it as question=FIELD"),
        ("question=q,option=o,answer=a", "no part 'option'; did you mean 'options'"),
        ("question=q,options=o", "does not say where the answer stands"),
        ("question=q,options=o,answer=a,answer_as=letter", "answer_as is 'letter'; it can be label"),
        ("question=q,options=o,answer=a,first=one", "first is 'one'"),
    ],
)
def test_a_bad_map_is_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        FieldMap.parse(text)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"key": "3"}, "line 2: the answer '3' in field 'key' is none of the labels 1, 2"),
        ({"key": None}, "line 2: field 'key' holds nothing, not a text"),
        ({"stem": ["What?"]}, "line 2: field 'stem' holds a list of 1, not a text"),
        ({"stem": " "}, "line 2: field 'stem' is empty"),
        ({"choices": "none"}, r"line 2: field 'choices\[\]' of the map holds a text \('none'\) and not a list"),
        ({"choices": ["x", "y"]}, r"field 'choices\[\]' of the map holds a text \('x'\), which has no 'text'"),
        ({"choices": [{"text": "water", "label": "1"}]}, "a list of 1; at least 2 options are needed"),
        ({"choices": [{"label": "1"}, {"label": "2"}]}, r"line 2: no field 'text'; field 'choices\[\]' has label"),
        ({"choices": [{"text": "", "label": "1"}, {"text": "b", "label": "2"}]}, "option 1 of field .* is empty"),
        ({"choices": [{"text": "a", "label": "1"}, {"text": "b", "label": "1."}]}, "1, 1. do not tell 2 options apart"),
    ],
)
def test_a_line_that_does_not_fit_is_named(change: dict[str, object], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=sentence):
        read_questions(write(tmp_path, LINE, LINE | change), field_map=FieldMap.parse(NESTED))


def test_a_missing_field_is_named_with_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 1: no field 'question'; the line has stem, choices, key"):
        read_questions(write(tmp_path, LINE), field_map=FieldMap.parse("question=question,options=choices,answer=key"))


def test_an_answer_that_could_be_two_options_is_not_guessed(tmp_path: Path) -> None:
    row = {"q": "?", "o": ["1", "0"], "a": "1"}
    with pytest.raises(InputError, match="could be option 1 by its text or option 2 by its index; add answer_as=text"):
        read_questions(write(tmp_path, row), field_map=FieldMap.parse("question=q,options=o,answer=a"))


def test_ids_come_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the id was used by question 1 already"):
        read_questions(write(tmp_path, LINE, LINE), field_map=FieldMap.parse(f"{NESTED},id=key"))
