"""`failwise train` and `failwise evaluate`.

A command imports what it needs when it is called, so that `--help` starts at once.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from failwise.cli_options import (
    AsJson,
    ConfigFile,
    OntologyPaths,
    Out,
    Redo,
    Settings,
    console,
    percent,
    print_json,
    print_table,
)
from failwise.errors import InputError

if TYPE_CHECKING:
    from failwise.config import RunConfig
    from failwise.evaluation.records import Answer
    from failwise.generation.records import Question
    from failwise.kg.graph import KnowledgeGraph
    from failwise.manifest import Outcome
    from failwise.stage import Bars

Map = Annotated[
    str | None,
    typer.Option(
        "--map",
        help="Fields of another format: 'question=stem, options=choices[].text, answer=key'.",
        show_default=False,
    ),
]
NO_STUDENT = "none"
ANSWERS = "answers.jsonl"


def train(
    questions: Annotated[Path, typer.Argument(help="Any question file; its train split is used, if it has splits.")],
    out: Out,
    rationales: Annotated[Path | None, typer.Argument(help="rationales.jsonl, for recipes that learn reasons.")] = None,
    config: ConfigFile = None,
    setting: Settings = [],  # noqa: B006 (typer wants a list)
    redo: Redo = False,
    field_map: Map = None,
    ontology: OntologyPaths = [],  # noqa: B006
    audit: Annotated[
        list[Path],
        typer.Option(help="A frozen set's certificate, or a folder of some; may be given several times."),
    ] = [],  # noqa: B006
    start: Annotated[
        Path | None, typer.Option("--from", help="A student to train on, of the same base and shape.")
    ] = None,
) -> None:
    """Train a student; interrupted, the same command goes on from the last checkpoint.

    Questions of a test split or of a frozen audit set are refused. Under `accelerate launch` several processes train it
    together.
    """
    from rich.console import Console

    from failwise.config import RunConfig, load_config
    from failwise.generation.splitting.frozen import refuse_training_on
    from failwise.manifest import Outcome, StageFolder
    from failwise.progress import progress_bar
    from failwise.stage import input_digest
    from failwise.training import processes
    from failwise.training.recipe import recipe_digest

    whole = load_config(RunConfig, config, setting)
    everything = questions_of(questions, field_map)
    chosen = [q for q in everything if q.split in ("", "train")]
    refuse_training_on(chosen or everything, questions, audit)
    if not chosen:
        raise InputError(f"{questions} has no question of the split 'train'; there is nothing to train on")
    reasons = input_digest(rationales) if rationales else ""
    inputs = {"questions": input_digest(questions), "rationales": reasons}
    inputs |= {"map": field_map} if field_map else {}
    inputs["recipe"] = recipe_digest(whole.training.recipe)
    inputs |= {"from": _digest(str(start))} if start else {}
    folder = StageFolder("student", out, whole.training, inputs)
    work = partial(_train, chosen, rationales, whole, ontology, start, out)
    if not processes.is_first():  # the first process keeps the folder; the others only compute
        work(Outcome(), partial(progress_bar, Console(quiet=True)))
        return
    if folder.finished():
        typer.echo(f"{out}: done before")
        return
    with folder.working(redo=redo) as outcome:
        work(outcome, partial(progress_bar, console()))
    said = outcome.counts
    typer.echo(f"{out}: {said['steps']} steps, {said['tokens']:,} tokens, last loss {said['last loss']}")
    for reason, count in said["left_out"].items():
        typer.echo(f"left out: {count:,} ({reason})")


def recipes(as_json: AsJson = False) -> None:
    """List the recipes that come with failwise; a file of your own can be one, too."""
    from failwise.training.recipe import all_recipes

    rows = [
        {"recipe": name, "asked": r.asked.value, "summary": r.summary, "source": r.source} for name, r in all_recipes()
    ]
    if as_json:
        print_json({"recipes": rows})
        return
    print_table(["recipe", "asked", "what it teaches"], [[r["recipe"], r["asked"], r["summary"]] for r in rows])


def evaluate(
    student: Annotated[str, typer.Argument(help="A student's folder, 'base' (untrained), or 'none'.")],
    questions: Annotated[Path, typer.Argument(help="Ours, FailureSensorIQ's, ARC's, or any other with --map.")],
    out: Annotated[Path | None, typer.Option("--out", help="Folder for answers and scores.")] = None,
    split: Annotated[str, typer.Option(help="Split of our files to ask.")] = "test",
    config: ConfigFile = None,
    setting: Settings = [],  # noqa: B006
    ontology: OntologyPaths = [],  # noqa: B006
    redo: Redo = False,
    as_json: AsJson = False,
    field_map: Map = None,
) -> None:
    """Score a student on a question file, beside chance and the rows that need no model."""
    from failwise.config import RunConfig, load_config
    from failwise.evaluation.answers import askable_of, sample
    from failwise.evaluation.coverage.findings import HARD_TO_DECIDE
    from failwise.evaluation.measures import FILE as MEASURES
    from failwise.evaluation.measures import measures
    from failwise.evaluation.records import SCORES
    from failwise.evaluation.scores import score_rows
    from failwise.files import file_digest, write_records
    from failwise.generation.splitting.frozen import check_frozen
    from failwise.manifest import StageFolder

    whole = load_config(RunConfig, config, setting)
    graph = _graph(whole, ontology)
    check_frozen(questions)
    everything = questions_of(questions, field_map, graph)
    chosen = [q for q in everything if q.split in ("", split)]
    if not chosen:
        found = ", ".join(sorted({q.split for q in everything}))
        raise InputError(f"{questions} has no question of the split {split!r}; it has {found}")
    askable = askable_of(student, chosen, whole.evaluation)
    if not askable:
        raise InputError(
            f"{questions} asks for several options in each question; only those with one are scored, unless the "
            "student judges each option by itself (recipe 'verdicts')"
        )
    asked = sample(askable, whole.evaluation.limit)
    with TemporaryDirectory() as scratch:
        inputs = {"questions": file_digest(questions), "split": split, "student": _digest(student)}
        inputs |= {"map": field_map} if field_map else {}
        folder = StageFolder("evaluation", out or Path(scratch), whole.evaluation, inputs)
        with folder.working(redo=redo) as outcome:
            answers = _ask(student, asked, whole, folder.path, graph)
            answered = {a.question_id for a in answers}
            asked = [q for q in asked if q.id in answered or student == NO_STUDENT]
            rows, said = score_rows(asked, graph, answers), {a.question_id: a for a in answers}
            scored = measures((q, said[q.id]) for q in asked if q.id in said)
            write_records(folder.path / MEASURES, scored)
            outcome.record({"questions": write_records(folder.path / SCORES, rows)}, folder.path / SCORES,
                           folder.path / MEASURES)  # fmt: skip
    linked, several = sum(bool(q.fact_ids) for q in asked), len(chosen) - len(askable)
    if as_json:
        counts = {"questions": len(asked), "linked_to_facts": linked, "not_single_answer": several}
        print_json({**counts, "student": student, "rows": rows, "measures": scored})
        return
    print_table(["row", "kind", "right %", "95 % from", "to"], [[r.name, r.kind, *percent(r)] for r in rows])
    coverage = f"{linked:,} of them linked to facts of the ontology" if linked else "no facts: none is linked to any"
    typer.echo(f"{len(asked):,} questions, {coverage}")
    for measure in scored:
        if measure.dimension == "all":
            typer.echo(measure.said())
    if whole.evaluation.until_decided and student != NO_STUDENT:
        typer.echo(HARD_TO_DECIDE)
    if several:
        typer.echo(f"left out: {several:,} (more or fewer right options than this student is asked for)")


def _train(
    questions: "Sequence[Question]",
    rationales: Path | None,
    whole: "RunConfig",
    ontology: Sequence[Path],
    start: Path | None,
    out: Path,
    outcome: "Outcome",
    bars: "Bars",
) -> None:
    from failwise.student_stages import train

    train(questions, rationales, whole.training, out, outcome, bars, partial(_graph, whole, ontology), start)


def _graph(whole: "RunConfig", ontology: Sequence[Path]) -> "KnowledgeGraph":
    from failwise.kg.graph import KnowledgeGraph

    return KnowledgeGraph.load(ontology or whole.ontology.paths, shipped=whole.ontology.shipped)


def questions_of(path: Path, field_map: str | None, graph: "KnowledgeGraph | None" = None) -> "list[Question]":
    """Return the questions of a file in any format, linked to the graph if there is one."""
    from failwise.generation.formats.field_map import FieldMap
    from failwise.generation.formats.question_files import read_questions

    return read_questions(path, graph, field_map=FieldMap.parse(field_map) if field_map else None)


def _ask(
    student: str, asked: "Sequence[Question]", whole: "RunConfig", folder: Path, graph: "KnowledgeGraph"
) -> "list[Answer]":
    if student == NO_STUDENT:
        return []
    from failwise.evaluation.answers import write_answers, write_until_decided
    from failwise.progress import progress_bar

    with progress_bar(console(), "asking", len(asked)) as bar:
        if whole.evaluation.until_decided:
            return write_until_decided(student, asked, whole.evaluation, folder / ANSWERS, graph, bar.advance)
        return write_answers(student, asked, whole.evaluation, folder / ANSWERS, bar.advance)


def _digest(student: str) -> str:
    """Return what tells this student from another one trained into the same folder; a base's name is enough."""
    from failwise.training.contract import FILE, student_fingerprint

    folder = Path(student)
    return student_fingerprint(folder) if (folder / FILE).is_file() else student
