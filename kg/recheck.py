"""Check an ontology again after a few of its files changed, without loading the others.

`recheck` finds what `check(load_ontology(...))` finds. What it found last time stands in a SQLite file, each finding
with its *owner*: the node whose shape is broken, or the asset class (by slug, as fact ids have it) whose facts are
at odds. When files change, only owners whose findings could differ are judged again, over those files alone in which
something stands that the judgement reads.

What a judgement reads:

1. The shapes of a node read all that is said of it, the classes of what it points to, and rdfs:subClassOf.
2. The facts of an asset class read all that is said of its *members*: the class itself and what leans on it (things
   with fw:ofAssetClass, tables and stated noes with fw:assetClass, and stated noes and citations about any of these).
   Of what members point to they read everything but words, along fw:concept to its end; of rows of a table, all.
3. What is inherited comes from the broader asset classes, and theirs.
4. Labels stand in messages alone, so they matter only to asset classes that have findings.
5. Relations with the lists of their chains, question families and rdfs:subClassOf are read by everything.
6. The order of statements decides which of two comes first, and a finding names the first file of its node.

Hence, after a change, these are judged again:

- nodes of which other things are said than before, and what points to them where more than words changed;
- asset classes with a member in a changed file, or one that points to such a node (along fw:concept too); all that
  are narrower, then all that are broader than these; and all that had findings about facts;
- everything, where 5. changed, where asset classes are kinds of each other in a circle, or where more than a third
  of the files would have to be read.

Of a node that many files speak of, one file is read for each different thing said of it: the first, so that the
order stays. A file whose size and times are as they were is not read; one that changed within two seconds of being
read is, since the clock of a file system is coarse. A cache made by other code, or a broken one, is thrown away.
Where the cache cannot be used at all, everything is checked.
"""

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pyoxigraph

from failwise import __version__
from failwise.kg.check_cache import (
    INDEXES,
    TABLES,
    File,
    Rows,
    columns_of,
    connect,
    finding_row,
    hash_of,
    insert,
    look,
    rows_of,
)
from failwise.kg.findings import in_order
from failwise.kg.load import paused_collector, read_bytes, shipped_folder
from failwise.kg.owned import CIRCLE, Numbers, judge
from failwise.kg.parse import Terms, blank_prefix, parse
from failwise.kg.records import Finding
from failwise.kg.triples import Triples
from failwise.kg.vocabulary import FW, RDF

# The share of the files from which on everything is checked.
LARGEST_SHARE = 1 / 3

MOST_CACHES = 20


@dataclass(frozen=True, slots=True)
class Recheck:
    """What was found, the statements in all files, and how many files were read or taken from the cache.

    A statement that several files repeat counts in each.
    """

    findings: list[Finding]
    statements: int
    checked: int
    reused: int


def recheck(files: Mapping[str, Path], cache: Path, *, anew: bool = False) -> Recheck:
    """Return all findings on the files that `ontology_files` returned, as `check` does.

    Args:
        files: the files by name.
        cache: the folder where what was found is kept.
        anew: check everything, whatever the cache holds.

    Raises:
        OntologyError: a file cannot be read or does not parse.
    """
    path = cache / f"ontology-{_roots(files)}.sqlite"
    found = None
    try:
        if path.exists() and not anew:
            found = _from_cache(files, path)
    except (sqlite3.Error, UnicodeError) as error:
        if not isinstance(error, sqlite3.OperationalError):
            _remove(path)  # it is no database, or a broken one
    return found or _anew(files, path)


def _roots(files: Mapping[str, Path]) -> str:
    roots = {str(path).removesuffix(name) for name, path in files.items()}
    return blake2b("\0".join(sorted(map(os.path.realpath, roots))).encode(), digest_size=8).hexdigest()


