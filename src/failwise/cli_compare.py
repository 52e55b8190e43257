"""`failwise compare`: what a student gained and lost against another, by group and fact by fact."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from failwise.cli_audit import if_possible, refuse_other_questions, refuse_until_decided, until_decided
from failwise.cli_options import AsJson, OnlyGiven, OntologyPaths, Out, Redo, print_json, print_table
from failwise.cli_students import ANSWERS, Map
from failwise.errors import InputError

if TYPE_CHECKING:
    from failwise.evaluation.comparison.compare import Comparison
    from failwise.kg.graph import KnowledgeGraph

LOSSES = 1
_SHOWN = ("all", "relation", "asset_class")


def compare(
    a: Annotated[Path, typer.Argument(help="Answers of student A, a folder of `evaluate --out`, a run, or a log.")],
    b: Annotated[Path, typer.Argument(help="The same of student B.")],
    out: Out,
    questions: Annotated[
        Path | None, typer.Argument(help="The questions they are to; may be left out where A or B is a run.")
    ] = None,
    ontology: OntologyPaths = [],  # noqa: B006 (typer wants a list)
    no_shipped: OnlyGiven = False,
    fail_on_loss: Annotated[
        bool, typer.Option("--fail-on-loss", help="Exit with 1 where B is worse: whole, relation or asset class.")
    ] = False,
    field_map: Map = None,
    redo: Redo = False,
    as_json: AsJson = False,
) -> None:
    """Say what student B gained and lost against student A on the questions that both answered.

    Groups are told apart at 5 %, adjusted for their number; questions of one fact are not taken for independent. The
    ontology is the run's where A or B is one, unless another is given.
    """
    from failwise.evaluation.comparison.compare import compare_answers
    from failwise.evaluation.comparison.files import write_comparison
    from failwise.evaluation.config import EvaluationConfig
    from failwise.evaluation.logs.files import answers_digest
    from failwise.evaluation.sources import open_answers, open_questions
    from failwise.generation.formats.field_map import FieldMap
    from failwise.manifest import StageFolder
    from failwise.stage import input_digest

    asked, answers = questions or _questions_of_a_run(a, b), [_answers_in(side) for side in (a, b)]
    inputs = {"a": answers_digest(answers[0]), "b": answers_digest(answers[1]), "questions": input_digest(asked)}
    inputs |= {"map": field_map} if field_map else {}
    for path in answers:
        refuse_other_questions(path, asked)
        if fail_on_loss:
            refuse_until_decided(path)
    graph = _graph(ontology, no_shipped, (a, b))
    folder = StageFolder("comparison", out, EvaluationConfig(), {**inputs, "ontology": graph.digest})
    with folder.working(redo=redo) as outcome:
        source = open_questions(asked, graph, FieldMap.parse(field_map) if field_map else None)
        sides = (open_answers(path, source) for path in answers)
        found = compare_answers(graph, source, *sides, until_decided=any(map(until_decided, answers)))
        pages = _write_page(found, graph, out)
        outcome.record({"questions": found.questions, **found.changes()}, *write_comparison(out, found), *pages)
    if as_json:
        print_json(_summary(found))
    else:
        _say(found, out)
    if fail_on_loss and found.losses():
        raise typer.Exit(LOSSES)


def _write_page(found: "Comparison", graph: "KnowledgeGraph", out: Path) -> list[Path]:
    from failwise.evaluation.reporting.comparing import PAGE, write_comparison_page
    from failwise.report_data import sentence

    labels = {fact.fact_id: sentence(graph, fact.fact_id) for fact in found.facts if fact.change}
    return if_possible(lambda: write_comparison_page(found, labels, out / PAGE))


def _answers_in(side: Path) -> Path:
    """Return what holds the answers that an argument names: itself, or a file in a folder of `evaluate`, or of a run.

    Raises:
        InputError: the folder holds no answers.
    """
    from failwise.evaluation.logs.files import find_logs
    from failwise.run_folder import STUDENT_ANSWERS

    if not side.is_dir():
        return side
    found = side / "answers" / STUDENT_ANSWERS if _is_run(side) else side / ANSWERS
    if found.is_file():
        return found
    with suppress(InputError):
        if not _is_run(side) and find_logs(side):
            return side
    raise InputError(
        f"{side} holds no answers: {found.relative_to(side)} is missing; give a file of answers, a folder of `failwise "
        "evaluate --out`, another tool's log, or the folder of a run that has asked its student"
    )


def _is_run(side: Path) -> bool:
    from failwise.run_folder import CONFIG

    return (side / CONFIG).is_file()


def _questions_of_a_run(*sides: Path) -> Path:
    """Return the questions of the first run among the arguments; an id is of the content, so equal ones are the same.

    Raises:
        InputError: none of them is a run.
    """
    from failwise.generation.formats.question_files import QUESTIONS

    for side in filter(_is_run, sides):
        return side / "questions" / QUESTIONS
    raise InputError("give the questions that were answered, too; only the folder of a run holds its own")


def _graph(ontology: list[Path], no_shipped: bool, sides: tuple[Path, Path]) -> "KnowledgeGraph":
    from failwise.kg.graph import KnowledgeGraph
    from failwise.run_folder import Run, read_config

    run = next(filter(_is_run, sides), None)
    if run and not ontology and not no_shipped:
        return Run(read_config(run)).graph
    return KnowledgeGraph.load(ontology, shipped=not no_shipped)


def _summary(found: "Comparison") -> dict[str, Any]:
    return {
        "a": found.students[0],
        "b": found.students[1],
        "questions": found.questions,
        "left_out": found.left_out,
        "findings": found.findings,
        "facts": found.changes(),
        "groups": [row for row in found.groups if row.dimension in _SHOWN],
        "losses": found.losses(),
    }


def _say(found: "Comparison", out: Path) -> None:
    from failwise.evaluation.comparison.files import COLUMNS, PAGE, cells, counted

    print_table(list(COLUMNS), [cells(row) for row in found.groups if row.dimension in _SHOWN])
    typer.echo(counted(found))
    for finding in found.findings:
        typer.echo(finding)
    typer.echo(f"{out}: read {PAGE}")
