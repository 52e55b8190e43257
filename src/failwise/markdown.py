"""Values in Markdown: shown as they are, whatever somebody wrote into a label."""

import re
from collections.abc import Iterable, Sequence

LONGEST = 300  # characters of a name or a title

_MARKED = re.compile(r"([\\`*_\[\]|~$#])")
_LISTED = re.compile(r"^(\d{0,9})([-+.)])(?= |$)")  # what would begin a list
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", "://": "&#58;//", "www.": "www&#46;"}


class Safe(str):
    """Text that is Markdown already, or stands where nothing is read as Markdown."""


def plain(value: object) -> str:
    """Return a value as text on one line that Markdown shows as it is: no markup, no HTML, no link, no mention."""
    if isinstance(value, Safe):
        return value
    text = _LISTED.sub(r"\1\\\2", _MARKED.sub(r"\\\1", line(str(value))))
    # The ampersand first: it stands in all the others.
    for found, entity in _ENTITIES.items():
        text = text.replace(found, entity)
    return text


def line(text: str) -> str:
    """Return a text on one line, without characters that are not seen, cut where it is endless."""
    shown = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def table(columns: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; all columns but the first are set to the right."""
    lines = [[*map(plain, columns)], ["---", *["--:"] * (len(columns) - 1)], *([*map(plain, row)] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def percent(share: float) -> str:
    """Return a share in percent."""
    return f"{100 * share:.1f}"


def interval(low: float, high: float) -> str:
    """Return an interval of shares in percent."""
    return f"{percent(low)} to {percent(high)}"
