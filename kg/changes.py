"""One look at changed files: which they are, what depends on them, and judging that again."""

import time
from collections.abc import Mapping
from pathlib import Path

from failwise.kg.changed_files import EverythingError, Parts
from failwise.kg.check_cache import Cache, File, hash_of, look
from failwise.kg.check_rows import Rows, finding_row, rows_of
from failwise.kg.load import read_bytes
from failwise.kg.owned import CIRCLE, Numbers, judge
from failwise.kg.triples import Triples


class Changes:
    """What changed since the cache was written. Nodes, slugs and files are numbers throughout.

    Args:
        files: all files by name, as they are now.
        cache: what was found last time.
        most: files to read at most.
    """

    def __init__(self, files: Mapping[str, Path], cache: Cache, most: float) -> None:
        self.cache, self.number, self.most = cache, Numbers(), most
        self.known = cache.files()
        self.files: dict[int, File] = {}
        self.changed: dict[int, bytes] = {}
        self.gone = [row.id for name, row in self.known.items() if name not in files]
        self.parts = Parts(self.files, cache, self.number, most)
        self._compare(files)

    def note(self) -> None:
        """Bring the cache up to date.

        Raises:
            EverythingError: it takes a check of everything.
        """
        if len(self.changed) + len(self.gone) > self.most:
            raise EverythingError
        if self.changed or self.gone:
            self._update()
        else:
            self._note_files()

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

    def _note_files(self) -> None:
        self.cache.note_files(f for f in self.files.values() if f != self.known.get(f.name))

    def _parse_changed(self) -> dict[int, Rows]:
        found = {}
        for file, content in self.changed.items():
            part = self.parts.parse(file, content)
            found[file] = rows_of(part, file, self.number)
            self.files[file] = self.files[file]._replace(statements=len(part))
        return found

    # --- what depends on them ---

    def _update(self) -> None:
        cache = self.cache
        if cache.has_circle():
            raise EverythingError
        new = self._parse_changed()
        known = {row.id for row in self.known.values()}
        old = {file: cache.told(file) for file in (*self.changed, *self.gone) if file in known}
        around = {row[0] for rows in (*old.values(), *new.values()) for row in rows["said"]}
        everything = cache.everything()
        before = {node: cache.said(node) for node in around}
        keys = cache.keys_of(around)
        cache.replace(old, new)
        self._note_files()
        after = {node: cache.said(node) for node in around}
        touched = {node for node in around if [s[0] for s in before[node]] != [s[0] for s in after[node]]}
        core = {node for node in touched if _cores(before[node]) != _cores(after[node])}
        everything |= cache.everything()
        if not everything.isdisjoint(touched):
            raise EverythingError
        focus, keys = self._affected(touched, core, keys | cache.keys_of(around))
        keys = cache.broader(cache.narrower(keys | cache.keys_with_findings()))
        self._judge_again(focus, keys, self.parts.slice(cache.leaning(keys) | focus | everything))
        cache.name_files(around)

    def _affected(self, touched: set[int], core: set[int], keys: set[int]) -> tuple[set[int], set[int]]:
        """Add the nodes that point to one whose core changed, and their asset classes."""
        focus, seen, rest = set(touched), set(core), list(core)
        while rest:
            node = rest.pop()
            pointing = self.parts.pointing_to(node)
            focus |= {self.number[s] for s in pointing}
            concepts = {self.number[s] for s in pointing if self.parts.has_concept(s, node)} - seen
            seen |= concepts
            rest.extend(concepts)
        return focus, keys | self.cache.keys_of(focus)

    # --- judging again ---

    def _judge_again(self, focus: set[int], keys: set[int], graph: Triples) -> None:
        judged = focus | keys
        nodes = [s for s in graph.subjects() if self.number[s] in focus]
        rows = []
        for owner, found in judge(graph, self.number, nodes):
            if owner == CIRCLE:
                raise EverythingError
            if owner in judged:
                rows.append(finding_row(owner, found, "", self.number))
        self.cache.replace_findings(judged, rows)


def _cores(said: list[tuple[int, ...]]) -> list[int]:
    return list(dict.fromkeys(core for _, core, *_ in said))
