"""Tables become asset classes in Turtle: one file per asset class, the same bytes every time.

Three tables are understood, by their header:

    asset_class, failure_mode, sensor, relevant    a matrix: 1 relevant, 0 not relevant, empty unknown
    asset_class, sensor                            the parameters monitored on an asset class
    asset_class, failure_mode                      the failure modes listed for an asset class

In the lists a blank cannot be seen, so a name that the source lists for other asset classes only is read as
*not listed*: no. Where such a name shares a word with a listed one (bearing wear, bearing damage) the two may be
one thing, and the pair is left unknown.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rdflib import URIRef

from failwise.errors import InputError
from failwise.files import write_text
from failwise.kg.asset_file import AssetFile
from failwise.kg.load import Ontology
from failwise.kg.names import did_you_mean, slugify
from failwise.kg.vocabulary import FW

MATRIX = ("asset_class", "failure_mode", "sensor", "relevant")
SENSORS = ("asset_class", "sensor")
MODES = ("asset_class", "failure_mode")
_TRUTHS = {"1": True, "0": False, "": None}

_LISTED = (
    "The source lists what applies to this asset class; a name that it lists for other asset classes only is read as "
    "a no. A name that shares a word with a listed one is left unknown."
)
_JUDGED = "Every pair is judged by the source as relevant or not relevant; not relevant is a no."
_PARTLY_JUDGED = "Pairs that the source leaves empty are unknown; a no is stated pair by pair."

# Words that do not tell which part or quantity is meant, so that sharing one does not make two names alike.
_GENERIC = frozenset(
    re.findall(
        r"\w+",
        "and condition damage damaged defects demand failure fault faults loss medium output problem problems process "
        "supply system unequal utility with",
    )
)


@dataclass
class Table:
    """One source's rows, by asset class label: (failure mode, sensor, truth)."""

    path: Path
    source: URIRef
    header: tuple[str, ...]
    rows: dict[str, list[tuple[str, str, bool | None]]] = field(default_factory=dict)

    def listed(self, column: int, asset: str | None = None) -> set[str]:
        """Return the failure modes (column 0) or sensors (column 1) of one asset class, or of all."""
        rows = (row for a, rows in self.rows.items() if asset in (None, a) for row in rows)
        return {row[0] if column == 0 else row[1] for row in rows}


def import_tables(paths: Iterable[Path], ontology: Ontology, folder: Path) -> list[Path]:
    """Write `folder`/<asset class>.ttl for every asset class of the tables; return the files.

    Tables that describe the same asset class complete one file. A source with a fw:suffix keeps its own view
    of a class that another table describes too, under the label with the suffix.

    Raises:
        InputError: a table cannot be read (the sentence names the line); nothing is written then.
    """
    tables = [read_table(path, ontology) for path in sorted(paths, key=lambda p: p.name)]
    suffixes = {t.source: str(ontology.graph.value(t.source, FW.suffix) or "") for t in tables}
    described = {asset for t in tables if not suffixes[t.source] for asset in t.rows}
    spelling = _spellings(tables)
    files: dict[str, AssetFile] = {}
    for table in tables:
        for asset in table.rows:
            suffix = suffixes[table.source]
            label = f"{asset} {suffix}" if suffix and asset in described else asset
            _fill(files.setdefault(label, AssetFile(label, spelling)), table, asset)
    return [_write(files[label], ontology, folder) for label in sorted(files)]


def _fill(file: AssetFile, table: Table, asset: str) -> None:
    file.add_source(table.source)
    if table.header == SENSORS:
        listed = table.listed(1, asset)
        file.add_sensors(listed, _not_listed(listed, table.listed(1)), table.source, _LISTED)
        return
    listed = table.listed(0, asset)
    file.add_failure_modes(listed, _not_listed(listed, table.listed(0)), table.source, _LISTED)
    if table.header == MATRIX:
        cells = {(mode, sensor): truth for mode, sensor, truth in table.rows[asset] if truth is not None}
        complete = len(cells) == len(listed) * len(table.listed(1, asset))
        file.add_indications(cells, complete, table.source, _JUDGED if complete else _PARTLY_JUDGED)


def _not_listed(listed: set[str], pool: set[str]) -> set[str]:
    """Return the names of the pool that are safely something else than any listed name."""
    taken = set().union(*map(_words, listed))
    return {name for name in pool - listed if not _words(name) & taken}


def _words(name: str) -> set[str]:
    return {w for w in re.findall(r"[a-z]{3,}", name.lower()) if w not in _GENERIC}


def _spellings(tables: Iterable[Table]) -> dict[str, str]:
    """Choose one spelling per id: the shortest, then the first in the alphabet."""
    names = {name for t in tables for rows in t.rows.values() for row in rows for name in row[:2]}
    return {slugify(name): name for name in sorted(names, key=lambda n: (len(n), n), reverse=True)}


def _write(file: AssetFile, ontology: Ontology, folder: Path) -> Path:
    path = folder / f"{file.slug}.ttl"
    write_text(path, file.turtle(ontology))
    return path


def read_table(path: Path, ontology: Ontology) -> Table:
    """Read one CSV file and find its source in the ontology by file name.

    Raises:
        InputError: the header is none of the three, a cell is wrong, or no source names the file.
    """
    sources = {str(o): URIRef(str(s)) for s, o in ontology.graph.subject_objects(FW.file)}
    if path.name not in sources:
        raise InputError(
            f"no source is declared for the file name {path.name!r}{did_you_mean(path.name, sources)}; "
            f'declare one in a .ttl file (fw:file "{path.name}") and pass that file with --ontology'
        )
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            table = _read_rows(path, sources[path.name], csv.reader(stream, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read {path}: {error}") from error
    if not table.rows:
        raise InputError(f"{path} holds no row below its header; nothing can be imported from it")
    return table


def _read_rows(path: Path, source: URIRef, lines: Iterable[list[str]]) -> Table:
    table: Table | None = None
    for number, cells in enumerate(lines, 1):
        cells = [cell.strip() for cell in cells]
        if table is None:
            table = Table(path, source, _header(path, tuple(cells)))
        elif any(cells):
            _add_row(table, cells, f"{path}, line {number}")
    if table is None:
        raise InputError(f"{path} is empty; its first line must be one of the headers that are understood")
    return table


def _header(path: Path, header: tuple[str, ...]) -> tuple[str, ...]:
    if header in (MATRIX, SENSORS, MODES):
        return header
    allowed = " or ".join(",".join(h) for h in (MATRIX, SENSORS, MODES))
    raise InputError(f"{path}: the header is {','.join(header)!r}; allowed is {allowed}")


def _add_row(table: Table, cells: list[str], where: str) -> None:
    if len(cells) != len(table.header):
        raise InputError(f"{where}: {len(cells)} cells, but the header has {len(table.header)}")
    row = dict(zip(table.header, cells, strict=True))
    relevant = row.pop("relevant", "1")
    for column, name in row.items():
        if not slugify(name):
            raise InputError(f"{where}: {column} is {name!r}; a name with letters or digits is needed")
    if relevant not in _TRUTHS:
        raise InputError(f"{where}: relevant is {relevant!r}; allowed are 1, 0 and empty (unknown)")
    entry = (row.get("failure_mode", ""), row.get("sensor", ""), _TRUTHS[relevant])
    table.rows.setdefault(row["asset_class"], []).append(entry)
