"""Findings for people and programs: a terminal table, tab-separated text, one HTML page; and which of them fail."""

import re
from collections import Counter
from collections.abc import Sequence
from html import escape

from failwise.errors import InputError
from failwise.kg.records import Finding

# Gravest first.
LEVELS = ("ERROR", "WARN", "INFO")

COLUMNS = ("level", "file", "where", "value", "what is wrong", "what to do", "rule")

# A spreadsheet runs a cell that starts so, or (a quotation mark) takes it for quoted text and swallows what follows.
_RUNS = frozenset('=+-@"＝＋－＠')  # noqa: RUF001 (full-width signs are run too)
_LONGEST_CELL = 400

_CELL = re.compile(r"(?:(?P<sheet>.*)!)?(?:(?P<column>[A-Z]{1,3})(?P<number>\d{1,9})|row (?P<row>\d{1,9}))", re.DOTALL)

# Characters that do not show, or that turn the text around them: control, zero-width and direction marks.
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --line: #c8ccd0; --error: #b3261e; --warn: #8a5a00; --info: #2f5f9e; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --line: #4a5056; --error: #ff8a80; --warn: #ffc46b; --info: #9cc4ff; }}
}}
.wide {{ overflow-x: auto; }}
body {{ font: 16px/1.45 system-ui, sans-serif; margin: 2rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ border-bottom: 1px solid var(--line); padding: .4rem .6rem; text-align: left; vertical-align: top; }}
th {{ white-space: nowrap; }}
td {{ max-width: 28rem; overflow-wrap: break-word; }}
td:nth-child(4), td:nth-child(5), td:nth-child(6) {{ overflow-wrap: anywhere; min-width: 9rem; }}
th:first-child, td:first-child {{ white-space: nowrap; overflow-wrap: normal; font-weight: 600; }}
.ERROR td:first-child {{ color: var(--error); }}
.WARN td:first-child {{ color: var(--warn); }}
.INFO td:first-child {{ color: var(--info); }}
thead {{ display: table-header-group; }}
tr {{ break-inside: avoid; }}
@media print {{
  :root {{ color-scheme: light; --line: #999; --error: #b3261e; --warn: #8a5a00; --info: #2f5f9e; }}
  body {{ margin: 0; font-size: 10pt; }}
}}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{counts}</p>
<div class="wide">{table}</div>
</body>
</html>
"""


def address_key(address: str) -> tuple[object, ...]:
    """Return a key that sorts addresses as one reads a sheet: FM!C7 before FM!D7, and both before FM!C12.

    Cells go by sheet, row and column; any other address (an IRI, a sheet) in natural order.
    """
    cell = _CELL.fullmatch(address)
    if cell is None:
        return _natural(address), 0, 0, ""
    column = cell["column"] or ""
    return _natural(cell["sheet"] or ""), int(cell["number"] or cell["row"]), len(column), column


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings gravest first, then by file and address."""
    rank = {level: number for number, level in enumerate(LEVELS)}
    return sorted(
        findings,
        key=lambda f: (
            rank.get(f.level, len(LEVELS)),
            _natural(f.file),
            address_key(f.node),
            f.message,
            f.value,
            f.file,
            f.node,
        ),
    )


def counts(findings: Sequence[Finding]) -> str:
    """Say how many findings there are of each level: 2 ERROR, 1 WARN, 0 INFO."""
    found = Counter(f.level for f in findings)
    return ", ".join(f"{found[level]:,} {level}" for level in LEVELS)


def failing(findings: Sequence[Finding], level: str) -> bool:
    """Say whether a finding is of this level or graver.

    Raises:
        InputError: there is no such level.
    """
    if level not in LEVELS:
        raise InputError(f"unknown level {level!r}; allowed are {', '.join(LEVELS)}")
    failing_levels = LEVELS[: LEVELS.index(level) + 1]
    return any(f.level in failing_levels for f in findings)


def as_table(findings: Sequence[Finding]) -> tuple[list[str], list[list[str]]]:
    """Return columns and rows for a terminal, in order; long cells are cut, hidden characters shown by code."""
    return list(COLUMNS), [[_short(_shown(cell)) for cell in _cells(f)] for f in in_order(findings)]


def as_tsv(findings: Sequence[Finding]) -> str:
    r"""Return tab-separated text with a header. Tabs and line breaks in a cell read \t and \n, a backslash \\.

    A cell that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    rows = [COLUMNS, *(tuple(map(_tsv_cell, _cells(f))) for f in in_order(findings))]
    return "".join("\t".join(row) + "\n" for row in rows)


def as_html(findings: Sequence[Finding], title: str) -> str:
    """Return one page that needs no other file and no script; it prints, and follows a dark screen."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in COLUMNS)
    rows = as_table(findings)[1]
    body = "\n".join(
        f'<tr class="{escape(row[0])}">{"".join(f"<td>{escape(cell)}</td>" for cell in row)}</tr>' for row in rows
    )
    table = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>" if rows else ""
    return _PAGE.format(title=escape(_shown(title)), counts=counts(findings) if rows else "No finding.", table=table)


def _cells(finding: Finding) -> tuple[str, ...]:
    return (
        finding.level,
        finding.file,
        finding.node,
        finding.value,
        finding.message,
        finding.fix,
        finding.rule,
    )


def _natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key by which 7 comes before 12: numbers go by length, then digits, however long they are."""
    parts = re.findall(r"[0-9]+|[^0-9]+", text)
    return tuple(
        (0, len(part.lstrip("0")), part.lstrip("0")) if part[0] in "0123456789" else (1, 0, part.casefold())
        for part in parts
    )


def _shown(text: str) -> str:
    """Return text with its hidden characters as codes; a line break becomes a space."""
    one_line = re.sub(r"\s*[\r\n]\s*", " ", text)
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", one_line)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]}… ({len(text):,} characters)"


def _tsv_cell(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    visible = _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped)
    return f"'{visible}" if visible.lstrip()[:1] in _RUNS else visible
