"""An index is brought up to date with little work, written whole or not at all, and refused when it is broken."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from failwise.errors import InputError, StorageError
from failwise.kg.evidence.build import BuildCounts, build_index
from failwise.kg.evidence.documents import digest_of
from failwise.kg.evidence.records import Kind
from failwise.kg.evidence.store import MANIFEST, open_index
from failwise.kg.evidence.vectors import Vectors, key_of
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Finding
from tests.kg.evidence.conftest import FakeEmbedder

Written = Callable[..., Path]
LONG = " It has been so since the last inspection of the plant, and nobody has found the reason for it." * 5
A, B = f"# A\n\nThe pump cavitates.{LONG}\n\n# B\n\nThe seal leaks.{LONG}\n", "The fan is fouled."


@pytest.fixture
def built(written: Written, embedder: FakeEmbedder, tmp_path: Path) -> Callable[..., BuildCounts]:
    """Return a function that writes documents and builds or updates an index of all that were written."""

    def build(**files: str) -> BuildCounts:
        embedder.embedded.clear()
        return build_index(tmp_path / "index", embedder, written(**files))

    return build


def test_only_what_is_new_is_embedded_and_what_is_gone_goes(
    built: Callable[..., BuildCounts], embedder: FakeEmbedder, tmp_path: Path
) -> None:
    assert built(a_md=A, b_txt=B) == BuildCounts(2, 0, 3, 0, embedded=3, kept=0, removed=0)
    assert built() == BuildCounts(2, 0, 3, 0, embedded=0, kept=3, removed=0)
    changed = built(a_md=A.replace("leaks", "is dry"))
    assert (changed.embedded, changed.kept, changed.removed) == (1, 2, 1)
    assert [text.split("\n")[-1] for text in embedder.embedded] == [f"The seal is dry.{LONG}"]
    (tmp_path / "documents" / "b.txt").unlink()
    gone = built()
    assert (gone.documents, gone.embedded, gone.removed) == (1, 0, 1)
    index = open_index(tmp_path / "index")
    assert [p.text for p in index.passages] == [f"The pump cavitates.{LONG}", f"The seal is dry.{LONG}"]
    assert index.vectors.keys == {key_of(p.searched) for p in index.passages}


def test_a_passage_that_moves_is_not_embedded_again(built: Callable[..., BuildCounts], tmp_path: Path) -> None:
    built(a_md=A)
    moved = built(a_md=f"# 0\n\nFirst of all.{LONG}\n\n" + A.replace("# A", "## A"))
    # The title of a document is its first heading, so this one changes for all: only then they are embedded again.
    assert (moved.embedded, moved.kept) == (3, 0)
    again = built(a_md=f"# 0\n\nFirst of all.{LONG}\n\n## New\n\nSecond.{LONG}\n\n" + A.replace("# A", "## A"))
    assert (again.embedded, again.kept) == (1, 3)
    assert [p.id for p in open_index(tmp_path / "index").passages] == [f"doc/a/{n}" for n in range(1, 5)]


def test_an_unchanged_document_is_not_parsed_again(
    built: Callable[..., BuildCounts], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = built(a_md=A, b_txt=B)
    read: list[str] = []
    monkeypatch.setattr("failwise.kg.evidence.build.parse_document", lambda found, *_: read.append(found.name))
    assert built().passages == first.passages
    assert not read
    built(b_txt="Another text.")
    assert read == ["b.txt"]


def test_an_update_finds_the_same_as_a_build_from_nothing(
    built: Callable[..., BuildCounts], embedder: FakeEmbedder, tmp_path: Path
) -> None:
    built(a_md=A, b_txt=B, c_txt="Oil foams.")
    built(a_md=A.replace("pump", "fan"), b_txt="Changed.")
    build_index(tmp_path / "whole", embedder, tmp_path / "documents")
    updated, whole = open_index(tmp_path / "index"), open_index(tmp_path / "whole")
    assert updated.passages == whole.passages
    query = embedder.embed(["the fan cavitates"])
    assert [k for k, _ in updated.vectors.search(query, 3)[0]] == [k for k, _ in whole.vectors.search(query, 3)[0]]


def test_findings_are_told_again_until_they_are_mended(
    built: Callable[..., BuildCounts], written: Written, embedder: FakeEmbedder, tmp_path: Path
) -> None:
    folder = written(a_txt=A, b_txt="", c_md="---\n- no names\n---\nText.")
    for _ in range(2):
        findings: list[Finding] = []
        counts = build_index(tmp_path / "index", embedder, folder, findings=findings)
        assert sorted(f.rule for f in findings) == ["empty", "front-matter"]
        assert (counts.documents, counts.unreadable) == (2, 1)


def test_facts_stand_beside_passages(toy: KnowledgeGraph, embedder: FakeEmbedder, written: Written) -> None:
    folder = written(a_txt=A)
    counts = build_index(folder.parent / "index", embedder, folder, toy)
    index = open_index(folder.parent / "index")
    assert counts.facts == len(index.of_kind(Kind.FACT)) > 0
    assert index.manifest.ontology == toy.digest
    assert len(index.of_kind(None)) == counts.facts + counts.passages


def test_another_embedder_fills_the_index_anew(built: Callable[..., BuildCounts], tmp_path: Path) -> None:
    built(a_md=A)
    other = FakeEmbedder("other")
    assert build_index(tmp_path / "index", other, tmp_path / "documents").embedded == 2
    assert open_index(tmp_path / "index").manifest.embedder == "other"


@pytest.mark.parametrize("at", ["passages", "vectors", MANIFEST])
def test_an_update_that_cannot_be_written_leaves_the_old_index(
    built: Callable[..., BuildCounts], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    built(a_md=A)
    before = open_index(tmp_path / "index").passages
    replace = Path.replace

    def full(self: Path, target: Path) -> Path:
        if Path(target).name.startswith(at):
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StorageError, match="No space left"):
        built(b_txt=B)
    monkeypatch.undo()
    assert open_index(tmp_path / "index").passages == before
    assert built().passages == 3
    assert len(list((tmp_path / "index").iterdir())) == 3, "nothing is left over"


def spoil(folder: Path, what: str) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    if what == "vectors":
        path = folder / manifest["vectors"]
        path.write_bytes(path.read_bytes()[:-7])
    elif what == "passages":
        (folder / manifest["passages"]).unlink()
    elif what == "escape":
        (folder / MANIFEST).write_text(json.dumps(manifest | {"vectors": "../../secret.faiss"}))
    elif what == "format":
        (folder / MANIFEST).write_text(json.dumps(manifest | {"format": "failwise evidence 99"}))
    elif what == "manifest":
        (folder / MANIFEST).write_text("{")
    elif what == "foreign":
        (folder / MANIFEST).unlink()
    elif what == "not faiss":
        forged = b"this is no faiss index"
        (folder / manifest["vectors"]).write_bytes(forged)
        digest = digest_of(forged)
        (folder / MANIFEST).write_text(json.dumps(manifest | {"vectors_digest": digest}))
    elif what == "count":
        (folder / MANIFEST).write_text(json.dumps(manifest | {"vector_count": 7}))


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("vectors", "is not what its manifest says"),
        ("passages", "is broken"),
        ("escape", "which no index holds"),
        ("format", "failwise evidence 99"),
        ("manifest", "no index of evidence that can be read"),
        ("foreign", "is no index of evidence"),
        ("not faiss", "is not a faiss index"),
        ("count", "its manifest says 7"),
    ],
)
def test_a_broken_or_foreign_index_is_refused(
    built: Callable[..., BuildCounts], tmp_path: Path, what: str, said: str
) -> None:
    built(a_md=A)
    spoil(tmp_path / "index", what)
    for act in (lambda: open_index(tmp_path / "index"), built):
        with pytest.raises(InputError, match=said):
            act()


def test_an_empty_folder_is_said_to_be_empty(built: Callable[..., BuildCounts], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to index"):
        built(a_docx="no document")
    with pytest.raises(InputError, match="holds no index"):
        open_index(tmp_path / "index")


def test_many_vectors_are_searched_by_clusters_and_still_forgotten(tmp_path: Path) -> None:
    pytest.importorskip("faiss")
    import numpy as np

    rows = np.random.default_rng(0).normal(size=(900, 16)).astype("float32")
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    vectors = Vectors(ivf_from=500)
    for start in range(0, 900, 300):
        vectors.add([key_of(str(n)) for n in range(start, start + 300)], rows[start : start + 300])
    vectors.remove([key_of("7"), key_of("8")])
    (tmp_path / "v.faiss").write_bytes(vectors.to_bytes())
    again = Vectors.read(tmp_path / "v.faiss", 898, 16)
    assert again.keys == {key_of(str(n)) for n in range(900)} - {key_of("7"), key_of("8")}
    found = again.search(rows[[5, 850]], 1)
    assert [row[0][0] for row in found] == [key_of("5"), key_of("850")]
    assert [key for key, _ in again.search(rows[[5]], 1, among=[key_of("6")])[0]] == [key_of("6")]
