"""Worksheets for tests: rows of text typed in, read with the ontology's header wordings, and what they say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from failwise.kg.load import shipped_folder
from failwise.kg.parse import parse
from failwise.kg.records import Finding, Relation
from failwise.kg.sheets.document import read_document
from failwise.kg.sheets.fields import ReadOptions, read_fields
from failwise.kg.sheets.layouts import draft_sheets
from failwise.kg.sheets.records import Draft, Row, Sheet
from failwise.kg.vocabulary import FW

WORKSHEETS = Path(__file__).parent / "worksheets"

_RELATIONS = {
    "hasFailureMode": ("has failure mode", FW.AssetClass, FW.FailureMode),
    "monitoredBy": ("is monitored by", FW.AssetClass, FW.Sensor),
    "indicatedBy": ("is indicated by", FW.FailureMode, FW.Sensor),
    "hasComponent": ("has component", FW.AssetClass, FW.Component),
    "hasFunction": ("has function", FW.Component, FW.Function),
    "occursIn": ("occurs in", FW.FailureMode, FW.Component),
    "impairsFunction": ("impairs function", FW.FailureMode, FW.Function),
    "causedBy": ("is caused by", FW.FailureMode, FW.Cause),
    "hasMechanism": ("has mechanism", FW.FailureMode, FW.Mechanism),
    "hasSeverity": ("has severity", FW.FailureMode, FW.Rating),
    "hasRiskPriorityNumber": ("has risk priority number", FW.FailureMode, FW.Number),
    "suppliedBy": ("is supplied by", FW.Component, FW.Component),
}


def sheet_of(rows: Sequence[Sequence[str]], name: str = "FMEA", file: str = "pump-house.xlsx") -> Sheet:
    """Return typed rows as a sheet; blank rows are left out, as the reader does."""
    kept = [Row(number, tuple(cells)) for number, cells in enumerate(rows, 1) if any(cells)]
    return Sheet(file, name, lambda: iter(kept))


@dataclass(frozen=True)
class Said:
    """What a document says, in a form that tests can compare."""

    draft: Draft

    @property
    def claims(self) -> list[tuple[str, str, str, str | None]]:
        """Relation, subject, object and truth of each claim."""
        return [(c.relation, c.subject, c.object, c.truth and c.truth.value) for c in self.draft.claims]

    def pairs(self, relation: str) -> list[tuple[str, str]]:
        """Return what a relation links."""
        return [(c.subject, c.object) for c in self.draft.claims if c.relation == relation]

    def objects(self, relation: str) -> list[str]:
        """Return what a relation points to."""
        return [c.object for c in self.draft.claims if c.relation == relation]

    def findings(self, level: str = "") -> list[tuple[str, str, str]]:
        """Return level, address and rule of each finding."""
        return [(f.level, f.node, f.rule) for f in self.draft.findings if level in ("", f.level)]

    def finding(self, rule: str) -> Finding:
        """Return the only finding of a rule."""
        (found,) = [f for f in self.draft.findings if f.rule == rule]
        return found


@pytest.fixture(scope="session")
def reading() -> ReadOptions:
    """Return how documents are read: the shipped header wordings, and relations as the ontology has them."""
    path = shipped_folder() / "worksheets.ttl"
    relations = {
        name: Relation(name, "", label, "", "", (), domain, range_)
        for name, (label, domain, range_) in _RELATIONS.items()
    }
    return ReadOptions(fields=read_fields(parse(path, path.read_bytes())), relations=relations)


@pytest.fixture
def say(reading: ReadOptions) -> Callable[..., Said]:
    """Return a function that reads typed rows, of one sheet or of several by name."""

    def read(sheets: Any, **options: Any) -> Said:
        named = sheets if isinstance(sheets, dict) else {"FMEA": sheets}
        draft = Draft()
        draft_sheets([sheet_of(rows, name) for name, rows in named.items()], draft, replace(reading, **options))
        return Said(draft)

    return read


@pytest.fixture
def say_file(reading: ReadOptions) -> Callable[[str], Said]:
    """Return a function that reads one of the example worksheets."""

    def read(name: str) -> Said:
        draft = Draft()
        draft_sheets(read_document(WORKSHEETS / name, draft.findings), draft, reading)
        return Said(draft)

    return read
