"""The files that a recheck reads: those that changed, and those in which something stands that a judgement reads."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from failwise.kg.check_cache import Cache, File, hash_of
from failwise.kg.load import read_bytes
from failwise.kg.owned import Numbers
from failwise.kg.parse import blank_prefix, parse
from failwise.kg.triples import Triples
from failwise.kg.vocabulary import FW, RDF


class EverythingError(Exception):
    """Everything has to be checked."""


class Parts:
    """The triples of the files that were read; beyond `most` files, everything has to be checked.

    Args:
        files: the files as they are now, by number.
        cache: which of them says what.
        number: the numbers of nodes.
        most: files to read at most.
    """

    def __init__(self, files: Mapping[int, File], cache: Cache, number: Numbers, most: float) -> None:
        self._files, self._cache, self._number, self._most = files, cache, number, most
        self._parts: dict[int, Triples] = {}
        self._pointing: dict[int, dict[int, set[str]]] = {}

    def __len__(self) -> int:
        return len(self._parts)

    def parse(self, file: int, content: bytes) -> Triples:
        """Read a file's content."""
        row = self._files[file]
        part = self._parts[file] = parse(Path(row.path), content, blank=blank_prefix(row.name))
        return part

    def _load(self, files: Iterable[int]) -> None:
        new = [file for file in files if file not in self._parts]
        if len(self._parts) + len(new) > self._most:
            raise EverythingError
        for file in new:
            content = read_bytes(Path(self._files[file].path))
            if hash_of(content) != self._files[file].digest:
                raise EverythingError  # it changed while we were looking
            self.parse(file, content)

    def pointing_to(self, node: int) -> set[str]:
        """Return the subjects that point to a node."""
        named_in = self._cache.named_in(node)
        self._load(named_in)
        return {subject for file in named_in for subject in self._pointing_of(file).get(node, ())}

    def _pointing_of(self, file: int) -> dict[int, set[str]]:
        """Return the subjects of a file by what they point to."""
        found = self._pointing.get(file)
        if found is None:
            found = self._pointing[file] = {}
            for subject, predicate, object_ in self._parts[file]:
                if predicate != RDF.type and isinstance(object_, str):
                    found.setdefault(self._number[object_], set()).add(subject)
        return found

    def has_concept(self, subject: str, concept: int) -> bool:
        """Say whether a file that was read links a subject to a concept."""
        parts = self._parts.values()
        return any(self._number[o] == concept for part in parts for o in part.nodes(subject, FW.concept))

    def slice(self, whole: set[int]) -> Triples:
        """Return a graph in which all is said of some nodes and of what judging them reads, and nothing else."""
        some: set[int] = set()
        loaded: set[int] = set()
        size = (0, 0)
        while size != (len(whole), len(some)):
            size = (len(whole), len(some))
            self._load({file for node in whole - loaded for file in self._cache.first_files(node)})
            self._load({row[2] for node in some - whole - loaded for row in self._cache.said(node)})
            loaded = whole | some
            whole = whole | self._cache.leaning(self._objects(whole, FW.row))
            some |= self._objects(whole) | self._objects(some, FW.concept)
        graph = Triples()
        for file in sorted(self._parts, key=lambda file: self._files[file].place):
            for subject, predicate, object_ in self._parts[file]:
                if self._number[subject] in loaded:
                    graph.add(subject, predicate, object_)
        return graph

    def _objects(self, nodes: set[int], predicate: str = "") -> set[int]:
        number, found = self._number, set[int]()
        for part in self._parts.values():
            for subject in part.subjects():
                if number[subject] in nodes:
                    about = part.about(subject)
                    for objects in [about.get(predicate, {})] if predicate else about.values():
                        found.update(number[o] for o in objects if isinstance(o, str))
        return found
