"""Words as a guesser compares them: by their beginnings, so that bearing and bearings are one."""

import re
from functools import lru_cache

STEM = 5  # letters of a word that are compared, in any language with endings


@lru_cache(maxsize=1 << 16)
def words(text: str) -> frozenset[str]:
    """Return the beginnings of a text's words of three letters or more."""
    return frozenset(word[:STEM] for word in re.findall(r"[^\W_]{3,}", text.casefold()))
