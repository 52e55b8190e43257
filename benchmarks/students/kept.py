"""What a finished cell came to, small enough to stand in the repository, so that a table goes on on another machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from failwise.files import content_id, read_records
from failwise.generation.records import Question

FILE = "kept.jsonl"

# Right, wrong, and no answer at all.
SIGNS = {"1": True, "0": False, "-": None}

Marks = dict[str, bool | None]


@dataclass(frozen=True, slots=True)
class Spent:
    """What one student took, both of its stages together where it has two."""

    steps: int
    tokens: int
    minutes: float
    peak_mb: int
    peak_gpu_mb: int


@dataclass(frozen=True, slots=True)
class Kept:
    """One cell. `marks` has a sign for each question of a set, in its order; `asked` says which questions they are.

    `settings` are those of the table, `taught` is a hash of the training's configuration and recipe.
    """

    cell: str
    settings: dict[str, object]
    taught: str
    asked: dict[str, str]
    marks: dict[str, str]
    spent: Spent | None
    machines: tuple[str, ...]

    def of(self, name: str, questions: Sequence[Question]) -> Marks | None:
        """Return the marks of one set; None where other questions are asked now."""
        if self.asked.get(name) != which(questions):
            return None
        return {q.id: SIGNS[sign] for q, sign in zip(questions, self.marks[name], strict=True)}


def which(questions: Sequence[Question]) -> str:
    """Return a hash of which questions are asked, in which order."""
    return content_id([q.id for q in questions])


def signs(marks: Marks) -> str:
    """Return marks as text, in their order."""
    signed = {mark: sign for sign, mark in SIGNS.items()}
    return "".join(signed[mark] for mark in marks.values())


def kept_in(folder: Path) -> Kept | None:
    """Return what was brought to a cell's folder from another machine; None where nothing was."""
    path = folder / FILE
    return next(read_records(path, Kept)) if path.is_file() else None
