"""`failwise rationales generate` and `failwise rationales estimate`.

A command imports what it needs when it is called, so that `--help` starts at once.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
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
    ontology_settings,
    print_json,
    print_table,
    say_counts,
)

if TYPE_CHECKING:
    from failwise.config import RunConfig
    from failwise.generation.rationales.estimate import Estimate
    from failwise.generation.rationales.requests import Offers
    from failwise.generation.records import Question
    from failwise.manifest import StageFolder
    from failwise.run_folder import Run

QuestionsFile = Annotated[Path, typer.Argument(metavar="QUESTIONS", help="questions.jsonl")]
Split = Annotated[str, typer.Option(help="Only questions of this split.")]


def generate(
    questions_file: QuestionsFile,
    out: Out,
    config: ConfigFile = None,
    setting: Settings = [],  # noqa: B006 (typer wants a list)
    ontology: OntologyPaths = [],  # noqa: B006
    split: Split = "train",
    as_json: AsJson = False,
    redo: Redo = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would take.")] = False,
) -> None:
    """Write a verified rationale for every question; interrupted, or with a raised budget, the same command goes on."""
    from failwise.generation.rationales.job import RATIONALES, REJECTS, carry_over, dropped, write_rationales
    from failwise.manifest import set_aside_folders
    from failwise.progress import progress_bar

    asked = asked_for(questions_file, config, [*setting, *ontology_settings(ontology)], split)
    if dry_run:
        _show(asked, out, as_json)
        return
    settings, graph = asked.whole.rationales, asked.run.graph
    folder = job_folder(asked, questions_file, out, split)
    if not folder.finished():
        with folder.working(redo=redo) as outcome, progress_bar(console(), "rationales", len(asked.questions)) as bar:
            carry_over(asked.questions, graph, settings, out, set_aside_folders(out), asked.offers)
            counts = write_rationales(
                asked.questions,
                graph,
                settings,
                out,
                bar.advance,
                offers=asked.offers,
                files=asked.run.fleet_files(),
            )
            outcome.record(asdict(counts) | dropped(out) | asked.left_out, out / RATIONALES, out / REJECTS)
    say_counts(out / RATIONALES, as_json)


def estimate(
    questions_file: QuestionsFile,
    out: Annotated[
        Path, typer.Option("--out", help="Folder of the job; what stands there is not asked again, and calibrates.")
    ] = Path("rationales"),
    config: ConfigFile = None,
    setting: Settings = [],  # noqa: B006
    ontology: OntologyPaths = [],  # noqa: B006
    split: Split = "train",
    as_json: AsJson = False,
) -> None:
    """Say what rationales would take: requests, tokens, time and money. Nothing is asked."""
    _show(asked_for(questions_file, config, [*setting, *ontology_settings(ontology)], split), out, as_json)


@dataclass(frozen=True, slots=True)
class AskedFor:
    """What a job is about: its configuration and run, the questions, those left out with their reason, the offers."""

    whole: "RunConfig"
    run: "Run"
    questions: "list[Question]"
    left_out: dict[str, int]
    offers: "Offers | None"


def job_folder(asked: AskedFor, questions_file: Path, out: Path, split: str) -> "StageFolder":
    """Return the folder of a job, the same for every command that works in it."""
    from failwise.files import file_digest
    from failwise.manifest import StageFolder

    inputs = {"questions": file_digest(questions_file), "split": split}
    return StageFolder("rationales", out, asked.whole.rationales, inputs)


def asked_for(questions_file: Path, config: Path | None, settings: list[str], split: str) -> AskedFor:
    """Read what a command was given.

    Raises:
        InputError: a file or a setting cannot be used.
    """
    from failwise.config import RunConfig, load_config
    from failwise.errors import InputError
    from failwise.generation.formats.question_files import read_questions
    from failwise.generation.rationales.offers import kept_apart, offers_for
    from failwise.question_stages import for_the_teacher, refuse_foreign
    from failwise.run_folder import Run

    whole = load_config(RunConfig, config, settings)
    run = Run(whole)
    questions = list(read_questions(questions_file, run.graph))
    chosen = [q for q in questions if q.split == split]
    refuse_foreign(chosen, run.graph, questions_file, split)
    asked, left_out = for_the_teacher(chosen)
    if not asked:
        why = ", ".join(f"{reason.removeprefix('left out ')}: {n:,}" for reason, n in left_out.items())
        raise InputError(f"{questions_file} has no question that a teacher can reason about {why}")
    offers = offers_for(run.graph, whole.rationales, kept_apart(questions) if split == "train" else ())
    return AskedFor(whole, run, asked, left_out, offers)


def _show(asked: AskedFor, out: Path, as_json: bool) -> None:
    from failwise.generation.rationales.estimate import estimate as estimate_job

    found = estimate_job(asked.questions, asked.run.graph, asked.whole.rationales, out, asked.offers)
    if as_json:
        print_json(asdict(found) | asked.left_out)
        return
    print_table(["what", "estimate"], _rows(found, asked.whole.rationales.model))
    for reason, n in asked.left_out.items():
        typer.echo(f"{reason}: {n:,}")


def _rows(found: "Estimate", model: str) -> list[list[str]]:
    price = f"no price of {model!r} in rationales.prices" if model else "nothing is paid"
    time = "not known before the first replies" if found.seconds is None else _time(found.seconds)
    return [
        ["questions to do", f"{found.questions:,}"],
        ["requests", f"{found.requests:,}"],
        ["prompt tokens", f"{found.prompt_tokens:,}"],
        ["written tokens", f"{found.completion_tokens:,}"],
        ["time", time],
        ["cost", price if found.cost is None else f"{found.cost:,.2f}"],
        *([["spent so far", f"{found.spent:,.2f}"]] if found.spent else []),
        ["tokens by", found.by],
    ]


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
