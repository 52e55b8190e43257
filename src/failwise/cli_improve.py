"""`failwise improve`: fill the holes of a run's student, and say by a set that it never saw what came of it."""

from pathlib import Path
from typing import Annotated

import typer

from failwise.cli_options import AsJson, Redo, Settings, console, print_json

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")]
OutFolder = Annotated[Path, typer.Option("--out", help="Folder for the new student and all that leads to it.")]


def improve(
    folder: RunFolder,
    out: OutFolder,
    setting: Settings = [],  # noqa: B006 (typer wants a list)
    redo: Redo = False,
    as_json: AsJson = False,
) -> None:
    """Ask new questions about the facts that a student does not know, train it on, and compare it with itself.

    What is compared is a set of questions that is frozen before and never taught. Settings go over those of the run,
    such as training.max_steps=100 or improve.rounds=2. Interrupted, the same command goes on.
    """
    from failwise.config import RunConfig, load_config
    from failwise.evaluation.comparison.files import write_comparison
    from failwise.files import read_records
    from failwise.gain import PAGE, gain_of, sentences, summary, write_gain
    from failwise.generation.records import Question
    from failwise.improve import Loop, answers_of, check_run
    from failwise.report_data import saved_run
    from failwise.run_folder import CONFIG, Run

    check_run(saved_run(folder))
    run = Run(load_config(RunConfig, folder / CONFIG, setting).model_copy(update={"folder": folder}))
    done = Loop(run, out, console(), redo=redo)()
    questions = list(read_records(done.frozen, Question))
    control = answers_of(done.control) if done.control else ()
    gain = gain_of(
        run.graph, questions, answers_of(done.before), answers_of(done.after), frozenset(done.holes), control
    )
    write_comparison(out / "comparison", gain.whole)
    write_gain(out, gain)
    if as_json:
        print_json({"student": str(done.student), **summary(gain)})
        return
    for sentence in sentences(gain):
        typer.echo(sentence)
    typer.echo(f"{done.student}: the student; read {out / PAGE}")
