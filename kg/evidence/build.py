"""Build an index of evidence, or bring it up to date: what is there already is not embedded again."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from failwise.errors import InputError
from failwise.kg.evidence.documents import Found, as_finding, digest_of, list_documents, parse_document, read_content
from failwise.kg.evidence.embedder import Embedder
from failwise.kg.evidence.passages import CUTTER, cut, facts_in_words
from failwise.kg.evidence.records import Kind, Passage, Unreadable
from failwise.kg.evidence.store import EvidenceIndex, open_index, read_manifest, write_index
from failwise.kg.evidence.vectors import Vectors, key_of
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import shipped_folder
from failwise.kg.records import Finding

_EMBEDDED_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class BuildCounts:
    """What a build found and did; `kept` vectors were there already."""

    documents: int
    unreadable: int
    passages: int
    facts: int
    embedded: int
    kept: int
    removed: int


def shipped_evidence() -> Path:
    """Return the folder of the documents that come with failwise."""
    return shipped_folder() / "evidence"


def build_index(
    out: Path,
    embedder: Embedder,
    documents: Path | None = None,
    graph: KnowledgeGraph | None = None,
    findings: list[Finding] | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> BuildCounts:
    """Index the documents of a folder, the facts of an ontology in words, or both; what is gone is forgotten.

    Args:
        out: the folder of the index, new or to be brought up to date.
        findings: what is amiss with a document is appended here.
        advance: is called with the number of texts embedded since it was called last.

    Raises:
        InputError: nothing can be indexed, or `out` holds something else.
        MissingExtraError: a package that is needed is not installed.
    """
    old = _old(out, embedder)
    findings = [] if findings is None else findings
    gathered = _Gathered(findings, old)
    if documents is not None:
        gathered.read(documents)
    facts = list(facts_in_words(graph)) if graph is not None else []
    passages = [*gathered.passages, *facts]
    if not passages:
        raise InputError(f"there is nothing to index in {documents or 'an ontology without facts'}; add a document")
    vectors = old.vectors if old else Vectors()
    counts = _refresh(vectors, passages, embedder, advance)
    made = {
        "embedder": embedder.name,
        "embedder_digest": embedder.digest,
        "ontology": graph.digest if graph is not None else "",
        "documents": gathered.clean,
    }
    write_index(out, passages, vectors, made, read_manifest(out))
    return BuildCounts(gathered.count, gathered.unreadable, len(gathered.passages), len(facts), *counts)


def _old(out: Path, embedder: Embedder) -> EvidenceIndex | None:
    """Return the index to bring up to date; vectors of another embedder are of no use."""
    manifest = read_manifest(out)
    return open_index(out) if manifest and manifest.embedder_digest == embedder.digest else None


def _refresh(
    vectors: Vectors, passages: list[Passage], embedder: Embedder, advance: Callable[[int], None]
) -> tuple[int, int, int]:
    """Embed what is new and forget what is gone; equal texts share one vector."""
    wanted = {key_of(p.searched): p.searched for p in passages}
    there = vectors.keys
    new, gone = [key for key in wanted if key not in there], there - wanted.keys()
    vectors.remove(gone)
    for start in range(0, len(new), _EMBEDDED_AT_ONCE):
        keys = new[start : start + _EMBEDDED_AT_ONCE]
        vectors.add(keys, embedder.embed([wanted[key] for key in keys]))
        advance(len(keys))
    return len(new), len(wanted) - len(new), len(gone)


class _Gathered:
    """Passages of a folder's documents; those of a document that did not change are taken from the old index."""

    def __init__(self, findings: list[Finding], old: EvidenceIndex | None) -> None:
        self.passages: list[Passage] = []
        self.clean: dict[str, str] = {}
        self.count = self.unreadable = 0
        self._findings = findings
        fresh = old is not None and old.manifest.cutter == CUTTER
        self._digests: Mapping[str, str] = old.manifest.documents if old and fresh else {}
        self._known: dict[str, list[Passage]] = defaultdict(list)
        for passage in old.passages if old else ():
            if passage.kind is Kind.PASSAGE:
                self._known[passage.file].append(passage)

    def read(self, folder: Path) -> None:
        for found in list_documents(folder, self._findings):
            if passages := self._passages(found):
                self.count += 1
                self.passages += passages
            else:
                self.unreadable += 1

    def _passages(self, found: Found) -> list[Passage]:
        try:
            content = read_content(found)
        except Unreadable as error:
            self._findings.append(as_finding(found.name, error))
            return []
        digest, known = digest_of(content), self._known[found.name]
        same_ids = bool(known) and known[0].id == f"doc/{found.slug}/1"
        if self._digests.get(found.name) == digest and same_ids:
            self.clean[found.name] = digest
            return known
        before = len(self._findings)
        document = parse_document(found, content, self._findings)
        if document is not None and len(self._findings) == before:
            self.clean[found.name] = digest
        return cut(document, found.slug) if document else []
