"""Question sets for other tools: one table of writers, and a folder that is written whole or not at all."""

import importlib
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from failwise import __version__
from failwise.errors import InputError
from failwise.files import file_digest, read_json, storage_errors, write_json, write_text
from failwise.generation.exporting.job import UNSPLIT, Exported, ExportJob, ExportWriter, by_split
from failwise.generation.formats.question_files import check_questions
from failwise.generation.records import Question
from failwise.kg.names import did_you_mean
from failwise.manifest import set_aside_folders

# What stands beside every export, so that its origin is not lost. Written last.
PROVENANCE = "failwise.json"

EXPORTS = {
    "trl": "failwise.generation.exporting.trl:write",
    "llama-factory": "failwise.generation.exporting.llama_factory:write",
    "lm-eval": "failwise.generation.exporting.lm_eval:write",
    "inspect": "failwise.generation.exporting.inspect_ai:write",
    "hub": "failwise.generation.exporting.hub:write",
    "openai-batch": "failwise.generation.exporting.openai_batch:write",
}

# Names become task names, dictionary keys, parts of file names and text in Python files.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SPLIT = re.compile(r"\w+")


def export(tool: str, job: ExportJob, out: Path, *, redo: bool = False) -> dict[str, Any]:
    """Write a question set for `tool` into the folder `out`; return what `failwise.json` there says.

    Args:
        redo: set an earlier export of the same tool that stands there aside (it is kept).

    Raises:
        InputError: there is no such tool, the questions do not fit it or one another, or something else is in
            the folder.
    """
    writer = find_writer(tool)
    _check(job)
    _refuse_occupied(out, tool, redo)
    with _folder(out) as folder:
        exported = writer(job, folder)
        if not sum(exported.records.values()):
            why = "; ".join(f"{reason} ({count})" for reason, count in exported.left_out.items())
            raise InputError(f"none of {len(job.questions)} questions can be exported to {tool}: {why}")
        _write_certificates(job, folder)
        told = _provenance(tool, job, exported, folder)
        write_json(folder / PROVENANCE, told)
    return told


def find_writer(tool: str) -> ExportWriter:
    """Return the writer of a tool.

    Raises:
        InputError: there is none.
    """
    if tool not in EXPORTS:
        raise InputError(f"no export to {tool!r}{did_you_mean(tool, EXPORTS)}; allowed are {', '.join(EXPORTS)}")
    module, _, function = EXPORTS[tool].partition(":")
    writer: ExportWriter = getattr(importlib.import_module(module), function)
    return writer


def _check(job: ExportJob) -> None:
    if not job.questions:
        raise InputError("there is no question to export")
    if not _NAME.fullmatch(job.name):
        raise InputError(
            f"the name {job.name!r} cannot be used; allowed are up to 64 letters, digits, _ and -, "
            "a letter or digit first"
        )
    check_questions(job.questions, job.name)
    for question in job.questions:
        if not question.id:
            raise InputError(f"a question without an id cannot be exported: {question.question!r}")
        if not _SPLIT.fullmatch(question.split or UNSPLIT):
            raise InputError(
                f"question {question.id} cannot be exported: its split {question.split!r} is no name; allowed are "
                "letters, digits and _"
            )


def _refuse_occupied(out: Path, tool: str, redo: bool) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; name a folder")
    if not out.is_dir() or not any(out.iterdir()):
        return
    earlier = read_json(out / PROVENANCE) if (out / PROVENANCE).is_file() else {}
    if not isinstance(earlier, dict) or earlier.get("export") != tool:
        raise InputError(f"{out} is not empty and holds no export to {tool}; name another folder")
    if not redo:
        raise InputError(
            f"{out} holds an earlier export; pass --redo to set it aside (it is kept), or name another folder"
        )


@contextmanager
def _folder(out: Path) -> Iterator[Path]:
    """Yield a folder beside `out` that takes its place when all went well, and is removed if not."""
    part = out.resolve().with_name(f".{out.resolve().name}.part-{os.getpid()}")
    with storage_errors(part):
        part.mkdir(parents=True)
    try:
        yield part
        with storage_errors(out):
            if out.is_dir() and not any(out.iterdir()):
                out.rmdir()
            elif out.exists():
                shutil.move(out, out.with_name(f"{out.name}.old-{len(set_aside_folders(out)) + 1}"))
            part.rename(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write_certificates(job: ExportJob, folder: Path) -> None:
    for name, content in job.certificates.items():
        path = folder / "certificates" / name
        if isinstance(content, str):
            write_text(path, content)
        else:
            write_json(path, content)


def _provenance(tool: str, job: ExportJob, exported: Exported, folder: Path) -> dict[str, Any]:
    """Return what is needed to tell where every file comes from. The same job gives the same text."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    names = {str(p.relative_to(folder).as_posix()): p for p in files}
    return {
        "export": tool,
        "failwise": __version__,
        "name": job.name,
        "layout": job.layout,
        "license": job.license,
        "sources": {kind: dict(source) for kind, source in job.sources.items()},
        "questions": _counts(job.questions),
        "rationales": len(job.rationales),
        "ontology": sorted({q.ontology for q in job.questions if q.ontology}),
        "regime": sorted({q.regime for q in job.questions if q.regime}),
        "left_out": dict(sorted(exported.left_out.items())),
        "notes": list(exported.notes),
        "files": {n: {**_records(exported.records, n), "sha256": file_digest(p)} for n, p in names.items()},
    }


def _records(records: Mapping[str, int], name: str) -> dict[str, int]:
    return {"records": records[name]} if name in records else {}


def _counts(questions: Sequence[Question]) -> dict[str, Any]:
    return {
        "given": len(questions),
        "splits": {split: len(found) for split, found in by_split(questions).items()},
        "arities": dict(sorted(Counter(str(q.arity) for q in questions).items())),
        "languages": sorted({q.language for q in questions}),
    }
