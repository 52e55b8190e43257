"""`failwise consensus ask | review | import`: models vote on unknown facts, a person decides."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from failwise.cli_options import AsJson, ConfigFile, OnlyGiven, OntologyPaths, Settings, console, print_json
from failwise.errors import InputError

if TYPE_CHECKING:
    from failwise.generation.consensus.calibration import Calibration
    from failwise.generation.consensus.config import ConsensusConfig
    from failwise.generation.consensus.records import Vote
    from failwise.generation.consensus.voting import Ballot
    from failwise.kg.graph import KnowledgeGraph

CALIBRATION_JSON, CALIBRATION_MARKDOWN = "calibration.json", "calibration.md"

ConsensusFolder = Annotated[Path, typer.Option("--out", help="Folder of votes, proposals and the review.")]


def ask(
    out: ConsensusFolder,
    voter: Annotated[
        list[str],
        typer.Option(help="MODEL, or MODEL@URL of its server; once for each voter.", show_default=False),
    ] = [],  # noqa: B006 (typer wants a list)
    config: ConfigFile = None,
    setting: Settings = [],  # noqa: B006
    ontology: OntologyPaths = [],  # noqa: B006
    no_shipped: OnlyGiven = False,
    hidden: Annotated[
        int | None, typer.Option(help="Ask about so many stated facts too, hidden, to check the voters.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Ask once more where no reply was usable.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how much would be asked; ask nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have models vote on what the ontology leaves unknown; interrupted, the same command goes on."""
    from failwise.generation.consensus.voters import find_voters
    from failwise.generation.consensus.voting import ballots, cast_votes
    from failwise.progress import progress_bar

    settings = _load(config, [*setting, *([f"consensus.hidden={hidden}"] if hidden is not None else [])], voter)
    graph = _graph(ontology, no_shipped)
    todo = ballots(graph, settings, find_voters(settings))
    if not todo:
        raise InputError(
            "there is nothing to vote on: no fact of these asset classes and relations is unknown; "
            "pass --hidden N to check the voters on stated facts"
        )
    if dry_run:
        typer.echo(_estimate(todo, out))
        return
    with progress_bar(console(), "votes", len(todo)) as bar:
        votes = list(cast_votes(todo, settings, out, bar.advance, again=again).values())
    said, table = _conclude(votes, graph, settings, out)
    if as_json:
        print_json(said | ({"calibration": table.to_json()} if table else {}))
        return
    typer.echo(f"{table.markdown() if table else ''}{out}: {', '.join(f'{name} {n:,}' for name, n in said.items())}")
    typer.echo(f"next: tick {out / 'review.csv'}, then: failwise consensus import --out {out}")


def _estimate(todo: "list[Ballot]", out: Path) -> str:
    from failwise.generation.consensus.voting import read_votes

    done = read_votes(out)
    prompts = [b.prompt for b in todo if b.key not in done]
    tokens = sum(len(p.system) + len(p.user) for p in prompts) // 4
    return (
        f"{len(todo):,} votes, {len(prompts):,} of them still to be asked for: about {tokens:,} tokens of prompts, "
        "at 4 characters a token and without retries"
    )


def _conclude(
    votes: "list[Vote]", graph: "KnowledgeGraph", settings: "ConsensusConfig", out: Path
) -> "tuple[dict[str, int], Calibration | None]":
    """Write proposals, review and calibration; return counts, and the calibration where facts were hidden."""
    from failwise.files import write_json, write_text
    from failwise.generation.consensus.calibration import calibrate
    from failwise.generation.consensus.proposals import propose, write_proposals
    from failwise.generation.consensus.review import write_review_of

    said = {"votes": len(votes), "unusable": sum(v.answer is None for v in votes)}
    said |= write_proposals(propose(votes, graph, settings), out)
    said["prompt tokens"] = sum(v.prompt_tokens for v in votes)
    said["completion tokens"] = sum(v.completion_tokens for v in votes)
    write_review_of(out)
    if not any(v.hidden for v in votes):
        return said, None
    table = calibrate(votes, graph, settings)
    write_json(out / CALIBRATION_JSON, table.to_json())
    write_text(out / CALIBRATION_MARKDOWN, table.markdown())
    return said, table


def review(out: ConsensusFolder, as_json: AsJson = False) -> None:
    """Write the review sheet anew, with the ticks it holds, and say how far the review is."""
    from failwise.generation.consensus.review import read_proposals, read_review, write_review_of

    path = write_review_of(out)
    keys = {(p.fact_id, str(p.answer)) for p in read_proposals(out)}
    said = [r.accepted for key, r in read_review(path).items() if key in keys]
    counts = {"proposals": len(keys), "accepted": said.count(True), "refused": said.count(False)}
    counts["undecided"] = len(keys) - counts["accepted"] - counts["refused"]
    if as_json:
        print_json({"review": str(path), **counts})
    else:
        typer.echo(f"{path}: {', '.join(f'{name} {n:,}' for name, n in counts.items())}")


def import_(
    out: ConsensusFolder,
    sheet: Annotated[
        Path | None, typer.Option(help="The review, if it lies elsewhere; .xlsx is read, too.", show_default=False)
    ] = None,
    ontology: OntologyPaths = [],  # noqa: B006
    no_shipped: OnlyGiven = False,
    as_json: AsJson = False,
) -> None:
    """Turn what was accepted into a list of facts for `failwise ontology import`; the ontology stays as it is."""
    from failwise.generation.consensus.review import write_import

    path, counts = write_import(out, _graph(ontology, no_shipped), sheet)
    if as_json:
        print_json({"file": str(path), **counts})
        return
    typer.echo(f"{path}: {', '.join(f'{name} {n:,}' for name, n in counts.items())}")
    laid = "".join(f" -o {folder}" for folder in ontology) + (" --no-shipped" if no_shipped else "")
    typer.echo(f"next: failwise ontology import {path} --out FOLDER{laid}")


def _graph(ontology: list[Path], no_shipped: bool) -> "KnowledgeGraph":
    from failwise.kg.graph import KnowledgeGraph

    return KnowledgeGraph.load(ontology, shipped=not no_shipped)


def _load(config: Path | None, setting: list[str], voters: list[str]) -> "ConsensusConfig":
    from failwise.config import RunConfig, load_config

    named = [{"model": m, "base_url": url} for m, _, url in (v.partition("@") for v in voters)]
    if not all(v["model"] for v in named):
        raise InputError(f"--voter {voters!r}: write MODEL or MODEL@URL, such as qwen3@http://127.0.0.1:8000/v1")
    # JSON is YAML, which settings are written in.
    settings = [*setting, *([f"consensus.voters={json.dumps(named)}"] if named else [])]
    return load_config(RunConfig, config, settings).consensus
