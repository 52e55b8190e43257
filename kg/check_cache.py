"""What `recheck.py` remembers: a SQLite file. Nodes, the slugs of asset classes and files are numbers throughout."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from failwise.kg.check_rows import Rows
from failwise.kg.findings import in_order
from failwise.kg.load import read_bytes
from failwise.kg.owned import CIRCLE
from failwise.kg.records import Finding

_COARSE = 2_000_000_000  # nanoseconds
_PATIENCE = 10.0  # seconds to wait for a process that holds the cache

TABLES = {
    "file": "id INTEGER PRIMARY KEY, name, path, size, modified, changed, digest, place, statements",
    "told": "file INTEGER PRIMARY KEY, rows",  # the file's rows of the five tables below
    "said": "node, said, file, core, PRIMARY KEY (node, said, file)",  # core: all that is said but words
    "refers": "node, file, PRIMARY KEY (node, file)",  # to nodes of which the file says nothing
    "leans": "target, node, file, PRIMARY KEY (target, node, file)",
    "kin": "broad, narrow, file, PRIMARY KEY (broad, narrow, file)",
    "everything": "node, file, PRIMARY KEY (node, file)",  # nodes that everything reads
    "finding": "owner, node, level, iri, message, value, file, rule",
    "made": "key",
}
_INDEXES = {"leans": "node, target", "kin": "narrow, broad", "finding": "owner", "finding ": "node"}

_FIRST = """SELECT said.said, said.core, said.file, min(file.place) FROM said JOIN file ON file.id = said.file
    WHERE said.node = ? GROUP BY said.said ORDER BY 4"""
_FIRST_NAME = "SELECT name FROM said JOIN file ON file.id = said.file WHERE node = ? ORDER BY place LIMIT 1"
_LEAST = "SELECT said, core, file FROM said WHERE node = ? ORDER BY said LIMIT 1"
_GREATEST = "SELECT said FROM said WHERE node = ? ORDER BY said DESC LIMIT 1"
_NAMED_IN = "SELECT file FROM said WHERE node = ?1 UNION SELECT file FROM refers WHERE node = ?1"

# Rows of all tables, on their way into them.
Held = dict[str, list[tuple[Any, ...]]]


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


def nothing_held() -> Held:
    return {table: [] for table in TABLES}


def hold(held: Held, file: int, rows: Rows) -> None:
    """Add what a file tells, by table and once more as a whole."""
    for table, new in rows.items():
        held[table].extend(new)
    held["told"].append((file, json.dumps({table: list(new) for table, new in rows.items()})))


def findings_of(rows: Iterable[tuple[Any, ...]]) -> list[Finding]:
    """Return the findings of the rows of their table, in order."""
    return in_order([Finding(r[2], r[3], r[4], r[5], r[6], r[7]) for r in rows])


class Cache:
    """The tables, within a transaction of their connection."""

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base

    def create(self, held: Held, key: str) -> None:
        """Make all tables anew, in place of those that are there."""
        for table, columns in TABLES.items():
            rowid = "" if "PRIMARY KEY (" not in columns else "WITHOUT ROWID"
            self._base.execute(f"DROP TABLE IF EXISTS {table}")
            self._base.execute(f"CREATE TABLE {table} ({columns}) {rowid}")
            self._insert(table, sorted(held[table]) if rowid else held[table])
        for number, (table, columns) in enumerate(_INDEXES.items()):
            self._base.execute(f"CREATE INDEX by_{number} ON {table} ({columns})")
        self._insert("made", [(key,)])

    def made_with(self, key: str) -> bool:
        """Say whether the cache was made by this code."""
        return self._all("SELECT key FROM made") == [(key,)]

    def _all(self, sql: str, *values: object) -> list[Any]:
        return self._base.execute(sql, values).fetchall()

    def _column(self, sql: str, *values: object) -> set[int]:
        return {row[0] for row in self._base.execute(sql, values)}

    def _insert(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        places = ", ".join("?" * len(_columns_of(table)))
        self._base.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({places})", rows)

    # --- files, and what they tell ---

    def files(self) -> dict[str, File]:
        """Return the files by name."""
        return {row.name: row for row in map(File._make, self._all("SELECT * FROM file"))}

    def note_files(self, files: Iterable[File]) -> None:
        """Note files as they are now."""
        self._insert("file", files)

    def told(self, file: int) -> Rows:
        """Return what a file told when it was read last."""
        told = json.loads(self._all("SELECT rows FROM told WHERE file = ?", file)[0][0])
        return {table: {tuple(row) for row in rows} for table, rows in told.items()}

    def replace(self, old: Mapping[int, Rows], new: Mapping[int, Rows]) -> None:
        """Replace what files told; those that tell nothing new are gone."""
        for told in old.values():
            for table, rows in told.items():
                where = " AND ".join(f"{column} = ?" for column in _columns_of(table))
                self._base.executemany(f"DELETE FROM {table} WHERE {where}", rows)
        gone = [(file,) for file in old if file not in new]
        self._base.executemany("DELETE FROM file WHERE id = ?", gone)
        self._base.executemany("DELETE FROM told WHERE file = ?", gone)
        held = nothing_held()
        for file, telling in new.items():
            hold(held, file, telling)
        for table in held:
            self._insert(table, held[table])

    # --- what depends on what ---

    def everything(self) -> set[int]:
        """Return the nodes that everything reads."""
        return self._column("SELECT node FROM everything")

    def said(self, node: int) -> list[tuple[int, ...]]:
        """Return the different things that files say of a node, in the order they are read, each with a file."""
        some = self._all(_LEAST, node)
        alike = not some or self._all(_GREATEST, node) == [some[0][:1]]
        return some if alike else self._all(_FIRST, node)

    def first_files(self, node: int) -> set[int]:
        """Return the first file for each different thing said of a node."""
        return {row[2] for row in self._all(_FIRST, node)}

    def named_in(self, node: int) -> set[int]:
        """Return the files that name a node."""
        return self._column(_NAMED_IN, node)

    def _reach(self, start: Iterable[int], sql: str) -> set[int]:
        seen = set(start)
        rest = list(seen)
        while rest:
            new = self._column(sql, rest.pop()) - seen
            seen |= new
            rest.extend(new)
        return seen

    def keys_of(self, nodes: Iterable[int]) -> set[int]:
        """Return the asset classes that nodes are members of."""
        return {n for n in self._reach(nodes, "SELECT target FROM leans WHERE node = ?") if n < 0}

    def leaning(self, start: Iterable[int]) -> set[int]:
        """Return the nodes that lean on asset classes or nodes, and those nodes."""
        return {n for n in self._reach(start, "SELECT node FROM leans WHERE target = ?") if n >= 0}

    def narrower(self, keys: Iterable[int]) -> set[int]:
        """Return asset classes with all that are narrower."""
        return self._reach(keys, "SELECT narrow FROM kin WHERE broad = ?")

    def broader(self, keys: Iterable[int]) -> set[int]:
        """Return asset classes with all that are broader."""
        return self._reach(keys, "SELECT broad FROM kin WHERE narrow = ?")

    # --- findings ---

    def findings(self) -> list[Finding]:
        """Return all findings, in order."""
        return findings_of(self._all("SELECT * FROM finding"))

    def has_circle(self) -> bool:
        """Say whether asset classes are kinds of each other in a circle."""
        return bool(self._all("SELECT 1 FROM finding WHERE owner = ? LIMIT 1", CIRCLE))

    def keys_with_findings(self) -> set[int]:
        """Return the asset classes that have findings about facts."""
        return self._column("SELECT owner FROM finding WHERE owner < 0")

    def replace_findings(self, owners: Iterable[int], rows: list[tuple[Any, ...]]) -> None:
        """Replace the findings of some owners."""
        self._base.executemany("DELETE FROM finding WHERE owner = ?", ((owner,) for owner in owners))
        self._insert("finding", rows)
        self.name_files(row[1] for row in rows)

    def name_files(self, nodes: Iterable[int]) -> None:
        """Note beside the findings on some nodes the first file that says something of each."""
        for node in set(nodes):
            if self._all("SELECT 1 FROM finding WHERE node = ? LIMIT 1", node):
                file = next((row[0] for row in self._all(_FIRST_NAME, node)), "")
                self._base.execute("UPDATE finding SET file = ? WHERE node = ?", (file, node))


def _columns_of(table: str) -> list[str]:
    return TABLES[table].partition(", PRIMARY KEY (")[0].split(", ")
