"""`failwise rationales batch-requests` and `failwise rationales batch-replies`.

A command imports what it needs when it is called, so that `--help` starts at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from failwise.cli_options import (
    AsJson,
    ConfigFile,
    OntologyPaths,
    Redo,
    Settings,
    ontology_settings,
    print_json,
    print_table,
    say_counts,
)
from failwise.cli_rationales import AskedFor, QuestionsFile, Split, asked_for, job_folder

if TYPE_CHECKING:
    from failwise.generation.rationales.batches import BatchJob
    from failwise.generation.rationales.intake import Taken
    from failwise.manifest import Outcome, StageFolder

JobFolder = Annotated[Path, typer.Option("--out", help="Folder of the job, as of `rationales generate`.")]


def batch_requests(
    questions_file: QuestionsFile,
    out: JobFolder,
    batch: Annotated[Path, typer.Option("--batch", help="New folder for the request files.")],
    config: ConfigFile = None,
    setting: Settings = [],  # noqa: B006 (typer wants a list)
    ontology: OntologyPaths = [],  # noqa: B006
    split: Split = "train",
    as_json: AsJson = False,
    redo: Redo = False,
) -> None:
    """Write request files for a batch endpoint: what a job has still to ask, refused questions a little warmer."""
    from failwise.generation.rationales.batches import Asked

    asked = asked_for(questions_file, config, [*setting, *ontology_settings(ontology)], split)
    job, folder, found = _job(asked, out), job_folder(asked, questions_file, out, split), Asked({}, 0, 0, 0)
    if not folder.finished():
        with _working(folder, asked, redo):
            found = job.write_requests(batch)
    if as_json:
        print_json(asdict(found) | {"folder": str(batch)})
        return
    for name, requests in found.files.items():
        typer.echo(f"{batch / name}: {requests:,} requests")
    if not found.requests:
        done = "" if folder.finished() else f"; `failwise rationales generate` with --out {out} ends the job"
        typer.echo(f"nothing is left to ask{done}")
    if found.further:
        typer.echo(f"further attempts among them: {found.further:,}")
    if found.held:
        typer.echo(f"held back by the budget: {found.held:,}")


def batch_replies(
    questions_file: QuestionsFile,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Output and error files of batches.")],
    out: JobFolder,
    config: ConfigFile = None,
    setting: Settings = [],  # noqa: B006
    ontology: OntologyPaths = [],  # noqa: B006
    split: Split = "train",
    as_json: AsJson = False,
    redo: Redo = False,
) -> None:
    """Take reply files of a batch in: each reply once, verified as a live one; what is left is for the next batch."""
    from failwise.generation.rationales.intake import take_in
    from failwise.generation.rationales.job import RATIONALES

    asked = asked_for(questions_file, config, [*setting, *ontology_settings(ontology)], split)
    job, folder = _job(asked, out), job_folder(asked, questions_file, out, split)
    if folder.finished():  # files that come again change nothing
        say_counts(out / RATIONALES, as_json)
        return
    with _working(folder, asked, redo) as outcome:
        taken = take_in(job, files)
        _show(taken, out, as_json)
        if not taken.left:
            _end(asked, out, outcome)


class _Paused(Exception):
    """Leaves a stage's folder as one that is begun: it gets no manifest."""


@contextmanager
def _working(folder: "StageFolder", asked: AskedFor, redo: bool) -> Iterator["Outcome"]:
    """Work in a job's folder; only where the outcome was recorded the job is finished."""
    from failwise.generation.rationales.job import carry_over
    from failwise.manifest import set_aside_folders

    settings, graph = asked.whole.rationales, asked.run.graph
    with suppress(_Paused), folder.working(redo=redo) as outcome:
        carry_over(asked.questions, graph, settings, folder.path, set_aside_folders(folder.path), asked.offers)
        yield outcome
        if not outcome.outputs:
            raise _Paused


def _job(asked: AskedFor, out: Path) -> "BatchJob":
    from failwise.generation.rationales.batches import BatchJob

    return BatchJob(asked.questions, asked.run.graph, asked.whole.rationales, out, asked.offers)


def _end(asked: AskedFor, out: Path, outcome: "Outcome") -> None:
    """End the job as `failwise rationales generate` does that finds nothing left to ask."""
    from failwise.generation.rationales.batches import NobodyAsked
    from failwise.generation.rationales.job import RATIONALES, REJECTS, dropped, write_rationales

    settings, graph = asked.whole.rationales, asked.run.graph
    counts = write_rationales(asked.questions, graph, settings, out, teacher=NobodyAsked(), offers=asked.offers)
    outcome.record(asdict(counts) | dropped(out) | asked.left_out, out / RATIONALES, out / REJECTS)


def _show(taken: "Taken", out: Path, as_json: bool) -> None:
    if as_json:
        print_json(asdict(taken))
        return
    lines = [
        ("replies taken in", taken.taken),
        ("errors of the endpoint", taken.failed),
        ("taken in before", taken.repeated),
        ("of other words, evidence or settings", taken.outdated),
        ("of an attempt whose forerunner is not in", taken.early),
        ("of other jobs", taken.unknown),
        ("rationales accepted", taken.accepted),
        ("questions dropped", taken.dropped),
        ("questions still to do", taken.left),
        ("of them without a line", taken.missing),
        ("prompt tokens", taken.prompt_tokens),
        ("written tokens", taken.completion_tokens),
    ]
    rows = [[name, f"{n:,}"] for name, n in lines]
    if taken.cost is not None and taken.spent is not None:
        rows += [["cost", f"{taken.cost:,.2f}"], ["spent so far", f"{taken.spent:,.2f}"]]
    print_table(["what", "number"], rows)
    if taken.error:
        typer.echo(f"the endpoint's first error: {taken.error[:300]}")
    if taken.left:
        typer.echo(f"next: `failwise rationales batch-requests` or `generate`, with --out {out}, asks for the rest")
