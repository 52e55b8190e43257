"""What a question is known by, wherever it turns up: in a file that was copied, renamed, shuffled or relabelled."""

import base64
import re
import unicodedata
from collections.abc import Iterable, Iterator

from failwise.files import content_id
from failwise.generation.records import Question

_WIDTH = 8  # bytes of a fingerprint


def fingerprint(question: Question) -> bytes:
    """Return what a question is known by: its words and its options, whatever their order, labels and spaces."""
    return bytes.fromhex(content_id(_plain(question.question), sorted(map(_plain, question.options))))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


def packed(values: Iterable[bytes]) -> str:
    """Return fingerprints as text, each once."""
    return base64.b64encode(b"".join(sorted(set(values)))).decode()


def unpacked(text: str) -> Iterator[bytes]:
    """Yield the fingerprints of a text.

    Raises:
        ValueError: it is damaged.
    """
    whole = base64.b64decode(text, validate=True)
    if len(whole) % _WIDTH:
        raise ValueError("a fingerprint is cut off")
    return (whole[i : i + _WIDTH] for i in range(0, len(whole), _WIDTH))
