"""PDF as blocks with their pages, read by pypdf. Only text is taken; nothing in the file is run or unpacked."""

import logging
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from typing import Any

from failwise.errors import MissingExtraError
from failwise.kg.evidence.documents import EXTRA
from failwise.kg.evidence.from_text import paragraphs, tidy
from failwise.kg.evidence.records import Block, Document, Front, Unreadable
from failwise.kg.names import LONGEST

MOST_PAGES = 3_000
MOST_LETTERS = 20_000_000

_SAVE = "open it in a viewer and print it to a new PDF"


def from_pdf(file: str, content: bytes, find: Callable[..., None]) -> Document:
    """Read the text of a PDF, page by page; a page that cannot be read is a finding.

    Raises:
        MissingExtraError: pypdf is not installed.
        Unreadable: the file is encrypted, broken or too long.
    """
    if find_spec("pypdf") is None:
        raise MissingExtraError("reading PDF", "pypdf", EXTRA)
    pypdf = import_module("pypdf")
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what is amiss is a finding, told once
    reader, pages = _opened(pypdf, content)
    blocks: list[Block] = []
    letters = 0
    for number in range(1, pages + 1):
        found = _page(reader, number, find)
        letters += len(found)
        if letters > MOST_LETTERS:
            raise Unreadable("too-large", f"holds too much text; allowed are {MOST_LETTERS:,} letters", fix="split it")
        blocks.extend(paragraphs(found, number))
    return Document(file, _front(reader), tuple(blocks))


def _opened(pypdf: Any, content: bytes) -> tuple[Any, int]:
    try:
        reader = pypdf.PdfReader(BytesIO(content), strict=False)
        encrypted = reader.is_encrypted
        pages = 0 if encrypted else len(reader.pages)
    # A broken file makes pypdf raise nearly anything: KeyError, RecursionError, AttributeError, its own.
    except Exception as error:
        shown = tidy(str(error))[:LONGEST]
        raise Unreadable("broken", "is not a PDF that can be read", shown, _SAVE) from error
    if encrypted:
        raise Unreadable("encrypted", "is encrypted", fix="save it without a password, if you may")
    if pages > MOST_PAGES:
        raise Unreadable("too-large", f"has too many pages; allowed are {MOST_PAGES:,}", f"{pages:,}", "split it")
    return reader, pages


def _page(reader: Any, number: int, find: Callable[..., None]) -> str:
    try:
        text: str = reader.pages[number - 1].extract_text()
    except Exception as error:  # as above: one broken page is no reason to lose the others
        find("WARN", "broken-page", f"has a page {number} that cannot be read", tidy(str(error))[:LONGEST], _SAVE)
        return ""
    return text.encode(errors="replace").decode().replace("\0", " ")


def _front(reader: Any) -> Front:
    try:
        known = reader.metadata or {}
        title, author = (tidy(str(known.get(name) or "")[:LONGEST]) for name in ("/Title", "/Author"))
    except Exception:  # as above; a document without a title is none the worse
        return Front()
    return Front(title, "", author)
