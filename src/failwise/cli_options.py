"""Options that several commands share, and how they print."""

import json
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from failwise.evaluation.records import Accuracy

ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", help="YAML file with one section per stage.", show_default=False)
]
Settings = Annotated[
    list[str], typer.Option("--set", help="key=value, over the file; may be given several times.", show_default=False)
]
OntologyPaths = Annotated[
    list[Path],
    typer.Option("--ontology", "-o", help="File or folder laid over the shipped ontology.", show_default=False),
]
OnlyGiven = Annotated[bool, typer.Option("--no-shipped", help="Leave the shipped ontology out.")]
Out = Annotated[Path, typer.Option("--out", help="Folder to write to.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Redo = Annotated[bool, typer.Option("--redo", help="Set work from other settings aside and do it again.")]
Seed = Annotated[int | None, typer.Option(help="Over the file's seed.", show_default=False)]


def ontology_settings(paths: list[Path]) -> list[str]:
    """Return the files of the command line as a setting."""
    return [f"ontology.paths=[{', '.join(repr(str(p)) for p in paths)}]"] if paths else []


def say_counts(path: Path, as_json: bool) -> None:
    """Print what the manifest beside a finished file counts."""
    from failwise.files import read_json
    from failwise.manifest import MANIFEST

    manifest: dict[str, Any] = read_json(path.parent / MANIFEST)
    if as_json:
        print_json(manifest)
    else:
        typer.echo(f"{path}: {', '.join(f'{k} {v:,}' for k, v in manifest['counts'].items())}")


def console() -> Console:
    """Return the console for what a person reads; results go to standard output, progress here."""
    return Console(stderr=True, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print a value, a record or a list of records as JSON."""
    typer.echo(json.dumps(to_plain(value), ensure_ascii=False, indent=2))


def print_table(columns: list[str], rows: list[list[str]], title: str = "") -> None:
    """Print a table; columns whose cells are numbers are set to the right."""
    table = Table(title=title or None, title_justify="left")
    for number, column in enumerate(columns):
        numeric = all(
            row[number].lstrip("-").replace(".", "").replace(",", "").isdigit() for row in rows if row[number]
        )
        table.add_column(column, justify="right" if numeric and rows else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console().print(table, markup=False)


def percent(row: Accuracy) -> list[str]:
    """Return a row's accuracy and interval in percent."""
    return [f"{100 * value:.1f}" for value in (row.accuracy, row.low, row.high)]


def to_plain(value: Any) -> Any:
    """Return records, and lists and mappings of them, as plain values."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, list | tuple):
        return [to_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: to_plain(v) for k, v in value.items()}
    return value
