"""Vectors by the content they stand for, in a faiss index that grows and shrinks with it.

Up to IVF_FROM vectors all are compared (IndexIDMap2 over IndexFlatIP): exact, and at 384 numbers each 1.5 kB. From
there on a search goes to the nearest of 4√n clusters (IndexIVFFlat). At 200,000 vectors that took 2 ms instead of 79 on
two busy cores, and making the clusters, once, 72 s. HNSW is as fast, but nothing can be removed from it, and an index
that is updated must forget.
"""

import math
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from failwise.errors import InputError, MissingExtraError
from failwise.kg.evidence.documents import EXTRA

IVF_FROM = 200_000
_TRAINED_ON = 64  # vectors for each cluster
_ROUNDS = 10  # of k-means
_PROBED = 16  # of so many clusters one is searched


def key_of(text: str) -> int:
    """Return the number under which a text's vector is kept: 63 bits of its digest."""
    return int.from_bytes(blake2b(text.encode(errors="replace"), digest_size=8).digest()) >> 1


def _faiss() -> Any:
    if find_spec("faiss") is None:
        raise MissingExtraError("an index of evidence", "faiss-cpu", EXTRA)
    return import_module("faiss")


class Vectors:
    """Vectors by key.

    Args:
        index: a faiss index that holds ids; None starts an empty one.
        ivf_from: so many vectors are searched by clusters.
    """

    def __init__(self, index: Any = None, ivf_from: int = IVF_FROM) -> None:
        self._index = index
        self._ivf_from = ivf_from

    @classmethod
    def read(cls, path: Path, count: int, dimension: int) -> "Vectors":
        """Read a file that `write` made and whose digest was compared.

        Raises:
            InputError: it is not such an index, or holds another number of vectors.
        """
        faiss = _faiss()
        try:
            index = faiss.read_index(str(path))
        except RuntimeError as error:
            raise InputError(f"{path} is not a faiss index; build the index of evidence again") from error
        if not isinstance(index, (faiss.IndexIDMap2, faiss.IndexIVFFlat)):
            raise InputError(f"{path} is a {type(index).__name__}; build the index of evidence again")
        if (index.ntotal, index.d) != (count, dimension):
            raise InputError(
                f"{path} holds {index.ntotal:,} vectors of {index.d} numbers, its manifest says {count:,} of "
                f"{dimension}; build the index of evidence again"
            )
        return cls(index)

    @property
    def keys(self) -> set[int]:
        """The keys of all vectors."""
        if self._index is None:
            return set()
        return set(map(int, self._ids()))

    @property
    def dimension(self) -> int:
        """How many numbers a vector has; 0 while there is none."""
        return int(self._index.d) if self._index is not None else 0

    def __len__(self) -> int:
        return int(self._index.ntotal) if self._index is not None else 0

    def add(self, keys: Sequence[int], rows: Any) -> None:
        """Add vectors under keys that are not there yet."""
        import numpy as np

        faiss = _faiss()
        if self._index is None:
            self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(rows.shape[1]))
        self._index.add_with_ids(rows, np.asarray(keys, dtype="int64"))
        if isinstance(self._index, faiss.IndexIDMap2) and len(self) >= self._ivf_from:
            self._index = _clustered(faiss, self._ids(), self._index.index.reconstruct_n(0, len(self)))

    def remove(self, keys: Iterable[int]) -> None:
        """Forget the vectors of these keys."""
        import numpy as np

        if gone := sorted(keys):
            self._index.remove_ids(np.asarray(gone, dtype="int64"))

    def search(self, rows: Any, most: int, among: Sequence[int] | None = None) -> list[list[tuple[int, float]]]:
        """Return for each row the nearest keys with their inner products, nearest first.

        Args:
            among: only these keys.
        """
        import numpy as np

        faiss = _faiss()
        most = min(most, len(self))
        if not most:
            return [[] for _ in rows]
        settings: dict[str, Any] = {}
        if among is not None:
            settings["sel"] = faiss.IDSelectorBatch(np.asarray(among, dtype="int64"))
        clustered = isinstance(self._index, faiss.IndexIVFFlat)
        if clustered:
            # What is asked for may stand in any cluster where it is few among many.
            settings["nprobe"] = self._index.nlist if among is not None else max(1, self._index.nlist // _PROBED)
        kind = faiss.SearchParametersIVF if clustered else faiss.SearchParameters
        scores, keys = self._index.search(rows, most, params=kind(**settings))
        return [
            [(int(key), float(score)) for key, score in zip(*row, strict=True) if key >= 0]
            for row in zip(keys, scores, strict=True)
        ]

    def to_bytes(self) -> bytes:
        """Return the index as faiss writes it."""
        faiss = _faiss()
        return bytes(faiss.serialize_index(self._index))

    def _ids(self) -> Any:
        import numpy as np

        faiss = _faiss()
        if isinstance(self._index, faiss.IndexIDMap2):
            return faiss.vector_to_array(self._index.id_map)
        lists = self._index.invlists
        parts = [
            faiss.rev_swig_ptr(lists.get_ids(number), lists.list_size(number)).copy()
            for number in range(lists.nlist)
            if lists.list_size(number)
        ]
        return np.concatenate(parts) if parts else np.empty(0, dtype="int64")


def _clustered(faiss: Any, keys: Any, rows: Any) -> Any:
    """Return an index that searches by clusters; the same vectors give the same clusters."""
    clusters = max(1, min(len(rows) // _TRAINED_ON, 4 * math.isqrt(len(rows))))
    rows_of = faiss.IndexFlatIP(rows.shape[1])
    index = faiss.IndexIVFFlat(rows_of, rows.shape[1], clusters, faiss.METRIC_INNER_PRODUCT)
    index.own_fields = True
    rows_of.this.disown()
    index.cp.niter, index.cp.max_points_per_centroid, index.cp.min_points_per_centroid = _ROUNDS, _TRAINED_ON, 1
    index.train(rows)
    index.add_with_ids(rows, keys)
    return index
