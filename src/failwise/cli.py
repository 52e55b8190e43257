"""The command line: the commands put together, and errors turned into one sentence and an exit code."""

import errno
import sys

import typer
from rich.console import Console

from failwise import (
    __version__,
    cli_ask,
    cli_audit,
    cli_batch,
    cli_calibrate,
    cli_check,
    cli_compare,
    cli_consensus,
    cli_convert,
    cli_evidence,
    cli_export_questions,
    cli_faithfulness,
    cli_handover,
    cli_import,
    cli_improve,
    cli_in_context,
    cli_leaderboard,
    cli_leakage,
    cli_ontology,
    cli_perturb,
    cli_plan,
    cli_probes,
    cli_questions,
    cli_rationales,
    cli_retention,
    cli_run,
    cli_students,
    cli_verify,
)
from failwise.errors import FailwiseError

DONE, FINDINGS, USAGE, INTERRUPTED = 0, 1, 2, 130

app = typer.Typer(
    name="failwise",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Turn an FMEA ontology into a small expert language model, and audit fact by fact what it knows.",
    epilog="Exit codes: 0 done, 1 findings, 2 usage or input error, 130 interrupted.",
)
app.command("run")(cli_run.run)
cli_ontology.app.command("template")(cli_import.template)
cli_ontology.app.command("import")(cli_import.import_)
app.add_typer(cli_ontology.app, name="ontology")
for name, command in (
    ("plan", cli_plan.plan_questions),
    ("probes", cli_probes.probes),
    ("generate", cli_questions.generate_questions),
    ("check", cli_check.check),
    ("leakage", cli_leakage.leakage),
    ("freeze", cli_leakage.freeze),
    ("perturb", cli_perturb.perturb_questions),
    ("convert", cli_convert.convert),
):
    cli_questions.questions.command(name)(command)
app.add_typer(cli_questions.questions, name="questions")
rationales = typer.Typer(no_args_is_help=True, help="Have a teacher write rationales, and verify them.")
rationales.command("estimate")(cli_rationales.estimate)
rationales.command("generate")(cli_rationales.generate)
rationales.command("batch-requests")(cli_batch.batch_requests)
rationales.command("batch-replies")(cli_batch.batch_replies)
rationales.command("verify")(cli_verify.verify)
app.add_typer(rationales, name="rationales")
consensus = typer.Typer(no_args_is_help=True, help="Have several models vote on what the ontology leaves unknown.")
consensus.command("ask")(cli_consensus.ask)
consensus.command("review")(cli_consensus.review)
consensus.command("import")(cli_consensus.import_)
app.add_typer(consensus, name="consensus")
app.add_typer(cli_evidence.evidence, name="evidence")
app.command("train")(cli_students.train)
app.command("recipes")(cli_students.recipes)
app.command("evaluate")(cli_students.evaluate)
app.command("audit")(cli_audit.audit)
app.command("compare")(cli_compare.compare)
app.command("improve")(cli_improve.improve)
app.command("leaderboard")(cli_leaderboard.leaderboard)
student = typer.Typer(no_args_is_help=True, help="Merge a student, and package it for a model hub.")
student.command("merge")(cli_handover.merge)
student.command("package")(cli_handover.package)
app.add_typer(student, name="student")
app.command("ask")(cli_ask.ask)
app.command("calibrate")(cli_calibrate.calibrate)
app.command("faithfulness")(cli_faithfulness.faithfulness)
app.command("retention")(cli_retention.retention)
app.command("in-context")(cli_in_context.in_context)
app.command("report")(cli_run.report)
app.command("export")(cli_export_questions.export)


def _version(show: bool) -> None:
    if show:
        typer.echo(f"failwise {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """Hold the options of the program itself."""


def main() -> None:
    """Run the program and exit with its code."""
    sys.exit(exit_code())


def exit_code(arguments: list[str] | None = None) -> int:
    """Run the program; print what the user can mend as one sentence, without a traceback."""
    try:
        result = app(arguments, standalone_mode=False)
        if result == INTERRUPTED:  # typer has caught the interrupt, and says nothing
            raise KeyboardInterrupt
        return result if isinstance(result, int) else DONE
    except FailwiseError as error:
        return _say(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except PermissionError as error:
        what = error.filename or error
        return _say(f"may not read or write {what}; mend its permissions or choose another folder", USAGE)
    except OSError as error:
        # From inside a library; our own writes name their file (files.storage_errors).
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG):
            raise
        return _say(f"cannot write: {error}; free some space or choose another folder, then run it again", USAGE)
    except Exception as error:
        if KeyboardInterrupt.__name__ in str(error):  # pydantic's Rust makes an error of its own of an interrupt
            return _interrupted()
        # A wrong option or argument. Its class is click's, which typer brings along in a place of its own.
        if not (hasattr(error, "show") and hasattr(error, "exit_code")):
            raise
        error.show()
        return int(error.exit_code)


def _interrupted() -> int:
    return _say("interrupted; what is finished is kept, the same command goes on from there", INTERRUPTED)


def _say(sentence: str, code: int) -> int:
    Console(stderr=True, soft_wrap=True).print(
        f"failwise: {sentence}", style="red" if code != INTERRUPTED else None, markup=False, highlight=False
    )
    return code
