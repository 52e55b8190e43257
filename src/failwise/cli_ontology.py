"""`failwise ontology`: check, show, compare, ask and write out. Import and template stand in `cli_import.py`.

A command imports what it needs when it is called, so that `--help` starts at once.
"""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from failwise.cli_options import AsJson, OnlyGiven, OntologyPaths, print_json, print_table, to_plain
from failwise.errors import InputError

if TYPE_CHECKING:
    from failwise.kg.records import Finding

app = typer.Typer(no_args_is_help=True, help="Check, show, compare, extend, ask and export the ontology.")

Paths = Annotated[
    list[Path] | None,
    typer.Argument(help="Files and folders laid over the shipped ontology.", show_default=False),
]
AssetClasses = Annotated[
    list[str] | None, typer.Option("--asset-class", "-a", help="Only this one; may be given several times.")
]

REPORTS = (".html", ".tsv", ".json")


class Level(StrEnum):
    """Levels of a finding, gravest first; never: findings do not fail the command."""

    ERROR = "ERROR"
    WARN = "WARN"
    INFO = "INFO"
    NEVER = "never"


FailOn = Annotated[Level, typer.Option(help="Exit with 1 on findings of this level or graver.")]
Report = Annotated[
    Path | None, typer.Option("--report", help="Write the findings as .html, .tsv or .json.", show_default=False)
]


@app.command()
def check(
    paths: Paths = None,
    no_shipped: OnlyGiven = False,
    fail_on: FailOn = Level.ERROR,
    report: Report = None,
    anew: Annotated[bool, typer.Option("--anew", help="Check everything, not only what changed since.")] = False,
    as_json: AsJson = False,
) -> int:
    """Check an ontology against its shapes; list all findings. Only what changed since the last check is read."""
    from failwise.files import cache_folder
    from failwise.kg.load import ontology_files
    from failwise.kg.recheck import recheck

    check_report(report)
    files = ontology_files(paths or (), shipped=not no_shipped)
    found = recheck(files, cache_folder() / "checks", anew=anew)
    if not found.statements:
        raise InputError("the ontology is empty: its files hold no statement")
    show_findings(found.findings, report, as_json=as_json)
    if not as_json:
        typer.echo(f"{len(files):,} files, {found.statements:,} statements; {found.checked:,} files read")
    return exit_code(found.findings, fail_on)


def show_findings(findings: "list[Finding]", report: Path | None, *, as_json: bool, quiet: bool = False) -> None:
    """Print findings as a table or JSON, unless `quiet`, and write them to a file where one is named.

    Raises:
        InputError: the file's ending names no format.
    """
    from failwise.files import write_json, write_text
    from failwise.kg.findings import LEVELS, as_html, as_table, as_tsv, counts

    check_report(report)
    by_level = {level: sum(f.level == level for f in findings) for level in LEVELS}
    plain = {"findings": findings, "counts": by_level}
    if report is not None:
        writers = {
            ".html": lambda: write_text(report, as_html(findings, "Findings")),
            ".tsv": lambda: write_text(report, as_tsv(findings)),
            ".json": lambda: write_json(report, to_plain(plain)),
        }
        writers[report.suffix]()
    if as_json:
        print_json(plain)
    if as_json or quiet:
        return
    columns, rows = as_table(findings)
    if rows:
        level, file, where, message, fix = (columns.index(n) for n in ("level", "file", "where", *columns[4:6]))
        print_table(
            ["level", "where", "finding"],
            [[r[level], f"{r[file]}\n{r[where]}", r[message] + (f"\n→ {r[fix]}" if r[fix] else "")] for r in rows],
        )
    typer.echo(counts(findings))


def check_report(report: Path | None) -> None:
    """Refuse a findings file whose ending names no format, before any work is done.

    Raises:
        InputError: it does.
    """
    if report is not None and report.suffix not in REPORTS:
        raise InputError(f"--report {report}: unknown format {report.suffix!r}; allowed are {', '.join(REPORTS)}")


def exit_code(findings: "list[Finding]", fail_on: Level) -> int:
    """Return 1 if a finding is of this level or graver."""
    from failwise.kg.findings import failing

    return int(fail_on is not Level.NEVER and failing(findings, fail_on.value))


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
    ontology: OntologyPaths = [],  # noqa: B006 - typer's way
    asset_class: AssetClasses = None,
    no_shipped: OnlyGiven = False,
) -> None:
    """Write the ontology as .ttl .nt .jsonld .rdf, its facts as .csv .tsv .jsonl .graphml, an asset class as .xlsx.

    A name that ends in .bear becomes a folder of probes for lm-pub-quiz.
    """
    from failwise.files import read_json
    from failwise.kg.bear import PROVENANCE
    from failwise.kg.export import PROBES, TRIPLES, export
    from failwise.kg.load import load_ontology

    count = export(load_ontology(ontology, shipped=not no_shipped), path, asset_class or ())
    typer.echo(f"{path}: {count:,} {'statements' if path.suffix in TRIPLES else 'facts'}")
    for reason, left in read_json(path / PROVENANCE)["left_out"].items() if path.suffix == PROBES else ():
        typer.echo(f"left out: {left:,} ({reason})")


