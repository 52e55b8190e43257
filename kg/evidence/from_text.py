"""Markdown and plain text as blocks. Of Markdown, links keep their words and lose their targets; HTML is left out."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any
from unicodedata import normalize

from failwise.kg.evidence.documents import decode
from failwise.kg.evidence.records import Block, Document, Front
from failwise.kg.names import LONGEST, cleaned

Find = Callable[..., None]

_FRONT = re.compile(r"\A---[ \t]*\r?\n(.{0,20000}?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_NAMES = {"title": ("title",), "licence": ("licence", "license"), "author": ("author", "authors")}
_SOURCES = ("sources", "source")
_SCALAR = (str, int, float, bool)
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
_MOST_SOURCES = 50
_LONGEST_MARKED = 4_000
# Soft hyphens and marks without width vanish, ligatures of printed pages become their letters.
_LETTERS = {
    0xAD: None,
    0x200B: None,
    0xFEFF: None,
    0xFB00: "ff",
    0xFB01: "fi",
    0xFB02: "fl",
    0xFB03: "ffi",
    0xFB04: "ffl",
}


def tidy(text: str) -> str:
    """Return text on one line, as a reader sees it: no unseen characters, white space single."""
    return cleaned(normalize("NFC", text.translate(_LETTERS)))


def from_plain(file: str, content: bytes, find: Find) -> Document:
    """Read plain text: paragraphs are set apart by empty lines."""
    text = decode(content, find).replace("\r\n", "\n").replace("\r", "\n")
    return Document(file, Front(), tuple(paragraphs(text)))


def paragraphs(text: str, page: int = 0) -> Iterator[Block]:
    """Yield the paragraphs of a text; a word that is broken at a line's end is whole again."""
    for part in _PARAGRAPH.split(text):
        if words := tidy(re.sub(r"(?<=[^\W\d_])-\n[ \t]*(?=[a-zäöüß])", "", part)):
            yield Block(words, "", page)


def from_markdown(file: str, content: bytes, find: Find) -> Document:
    """Read Markdown (CommonMark with tables), and the front matter it may open with."""
    from markdown_it import MarkdownIt

    text = decode(content, find)
    head = _FRONT.match(text)
    front = _front(head[1], find) if head else Front()
    # Marks within a paragraph can take time that grows with the square of its length: a long one is taken as it is.
    markdown, names = MarkdownIt("commonmark").enable("table").disable("inline"), dict[str, Any]()
    tokens = markdown.parse(text[head.end() :] if head else text, names)
    for token in tokens:
        if token.type == "inline" and len(token.content) <= _LONGEST_MARKED:
            token.children = []
            markdown.inline.parse(token.content, markdown, names, token.children)
    blocks = tuple(_blocks(tokens))
    first = next((t for t in _headings(tokens)), "")
    return Document(file, front if front.title else _titled(front, first), blocks)


def _titled(front: Front, title: str) -> Front:
    return Front(title, front.licence, front.author, front.sources)


def _front(text: str, find: Find) -> Front:
    import yaml

    try:
        values = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = str(getattr(error, "problem", None) or error)
        fix = "mend the lines between the two ---; the document is read without them"
        find("WARN", "front-matter", f"has front matter that is not YAML: {problem}", fix=fix)
        return Front()
    if not isinstance(values, dict):
        fix = "write lines like `title: Rotor unbalance`"
        find("WARN", "front-matter", "has front matter without names and values", fix=fix)
        return Front()
    known = {name: next((_line(values[w]) for w in words if w in values), "") for name, words in _NAMES.items()}
    stated = next((values[name] for name in _SOURCES if name in values), ())
    listed = stated if isinstance(stated, list) else [stated]
    sources = tuple(filter(None, map(_line, listed[:_MOST_SOURCES])))
    return Front(known["title"], known["licence"], known["author"], sources)


def _line(value: Any) -> str:
    """Return a stated value on one line; what is nested is left out, however deep it would unfold."""
    parts = value[:_MOST_SOURCES] if isinstance(value, list) else [value]
    return ", ".join(tidy(str(p)[: 2 * LONGEST]) for p in parts if isinstance(p, _SCALAR))[: 2 * LONGEST]


def _headings(tokens: list[Any]) -> Iterator[str]:
    for token, following in pairwise(tokens):
        if token.type == "heading_open":
            yield _words(following)


def _blocks(tokens: list[Any]) -> Iterator[Block]:
    heading, row = "", list[str]()
    for number, token in enumerate(tokens):
        if token.type == "inline" and tokens[number - 1].type == "heading_open":
            heading = _words(token)
        elif token.type == "inline" and tokens[number - 1].type in ("td_open", "th_open"):
            row.append(_words(token))
        elif token.type == "tr_close":
            yield Block(f"{'; '.join(filter(None, row))}.", heading)
            row = []
        elif token.type in ("inline", "fence", "code_block") and (words := _words(token)):
            yield Block(words, heading)


def _words(token: Any) -> str:
    """Return the words of a token: of a link and of a picture what stands for it, of HTML nothing."""
    if not token.children:
        return tidy(token.content)
    parts = (
        " " if child.type in ("softbreak", "hardbreak") else child.content
        for child in token.children
        if child.type not in ("html_inline",)
    )
    return tidy("".join(parts))
