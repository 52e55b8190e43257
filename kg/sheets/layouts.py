"""Sheets of any layout but the template's become one draft: FMEA worksheets, bare matrices, lists."""

from collections.abc import Iterable
from itertools import islice

from failwise.kg.sheets.collect import Collector
from failwise.kg.sheets.fields import ReadOptions, Role
from failwise.kg.sheets.header import SEARCHED, Column, Header, Wordings, find_header
from failwise.kg.sheets.lists import find_list, read_list
from failwise.kg.sheets.matrix import corner_name, ends_of, find_matrix, read_matrix
from failwise.kg.sheets.records import Draft, Place, Row, Sheet
from failwise.kg.sheets.titles import read_title
from failwise.kg.sheets.worksheet import read_worksheet
from failwise.kg.vocabulary import FW

_LOOKED_AT = SEARCHED + 20
_KNOWN = (
    "an FMEA worksheet (a header row with the failure mode and one column more), a matrix of failure modes and sensors "
    "with marks, or a list of facts (asset_class, relation, subject, object, truth)"
)


def draft_sheets(sheets: Iterable[Sheet], draft: Draft, options: ReadOptions) -> None:
    """Add what sheets say to a draft. Each is read as what its header shows it to be; its rows are not kept.

    Raises:
        InputError: `options.headers` names a field that does not exist.
    """
    collector, wordings = Collector(draft, options), Wordings(options)
    left_out: list[Sheet] = []
    read: list[Sheet] = []
    for sheet in sheets:
        head = list(islice(sheet.rows(), _LOOKED_AT))
        if head:
            (read if _read(sheet, head, wordings, collector) else left_out).append(sheet)
        collector.close(sheet)
    for sheet in left_out:
        _report_left_out(sheet, collector, among_others=bool(read))
    for header in sorted(wordings.unused):
        place = Place((read or left_out)[0].file, "", 0) if read or left_out else Place("", "", 0)
        message = f"no sheet has the header {header!r}, which --map names"
        collector.find("WARN", place, "unused-map", message, header, "write the header as it stands in the sheet")


def _read(sheet: Sheet, head: list[Row], wordings: Wordings, collector: Collector) -> bool:
    """Add what one sheet says; return whether it was recognised."""
    before = _size(collector.draft)
    read = _read_list(sheet, head, wordings, collector)
    read = read or _read_worksheet(sheet, head, wordings, collector, useful=2)
    read = read or _read_matrix(sheet, head, wordings, collector)
    read = read or _read_worksheet(sheet, head, wordings, collector, useful=1)
    if read and before == _size(collector.draft):
        fix = "fill in rows below the header"
        collector.find("WARN", sheet.place(0), "no-rows", "the sheet has a header, but no row says anything", fix=fix)
    return read


def _size(draft: Draft) -> int:
    return len(draft.claims) + len(draft.mentions) + len(draft.asset_classes) + len(draft.findings)


def _read_list(sheet: Sheet, head: list[Row], wordings: Wordings, collector: Collector) -> bool:
    header = find_list(head, wordings)
    if header is None:
        return False
    row = next(row for row in head if row.number == header.row)
    columns = (Column(number, text, None) for number, text in enumerate(row.cells, 1) if text)
    wordings.use(sheet, Header(row.number, row.number, tuple(columns)))
    own = Role.ASSET_CLASS not in header.columns
    title = read_title(sheet, _above(head, header.row), wordings, collector, guess=own)
    read_list(sheet, header, title, collector)
    return True


def _read_worksheet(sheet: Sheet, head: list[Row], wordings: Wordings, collector: Collector, *, useful: int) -> bool:
    header = find_header(sheet, head, wordings, useful)
    if header is None or len(header.columns) < 2:
        return False
    wordings.use(sheet, header)
    own = not header.having(Role.ASSET_CLASS, Role.SYSTEM)
    title = read_title(sheet, _above(head, header.first), wordings, collector, guess=own)
    read_worksheet(sheet, header, title, wordings, collector)
    return True


def _read_matrix(sheet: Sheet, head: list[Row], wordings: Wordings, collector: Collector) -> bool:
    header = find_matrix(head)
    if header is None:
        return False
    own = ends_of(collector).domain != FW.AssetClass
    corner = corner_name(header, wordings)
    title = read_title(sheet, _above(head, header.number), wordings, collector, corner=corner, guess=own)
    read_matrix(sheet, header, title, collector)
    return True


def _above(head: list[Row], row: int) -> list[Row]:
    return [one for one in head if one.number < row]


def _report_left_out(sheet: Sheet, collector: Collector, *, among_others: bool) -> None:
    if among_others:
        message = "nothing is recognised on this sheet; it is left out"
        collector.find("INFO", sheet.place(0), "nothing-recognised", message)
        return
    message = f"nothing is recognised; what would be is {_KNOWN}"
    fix = "name the columns with --map HEADER=FIELD: --map 'Fault description=failure-mode'"
    collector.find("ERROR", sheet.place(0), "nothing-recognised", message, fix=fix)
