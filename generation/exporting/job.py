"""What every export is given, and the small things they share: who renders, which split, how rows are written."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from failwise.errors import InputError
from failwise.files import atomic_writer
from failwise.generation.records import Arity, Question, Rationale

# Where a question goes that names no split: nothing is learned from unawares.
UNSPLIT = "test"


class Renderer(Protocol):
    """Words a question as its student reads it, and its answer as the student should write it.

    Prompts belong to training, a later stage; so an export is handed them.
    """

    @property
    def system(self) -> str:
        """Return the system message."""

    @property
    def lead(self) -> str:
        """Return the words that an answer begins with, behind any reasons."""

    def ask(self, question: Question, *, reasons: bool) -> str:
        """Return what the student reads; with `reasons` it is asked to explain before it answers."""

    def reply(self, question: Question, chosen: Sequence[int], reasons: str | None = None) -> str:
        """Return what a student writes that chooses these options, `reasons` before the answer."""

    def scored(self, question: Question) -> list[str]:
        """Return for each option the words whose likelihood is its score, behind `lead` and a space."""


@dataclass(frozen=True, slots=True)
class ExportJob:
    """Questions and all that belongs to them, on the way to another tool.

    Args:
        rationales: by question id; of a question without one only the answer is exported.
        certificates: file name (`balance.json`, `leakage.md`) to its content.
        sources: what the questions and rationales were read from: file name and SHA-256, for the record.
        layout: one of the writer's layouts; empty: its first.
        model, temperature, structured: of the requests in an OpenAI batch.
    """

    questions: Sequence[Question]
    renderer: Renderer
    name: str
    rationales: Mapping[str, Rationale] = field(default_factory=dict)
    certificates: Mapping[str, Mapping[str, object] | str] = field(default_factory=dict)
    sources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    license: str = ""
    layout: str = ""
    model: str = ""
    temperature: float = 0.0
    structured: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """What a writer did: records in each file that holds some, and questions left out or changed, by reason."""

    records: Mapping[str, int]
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class ExportWriter(Protocol):
    """Writes a job into an empty folder."""

    def __call__(self, job: ExportJob, folder: Path) -> Exported:
        """Write the files of one tool.

        Raises:
            InputError: the job asks for what this tool has no place for.
        """


def by_split(questions: Iterable[Question]) -> dict[str, list[Question]]:
    """Return the questions of each split, train first; those that name none count as test."""
    found: dict[str, list[Question]] = {}
    for question in questions:
        found.setdefault(question.split or UNSPLIT, []).append(question)
    order = {"train": 0, "test": 1}
    return dict(sorted(found.items(), key=lambda item: (order.get(item[0], 2), item[0])))


def right_options(question: Question) -> list[int]:
    """Return the positions of the right options."""
    return [i for i, right in enumerate(question.correct) if right]


def is_multiple(question: Question) -> bool:
    """Say whether any number of options may be right."""
    return question.arity is Arity.MULTIPLE


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write JSON Lines, all or nothing; return how many."""
    count = 0
    with atomic_writer(path) as stream:
        for row in rows:
            stream.write(json_line(row))
            count += 1
    return count


def json_line(row: Mapping[str, Any]) -> bytes:
    """Return one line of JSON with its line end."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def pick_layout(job: ExportJob, tool: str, layouts: Sequence[str]) -> str:
    """Return the job's layout, or the first one.

    Raises:
        InputError: the tool has no such layout.
    """
    if job.layout and job.layout not in layouts:
        allowed = f"allowed are {', '.join(layouts)}" if layouts else "it has only one; leave the layout out"
        raise InputError(f"{tool} has no layout {job.layout!r}; {allowed}")
    return job.layout or next(iter(layouts), "")


def refuse_rationales(job: ExportJob, tool: str) -> None:
    """Refuse rationales where a tool asks questions and teaches nothing."""
    if job.rationales:
        raise InputError(
            f"{tool} asks questions and has no place for rationales; leave them out, "
            "or export to trl, llama-factory or hub"
        )


def provenance(question: Question) -> dict[str, Any]:
    """Return where a question comes from and what it tests, for a tool's metadata."""
    return {
        "facts": list(question.tested_facts),
        "asset_class": question.asset_class or question.asset_name,
        "relation": question.relation,
        "direction": str(question.direction or ""),
        "polarity": str(question.polarity or ""),
        "arity": str(question.arity),
        "template": question.template,
        "group": question.group,
        "difficulty": question.difficulty,
        "language": question.language,
        "regime": question.regime,
        "ontology": question.ontology,
        "perturbation": question.perturbation,
        "perturbation_of": question.perturbation_of or "",
    }
