"""`failwise audit`: what a student knows, fact by fact, from its answers."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from failwise.cli_options import AsJson, OnlyGiven, OntologyPaths, Out, Redo, print_json, print_table
from failwise.cli_students import Map, questions_of
from failwise.errors import InputError, MissingExtraError, StudentError

if TYPE_CHECKING:
    from failwise.evaluation.audit import Audited
    from failwise.evaluation.coverage.gate import Bar
    from failwise.evaluation.logs.files import LoggedAnswers
    from failwise.evaluation.records import Answer, RollUp
    from failwise.evaluation.sources import AnswerFile, Questions
    from failwise.kg.graph import KnowledgeGraph

FINDINGS = 1
_SHOWN = ("all", "relation", "asset_class")


def audit(
    answers: Annotated[Path, typer.Argument(help="A student's answers, or lm_eval's or inspect_ai's logs.")],
    questions: Annotated[Path, typer.Argument(help="The questions they are to, in any format.")],
    out: Out,
    ontology: OntologyPaths = [],  # noqa: B006 (typer wants a list)
    no_shipped: OnlyGiven = False,
    fail_under: Annotated[
        list[str],
        typer.Option(help="Least share of facts known: relation=0.9, asset_class:pump=0.8.", show_default=False),
    ] = [],  # noqa: B006
    student: Annotated[
        Path | None, typer.Option(help="The student's folder: was it taught these questions?", show_default=False)
    ] = None,
    base: Annotated[
        Path | None, typer.Option(help="The untrained base's answers, to stand beside.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Audit it though it was; every page says so.")] = False,
    field_map: Map = None,
    redo: Redo = False,
    as_json: AsJson = False,
) -> None:
    """Judge every fact by a student's answers; write states, groups, scores, holes and a report; exit 1 below a bar.

    A fact is known where at least three quarters of its questions are answered by knowing, at 95 % confidence, lucky
    guesses taken off. The holes go to `failwise questions plan --holes`.
    """
    from failwise.evaluation.audit import audit_answers
    from failwise.evaluation.audit_files import write_audit
    from failwise.evaluation.config import EvaluationConfig
    from failwise.evaluation.coverage.gate import Bar
    from failwise.evaluation.logs.files import answers_digest
    from failwise.manifest import StageFolder
    from failwise.stage import input_digest

    bars = [Bar.parse(text) for text in fail_under]
    inputs = {"answers": answers_digest(answers), "questions": input_digest(questions)}
    inputs |= {"map": field_map} if field_map else {}
    inputs |= {"student": str(student), "forced": str(force)} if student else {}
    inputs |= {"base": answers_digest(base)} if base else {}
    graph = _graph(ontology, no_shipped)
    folder = StageFolder("audit", out, EvaluationConfig(), {**inputs, "ontology": graph.digest})
    with folder.working(redo=redo) as outcome:
        stamp = _stamp(student, answers, questions, field_map, force)
        asked, said = _opened(answers, questions, graph, field_map)
        before = tuple(_opened(base, questions, graph, field_map)[1]) if base else ()
        adaptive = until_decided(answers) or (base is not None and until_decided(base))
        audited = audit_answers(graph, asked, said, before, stamp=stamp, until_decided=adaptive)
        failing = _failing(audited, bars)
        made_from = {**inputs, "student": audited.student}
        reports = _write_report(audited, graph, questions, made_from, before, out)
        left_out = {"left_out": dict(said.left_out)} if said.left_out else {}
        outcome.record({**audited.states(), **left_out}, *write_audit(out, audited), *reports)
    if as_json:
        print_json({**_summary(audited), **left_out, "failing": [row for _, rows in failing for row in rows]})
    else:
        _say(audited, out)
        for reason, count in said.left_out.items():
            typer.echo(f"left out: {count:,} ({reason})")
        for bar, rows in failing:
            _say_failing(bar, rows)
    if failing:
        raise typer.Exit(FINDINGS)


def _write_report(
    audited: "Audited",
    graph: "KnowledgeGraph",
    questions: Path,
    inputs: dict[str, str],
    base: "Sequence[Answer]",
    out: Path,
) -> list[Path]:
    from failwise.evaluation.reporting.page import REPORT, write_report
    from failwise.report_data import audit_report

    return if_possible(lambda: write_report(audit_report(audited, graph, questions, inputs, base), out / REPORT))


def if_possible(write: Callable[[], Path]) -> list[Path]:
    """Write a page for a browser and return it; say so, and return nothing, where jinja2 is not installed."""
    try:
        return [write()]
    except MissingExtraError as error:
        typer.echo(f"no HTML page was written: {error}", err=True)
        return []


def _stamp(student: Path | None, answers: Path, questions: Path, field_map: str | None, force: bool) -> str:
    """Return what a student's training spoils, if it may be audited all the same.

    Raises:
        InputError: it was taught some of the questions, and nothing is forced.
        StudentError: the answers are another student's.
    """
    if student is None:
        return ""
    from failwise.evaluation.sources import AnswerFile, LoadedQuestions, open_answers
    from failwise.evaluation.stamp import stamp_of

    everything = questions_of(questions, field_map)
    said = open_answers(answers, LoadedQuestions(everything))
    if isinstance(said, AnswerFile):  # a log has the model's name, and not the student's fingerprint
        _refuse_other_student(student, next(iter(said)).student)
    ids = {answer.question_id for answer in said}
    stamp = stamp_of(student, (q for q in everything if q.id in ids))
    if stamp.taught and not force:
        raise InputError(
            f"the student in {student} was taught {stamp.taught:,} of the {len(ids):,} questions it answered, so the "
            "audit would show memory for knowledge; ask it other questions, or pass --force, and every page will say so"
        )
    return stamp.text


def _refuse_other_student(student: Path, answered: str) -> None:
    from failwise.training.handover import fingerprints

    known = fingerprints(student)
    if answered not in known:
        raise StudentError(
            f"the answers are of the student {answered}, and the one in {student} is {known[0]}; give its own folder"
        )


def _opened(
    answers: Path, questions: Path, graph: "KnowledgeGraph", field_map: str | None
) -> "tuple[Questions, AnswerFile | LoggedAnswers]":
    from failwise.evaluation.sources import open_answers, open_questions
    from failwise.generation.formats.field_map import FieldMap

    refuse_other_questions(answers, questions)
    asked = open_questions(questions, graph, FieldMap.parse(field_map) if field_map else None)
    return asked, open_answers(answers, asked)


def refuse_other_questions(answers: Path, questions: Path) -> None:
    """Refuse questions that are not those which the folder of the answers says were asked."""
    from failwise.manifest import MANIFEST, noted_beside
    from failwise.stage import input_digest

    asked = noted_beside(answers, "inputs", "questions")
    if asked and asked != (found := input_digest(questions)):
        raise InputError(
            f"{answers} were given to the questions with SHA-256 {asked} ({answers.with_name(MANIFEST)} says so), and "
            f"{questions} has {found}; give the file that was asked, or ask again"
        )


def until_decided(answers: Path) -> bool:
    """Say whether the folder of the answers says that each fact was asked until it was decided."""
    from failwise.manifest import noted_beside

    return noted_beside(answers, "config", "until_decided") is True


def refuse_until_decided(answers: Path) -> None:
    """Refuse answers whose shares right cannot be put beside others'."""
    if until_decided(answers):
        raise InputError(
            f"{answers} were got with evaluation.until_decided: their shares right are not those of all questions, so "
            "no loss can be told from them; ask again without it, or hold the shares known of two audits side by side"
        )