def _key() -> str:
    """Return a digest of everything but the ontology that findings depend on."""
    digest = blake2b(f"{__version__} {pyoxigraph.__version__}".encode(), digest_size=16)
    for path in [*sorted(Path(__file__).parent.glob("*.py")), shipped_folder() / "shapes.ttl"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _prune(folder: Path) -> None:
    """Keep the caches of the folders that were checked last."""
    caches = sorted(folder.glob("ontology-*.sqlite"), key=lambda p: p.stat().st_mtime_ns, reverse=True)
    for old in caches[MOST_CACHES:]:
        _remove(old)


# --- everything ---


def _anew(files: Mapping[str, Path], path: Path) -> Recheck:
    """Check everything and make a new cache."""
    number, graph, terms, first_file, now = Numbers(), Triples(), Terms(), dict[str, str](), time.time_ns()
    held: dict[str, list[tuple[Any, ...]]] = {table: [] for table in TABLES}
    with paused_collector():
        for place, (name, source) in enumerate(files.items()):
            looked, content = look(source, now), read_bytes(source)
            part = parse(source, content, blank=blank_prefix(name), terms=terms)
            rows = rows_of(part, place, number)
            held["file"].append(File(place, name, str(source), *looked, hash_of(content), place, len(part)))
            _hold(held, place, rows)
            for triple in part:
                graph.add(*triple)
            first_file.update(dict.fromkeys(graph.subjects(len(first_file)), name))
    for owner, found in judge(graph, number):
        held["finding"].append(finding_row(owner, found, first_file.get(found.node, ""), number))
    # The findings are as good without a cache: on a full disk, in a folder that may not be written to.
    with suppress(sqlite3.Error, UnicodeError, OSError):
        _save(held, path)
        _prune(path.parent)
    statements = sum(row[-1] for row in held["file"])
    return Recheck(_findings(held["finding"]), statements, len(files), 0)


def _hold(held: dict[str, list[tuple[Any, ...]]], file: int, rows: Rows) -> None:
    for table, new in rows.items():
        held[table].extend(new)
    held["told"].append((file, json.dumps({table: list(new) for table, new in rows.items()})))


def _findings(rows: Iterable[tuple[Any, ...]]) -> list[Finding]:
    return in_order([Finding(r[2], r[3], r[4], r[5], r[6], r[7]) for r in rows])


def _save(held: dict[str, list[tuple[Any, ...]]], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(connect(path)) as base:
        base.execute("BEGIN IMMEDIATE")
        for table, columns in TABLES.items():
            rowid = "" if "PRIMARY KEY (" not in columns else "WITHOUT ROWID"
            base.execute(f"DROP TABLE IF EXISTS {table}")
            base.execute(f"CREATE TABLE {table} ({columns}) {rowid}")
            insert(base, table, sorted(held[table]) if rowid else held[table])
        for number, (table, columns) in enumerate(INDEXES.items()):
            base.execute(f"CREATE INDEX by_{number} ON {table} ({columns})")
        base.execute("INSERT INTO made VALUES (?)", (_key(),))
        base.execute("COMMIT")


# --- what changed ---


class _EverythingError(Exception):
    """Everything has to be checked."""


def _from_cache(files: Mapping[str, Path], path: Path) -> Recheck | None:
    """Check what changed and note it; return None where everything has to be checked."""
    with closing(connect(path)) as base:  # closing without a commit takes everything back
        # Nobody else may write meanwhile: a second process waits and then finds the work done.
        base.execute("BEGIN IMMEDIATE")
        if base.execute("SELECT key FROM made").fetchall() != [(_key(),)]:
            return None
        try:
            found = _Changes(files, base).recheck()
        except _EverythingError:
            return None
        base.execute("COMMIT")
        return found


_FIRST = """SELECT said.said, said.core, said.file, min(file.place) FROM said JOIN file ON file.id = said.file
    WHERE said.node = ? GROUP BY said.said ORDER BY 4"""
_FIRST_NAME = "SELECT name FROM said JOIN file ON file.id = said.file WHERE node = ? ORDER BY place LIMIT 1"
_LEAST = "SELECT said, core, file FROM said WHERE node = ? ORDER BY said LIMIT 1"
_GREATEST = "SELECT said FROM said WHERE node = ? ORDER BY said DESC LIMIT 1"
_NAMED_IN = "SELECT file FROM said WHERE node = ?1 UNION SELECT file FROM refers WHERE node = ?1"


def _cores(said: list[tuple[int, ...]]) -> list[int]:
    return list(dict.fromkeys(core for _, core, *_ in said))


class _Changes:
    """One look at changed files. Nodes, slugs and files are numbers throughout."""

    def __init__(self, files: Mapping[str, Path], base: sqlite3.Connection) -> None:
        self.base, self.number = base, Numbers()
        self.known = {row.name: row for row in map(File._make, self._all("SELECT * FROM file"))}
        self.files: dict[int, File] = {}
        self.parts: dict[int, Triples] = {}
        self.changed: dict[int, bytes] = {}
        self.gone = [row.id for name, row in self.known.items() if name not in files]
        self.most = len(files) * LARGEST_SHARE
        self._compare(files)
        self._pointing: dict[int, dict[int, set[str]]] = {}
        self._found: dict[int, set[int]] = {}

    def recheck(self) -> Recheck:
        """Bring the cache up to date and return what it holds."""
        if self.changed or self.gone:
            if len(self.changed) + len(self.gone) > self.most:
                raise _EverythingError
            self._update()
        else:
            insert(self.base, "file", (f for f in self.files.values() if f != self.known[f.name]))
        statements = sum(f.statements for f in self.files.values())
        findings = _findings(self._all("SELECT * FROM finding"))
        return Recheck(findings, statements, len(self.parts), len(self.files) - len(self.parts))

    def _all(self, sql: str, *values: object) -> list[Any]:
        return self.base.execute(sql, values).fetchall()

    def _column(self, sql: str, *values: object) -> set[int]:
        return {row[0] for row in self.base.execute(sql, values)}

    # --- which files ---

    def _compare(self, files: Mapping[str, Path]) -> None:
        now, new = time.time_ns(), max((row.id for row in self.known.values()), default=-1) + 1
        for place, (name, path) in enumerate(files.items()):
            old, looked = self.known.get(name), look(path, now)
            same = old is not None and looked[1] and (str(path), *looked) == old[2:6]
            content = b"" if same else read_bytes(path)
            digest = old.digest if old is not None and same else hash_of(content)
            if old is None or digest != old.digest:
                file = new if old is None else old.id
                new += old is None
                self.changed[file] = content or read_bytes(path)
                self.files[file] = File(file, name, str(path), *looked, digest, place, 0)
            else:
                self.files[old.id] = File(old.id, name, str(path), *looked, digest, place, old.statements)

    def _update(self) -> None:
        if self._all("SELECT 1 FROM finding WHERE owner = ? LIMIT 1", CIRCLE):
            raise _EverythingError
        new = self._parse_changed()
        old = {file: self._told(file) for file in (*self.changed, *self.gone) if file not in new or self._old(file)}
        around = {row[0] for rows in (*old.values(), *new.values()) for row in rows["said"]}
        everything = self._column("SELECT node FROM everything")
        before = {node: self._said(node) for node in around}
        keys = self._keys_of(around)
        self._write(old, new)
        after = {node: self._said(node) for node in around}
        touched = {node for node in around if [s[0] for s in before[node]] != [s[0] for s in after[node]]}
        core = {node for node in touched if _cores(before[node]) != _cores(after[node])}
        everything |= self._column("SELECT node FROM everything")
        if not everything.isdisjoint(touched):
            raise _EverythingError
        focus, keys = self._affected(touched, core, keys | self._keys_of(around))
        keys |= self._column("SELECT owner FROM finding WHERE owner < 0")
        keys = self._broader(self._narrower(keys))
        self._judge_again(focus, keys, self._slice(self._leaning(keys) | focus | everything))
        self._name_files(around)

    def _old(self, file: int) -> bool:
        return any(row.id == file for row in self.known.values())

    def _parse_changed(self) -> dict[int, Rows]:
        found = {}
        for file, content in self.changed.items():
            row = self.files[file]
            part = self.parts[file] = parse(Path(row.path), content, blank=blank_prefix(row.name))
            found[file] = rows_of(part, file, self.number)
            self.files[file] = row._replace(statements=len(part))
        return found

    def _told(self, file: int) -> Rows:
        told = json.loads(self._all("SELECT rows FROM told WHERE file = ?", file)[0][0])
        return {table: {tuple(row) for row in rows} for table, rows in told.items()}

    def _write(self, old: Mapping[int, Rows], new: Mapping[int, Rows]) -> None:
        """Replace what the changed files told, and note all files as they are now."""
        for told in old.values():
            for table, gone in told.items():
                columns = columns_of(table)
                where = " AND ".join(f"{column} = ?" for column in columns)
                self.base.executemany(f"DELETE FROM {table} WHERE {where}", gone)
        self.base.executemany("DELETE FROM file WHERE id = ?", ((file,) for file in self.gone))
        self.base.executemany("DELETE FROM told WHERE file = ?", ((file,) for file in self.gone))
        held: dict[str, list[tuple[Any, ...]]] = {table: [] for table in TABLES}
        for file, rows in new.items():
            _hold(held, file, rows)
        held["file"] = [f for f in self.files.values() if f != self.known.get(f.name)]
        for table in held:
            insert(self.base, table, held[table])

    # --- what depends on what ---

    def _said(self, node: int) -> list[tuple[int, ...]]:
        """Return the different things that files say of a node, in the order they are read, each with a file."""
        some = self._all(_LEAST, node)
        alike = not some or self._all(_GREATEST, node) == [some[0][:1]]
        return some if alike else self._all(_FIRST, node)

    def _reach(self, start: Iterable[int], sql: str) -> set[int]:
        seen = set(start)
        rest = list(seen)
        while rest:
            new = self._column(sql, rest.pop()) - seen
            seen |= new
            rest.extend(new)
        return seen

    def _keys_of(self, nodes: Iterable[int]) -> set[int]:
        """Return the asset classes that nodes are members of."""
        return {n for n in self._reach(nodes, "SELECT target FROM leans WHERE node = ?") if n < 0}

    def _leaning(self, start: Iterable[int]) -> set[int]:
        """Return the nodes that lean on asset classes or nodes, and those nodes."""
        return {n for n in self._reach(start, "SELECT node FROM leans WHERE target = ?") if n >= 0}

    def _narrower(self, keys: Iterable[int]) -> set[int]:
        return self._reach(keys, "SELECT narrow FROM kin WHERE broad = ?")

    def _broader(self, keys: Iterable[int]) -> set[int]:
        return self._reach(keys, "SELECT broad FROM kin WHERE narrow = ?")

    def _affected(self, touched: set[int], core: set[int], keys: set[int]) -> tuple[set[int], set[int]]:
        """Add the nodes that point to one whose core changed, and their asset classes."""
        focus, seen, rest = set(touched), set(core), list(core)
        while rest:
            node = rest.pop()
            named_in = self._column(_NAMED_IN, node)
            self._load(named_in)
            pointing = {s for file in named_in for s in self._pointing_of(file).get(node, ())}
            focus |= {self.number[s] for s in pointing}
            concepts = {self.number[s] for s in pointing if self._has_concept(s, node)} - seen
            seen |= concepts
            rest.extend(concepts)
        return focus, keys | self._keys_of(focus)

    def _pointing_of(self, file: int) -> dict[int, set[str]]:
        """Return the subjects of a file by what they point to."""
        found = self._pointing.get(file)
        if found is None:
            found = self._pointing[file] = {}
            for subject, predicate, object_ in self.parts[file]:
                if predicate != RDF.type and isinstance(object_, str):
                    found.setdefault(self.number[object_], set()).add(subject)
        return found

    def _has_concept(self, subject: str, concept: int) -> bool:
        return any(self.number[o] == concept for part in self.parts.values() for o in part.nodes(subject, FW.concept))

    # --- judging again ---

    def _load(self, files: Iterable[int]) -> None:
        new = [file for file in files if file not in self.parts]
        if len(self.parts) + len(new) > self.most:
            raise _EverythingError
        for file in new:
            row = self.files[file]
            content = read_bytes(Path(row.path))
            if hash_of(content) != row.digest:
                raise _EverythingError  # it changed while we were looking
            self.parts[file] = parse(Path(row.path), content, blank=blank_prefix(row.name))

    def _slice(self, whole: set[int]) -> Triples:
        """Return a graph in which all is said of some nodes and of what judging them reads, and nothing else."""
        some: set[int] = set()
        loaded: set[int] = set()
        size = (0, 0)
        while size != (len(whole), len(some)):
            size = (len(whole), len(some))
            self._load({row[2] for node in whole - loaded for row in self._all(_FIRST, node)})
            self._load({row[2] for node in some - whole - loaded for row in self._said(node)})
            loaded = whole | some
            whole = whole | self._leaning(self._objects(whole, FW.row))
            some |= self._objects(whole) | self._objects(some, FW.concept)
        graph = Triples()
        for file in sorted(self.parts, key=lambda file: self.files[file].place):
            for subject, predicate, object_ in self.parts[file]:
                if self.number[subject] in loaded:
                    graph.add(subject, predicate, object_)
        return graph

    def _objects(self, nodes: set[int], predicate: str = "") -> set[int]:
        number, found = self.number, set[int]()
        for part in self.parts.values():
            for subject in part.subjects():
                if number[subject] in nodes:
                    about = part.about(subject)
                    for objects in [about.get(predicate, {})] if predicate else about.values():
                        found.update(number[o] for o in objects if isinstance(o, str))
        return found

    def _judge_again(self, focus: set[int], keys: set[int], graph: Triples) -> None:
        judged = focus | keys
        nodes = [s for s in graph.subjects() if self.number[s] in focus]
        rows = []
        for owner, found in judge(graph, self.number, nodes):
            if owner == CIRCLE:
                raise _EverythingError
            if owner in judged:
                rows.append(finding_row(owner, found, "", self.number))
        self.base.executemany("DELETE FROM finding WHERE owner = ?", ((owner,) for owner in judged))
        insert(self.base, "finding", rows)
        self._name_files(row[1] for row in rows)

    def _name_files(self, nodes: Iterable[int]) -> None:
        """Note beside the findings on some nodes the first file that says something of each."""
        for node in set(nodes):
            if self._all("SELECT 1 FROM finding WHERE node = ? LIMIT 1", node):
                file = next((row[0] for row in self._all(_FIRST_NAME, node)), "")
                self.base.execute("UPDATE finding SET file = ? WHERE node = ?", (file, node))
