"""`failwise in-context`: does an untuned model answer better with generated exemplars in its prompt?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from failwise.cli_options import AsJson, ConfigFile, OnlyGiven, OntologyPaths, Out, Settings, console, print_json
from failwise.errors import InputError

if TYPE_CHECKING:
    from failwise.generation.records import Question

RESULT_JSON, RESULT_MARKDOWN = "in-context.json", "in-context.md"


def in_context(
    questions: Annotated[
        Path, typer.Argument(metavar="QUESTIONS", help="questions.jsonl with a train and a test split.")
    ],
    rationales: Annotated[Path, typer.Argument(metavar="RATIONALES", help="rationales.jsonl of the train split.")],
    out: Out,
    student: Annotated[
        str, typer.Option(help="'base' (untuned), a base model's name, or a student's folder.")
    ] = "base",
    shots: Annotated[str, typer.Option(help="Numbers of exemplars: 0,1,2 or 0-8.", show_default=False)] = "",
    split: Annotated[str, typer.Option(help="Split to ask; exemplars come from 'train'.")] = "test",
    limit: Annotated[int | None, typer.Option(help="Ask only so many questions.", show_default=False)] = None,
    config: ConfigFile = None,
    setting: Settings = [],  # noqa: B006 (typer wants a list)
    ontology: OntologyPaths = [],  # noqa: B006
    no_shipped: OnlyGiven = False,
    as_json: AsJson = False,
) -> None:
    """Compare zero-shot with random and curated exemplars, with and without rationale; interrupted, it goes on."""
    from failwise.config import RunConfig, load_config
    from failwise.evaluation.in_context.check import check_in_context
    from failwise.files import read_records, write_json, write_text
    from failwise.generation.formats.question_files import read_questions
    from failwise.generation.records import Rationale
    from failwise.kg.graph import KnowledgeGraph
    from failwise.progress import progress_bar
    from failwise.training.extra import need_train_extra

    given = [f"in_context.shots={_numbers(shots)}"] if shots else []
    given += [f"in_context.limit={limit}"] if limit is not None else []
    settings = load_config(RunConfig, config, [*setting, *given]).in_context
    graph = KnowledgeGraph.load(ontology, shipped=not no_shipped)
    everything = read_questions(questions, graph)
    tested, exemplary = _sides(everything, questions, split)
    need_train_extra("asking a model with exemplars")
    from failwise.evaluation.in_context.model import LikelihoodAnswerer

    answerer = LikelihoodAnswerer(student, settings.device, settings.threads, settings.context)
    written = list(read_records(rationales, Rationale))
    with progress_bar(console(), "asking", 0) as bar:
        result, left_out = check_in_context((tested, exemplary, written), graph, answerer, settings, out, bar)
    write_json(out / RESULT_JSON, result.to_json() | {"left_out": left_out, "student": student})
    write_text(out / RESULT_MARKDOWN, result.markdown())
    if as_json:
        print_json(result.to_json() | {"left_out": left_out})
        return
    typer.echo(result.markdown())
    for reason, count in left_out.items():
        typer.echo(f"left out: {count:,} ({reason})")


def _sides(everything: "list[Question]", path: Path, split: str) -> "tuple[list[Question], list[Question]]":
    tested = [q for q in everything if q.split == split]
    exemplary = [q for q in everything if q.split == "train" != split]
    for name, found in ((split, tested), ("train", exemplary)):
        if not found:
            there = ", ".join(sorted({q.split or "(none)" for q in everything}))
            raise InputError(f"{path} has no question of the split {name!r} beside the other; it has {there}")
    return tested, exemplary


def _numbers(text: str) -> list[int]:
    try:
        if "-" in text:
            first, _, last = text.partition("-")
            return list(range(int(first), int(last) + 1))
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"--shots {text!r}: write numbers like 0,1,2,4,8, or a span like 0-8") from error
