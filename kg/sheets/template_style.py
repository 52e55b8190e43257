"""How the workbook looks, and how text gets into a cell: as text, never as a formula."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Literal

from failwise.errors import InputError
from failwise.kg.sheets.records import column_letters
from failwise.kg.sheets.template import NOT_STATED

_CELL_LIMIT = 32_767  # characters in a cell of a workbook
INK, QUIET, _HEADER, _LINE = "FF22313F", "FF7A8794", "FFE4ECF2", "FFD3DCE4"
_COLOURS = {"yes": "FFDDF0E0", "no": "FFF8DFDC", "unknown": "FFFCF2D4", NOT_STATED: "FFF0F0F0"}
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FORMULA = ("=", "+", "-", "@")


def clean(text: str) -> str:
    """Return text as a cell can hold it and the reader gives it back."""
    stripped = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").strip()
    return _ILLEGAL.sub("\ufffd", stripped)


@dataclass(frozen=True, slots=True)
class Look:
    """How the text of a cell looks."""

    bold: bool = False
    size: int = 11
    colour: str = INK
    wrap: bool = True
    centre: bool = False


PLAIN, BOLD, CENTRED, HINT = Look(), Look(bold=True), Look(centre=True), Look(colour=QUIET)


def put(sheet: Any, row: int, column: int, content: str | int, look: Look = PLAIN) -> Any:
    """Write text into a cell as text, never as a formula; an empty one is left out.

    Raises:
        InputError: the text is longer than a cell can hold.
    """
    from openpyxl.styles import Alignment, Font

    text = clean(str(content))
    if not text:
        return None
    if len(text) > _CELL_LIMIT:
        raise InputError(
            f"{sheet.title}!{column_letters(column)}{row} would hold {len(text):,} characters ({text[:40]!r}…); a cell "
            f"of a workbook holds {_CELL_LIMIT:,}: shorten the names, or export to Turtle"
        )
    cell = sheet.cell(row, column)
    cell.font = Font(name="Calibri", size=look.size, bold=look.bold, color=look.colour)
    cell.alignment = Alignment(wrap_text=look.wrap, vertical="top", horizontal="center" if look.centre else None)
    if isinstance(content, int):
        cell.value = content
        return cell
    cell.value = text
    cell.data_type = "s"  # openpyxl makes a formula of "=…" and an error of "#N/A"
    cell.quotePrefix = text.startswith(_FORMULA)  # so that it stays text when a person edits the cell
    return cell


def head(sheet: Any, row: int, column: int, text: str, *, turned: bool = False) -> None:
    """Write a header cell; a turned one reads upwards."""
    from openpyxl.styles import Alignment, Border, PatternFill, Side

    cell = put(sheet, row, column, text, BOLD)
    cell.fill = PatternFill("solid", fgColor=_HEADER)
    cell.border = Border(bottom=Side(style="medium", color=_LINE))
    cell.alignment = Alignment(
        wrap_text=True,
        vertical="bottom" if turned else "center",
        horizontal="center" if turned else None,
        textRotation=60 if turned else 0,
    )


def line(sheet: Any, row: int, name: str, value: str, hint: str) -> None:
    """Write a name, its value and what to write there."""
    put(sheet, row, 1, name, BOLD)
    put(sheet, row, 2, value)
    put(sheet, row, 3, hint, HINT)


def note(cell: Any, text: str) -> None:
    from openpyxl.comments import Comment

    cell.comment = Comment(text, "failwise", height=90, width=260)


def validate(
    sheet: Any, cells: str, kind: Literal["list", "whole"], first: str, second: str | None = None, *, message: str = ""
) -> None:
    """Offer a drop-down or a range of numbers; other values are refused where there is a message to say so."""
    from openpyxl.worksheet.datavalidation import DataValidation

    rule = DataValidation(
        type=kind,
        operator="between" if second else None,
        formula1=first,
        formula2=second,
        allow_blank=True,
        showErrorMessage=bool(message),
        error=message or None,
        errorTitle="Not possible here" if message else None,
    )
    rule.add(cells)
    sheet.add_data_validation(rule)


def colour(sheet: Any, cells: str) -> None:
    from openpyxl.formatting.rule import CellIsRule
    from openpyxl.styles import PatternFill

    for word, colour in _COLOURS.items():
        fill = PatternFill("solid", bgColor=colour)
        sheet.conditional_formatting.add(
            cells,
            CellIsRule(  # type: ignore[no-untyped-call]
                operator="equal", formula=[f'"{word}"'], fill=fill
            ),
        )


def print_setup(sheet: Any, *, repeat_header: bool) -> None:
    """Print on A4, landscape, as wide as the page, with the header on each."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.left.text, sheet.oddFooter.right.text = "&A", "&P / &N"
    if repeat_header:
        sheet.print_title_rows = "1:1"