def _failing(audited: "Audited", bars: "list[Bar]") -> "list[tuple[Bar, list[RollUp]]]":
    if bars and not audited.roll_ups:
        raise InputError("no answer is to a question that tests a fact of the ontology, so no bar can be held")
    found = [(bar, bar.failing(audited.roll_ups)) for bar in bars]
    return [(bar, rows) for bar, rows in found if rows]


def _summary(audited: "Audited") -> dict[str, Any]:
    return {
        "student": audited.student,
        "stamp": audited.stamp,
        "answers": audited.answers,
        "untied": audited.untied,
        "unanswered": audited.unanswered,
        "states": audited.states(),
        "findings": audited.findings,
        "roll_ups": [row for row in audited.roll_ups if row.dimension in _SHOWN],
        "scores": audited.scores,
    }


def _say(audited: "Audited", out: Path) -> None:
    from failwise.evaluation.audit_files import PAGE
    from failwise.evaluation.coverage.states import STATES
    from failwise.evaluation.records import HOLES
    from failwise.evaluation.reporting.page import REPORT

    if audited.stamp:
        typer.echo(audited.stamp)
    rows = [row for row in audited.roll_ups if row.dimension in _SHOWN]
    if rows:
        print_table(["group", "facts", *STATES[:3], "undecided", "known %", "95 %"], list(map(_row, rows)))
    else:
        typer.echo("No question tests a fact of the ontology, so no fact was audited.")
    for finding in audited.findings:
        typer.echo(finding.text)
    typer.echo(
        f"{out}: {audited.answers:,} answers; open {REPORT} or read {PAGE}; {HOLES} is for `failwise questions plan "
        "--holes`"
    )


def _row(row: "RollUp") -> list[str]:
    from failwise.markdown import interval, percent

    states = (row.facts, row.known, row.wrong, row.inconsistent, row.undersampled + row.untested)
    return [row.value, *(f"{n:,}" for n in states), percent(row.share),
            interval(row.share_low, row.share_high)]  # fmt: skip


def _say_failing(bar: "Bar", rows: "list[RollUp]") -> None:
    for row in rows:
        typer.echo(
            f"below {bar.least:g}: {row.dimension.replace('_', ' ')} {row.value}, {row.known:,} of {row.facts:,} facts "
            f"known ({row.known / row.facts:.3f})"
        )


def _graph(ontology: list[Path], no_shipped: bool) -> "KnowledgeGraph":
    from failwise.kg.graph import KnowledgeGraph

    return KnowledgeGraph.load(ontology, shipped=not no_shipped)
