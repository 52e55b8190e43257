"""Read an ontology: the shipped files, with a user's files laid over them. Nothing is ever fetched."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from rdflib import Graph
from rdflib.exceptions import ParserError
from rdflib.plugins.parsers.notation3 import BadSyntax
from rdflib.term import Node

from failwise.errors import OntologyError
from failwise.kg.vocabulary import FW, PREFIXES

FORMATS = {".ttl": "turtle", ".nt": "nt"}


@dataclass(frozen=True)
class Ontology:
    """The triples of an ontology, where each subject was declared, and a digest of all files read."""

    graph: Graph
    files: Mapping[str, Path]
    declared_in: Mapping[Node, str]
    digest: str


def shipped_folder() -> Path:
    """Return the folder of the ontology that comes with failwise."""
    return Path(str(resources.files("failwise.ontology")))


def load_ontology(paths: Iterable[Path] = (), *, shipped: bool = True) -> Ontology:
    """Read files and folders over the shipped ontology.

    A file of a folder replaces the shipped file of the same relative name (assets/pump.ttl) and is added
    otherwise. Later paths win over earlier ones.

    Raises:
        OntologyError: a path is missing or of an unknown format, a file does not parse (the sentence names
            file and line), or nothing was read.
    """
    files: dict[str, Path] = {}
    for path in ([shipped_folder()] if shipped else []) + [Path(p) for p in paths]:
        files.update(_files_of(path))
    if not files:
        raise OntologyError("no ontology file was given; name a .ttl or .nt file, or a folder of them")
    graph, declared_in, digest = _new_graph(), dict[Node, str](), hashlib.sha256()
    for name, path in sorted(files.items()):
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
        part = _parse(path, content)
        declared_in.update(dict.fromkeys(part.subjects(unique=True), name))
        graph += part
    return Ontology(graph, files, declared_in, digest.hexdigest()[:16])


def _files_of(path: Path) -> dict[str, Path]:
    if path.is_dir():
        found = {f.relative_to(path).as_posix(): f for f in path.rglob("*") if f.suffix in FORMATS}
        if not found:
            raise OntologyError(f"{path} holds no ontology file; allowed are {', '.join(FORMATS)}")
        return found
    if not path.exists():
        raise OntologyError(f"{path} does not exist; name a .ttl or .nt file, or a folder of them")
    if path.suffix not in FORMATS:
        raise OntologyError(f"{path} is not an ontology file; allowed are {', '.join(FORMATS)}")
    return {path.name: path}


def _new_graph() -> Graph:
    graph = Graph(bind_namespaces="core")
    for prefix, namespace in PREFIXES.items():
        graph.bind(prefix, namespace)
    return graph


def _parse(path: Path, content: bytes) -> Graph:
    # Parsed from bytes: rdflib then has no address to follow, and it follows no owl:imports of its own.
    graph = Graph(bind_namespaces="none")
    try:
        graph.parse(data=content, format=FORMATS[path.suffix], publicID=str(FW._NS))
    except BadSyntax as error:
        # BadSyntax keeps its pieces as private fields and shows a page of context; one line is enough.
        line, why = error.lines + 1, error._why
        rest: str | bytes = error._str[error._i :]
        text = rest.decode(errors="replace") if isinstance(rest, bytes) else rest
        near = text.partition("\n")[0][:40].strip()
        raise OntologyError(f"{path}, line {line}: not Turtle: {why} near {near!r}") from error
    except (ParserError, ValueError, UnicodeDecodeError) as error:
        line_found = re.search(r"line (\d+)", str(error))
        where = f", line {line_found.group(1)}" if line_found else ""
        raise OntologyError(f"{path}{where}: not {FORMATS[path.suffix]}: {error}") from error
    return graph
