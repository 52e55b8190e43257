"""Read an ontology: the shipped files, with a user's files laid over them. Nothing is ever fetched."""

import gc
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from failwise.errors import OntologyError
from failwise.kg.parse import ALLOWED, FORMATS, Terms, blank_prefix, parse
from failwise.kg.triples import Triples

_NOTHING: Mapping[str, bytes | None] = {}


@dataclass(frozen=True)
class Ontology:
    """The triples of an ontology, its files, where each subject was declared, and a digest of all files read."""

    graph: Triples
    files: Mapping[str, Path]
    declared_in: Mapping[str, str]
    digest: str


def shipped_folder() -> Path:
    """Return the folder of the ontology that comes with failwise."""
    return Path(str(resources.files("failwise.ontology")))


def load_ontology(
    paths: Iterable[Path] = (), *, shipped: bool = True, instead: Mapping[str, bytes | None] = _NOTHING
) -> Ontology:
    """Read files and folders over the shipped ontology.

    A file of a folder replaces the shipped file of the same relative name (assets/pump.ttl) and is added
    otherwise. Later paths win over earlier ones. `instead` gives contents to read in place of files by name,
    whether these exist or not; None leaves the file out.

    Raises:
        OntologyError: a path is missing or of an unknown format, a file does not parse (the sentence names
            file and line), or nothing was read.
    """
    files = ontology_files(paths, shipped=shipped)
    files = dict(sorted({**files, **{name: Path(name) for name in instead if name not in files}}.items()))
    graph, terms, declared_in, digest = Triples(), Terms(), dict[str, str](), hashlib.sha256()
    with paused_collector():
        for name, path in files.items():
            content = instead.get(name, b"") if name in instead else read_bytes(path)
            if content is None:
                continue
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
            parse(path, content, graph, blank_prefix(name), terms)
            declared_in.update(dict.fromkeys(graph.subjects(len(declared_in)), name))
    return Ontology(graph, files, declared_in, digest.hexdigest()[:16])


def ontology_files(paths: Iterable[Path] = (), *, shipped: bool = True) -> dict[str, Path]:
    """Return the files that `load_ontology` reads, by the name they go by, sorted.

    Raises:
        OntologyError: a path is missing or of an unknown format, or there is none.
    """
    files: dict[str, Path] = {}
    for path in ([shipped_folder()] if shipped else []) + [Path(p) for p in paths]:
        files.update(_files_of(path))
    if not files:
        raise OntologyError(f"no ontology file was given; name one ({ALLOWED}), or a folder of them")
    return dict(sorted(files.items()))


def _files_of(path: Path) -> dict[str, Path]:
    if path.is_dir():
        found = {f.relative_to(path).as_posix(): f for f in path.rglob("*") if f.suffix.lower() in FORMATS}
        if not found:
            raise OntologyError(f"{path} holds no ontology file; allowed are {ALLOWED}")
        return found
    if not path.exists():
        raise OntologyError(f"{path} does not exist; name an ontology file ({ALLOWED}), or a folder of them")
    if path.suffix.lower() not in FORMATS:
        raise OntologyError(f"{path} is not an ontology file; allowed are {ALLOWED}")
    return {path.name: path}


def read_bytes(path: Path) -> bytes:
    """Read a file of the ontology.

    Raises:
        OntologyError: the system refuses it.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise OntologyError(f"cannot read {path}: {error.strerror}") from error


@contextmanager
def paused_collector() -> Iterator[None]:
    """Keep Python from looking for garbage while millions of small things are made that all stay."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
