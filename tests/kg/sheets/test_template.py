"""The workbook for one asset class: written, looked at, filled in wrongly, and read back."""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from failwise.errors import InputError
from failwise.kg.records import Finding, Relation, Truth
from failwise.kg.sheets.document import read_document
from failwise.kg.sheets.records import Claim, Draft, Mention, Place, Row, Sheet
from failwise.kg.sheets.template import ENDS, TABLE_OF, TABLES, TemplateContent, join_names, name_key, split_names
from failwise.kg.sheets.template_asset import TemplateSource, read_source
from failwise.kg.sheets.template_reader import draft_template, is_template
from failwise.kg.sheets.template_writer import write_template
from failwise.kg.vocabulary import FW, KINDS

PLACE = Place("", "", 0)
EXTRA = Relation("resembles", "iri", "looks like", "", "", (), FW.FailureMode, FW.FailureMode)
RELATIONS = {name: Relation(name, name, name, "", "", (), *ends) for name, ends in ENDS.items()} | {"resembles": EXTRA}
YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN

Row5 = tuple[str, str, str, Truth | None, str]


def claim(relation: str, subject: str, object_: str, truth: Truth | None = YES, source: str = "") -> Claim:
    return Claim("heat pump", relation, subject, object_, truth, PLACE, source)


def mention(kind: str, label: str, notation: str = "", alternatives: tuple[str, ...] = ()) -> Mention:
    asset_class = "heat pump" if KINDS[kind].local else ""
    return Mention(kind, label, asset_class, PLACE, notation, alternatives)


HEAT_PUMP = TemplateContent(
    "heat pump",
    kind_of=("machine", "chiller; air"),
    twin_of=("heat pump (plant)",),
    source="plant FMEA",
    citation="Plant FMEA, edition 3",
    licence="CC-BY-4.0",
    comment="=drawn up in 2024",
    closed=frozenset({"indicatedBy"}),
    known={FW.Sensor: ("vibration", "noise"), FW.Cause: ("wear",)},
    asset_classes=("machine", "pump"),
    relations=("resembles",),
    mentions=(
        mention(FW.FailureMode, "leak", "LKG", ("-leakage", 'a "b"; c')),
        mention(FW.FailureMode, "seizure"),
        mention(FW.Component, "compressor", "C1"),
        mention(FW.Sensor, "vibration", "", ("shaking",)),
        mention(FW.Sensor, "@pressure"),
        mention(FW.Cause, "wear"),
    ),
    claims=(
        claim("hasFailureMode", "", "leak"),
        claim("hasFailureMode", "", "seizure", NO, "ISO 1"),
        claim("hasComponent", "", "compressor", UNKNOWN),
        claim("monitoredBy", "", "vibration", NO),
        claim("indicatedBy", "leak", "vibration", NO),
        claim("indicatedBy", "leak", "@pressure", UNKNOWN),
        claim("indicatedBy", "seizure", "vibration"),
        claim("indicatedBy", "seizure", "@pressure", None),
        claim("causedBy", "leak", "wear; tear"),
        claim("causedBy", "leak", "+overload"),
        claim("causedBy", "leak", "frost", NO),
        claim("hasSeverity", "leak", "7"),
        claim("hasSeverity", "leak", "9", YES, "ISO 1"),
        claim("occursIn", "leak", "compressor"),
        claim("hasFunction", "compressor", "=to compress"),
        claim("resembles", "leak", "seizure", UNKNOWN),
    ),
    exact=True,
)


@dataclass
class Book:
    """A workbook as a person edits it: the text of its cells by sheet, row and column."""

    cells: dict[str, dict[tuple[int, int], str]]

    @staticmethod
    def load(path: Path) -> "Book":
        workbook = openpyxl.load_workbook(path)
        rows = {sheet.title: enumerate(sheet.values, 1) for sheet in workbook}
        return Book({name: {(r, c): str(v).strip() for r, row in some for c, v in enumerate(row, 1) if v is not None}
                     for name, some in rows.items()})  # fmt: skip

    def sheets(self) -> list[Sheet]:
        return [Sheet("filled.xlsx", name, partial(self._rows, name)) for name in self.cells]

    def _rows(self, name: str) -> Iterator[Row]:
        for number in sorted({row for row, _ in self.cells[name]}):
            texts = {column: text for (row, column), text in self.cells[name].items() if row == number}
            yield Row(number, tuple(texts.get(column, "") for column in range(1, max(texts) + 1)))

    def read(self) -> Draft:
        draft = Draft()
        draft_template(self.sheets(), draft, RELATIONS)
        return draft


