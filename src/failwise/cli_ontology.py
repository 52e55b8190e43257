"""`failwise ontology`: check, show, write out and import.

A command imports what it needs when it is called, so that `--help` starts at once.
"""

from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from failwise.cli_options import AsJson, OnlyGiven, print_json, print_table
from failwise.errors import InputError

app = typer.Typer(no_args_is_help=True, help="Check, show, export and import the ontology.")

Paths = Annotated[
    list[Path] | None,
    typer.Argument(help="Files and folders laid over the shipped ontology.", show_default=False),
]


class Level(StrEnum):
    """Levels of a finding, gravest first; never: findings do not fail the command."""

    ERROR = "ERROR"
    WARN = "WARN"
    INFO = "INFO"
    NEVER = "never"


@app.command()
def check(
    paths: Paths = None,
    no_shipped: OnlyGiven = False,
    fail_on: Annotated[Level, typer.Option(help="Exit with 1 on findings of this level or graver.")] = Level.ERROR,
    as_json: AsJson = False,
) -> int:
    """Check an ontology against its shapes; list all findings."""
    from failwise.kg.check import LEVELS, check
    from failwise.kg.load import load_ontology

    ontology = load_ontology(paths or (), shipped=not no_shipped)
    if not ontology.graph:
        raise InputError("the ontology is empty: its files hold no statement")
    findings = check(ontology)
    counts = Counter(f.level for f in findings)
    if as_json:
        print_json({"findings": findings, "counts": {level: counts[level] for level in LEVELS}})
    else:
        if findings:
            rows = [[f.level, f.file, f.node, f.value, f.message] for f in findings]
            print_table(["level", "file", "what", "value", "finding"], rows)
        said = ", ".join(f"{counts[level]} {level}" for level in LEVELS)
        typer.echo(f"{len(ontology.files)} files, {len(ontology.graph):,} statements: {said}")
    failing = [] if fail_on is Level.NEVER else LEVELS[: LEVELS.index(fail_on.value) + 1]
    return 1 if any(counts[level] for level in failing) else 0


@app.command()
def stats(paths: Paths = None, no_shipped: OnlyGiven = False, as_json: AsJson = False) -> None:
    """Count facts by asset class and relation, and name the best connected failure modes and sensors."""
    from failwise.kg.graph import KnowledgeGraph
    from failwise.kg.stats import best_connected, count_tables

    graph = KnowledgeGraph.load(paths or (), shipped=not no_shipped)
    tables, connected = count_tables(graph), best_connected(graph)
    if as_json:
        print_json({"ontology": graph.digest, "tables": tables, "best_connected": connected})
        return
    rows = [[t.asset_class, t.relation, *(f"{n:,}" for n in (t.yes, t.no, t.unknown))] for t in tables]
    print_table(["asset class", "relation", "yes", "no", "unknown"], rows)
    print_table(["best connected", "yes facts"], [[c.label, str(c.degree)] for c in connected])
    typer.echo(f"{len(graph.asset_classes)} asset classes, {len(graph.facts):,} facts, ontology {graph.digest}")


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="File to write; its ending says the format.")],
    ontology: Annotated[list[Path] | None, typer.Option("--ontology", "-o", help="Laid over the shipped one.")] = None,
    no_shipped: OnlyGiven = False,
) -> None:
    """Write the whole ontology as .ttl .nt .jsonld .rdf, or its facts as .csv .jsonl .graphml."""
    from failwise.kg.export import export

    count = export(ontology or (), path, shipped=not no_shipped)
    typer.echo(f"{path}: {count:,} {'statements' if path.suffix in ('.ttl', '.nt', '.jsonld', '.rdf') else 'facts'}")


@app.command("import")
def import_(
    tables: Annotated[list[Path], typer.Argument(help="CSV files: a relevance matrix or lists (see the README).")],
    out: Annotated[Path, typer.Option("--out", help="Folder for one .ttl file per asset class.")],
    ontology: Annotated[list[Path] | None, typer.Option("--ontology", "-o", help="Declares your sources.")] = None,
) -> None:
    """Turn tables into asset classes, one .ttl file each; the same tables give the same bytes."""
    from failwise.kg.load import load_ontology
    from failwise.kg.tables import import_tables

    written = import_tables(tables, load_ontology(ontology or ()), out)
    typer.echo(f"{len(written)} asset classes written to {out}; check them with: failwise ontology check {out}")
