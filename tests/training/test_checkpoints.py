"""Only whole checkpoints of the same training are gone on from."""

from pathlib import Path

import pytest

from failwise.errors import StudentError
from failwise.training.bases import Base
from failwise.training.checkpoints import last_whole, mark_whole, open_checkpoints, remove_checkpoints

BASE = Base("makers/tiny", "makers/tiny", "commit:1")


def checkpoint(folder: Path, step: int, *, whole: bool) -> Path:
    path = folder / f"checkpoint-{step}"
    path.mkdir()
    (path / "weights").write_bytes(b"w")
    if whole:
        mark_whole(path)
    return path


def test_the_last_whole_one_counts_and_torn_ones_go(tmp_path: Path) -> None:
    folder = open_checkpoints(tmp_path, "one", BASE)
    checkpoint(folder, 9, whole=True)
    expected = checkpoint(folder, 10, whole=True)
    torn = checkpoint(folder, 11, whole=False)
    assert last_whole(folder) == expected
    assert not torn.exists()


def test_one_that_was_torn_after_its_mark_is_none(tmp_path: Path) -> None:
    folder = open_checkpoints(tmp_path, "one", BASE)
    expected = checkpoint(folder, 9, whole=True)
    (checkpoint(folder, 10, whole=True) / "weights").write_bytes(b"")
    assert last_whole(folder) == expected


def test_a_new_training_has_none(tmp_path: Path) -> None:
    assert last_whole(open_checkpoints(tmp_path, "one", BASE)) is None


def test_of_several_processes_the_first_alone_makes_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    assert last_whole(open_checkpoints(tmp_path, "one", BASE)) is None
    assert list(tmp_path.iterdir()) == []


def test_those_of_another_training_are_refused(tmp_path: Path) -> None:
    open_checkpoints(tmp_path, "one", BASE)
    open_checkpoints(tmp_path, "one", BASE)
    with pytest.raises(StudentError, match=r"one.*two"):
        open_checkpoints(tmp_path, "two", BASE)


def test_they_go_when_the_student_is_finished(tmp_path: Path) -> None:
    checkpoint(open_checkpoints(tmp_path, "one", BASE), 3, whole=True)
    remove_checkpoints(tmp_path)
    assert list(tmp_path.iterdir()) == []
