"""The workbook for one asset class, read back: what it declares and claims, and what is amiss, by address."""

from collections.abc import Mapping, Sequence
from itertools import islice

from failwise.kg.names import nearest
from failwise.kg.records import Relation, Truth
from failwise.kg.sheets.cells import ALLOWED_TRUTHS, has_letter, is_truth, number_of, truth_of
from failwise.kg.sheets.records import Claim, Draft, Mention, Place, Row, Sheet
from failwise.kg.sheets.template import (
    ASSET_CLASS,
    CORNER,
    FACTS,
    INDICATED_BY,
    KNOWN,
    MARKER,
    MATRIX,
    MORE_FACTS,
    NOT_STATED,
    READ_ME,
    TABLES,
    Column,
    Role,
    name_key,
    split_names,
)
from failwise.kg.sheets.template_asset import find_relation, read_asset
from failwise.kg.sheets.template_collect import Collector
from failwise.kg.sheets.template_layout import TOP, Layout, Line, find_layout, match_sheets
from failwise.kg.vocabulary import FW, KINDS


def is_template(sheets: Sequence[Sheet]) -> bool:
    """Say whether these are the sheets of the workbook that `write_template` writes."""
    marked = (sheet for sheet in sheets if name_key(sheet.name) in (name_key(KNOWN), name_key(READ_ME)))
    return any(MARKER in row.cells for sheet in marked for row in islice(sheet.rows(), 100))


def draft_template(sheets: Sequence[Sheet], draft: Draft, relations: Mapping[str, Relation]) -> None:
    """Add what a workbook says to a draft, and what is amiss in it.

    A cell left blank in the matrix, or under *Monitored*, gives a claim with truth None, unless the pair is judged
    elsewhere in the workbook. Claims of a relation that the ontology does not have are left out, with an ERROR.
    """
    if not sheets:
        return
    findings = Collector(draft, relations)
    found = match_sheets(sheets, findings)
    findings.asset_class = read_asset(found.get(ASSET_CLASS), sheets[0].file, draft, findings).label
    reader = _Reader(findings)
    tables = [(table, found[table.name]) for table in TABLES if table.name in found]
    layouts = [layout for table, sheet in tables if (layout := find_layout(table, sheet, findings))]
    for layout in layouts:
        reader.declare(layout)
    findings.declare_other_names()
    for layout in layouts:
        reader.state(layout)
    if MATRIX in found:
        reader.matrix(found[MATRIX])
    if MORE_FACTS in found and (facts := find_layout(FACTS, found[MORE_FACTS], findings)):
        reader.more_facts(facts)
    findings.close()


