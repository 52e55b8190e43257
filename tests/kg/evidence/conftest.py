"""An embedder that needs no model: words that two texts share make their vectors alike."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest


class FakeEmbedder:
    """Counts words into 64 numbers, and what it was asked to embed."""

    def __init__(self, name: str = "fake") -> None:
        self.name, self.digest = name, f"digest of {name}"
        self.embedded: list[str] = []

    def embed(self, texts: list[str]) -> Any:
        import numpy as np

        self.embedded += texts
        rows = np.full((len(texts), 64), 1e-3, dtype="float32")
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[crc32(word.encode()) % 64] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def embedder() -> FakeEmbedder:
    pytest.importorskip("faiss")
    pytest.importorskip("bm25s")
    return FakeEmbedder()


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes files into a folder of documents and returns it."""

    def write(**files: str | bytes) -> Path:
        folder = tmp_path / "documents"
        for name, content in files.items():
            path = folder / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    return write
