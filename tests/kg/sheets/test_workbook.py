"""Workbooks as rows of text: merged cells filled, values as people see them, and nothing harmful opened."""

import random
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from failwise.kg.records import Finding
from failwise.kg.sheets import workbook
from failwise.kg.sheets.document import read_document

SHEET = "xl/worksheets/sheet1.xml"
Edit = Callable[[bytes], bytes]
Rows = list[tuple[int, tuple[str, ...]]]


def save(tmp_path: Path, fill: Callable[[Any], object]) -> Path:
    book = Workbook()
    fill(book.active)
    book.save(tmp_path / "fmea.xlsx")
    return tmp_path / "fmea.xlsx"


def edit(path: Path, part: str, change: Edit) -> Path:
    """Change one part of a workbook, or add it."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = change(parts.get(part, b""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def data(path: Path, rows: str) -> Path:
    """Replace the rows of the first sheet."""
    return edit(
        path, SHEET, lambda xml: xml[: xml.index(b"<sheetData")] + f"<sheetData>{rows}</sheetData></worksheet>".encode()
    )


def plain(tmp_path: Path) -> Path:
    return save(tmp_path, lambda sheet: sheet.append(["leak", "noise"]))


def read(path: Path) -> tuple[Rows, list[Finding]]:
    findings: list[Finding] = []
    sheets = read_document(path, findings)
    found = [[(row.number, row.cells) for sheet in sheets for row in sheet.rows()] for _ in range(2)]
    assert found[0] == found[1]
    return found[0], findings


def refused(path: Path) -> Finding:
    rows, (finding,) = read(path)
    assert (rows, finding.level, finding.file) == ([], "ERROR", "fmea.xlsx")
    return finding


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (8, "8"),
        (8.0, "8"),
        (0.5, "0.5"),
        (0.1 + 0.2, "0.3"),
        (True, "TRUE"),
        (False, "FALSE"),
        (date(2024, 5, 1), "2024-05-01"),
        (datetime(2024, 5, 1, 8, 30), "2024-05-01T08:30:00"),
        (time(8, 30), "08:30:00"),
        (" \u00a0u\u0308ber\u200b\n", "über\u200b"),
        ("two_x000D_\nlines", "two\nlines"),
        ("007", "007"),
        ("TRUE", "TRUE"),
        (CellRichText("seal ", TextBlock(InlineFont(b=True), "leak")), "seal leak"),
    ],
)
def test_values_are_text_as_people_see_it(tmp_path: Path, value: object, text: str) -> None:
    path = save(tmp_path, lambda sheet: sheet.append([value]))
    assert read(path) == ([(1, (text,))], [])


def test_a_number_written_as_a_decimal_is_whole(tmp_path: Path) -> None:
    path = data(plain(tmp_path), '<row r="1"><c r="A1"><v>8.0</v></c><c r="B1"><v>1E-3</v></c></row>')
    assert read(path) == ([(1, ("8", "0.001"))], [])


def test_blank_rows_are_left_out_and_ends_cut(tmp_path: Path) -> None:
    def fill(sheet: Any) -> None:
        sheet["B2"], sheet["A7"], sheet["F7"], sheet["C9"] = "leak", "noise", "  ", ""

    assert read(save(tmp_path, fill)) == ([(2, ("", "leak")), (7, ("noise",))], [])


def test_merged_cells_hold_their_text_everywhere(tmp_path: Path) -> None:
    def fill(sheet: Any) -> None:
        sheet["A1"], sheet["A3"] = "Pump FMEA", "leak"
        for row in range(3, 7):
            sheet[f"B{row}"] = f"cause {row}"
        sheet["B8"] = "later"
        for merged in ("A1:C1", "A3:A5", "B6:C7", "F1:G2"):
            sheet.merge_cells(merged)

    rows, findings = read(save(tmp_path, fill))
    assert rows == [
        (1, ("Pump FMEA",) * 3),
        (3, ("leak", "cause 3")),
        (4, ("leak", "cause 4")),
        (5, ("leak", "cause 5")),
        (6, ("", "cause 6", "cause 6")),
        (8, ("", "later")),
    ]
    assert findings == []


@pytest.mark.parametrize("merged", ["A1:A1048576", "A:A", "1:1", "A1:XFD1048576"])
def test_a_huge_merged_range_ends_with_the_rows(tmp_path: Path, merged: str) -> None:
    path = save(tmp_path, lambda sheet: [sheet.append([name, name]) for name in ("a", "b")])
    tail = f'</sheetData><mergeCells><mergeCell ref="{merged}"/></mergeCells>'.encode()
    rows, findings = read(edit(path, SHEET, lambda xml: xml.replace(b"</sheetData>", tail)))
    assert [(number, cells[0]) for number, cells in rows] == [(1, "a"), (2, "b" if merged == "1:1" else "a")]
    assert findings == []


def test_a_sheet_that_claims_to_be_huge_is_read_for_what_it_holds(tmp_path: Path) -> None:
    path = edit(plain(tmp_path), SHEET, lambda xml: xml.replace(b'ref="A1:B1"', b'ref="A1:XFD1048576"'))
    assert read(path) == ([(1, ("leak", "noise"))], [])


def test_the_last_row_and_column_of_the_format_are_read(tmp_path: Path) -> None:
    path = data(plain(tmp_path), '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    ((number, cells),), findings = read(path)
    assert (number, len(cells), cells[-1], findings) == (1_048_576, 16_384, "1", [])


def test_rules_that_openpyxl_refuses_do_not_matter(tmp_path: Path) -> None:
    broken = b'</sheetData><dataValidations><dataValidation type="nonsense" sqref="??"/></dataValidations>'
    path = edit(plain(tmp_path), SHEET, lambda xml: xml.replace(b"</sheetData>", broken))
    assert read(path) == ([(1, ("leak", "noise"))], [])


def test_hidden_sheets_are_read_and_very_hidden_ones_named(tmp_path: Path) -> None:
    book = Workbook()
    for name, state in (("shown", "visible"), ("hidden", "hidden"), ("macro", "veryHidden")):
        sheet = book.create_sheet(name)
        sheet.sheet_state = state
        sheet.append([name])
    book.create_chartsheet("chart")
    book.save(tmp_path / "fmea.xlsx")
    findings: list[Finding] = []
    sheets = read_document(tmp_path / "fmea.xlsx", findings)
    assert [(s.name, [r.cells for r in s.rows()]) for s in sheets] == [
        ("Sheet", []),
        ("shown", [("shown",)]),
        ("hidden", [("hidden",)]),
    ]
    assert [(f.level, f.node, f.rule) for f in findings] == [("INFO", "macro", "hidden-sheet")]


def test_formulas_give_the_value_stored_and_a_warning(tmp_path: Path) -> None:
    cells = "".join(f'<c r="{c}1"><f>1+1</f><v>2</v></c>' for c in "ABCDEFG")
    rows, (finding,) = read(data(plain(tmp_path), f'<row r="1">{cells}<c r="H1" t="str"><f>""</f><v></v></c></row>'))
    assert rows == [(1, ("2",) * 7)]
    assert (finding.level, finding.node, finding.rule) == ("WARN", "Sheet", "formula")
    assert finding.value == "A1, B1, C1, D1, E1 and 3 more"
    assert "8 cells hold formulas" in finding.message


def test_a_formula_that_was_never_calculated_is_an_error(tmp_path: Path) -> None:
    rows, findings = read(save(tmp_path, lambda sheet: sheet.append(["leak", "=1+1", 3, "=A1"])))
    assert rows == [(1, ("leak", "", "3"))]
    assert [(f.level, f.node, f.rule, f.value) for f in findings] == [
        ("WARN", "Sheet", "formula", "B1, D1"),
        ("ERROR", "Sheet", "formula-without-value", "B1, D1"),
    ]


def test_error_cells_are_named_up_to_a_limit(tmp_path: Path) -> None:
    codes = ["#REF!", "#N/A", "#DIV/0!"] + ["#VALUE!"] * 22
    path = save(tmp_path, lambda sheet: [sheet.append(["x", code]) for code in codes])
    rows, findings = read(path)
    assert rows == [(number, ("x",)) for number in range(1, 26)]
    assert [(f.level, f.node, f.rule, f.value) for f in findings[:2]] == [
        ("ERROR", "Sheet!B1", "error-cell", "#REF!"),
        ("ERROR", "Sheet!B2", "error-cell", "#N/A"),
    ]
    assert (len(findings), findings[-1].message) == (21, "5 more cells of the sheet hold an error")


def test_text_that_looks_like_an_error_is_text(tmp_path: Path) -> None:
    path = data(plain(tmp_path), '<row r="1"><c r="A1" t="inlineStr"><is><t>#N/A</t></is></c></row>')
    assert read(path) == ([(1, ("#N/A",))], [])


ENTITY = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/hostname">]><x>&a;</x>'


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/sharedStrings.xml", "docProps/core.xml", "x.bin"])
@pytest.mark.parametrize("text", [ENTITY, "<?xml version='1.0'?>" + ENTITY, f"<!--{'x' * 70_000}-->" + ENTITY])
def test_declared_entities_are_never_expanded(tmp_path: Path, part: str, text: str) -> None:
    finding = refused(edit(plain(tmp_path), part, lambda _: text.encode()))
    assert (finding.rule, finding.value) == ("xml-entities", part)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_entities_are_found_in_utf_16(tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    assert refused(edit(plain(tmp_path), SHEET, lambda _: (mark + ENTITY).encode(encoding))).rule == "xml-entities"


def test_links_to_other_workbooks_are_told_and_not_followed(tmp_path: Path) -> None:
    rows, (finding,) = read(edit(plain(tmp_path), "xl/externalLinks/externalLink1.xml", lambda _: b"<externalLink/>"))
    assert rows == [(1, ("leak", "noise"))]
    assert (finding.level, finding.rule) == ("WARN", "external-links")


def test_a_part_that_unzips_to_far_more_is_refused(tmp_path: Path) -> None:
    finding = refused(edit(plain(tmp_path), "xl/media/a.png", lambda _: bytes(21 * 2**20)))
    assert (finding.rule, "over 200 times its size" in finding.message) == ("oversized", True)


@pytest.mark.parametrize(
    ("limit", "value", "sentence"),
    [
        ("MOST_BYTES", 500, "bytes; allowed are 500"),
        ("MOST_BYTES", 9_000, "unzips to"),
        ("MOST_MEMBERS", 5, "parts; allowed are 5"),
        ("MOST_ELEMENTS", 5, "over 5 XML elements at once"),
        ("MOST_SILENCE", 1_000_000, "a text of over 1,000,000 bytes in the part 'big.xml'"),
    ],
)
def test_what_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, sentence: str
) -> None:
    path = edit(plain(tmp_path), "big.xml", lambda _: b"<a>" + b"x" * 2_000_000 + b"</a>")
    monkeypatch.setattr(workbook, limit, value)
    finding = refused(path)
    assert (finding.rule, sentence in finding.message) == ("oversized", True)


def test_rows_that_span_too_many_cells_end_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_CELLS", 50)
    rows, (finding,) = read(save(tmp_path, lambda sheet: [sheet.append(["x"] * 20) for _ in range(9)]))
    assert len(rows) == 3
    assert (finding.level, finding.rule, finding.node) == ("ERROR", "damaged", "Sheet")


def test_a_part_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = plain(tmp_path)
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02"))
    content[entry + 24 : entry + 28] = (3).to_bytes(4, "little")
    path.write_bytes(content)
    assert refused(path).rule == "not-a-workbook"


def test_a_way_of_zipping_that_workbooks_do_not_use_is_refused(tmp_path: Path) -> None:
    path = plain(tmp_path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("x.xml", "<x/>")
    assert "zipped in a way workbooks are not: 'x.xml'" in refused(path).message


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ('<row r="2"/><row r="1"><c r="A1"><v>1</v></c></row>', "row '1' follows row 2"),
        ('<row r="1048577"/>', "row '1048577' follows row 0"),
        ('<row r="-1"/>', "row '-1' follows row 0"),
        ('<row r="1"><c r="A1"><v>1</v></c>', "mismatched tag"),
        ('</sheetData><mergeCells><mergeCell ref="?"/></mergeCells><sheetData>', "not a valid coordinate"),
        ('<row r="1"><c r="A1" t="s"><v>99</v></c></row>', "reading the sheet stopped: IndexError"),
        ('<row r="1"><c r="?"><v>1</v></c></row>', "reading the sheet stopped: "),
        ('<row r="1"><c r="A1"><v>one</v></c></row>', "reading the sheet stopped: ValueError"),
    ],
)
def test_a_damaged_sheet_is_an_error_of_the_sheet(tmp_path: Path, rows: str, sentence: str) -> None:
    finding = refused(data(plain(tmp_path), rows))
    assert (finding.node, finding.rule) == ("Sheet", "damaged")
    assert sentence in finding.message


def test_a_workbook_without_worksheets_is_refused(tmp_path: Path) -> None:
    path = edit(plain(tmp_path), "xl/workbook.xml", lambda xml: re.sub(b"<sheets>.*</sheets>", b"<sheets/>", xml))
    assert refused(path).rule == "no-sheets"


def test_bytes_and_markup_changed_at_random_are_survived(tmp_path: Path) -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["leak", 1, 2.5, True, "=A1", date(2024, 5, 1), "#N/A"])
        sheet.append(["noise"])
        sheet.merge_cells("A2:B3")

    dice, path = random.Random(7), save(tmp_path, fill)
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    for turn in range(150):
        path.write_bytes(whole)

        def change(content: bytes) -> bytes:
            changed = bytearray(content)
            for _ in range(dice.randint(1, 4)):
                changed[dice.randrange(len(changed))] = dice.choice(b'<>/"=A0 9z-#')
            return bytes(changed)

        if turn % 3:
            edit(path, dice.choice(names), change)
        else:
            path.write_bytes(change(whole))
        _, findings = read(path)
        assert len(findings) == len(set(findings))


def test_five_thousand_rows_stream(tmp_path: Path) -> None:
    path = save(tmp_path, lambda sheet: [sheet.append([f"mode {i}", i]) for i in range(5_000)])
    (sheet,) = read_document(path, [])
    rows = sheet.rows()
    assert next(rows).cells == ("mode 0", "0")
    assert sum(1 for _ in rows) == 4_999
