"""Documents are cut between sentences into passages that an embedder takes whole; facts are put into words."""

import pytest

from failwise.kg.evidence.build import shipped_evidence
from failwise.kg.evidence.documents import list_documents, parse_document, read_content
from failwise.kg.evidence.passages import MOST_TOKENS, cut, facts_in_words, sentences, tokens
from failwise.kg.evidence.records import Block, Document, Front, Kind, Passage
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Finding, Truth
from failwise.kg.suggest import has_meaning

SENTENCE = "The bearing of the pump is worn and its housing shakes at every turn of the shaft."


def document(*blocks: Block) -> Document:
    return Document("a.md", Front("Title", "CC BY 4.0", "Ann", ("ISO 1",)), blocks)


def shipped_passages() -> list[Passage]:
    findings: list[Finding] = []
    passages = []
    for found in list_documents(shipped_evidence(), findings):
        parsed = parse_document(found, read_content(found), findings)
        assert parsed is not None
        passages += cut(parsed, found.slug)
    assert not findings
    return passages


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It wears. It fails! Why? 50 Hz.", ["It wears.", "It fails!", "Why?", "50 Hz."]),
        ("See Fig. 3 and e.g. Table 2. Then stop.", ["See Fig. 3 and e.g. Table 2.", "Then stop."]),
        ('He said "stop." Then it stood.', ['He said "stop."', "Then it stood."]),
        ("Zone A. is fine", ["Zone A. is fine"]),
        ("about 0.5 mm. Überlast folgt.", ["about 0.5 mm.", "Überlast folgt."]),
        ("", []),
    ],
)
def test_sentences_end_where_they_end(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


def test_a_passage_knows_where_it_comes_from() -> None:
    passages = cut(document(Block("One.", "Signs", 2), Block("Two.", "Signs", 2), Block("Three.", "Causes", 3)), "a")
    assert [(p.id, p.text, p.heading, p.page) for p in passages] == [
        ("doc/a/1", "One. Two.", "Signs", 2),
        ("doc/a/2", "Three.", "Causes", 3),
    ]
    first = passages[0]
    assert (first.file, first.title, first.licence, first.author, first.sources) == (
        "a.md",
        "Title",
        "CC BY 4.0",
        "Ann",
        ("ISO 1",),
    )
    assert first.searched == "Title\nSigns\nOne. Two."


def test_short_sections_share_a_passage_under_both_headings() -> None:
    long = " ".join([SENTENCE] * 6)
    passages = cut(document(Block("One.", "Signs"), Block("Two.", "Causes"), Block(long, "A"), Block(long, "B")), "a")
    assert [(p.heading, p.text) for p in passages] == [("Signs; Causes; A", f"One. Two. {long}"), ("B", long)]


def test_a_long_text_is_cut_evenly_between_sentences_and_loses_none() -> None:
    numbered = [f"{SENTENCE[:-1]} {number}." for number in range(60)]
    passages = cut(document(Block(" ".join(numbered))), "a")
    assert len(passages) > 3
    for passage in passages:
        assert passage.text.startswith("The bearing")
        assert passage.text.endswith(".")
        assert 60 <= len(passage.text.split()) <= 180
        assert tokens(passage.text) <= MOST_TOKENS
    assert all(any(sentence in p.text for p in passages) for sentence in numbered)
    last, following = passages[0].text.split(". ")[-1], passages[1].text.split(". ")[0]
    assert last.rstrip(".") == following, "a paragraph that goes on says its last sentence again"


def test_paragraphs_are_kept_together_where_they_fit() -> None:
    paragraph = " ".join([SENTENCE] * 6)
    passages = cut(document(Block(paragraph), Block(paragraph), Block(paragraph)), "a")
    assert [p.text for p in passages] == [paragraph] * 3


@pytest.mark.parametrize("text", ["word " * 1000, "x" * 5000, "工" * 900, "1234567890" * 100])
def test_what_has_no_sentences_is_cut_all_the_same(text: str) -> None:
    passages = cut(document(Block(text.strip())), "a")
    assert all(tokens(p.text) <= MOST_TOKENS for p in passages)
    assert "".join(p.text for p in passages).replace(" ", "") == text.replace(" ", "")


def test_facts_are_put_into_words_and_what_is_unknown_is_not(toy: KnowledgeGraph) -> None:
    facts = list(facts_in_words(toy))
    known = [f for f in toy.facts.values() if f.truth is not Truth.UNKNOWN]
    assert [p.id for p in facts] == [f.id for f in known]
    assert 0 < len(facts) < len(toy.facts)
    assert facts[0].kind is Kind.FACT
    assert facts[0].text.rstrip(".").lower() == toy.statement(known[0]).lower()


@pytest.mark.skipif(not has_meaning(), reason="the extra `semantic` is not installed")
def test_the_embedder_takes_every_shipped_passage_whole() -> None:
    from failwise.kg.suggest import embedded_model

    tokenizer = embedded_model().tokenizer
    for passage in shipped_passages():
        assert len(tokenizer(passage.searched)["input_ids"]) <= 256, passage.id
        assert len(tokenizer(passage.text)["input_ids"]) - 2 <= tokens(passage.text), passage.id