def read(path: Path) -> Draft:
    return Book.load(path).read()


def said(claims: Any, own_source: str = "") -> set[Row5]:
    return {(c.relation, c.subject, c.object, c.truth, "" if c.source == own_source else c.source) for c in claims}


def named(mentions: Any) -> set[tuple[str, str, str, str, tuple[str, ...]]]:
    return {(m.kind, m.label, m.asset_class, m.notation, m.alternatives) for m in mentions}


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Book:
    path = tmp_path_factory.mktemp("template") / "blank.xlsx"
    write_template(path, TemplateContent(asset_class="heat pump"))
    return Book.load(path)


def filled(blank: Book, cells: Mapping[str, object]) -> Book:
    """Fill cells in as a person would: {"Sensors!A2": "vibration"}; None empties one."""
    book = Book({name: dict(sheet) for name, sheet in blank.cells.items()})
    for address, value in cells.items():
        sheet, cell = address.split("!")
        letter, row = cell[0], int(cell[1:])
        book.cells[sheet][row, ord(letter) - 64] = str(value)
        if value is None:
            del book.cells[sheet][row, ord(letter) - 64]
    return book


MODES = {"Failure modes!A2": "leak", "Failure modes!A3": "seizure"}
SENSORS = {"Sensors!A2": "vibration", "Sensors!A3": "pressure"}
GRID = MODES | SENSORS | {"FM x sensor!B1": "vibration", "FM x sensor!C1": "pressure", "FM x sensor!A2": "leak"}


def found(findings: list[Finding], rule: str) -> Finding:
    (finding,) = [f for f in findings if f.rule == rule]
    return finding


# --- what is written ---


def test_the_empty_template_says_nothing_but_that_it_has_no_name(tmp_path: Path) -> None:
    write_template(tmp_path / "empty.xlsx", TemplateContent())
    draft = read(tmp_path / "empty.xlsx")
    assert is_template(Book.load(tmp_path / "empty.xlsx").sheets())
    assert (draft.mentions, draft.claims) == ([], [])
    (finding,) = draft.findings
    assert (finding.level, finding.node, finding.rule) == ("ERROR", "Asset class!B2", "no-name")


def test_the_workbook_guides_the_hand(tmp_path: Path) -> None:
    write_template(tmp_path / "book.xlsx", HEAT_PUMP)
    book = openpyxl.load_workbook(tmp_path / "book.xlsx")
    assert book["Known names"].sheet_state == "hidden"
    assert {sheet.title for sheet in book if sheet.freeze_panes == "B2"} == set(book.sheetnames) - {
        "Read me",
        "Known names",
    }
    rules = {(sheet.title, str(rule.sqref)): rule for sheet in book for rule in sheet.data_validations.dataValidation}
    for strict in (
        ("Failure modes", "B2:B500"),
        ("Failure modes", "M2:M500"),
        ("Asset class", "B3"),
        ("FM x sensor", "B2:BI500"),
    ):
        assert rules[strict].showErrorMessage, strict
    for free in (("Failure modes", "H2:H500"), ("FM x sensor", "B1:BI1"), ("Sensors", "A2:A500")):
        assert rules[free].formula1.startswith("'") and not rules[free].showErrorMessage, free
    for table in TABLES:
        assert book[table.name].auto_filter.ref and book[table.name]["A1"].comment
    assert book["FM x sensor"].conditional_formatting


