"""Read the documents of a folder. Nothing is fetched or run, nothing outside the folder is opened.

A document that cannot be read gives one finding, and the rest goes on.
"""

import codecs
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b, sha256
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from failwise.errors import InputError
from failwise.kg.evidence.records import Document, Unreadable
from failwise.kg.names import LONGEST, slugify
from failwise.kg.records import Finding

# Bytes of one file, and documents of one folder. What is larger is hardly a text that somebody wrote.
LARGEST_TEXT = 4 * 2**20
LARGEST_PDF = 64 * 2**20
MOST_DOCUMENTS = 20_000

EXTRA = "evidence"
_READERS = {
    ".md": "from_text:from_markdown",
    ".markdown": "from_text:from_markdown",
    ".txt": "from_text:from_plain",
    ".text": "from_text:from_plain",
    ".html": "from_html:from_html",
    ".htm": "from_html:from_html",
    ".xhtml": "from_html:from_html",
    ".pdf": "from_pdf:from_pdf",
}
ALLOWED = ", ".join(_READERS)

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """A file of the folder that may be a document; `name` is its path below the folder, `slug` its part of ids."""

    name: str
    path: Path
    slug: str


def list_documents(folder: Path, findings: list[Finding]) -> list[Found]:
    """Return the documents of a folder and its subfolders, sorted; what is passed over is a finding.

    Raises:
        InputError: there is no such folder, or it holds too many documents.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name one that holds documents ({ALLOWED})")
    paths = {path.relative_to(folder).as_posix(): path for path in _files(folder, findings)}
    names = sorted(name for name, path in paths.items() if _allowed(name, path, folder.resolve(), findings))
    if len(names) > MOST_DOCUMENTS:
        raise InputError(
            f"{folder} holds {len(names):,} documents; allowed are {MOST_DOCUMENTS:,}: index parts of it on their own"
        )
    shared = Counter(slugify(_stem(name)) for name in names)
    return [Found(name, paths[name], _slug(name, shared)) for name in names]


def _files(folder: Path, findings: list[Finding]) -> Iterator[Path]:
    def refused(error: OSError) -> None:
        name = Path(error.filename).relative_to(folder).as_posix()
        findings.append(_finding("WARN", name, "unreadable", f"cannot be opened: {error.strerror}"))

    for root, folders, files in os.walk(folder, onerror=refused):
        for name in [*folders, *files]:
            # A linked folder is not walked into; it is handed on for its finding.
            if not name.startswith(".") and (name in files or Path(root, name).is_symlink()):
                yield Path(root, name)
        folders[:] = [name for name in folders if not name.startswith(".")]


def _allowed(name: str, path: Path, folder: Path, findings: list[Finding]) -> bool:
    if path.is_symlink():
        if not path.resolve().is_relative_to(folder):
            fix = "copy what it points to into the folder"
            findings.append(_finding("WARN", name, "link-outside", "is a link that leads out of the folder", fix=fix))
            return False
        if path.is_dir():
            findings.append(_finding("INFO", name, "linked-folder", "is a link to a folder that is read anyway"))
            return False
    if not path.is_file():
        findings.append(_finding("WARN", name, "no-file", "is not a regular file", fix="remove it from the folder"))
        return False
    if path.suffix.lower() not in _READERS:
        fix = f"save it as one of {ALLOWED}, or leave it"
        findings.append(_finding("INFO", name, "not-a-document", "is not read", path.suffix, fix))
        return False
    return True


def _stem(name: str) -> str:
    return name[: -len(Path(name).suffix)]


def _slug(name: str, shared: Counter[str]) -> str:
    """Return a document's part of ids: of its name without the ending, with a digest where that is not enough."""
    slug = slugify(_stem(name))
    mark = blake2b(name.encode(errors="surrogateescape"), digest_size=4).hexdigest()
    return f"{slug[:60]}-{mark}".lstrip("-") if shared[slug] > 1 or not slug or len(slug) > 80 else slug


def read_content(found: Found) -> bytes:
    """Return the bytes of a document.

    Raises:
        Unreadable: it is empty, too large, or the system refuses it.
    """
    largest = LARGEST_PDF if found.path.suffix.lower() == ".pdf" else LARGEST_TEXT
    try:
        with found.path.open("rb") as stream:
            content = stream.read(largest + 1)
    except OSError as error:
        raise Unreadable("unreadable", f"cannot be opened: {error.strerror}", fix="check who may read it") from error
    if len(content) > largest:
        size = f"{found.path.stat().st_size:,} bytes"
        raise Unreadable("too-large", f"is too large; allowed are {largest:,} bytes", size, "split it into parts")
    if not content.strip():
        raise Unreadable("empty", "is empty", fix="save or download it again, or remove it")
    return content


def digest_of(content: bytes) -> str:
    """Return the digest by which a document's content is known again."""
    return sha256(content).hexdigest()


def parse_document(found: Found, content: bytes, findings: list[Finding]) -> Document | None:
    """Return a document as text, or None where it cannot be read; what is amiss is a finding.

    Raises:
        MissingExtraError: a package that this sort of document needs is not installed.
    """

    def find(level: str, rule: str, message: str, value: str = "", fix: str = "") -> None:
        findings.append(_finding(level, found.name, rule, message, value, fix))

    module, _, function = _READERS[found.path.suffix.lower()].partition(":")
    read: Callable[..., Document] = getattr(import_module(f"failwise.kg.evidence.{module}"), function)
    try:
        document = read(found.name, content, find)
        if not any(any(letter.isalnum() for letter in block.text) for block in document.blocks):
            fix = "a scanned document needs text recognition (OCR) first"
            raise Unreadable("no-text", "holds no text", fix=fix)
    except Unreadable as error:
        findings.append(as_finding(found.name, error))
        return None
    return document


def as_finding(name: str, error: Unreadable) -> Finding:
    """Return why a document cannot be read as a finding about it."""
    return _finding("ERROR", name, error.rule, str(error), error.value, error.fix)


def _finding(level: str, name: str, rule: str, message: str, value: str = "", fix: str = "") -> Finding:
    shown = name.encode(errors="replace").decode()  # a name need not be text
    return Finding(level, shown, f"{shown[:LONGEST]} {message}", value, shown, rule, fix)


def decode(content: bytes, find: Callable[..., None], *, html: bool = False) -> str:
    """Return bytes as text: by their mark, as UTF-8, by what a page declares, and then by what their letters suggest.

    Raises:
        Unreadable: they are not text.
    """
    marked = next((name for bom, name in _BOMS if content.startswith(bom)), "")
    declared = _DECLARED.search(content[:4096]) if html else None
    for encoding in filter(None, (marked, "utf-8", declared and declared[1].decode("ascii", "replace"))):
        try:
            return _checked(content.decode(encoding))
        except (UnicodeError, LookupError):
            continue
    fix = "save it as UTF-8 text"
    if find_spec("charset_normalizer") is None:
        raise Unreadable("encoding", f"is not UTF-8; others are tried with failwise[{EXTRA}]", fix=fix)
    best = import_module("charset_normalizer").from_bytes(content).best()
    if best is None:
        raise Unreadable("encoding", "is not text in any encoding that is known", fix=fix)
    find("INFO", "encoding", f"is not UTF-8; it is read as {best.encoding}", best.encoding, fix)
    return _checked(str(best))


def _checked(text: str) -> str:
    if text.count("\0") > len(text) // 100:
        raise Unreadable("binary", "is not text: it holds NUL characters", fix="save it as UTF-8 text")
    return text.replace("\0", " ")
