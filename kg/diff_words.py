"""What two states of an ontology say differently, for a reader: in a sentence, a table, Markdown or plain values."""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from failwise.kg.records import Entity, Fact

COLUMNS = ["asset class", "relation", "facts before", "after", "added", "removed", "changed", "other basis or source"]

_LONGEST_LABEL = 100


@dataclass(frozen=True, slots=True)
class EntityChange:
    """A thing before and after: one IRI with another label, kind or concept, or two IRIs of a renamed thing."""

    before: Entity
    after: Entity


@dataclass(frozen=True, slots=True)
class FactChange:
    """One fact before and after."""

    before: Fact
    after: Fact


@dataclass(frozen=True, slots=True)
class FactChanges:
    """What became of facts. `other_basis` holds facts of the same truth with another basis, source or derivation."""

    added: tuple[Fact, ...]
    removed: tuple[Fact, ...]
    changed: tuple[FactChange, ...]
    other_basis: tuple[FactChange, ...]

    def __len__(self) -> int:
        return len(self.added) + len(self.removed) + len(self.changed) + len(self.other_basis)


@dataclass(frozen=True, slots=True)
class TableChange:
    """Counts of one asset class and relation, facts that follow from others included."""

    asset_class: str
    relation: str
    before: int
    after: int
    added: int
    removed: int
    changed: int
    other_basis: int


@dataclass(frozen=True, slots=True)
class Part:
    """One list of a diff: its name, its items, and how one of them reads in Markdown."""

    name: str
    items: Sequence[Any]
    line: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Diff:
    """What changed between two states of an ontology; false where nothing did.

    `facts` are those that files state or tables give; `following` are inherited or derived. `renamed` pairs a
    removed thing with an added one of a like name and the same facts; both stay listed as removed and added.
    """

    before: str
    after: str
    asset_classes_added: tuple[Entity, ...]
    asset_classes_removed: tuple[Entity, ...]
    entities_added: tuple[Entity, ...]
    entities_removed: tuple[Entity, ...]
    relabelled: tuple[EntityChange, ...]
    reclassified: tuple[EntityChange, ...]
    renamed: tuple[EntityChange, ...]
    relations_added: tuple[str, ...]
    relations_removed: tuple[str, ...]
    relations_changed: tuple[str, ...]
    facts: FactChanges
    following: FactChanges
    tables: tuple[TableChange, ...]

    def __bool__(self) -> bool:
        return any(part.items for part in self.parts())

    def parts(self) -> tuple[Part, ...]:
        """Return all lists, in the order a reader wants them."""
        return (
            Part("asset classes added", self.asset_classes_added, _label),
            Part("asset classes removed", self.asset_classes_removed, _label),
            Part("things added", self.entities_added, _label),
            Part("things removed", self.entities_removed, _label),
            Part("things relabelled", self.relabelled, _relabelled),
            Part("things of another kind or concept", self.reclassified, _reclassified),
            Part("things that look renamed", self.renamed, _relabelled),
            Part("relations added", self.relations_added, _code),
            Part("relations removed", self.relations_removed, _code),
            Part("relations worded or defined otherwise", self.relations_changed, _code),
            *_fact_parts("facts", self.facts),
            *_fact_parts("inherited or derived facts", self.following),
        )

    def summary(self) -> str:
        """Say in one sentence what changed."""
        said = "; ".join(f"{part.name} {len(part.items):,}" for part in self.parts() if part.items)
        same = "No difference" if self.before == self.after else "The files differ, but they say the same"
        return f"{said[:1].upper()}{said[1:]}." if said else f"{same}."

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return columns and rows for a terminal: one row per asset class and relation with a change."""
        return COLUMNS, [[str(getattr(t, name)) for name in TableChange.__slots__] for t in self.tables]

    def markdown(self, most: int = 20) -> str:
        """Return the diff for a reader; the table and every list are cut at `most` lines."""
        lines = ["# What changed in the ontology", "", self.summary()]
        if self.tables:
            columns, rows = self.table()
            lines += ["", _row(columns), _row(["---"] * 2 + ["---:"] * 6), *_cut(rows, _row, most)]
        for part in self.parts():
            if part.items:
                name = f"{part.name[0].upper()}{part.name[1:]}"
                lines += ["", f"## {name}: {len(part.items):,}", "", *_cut(part.items, part.line, most, "- ")]
        return "\n".join(lines) + "\n"

    def to_json(self) -> dict[str, Any]:
        """Return all of the diff as plain values."""
        lists = {part.name: [_value(item) for item in part.items] for part in self.parts()}
        tables = [dict(zip(COLUMNS, row, strict=True)) for row in self.table()[1]]
        return {"before": self.before, "after": self.after, "summary": self.summary(), **lists, "tables": tables}


# --- words ---


def _fact_parts(name: str, changes: FactChanges) -> tuple[Part, ...]:
    return (
        Part(f"{name} added", changes.added, _fact),
        Part(f"{name} removed", changes.removed, _fact),
        Part(f"{name} changed", changes.changed, _changed),
        Part(f"{name} with another basis or source", changes.other_basis, _other_basis),
    )


def _text(text: str) -> str:
    """Return text as Markdown shows it: on one line, its marks not obeyed, a very long one cut."""
    line = " ".join(text.split())
    short = line if len(line) <= _LONGEST_LABEL else line[:_LONGEST_LABEL] + "…"
    return re.sub(r"([\\`*_\[\]<>|&])", r"\\\1", short)


def _code(text: str) -> str:
    return f"`{text.replace('`', '')}`"


def _kind(entity: Entity) -> str:
    return entity.kind.rpartition("#")[2] or "thing"


def _label(entity: Entity) -> str:
    return f"{_text(entity.label)} ({_kind(entity)}, {_code(entity.slug)})"


def _relabelled(change: EntityChange) -> str:
    return f"{_text(change.before.label)} → {_text(change.after.label)} ({_kind(change.after)})"


def _reclassified(change: EntityChange) -> str:
    before, after = change.before, change.after
    said = [f"{_kind(before)} → {_kind(after)}"] if before.kind != after.kind else []
    said += [f"{_code(before.concept)} → {_code(after.concept)}"] if before.concept != after.concept else []
    return f"{_text(after.label)}: {', '.join(said)}"


def _basis(fact: Fact) -> str:
    return _text(f"{fact.basis}, {fact.source}" if fact.source else fact.basis)


def _fact(fact: Fact) -> str:
    return f"{_code(fact.id)}: {fact.truth} ({_basis(fact)})"


def _changed(change: FactChange) -> str:
    return f"{_code(change.after.id)}: {change.before.truth} → {change.after.truth} ({_basis(change.after)})"


def _other_basis(change: FactChange) -> str:
    return f"{_code(change.after.id)}: {_basis(change.before)} → {_basis(change.after)}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cut(items: Sequence[Any], line: Callable[[Any], str], most: int, mark: str = "") -> list[str]:
    shown = [mark + line(item) for item in items[:most]]
    return shown if len(items) <= most else [*shown, f"\n… and {len(items) - most:,} more"]


def _value(item: Any) -> Any:
    """Return an item of a list as plain values."""
    if isinstance(item, EntityChange | FactChange):
        return {"before": _value(item.before), "after": _value(item.after)}
    if isinstance(item, Entity):
        return asdict(item)
    if isinstance(item, Fact):
        ends = {"asset_class": item.asset_class.slug, "subject": item.subject.iri, "object": item.object.iri}
        plain = {name: getattr(item, name) for name in ("id", "relation", "truth", "basis", "source")}
        return plain | ends | {"derivation": list(item.derivation)}
    return item