class _Reader:
    """Reads the sheets of one asset class, first what they declare, then what they claim."""

    def __init__(self, findings: Collector) -> None:
        self.findings = findings
        self.rows: dict[Place, str] = {}  # the address of a name, and the name

    def declare(self, layout: Layout) -> None:
        """Take the names that a sheet lists."""
        kind = KINDS[layout.table.kind]
        self.findings.listed.add(kind.iri)
        for line in layout.lines():
            label, place = line.at(Role.NAME)
            if not has_letter(label):
                message = f"{label!r} is no name of a {kind.name}" if label else f"row {line.number} has no name"
                fix = "write a name with a letter in it" if label else "write its name, or empty the row"
                self.findings.find("ERROR", place, "no-name", message, label, fix)
                continue
            asset_class = self.findings.asset_class if kind.local else ""
            others = tuple(split_names(line.at(Role.OTHER_NAMES)[0]))
            mention = Mention(kind.iri, label, asset_class, place, line.at(Role.CODE)[0], others)
            if self.findings.declare(mention):
                self.rows[place] = label

    def state(self, layout: Layout) -> None:
        """Take the claims of a sheet with a thing per row."""
        for line in layout.lines():
            name_place = line.at(Role.NAME)[1]
            label = self.rows.get(name_place)
            for column in layout.table.columns if label is not None else ():
                text, place = line.of(column.relation) if column.relation else ("", None)
                if column.role is Role.TRUTH:
                    self._fit(column, label or "", line, name_place)
                elif text and place:
                    self._objects(column, label or "", text, place, line.at(Role.SOURCE)[0])

    def _fit(self, column: Column, label: str, line: Line, name_place: Place) -> None:
        """Take whether the asset class has the row's thing; what a blank says is said by the name."""
        text, place = line.of(column.relation)
        source = line.at(Role.SOURCE)[0]
        if not text:
            where = name_place if column.blank or place is None else place
            self._claim(column.relation, ("", label), column.blank, where, source)
        elif place and (truth := self._truth(text, place)):
            self._claim(column.relation, ("", label), truth, place, source)

    def _objects(self, column: Column, label: str, text: str, place: Place, source: str) -> None:
        """Take the names, or the rating, in a cell."""
        names = [text] if column.role is Role.RATING else split_names(text)
        for name in names:
            if object_ := self._object(column.kind, name, place):
                self._claim(column.relation, (label, object_), Truth.YES, place, source)

    def _object(self, kind: str, text: str, place: Place, *, had: bool = True) -> str:
        """Return a name as it is declared, or a rating as its number; "" after an ERROR where it is none."""
        if kind != FW.Rating:
            return self.findings.name(kind, text, place, had=had)
        value = number_of(text)
        if value is not None and 1 <= value <= 10:
            return str(value)
        fix = "write a whole number from 1 to 10"
        self.findings.find("ERROR", place, "rating", f"{text!r} is not a rating from 1 to 10", text, fix)
        return ""

    def _claim(self, relation: str, ends: tuple[str, str], truth: Truth | None, place: Place, source: str = "") -> None:
        self.findings.claim(Claim(self.findings.asset_class, relation, *ends, truth, place, source))

    def _truth(self, text: str, place: Place) -> Truth | None:
        """Return the truth in a cell that is not blank; None where it is left out, or is none."""
        if is_truth(text):
            return truth_of(text)
        if name_key(text) != NOT_STATED:
            message = f"{text!r} is neither yes, no nor unknown"
            self.findings.find("ERROR", place, "truth", message, text, f"allowed are {ALLOWED_TRUTHS}")
        return None

    # --- the matrix ---

    def matrix(self, sheet: Sheet) -> None:
        """Take the answers, failure modes down and sensors across."""
        top = list(islice(sheet.rows(), TOP))
        header = next((row for row in top if name_key(row.cells[0]) == name_key(CORNER)), top[0] if top else None)
        if header is None:
            return
        heads: dict[str, Place] = {}
        sensors = {
            number: self._head(FW.Sensor, text, sheet.place(header.number, number), heads)
            for number, text in enumerate(header.cells[1:], 2)
            if text
        }
        heads = {}
        for row in (r for r in sheet.rows() if r.number > header.number):
            place = sheet.place(row.number, 1)
            if not row.cells[0]:
                self._nameless(place, f"row {row.number} has answers but no failure mode")
            elif mode := self._head(FW.FailureMode, row.cells[0], place, heads):
                self._answers(sheet, row, mode, sensors)

    def _head(self, kind: str, text: str, place: Place, heads: dict[str, Place]) -> str:
        """Return the name at the head of a row or column, "" after an ERROR where it stands twice."""
        label = self.findings.name(kind, text, place)
        first = heads.setdefault(name_key(label), place)
        if first == place:
            return label
        message = f"{KINDS[kind].name} {text!r} heads the matrix twice: {first} and {place}"
        self.findings.find("ERROR", place, "duplicate", message, text, "keep one of the two")
        return ""

    def _answers(self, sheet: Sheet, row: Row, mode: str, sensors: dict[int, str]) -> None:
        for number in range(2, max(len(row.cells), *sensors, 1) + 1):
            text = row.cells[number - 1] if number <= len(row.cells) else ""
            place = sheet.place(row.number, number)
            if text and number not in sensors:
                sensors[number] = ""  # said once for the column
                self._nameless(place, "stands in a column without a sensor at its head")
            if sensors.get(number):
                truth = self._truth(text, place) if text else None
                if truth or not text:
                    self._claim(INDICATED_BY, (mode, sensors[number]), truth, place)

    def _nameless(self, place: Place, message: str) -> None:
        self.findings.find("ERROR", place, "no-name", message, "", "write the name, or empty the cells")

    # --- facts one by one ---

    def more_facts(self, layout: Layout) -> None:
        """Take the facts that are written out one by one."""
        for line in layout.lines():
            relation, truth = self._fact_relation(*line.at(Role.RELATION)), self._fact_truth(*line.at(Role.TRUTH))
            if relation and truth and self._whole(relation, line):
                (subject, where), (text, place) = line.at(Role.SUBJECT), line.at(Role.OBJECT)
                kinds = self.findings.ends(relation)
                itself = kinds[0] in ("", FW.AssetClass) and self._is_asset(subject)
                about = "" if itself else self.findings.name(kinds[0], subject, where)
                if object_ := self._object(kinds[1], text, place, had=truth is Truth.YES):
                    self._claim(relation, (about, object_), truth, place, line.at(Role.SOURCE)[0])

    def _is_asset(self, text: str) -> bool:
        return not text or name_key(text) == name_key(self.findings.asset_class)

    def _fact_relation(self, text: str, place: Place) -> str:
        relations = self.findings.relations
        name = find_relation(text, relations)
        if not name:
            near = nearest(text, [*relations, *(r.label for r in relations.values())])
            fix = f"did you mean {near!r}?" if near else f"allowed are {', '.join(relations)}"
            message = f"relation {text!r} is not known" if text else "the fact has no relation"
            self.findings.find("ERROR", place, "relation", message, text, fix)
        return name

    def _fact_truth(self, text: str, place: Place) -> Truth | None:
        if not text:
            self.findings.find("ERROR", place, "truth", "the fact has no truth", "", "write yes, no or unknown")
        return self._truth(text, place) if text else None

    def _whole(self, relation: str, line: Line) -> bool:
        """Say whether a fact has the two ends that its relation asks for; an ERROR says where it does not."""
        about = self.findings.ends(relation)[0]
        subject, place = line.at(Role.SUBJECT)
        if not line.at(Role.OBJECT)[0]:
            self._nameless(line.at(Role.OBJECT)[1], "the fact has no object")
        elif not subject and about not in ("", FW.AssetClass):
            self._nameless(place, f"the fact has no subject; {relation} needs one")
        elif about == FW.AssetClass and not self._is_asset(subject):
            message = f"{relation} is about the asset class, not about {subject!r}"
            self.findings.find("ERROR", place, "subject", message, subject, "leave the subject blank")
        else:
            return True
        return False
