"""The sheet *Asset class* read back: what the asset class is, where its facts come from, what its blanks mean."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from failwise.kg.names import nearest
from failwise.kg.records import Relation, Truth
from failwise.kg.sheets.cells import has_letter, is_truth, truth_of
from failwise.kg.sheets.records import AssetDraft, Draft, Place, Sheet
from failwise.kg.sheets.template import (
    ASSET_CLASS,
    ASSET_FIELDS,
    BLANK_MEANS,
    CITATION,
    COMMENT,
    ENDS,
    KIND_OF,
    LICENCE,
    NAME,
    SOURCE,
    TWIN_OF,
    name_key,
    split_names,
)
from failwise.kg.sheets.template_collect import Collector


@dataclass(frozen=True, slots=True)
class TemplateSource:
    """What the sheet *Asset class* says of the source of its facts."""

    label: str
    citation: str
    licence: str


def read_source(sheets: Sequence[Sheet]) -> TemplateSource:
    """Return the source of the workbook's facts, with empty strings for what it does not say."""
    found = {SOURCE: "", CITATION: "", LICENCE: ""}
    for sheet in sheets:
        if name_key(sheet.name) == name_key(ASSET_CLASS):
            for field, value, _ in _fields(sheet):
                if field in found:
                    found[field] = found[field] or value
    return TemplateSource(found[SOURCE], found[CITATION], found[LICENCE])


def _fields(sheet: Sheet) -> Iterator[tuple[str, str, Place]]:
    """Yield the field, value and address of each line of the sheet *Asset class*."""
    titles = {name_key(field): field for field in ASSET_FIELDS}
    for row in sheet.rows():
        field, value = (*row.cells, "", "")[:2]
        yield titles.get(name_key(field), field), value, sheet.place(row.number, 2)


def read_asset(sheet: Sheet | None, file: str, draft: Draft, findings: Collector) -> AssetDraft:
    """Read the asset class's own fields; without a name it is called after the file, under an ERROR."""
    lines = list(_fields(sheet)) if sheet else []
    named = [(value, place) for field, value, place in lines if field == NAME and value]
    label, place = named[0] if named else (Path(file).stem, Place(file, sheet.name if sheet else ASSET_CLASS, 2, 2))
    for field, _, where in lines:
        place = where if field == NAME and not named else place
    if not named or not has_letter(label):
        message = f"{label!r} is no name" if named else "the asset class has no name"
        findings.find("ERROR", place, "no-name", message, label if named else "", "write its name here: heat pump")
    asset = draft.asset_class(label, place)
    for field, value, where in lines:
        _take_field(asset, field, value, where, findings)
    return asset


def _take_field(asset: AssetDraft, field: str, value: str, place: Place, findings: Collector) -> None:
    relation = find_relation(field, findings.relations)
    if field == KIND_OF:
        asset.kind_of += [name for name in split_names(value) if name not in asset.kind_of]
    elif field == TWIN_OF:
        asset.twin_of += [name for name in split_names(value) if name not in asset.twin_of]
    elif field == SOURCE:
        asset.source = asset.source or value
    elif field == COMMENT:
        asset.comment = asset.comment or value
    elif relation:
        _take_blank(asset, relation, value, place, findings)
    elif field == NAME and value and value != asset.label:
        message = f"a second name, {value!r}; the first is {asset.label!r}"
        findings.find("ERROR", place, "duplicate", message, value, "write one workbook per asset class")
    elif value and not _known(field):
        near = nearest(field, [*ASSET_FIELDS, *findings.relations])
        fix = f"did you mean {near!r}?" if near else f"allowed are {', '.join(ASSET_FIELDS)}, and names of relations"
        message = f"{field!r} is not one of the template's fields"
        findings.find("ERROR", replace(place, column=1), "field", message, field, fix)


def _known(field: str) -> bool:
    """Say whether a field is ours, though it says nothing: a heading, a relation that this ontology does not have."""
    return field in ASSET_FIELDS or field in ENDS or name_key(field) in map(name_key, (*BLANK_MEANS, "Field"))


def _take_blank(asset: AssetDraft, relation: str, value: str, place: Place, findings: Collector) -> None:
    """Take what blanks of a relation mean: no, or unknown."""
    if is_truth(value) and truth_of(value) is not Truth.YES:
        if truth_of(value) is Truth.NO:
            asset.closed.add(relation)
        return
    findings.find("ERROR", place, "truth", f"a blank cannot mean {value!r}", value, "write no or unknown")


def find_relation(text: str, relations: Mapping[str, Relation]) -> str:
    """Return the name of a relation that is given by its name or its label, "" where there is none."""
    key = name_key(text)
    return next((name for name, r in relations.items() if key and key in (name_key(name), name_key(r.label))), "")
