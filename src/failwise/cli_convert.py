"""`failwise questions convert`: a question file in another format, its questions linked to facts on the way.

A command imports what it needs when it is called, so that `--help` starts at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from failwise.cli_options import AsJson, OnlyGiven, OntologyPaths, print_json
from failwise.errors import InputError

if TYPE_CHECKING:
    from failwise.generation.formats.link_report import LinkReport
    from failwise.generation.records import Question

# What --to takes, and what FailureSensorIQ calls its training formats.
PREPARED = {"mcp1": "mcp1", "mcp2-separate": "mcp2_separate_answers", "mcp2-pairs": "mcp2_single_answer"}
FORMATS = ("failwise", "failuresensoriq", *PREPARED, "arc")


@dataclass(slots=True)
class _Written:
    """Which files were written with how many questions, and what was left out for which reason."""

    files: dict[Path, int]
    left_out: dict[str, int] = field(default_factory=dict)


def convert(
    questions: Annotated[Path, typer.Argument(metavar="FILE", help=".jsonl, .json, .csv or .parquet")],
    to: Annotated[str, typer.Option("--to", help=", ".join(FORMATS))],
    out: Annotated[Path, typer.Option("--out", help="File to write.")],
    field_map: Annotated[
        str,
        typer.Option(
            "--map", help="Fields of another format: 'question=stem, options=choices[].text, answer=key'.",
            show_default=False,
        ),
    ] = "",
    originals: Annotated[
        Path | None,
        typer.Option(help="File of the questions that these are variants of, by id.", show_default=False),
    ] = None,
    split: Annotated[str, typer.Option(help="Only questions of this split.", show_default=False)] = "",
    ontology: OntologyPaths = [],  # noqa: B006 (typer wants a list)
    no_shipped: OnlyGiven = False,
    link_report: Annotated[
        Path | None, typer.Option(help="JSON file for what was linked, and what not and why.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Write a question file in another format; say how many of its questions are linked to facts."""
    from failwise.files import write_json
    from failwise.generation.formats.field_map import FieldMap
    from failwise.generation.formats.linking import link_facts
    from failwise.generation.formats.question_files import read_questions
    from failwise.kg.graph import KnowledgeGraph
    from failwise.kg.names import did_you_mean

    if to not in FORMATS:
        raise InputError(f"unknown format {to!r}{did_you_mean(to, FORMATS)}; it can be {', '.join(FORMATS)}")
    if any(p is not None and p.resolve() == questions.resolve() for p in (out, link_report)):
        raise InputError(f"{questions} is the file to read; give another name to write to")
    everything = read_questions(questions, field_map=FieldMap.parse(field_map) if field_map else None)
    chosen = [q for q in everything if not split or q.split == split]
    if not chosen:
        found = ", ".join(sorted({q.split or "none" for q in everything}))
        raise InputError(f"{questions} has no question of the split {split!r}; it has {found}")
    sources = read_questions(originals) if originals else []
    graph = KnowledgeGraph.load(ontology, shipped=not no_shipped)
    linked, report = link_facts(chosen, graph, sources)
    written = _write(linked, to, out)
    if link_report:
        write_json(link_report, _plain(report))
    _say(written, report, as_json)


def _write(questions: "Sequence[Question]", to: str, out: Path) -> _Written:
    from failwise.evaluation.answers import single_answer
    from failwise.files import write_records
    from failwise.generation.formats.arc import write_arc
    from failwise.generation.formats.failuresensoriq import write_failuresensoriq
    from failwise.generation.formats.prepared import NOT_SINGLE, Prepared, fitting, write_prepared

    if to == "failwise":
        return _Written({out: write_records(out, questions)})
    if to == "failuresensoriq":
        return _Written(write_failuresensoriq(questions, out))
    form = Prepared(PREPARED[to]) if to in PREPARED else None
    fit, left_out = fitting(questions, form) if form else (single_answer(questions), {})
    if not form and len(fit) < len(questions):
        left_out = {NOT_SINGLE: len(questions) - len(fit)}
    if not fit:
        why = ", ".join(f"{reason}: {n}" for reason, n in left_out.items())
        raise InputError(f"none of the {len(questions)} questions can be written as {to} ({why})")
    if form:
        write_prepared(questions, form, out)
    else:
        write_arc(fit, out)
    return _Written({out: len(fit)}, left_out)


def _plain(report: "LinkReport") -> dict[str, Any]:
    from failwise.cli_options import to_plain

    return {**to_plain(report), "reasons": report.reasons}


def _say(written: _Written, report: "LinkReport", as_json: bool) -> None:
    if as_json:
        files = {str(path): count for path, count in written.files.items()}
        names = ("questions", "linked", "agreeing", "options", "without_fact", "reasons")
        links = {name: getattr(report, name) for name in names}
        print_json({"files": files, "left_out": written.left_out, "links": links})
        return
    for path, count in written.files.items():
        typer.echo(f"{path}: {count:,} questions")
    for reason, count in written.left_out.items():
        typer.echo(f"left out: {count:,} ({reason})")
    agreeing = f"{report.agreeing:,} of them agree with them" if report.linked else "so the set has no facts"
    typer.echo(f"{report.linked:,} of {report.questions:,} linked to facts, {agreeing}")
    if report.without_fact:
        typer.echo(f"{report.without_fact:,} of their {report.options:,} options have no fact")
    for reason, count in report.reasons.items():
        typer.echo(f"not linked: {count:,} ({reason})")
