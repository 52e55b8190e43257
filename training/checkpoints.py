"""Checkpoints of an unfinished training: which are whole, whose they are, when they go."""

import os
import shutil
from pathlib import Path

from failwise.errors import StudentError
from failwise.files import read_json, storage_errors, write_json
from failwise.training import processes
from failwise.training.bases import Base

FOLDER = "checkpoints"
_WHOLE = "whole.json"
_OWNER = "training.json"


def owner(student: Path) -> Path:
    """Return the file that says whose the checkpoints of a student are, and on which base."""
    return student / FOLDER / _OWNER


def open_checkpoints(student: Path, fingerprint: str, base: Base) -> Path:
    """Return the checkpoint folder of a student's training; the first process makes it if need be.

    Raises:
        StudentError: it holds the checkpoints of another recipe or of other examples.
    """
    folder = student / FOLDER
    path = owner(student)
    if path.is_file() and (found := read_json(path).get("fingerprint")) != fingerprint:
        raise StudentError(
            f"{folder} holds checkpoints of another training ({found}, and this one is {fingerprint}): its recipe "
            "or its examples differ; train into another folder, or remove that one to start anew"
        )
    if processes.is_first() and not path.is_file():
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        write_json(path, {"fingerprint": fingerprint, "base": base.name, "base_revision": base.revision})
    return folder


def mark_whole(checkpoint: Path) -> None:
    """Put a checkpoint on the disk, then say so: a kill in the middle leaves one without the mark."""
    with storage_errors(checkpoint):
        for path in checkpoint.iterdir():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
    write_json(checkpoint / _WHOLE, {"step": step_of(checkpoint), "bytes": _sizes(checkpoint)})


def _sizes(checkpoint: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in checkpoint.iterdir() if path.name != _WHOLE}


def last_whole(folder: Path) -> Path | None:
    """Return the last checkpoint that was marked whole and still is; others are removed."""
    whole: list[Path] = []
    for checkpoint in folder.glob("checkpoint-*"):
        mark = checkpoint / _WHOLE
        if mark.is_file() and read_json(mark).get("bytes") == _sizes(checkpoint):
            whole.append(checkpoint)
        else:
            shutil.rmtree(checkpoint, ignore_errors=True)
    return max(whole, key=step_of, default=None)


def remove_checkpoints(student: Path) -> None:
    """Remove what only an unfinished training needs."""
    shutil.rmtree(student / FOLDER, ignore_errors=True)


def step_of(checkpoint: Path) -> int:
    """Return the step a checkpoint was written after."""
    return int(checkpoint.name.rpartition("-")[2])
