"""Read one file of triples: Turtle, N-Triples, JSON-LD or RDF/XML. Nothing that it points to is fetched.

pyoxigraph reads; it has no loader for remote contexts and follows no owl:imports, so a document cannot make it
open an address. XML entities it would expand: what is more than an abbreviation is refused first.
"""

import re
import sys
from codecs import BOM_UTF8
from collections.abc import Iterable
from pathlib import PurePath

import pyoxigraph as ox

from failwise.errors import OntologyError
from failwise.files import content_id
from failwise.kg.triples import Literal, Term, Triples
from failwise.kg.vocabulary import PREFIXES, RDF

FORMATS = {
    ".ttl": ox.RdfFormat.TURTLE,
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".jsonld": ox.RdfFormat.JSON_LD,
    ".rdf": ox.RdfFormat.RDF_XML,
    ".owl": ox.RdfFormat.RDF_XML,
}
ALLOWED = ", ".join(FORMATS)

_DOCTYPE = re.compile(rb"<!DOCTYPE[^\[>]*(\[.*?\]\s*)?>", re.DOTALL)
# An entity that points elsewhere, holds others, or is so long that repeating it fills the memory.
_ENTITY = re.compile(rb"<!ENTITY\s+(%\s+)?\S+\s+(SYSTEM|PUBLIC|\"([^\"]*[&%]|[^\"]{1001})|'([^']*[&%]|[^']{1001}))")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_ESCAPED = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}


def parse(
    path: PurePath, content: bytes, into: Triples | None = None, blank: str = "", terms: "Terms | None" = None
) -> Triples:
    """Read the triples of a file's content.

    Args:
        path: for its ending, which says the format, and for messages.
        into: where the triples are added; a new index otherwise.
        blank: keeps the blank nodes of this file apart from those of others; `blank_prefix` gives one.
        terms: those of files that were read before; most files use the same ones.

    Raises:
        OntologyError: it does not parse; the sentence names file and line.
    """
    triples, kind = Triples() if into is None else into, FORMATS[path.suffix.lower()]
    if kind is ox.RdfFormat.RDF_XML:
        _refuse_entities(path, content)
    try:
        quads: Iterable[ox.Quad] = ox.parse(input=content.removeprefix(BOM_UTF8), format=kind, base_iri=PREFIXES["fw"])
        if kind is ox.RdfFormat.JSON_LD:  # an @graph with an @id is a named graph: a fourth term
            quads = (ox.Quad(q.subject, q.predicate, q.object) for q in quads)
        # From Rust to Python as one text of N-Quads: three times as fast as an object for every term.
        lines = (ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b"").decode()
    except SyntaxError as error:
        where = f", line {error.lineno}" if error.lineno else ""
        raise OntologyError(f"{path}{where}: not {kind.name}: {_reason(str(error.msg))}") from error
    terms = Terms() if terms is None else terms
    terms.begin(path, blank)
    triples.add_lines(lines.split(" .\n"), terms)
    return triples


def blank_prefix(name: str) -> str:
    """Return what the blank nodes of a file of the ontology start with, wherever it stands among the others."""
    return f"{content_id(name)}."


class Terms(dict[str, Term]):
    """Terms by how N-Quads writes them; each is read once."""

    def __init__(self) -> None:
        self._path, self._blank = PurePath(), ""
        self._blanks: list[str] = []

    def begin(self, path: PurePath, blank: str) -> None:
        """Forget the blank nodes of the file before."""
        for text in self._blanks:
            del self[text]
        self._path, self._blank, self._blanks = path, blank, []

    def __missing__(self, text: str) -> Term:
        term = self[text] = self._read(text)
        return term

    def _read(self, text: str) -> Term:
        if text.startswith("<<"):
            raise OntologyError(
                f"{self._path}: a statement about a statement is not supported in this form; use owl:Axiom"
            )
        if text.startswith("<"):
            return sys.intern(text[1:-1])
        if text.startswith("_:"):
            # By their order in the file: an unnamed one has another name each time the file is read.
            self._blanks.append(text)
            return f"_:{self._blank}b{len(self._blanks)}"
        value, _, tail = text[1:].rpartition('"')
        value = _ESCAPE.sub(_unescaped, value) if "\\" in value else value
        if tail.startswith("@"):
            return Literal(value, tail[1:], RDF.langString)
        return Literal(value, "", tail[3:-1]) if tail else Literal(value)


def _unescaped(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2]
    return chr(int(code, 16)) if code else _ESCAPED.get(escape[3], escape[3])


def _reason(message: str) -> str:
    """Keep what is wrong; the line was named already."""
    if "LoadDocumentCallback" in message:
        return "it names a remote context, and nothing is fetched; write the context into the file"
    message = re.sub(r"^Parser error at line \d+ (column|between columns) [\d and]+: ", "", message)
    return f"{message}; save it as UTF-8" if "utf-8" in message.lower() else message


def _refuse_entities(path: PurePath, content: bytes) -> None:
    """Let abbreviations of addresses pass, as ontology editors write them; refuse what grows or points elsewhere."""
    head = content[:65536]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise OntologyError(f"{path}: RDF/XML is read in UTF-8 only; save it in that encoding")
    doctype = _DOCTYPE.search(content)
    if b"<!ENTITY" in content and (doctype is None or _ENTITY.search(doctype.group())):
        raise OntologyError(
            f"{path}: it declares XML entities that point elsewhere, hold others or are longer than 1,000 characters; "
            "these are not expanded. Write the text itself, or save the file as Turtle"
        )
    if doctype is not None and re.search(rb"<!DOCTYPE\s+\S+\s+(SYSTEM|PUBLIC)", head):
        raise OntologyError(f"{path}: its DOCTYPE points to another document, which is not fetched; remove the DOCTYPE")
