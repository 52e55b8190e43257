"""What is frozen for an audit stays as it is and is known again wherever it turns up."""

import base64
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from failwise.errors import InputError
from failwise.files import content_id, write_records
from failwise.generation.formats.question_files import read_questions
from failwise.generation.records import Question
from failwise.generation.splitting.frozen import certificate_of, check_frozen, freeze, refuse_training_on


def question(number: int, split: str = "test") -> Question:
    text = f"Which sensor shows fault {number}?"
    return Question(
        subject="failure_mode_sensor_analysis",
        id=content_id(text),
        question=text,
        options=("power", "vibration (1x)", f"sensor {number}"),
        option_ids=("A", "B", "C"),
        question_first=True,
        correct=(True, False, False),
        text_type="choice",
        asset_name="pump",
        relevancy="relevant_sensors_for_failure_mode",
        question_type="mcp1_positive",
        split=split,
    )


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    path = tmp_path / "audits" / "audit.jsonl"
    write_records(path, [question(1), question(2), question(3, "train")])
    freeze(path)
    return path


def test_a_frozen_file_is_recognised(audit: Path) -> None:
    frozen = check_frozen(audit)
    assert frozen is not None
    assert (frozen.questions, frozen.audited, frozen.role) == (3, 2, "audit")
    assert freeze(audit) == frozen
    assert certificate_of(audit).name == "audit.jsonl.frozen.json"


def test_what_was_never_frozen_has_no_certificate(tmp_path: Path) -> None:
    write_records(tmp_path / "q.jsonl", [question(1)])
    assert check_frozen(tmp_path / "q.jsonl") is None


def test_a_changed_file_is_refused(audit: Path) -> None:
    audit.write_bytes(audit.read_bytes().replace(b"fault 1", b"fault 9"))
    for step in (check_frozen, freeze):
        with pytest.raises(
            InputError, match=r"audit\.jsonl was frozen with SHA-256 [0-9a-f]{64}, but has [0-9a-f]{64}"
        ):
            step(audit)


def test_a_missing_file_is_refused(audit: Path) -> None:
    audit.unlink()
    with pytest.raises(InputError, match="but has no file"):
        check_frozen(audit)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "{",
        lambda text: "[]",
        lambda text: json.dumps({**json.loads(text), "contents": "!!!"}),
        lambda text: json.dumps({**json.loads(text), "contents": "QUJD"}),
        lambda text: json.dumps({**json.loads(text), "contents": ""}),
        lambda text: json.dumps({**json.loads(text), "audited": 1}),
    ],
)
def test_a_damaged_certificate_is_refused(audit: Path, damage: object) -> None:
    assert callable(damage)
    certificate_of(audit).write_text(damage(certificate_of(audit).read_text()))
    with pytest.raises(InputError, match=r"is not JSON|is no certificate|was damaged"):
        check_frozen(audit)
    with pytest.raises(InputError):
        refuse_training_on([question(7, "train")], audit)


@pytest.mark.parametrize("named", ["audits", "audits/audit.jsonl", "audits/audit.jsonl.frozen.json"])
def test_an_audit_is_named_by_its_folder_its_questions_or_its_certificate(
    audit: Path, tmp_path: Path, named: str
) -> None:
    with pytest.raises(InputError, match="can never be trained on"):
        refuse_training_on([replace(question(1), split="train")], tmp_path / "q.jsonl", [tmp_path / named])


@pytest.mark.parametrize("named", ["", "q.jsonl", "nowhere"])
def test_an_audit_without_a_certificate_is_not_passed_over(tmp_path: Path, named: str) -> None:
    write_records(tmp_path / "q.jsonl", [question(1)])
    with pytest.raises(InputError, match="freeze its questions first"):
        refuse_training_on([question(7, "train")], tmp_path / "train" / "q.jsonl", [tmp_path / named])


def test_a_certificate_that_names_fewer_questions_is_refused(audit: Path, tmp_path: Path) -> None:
    place = certificate_of(audit)
    values = json.loads(place.read_text())
    first = base64.b64encode(base64.b64decode(values["contents"])[:8]).decode()
    place.write_text(json.dumps({**values, "contents": first, "ids": ""}))
    with pytest.raises(InputError, match=r"frozen\.json does not name the questions of .*freeze the file again"):
        freeze(audit)
    copied = [replace(q, split="train") for q in (question(1), question(2))]
    with pytest.raises(InputError, match="does not name the questions of"):
        refuse_training_on(copied, tmp_path / "mine.jsonl", [place])


def test_training_questions_beside_the_audit_may_be_trained_on(audit: Path) -> None:
    refuse_training_on([question(3, "train"), question(8, "train")], audit)


def test_test_questions_are_never_trained_on(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="1 of 2 questions are test questions"):
        refuse_training_on([question(1), question(3, "train")], tmp_path / "q.jsonl")


@pytest.mark.parametrize(
    "disguise",
    [
        lambda q: replace(q, split="train"),
        lambda q: replace(q, split="", id="17"),
        lambda q: replace(q, split="train", id="17", options=tuple(reversed(q.options)), option_ids=("P)", "Q)", "R)")),
        lambda q: replace(q, split="train", id="17", question=f"  {q.question.upper()} "),
        lambda q: replace(q, split="train", id="17", question="In other words?", perturbation_of=q.id),
        lambda q: replace(q, split="train", question="In other words, under the same id?"),
    ],
)
def test_an_audit_question_is_known_again_in_any_dress(audit: Path, disguise: object) -> None:
    assert callable(disguise)
    with pytest.raises(InputError, match="1 of 2 questions stand in the frozen audit set"):
        refuse_training_on([question(8, "train"), disguise(question(1))], audit.with_name("other.jsonl"))


def test_a_copy_elsewhere_is_known_by_the_certificate(audit: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "mine.jsonl"
    copy.parent.mkdir()
    shutil.copy(audit, copy)
    mine = [replace(q, split="train") for q in read_questions(copy)]
    refuse_training_on(mine, copy)
    for given in (certificate_of(audit), audit.parent):
        with pytest.raises(InputError, match="frozen audit set"):
            refuse_training_on(mine, copy, [given])


def test_a_run_finds_the_certificates_of_all_its_folders(audit: Path, tmp_path: Path) -> None:
    mine = [replace(question(1), split="train")]
    path = tmp_path / "questions" / "questions.jsonl"
    refuse_training_on(mine, path)
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(InputError, match="frozen audit set"):
        refuse_training_on(mine, path)


def test_a_training_set_is_no_audit(tmp_path: Path) -> None:
    write_records(tmp_path / "train.jsonl", [question(1, "train")])
    with pytest.raises(InputError, match="holds training questions only"):
        freeze(tmp_path / "train.jsonl")
    assert not certificate_of(tmp_path / "train.jsonl").exists()


def test_a_published_benchmark_is_frozen_and_known_again(data: Path, tmp_path: Path) -> None:
    name = "single_answer.jsonl"
    shutil.copy(data / "failuresensoriq" / name, tmp_path / name)
    frozen = freeze(tmp_path / name)
    assert frozen.audited == frozen.questions == 2667
    perturbed = read_questions(data / "failuresensoriq" / "single_answer_simple_perturbed.jsonl")
    assert sum(map(frozen.holds, perturbed)) > 0.99 * len(perturbed)
    assert not frozen.holds(question(1))
