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

NO_STUDENT = "none"
ANSWERS = "answers.jsonl"


def train(
    questions: Annotated[Path, typer.Argument(help="questions.jsonl; its train split is used")],
    rationales: Annotated[Path, typer.Argument(help="rationales.jsonl")],
    out: Out,
    config: ConfigFile = None,
    setting: Settings = [],  # noqa: B006 (typer wants a list)
    redo: Redo = False,
) -> None:
    """Train a student with QLoRA; interrupted, the same command goes on from the last checkpoint."""
    from failwise import stages
    from failwise.config import RunConfig, load_config
    from failwise.files import file_digest, read_records
    from failwise.generation.records import Question
    from failwise.manifest import StageFolder
    from failwise.progress import progress_bar

    whole = load_config(RunConfig, config, setting)
    chosen = [q for q in read_records(questions, Question) if q.split == "train"]
    if not chosen:
        raise InputError(f"{questions} has no question of the split 'train'; there is nothing to train on")
    inputs = {"questions": file_digest(questions), "rationales": file_digest(rationales)}
    folder = StageFolder("student", out, whole.training, inputs)
    if folder.finished():
        typer.echo(f"{out}: done before")
        return
    with folder.working(redo=redo) as outcome:
        stages.train(chosen, rationales, whole.training, out, outcome, partial(progress_bar, console()))
    said = outcome.counts
    typer.echo(f"{out}: {said['steps']} steps, {said['tokens']:,} tokens, last loss {said['last loss']}")


def evaluate(
    student: Annotated[str, typer.Argument(help="A student's folder, 'base' (untrained), or 'none'.")],
    questions: Annotated[Path, typer.Argument(help="Our questions.jsonl, or a FailureSensorIQ file.")],
    out: Annotated[Path | None, typer.Option("--out", help="Folder for answers and scores.")] = None,
    split: Annotated[str, typer.Option(help="Split of our files to ask.")] = "test",
    config: ConfigFile = None,
    setting: Settings = [],  # noqa: B006
    ontology: OntologyPaths = [],  # noqa: B006
    redo: Redo = False,
    as_json: AsJson = False,
) -> None:
    """Score a student on a question file, beside chance and the rows that need no model."""
    from failwise.config import RunConfig, load_config
    from failwise.evaluation.answers import sample
    from failwise.evaluation.scores import score_rows
    from failwise.files import file_digest, write_records
    from failwise.generation.question_files import read_questions
    from failwise.kg.graph import KnowledgeGraph
    from failwise.manifest import StageFolder
    from failwise.run_folder import SCORES

    whole = load_config(RunConfig, config, setting)
    graph = KnowledgeGraph.load(ontology or whole.ontology.paths, shipped=whole.ontology.shipped)
    everything = read_questions(questions, graph)
    asked = sample([q for q in everything if q.split in ("", split)], whole.evaluation.limit)
    if not asked:
        found = ", ".join(sorted({q.split for q in everything}))
        raise InputError(f"{questions} has no question of the split {split!r}; it has {found}")
    with TemporaryDirectory() as scratch:
        inputs = {"questions": file_digest(questions), "split": split, "student": _digest(student)}
        folder = StageFolder("evaluation", out or Path(scratch), whole.evaluation, inputs)
        with folder.working(redo=redo) as outcome:
            answers = _ask(student, asked, whole, folder.path)
            rows = score_rows(asked, graph, answers)
            outcome.record({"questions": write_records(folder.path / SCORES, rows)}, folder.path / SCORES)
    linked = sum(bool(q.fact_ids) for q in asked)
    if as_json:
        print_json({"questions": len(asked), "linked_to_facts": linked, "student": student, "rows": rows})
        return
    print_table(["row", "kind", "right %", "95 % from", "to"], [[r.name, r.kind, *percent(r)] for r in rows])
    typer.echo(f"{len(asked):,} questions, {linked:,} of them linked to facts of the ontology")


def _ask(student: str, asked: "Sequence[Question]", whole: "RunConfig", folder: Path) -> "list[Answer]":
    if student == NO_STUDENT:
        return []
    from failwise.evaluation.answers import write_answers
    from failwise.progress import progress_bar

    with progress_bar(console(), "asking", len(asked)) as bar:
        return write_answers(student, asked, whole.evaluation, folder / ANSWERS, bar.advance)


def _digest(student: str) -> str:
    """Return what tells this student from another one trained into the same folder."""
    from failwise.files import file_digest
    from failwise.run_folder import ADAPTER, CONTRACT

    contract = Path(student) / CONTRACT
    return file_digest(contract) + file_digest(Path(student) / ADAPTER) if contract.is_file() else student
