"""`failwise retention`: what a training cost elsewhere, from answers before and after it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from failwise.cli_options import AsJson, OnlyGiven, OntologyPaths, Out, Redo, print_json, print_table
from failwise.cli_students import Map, questions_of
from failwise.errors import InputError

if TYPE_CHECKING:
    from failwise.evaluation.retention import Trained
    from failwise.kg.graph import KnowledgeGraph


def retention(
    before: Annotated[Path, typer.Argument(help="Answers before the training: of the base, or of an earlier student.")],
    after: Annotated[Path, typer.Argument(help="Answers after it, to the same questions.")],
    questions: Annotated[Path, typer.Argument(help="The questions: neighbouring facts, or a general set; any format.")],
    out: Out,
    trained: Annotated[
        Path | None, typer.Option(help="What it was trained on; its train split, if it has splits.", show_default=False)
    ] = None,
    ontology: OntologyPaths = [],  # noqa: B006 (typer wants a list)
    no_shipped: OnlyGiven = False,
    field_map: Map = None,
    redo: Redo = False,
    as_json: AsJson = False,
) -> None:
    """Say what a training cost: right before and after, on what was trained, near it, far from it; facts newly lost."""
    from failwise.cli_audit import refuse_other_questions, refuse_until_decided
    from failwise.evaluation.config import EvaluationConfig
    from failwise.evaluation.retention import PAGE, retention
    from failwise.evaluation.retention_files import COLUMNS, cells, counted, write_retention
    from failwise.evaluation.sources import open_answers
    from failwise.kg.graph import KnowledgeGraph
    from failwise.manifest import StageFolder
    from failwise.stage import input_digest

    graph = KnowledgeGraph.load(ontology, shipped=not no_shipped)
    inputs = {"before": input_digest(before), "after": input_digest(after), "questions": input_digest(questions)}
    inputs |= {"trained": input_digest(trained)} if trained else {}
    inputs |= {"map": field_map} if field_map else {}
    for path in (before, after):
        refuse_other_questions(path, questions)
        refuse_until_decided(path)
    folder = StageFolder("retention", out, EvaluationConfig(), {**inputs, "ontology": graph.digest})
    with folder.working(redo=redo) as outcome:
        taught = _trained(trained, graph) if trained else None
        asked = questions_of(questions, field_map, graph)
        found = retention(graph, asked, list(open_answers(before)), list(open_answers(after)), taught)
        counts = {"questions": found.whole.questions, "facts lost": len(found.facts), "facts gained": found.gained}
        outcome.record(counts, *write_retention(out, found))
    if as_json:
        print_json({"groups": found.groups, "lost": found.facts, "gained": found.gained, "questions": found.questions})
        return
    print_table(list(COLUMNS), [cells(row) for row in found.groups])
    typer.echo(counted(found))
    typer.echo(f"{out}: read {PAGE}")


def _trained(path: Path, graph: "KnowledgeGraph") -> "Trained":
    from failwise.evaluation.retention import Trained

    taught = [q for q in questions_of(path, None, graph) if q.split in ("", "train")]
    if not taught:
        raise InputError(f"{path} has no question of the split 'train'; give the file that the student was trained on")
    return Trained(graph, taught)
