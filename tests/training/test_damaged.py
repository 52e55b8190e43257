"""A base or a student of which something is missing or torn is refused in a sentence, and never asked as it is."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

from safetensors.torch import load_file, save_file

from failwise.errors import StudentError
from failwise.evaluation.scorer import load_scorer
from failwise.generation.records import Question
from failwise.training.contract import ADAPTER, ADAPTER_CONFIG, FILE
from failwise.training.handover import merge_student, package_student
from tests.conftest import CHAT_TEMPLATE, two_step_student

Damage = Callable[[Path], object]


@pytest.fixture(scope="module")
def whole(tiny_base: Path, questions: list[Question], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a student's folder."""
    return two_step_student(tiny_base, tmp_path_factory.mktemp("whole"), questions)


@pytest.fixture(scope="module")
def merged(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same student, merged."""
    merge_student(whole, folder := tmp_path_factory.mktemp("merge") / "student")
    return folder


def torn(name: str) -> Damage:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-9])


def gone(name: str) -> Damage:
    return lambda folder: (folder / name).unlink()


def halved(name: str) -> Damage:
    """Leave out every second of the weights."""

    def halve(folder: Path) -> None:
        weights = load_file(folder / name)
        save_file(dict(list(weights.items())[::2]), folder / name, metadata={"format": "pt"})

    return halve


def edited(name: str, **more: object) -> Damage:
    return lambda folder: (folder / name).write_text(json.dumps(json.loads((folder / name).read_text()) | more))


def copy(folder: Path, into: Path, damage: Damage) -> Path:
    shutil.copytree(folder, into)
    damage(into)
    return into


ADAPTERS = {
    "torn weights": torn(ADAPTER),
    "half of the weights": halved(ADAPTER),
    "no settings": gone(ADAPTER_CONFIG),
    "torn settings": torn(ADAPTER_CONFIG),
    "another rank": edited(ADAPTER_CONFIG, r=8),
    "no contract": gone(FILE),
}
FULL = {
    "torn weights": torn("model.safetensors"),
    "half of the weights": halved("model.safetensors"),
    "no settings": gone("config.json"),
    "no contract": gone(FILE),
}
BASES = {
    "torn weights": torn("model.safetensors"),
    "half of the weights": halved("model.safetensors"),
    "torn settings": torn("config.json"),
    "a kind that nobody knows": edited("config.json", model_type="nobodys"),
    "no tokenizer": gone("tokenizer.json"),
}


@pytest.mark.parametrize("damage", ADAPTERS.values(), ids=ADAPTERS)
def test_a_damaged_student_is_not_asked(damage: Damage, whole: Path, tmp_path: Path) -> None:
    with pytest.raises(StudentError):
        load_scorer(copy(whole, tmp_path / "student", damage), "cpu")


@pytest.mark.parametrize("damage", FULL.values(), ids=FULL)
def test_a_damaged_merged_student_is_not_asked(damage: Damage, merged: Path, tmp_path: Path) -> None:
    with pytest.raises(StudentError):
        load_scorer(copy(merged, tmp_path / "student", damage), "cpu")


@pytest.mark.parametrize("damage", BASES.values(), ids=BASES)
def test_a_damaged_base_is_not_asked(damage: Damage, tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(StudentError):
        load_scorer(copy(tiny_base, tmp_path / "base", damage), "cpu")


@pytest.mark.parametrize("damage", [torn(ADAPTER), gone(ADAPTER_CONFIG)])
def test_a_damaged_student_is_not_packaged(damage: Damage, whole: Path, tmp_path: Path) -> None:
    with pytest.raises(StudentError):
        package_student(copy(whole, tmp_path / "student", damage), tmp_path / "out", "a card")
    assert not (tmp_path / "out").exists()


# --- chat templates ---


def with_template(base: Path, into: Path, template: str) -> Any:
    shutil.copytree(base, into)
    for path in into.glob("chat_template*"):
        path.unlink()
    settings = json.loads((into / "tokenizer_config.json").read_text())
    (into / "tokenizer_config.json").write_text(json.dumps(settings | {"chat_template": template}))
    return load_scorer(into, "cpu").tokenizer


@pytest.mark.parametrize(
    "template", ["hello", "{{ messages[0]['content'] }}", "{{ nothing", "{{ raise_exception('no') }}"]
)
def test_a_template_that_leaves_out_the_question_is_refused(template: str, tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(StudentError, match="chat template"):
        with_template(tiny_base, tmp_path / "base", template)


def test_where_a_template_has_no_room_for_a_system_message_it_stands_before_the_question(
    tiny_base: Path, tmp_path: Path
) -> None:
    from failwise.training.models import render_prompt

    refusing = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + CHAT_TEMPLATE
    tokenizer = with_template(tiny_base, tmp_path / "base", refusing)
    said = tokenizer.decode(render_prompt(tokenizer, "What shows wear?"))
    assert "You are a reliability engineer.\n\nWhat shows wear?" in said
