"""A part of a page that a program writes; what a person wrote around it stays."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from failwise.files import read_text, write_text

TITLE = "# Results\n\n"


def put(path: Path, name: str, text: str) -> None:
    """Put a text between the marks of its name, in the place of an earlier one; without marks at the end."""
    begin, end = f"<!-- {name}: made by a program, not by hand -->", f"<!-- {name}: end -->"
    old = read_text(path) if path.is_file() else TITLE
    before, found, rest = old.partition(begin)
    after = rest.partition(end)[2] if found else "\n"
    before = before if found else before.rstrip() + "\n\n"
    write_text(path, f"{before}{begin}\n\n{text}\n\n{end}{after}")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
