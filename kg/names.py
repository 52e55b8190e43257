"""Names: readable id parts from labels, and the nearest known name for a mistyped one."""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from functools import cache

_GREEK = {ord(c): f" {unicodedata.name(c).split()[-1].lower()} " for c in "αβγδεζηθικλμνξοπρστυφχψω"}


@cache
def slugify(name: str) -> str:
    """Return a name as an id part: lower-case ASCII letters, digits and single hyphens."""
    ascii_name = unicodedata.normalize("NFKD", name.lower().translate(_GREEK)).encode("ascii", "ignore")
    return re.sub(r"[^a-z0-9]+", "-", ascii_name.decode()).strip("-")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" for the nearest known name, or nothing where none is near."""
    names = {str(n).lower(): str(n) for n in known}
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    return f"; did you mean {names[near[0]]!r}?" if near else ""