def test_drop_downs_offer_names_known_and_new(tmp_path: Path) -> None:
    write_template(tmp_path / "book.xlsx", HEAT_PUMP)
    book = openpyxl.load_workbook(tmp_path / "book.xlsx")
    offered = {
        str(rule.sqref): [cell[0].value for cell in book["Known names"][rule.formula1.split("!")[1].replace("$", "")]]
        for rule in book["Sensors"].data_validations.dataValidation
        if rule.formula1.startswith("'")
    }
    assert offered["A2:A500"] == ["vibration", "@pressure", "noise"]


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    labels = ["=1+1", "+a", "-b", "@c", "\t=d", "\r=e", "#N/A"]
    content = TemplateContent("=cmd()", mentions=[mention(FW.Cause, label) for label in labels])
    write_template(tmp_path / "book.xlsx", content)
    book = openpyxl.load_workbook(tmp_path / "book.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert [row[0] for row in book["Causes"].iter_rows(min_row=2, values_only=True)] == [x.strip() for x in labels]
    risky = [cell for cell in cells if str(cell.value).startswith(("=", "+", "-", "@"))]
    assert len(risky) >= 6 and all(cell.quotePrefix for cell in risky)


def test_a_claim_of_another_asset_class_is_refused_and_nothing_written(tmp_path: Path) -> None:
    content = TemplateContent("fan", claims=[claim("monitoredBy", "", "vibration")])
    with pytest.raises(InputError, match="'heat pump', but the workbook is for 'fan'"):
        write_template(tmp_path / "book.xlsx", content)
    long = TemplateContent("fan", mentions=[mention(FW.Cause, "x" * 40_000)])
    with pytest.raises(InputError, match=r"Causes!A2 would hold 40,000 characters"):
        write_template(tmp_path / "book.xlsx", long)
    assert not list(tmp_path.iterdir())


# --- what comes back ---


def test_a_whole_asset_class_comes_back(tmp_path: Path) -> None:
    write_template(tmp_path / "book.xlsx", HEAT_PUMP)
    draft = read(tmp_path / "book.xlsx")
    assert draft.findings == []
    assert said(draft.claims) == said(HEAT_PUMP.claims)
    assert named(draft.mentions) == named(HEAT_PUMP.mentions)
    asset = draft.asset_classes["heat pump"]
    assert (asset.kind_of, asset.twin_of) == (["machine", "chiller; air"], ["heat pump (plant)"])
    assert (asset.source, asset.comment, asset.closed) == ("plant FMEA", "=drawn up in 2024", {"indicatedBy"})
    sheets = Book.load(tmp_path / "book.xlsx").sheets()
    assert read_source(sheets) == TemplateSource("plant FMEA", "Plant FMEA, edition 3", "CC-BY-4.0")


def test_the_importer_s_own_reader_gives_the_same(tmp_path: Path) -> None:
    write_template(tmp_path / "book.xlsx", HEAT_PUMP)
    findings: list[Finding] = []
    sheets = read_document(tmp_path / "book.xlsx", findings)
    draft = Draft()
    assert is_template(sheets)
    draft_template(sheets, draft, RELATIONS)
    assert (findings, draft.findings) == ([], [])
    assert said(draft.claims) == said(HEAT_PUMP.claims)
    assert named(draft.mentions) == named(HEAT_PUMP.mentions)
    severity = next(c for c in draft.claims if c.object == "7")
    assert (severity.place.file, str(severity.place)) == ("book.xlsx", "Failure modes!M2")


def test_the_document_s_own_source_needs_no_words(tmp_path: Path) -> None:
    content = TemplateContent(
        "heat pump", source="mine", claims=[claim("indicatedBy", "leak", "vibration", NO, "mine")], exact=True
    )
    write_template(tmp_path / "book.xlsx", content)
    assert said(read(tmp_path / "book.xlsx").claims) == {("indicatedBy", "leak", "vibration", NO, "")}


def test_what_the_asset_class_does_not_have_needs_no_row(tmp_path: Path) -> None:
    claims = [claim("hasFailureMode", "", "rust", NO), claim("occursIn", "leak", "brush", NO)]
    write_template(tmp_path / "book.xlsx", TemplateContent("heat pump", claims=claims, exact=True))
    draft = read(tmp_path / "book.xlsx")
    assert (draft.findings, said(draft.claims)) == ([], said(claims))
    assert [m.label for m in draft.mentions] == ["leak"]


def test_a_row_has_the_source_that_most_of_its_facts_share(tmp_path: Path) -> None:
    facts = [claim("hasFailureMode", "", "leak", YES, "A"), *(claim("causedBy", "leak", c, YES, "B") for c in "xy")]
    write_template(tmp_path / "book.xlsx", TemplateContent("heat pump", claims=facts, exact=True))
    cells = Book.load(tmp_path / "book.xlsx").cells
    assert cells["Failure modes"][2, 16] == "B"
    assert [text for (row, _), text in cells["More facts"].items() if row > 1] == ["hasFailureMode", "leak", "yes", "A"]


def test_rows_filled_in_from_a_similar_asset_class_wait_for_answers(tmp_path: Path) -> None:
    content = TemplateContent("heat pump", mentions=[mention(FW.FailureMode, "leak"), mention(FW.Sensor, "noise")])
    write_template(tmp_path / "book.xlsx", content)
    expected = {("hasFailureMode", "", "leak", YES, ""), ("monitoredBy", "", "noise", None, "")}
    assert said(read(tmp_path / "book.xlsx").claims) == expected | {("indicatedBy", "leak", "noise", None, "")}


def test_a_blank_is_left_open_and_unknown_is_said(blank: Book) -> None:
    book = filled(blank, GRID | {"FM x sensor!B2": "unknown", "Failure modes!B3": "no"})
    draft = book.read()
    assert draft.findings == []
    places = {(c.relation, c.subject, c.object): (c.truth, str(c.place)) for c in draft.claims}
    assert places["indicatedBy", "leak", "vibration"] == (UNKNOWN, "FM x sensor!B2")
    assert places["indicatedBy", "leak", "pressure"] == (None, "FM x sensor!C2")
    assert places["hasFailureMode", "", "leak"] == (YES, "Failure modes!A2")
    assert places["hasFailureMode", "", "seizure"] == (NO, "Failure modes!B3")
    assert places["monitoredBy", "", "vibration"] == (None, "Sensors!B2")


def test_a_pair_judged_elsewhere_is_not_left_blank(blank: Book) -> None:
    fact = {"More facts!A2": "indicatedBy", "More facts!B2": "Leak", "More facts!C2": "pressure"}
    draft = filled(blank, GRID | fact | {"More facts!D2": "n", "More facts!E2": "ISO 1"}).read()
    assert [(c.truth, c.source) for c in draft.claims if c.object == "pressure" and c.subject] == [(NO, "ISO 1")]
    assert draft.findings == []


@pytest.mark.parametrize(
    ("text", "truth"),
    [("y", YES), ("X", YES), ("✓", YES), (1, YES), (True, YES), ("n", NO), (0, NO), (False, NO), ("?", UNKNOWN)],
)
def test_a_truth_has_many_spellings(blank: Book, text: object, truth: Truth) -> None:
    draft = filled(blank, GRID | {"FM x sensor!B2": text}).read()
    assert ("indicatedBy", "leak", "vibration", truth, "") in said(draft.claims)


def test_several_values_and_other_names(blank: Book) -> None:
    row = {"Failure modes!H2": 'wear ; frost\n"a; b"', "Causes!A2": "Frost", "Sensors!D2": "shaking; noise"}
    draft = filled(blank, GRID | row | {"FM x sensor!B1": "Shaking"}).read()
    assert {c.object for c in draft.claims if c.relation == "causedBy"} == {"wear", "Frost", "a; b"}
    assert ("indicatedBy", "leak", "vibration", None, "") in said(draft.claims)
    assert draft.findings == []


# --- what is amiss ---


@pytest.mark.parametrize(
    ("cells", "level", "node", "rule", "message", "fix"),
    [
        ({"FM x sensor!B1": "vibraton"}, "ERROR", "FM x sensor!B1", "undeclared",
         "sensor 'vibraton' is not declared", "did you mean 'vibration'? else add it to the sheet Sensors"),
        ({"FM x sensor!A3": "rust"}, "ERROR", "FM x sensor!A3", "undeclared",
         "failure mode 'rust' is not declared", "add it to the sheet Failure modes"),
        ({"Failure modes!E2": "seal"}, "ERROR", "Failure modes!E2", "undeclared",
         "component 'seal' is not declared", "add it to the sheet Components"),
        ({"Causes!A2": "bearing wear", "Failure modes!H2": "rust; bearing ware"}, "WARN", "Failure modes!H2",
         "near-miss", "cause 'bearing ware' is not declared, but 'bearing wear' is",
         "write 'bearing wear' if it is the same; else add it to the sheet Causes"),
        ({"FM x sensor!C2": "maybe"}, "ERROR", "FM x sensor!C2", "truth",
         "'maybe' is neither yes, no nor unknown", "allowed are yes"),
        ({"Failure modes!A4": "Leak"}, "ERROR", "Failure modes!A4", "duplicate",
         "failure mode 'Leak' stands twice: Failure modes!A2 and Failure modes!A4", "make one row"),
        ({"FM x sensor!D1": "Vibration"}, "ERROR", "FM x sensor!D1", "duplicate",
         "sensor 'Vibration' heads the matrix twice: FM x sensor!B1 and FM x sensor!D1", "keep one"),
        ({"Failure modes!M2": 11}, "ERROR", "Failure modes!M2", "rating", "'11' is not a rating from 1 to 10", "write"),
        ({"Failure modes!M2": "high"}, "ERROR", "Failure modes!M2", "rating", "'high' is not a rating", "write"),
        ({"Failure modes!C5": "X1"}, "ERROR", "Failure modes!A5", "no-name", "row 5 has no name", "write its name"),
        ({"Sensors!A4": 42}, "ERROR", "Sensors!A4", "no-name", "'42' is no name of a sensor", "a letter in it"),
        ({"FM x sensor!B9": "yes"}, "ERROR", "FM x sensor!A9", "no-name", "answers but no failure mode", "write"),
        ({"FM x sensor!F2": "yes"}, "ERROR", "FM x sensor!F2", "no-name", "without a sensor at its head", "write"),
        ({"Failure modes!M1": "Severty"}, "ERROR", "Failure modes!M1", "column",
         "the column 'Severty' is not one of the template's", "did you mean 'Severity'?"),
        ({"Failure modes!Q1": "Owner"}, "WARN", "Failure modes!Q1", "column", "'Owner' is not one", "More facts"),
        ({"Failure modes!Q1": "Tasks"}, "ERROR", "Failure modes!Q1", "column",
         "'Tasks' stands twice: Failure modes!L1 and Failure modes!Q1", "keep one"),
        ({"Sensors!G3": "lost?"}, "ERROR", "Sensors!G3", "column", "stands below no header", "give the column"),
        ({"Asset class!B2": None}, "ERROR", "Asset class!B2", "no-name", "the asset class has no name", "heat pump"),
        ({"Asset class!A5": "Sorce", "Asset class!B5": "x"}, "ERROR", "Asset class!A5", "field",
         "'Sorce' is not one of the template's fields", "did you mean 'Source'?"),
        ({"Asset class!B12": "perhaps"}, "ERROR", "Asset class!B12", "truth", "a blank cannot mean 'perhaps'", "no or"),
        ({"More facts!A2": "causdBy", "More facts!C2": "rust", "More facts!D2": "no"}, "ERROR", "More facts!A2",
         "relation", "relation 'causdBy' is not known", "did you mean 'causedBy'?"),
        ({"More facts!A2": "causedBy", "More facts!C2": "rust", "More facts!D2": "no"}, "ERROR", "More facts!B2",
         "no-name", "the fact has no subject; causedBy needs one", "write the name"),
        ({"More facts!A2": "monitoredBy", "More facts!C2": "vibration"}, "ERROR", "More facts!D2",
         "truth", "the fact has no truth", "write yes, no or unknown"),
        ({"More facts!A2": "looks like", "More facts!B2": "leak", "More facts!C2": "seizur", "More facts!D2": "yes"},
         "ERROR", "More facts!C2", "undeclared", "failure mode 'seizur' is not declared", "did you mean 'seizure'?"),
        ({"More facts!A2": "hasSeverity", "More facts!B2": "leak", "More facts!C2": "0", "More facts!D2": "no"},
         "ERROR", "More facts!C2", "rating", "'0' is not a rating", "from 1 to 10"),
    ],
)  # fmt: skip
def test_what_is_amiss_has_an_address(
    blank: Book, cells: dict[str, object], level: str, node: str, rule: str, message: str, fix: str
) -> None:
    draft = filled(blank, GRID | cells).read()
    finding = found(draft.findings, rule)
    assert (finding.level, finding.node, finding.file) == (level, node, "filled.xlsx")
    assert message in finding.message and fix in finding.fix
    assert len(draft.findings) == 1


def test_yes_here_and_no_there_name_both_cells(blank: Book) -> None:
    fact = {"More facts!A2": "indicatedBy", "More facts!B2": "leak", "More facts!C2": "vibration"}
    book = filled(blank, GRID | fact | {"FM x sensor!B2": "yes", "More facts!D2": "no"})
    finding = found(book.read().findings, "contradiction")
    assert finding.level == "ERROR" and finding.node == "More facts!C2"
    assert "FM x sensor!B2 says yes, More facts!C2 says no" in finding.message


def test_a_renamed_sheet_is_read_and_a_missing_one_named(blank: Book) -> None:
    book = filled(blank, GRID)
    book.cells["Sensor list"] = book.cells.pop("Sensors")
    book.cells["My sketches"] = book.cells.pop("Effects")
    draft = book.read()
    assert {(f.level, f.node) for f in draft.findings} == {
        ("WARN", "Sensor list!A1"),
        ("INFO", "My sketches!A1"),
        ("WARN", "Effects!A1"),
    }
    assert {m.label for m in draft.mentions} == {"leak", "seizure", "vibration", "pressure"}


def test_without_failure_modes_and_matrix_there_is_nothing_to_import(blank: Book) -> None:
    book = filled(blank, {})
    del book.cells["Failure modes"], book.cells["FM x sensor"]
    errors = [f.node for f in book.read().findings if f.level == "ERROR"]
    assert errors == ["Failure modes!A1", "FM x sensor!A1"]


def test_names_are_not_missed_on_a_sheet_that_is_gone(blank: Book) -> None:
    book = filled(blank, GRID)
    del book.cells["Sensors"]
    draft = book.read()
    assert [(f.level, f.value) for f in draft.findings] == [("WARN", "Sensors")]
    assert ("indicatedBy", "leak", "pressure", None, "") in said(draft.claims)


def test_a_renamed_column_is_read_all_the_same(blank: Book) -> None:
    draft = filled(blank, GRID | {"Failure modes!A1": "Nam", "Sensors!A1": "Nme"}).read()
    assert [(f.node, f.fix) for f in draft.findings] == [
        ("Failure modes!A1", "did you mean 'Name'?"),
        ("Sensors!A1", "did you mean 'Name'?"),
    ]
    assert {m.label for m in draft.mentions} == {"leak", "seizure", "vibration", "pressure"}


def test_answers_without_a_sensor_are_said_once_per_column(blank: Book) -> None:
    answers = {"FM x sensor!A3": "seizure", "FM x sensor!F2": "yes", "FM x sensor!F3": "no"}
    assert found(filled(blank, GRID | answers).read().findings, "no-name").node == "FM x sensor!F2"


def test_a_relation_that_the_ontology_lacks_is_said_once(blank: Book) -> None:
    book = filled(blank, GRID | {"Failure modes!H2": "wear", "Failure modes!H3": "frost"})
    draft = Draft()
    draft_template(book.sheets(), draft, {n: r for n, r in RELATIONS.items() if n != "causedBy"})
    assert "no relation 'causedBy'" in found(draft.findings, "relation").message
    assert "causedBy" not in {c.relation for c in draft.claims}


def test_a_hundred_findings_of_a_kind_are_enough(blank: Book) -> None:
    cells = {f"Sensors!B{row}": "maybe" for row in range(2, 152)} | {f"Sensors!A{r}": f"s{r}" for r in range(2, 152)}
    findings = filled(blank, cells | {"Failure modes!M2": 11, "Failure modes!A2": "leak"}).read().findings
    assert len([f for f in findings if f.rule == "truth"]) == 101
    assert found(findings, "rating")
    assert any("50 more findings of the rule 'truth' on 'Sensors', 150 in all" in f.message for f in findings)


def test_a_title_above_the_header_does_no_harm(blank: Book) -> None:
    book = filled(blank, GRID | {"FM x sensor!B2": "yes"})
    for name in ("Sensors", "Failure modes", "FM x sensor"):
        down = {(row + 2, column): text for (row, column), text in book.cells[name].items()}
        book.cells[name] = down | {(1, 1): "Heat pump, plant 4"}
    draft = book.read()
    assert draft.findings == []
    assert ("indicatedBy", "leak", "vibration", YES, "") in said(draft.claims)


def test_other_workbooks_are_not_taken_for_the_template(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.create_sheet("Notes", 0)["A1"] = "failwise template 1"
    workbook.save(tmp_path / "other.xlsx")
    assert not is_template(Book.load(tmp_path / "other.xlsx").sheets())


# --- any content comes back ---

LETTERS = st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co"), include_characters="\n;\"'=+-@#_;,")
# How a spreadsheet writes a carriage return; as a text of its own it is taken for one.
TEXT = st.text(LETTERS, max_size=12).map(lambda t: f"{t}n".strip()).filter(lambda t: "_x000D_" not in t)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


NAMES = st.lists(TEXT.map(_plain), min_size=4, max_size=4, unique_by=name_key)


@given(names=NAMES)
def test_a_list_in_a_cell_comes_apart_again(names: list[str]) -> None:
    assert split_names(join_names(names)) == names


@st.composite
def contents(draw: st.DrawFn) -> TemplateContent:
    pools = {kind: draw(NAMES) for kind in TABLE_OF}
    mentions = []
    for kind, (*labels, other) in pools.items():
        codes = draw(st.lists(st.sampled_from(["", "VIB", "=X1"]), min_size=3, max_size=3))
        rest = [draw(st.sampled_from([(), (other,)])), (), ()]
        mentions += [mention(kind, *parts) for parts in zip(labels, codes, rest, strict=True)]
    claims: dict[tuple[str, str, str], Claim] = {}
    for _ in range(draw(st.integers(0, 25))):
        relation = draw(st.sampled_from(sorted(RELATIONS)))
        subject, object_ = (
            "" if kind == FW.AssetClass
            else str(draw(st.integers(1, 10))) if kind == FW.Rating
            else draw(st.sampled_from(pools[kind][:3]))
            for kind in (RELATIONS[relation].domain, RELATIONS[relation].range)
        )  # fmt: skip
        truth = draw(st.sampled_from(Truth))
        source = draw(st.sampled_from(["", "ISO 1", "=ISO 2"]))
        claims[relation, subject, object_] = claim(relation, subject, object_, truth, source)
    own = draw(st.sampled_from(["", "own"]))
    return TemplateContent("heat pump", source=own, mentions=mentions, claims=[*claims.values()], exact=True)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=contents())
def test_whatever_is_written_is_read(tmp_path: Path, content: TemplateContent) -> None:
    write_template(tmp_path / "book.xlsx", content)
    findings: list[Finding] = []
    draft = Draft()
    draft_template(read_document(tmp_path / "book.xlsx", findings), draft, RELATIONS)
    assert [f for f in (*findings, *draft.findings) if f.rule != "near-miss"] == []
    assert said(draft.claims) == said(content.claims)
    assert len(draft.claims) == len(content.claims)
    assert named(draft.mentions) == named(content.mentions)
