"""Evidence is found by meaning, by words and by both; the order never depends on chance."""

from collections.abc import Callable
from pathlib import Path

import pytest

from failwise.errors import InputError
from failwise.kg.evidence.build import build_index, shipped_evidence
from failwise.kg.evidence.embedder import SentenceEmbedder, has_embedder
from failwise.kg.evidence.records import Kind
from failwise.kg.evidence.search import EvidenceSearch, How, fuse
from failwise.kg.evidence.store import EvidenceIndex, open_index
from failwise.kg.graph import KnowledgeGraph
from tests.kg.evidence.conftest import FakeEmbedder

TEXTS = {
    "cavitation_txt": "Cavitation makes noise in the pump.",
    "fouling_txt": "Fouling lowers the air flow of the turbine.",
    "unbalance_txt": "Unbalance shows in vibration.",
    "copy_txt": "Unbalance shows in vibration.",
}


@pytest.fixture
def index(written: Callable[..., Path], embedder: FakeEmbedder, toy: KnowledgeGraph) -> EvidenceIndex:
    folder = written(**TEXTS)
    build_index(folder.parent / "index", embedder, folder, toy)
    return open_index(folder.parent / "index")


@pytest.mark.parametrize("how", list(How))
def test_the_passage_asked_for_comes_first(index: EvidenceIndex, embedder: FakeEmbedder, how: How) -> None:
    search = EvidenceSearch(index, embedder, Kind.PASSAGE)
    for text, first in (
        ("noise of cavitation in a pump", "doc/cavitation/1"),
        ("air flow of fouling", "doc/fouling/1"),
    ):
        hits = search.search(text, 3, how)
        assert hits[0].passage.id == first
        assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
        assert len({h.passage.id for h in hits}) == len(hits) <= 3


@pytest.mark.parametrize("how", list(How))
def test_equal_texts_are_both_found_in_order_of_id(index: EvidenceIndex, embedder: FakeEmbedder, how: How) -> None:
    hits = EvidenceSearch(index, embedder, Kind.PASSAGE).search("unbalance vibration shows", 2, how)
    assert [h.passage.id for h in hits] == ["doc/copy/1", "doc/unbalance/1"]


@pytest.mark.parametrize("how", list(How))
def test_a_kind_alone_is_searched(index: EvidenceIndex, embedder: FakeEmbedder, how: How) -> None:
    text = index.of_kind(Kind.FACT)[0].text
    assert EvidenceSearch(index, embedder, Kind.FACT).search(text, 1, how)[0].passage.text == text
    for kind in Kind:
        assert {h.passage.kind for h in EvidenceSearch(index, embedder, kind).search(text, 50, how)} <= {kind}


def test_words_alone_need_no_embedder_and_meaning_does(index: EvidenceIndex) -> None:
    search = EvidenceSearch(index)
    assert search.search("cavitation", 1, How.BM25)[0].passage.id == "doc/cavitation/1"
    with pytest.raises(InputError, match="search by bm25"):
        search.search("cavitation", 1, How.DENSE)


@pytest.mark.parametrize("text", ["", "zzz qqq", "🔥", "word " * 5000])
def test_odd_questions_find_nothing_by_words_and_break_nothing(
    index: EvidenceIndex, embedder: FakeEmbedder, text: str
) -> None:
    search = EvidenceSearch(index, embedder)
    assert search.search(text, 5, How.BM25) == []
    assert len(search.search(text, 5, How.HYBRID)) == 5


def test_another_embedder_and_no_hits_are_refused(index: EvidenceIndex, embedder: FakeEmbedder) -> None:
    with pytest.raises(InputError, match="another one \\('other'\\)"):
        EvidenceSearch(index, FakeEmbedder("other"))
    with pytest.raises(InputError, match="k is 0"):
        EvidenceSearch(index, embedder).search("x", 0)


def test_fusion_adds_reciprocal_ranks() -> None:
    fused = fuse([[(1, 9.0), (2, 8.0)], [(2, 0.5)]])
    assert fused == {1: pytest.approx(1 / 61), 2: pytest.approx(1 / 62 + 1 / 61)}


@pytest.mark.skipif(not has_embedder(), reason="the embedded model is not installed")
def test_the_embedded_model_finds_the_document_that_is_meant(tmp_path: Path) -> None:
    asked = {
        "pump-cavitation": "imploding steam pockets eat away the pump wheel",
        "engine-misfire": "spark absent, unburned gasoline",
        "thermography": "warm spots seen with a thermal imager",
    }
    folder = tmp_path / "documents"
    folder.mkdir()
    for name in asked:
        (folder / f"{name}.md").write_bytes((shipped_evidence() / f"{name}.md").read_bytes())
    embedder = SentenceEmbedder()
    build_index(tmp_path / "index", embedder, folder)
    search = EvidenceSearch(open_index(tmp_path / "index"), embedder)
    for document, text in asked.items():
        assert search.search(text, 1, How.DENSE)[0].passage.file == f"{document}.md"


@pytest.mark.skipif(not has_embedder(), reason="the embedded model is not installed")
def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="safetensors"):
        SentenceEmbedder(tmp_path)
