"""A student is asked as it was taught, or not at all."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from failwise.errors import StudentError
from failwise.training import prompts
from failwise.training.contract import ADAPTER, ADAPTER_CONFIG, FILE, DecodeContract, student_fingerprint
from failwise.training.records import Mode

CONTRACT = DecodeContract(
    base="embedded",
    base_revision="sha256:1",
    chat_template="2",
    tokenizer="3",
    modes=(Mode.DIRECT,),
    asked=Mode.DIRECT,
    precision="bf16",
    quantisation="nf4",
)


def settings(folder: Path, **more: object) -> None:
    values = {"base_model_name_or_path": "embedded", "lora_alpha": 8, "target_modules": ["q", "k"], **more}
    (folder / ADAPTER_CONFIG).write_text(json.dumps(values))


@pytest.fixture
def student(tmp_path: Path) -> Path:
    """Return a student's folder, as far as its contract is concerned."""
    CONTRACT.save(tmp_path)
    (tmp_path / ADAPTER).write_bytes(b"weights")
    settings(tmp_path)
    return tmp_path


def test_a_contract_comes_back_as_it_was_saved(student: Path) -> None:
    loaded = DecodeContract.load(student)
    assert loaded == CONTRACT
    loaded.check(student, base_revision="sha256:1", chat_template="2", tokenizer="3")


@pytest.mark.parametrize("missing", [FILE, ADAPTER, ADAPTER_CONFIG])
def test_half_a_student_is_refused(student: Path, missing: str) -> None:
    (student / missing).unlink()
    with pytest.raises(StudentError, match=missing):
        DecodeContract.load(student)


def test_pickled_weights_are_refused(student: Path) -> None:
    (student / ADAPTER).rename(student / "adapter_model.bin")
    with pytest.raises(StudentError, match="can run code"):
        DecodeContract.load(student)


def test_no_folder_is_no_student(tmp_path: Path) -> None:
    with pytest.raises(StudentError, match="no such folder"):
        DecodeContract.load(tmp_path / "nowhere")


def test_a_contract_of_another_schema_is_refused(student: Path) -> None:
    values = json.loads((student / FILE).read_text())
    (student / FILE).write_text(json.dumps({"base": values["base"]}))
    with pytest.raises(StudentError, match="base_revision"):
        DecodeContract.load(student)


@pytest.mark.parametrize(
    ("differs", "remedy"),
    [
        ({"base_revision": "sha256:9"}, "base model"),
        ({"chat_template": "9"}, "base model"),
        ({"prompt_template": "9"}, "version of failwise"),
        ({"scoring": "letters"}, "version of failwise"),
        ({"tokenizer": "9"}, "base model"),
        ({"answer_grammar": "x"}, "version of failwise"),
        ({"thinking": True}, "version of failwise"),
        ({"schema": 0}, "version of failwise"),
    ],
)
def test_another_way_of_asking_is_refused(student: Path, differs: dict[str, str], remedy: str) -> None:
    trained = replace(CONTRACT, **differs)  # type: ignore[arg-type]
    with pytest.raises(StudentError, match=next(iter(differs))) as caught:
        trained.check(student, base_revision="sha256:1", chat_template="2", tokenizer="3")
    assert remedy in str(caught.value)


def test_a_changed_prompt_is_noticed(student: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "SYSTEM", "You are a poet.")
    with pytest.raises(StudentError, match="prompt_template"):
        DecodeContract.load(student).check(student, base_revision="sha256:1", chat_template="2", tokenizer="3")


def test_other_weights_are_another_student(student: Path) -> None:
    before = student_fingerprint(student)
    (student / ADAPTER).write_bytes(b"other weights")
    assert student_fingerprint(student) != before


def test_an_adapter_of_another_scale_is_another_student(student: Path) -> None:
    before = student_fingerprint(student)
    settings(student, lora_alpha=4000)
    assert student_fingerprint(student) != before


def test_where_its_base_lies_does_not_make_a_student(student: Path) -> None:
    before = student_fingerprint(student)
    settings(student, base_model_name_or_path="elsewhere", target_modules=["k", "q"])
    assert student_fingerprint(student) == before


def test_a_precision_that_there_is_not_is_refused(student: Path) -> None:
    values = json.loads((student / FILE).read_text())
    (student / FILE).write_text(json.dumps(values | {"precision": "fp16"}))
    with pytest.raises(StudentError, match="precision"):
        DecodeContract.load(student)
