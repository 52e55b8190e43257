"""`failwise questions leakage` and `failwise questions freeze`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from failwise.cli_options import AsJson, OnlyGiven, OntologyPaths, print_json

if TYPE_CHECKING:
    from failwise.generation.records import Question

CERTIFICATE_JSON, CERTIFICATE_MARKDOWN = "leakage.json", "leakage.md"


def leakage(
    train: Annotated[Path, typer.Argument(metavar="TRAIN", help="Questions; alone, it holds both splits.")],
    test: Annotated[
        Path | None, typer.Argument(metavar="[TEST]", help="The test questions.", show_default=False)
    ] = None,
    against: Annotated[
        list[Path],
        typer.Option(help="Another set: how much of it does the training set hold? May be given several times."),
    ] = [],  # noqa: B006 (typer wants a list)
    ontology: OntologyPaths = [],  # noqa: B006
    no_shipped: OnlyGiven = False,
    by_letters: Annotated[bool, typer.Option("--by-letters", help="Compare stems by letters, not by meaning.")] = False,
    as_json: AsJson = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write the certificate to.", show_default=False)
    ] = None,
) -> None:
    """Show what crosses between training and test; exit with 1 if the regime that they claim is broken."""
    from failwise.files import write_json, write_text
    from failwise.generation.formats.question_files import read_questions
    from failwise.generation.splitting.external_coverage import external_coverage
    from failwise.generation.splitting.leakage import certify
    from failwise.kg.graph import KnowledgeGraph

    graph = KnowledgeGraph.load(ontology, shipped=not no_shipped)
    first = read_questions(train, graph)
    second = first if test is None else read_questions(test, graph)
    ours, theirs = _sides(first, second, train, test, needed=not against)
    covered = [external_coverage(ours, read_questions(path, graph), graph, path.name) for path in against]
    certificate = certify(ours, theirs, graph, semantic=False if by_letters else None) if theirs else None
    found = {
        "certificate": certificate.to_json() if certificate else None,
        "external": [c.to_json() for c in covered],
    }
    text = "\n".join([*([certificate.markdown()] if certificate else []), *(f"{c.sentence()}." for c in covered)])
    if out is not None:
        write_json(out / CERTIFICATE_JSON, found)
        write_text(out / CERTIFICATE_MARKDOWN, text.rstrip() + "\n")
    if as_json:
        print_json(found)
    else:
        typer.echo(text.rstrip())
    if certificate is not None and not certificate.holds:
        raise typer.Exit(1)


def _sides(
    first: "list[Question]", second: "list[Question]", train: Path, test: Path | None, *, needed: bool
) -> "tuple[list[Question], list[Question]]":
    """Part the questions by their split; those that are not marked belong to the side of their file."""
    from failwise.errors import InputError

    ours = [q for q in first if q.split != "test"]
    theirs = [q for q in second if (q.split == "test" if test is None else q.split != "train")]
    if not ours:
        raise InputError(f"{train} has no training question; give the file that the student is trained on")
    if not theirs and (needed or test is not None):
        raise InputError(
            f"{test or train} has no test question; give a second file that has, or another set with --against"
        )
    return ours, theirs


def freeze(
    questions: Annotated[Path, typer.Argument(metavar="FILE", help="The questions of an audit.")],
    as_json: AsJson = False,
) -> None:
    """Freeze a set for audits: a certificate beside it, by which a change is noticed and training on it refused."""
    from failwise.generation.splitting import frozen

    made = frozen.freeze(questions)
    place = frozen.certificate_of(questions)
    if as_json:
        told = {name: getattr(made, name) for name in ("file", "sha256", "questions", "audited", "digest", "role")}
        print_json({**told, "certificate": str(place)})
    else:
        typer.echo(f"{place}: {made.audited:,} questions for audits, SHA-256 {made.sha256}")
