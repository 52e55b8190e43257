"""An index of evidence on the disk: passages as JSON Lines, their vectors in a faiss index, and a manifest.

The data files carry their digest in their name and the manifest is replaced last, so that a reader sees the old index
or the new one, whatever happens between. Nothing is unpickled.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from failwise.errors import InputError
from failwise.files import atomic_writer, dump_record, file_digest, parse_record, read_records, write_json
from failwise.kg.evidence.documents import digest_of
from failwise.kg.evidence.passages import CUTTER
from failwise.kg.evidence.records import Kind, Passage
from failwise.kg.evidence.vectors import Vectors, key_of

MANIFEST = "evidence.json"
FORMAT = "failwise evidence 1"

_DATA = re.compile(r"(?:passages-[0-9a-f]{16}\.jsonl|vectors-[0-9a-f]{16}\.faiss)")
_AGAIN = "name another folder, or remove this one and build it again"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index holds and what made it; `documents` are the digests of those that were read without a finding."""

    format: str
    embedder: str
    embedder_digest: str
    dimension: int
    cutter: int
    passages: str
    passages_digest: str
    passage_count: int
    vectors: str
    vectors_digest: str
    vector_count: int
    ontology: str = ""
    documents: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EvidenceIndex:
    """Evidence with its vectors, as it stands on the disk."""

    folder: Path
    manifest: Manifest
    passages: tuple[Passage, ...]
    vectors: Vectors

    def of_kind(self, kind: Kind | None) -> list[Passage]:
        """Return the evidence of one kind, or all."""
        return [p for p in self.passages if kind is None or p.kind is kind]


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of an index, or None where the folder is empty or missing.

    Raises:
        InputError: the folder holds something else, or an index of another version.
    """
    path = folder / MANIFEST
    if not path.is_file():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"{folder} is no index of evidence: it holds no {MANIFEST}; {_AGAIN}")
        return None
    try:
        manifest = parse_record(path.read_bytes(), Manifest, str(path))
    except (InputError, OSError) as error:
        raise InputError(f"{folder} is no index of evidence that can be read: {error}; {_AGAIN}") from error
    if manifest.format != FORMAT:
        raise InputError(f"{path} is of format {manifest.format!r}; allowed is {FORMAT!r}: {_AGAIN}")
    for name in (manifest.passages, manifest.vectors):
        if not _DATA.fullmatch(name):
            raise InputError(f"{path} names the file {name!r}, which no index holds: {_AGAIN}")
    return manifest


def open_index(folder: Path) -> EvidenceIndex:
    """Open an index that `build_index` wrote.

    Raises:
        InputError: there is none, it is broken, or another program's.
        MissingExtraError: faiss is not installed.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise InputError(f"{folder} holds no index of evidence; make one with `failwise evidence build`")
    for name, digest in (
        (manifest.passages, manifest.passages_digest),
        (manifest.vectors, manifest.vectors_digest),
    ):
        _compare(folder / name, digest)
    passages = tuple(read_records(folder / manifest.passages, Passage))
    vectors = Vectors.read(folder / manifest.vectors, manifest.vector_count, manifest.dimension)
    if len(passages) != manifest.passage_count or {key_of(p.searched) for p in passages} != vectors.keys:
        raise InputError(f"{folder} is broken: its passages and vectors do not belong together; {_AGAIN}")
    return EvidenceIndex(folder, manifest, passages, vectors)


def _compare(path: Path, digest: str) -> None:
    try:
        found = file_digest(path)
    except OSError as error:
        raise InputError(f"{path.parent} is broken: {path.name} cannot be read: {error.strerror}; {_AGAIN}") from error
    if found != digest:
        raise InputError(f"{path.parent} is broken: {path.name} is not what its manifest says; {_AGAIN}")


def write_index(
    folder: Path, passages: Sequence[Passage], vectors: Vectors, made: dict[str, Any], old: Manifest | None
) -> Manifest:
    """Write an index, all or nothing.

    Args:
        made: what made it: embedder, its digest, ontology, documents.
        old: the manifest that is replaced; its files go.
    """
    text = b"".join(dump_record(p) + b"\n" for p in passages)
    packed = vectors.to_bytes()
    names = {
        name: (digest_of(content), content, ending)
        for name, content, ending in (("passages", text, "jsonl"), ("vectors", packed, "faiss"))
    }
    files = {name: f"{name}-{digest[:16]}.{ending}" for name, (digest, _, ending) in names.items()}
    manifest = Manifest(
        FORMAT,
        dimension=vectors.dimension,
        cutter=CUTTER,
        passages=files["passages"],
        passages_digest=names["passages"][0],
        passage_count=len(passages),
        vectors=files["vectors"],
        vectors_digest=names["vectors"][0],
        vector_count=len(vectors),
        **made,
    )
    for name, (_, content, _) in names.items():
        with atomic_writer(folder / files[name]) as stream:
            stream.write(content)
    write_json(folder / MANIFEST, asdict(manifest))
    for name in {old.passages, old.vectors} - set(files.values()) if old else ():
        (folder / name).unlink(missing_ok=True)
    return manifest
