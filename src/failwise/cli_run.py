"""`failwise run` and `failwise report`.

A command imports what it needs when it is called, so that `--help` starts at once.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from failwise.cli_options import AsJson, Redo, Settings, console, percent, print_json, print_table

if TYPE_CHECKING:
    from failwise.config import RunConfig


def run(
    config: Annotated[Path, typer.Argument(help="The run file (YAML).")],
    folder: Annotated[Path | None, typer.Option(help="Where to keep the run, over the file's.")] = None,
    setting: Settings = [],  # noqa: B006 (typer wants a list)
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and roughly how long.")] = False,
    redo: Redo = False,
    as_json: AsJson = False,
) -> None:
    """Do the whole chain: ontology, questions, rationales, student, answers, audit, report.

    Interrupt it anywhere and run it again: it goes on, and nothing that is finished is done twice.
    """
    from failwise.config import RunConfig, load_config

    whole = load_config(RunConfig, config, setting)
    if folder:
        whole = whole.model_copy(update={"folder": folder})
    if dry_run:
        _show_plan(whole, redo, as_json)
        return
    from failwise.evaluation.reporting.page import REPORT
    from failwise.report_data import headline
    from failwise.run import run_all

    done = run_all(whole, console(), redo=redo)
    path = done.file("report", REPORT)
    if as_json:
        print_json({"report": str(path), "scores": headline(done)})
        return
    print_table(["row", "right %", "95 % from", "to"], [[r.name, *percent(r)] for r in headline(done)])
    typer.echo(f"report: {path}")


def report(folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")]) -> None:
    """Write a finished run's report again."""
    from failwise.evaluation.reporting.page import REPORT, write_report
    from failwise.report_data import report_data, saved_run

    done = saved_run(folder)
    typer.echo(f"report: {write_report(report_data(done), done.file('report', REPORT))}")


def _show_plan(whole: "RunConfig", redo: bool, as_json: bool) -> None:
    from failwise.run import plan

    steps = list(plan(whole, redo=redo))
    if as_json:
        print_json([{"stage": s, "what": w, "seconds": round(t, 1)} for s, w, t in steps])
        return
    print_table(["stage", "what", "seconds, about"], [[s, w, f"{t:.0f}"] for s, w, t in steps])
    typer.echo(f"about {sum(t for _, _, t in steps) / 60:.1f} minutes on two CPU cores; nothing was written")
