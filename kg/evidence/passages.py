"""Cut documents into passages that an embedder takes whole, between sentences, and put facts into words."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from failwise.kg.evidence.records import Block, Document, Kind, Passage
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Truth

# Part of the manifest of an index: documents are cut anew where the rules below changed.
CUTTER = 1

# Tokens of a passage, as estimated below: with title and heading it stays under the 256 that MiniLM reads. The
# estimate is high on purpose: over the shipped documents there are 0.86 times as many, and never more.
MOST_TOKENS = 200
# A section with less is put together with its neighbour on the same page; both headings stand over the passage.
_LEAST_TOKENS = 80
# A passage may end early, at the end of a paragraph, when it is this full.
_FULL_ENOUGH = 0.6
# The last sentence is said again at the start of the next passage where it is short, and a paragraph goes on.
_OVERLAP_TOKENS = 30

_WORD = re.compile(r"[^\W_]+|[^\w\s]|_")
_END = re.compile(r"""[.!?]["'”’)\]]*\s+(?=["'“‘(\[]?[^\Wa-z_])""")  # noqa: RUF001 (typographic quotation marks)
# A full stop after these ends no sentence.
_SHORT = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|approx|fig|figs|no|nos|eq|ref|refs|sec|ch|vol|al|etc|dr|prof|mr|ms|st|inc|ltd|max|min|"
    r"z\.\s?b|d\.\s?h|u\.\s?a|bzw|ca|vgl|abb|nr|usw)|(?:^|\s)[A-Za-z])\.$",
    re.IGNORECASE,
)
_LONGEST_SHORT = 16  # characters, with what stands around


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    tokens: int
    opens: bool  # it is the first of its paragraph


def cut(document: Document, slug: str) -> list[Passage]:
    """Return the passages of a document in reading order: none crosses a page, nor a heading unless it is short.

    Args:
        slug: the document's part of passage ids.
    """
    parts: list[tuple[str, int, str]] = []
    for blocks in _sections(document.blocks):
        heading = "; ".join(dict.fromkeys(filter(None, (block.heading for block in blocks))))
        parts += [(heading, blocks[0].page, text) for text in _texts(blocks)]
    front = document.front
    return [
        Passage(
            f"doc/{slug}/{number}",
            Kind.PASSAGE,
            text,
            document.file,
            page,
            heading[:120],
            front.title[:120],
            front.licence,
            front.author,
            front.sources,
        )
        for number, (heading, page, text) in enumerate(parts, 1)
    ]


def facts_in_words(graph: KnowledgeGraph) -> Iterator[Passage]:
    """Yield the known facts of an ontology as evidence, those that hold and those that do not."""
    for fact in graph.facts.values():
        if fact.truth is not Truth.UNKNOWN:
            text = graph.statement(fact)
            yield Passage(fact.id, Kind.FACT, f"{text[:1].upper()}{text[1:]}.", fact.source)


def tokens(text: str) -> int:
    """Return an estimate of how many word pieces a text is: a long word is several, so is a number.

    Letters outside Latin script count one each, as a vocabulary made for English takes them.
    """
    return sum(_pieces(word) for word in _WORD.findall(text))


def _pieces(word: str) -> int:
    if not word.isascii():
        return len(word)
    if word.isdigit():
        return -(-len(word) // 2)
    return 1 if len(word) <= 6 else -(-len(word) // 4)


def sentences(text: str) -> list[str]:
    """Return the sentences of a paragraph."""
    found: list[str] = []
    start = 0
    for end in (match.end() for match in _END.finditer(text)):
        if not _SHORT.search(text[max(start, end - _LONGEST_SHORT) : end].rstrip()):
            found.append(text[start:end].strip())
            start = end
    rest = text[start:].strip()
    return [*found, rest] if rest else found


def _sections(blocks: Sequence[Block]) -> list[list[Block]]:
    """Return the blocks under one heading together; short sections of one page are joined while they fit."""
    sections: list[list[Block]] = []
    for _, group in groupby(blocks, key=lambda block: (block.heading, block.page)):
        section = list(group)
        if sections and sections[-1][0].page == section[0].page:
            before, here = _size(sections[-1]), _size(section)
            if min(before, here) < _LEAST_TOKENS and before + here <= MOST_TOKENS:
                sections[-1] += section
                continue
        sections.append(section)
    return sections


def _size(blocks: Sequence[Block]) -> int:
    return sum(tokens(block.text) for block in blocks)


def _texts(blocks: Sequence[Block]) -> Iterator[str]:
    """Yield the texts of a section's passages, of about one size."""
    todo = [sentence for block in blocks for sentence in _sentences(block.text)]
    whole = sum(s.tokens for s in todo)
    target = whole / max(1, -(-whole // MOST_TOKENS))
    taken: list[_Sentence] = []
    size = fresh = 0
    for sentence in todo:
        paragraph_ends = sentence.opens and size >= _FULL_ENOUGH * target
        if fresh and (size >= target or paragraph_ends or size + sentence.tokens > MOST_TOKENS):
            yield _joined(taken)
            taken, fresh = _overlap(taken, sentence), 0
            size = sum(s.tokens for s in taken)
        taken.append(sentence)
        size, fresh = size + sentence.tokens, fresh + 1
    if fresh:
        yield _joined(taken)


def _overlap(taken: Sequence[_Sentence], following: _Sentence) -> list[_Sentence]:
    last = taken[-1]
    fits = last.tokens <= _OVERLAP_TOKENS and last.tokens + following.tokens <= MOST_TOKENS
    return [last] if fits and not following.opens and len(taken) > 1 else []


def _joined(taken: Sequence[_Sentence]) -> str:
    return " ".join(s.text for s in taken)


def _sentences(text: str) -> Iterator[_Sentence]:
    opens = True
    for sentence in sentences(text):
        for part in _pieces_of(sentence):
            yield _Sentence(part, tokens(part), opens)
            opens = False


def _pieces_of(sentence: str) -> Iterator[str]:
    """Yield a sentence whole, or in pieces where it alone is too long; a word that is, by its letters."""
    if tokens(sentence) <= MOST_TOKENS:
        yield sentence
        return
    part: list[str] = []
    size = 0
    for word in _short_words(sentence):
        count = tokens(word)
        if size + count > MOST_TOKENS:
            yield " ".join(part)
            part, size = [], 0
        part.append(word)
        size += count
    yield " ".join(part)


def _short_words(sentence: str) -> Iterator[str]:
    for word in sentence.split():
        for start in range(0, len(word), MOST_TOKENS):
            yield word[start : start + MOST_TOKENS]
