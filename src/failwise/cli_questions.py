"""`failwise questions generate`.

A command imports what it needs when it is called, so that `--help` starts at once.
"""

from pathlib import Path
from typing import Annotated

import typer

from failwise.cli_options import (
    AsJson,
    ConfigFile,
    OntologyPaths,
    Out,
    Redo,
    Seed,
    Settings,
    console,
    ontology_settings,
    say_counts,
)

questions = typer.Typer(no_args_is_help=True, help="Plan, make, check, perturb and convert question sets.")


def generate_questions(
    out: Out,
    config: ConfigFile = None,
    setting: Settings = [],  # noqa: B006 (typer wants a list)
    ontology: OntologyPaths = [],  # noqa: B006
    seed: Seed = None,
    as_json: AsJson = False,
    redo: Redo = False,
    plan: Annotated[Path | None, typer.Option(help="Quotas, as `questions plan` writes.", show_default=False)] = None,
) -> None:
    """Make a question set with its certificates; exit with 1 where a guesser beats chance on it."""
    from failwise.config import RunConfig, load_config
    from failwise.files import read_json
    from failwise.generation.formats.intact import check_intact
    from failwise.generation.formats.question_files import QUESTIONS
    from failwise.manifest import StageFolder
    from failwise.question_set import BALANCE_JSON, BALANCE_PICTURE, LEAKAGE_JSON, make_questions, refuse_wordless
    from failwise.question_stages import refuse_errors
    from failwise.run_folder import Run
    from failwise.stage import question_inputs

    settings = [*setting, *([f"questions.seed={seed}"] if seed is not None else [])]
    settings += [f"questions.plan={str(plan)!r}"] if plan else []
    whole = load_config(RunConfig, config, [*settings, *ontology_settings(ontology)])
    run = Run(whole)
    inputs = {"ontology": run.graph.digest, **question_inputs(whole.questions)}
    folder = StageFolder("questions", out, whole.questions, inputs)
    if not folder.finished():
        with folder.working(redo=redo) as outcome:
            refuse_errors(run)
            if not whole.questions.file:
                refuse_wordless(run.ontology, run.graph)
            counts, files = make_questions(run.graph, whole.questions, out, picture=True, source=whole.ontology)
            outcome.record(counts, *files)
    else:
        check_intact(out / QUESTIONS)
    say_counts(out / QUESTIONS, as_json)
    console().print(read_json(out / BALANCE_JSON)["sentence"], markup=False, highlight=False)
    apart = read_json(out / LEAKAGE_JSON) if (out / LEAKAGE_JSON).is_file() else {}
    if apart and not (apart["holds"] and apart["strongest"]):
        console().print(f"{out / LEAKAGE_JSON}: {apart['sentence']}", markup=False, highlight=False)
    if not (out / BALANCE_PICTURE).is_file():
        console().print(
            f"without {BALANCE_PICTURE}: drawing it needs matplotlib; pip install 'failwise[report]'", markup=False
        )
