"""HTML as blocks, read by libxml2. Scripts, styles, frames and what is hidden are left out; nothing is fetched."""

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec

from failwise.errors import MissingExtraError
from failwise.kg.evidence.documents import EXTRA, decode
from failwise.kg.evidence.from_text import tidy
from failwise.kg.evidence.records import Block, Document, Front, Unreadable
from failwise.kg.names import LONGEST

_LEFT_OUT = frozenset(
    ("embed", "iframe", "math", "nav", "noscript", "object", "script", "select", "style", "svg", "template", "textarea")
)
# fmt: off
_INLINE = frozenset((
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "dfn", "em", "font", "i", "img", "ins", "kbd", "label",
    "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var",
))
# fmt: on
_CELLS = frozenset(("td", "th"))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_META = {
    "author": "author",
    "dcterms.creator": "author",
    "license": "licence",
    "licence": "licence",
    "dcterms.license": "licence",
    "dcterms.source": "source",
}
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def from_html(file: str, content: bytes, find: Callable[..., None]) -> Document:
    """Read a page.

    Raises:
        MissingExtraError: lxml is not installed.
        Unreadable: libxml2 gives it up.
    """
    if find_spec("lxml") is None:
        raise MissingExtraError("reading HTML", "lxml", EXTRA)
    etree = import_module("lxml.etree")
    text = decode(content, find, html=True)
    parser = etree.HTMLParser(target=_Page(), no_network=True, huge_tree=False, encoding="utf-8")
    try:
        parser.feed(text.encode(errors="replace"))
        page: _Page = parser.close()
    except etree.LxmlError as error:
        message = f"is not HTML that can be read: {tidy(str(error))[:LONGEST]}"
        raise Unreadable("html", message, fix="save the page again, or save its text as .txt") from error
    return Document(file, page.front(), tuple(page.blocks))


class _Page:
    """Gathers the blocks of a page while libxml2 reports its elements; it closes those left open."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._meta: dict[str, str] = {}
        self._heading = ""
        self._words: list[str] = []
        self._ignored = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begin an element."""
        if self._ignored or tag in _LEFT_OUT or _is_hidden(attributes):
            self._ignored += 1
        elif tag == "meta":
            name = _META.get(attributes.get("name", "").lower())
            if name:
                self._meta.setdefault(name, tidy(attributes.get("content", ""))[: 2 * LONGEST])
        elif tag not in _INLINE | _CELLS:
            self._flush()

    def end(self, tag: str) -> None:
        """End an element: a title and a heading name what follows."""
        if self._ignored:
            self._ignored -= 1
        elif tag == "title":
            self._meta.setdefault("title", self._taken()[:LONGEST])
        elif tag in _HEADINGS:
            self._heading = self._taken()[:LONGEST]
        elif tag in _CELLS:
            self._words.append("; ")
        elif tag not in _INLINE:
            self._flush()

    def data(self, text: str) -> None:
        """Take text."""
        if not self._ignored:
            self._words.append(text)

    def close(self) -> "_Page":
        """End the page."""
        self._flush()
        return self

    def front(self) -> Front:
        """Return what the page states about itself."""
        known = self._meta
        sources = tuple(filter(None, [known.get("source", "")]))
        return Front(known.get("title", ""), known.get("licence", ""), known.get("author", ""), sources)

    def _taken(self) -> str:
        text, self._words = tidy("".join(self._words)).rstrip("; "), []
        return text

    def _flush(self) -> None:
        if self._words and (text := self._taken()):
            self.blocks.append(Block(text, self._heading))


def _is_hidden(attributes: Mapping[str, str]) -> bool:
    """Say whether a reader of the page would not see an element."""
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden", "").lower() == "true"
        or bool(_HIDDEN.search(attributes.get("style", "")))
    )
