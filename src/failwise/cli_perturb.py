"""`failwise questions perturb`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from failwise.cli_options import AsJson, OntologyPaths, Settings, print_json, print_table

if TYPE_CHECKING:
    from failwise.generation.perturbing.base import Aids
    from failwise.generation.perturbing.perturb import Tally
    from failwise.kg.graph import KnowledgeGraph
    from failwise.kg.load import Ontology


def perturb_questions(
    file: Annotated[Path, typer.Argument(help="Questions: ours, or another set's.")],
    out: Annotated[Path, typer.Option("--out", help="File to write the variants to.")],
    kind: Annotated[
        list[str], typer.Option("--kind", help="What to change; may be given several times.", show_default=False)
    ] = [],  # noqa: B006 (typer wants a list)
    seed: Annotated[int, typer.Option(min=0, help="Another seed gives other variants.")] = 0,
    ontology: OntologyPaths = [],  # noqa: B006
    language: Annotated[str, typer.Option(help="Language to ask in (kind language).")] = "",
    teacher: Annotated[str, typer.Option(help="Who writes paraphrases: openai, or module:Class.")] = "",
    setting: Settings = [],  # noqa: B006
    keep_originals: Annotated[bool, typer.Option("--keep-originals", help="Write the originals too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make variants of questions that ask for the same knowledge in another way, linked to their originals.

    A teacher's model, server and number of attempts are set as for rationales: --set rationales.model=...
    """
    from failwise.files import write_records
    from failwise.generation.formats.question_files import read_questions
    from failwise.generation.perturbing.perturb import Tally, perturb
    from failwise.kg.graph import KnowledgeGraph
    from failwise.kg.load import load_ontology

    _refuse_kinds(kind, language, teacher)
    read = load_ontology(ontology)
    graph = KnowledgeGraph.usable(read)
    questions = read_questions(file, graph)
    spoken = next((q.language for q in questions), graph.language)
    if spoken != graph.language:
        graph = KnowledgeGraph.usable(read, spoken)
    tally = Tally()
    aids = _aids(read, graph, language, teacher, setting)
    made = list(perturb(questions, kind, graph=graph, seed=seed, aids=aids, tally=tally))
    _refuse_nothing(made, tally)
    write_records(out, [*(questions if keep_originals else ()), *made])
    rejects = out.with_name(f"{out.stem}.rejects.jsonl")
    if tally.rejects:
        write_records(rejects, tally.rejects)
    _print(out, kind, tally, as_json)


def _refuse_kinds(kinds: list[str], language: str, teacher: str) -> None:
    from failwise.errors import InputError
    from failwise.generation.perturbing.perturb import PERTURBATIONS, find_perturbation

    if not kinds:
        raise InputError(f"no kind was given; name at least one with --kind: {', '.join(PERTURBATIONS)}")
    for kind in kinds:
        find_perturbation(kind)
        if kind == "language" and not language:
            raise InputError("the kind 'language' needs a language to ask in; name one, such as --language de")
        if kind in ("paraphrase", "complex-perturbed") and not teacher:
            raise InputError(
                f"the kind {kind!r} needs a teacher that writes; name one with --teacher, or take "
                "'other-template' or 'complex-perturbed-template'"
            )


def _aids(ontology: "Ontology", graph: "KnowledgeGraph", language: str, teacher: str, settings: list[str]) -> "Aids":
    from failwise.config import RunConfig, load_config
    from failwise.generation.perturbing.base import Aids
    from failwise.generation.perturbing.paraphrase import find_paraphraser
    from failwise.generation.perturbing.synonyms import Synonyms
    from failwise.kg.graph import KnowledgeGraph

    named = [f"rationales.teacher={teacher}"] if teacher else []
    config = load_config(RunConfig, None, [*settings, *named]).rationales
    return Aids(
        translated=KnowledgeGraph.usable(ontology, language) if language else None,
        synonyms=Synonyms.of(ontology, graph.language),
        teacher=find_paraphraser(config, graph) if teacher else None,
        attempts=config.attempts,
    )


def _refuse_nothing(made: list[Any], tally: "Tally") -> None:
    from failwise.errors import InputError

    if not made:
        reasons = "; ".join(f"{kind}: {reason} ({n:,})" for (kind, reason), n in tally.unmade.most_common(3))
        raise InputError(f"no variant could be made, and nothing was written: {reasons}; choose other kinds")


def _print(out: Path, kinds: list[str], tally: "Tally", as_json: bool) -> None:
    asked = list(dict.fromkeys(kinds))
    why = {kind: {r: n for (k, r), n in tally.unmade.most_common() if k == kind} for kind in asked}
    if as_json:
        rows = [{"kind": k, "made": tally.made[k], "not_made": sum(why[k].values()), "why": why[k]} for k in asked]
        print_json({"file": str(out), "rejects": len(tally.rejects), "kinds": rows})
        return
    table = [
        [k, f"{tally.made[k]:,}", f"{sum(why[k].values()):,}", "; ".join(f"{r} ({n:,})" for r, n in why[k].items())]
        for k in asked
    ]
    print_table(["kind", "made", "not made", "why"], table, f"{out}: {sum(tally.made.values()):,} variants")
