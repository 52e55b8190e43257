"""Names: readable id parts from labels, what a label may hold, and the nearest known name for a mistyped one."""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from hashlib import blake2b

LONGEST = 200  # characters of a label; what is longer is a description

_GREEK = {ord(c): f" {unicodedata.name(c).split()[-1].lower()} " for c in "αβγδεζηθικλμνξοπρστυφχψω"}
# Marks that change how a text looks without being seen: bidirectional controls (Unicode UAX #9), zero-width
# characters, the byte order mark, halves of a character (what Python makes of bytes that are no text).
_UNSEEN = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb]"
)


@cache
def slugify(name: str) -> str:
    """Return a name as an id part: lower-case ASCII letters, digits and single hyphens.

    Letters that have no ASCII form are replaced by a short digest of the whole name, so that two names in another
    script do not fall together; case, spaces and punctuation change it as little as they change the rest.
    """
    spelled = unicodedata.normalize("NFKD", name.lower().translate(_GREEK))
    ascii_name = spelled.encode("ascii", "ignore").decode()
    lost = any(c.isalpha() and not c.isascii() for c in spelled)
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")
    if not lost:
        return slug
    return f"{slug}-{blake2b(_folded(name).encode(), digest_size=4).hexdigest()}".strip("-")


def _folded(name: str) -> str:
    """Return the letters, marks and digits of a name, in one case and one Unicode form, words apart by one space."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join("".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in folded).split())


def unseen_characters(label: str) -> list[str]:
    """Return the characters of a label that nobody sees, by their code points."""
    return sorted({f"U+{ord(c):04X}" for c in _UNSEEN.findall(label)})


def cleaned(label: str) -> str:
    """Return a label without unseen characters, its white space single."""
    return " ".join(_UNSEEN.sub(" ", label).split())


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" for the nearest known name, or nothing where none is near."""
    found = nearest(name, known)
    return f"; did you mean {found!r}?" if found else ""


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return the known name that is spelled most like this one, or "" where none is near."""
    names = {str(n).lower(): str(n) for n in known}
    near = difflib.get_close_matches(name[:LONGEST].lower(), names, n=1, cutoff=cutoff)
    return names[near[0]] if near else ""
