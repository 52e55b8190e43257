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

`changes.py` walks this way, over the files that `changed_files.py` reads; `check_cache.py` holds the tables, and
`check_rows.py` makes their rows.
"""

import os
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import pyoxigraph

from failwise import __version__
from failwise.kg.changed_files import EverythingError
from failwise.kg.changes import Changes
from failwise.kg.check_cache import Cache, File, Held, connect, findings_of, hash_of, hold, look, nothing_held
from failwise.kg.check_rows import finding_row, rows_of
from failwise.kg.load import paused_collector, read_bytes, shipped_folder
from failwise.kg.owned import Numbers, judge
from failwise.kg.parse import Terms, blank_prefix, parse
from failwise.kg.records import Finding
from failwise.kg.triples import Triples

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
    held = nothing_held()
    with paused_collector():
        for place, (name, source) in enumerate(files.items()):
            looked, content = look(source, now), read_bytes(source)
            part = parse(source, content, blank=blank_prefix(name), terms=terms)
            held["file"].append(File(place, name, str(source), *looked, hash_of(content), place, len(part)))
            hold(held, place, rows_of(part, place, number))
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
    return Recheck(findings_of(held["finding"]), statements, len(files), 0)


def _save(held: Held, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(connect(path)) as base:
        base.execute("BEGIN IMMEDIATE")
        Cache(base).create(held, _key())
        base.execute("COMMIT")


# --- what changed ---


def _from_cache(files: Mapping[str, Path], path: Path) -> Recheck | None:
    """Check what changed and note it; return None where everything has to be checked."""
    with closing(connect(path)) as base:  # closing without a commit takes everything back
        # Nobody else may write meanwhile: a second process waits and then finds the work done.
        base.execute("BEGIN IMMEDIATE")
        cache = Cache(base)
        if not cache.made_with(_key()):
            return None
        try:
            changes = Changes(files, cache, len(files) * LARGEST_SHARE)
            changes.note()
        except EverythingError:
            return None
        statements, read = sum(f.statements for f in changes.files.values()), len(changes.parts)
        found = Recheck(cache.findings(), statements, read, len(files) - read)
        base.execute("COMMIT")
        return found
