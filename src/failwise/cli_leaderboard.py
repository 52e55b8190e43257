"""`failwise leaderboard`: a student's entry for FailureSensorIQ's leaderboard, from its answers."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from failwise.cli_options import AsJson, OnlyGiven, OntologyPaths, print_json, print_table
from failwise.errors import InputError

if TYPE_CHECKING:
    from failwise.evaluation.records import Answer
    from failwise.generation.records import Question
    from failwise.kg.graph import KnowledgeGraph


def leaderboard(
    answers: Annotated[
        Path, typer.Argument(help="Answers to FailureSensorIQ's questions, or a log, as `audit` takes.")
    ],
    questions: Annotated[Path, typer.Argument(help="These questions.")],
    out: Annotated[Path, typer.Option("--out", help="JSON file to write.")],
    perturbed: Annotated[
        tuple[Path, Path] | None,
        typer.Option(help="Answers to the perturbed questions, and these.", metavar="ANSWERS QUESTIONS"),
    ] = None,
    ontology: OntologyPaths = [],  # noqa: B006 (typer wants a list)
    no_shipped: OnlyGiven = False,
    as_json: AsJson = False,
) -> None:
    """Write a student's accuracies, consistency and uncertainty, and beside each what their own harness would give.

    Legacy figures take the student to write the bare letter of its choice, which their harness does not find in "P)".
    """
    from failwise.evaluation.leaderboard import document, figures
    from failwise.files import write_json
    from failwise.kg.graph import KnowledgeGraph

    if any(path.resolve() == out.resolve() for path in (answers, questions, *(perturbed or ()))):
        raise InputError(f"{out} is a file to read; give another name to write to")
    graph = KnowledgeGraph.load(ontology, shipped=not no_shipped)
    asked = _asked(answers, questions, graph)
    found = figures(asked, _asked(*perturbed, graph) if perturbed else ())
    told = document(asked[0][1].student, found)
    write_json(out, told)
    if as_json:
        print_json(told)
        return
    rows = [
        [f.name, f"{f.n:,}", f"{100 * f.value:.2f}", "" if f.legacy is None else f"{100 * f.legacy:.2f}"] for f in found
    ]
    print_table(["figure", "questions", "%", "legacy %"], rows)
    typer.echo(f"{out}: written")


def _asked(answers: Path, questions: Path, graph: "KnowledgeGraph") -> "list[tuple[Question, Answer]]":
    from failwise.cli_audit import refuse_other_questions
    from failwise.evaluation.leaderboard import put_together
    from failwise.evaluation.sources import LoadedQuestions, open_answers
    from failwise.generation.formats.question_files import read_questions
    from failwise.generation.splitting.frozen import check_frozen

    refuse_other_questions(answers, questions)
    check_frozen(questions)
    read = read_questions(questions, graph)
    return put_together(read, open_answers(answers, LoadedQuestions(read)))
