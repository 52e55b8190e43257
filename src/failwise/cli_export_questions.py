"""`failwise export`: a question set, with its rationales and certificates, for the tools that others use.

A command imports what it needs when it is called, so that `--help` starts at once.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from failwise.cli_options import AsJson, Out, Redo, print_json
from failwise.errors import InputError
from failwise.generation.records import Arity, Question
from failwise.training import prompts
from failwise.training.records import Mode

if TYPE_CHECKING:
    from failwise.generation.records import Rationale

# A question for several answers closes like every other one; what may be answered is said behind it.
SEVERAL = " Name the letters of all options that apply, or none."


class StudentPrompts:
    """Renders questions as our own students read them, and answers as they write them."""

    system = prompts.SYSTEM
    lead = prompts.ANSWER

    def __init__(self, *, cite_facts: bool = False) -> None:
        self._cite_facts = cite_facts

    def ask(self, question: Question, *, reasons: bool) -> str:
        """Return the question, its lettered options and the closing instruction."""
        mode = Mode.RATIONALE if reasons else Mode.DIRECT
        text = prompts.ask(question, mode)
        return text + SEVERAL if question.arity is Arity.MULTIPLE else text

    def reply(self, question: Question, chosen: Sequence[int], reasons: str | None = None) -> str:
        """Return the answer line, behind the reasons where there are any; facts are cited only if so set up."""
        from failwise.training.examples import strip_citations

        if reasons is not None and not self._cite_facts:
            reasons = strip_citations(reasons)
        if question.arity is Arity.MULTIPLE:
            letters = ", ".join(prompts.clean_label(question.option_ids[i]) for i in chosen) or "none"
            return f"{reasons}\n{self.lead} {letters}" if reasons is not None else f"{self.lead} {letters}"
        (only,) = chosen
        mode = Mode.DIRECT if reasons is None else Mode.RATIONALE
        return "".join(prompts.completion(mode, question.options[only], question.option_ids[only], reasons or ""))

    def scored(self, question: Question) -> list[str]:
        """Return each option's text and what ends it; the letter is not scored."""
        segments = [prompts.answer_segments(o, i) for o, i in zip(question.options, question.option_ids, strict=True)]
        return ["".join(parts[1:-1]).strip() for parts in segments]


def export(
    questions_file: Annotated[
        Path, typer.Argument(metavar="QUESTIONS", help="Our questions.jsonl, or a FailureSensorIQ file.")
    ],
    to: Annotated[str, typer.Option("--to", help="trl, llama-factory, lm-eval, inspect, hub or openai-batch.")],
    out: Out,
    rationales: Annotated[Path | None, typer.Option(help="rationales.jsonl", show_default=False)] = None,
    certificate: Annotated[
        list[Path],
        typer.Option(help="JSON or Markdown file to go along; may be given several times.", show_default=False),
    ] = [],  # noqa: B006 (typer wants a list)
    license: Annotated[str, typer.Option(help="Licence of the set, as in cc-by-4.0.", show_default=False)] = "",
    name: Annotated[str, typer.Option(help="Name of the set; default: the folder's.", show_default=False)] = "",
    split: Annotated[
        str,
        typer.Option(help="Only this split; questions that name none count as this one.", show_default=False),
    ] = "",
    layout: Annotated[
        str,
        typer.Option(
            help="trl: messages, prompt-completion, plain; llama-factory: alpaca, sharegpt.", show_default=False
        ),
    ] = "",
    cite_facts: Annotated[bool, typer.Option("--cite-facts", help="Keep [fact id] citations in rationales.")] = False,
    model: Annotated[str, typer.Option(help="openai-batch: the model to ask.", show_default=False)] = "",
    temperature: Annotated[float, typer.Option(help="openai-batch: its temperature.", min=0, max=2)] = 0.0,
    structured: Annotated[bool, typer.Option("--structured", help="openai-batch: ask for JSON by a schema.")] = False,
    as_json: AsJson = False,
    redo: Redo = False,
) -> None:
    """Write a question set for another tool, into a folder of its own."""
    from failwise.files import file_digest
    from failwise.generation.exporting.job import ExportJob
    from failwise.generation.exporting.table import export as write_export
    from failwise.generation.exporting.table import find_writer
    from failwise.kg.names import slugify

    find_writer(to)  # a mistyped tool is told before anything is read
    files = {"questions": questions_file, **({"rationales": rationales} if rationales else {})}
    sources = {kind: {"file": path.name, "sha256": file_digest(path)} for kind, path in files.items()}
    chosen = _questions(questions_file, split)
    job = ExportJob(
        questions=chosen,
        renderer=StudentPrompts(cite_facts=cite_facts),
        name=name or slugify(out.resolve().name)[:64].strip("-") or "questions",
        rationales=_rationales(rationales, {q.id for q in chosen}),
        certificates=_certificates(certificate, questions_file, sources["questions"]["sha256"]),
        sources=sources,
        license=license,
        layout=layout,
        model=model,
        temperature=temperature,
        structured=structured,
    )
    _say(out, write_export(to, job, out, redo=redo), as_json)


def _questions(path: Path, split: str) -> list[Question]:
    from failwise.generation.formats.question_files import read_questions

    found = read_questions(path)
    if not split:
        return found
    chosen = [replace(q, split=split) for q in found if q.split in ("", split)]
    if not chosen:
        raise InputError(
            f"{path} has no question of the split {split!r}; it has {', '.join(sorted({q.split for q in found}))}"
        )
    return chosen


def _rationales(path: Path | None, wanted: set[str]) -> "dict[str, Rationale]":
    from failwise.files import read_records
    from failwise.generation.records import Rationale

    if path is None:
        return {}
    found = {r.question_id: r for r in read_records(path, Rationale) if r.question_id in wanted}
    if not found:
        raise InputError(f"{path} has no rationale for any of these questions; was it made for another file or split?")
    return found


def _certificates(paths: list[Path], questions: Path, digest: str) -> dict[str, dict[str, Any] | str]:
    from failwise.files import read_json, read_text

    found: dict[str, dict[str, Any] | str] = {}
    for path in paths:
        if path.suffix not in (".json", ".md"):
            raise InputError(f"{path} is no certificate; allowed are .json and .md files")
        if path.name in found:
            raise InputError(f"two certificates are called {path.name}; rename one of them")
        content = read_json(path) if path.suffix == ".json" else read_text(path)
        if not isinstance(content, dict | str):
            raise InputError(f"{path} is no certificate: it holds a {type(content).__name__}, not an object")
        if isinstance(content, dict) and content.get("sha256", digest) != digest:
            raise InputError(
                f"{path} is the certificate of another file: it names the SHA-256 {content['sha256']}, but {questions} "
                f"has {digest}; give the one that stands beside {questions}"
            )
        found[path.name] = content
    return found


def _say(out: Path, told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    for name, file in told["files"].items():
        typer.echo(f"{out / name}" + (f": {file['records']:,} records" if "records" in file else ""))
    for reason, count in told["left_out"].items():
        typer.echo(f"left out: {reason} ({count:,})")
    for note in told["notes"]:
        typer.echo(note)
