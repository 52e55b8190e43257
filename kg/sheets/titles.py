"""Which asset class a sheet is about: a title row says so, or the user, or the sheet's name."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from failwise.kg.sheets.cells import has_letter, says_nothing
from failwise.kg.sheets.collect import Collector
from failwise.kg.sheets.fields import Role
from failwise.kg.sheets.header import Wordings
from failwise.kg.sheets.records import Place, Row, Sheet

# The nearest name first: a sheet on the compressor of a heat pump is about the compressor.
_NEAREST = (Role.ASSET_CLASS, Role.COMPONENT, Role.SUBUNIT, Role.SYSTEM)
_NO_NAME = re.compile(
    r"^(?:[dp]?fmec?a|sheet|table|tabelle|blatt|feuil|data|export|worksheet|(?:relevance[ _-])?matrix)[ _-]*\d*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Title:
    """The asset class that a sheet is about ("" where only its rows say so), and the source that it names."""

    asset_class: str
    place: Place
    source: str = ""


def read_title(
    sheet: Sheet, rows: Iterable[Row], wordings: Wordings, collector: Collector, *, corner: str = "", guess: bool = True
) -> Title:
    """Return what the title rows say.

    Args:
        corner: the top left cell of a matrix, where a name may stand.
        guess: whether the name of the sheet or file will do where nothing else names the asset class.
    """
    named: dict[Role, tuple[str, Place]] = {}
    source = ""
    for row in rows:
        for key, value, column in _pairs(row, wordings):
            field = wordings.match(key)
            if field is None or says_nothing(value) or not has_letter(value):
                continue
            if field.role is Role.SOURCE:
                source = source or value
            elif field.role in _NEAREST:
                named.setdefault(field.role, (value, sheet.place(row.number, column)))
    asset_class, place = _nearest(named, collector) or (corner or collector.options.asset_class, sheet.place(1))
    if not asset_class and guess:
        asset_class = _last_resort(sheet, collector)
    return Title(asset_class, place, source)


def _nearest(named: dict[Role, tuple[str, Place]], collector: Collector) -> tuple[str, Place] | None:
    found = [named[role] for role in _NEAREST if role in named]
    if not found:
        return None
    name, place = found[0]
    if others := [f"{other!r} in {where}" for other, where in found[1:] if other != name]:
        message = f"the asset class is taken to be {name!r}; the title rows also name {' and '.join(others)}"
        fix = 'write "Asset class: ..." in a row above the header'
        collector.find("INFO", place, "asset-class-chosen", message, name, fix)
    return name, place


def _last_resort(sheet: Sheet, collector: Collector) -> str:
    stem = " ".join(re.split(r"[\s_-]+", PurePath(sheet.file).stem)).strip()
    name, origin = sheet.name, "the sheet"
    if not has_letter(name) or _NO_NAME.match(name.strip()):
        name, origin = stem if has_letter(stem) else "unnamed asset class", "the file"
    message = f"nothing names the asset class, so it is called {name!r}, as {origin} is"
    fix = 'write "Asset class: ..." in a row above the header, or pass --asset-class'
    collector.find("INFO", sheet.place(1), "asset-class-guessed", message, name, fix)
    return name


def _pairs(row: Row, wordings: Wordings) -> Iterator[tuple[str, str, int]]:
    """Yield name, value and column: "System: heat pump" in one cell, or side by side in two."""
    cells = [(text, column) for column, text in enumerate(row.cells, 1) if text]
    cells = [cell for i, cell in enumerate(cells) if i == 0 or cell[0] != cells[i - 1][0]]  # a merged cell is one
    for i, (text, column) in enumerate(cells):
        for line in text.splitlines():
            name, colon, value = line.partition(":")
            if colon and value.strip():
                yield name, value.strip(), column
        after = cells[i + 1] if i + 1 < len(cells) else None
        if after and (text.endswith(":") or ":" not in text) and not _is_name(after[0], wordings):
            yield text.rstrip(": "), after[0], after[1]


def _is_name(text: str, wordings: Wordings) -> bool:
    return text.endswith(":") or wordings.match(text) is not None
