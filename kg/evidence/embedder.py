"""Embedders: texts as vectors of unit length. The default is the embedded MiniLM that names are compared with."""

import hashlib
import importlib
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from failwise.errors import InputError, MissingExtraError
from failwise.files import file_digest
from failwise.kg import suggest
from failwise.kg.evidence.documents import EXTRA

_BATCH = 32
_WEIGHTS = ("*.safetensors",)
_READ = (*_WEIGHTS, "*.json", "*.txt", "*.model")


class Embedder(Protocol):
    """Anything that turns texts into vectors."""

    @property
    def name(self) -> str:
        """What a reader calls it."""
        ...

    @property
    def digest(self) -> str:
        """What tells it from any other: an index is searched by the embedder that filled it."""
        ...

    def embed(self, texts: list[str]) -> Any:
        """Return one row of unit length for each text, as float32."""
        ...


class SentenceEmbedder:
    """A sentence-transformers model from a folder; nothing is downloaded and no code of the folder is run.

    Args:
        folder: of the model; None takes the embedded all-MiniLM-L6-v2.

    Raises:
        MissingExtraError: sentence-transformers or the embedded model is not installed.
        InputError: the folder holds no such model.
    """

    def __init__(self, folder: Path | None = None) -> None:
        if find_spec("sentence_transformers") is None:
            raise MissingExtraError("searching by meaning", "sentence-transformers", EXTRA)
        place = folder or suggest.embedded_model_folder()
        if place is None:
            raise MissingExtraError("searching by meaning without a model of your own", suggest.MODEL_PACKAGE, EXTRA)
        if not (place / "modules.json").is_file() or not any(place.rglob("*.safetensors")):
            raise InputError(
                f"{place} is no sentence-transformers model; allowed is a folder with modules.json and weights in "
                "safetensors, as SentenceTransformer.save writes it"
            )
        self._place = place
        self._own = folder is not None
        self.name = place.name if folder else "all-MiniLM-L6-v2"

    @cached_property
    def digest(self) -> str:
        """Return the digest of all files that the model is read from."""
        whole = hashlib.sha256()
        files = {path for pattern in _READ for path in self._place.rglob(pattern)}
        for path in sorted(files):
            whole.update(f"{path.relative_to(self._place).as_posix()}\0{file_digest(path)}\0".encode())
        return whole.hexdigest()

    @cached_property
    def _model(self) -> Any:
        if not self._own:
            return suggest.embedded_model()
        library = importlib.import_module("sentence_transformers")
        return library.SentenceTransformer(
            str(self._place),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )

    def embed(self, texts: list[str]) -> Any:
        """Return one row of unit length for each text; what is longer than the model reads is cut off."""
        rows = self._model.encode(texts, batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False)
        return rows.astype("float32")


def has_embedder() -> bool:
    """Say whether the default embedder and the index it fills are installed. Nothing is imported."""
    return suggest.has_meaning()
