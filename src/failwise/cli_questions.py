"""`failwise questions` and `failwise rationales`.

A command imports what it needs when it is called, so that `--help` starts at once.
"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from failwise.cli_options import AsJson, ConfigFile, OntologyPaths, Out, Redo, Seed, Settings, console, print_json

if TYPE_CHECKING:
    from failwise.manifest import StageFolder

questions = typer.Typer(no_args_is_help=True, help="Plan, make, check, perturb and convert question sets.")
rationales = typer.Typer(no_args_is_help=True, help="Have a teacher write rationales.")


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
    from failwise.question_set import BALANCE_JSON, BALANCE_PICTURE, make_questions, refuse_wordless
    from failwise.question_stages import refuse_errors
    from failwise.run_folder import Run
    from failwise.stage import question_inputs

    settings = [*setting, *([f"questions.seed={seed}"] if seed is not None else [])]
    settings += [f"questions.plan={str(plan)!r}"] if plan else []
    whole = load_config(RunConfig, config, [*settings, *_paths(ontology)])
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
    _say(out / QUESTIONS, folder, as_json)
    console().print(read_json(out / BALANCE_JSON)["sentence"], markup=False, highlight=False)
    if not (out / BALANCE_PICTURE).is_file():
        console().print(
            f"without {BALANCE_PICTURE}: drawing it needs matplotlib; pip install 'failwise[report]'", markup=False
        )


@rationales.command("generate")
def generate_rationales(
    questions_file: Annotated[Path, typer.Argument(metavar="QUESTIONS", help="questions.jsonl")],
    out: Out,
    config: ConfigFile = None,
    setting: Settings = [],  # noqa: B006
    ontology: OntologyPaths = [],  # noqa: B006
    split: Annotated[str, typer.Option(help="Only questions of this split.")] = "train",
    as_json: AsJson = False,
    redo: Redo = False,
) -> None:
    """Write a verified rationale for every question; interrupted, the same command goes on."""
    from failwise.config import RunConfig, load_config
    from failwise.errors import InputError
    from failwise.files import file_digest
    from failwise.generation.formats.question_files import read_questions
    from failwise.generation.rationales.job import RATIONALES, REJECTS, carry_over, write_rationales
    from failwise.manifest import StageFolder, set_aside_folders
    from failwise.progress import progress_bar
    from failwise.question_stages import for_the_teacher, refuse_foreign
    from failwise.run_folder import Run

    whole = load_config(RunConfig, config, [*setting, *_paths(ontology)])
    run = Run(whole)
    chosen = [q for q in read_questions(questions_file, run.graph) if q.split == split]
    refuse_foreign(chosen, run.graph, questions_file, split)
    asked, left_out = for_the_teacher(chosen)
    if not asked:
        why = ", ".join(f"{reason.removeprefix('left out ')}: {n:,}" for reason, n in left_out.items())
        raise InputError(f"{questions_file} has no question that a teacher can reason about {why}")
    inputs = {"questions": file_digest(questions_file), "split": split}
    folder = StageFolder("rationales", out, whole.rationales, inputs)
    if not folder.finished():
        with folder.working(redo=redo) as outcome, progress_bar(console(), "rationales", len(asked)) as bar:
            carry_over(asked, run.graph, whole.rationales, out, set_aside_folders(out))
            counts = write_rationales(asked, run.graph, whole.rationales, out, bar.advance)
            outcome.record(asdict(counts) | left_out, out / RATIONALES, out / REJECTS)
    _say(out / RATIONALES, folder, as_json)


def _paths(ontology: list[Path]) -> list[str]:
    return [f"ontology.paths=[{', '.join(repr(str(p)) for p in ontology)}]"] if ontology else []


def _say(path: Path, folder: "StageFolder", as_json: bool) -> None:
    from failwise.files import read_json
    from failwise.manifest import MANIFEST

    manifest: dict[str, Any] = read_json(folder.path / MANIFEST)
    if as_json:
        print_json(manifest)
    else:
        typer.echo(f"{path}: {', '.join(f'{k} {v:,}' for k, v in manifest['counts'].items())}")
