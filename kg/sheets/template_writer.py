"""The workbook for one asset class, written: empty, filled in from a similar asset class, or holding a whole one."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from failwise.files import atomic_writer
from failwise.kg.sheets.records import column_letters
from failwise.kg.sheets.template import (
    ASSET_CLASS,
    ASSET_FIELDS,
    BLANK_MEANS,
    CITATION,
    CLOSABLE,
    COLUMN_OF,
    COMMENT,
    COMPONENTS,
    CORNER,
    ENDS,
    FACTS,
    INDICATED_BY,
    KIND_OF,
    KNOWN,
    LICENCE,
    MARKER,
    MATRIX,
    MODES,
    MORE_FACTS,
    NAME,
    NOT_STATED,
    READ_ME,
    SENSORS,
    SOURCE,
    TABLES,
    TWIN_OF,
    Column,
    Role,
    Table,
    TemplateContent,
    join_names,
)
from failwise.kg.sheets.template_guide import GUIDE
from failwise.kg.sheets.template_plan import Plan, RowPlan, plan_cells
from failwise.kg.sheets.template_style import (
    BOLD,
    CENTRED,
    INK,
    PLAIN,
    QUIET,
    Look,
    clean,
    colour,
    head,
    line,
    note,
    print_setup,
    put,
    validate,
)
from failwise.kg.vocabulary import FW, KINDS

_ROWS = 500  # rows that offer drop-downs, at least
_COLUMNS = 60  # sensor columns of the matrix that do
_TRUTHS = ("yes", "no", "unknown")
_TABS = {READ_ME: "FF7A8794", ASSET_CLASS: "FF7A8794", MATRIX: "FF6FA287", MORE_FACTS: "FFB8A46A"}


def write_template(path: Path, content: TemplateContent) -> None:
    """Write the workbook for one asset class, all or nothing.

    Raises:
        InputError: a claim is about another asset class, or a cell would hold more than a workbook can.
    """
    from openpyxl import Workbook

    plan = plan_cells(content)
    workbook: Any = Workbook()
    workbook.remove(workbook.active)
    workbook.properties.creator = "failwise"
    workbook.properties.title = f"FMEA of {clean(content.asset_class) or 'a new asset class'}"
    writer = _Writer(workbook, content, plan)
    writer.guide()
    writer.asset_class()
    for table in TABLES:
        writer.table(table)
        if table is SENSORS:
            writer.matrix()
    writer.more_facts()
    writer.known_names()
    with atomic_writer(path) as stream:
        workbook.save(stream)


class _Writer:
    """Fills a workbook sheet by sheet."""

    def __init__(self, workbook: Any, content: TemplateContent, plan: Plan) -> None:
        self.workbook = workbook
        self.content = content
        self.plan = plan
        self.offers = self._offers()

    def _offers(self) -> dict[str, list[str]]:
        """Return the names that drop-downs offer, by class, and those of relations."""
        names: dict[str, list[str]] = {}
        for table in TABLES:
            own = [row.label for row in self.plan.rows[table.kind].values()]
            names[table.kind] = _unique(own, self.content.known.get(table.kind, ()))
        names[FW.AssetClass] = _unique(self.content.asset_classes, self.content.kind_of, self.content.twin_of)
        names[FW.Relation] = _unique(ENDS, self.content.relations)
        return names

    def guide(self) -> None:
        """Write the sheet that says how to use the others."""
        sheet = self._sheet(READ_ME, (26, 110))
        sheet.sheet_view.showGridLines = False
        title = self.content.asset_class or "a new asset class"
        put(sheet, 1, 1, f"FMEA of {title}", Look(bold=True, size=18, wrap=False))
        for row, (left, right) in enumerate(GUIDE, 2):
            heading = bool(left) and not right
            put(sheet, row, 1, left, Look(bold=True, size=13) if heading else Look(bold=True, colour=QUIET))
            put(sheet, row, 2 if left else 1, right, Look(wrap=bool(left)))
            if heading:
                sheet.row_dimensions[row].height = 30

    def asset_class(self) -> None:
        """Write what is said of the asset class itself, and what blanks mean."""
        sheet = self._sheet(ASSET_CLASS, (26, 60, 80), header=("Field", "Value", "What to write"))
        content = self.content
        values = {
            NAME: [content.asset_class],
            KIND_OF: content.kind_of,
            TWIN_OF: content.twin_of,
            SOURCE: [content.source],
            CITATION: [content.citation],
            LICENCE: [content.licence],
            COMMENT: [content.comment],
        }
        lines = [(f, value, hint) for f, hint in ASSET_FIELDS.items() for value in values[f] or [""]]
        for row, (name, value, hint) in enumerate(lines, 2):
            line(sheet, row, name, join_names([value]) if name in (KIND_OF, TWIN_OF) else value, hint)
            if name in (KIND_OF, TWIN_OF):
                self._offer(sheet, f"B{row}", self._range(FW.AssetClass), strict=name == KIND_OF)
        first = len(lines) + 3
        for column, text in enumerate((*BLANK_MEANS, "For which cells"), 1):
            head(sheet, first, column, text)
        relations = _unique(CLOSABLE, sorted(content.closed))
        for row, relation in enumerate(relations, first + 1):
            line(sheet, row, relation, "no" if relation in content.closed else "unknown", _where(relation))
        self._offer(sheet, f"B{first + 1}:B{first + len(relations)}", '"unknown,no"', strict=True)

    def table(self, table: Table) -> None:
        """Write one sheet with a thing per row."""
        sheet = self._table_sheet(table)
        rows = list(self.plan.rows[table.kind].values())
        last = self._last(len(rows))
        for number, column in enumerate(table.columns, 1):
            self._choices(sheet, column, f"{column_letters(number)}2:{column_letters(number)}{last}")
            for row, thing in enumerate(rows, 2):
                text = self._text(thing, column)
                put(sheet, row, number, text, BOLD if column.role is Role.NAME else PLAIN)

    def _text(self, row: RowPlan, column: Column) -> str | int:
        if column.role is Role.TRUTH:
            return self._truth(row.truths, column.relation, column)
        objects = row.objects.get(column.relation, [])
        if column.role is Role.RATING:
            return int(objects[0]) if objects else ""
        if column.role is Role.OBJECTS:
            return join_names(objects)
        others = join_names(row.others)
        return {Role.NAME: row.label, Role.CODE: row.code, Role.OTHER_NAMES: others, Role.SOURCE: row.source}.get(
            column.role, ""
        )

    def _truth(self, truths: dict[Any, Any], key: object, column: Column | None = None) -> str:
        """Return the word for a truth; a claim left blank stays so where a blank says nothing else."""
        truth = truths.get(key)
        if truth is not None:
            return str(truth)
        asked = key in truths and (column is None or column.blank is None)
        return NOT_STATED if self.content.exact and not asked else ""

    def matrix(self) -> None:
        """Write the failure modes down, the sensors across and an answer in each cell."""
        modes, sensors = self.plan.rows[FW.FailureMode], self.plan.rows[FW.Sensor]
        rows, columns = list(modes), list(sensors)
        if self.content.exact:
            asked_modes, asked_sensors = ({pair[end] for pair in self.plan.matrix} for end in (0, 1))
            rows, columns = [k for k in rows if k in asked_modes], [k for k in columns if k in asked_sensors]
        sheet = self._sheet(MATRIX, (34, *[11] * max(len(columns) + 20, _COLUMNS)), header=(CORNER,))
        sheet.row_dimensions[1].height = 120
        note(sheet.cell(1, 1), "Failure modes down, sensors across. A cell: yes, no, unknown, or blank.")
        for number, sensor in enumerate(columns, 2):
            head(sheet, 1, number, sensors[sensor].label, turned=True)
        for row, mode in enumerate(rows, 2):
            put(sheet, row, 1, modes[mode].label, BOLD)
            for number, sensor in enumerate(columns, 2):
                put(sheet, row, number, self._truth(self.plan.matrix, (mode, sensor)), CENTRED)
        self._matrix_choices(sheet, self._last(len(rows)), max(len(columns) + 21, _COLUMNS + 1))

    def _matrix_choices(self, sheet: Any, last: int, width: int) -> None:
        corner = f"{column_letters(width)}{last}"
        self._answers(sheet, f"B2:{corner}", self.content.exact)
        self._offer(sheet, f"A2:A{last}", _names_on(MODES, self._last(len(self.plan.rows[FW.FailureMode]))))
        sensors = _names_on(SENSORS, self._last(len(self.plan.rows[FW.Sensor])))
        self._offer(sheet, f"B1:{column_letters(width)}1", sensors)

    def more_facts(self) -> None:
        """Write the claims that no column holds."""
        sheet = self._table_sheet(FACTS)
        last = self._last(len(self.plan.more))
        self._offer(sheet, f"A2:A{last}", self._range(FW.Relation))
        self._answers(sheet, f"D2:D{last}", False)
        for row, claim in enumerate(self.plan.more, 2):
            cells = claim.relation, claim.subject, claim.object, str(claim.truth), claim.source
            for number, text in enumerate(cells, 1):
                put(sheet, row, number, text)

    def known_names(self) -> None:
        """Write the hidden sheet that the drop-downs take their names from."""
        sheet = self.workbook.create_sheet(KNOWN)
        sheet.sheet_state = "hidden"
        put(sheet, 1, 1, MARKER)
        for number, (kind, names) in enumerate(self.offers.items(), 2):
            put(sheet, 1, number, KINDS[kind].name if kind in KINDS else "relation", BOLD)
            for row, name in enumerate(names, 2):
                put(sheet, row, number, name)

    def _choices(self, sheet: Any, column: Column, cells: str) -> None:
        """Offer what a column can hold."""
        if column.role is Role.TRUTH:
            self._answers(sheet, cells, self.content.exact or column.blank is not None)
        elif column.role is Role.RATING:
            validate(sheet, cells, "whole", "1", "10", message="A whole number from 1 to 10, or blank.")
        elif column.kind == FW.Component and column.role is Role.OBJECTS:
            self._offer(sheet, cells, _names_on(COMPONENTS, self._last(len(self.plan.rows[FW.Component]))))
        elif column.kind:
            self._offer(sheet, cells, self._range(column.kind))

    def _answers(self, sheet: Any, cells: str, may_be_left_out: bool) -> None:
        """Allow yes, no and unknown alone, and colour them."""
        words = (*_TRUTHS, NOT_STATED) if may_be_left_out else _TRUTHS
        validate(sheet, cells, "list", f'"{",".join(words)}"', message=f"One of: {', '.join(words)}; or blank.")
        colour(sheet, cells)

    def _offer(self, sheet: Any, cells: str, names: str, *, strict: bool = False) -> None:
        """Offer names in a drop-down; other names are allowed unless it is strict."""
        if names:
            validate(sheet, cells, "list", names, message="Pick one of the names offered." if strict else "")

    def _range(self, kind: str) -> str:
        """Return where the hidden sheet holds the names of a class, "" where there are none."""
        letters = column_letters(2 + list(self.offers).index(kind))
        count = len(self.offers[kind])
        return f"'{KNOWN}'!${letters}$2:${letters}${count + 1}" if count else ""

    def _last(self, count: int) -> int:
        return max(_ROWS, count + 200)

    def _table_sheet(self, table: Table) -> Any:
        sheet = self._sheet(table.name, [c.width for c in table.columns], [c.title for c in table.columns])
        for number, column in enumerate(table.columns, 1):
            note(sheet.cell(1, number), column.hint)
        rows = len(self.plan.rows[table.kind]) if table.kind else len(self.plan.more)
        sheet.auto_filter.ref = f"A1:{column_letters(len(table.columns))}{self._last(rows)}"
        return sheet

    def _sheet(self, name: str, widths: Sequence[int], header: Sequence[str] = ()) -> Any:
        """Add a sheet with its columns, header and print set-up."""
        from openpyxl.styles import Alignment, Font

        sheet = self.workbook.create_sheet(name)
        sheet.sheet_properties.tabColor = _TABS.get(name, "FF6C8EAD")
        for number, width in enumerate(widths, 1):
            column = sheet.column_dimensions[column_letters(number)]
            column.width = width
            column.alignment = Alignment(wrap_text=True, vertical="top", horizontal=_side(name, number))
            column.font = Font(name="Calibri", size=11, color=INK)
        for number, text in enumerate(header, 1):
            head(sheet, 1, number, text)
        if header:
            sheet.freeze_panes = "B2"
            sheet.row_dimensions[1].height = 24
        print_setup(sheet, repeat_header=bool(header))
        return sheet


def _side(sheet: str, column: int) -> str | None:
    return "center" if sheet == MATRIX and column > 1 else None


def _unique(*groups: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for group in groups for name in group if name))


def _names_on(table: Table, last: int) -> str:
    letters = column_letters(table.name_column)
    return f"'{table.name}'!${letters}$2:${letters}${last}"


def _where(relation: str) -> str:
    if relation == INDICATED_BY:
        return f"The answers of the sheet {MATRIX}."
    if relation in COLUMN_OF:
        table, column = COLUMN_OF[relation]
        return f"The sheet {table.name}, column {column.title}."
    return f"The sheet {MORE_FACTS}."