@app.command()
def diff(
    before: Annotated[Path, typer.Argument(help="File or folder, laid over the shipped ontology.")],
    after: Annotated[Path, typer.Argument(help="The same, as it is now.")],
    no_shipped: OnlyGiven = False,
    most: Annotated[int, typer.Option(min=0, help="Lines of each list.")] = 20,
    as_json: AsJson = False,
) -> int:
    """Say what changed between two ontologies, as Markdown or JSON; exit with 1 if something did."""
    from failwise.kg.diff import diff
    from failwise.kg.graph import KnowledgeGraph
    from failwise.kg.load import load_ontology

    graphs = [KnowledgeGraph(load_ontology([path], shipped=not no_shipped)) for path in (before, after)]
    found = diff(*graphs)
    if as_json:
        print_json(found.to_json())
    else:
        typer.echo(found.markdown(most), nl=False)
    return int(bool(found))


@app.command()
def impact(
    run: Annotated[Path, typer.Argument(help="Folder of a run.")],
    ontology: Annotated[
        list[Path] | None, typer.Option("--ontology", "-o", help="Instead of the files that the run names.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Say which questions, rationales and students of a run went stale with the ontology; exit with 1 if any did."""
    from failwise.impact import impact
    from failwise.kg.graph import KnowledgeGraph
    from failwise.run_folder import read_config

    config = read_config(run)
    paths = config.ontology.paths if ontology is None else ontology
    language = config.questions.language
    found = impact(run, KnowledgeGraph.load(paths, shipped=config.ontology.shipped, language=language))
    if as_json:
        print_json(found.to_json())
    else:
        typer.echo("\n".join(found.lines()))
    return int(bool(found))


@app.command()
def ask(
    words: Annotated[list[str], typer.Argument(help="Names, each in quotes: pump 'bearing damage' indicatedBy yes")],
    ontology: OntologyPaths = [],  # noqa: B006 - typer's way
    no_shipped: OnlyGiven = False,
    most: Annotated[int, typer.Option(min=0, help="Facts to show.")] = 50,
    as_json: AsJson = False,
) -> int:
    """Show the facts that all of the names fit: asset classes, relations, failure modes, sensors, yes or no."""
    from dataclasses import replace

    from failwise.kg.graph import KnowledgeGraph
    from failwise.kg.query import facts_about
    from failwise.kg.records import Truth

    graph = KnowledgeGraph.load(ontology, shipped=not no_shipped)
    facts = facts_about(graph, words)
    if as_json:
        print_json(facts)
        return int(not facts)
    for fact in facts[:most]:
        known = fact.truth is not Truth.UNKNOWN
        said = graph.statement(fact if known else replace(fact, truth=Truth.YES))
        said = said if known else f"it is not known whether {said}"
        why = " from ".join([fact.basis, ", ".join(fact.derivation)] if fact.derivation else [fact.basis])
        typer.echo(f"{fact.truth:7}  {said[:1].upper()}{said[1:]}.  [{why}; {fact.source or 'no source'}]")
    typer.echo(f"{len(facts):,} facts{f', the first {most} shown' if len(facts) > most else ''}")
    return int(not facts)


@app.command()
def query(
    text: Annotated[str, typer.Argument(help="SPARQL (SELECT, ASK, CONSTRUCT, DESCRIBE), or @file.")],
    ontology: OntologyPaths = [],  # noqa: B006 - typer's way
    no_shipped: OnlyGiven = False,
    most: Annotated[int, typer.Option(min=0, help="Rows to show.")] = 1000,
    as_json: AsJson = False,
) -> None:
    """Ask the ontology in SPARQL, read-only; our prefixes are declared, inferred facts are seen like stated ones."""
    from failwise.files import read_text
    from failwise.kg.graph import KnowledgeGraph
    from failwise.kg.load import load_ontology
    from failwise.kg.query import sparql

    read = load_ontology(ontology, shipped=not no_shipped)
    answer = sparql(read, KnowledgeGraph(read), read_text(Path(text[1:])) if text.startswith("@") else text, most)
    if as_json:
        print_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
    else:
        print_table(list(answer.columns), [list(row) for row in answer.rows])
        typer.echo(f"{len(answer.rows):,} rows")
