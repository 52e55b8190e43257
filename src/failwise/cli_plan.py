"""`failwise questions plan`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from failwise.cli_options import (
    AsJson,
    ConfigFile,
    OntologyPaths,
    Settings,
    console,
    ontology_settings,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from failwise.generation.drawing.trial import Trial
    from failwise.generation.planning.cells import Plan
    from failwise.generation.planning.config import PlanConfig
    from failwise.kg.graph import KnowledgeGraph

_ROWS = 60  # of one dimension that are printed; of more, those furthest from their target

PlanFile = Annotated[Path, typer.Option("--out", help="File to write the plan to, such as plan.json.")]
Budget = Annotated[int | None, typer.Option("--budget", help="Questions in all.", show_default=False)]
PerFact = Annotated[int | None, typer.Option("--per-fact", help="Questions per fact.", show_default=False)]
Holes = Annotated[
    Path | None, typer.Option("--holes", help="JSON Lines of facts to ask about, from an audit.", show_default=False)
]


def plan_questions(
    out: PlanFile,
    budget: Budget = None,
    per_fact: PerFact = None,
    holes: Holes = None,
    config: ConfigFile = None,
    setting: Settings = [],  # noqa: B006 (typer wants a list)
    ontology: OntologyPaths = [],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Turn a budget into quotas, within what the ontology can give, and say what cannot be met."""
    from failwise.config import RunConfig, load_config
    from failwise.generation.drawing.supply import supplies
    from failwise.generation.drawing.trial import plan_tried
    from failwise.generation.planning.files import hole_sides, read_holes, write_plan
    from failwise.generation.planning.planner import make_plan
    from failwise.question_set import refuse_wordless
    from failwise.run_folder import Run

    whole = load_config(RunConfig, config, [*setting, *_totals(budget, per_fact), *ontology_settings(ontology)])
    run = Run(whole)
    graph = run.graph
    refuse_wordless(run.ontology, graph)
    settings = whole.plan
    _refuse_unknown(settings, graph)
    wanted = read_holes(holes, graph) if holes else ()
    given, sides = supplies(graph, whole.questions, wanted), hole_sides(wanted, graph)
    plan, trial = plan_tried(
        graph, whole.questions, given, lambda s: make_plan(s, settings, graph.digest, sides), settings.tries
    )
    write_plan(out, plan)
    _say(out, plan, trial, as_json)


def _totals(budget: int | None, per_fact: int | None) -> list[str]:
    """Return the totals of the command line as settings; one of them unsets the other of a file."""
    if budget is None and per_fact is None:
        return []
    values = {"budget": budget, "per_fact": per_fact}
    return [f"plan.{key}={'null' if value is None else value}" for key, value in values.items()]


def _refuse_unknown(config: "PlanConfig", graph: "KnowledgeGraph") -> None:
    from failwise.errors import InputError
    from failwise.generation.planning.config import ACROSS
    from failwise.kg.names import did_you_mean

    known = {"relation": [*graph.relations], "asset_class": [*graph.asset_classes, ACROSS]}
    for dimension, names in known.items():
        target = getattr(config, dimension)
        for name in target if isinstance(target, dict) else ():
            if name not in names:
                raise InputError(f"plan.{dimension}: the ontology has no {name!r}{did_you_mean(name, names)}")


def _say(out: Path, plan: "Plan", trial: "Trial | None", as_json: bool) -> None:
    from failwise.generation.planning.config import LABELS
    from failwise.generation.planning.planner import compare

    rows = compare(plan)
    if as_json:
        shares = [{"dimension": r.dimension, "value": r.value, "target": r.target, "planned": r.planned,
                   "questions": r.questions} for r in rows]  # fmt: skip
        tried = {"questions": trial.questions.total(), "lacking": trial.short.total()} if trial else None
        print_json({"plan": str(out), "questions": plan.questions, "shares": shares, "unmet": plan.unmet,
                    "trial": tried})  # fmt: skip
        return
    for dimension in dict.fromkeys(r.dimension for r in rows):
        own = [r for r in rows if r.dimension == dimension]
        shown = own if len(own) <= _ROWS else sorted(own, key=lambda r: -abs(r.planned - r.target))[:_ROWS]
        table = [[r.value, f"{100 * r.target:.2f}", f"{100 * r.planned:.2f}", f"{100 * (r.planned - r.target):.2f}",
                  f"{r.questions:,}"] for r in shown]  # fmt: skip
        print_table([LABELS.get(dimension, dimension), "target %", "planned %", "deviation", "questions"], table)
        if len(shown) < len(own):
            typer.echo(f"and {len(own) - len(shown):,} values more, nearer to their targets")
    for sentence in plan.unmet:
        console().print(f"not met: {sentence}", markup=False, highlight=False)
    typer.echo(f"{out}: {plan.questions:,} questions in {len(plan.quotas):,} cells")
    if trial:
        lacking = trial.short.total()
        typer.echo(
            f"tried out: {trial.questions.total():,} questions drawn, {lacking:,} lacking in {len(trial.short):,} cells"
        )
