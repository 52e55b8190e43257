"""`failwise questions probes`: how many questions a claim about a student takes."""

from typing import Annotated

import typer

from failwise.cli_options import AsJson, OnlyGiven, OntologyPaths, console, print_json, print_table


def probes(
    share: Annotated[float, typer.Argument(help="What is to be shown: the least share of the facts that are known.")],
    asset_class: Annotated[
        list[str], typer.Option(help="Facts of these asset classes; all where none is named.", show_default=False)
    ] = [],  # noqa: B006 (typer wants a list)
    relation: Annotated[
        list[str], typer.Option(help="And of these relations; all where none is named.", show_default=False)
    ] = [],  # noqa: B006
    confidence: Annotated[float, typer.Option(help="How probable it must be after the audit.")] = 0.95,
    expected: Annotated[float, typer.Option(help="The share that the student is thought to know.")] = 0.98,
    power: Annotated[float, typer.Option(help="In what share of such audits the claim is to come out.")] = 0.8,
    options: Annotated[int, typer.Option(help="Options of a question.")] = 4,
    ontology: OntologyPaths = [],  # noqa: B006
    no_shipped: OnlyGiven = False,
    as_json: AsJson = False,
) -> None:
    """Say how many questions of how many facts show that a student knows so many of them; exit with 1 if none do.

    Students that know what is expected are simulated and audited: "0.9 --asset-class pump" asks what it takes to show
    that 90 % of the pump's facts are known.
    """
    from dataclasses import asdict

    from failwise.evaluation.coverage.planner import Claim, most_audits, plan_probes
    from failwise.kg.graph import KnowledgeGraph
    from failwise.kg.records import Truth
    from failwise.progress import progress_bar

    claim = Claim(share, confidence, expected, power)
    graph = KnowledgeGraph.load(ontology, shipped=not no_shipped)
    classes: list[str | None] = [*asset_class] or [None]
    relations: list[str | None] = [*relation] or [None]
    found = (fact for a in classes for r in relations for fact in graph.query(a, r))
    facts = {fact.id: fact for fact in found if fact.truth is not Truth.UNKNOWN}
    groups = [(f.asset_class.slug, f.relation, f.truth) for f in facts.values()]
    with progress_bar(console(), "simulating audits", most_audits()) as bar:
        designs = plan_probes(groups, options, claim, lambda: bar.advance(1))
    if as_json:
        print_json({"facts": len(facts), "designs": [{**asdict(d), "questions": d.questions} for d in designs]})
    elif designs:
        rows = [[f"{d.facts:,}", str(d.probes), f"{d.questions:,}", f"{100 * d.success:.0f}"] for d in designs]
        print_table(["facts asked", "questions of each", "questions", "comes out, %"], rows)
        typer.echo(
            f"To show that {share:.0%} of {len(facts):,} facts are known, at {confidence:.0%}, by a student that knows "
            f"{expected:.0%}: {designs[0].questions:,} questions."
        )
    if not designs:
        if not as_json:
            typer.echo("No number of questions that was tried is enough; claim less, or ask with more options.")
        raise typer.Exit(1)
