"""`failwise student merge` and `failwise student package`."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from failwise.cli_options import AsJson, Out, print_json
from failwise.errors import InputError, StudentError

if TYPE_CHECKING:
    from failwise.evaluation.records import Accuracy, RollUp
    from failwise.training.card import Card, Table

R = TypeVar("R")
Student = Annotated[Path, typer.Argument(metavar="STUDENT", help="The folder of a trained student.")]
COVERAGE = "coverage.jsonl"
GROUPS = ("all", "relation", "asset_class", "direction", "polarity")  # of an audit; the others are too many to print


def merge(
    student: Student,
    out: Out,
    quantisation: Annotated[str, typer.Option(help="Only 'none': 16-bit weights. Why not nf4, the refusal says.")] = (
        "none"
    ),
    as_json: AsJson = False,
) -> None:
    """Merge a student's adapter into its base, in 16 bits: a folder that vLLM serves and failwise scores."""
    from failwise.training.extra import need_train_extra

    need_train_extra("merging a student")
    from failwise.training.contract import FULL
    from failwise.training.handover import merge_student

    done = merge_student(student, out, quantisation)
    if as_json:
        print_json({"folder": str(out), **{name: getattr(done, name) for name in ("student", "base", "precision")},
                    "notes": list(done.notes), "sha256": done.files[FULL]})  # fmt: skip
        return
    typer.echo(f"{out}: the student {done.student} merged into {done.base}, in {done.precision}")
    for note in done.notes:
        typer.echo(note)
    typer.echo(f"serve it with: vllm serve {out} --dtype bfloat16")


def package(
    student: Student,
    out: Out,
    merged: Annotated[bool, typer.Option("--merged", help="Merge the adapter into its base on the way.")] = False,
    title: Annotated[str, typer.Option(help="Heading of the card; the folder's name if not set.")] = "",
    license_: Annotated[str, typer.Option("--license", help="Its license, such as apache-2.0.")] = "",
    language: Annotated[list[str], typer.Option(help="Code of a language, such as en.")] = [],  # noqa: B006
    tag: Annotated[list[str], typer.Option(help="A further tag for the hub.")] = [],  # noqa: B006
    certificate: Annotated[
        Path | None, typer.Option(help="balance.json of the questions it was taught.", show_default=False)
    ] = None,
    leakage: Annotated[Path | None, typer.Option(help="leakage.json of the same.", show_default=False)] = None,
    audit: Annotated[
        Path | None, typer.Option(help="Folder of its audit: the 'audit' of a run.", show_default=False)
    ] = None,
) -> None:
    """Write a folder for a model hub, with a model card; nothing is uploaded.

    The card holds what the files say and no other number.
    """
    from failwise.training.extra import need_train_extra

    need_train_extra("packaging a student")
    from failwise.training.card import Balance, card_of, render
    from failwise.training.handover import package_student

    card = replace(
        card_of(student, title or out.resolve().name, merged=merged),
        license=license_,
        languages=tuple(language),
        tags=tuple(tag),
        balance=_record(certificate, Balance) if certificate else None,
    )
    card = _with_leakage(card, leakage) if leakage else card
    card = _audited(card, student, audit) if audit else card
    more = {COVERAGE: _roll_ups(audit)} if audit else {}
    package_student(student, out, render(card), merged=merged, more=more)
    typer.echo(f"{out}: ready for a hub; read its README.md first")
    if not license_:
        typer.echo("no license is stated; name one with --license")


def _record(path: Path, record: type[R]) -> R:
    from failwise.files import parse_record, read_text

    return parse_record(read_text(path).encode(), record, str(path))


def _with_leakage(card: "Card", path: Path) -> "Card":
    """Add a leakage certificate: that of a question set, or what `failwise questions leakage` wrote."""
    import json

    from failwise.files import parse_record, read_json
    from failwise.training.card import Leakage

    found = read_json(path)
    inner = found.get("certificate", found) if isinstance(found, dict) else found
    if inner is None:
        raise InputError(
            f"{path} holds no certificate, only what a training set holds of others; give test questions too"
        )
    return replace(card, leakage=parse_record(json.dumps(inner).encode(), Leakage, str(path)))


def _roll_ups(audit: Path) -> Path:
    from failwise.evaluation.records import ROLL_UPS

    path = audit / ROLL_UPS
    if not path.is_file():
        raise InputError(f"{audit} holds no audit: {ROLL_UPS} is missing; give the folder 'audit' of a finished run")
    return path


def _audited(card: "Card", student: Path, audit: Path) -> "Card":
    """Add an audit's rows.

    Raises:
        StudentError: the answers beside the audit are another student's.
    """
    from failwise.evaluation.records import SCORES, Accuracy, Answer, RollUp
    from failwise.files import read_records
    from failwise.run_folder import STUDENT_ANSWERS
    from failwise.training.handover import fingerprints

    answers, scores = audit.parent / "answers" / STUDENT_ANSWERS, audit / SCORES
    first = next(read_records(answers, Answer), None) if answers.is_file() else None
    known = fingerprints(student)
    if first is not None and first.student not in known:
        raise StudentError(
            f"the audit in {audit} is of the student {first.student}, and the one in {student} is {known[0]}; give its "
            "own audit, or none"
        )
    return replace(
        card,
        scores=_scores(read_records(scores, Accuracy)) if scores.is_file() else None,
        coverage=_coverage(read_records(_roll_ups(audit), RollUp)),
        checked=first is not None,
    )


def _scores(rows: "Iterable[Accuracy]") -> "Table":
    from failwise.markdown import interval, percent
    from failwise.training.card import Table

    spreads = ((r, interval(r.low, r.high) if r.low < r.high else "") for r in rows)
    cells = ((r.name, r.kind, f"{r.n:,}", percent(r.accuracy), spread) for r, spread in spreads)
    return Table(("row", "kind", "questions", "right, %", "95 %"), tuple(cells))


def _coverage(rows: "Iterable[RollUp]") -> "Table":
    from failwise.evaluation.coverage.states import STATES
    from failwise.training.card import Table

    columns = ("group", "facts", *STATES, "answers", "right, %", "chance, %")
    return Table(columns, tuple(_group(row) for row in rows if row.dimension in GROUPS))


def _group(row: "RollUp") -> tuple[str, ...]:
    from failwise.evaluation.coverage.states import STATES
    from failwise.markdown import percent

    states = (f"{getattr(row, state):,}" for state in STATES)
    answered = (percent(row.accuracy), percent(row.chance)) if row.n else ("-",) * 2
    name = "all" if row.dimension == "all" else f"{row.dimension.replace('_', ' ')}: {row.value}"
    return (name, f"{row.facts:,}", *states, f"{row.n:,}", *answered)
