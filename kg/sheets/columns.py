"""Which columns of an FMEA worksheet are read, and what is said of the others."""

from collections.abc import Iterator

from failwise.kg.names import did_you_mean
from failwise.kg.sheets.collect import Collector
from failwise.kg.sheets.fields import Field, Role
from failwise.kg.sheets.header import Column, Header, Wordings
from failwise.kg.sheets.records import Row, Sheet

_STANDS_FOR = {Role.SYSTEM: Role.ASSET_CLASS, Role.SUBUNIT: Role.COMPONENT}
_LEFT_OUT = {
    Role.NEXT_EFFECT: ("INFO", "effects at the next higher level are left out: local and end effects are kept"),
    Role.SEVERITY_CLASS: ("WARN", "severity classes are left out: a severity is a number from 1 to 10"),
}


def usable_columns(sheet: Sheet, header: Header, wordings: Wordings, collector: Collector) -> list[Column]:
    """Return the columns to read; report those that nobody knows, that are left out, or that are there twice."""
    kept: dict[str, Column] = {}
    for column in _stand_ins(sheet, header, collector):
        place = sheet.place(header.last, column.number)
        if column.field is None:
            message = f"no field is known for the column {column.text!r}{did_you_mean(column.text, wordings.known)}"
            fix = f"map it: --map {column.text!r}=FIELD, or --map {column.text!r}=ignore"
            collector.find("WARN", place, "unknown-column", f"{message}; it is left out", column.text, fix)
        elif column.slot in kept:
            other = kept[column.slot]
            where = sheet.place(header.last, other.number)
            message = f"{other.text!r} in {where} and {column.text!r} in {place} both mean {column.field.name}"
            fix = f"map one of them to ignore: --map '{place}=ignore'"
            collector.find("ERROR", place, "two-columns-one-field", message, column.text, fix)
        elif column.role in _LEFT_OUT:
            level, message = _LEFT_OUT[column.role]
            collector.find(level, place, "left-out", message, column.text, "map the column if it holds more")
        elif column.role not in (Role.IGNORED, Role.COMMENT):
            kept[column.slot] = column
    return list(kept.values())


def _stand_ins(sheet: Sheet, header: Header, collector: Collector) -> Iterator[Column]:
    """Let a system stand for the asset class and a subunit for the component where nothing closer is there."""
    for column in header.columns:
        role = _STANDS_FOR.get(column.role) if column.role else None
        if role is None or column.field is None:
            yield column
        elif header.having(role):
            closer = header.having(role)[0].text
            message = f"the column {column.text!r} is left out: {closer!r} names the {role.value} more closely"
            collector.find("INFO", sheet.place(header.last, column.number), "left-out", message, column.text)
        else:
            yield Column(column.number, column.text, Field(role.value, role))


def warn_of_no_header(sheet: Sheet, row: Row, headed: set[int], collector: Collector) -> None:
    """Report, once per column, that something stands in a column without a header."""
    for number, text in enumerate(row.cells, 1):
        if text and number not in headed:
            headed.add(number)  # once per column
            message = "the column has no header; what stands in it is left out"
            fix = "write a header above it, or clear the column"
            collector.find("WARN", sheet.place(row.number, number), "no-header", message, text, fix)
