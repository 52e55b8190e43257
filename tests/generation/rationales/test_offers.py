"""What is offered beside a question's own facts: facts around its anchor, and nothing that a test keeps to itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from failwise.errors import InputError
from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.rationales.offers import kept_apart, offers_for
from failwise.generation.records import Question
from failwise.kg.evidence.build import build_index
from failwise.kg.evidence.embedder import SentenceEmbedder, has_embedder
from failwise.kg.graph import KnowledgeGraph


@pytest.fixture(scope="module")
def held_out(shipped: KnowledgeGraph) -> list[Question]:
    config = QuestionsConfig(asset_classes=("fan",), relations=("indicatedBy", "causedBy"), regime="held-out-fact")
    return list(Synthesis(shipped, config))


def test_nothing_is_offered_where_nothing_is_asked_for(shipped: KnowledgeGraph) -> None:
    assert offers_for(shipped, RationalesConfig()) is None


def test_facts_around_the_anchor_are_offered_and_none_of_the_question(
    shipped: KnowledgeGraph, held_out: list[Question]
) -> None:
    offers = offers_for(shipped, RationalesConfig(hops=1))
    assert offers is not None
    offered = [(q, offers(q)) for q in held_out[:40]]
    assert all(set(found).isdisjoint(q.fact_ids) for q, found in offered)
    assert sum(map(bool, (found for _, found in offered))) > 20
    for _, found in offered:
        assert all(words == shipped.statement(shipped.facts[i]) for i, words in found.items())


def test_what_the_test_keeps_to_itself_is_never_offered(shipped: KnowledgeGraph, held_out: list[Question]) -> None:
    apart = kept_apart(held_out)
    assert apart == {i for q in held_out if q.split == "test" for i in q.fact_ids}
    free, guarded = (offers_for(shipped, RationalesConfig(hops=2), a) for a in ((), apart))
    assert free is not None
    assert guarded is not None
    train = [q for q in held_out if q.split == "train"]
    assert any(not apart.isdisjoint(free(q)) for q in train)
    assert all(apart.isdisjoint(guarded(q)) for q in train)


def test_a_passage_that_tells_what_the_test_keeps_to_itself_is_not_offered(
    shipped: KnowledgeGraph, held_out: list[Question], tmp_path: Path
) -> None:
    if not has_embedder():
        pytest.skip("the embedded embedder is not installed")
    apart = kept_apart(held_out)
    fact = shipped.facts[min(apart)]
    other = "The fan stands in a dry hall and is looked after every spring."
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "tells.md").write_text(
        f"# Telling\n\nWhere the {fact.subject.label.upper()} is bad, {fact.object.label} says so on a fan.\n"
    )
    (tmp_path / "words" / "other.md").write_text(f"# Other\n\n{other}\n")
    build_index(tmp_path / "index", SentenceEmbedder(), tmp_path / "words")
    config = RationalesConfig(passages=2, evidence=tmp_path / "index")
    free, guarded = (offers_for(shipped, config, a) for a in ((), apart))
    assert free is not None
    assert guarded is not None
    train = [q for q in held_out if q.split == "train"][:5]
    assert all(len(free(q)) == 2 for q in train)
    assert all([words.endswith(other) for words in guarded(q).values()] == [True] for q in train)


def test_recall_keeps_nothing_apart(held_out: list[Question]) -> None:
    assert kept_apart(replace(q, regime="new-question") for q in held_out) == frozenset()


def test_passages_want_an_index(shipped: KnowledgeGraph, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="evidence names no folder"):
        offers_for(shipped, RationalesConfig(passages=2))
    with pytest.raises(InputError, match="holds no index of evidence"):
        offers_for(shipped, RationalesConfig(passages=2, evidence=tmp_path))
