"""`failwise questions check`: the balance certificate of any question file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from failwise.cli_options import AsJson, OnlyGiven, OntologyPaths, console, print_json

if TYPE_CHECKING:
    from failwise.generation.balance.certificate import BalanceCertificate
    from failwise.generation.planning.cells import Plan

CERTIFICATE = "certificate"


def check(
    questions_file: Annotated[Path, typer.Argument(metavar="FILE", help="Questions: ours, or FailureSensorIQ's.")],
    ontology: OntologyPaths = [],  # noqa: B006 (typer wants a list)
    no_shipped: OnlyGiven = False,
    plan: Annotated[
        Path | None, typer.Option(help="The plan it was made to; its targets are compared.", show_default=False)
    ] = None,
    margin: Annotated[float, typer.Option(help="Allowed excess of a guesser over chance, as a share.")] = 0.05,
    beside: Annotated[
        Path | None, typer.Option(help="Another set, such as FailureSensorIQ's, to show beside.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the certificate: JSON, Markdown, PNG.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show how a set is balanced and what guessing is worth on it; exit with 1 if it is refused.

    A set that is too small for a verdict says so, and exits with 0.
    """
    from failwise.generation.balance.certificate import beside as side_by_side
    from failwise.generation.balance.certificate import certify
    from failwise.generation.balance.verdict import REFUSED
    from failwise.generation.formats.question_files import read_questions
    from failwise.kg.graph import KnowledgeGraph

    graph = KnowledgeGraph.load(ontology, shipped=not no_shipped)
    questions = read_questions(questions_file, graph)
    certificate = certify(questions, graph, _plan(plan, graph.digest), margin=margin)
    found: dict[str, Any] = certificate.to_json()
    text = certificate.markdown()
    if beside is not None:
        taught = [q for q in questions if q.split == "train"]
        other = certify(read_questions(beside, graph), graph, margin=margin, training=taught)
        found["beside"] = {beside.name: other.to_json()}
        first, second = _names(questions_file, beside)
        text += f"\n## Beside {second}\n\n" + side_by_side({first: certificate, second: other})
    if out is not None:
        _write(out, certificate, found, text)
    if as_json:
        print_json(found)
    else:
        typer.echo(text.rstrip())
    if certificate.verdict == REFUSED:
        raise typer.Exit(1)


def _plan(path: Path | None, ontology: str) -> "Plan | None":
    from failwise.generation.planning.files import read_plan

    plan = read_plan(path) if path else None
    if plan and plan.ontology not in ("", ontology):
        console().print(f"the plan was made for the ontology {plan.ontology}, and this one is {ontology}", markup=False)
    return plan


def _names(one: Path, other: Path) -> tuple[str, str]:
    """Return names for two files that differ: theirs, or with their folders."""
    return (one.name, other.name) if one.name != other.name else (str(one), str(other))


def _write(out: Path, certificate: "BalanceCertificate", found: dict[str, Any], text: str) -> None:
    """Write the certificate; the picture is left out where nothing is installed to draw it."""
    from failwise.errors import MissingExtraError
    from failwise.files import write_json, write_text
    from failwise.generation.balance.picture import draw_certificate

    write_json(out / f"{CERTIFICATE}.json", found)
    write_text(out / f"{CERTIFICATE}.md", text)
    try:
        draw_certificate(certificate, out / f"{CERTIFICATE}.png")
    except MissingExtraError as error:
        console().print(f"without a picture: {error}", markup=False)
