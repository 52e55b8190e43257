"""A student is trained on from another: its weights are the first of the new one, and what it was taught is kept."""

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

from safetensors.torch import load_file

from failwise.errors import StudentError
from failwise.generation.records import Question
from failwise.training.config import TrainingConfig
from failwise.training.contract import ADAPTER
from failwise.training.handover import merge_student
from failwise.training.student import Material, train_student
from failwise.training.taught import FILE, taught_of


def trained(base: Path, folder: Path, questions: list[Question], start: Path | None = None, **more: object) -> Path:
    settings = {"base": str(base), "recipe": "answer", "quantisation": "none", "rank": 4, "alpha": 8}
    config = TrainingConfig.model_validate({**settings, "batch_size": 4, "max_steps": 4, "device": "cpu", **more})
    train_student(Material(questions, {}), config, folder, lambda step, steps, loss: None, start)
    return folder


@pytest.fixture(scope="module")
def before(tiny_base: Path, questions: list[Question], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a student of half of the questions."""
    return trained(tiny_base, tmp_path_factory.mktemp("before"), questions[:6], learning_rate=1e-2)


def test_it_begins_where_the_other_one_ended(
    tiny_base: Path, before: Path, questions: list[Question], tmp_path: Path
) -> None:
    # So small a rate that nothing moves: what comes out is what it began with.
    still = trained(tiny_base, tmp_path / "still", questions[6:], before, learning_rate=1e-30, max_steps=1)
    ours, theirs = load_file(still / ADAPTER), load_file(before / ADAPTER)
    assert ours.keys() == theirs.keys() and all(ours[name].equal(theirs[name]) for name in ours)
    fresh = load_file(trained(tiny_base, tmp_path / "fresh", questions[6:], learning_rate=1e-30, max_steps=1) / ADAPTER)
    assert not all(fresh[name].equal(theirs[name]) for name in fresh)


def test_what_both_were_taught_is_kept(
    tiny_base: Path, before: Path, questions: list[Question], tmp_path: Path
) -> None:
    after = trained(tiny_base, tmp_path / "after", questions[6:], before)
    earlier, alone = taught_of(before), taught_of(trained(tiny_base, tmp_path / "alone", questions[6:]))
    assert earlier and alone and taught_of(after) == earlier | alone
    (before / FILE).rename(before / "hidden")
    try:
        unknown = trained(tiny_base, tmp_path / "unknown", questions[6:], before, seed=1)
    finally:
        (before / "hidden").rename(before / FILE)
    assert taught_of(unknown) is None  # part of it is not known, so it is not said


def test_another_start_is_another_student(
    tiny_base: Path, before: Path, questions: list[Question], tmp_path: Path
) -> None:
    trained(tiny_base, tmp_path / "one", questions[6:])
    with pytest.raises(StudentError, match="train into another folder"):
        trained(tiny_base, tmp_path / "one", questions[6:], before)


@pytest.mark.parametrize(
    ("more", "name"), [({"rank": 8}, "rank"), ({"top_layers": 0.5}, "top_layers"), ({"recipe": "verdicts"}, "asked")]
)
def test_another_shape_is_refused(
    tiny_base: Path, before: Path, questions: list[Question], tmp_path: Path, more: dict[str, object], name: str
) -> None:
    with pytest.raises(StudentError, match=rf"cannot be trained on: .*{name}"):
        trained(tiny_base, tmp_path / "other", questions[6:], before, **more)


def test_a_merged_student_has_nothing_to_begin_with(
    tiny_base: Path, before: Path, questions: list[Question], tmp_path: Path
) -> None:
    merge_student(before, tmp_path / "merged")
    with pytest.raises(StudentError, match="merged from"):
        trained(tiny_base, tmp_path / "other", questions[6:], tmp_path / "merged")
