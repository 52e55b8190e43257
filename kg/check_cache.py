"""What `recheck.py` remembers of each file: tables of a SQLite file, and what one file tells."""

import sqlite3
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from failwise.kg.load import read_bytes
from failwise.kg.owned import Numbers, digest_of
from failwise.kg.records import Finding
from failwise.kg.triples import Triples
from failwise.kg.vocabulary import DCTERMS, FW, OWL, RDF, RDFS, SKOS

_SOURCES = (DCTERMS.source, DCTERMS.license, DCTERMS.subject, DCTERMS.bibliographicCitation)
_WORDS = frozenset((RDFS.label, RDFS.comment, SKOS.altLabel, SKOS.notation, FW.reading, *_SOURCES))
_LEANS = (FW.ofAssetClass, FW.assetClass, OWL.sourceIndividual, OWL.annotatedSource)
_GENERAL = frozenset((RDFS.subClassOf, RDF.first, RDF.rest, OWL.inverseOf))  # classes, and chains of relations
_COARSE = 2_000_000_000  # nanoseconds
_PATIENCE = 10.0  # seconds to wait for a process that holds the cache

TABLES = {
    "file": "id INTEGER PRIMARY KEY, name, path, size, modified, changed, digest, place, statements",
    "told": "file INTEGER PRIMARY KEY, rows",  # the file's rows of the four tables below
    "said": "node, said, file, core, PRIMARY KEY (node, said, file)",  # core: all that is said but words
    "refers": "node, file, PRIMARY KEY (node, file)",  # to nodes of which the file says nothing
    "leans": "target, node, file, PRIMARY KEY (target, node, file)",
    "kin": "broad, narrow, file, PRIMARY KEY (broad, narrow, file)",
    "everything": "node, file, PRIMARY KEY (node, file)",  # nodes that everything reads
    "finding": "owner, node, level, iri, message, value, file, rule",
    "made": "key",
}
INDEXES = {"leans": "node, target", "kin": "narrow, broad", "finding": "owner", "finding ": "node"}
TOLD = ("said", "refers", "leans", "kin", "everything")

Rows = dict[str, set[tuple[int, ...]]]


class File(NamedTuple):
    """A row of the table file."""

    id: int
    name: str
    path: str
    size: int
    modified: int
    changed: int
    digest: bytes
    place: int
    statements: int


def rows_of(part: Triples, file: int, number: Numbers) -> Rows:
    """Return what one file tells."""
    rows: Rows = {table: set() for table in TOLD}
    subjects = {number[s] for s in part.subjects()}
    for subject in part.subjects():
        about, node = part.about(subject), number[subject]
        core = {p: objects for p, objects in about.items() if p not in _WORDS}
        rows["said"].add((node, digest_of(f"{subject}{about}"), file, digest_of(f"{subject}{core}")))
        pointed = [o for p, objects in about.items() if p != RDF.type for o in objects if isinstance(o, str)]
        rows["refers"].update((n, file) for o in pointed if (n := number[o]) not in subjects)
        types = about.get(RDF.type, {})
        if not _GENERAL.isdisjoint(about) or FW.Relation in types or FW.QuestionFamily in types:
            rows["everything"].add((node, file))
        assets = {subject} if FW.AssetClass in types else set()
        for predicate in _LEANS:
            if predicate in about:
                targets = part.nodes(subject, predicate)
                rows["leans"].update((number[t], node, file) for t in targets)
                assets.update(targets)
        for broader in part.nodes(subject, FW.kindOf) if FW.kindOf in about else ():
            assets |= {subject, broader}
            pairs = ((b, n) for b in number.keys_of(broader) for n in number.keys_of(subject))
            rows["kin"].update((b, n, file) for b, n in pairs)
        rows["leans"].update((key, number[asset], file) for asset in assets for key in number.keys_of(asset))
    return rows


def finding_row(owner: int, finding: Finding, file: str, number: Numbers) -> tuple[Any, ...]:
    node = number[finding.node]
    return owner, node, finding.level, finding.node, finding.message, finding.value, file, finding.rule


def look(path: Path, now: int) -> tuple[int, int, int]:
    """Return size and times of a file; no times where it changed so lately that it could change unseen."""
    try:
        stat = path.stat()
    except OSError:
        return len(read_bytes(path)), 0, 0
    lately = max(stat.st_mtime_ns, stat.st_ctime_ns) > now - _COARSE
    return stat.st_size, 0 if lately else stat.st_mtime_ns, 0 if lately else stat.st_ctime_ns


def hash_of(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)


def insert(base: sqlite3.Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    places = ", ".join("?" * len(columns_of(table)))
    base.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({places})", rows)


def columns_of(table: str) -> list[str]:
    return TABLES[table].partition(", PRIMARY KEY (")[0].split(", ")
