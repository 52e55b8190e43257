"""What two states of an ontology say differently: asset classes, things, relations and facts."""

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Entity, Fact

# Facts that follow from other facts: they change because those did, so they are counted apart.
FOLLOWING = frozenset({"inherited", "derived"})

COLUMNS = ["asset class", "relation", "facts before", "after", "added", "removed", "changed", "other basis or source"]

# Things look renamed when they share this many facts, and their labels are this much alike (0 to 1).
_SAME_FACTS, _ALIKE = 2, 0.6
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


def diff(before: KnowledgeGraph, after: KnowledgeGraph) -> Diff:
    """Compare two states of an ontology; the work grows with the number of facts."""
    changes = _compare(before.facts, after.facts)
    old, new = _entities(before), _entities(after)
    added = sorted((e for i, e in new.items() if i not in old), key=lambda e: e.iri)
    removed = sorted((e for i, e in old.items() if i not in new), key=lambda e: e.iri)
    both = [EntityChange(e, new[i]) for i, e in sorted(old.items()) if i in new and new[i] != e]
    classes = {e.iri for graph in (before, after) for e in graph.asset_classes.values()}
    return Diff(
        before=before.digest,
        after=after.digest,
        asset_classes_added=tuple(e for e in added if e.iri in classes),
        asset_classes_removed=tuple(e for e in removed if e.iri in classes),
        entities_added=tuple(e for e in added if e.iri not in classes),
        entities_removed=tuple(e for e in removed if e.iri not in classes),
        relabelled=tuple(c for c in both if c.before.label != c.after.label),
        reclassified=tuple(c for c in both if _class(c.before) != _class(c.after)),
        renamed=tuple(_renamed(changes, removed, added)),
        relations_added=tuple(sorted(after.relations.keys() - before.relations.keys())),
        relations_removed=tuple(sorted(before.relations.keys() - after.relations.keys())),
        relations_changed=tuple(
            sorted(n for n, r in before.relations.items() if n in after.relations and after.relations[n] != r)
        ),
        facts=_of_sort(changes, following=False),
        following=_of_sort(changes, following=True),
        tables=tuple(_tables(before, after, changes)),
    )


def _compare(before: Mapping[str, Fact], after: Mapping[str, Fact]) -> FactChanges:
    removed, changed, other_basis = [], [], []
    for fact_id, old in before.items():
        new = after.get(fact_id)
        if new is None:
            removed.append(old)
        elif new.truth is not old.truth:
            changed.append(FactChange(old, new))
        elif (new.basis, new.source, new.derivation) != (old.basis, old.source, old.derivation):
            other_basis.append(FactChange(old, new))
    added = [fact for fact_id, fact in after.items() if fact_id not in before]
    return FactChanges(
        tuple(sorted(added, key=lambda f: f.id)),
        tuple(sorted(removed, key=lambda f: f.id)),
        tuple(sorted(changed, key=lambda c: c.after.id)),
        tuple(sorted(other_basis, key=lambda c: c.after.id)),
    )


def _of_sort(changes: FactChanges, *, following: bool) -> FactChanges:
    """Return the changes of one sort; a fact that follows on one side only (it was overridden) is not following."""

    def fact(fact: Fact) -> bool:
        return (fact.basis in FOLLOWING) is following

    def pair(change: FactChange) -> bool:
        return (change.before.basis in FOLLOWING and change.after.basis in FOLLOWING) is following

    return FactChanges(
        tuple(filter(fact, changes.added)),
        tuple(filter(fact, changes.removed)),
        tuple(filter(pair, changes.changed)),
        tuple(filter(pair, changes.other_basis)),
    )


def _entities(graph: KnowledgeGraph) -> dict[str, Entity]:
    found = {e.iri: e for e in graph.asset_classes.values()}
    for fact in graph.facts.values():
        found[fact.subject.iri] = fact.subject
        found[fact.object.iri] = fact.object
    return found


def _renamed(changes: FactChanges, removed: Sequence[Entity], added: Sequence[Entity]) -> Iterator[EntityChange]:
    """Yield the pairs that are sure: no other removed or added thing has the same facts, and the labels are alike."""
    if not removed or not added:
        return
    old, new = _by_what_is_said(changes.removed, removed), _by_what_is_said(changes.added, added)
    for said, befores in old.items():
        afters = new.get(said, [])
        if len(befores) == len(afters) == 1 and len(said) >= _SAME_FACTS:
            pair = EntityChange(befores[0], afters[0])
            names = (pair.before.label.casefold(), pair.after.label.casefold())
            same_kind = pair.before.kind == pair.after.kind
            if same_kind and difflib.SequenceMatcher(None, *names, autojunk=False).ratio() >= _ALIKE:
                yield pair


def _by_what_is_said(facts: Iterable[Fact], things: Iterable[Entity]) -> dict[frozenset[object], list[Entity]]:
    """Return things by all that their facts say of them, their own name left out."""
    of = {e.iri: e for e in things}
    said: dict[str, set[object]] = defaultdict(set)
    for fact in facts:
        if fact.subject.iri in of:
            said[fact.subject.iri].add((fact.asset_class.slug, fact.relation, "subject", fact.object.iri, fact.truth))
        if fact.object.iri in of:
            said[fact.object.iri].add((fact.asset_class.slug, fact.relation, "object", fact.subject.iri, fact.truth))
    found: dict[frozenset[object], list[Entity]] = defaultdict(list)
    for iri, what in said.items():
        found[frozenset(what)].append(of[iri])
    return found


def _tables(before: KnowledgeGraph, after: KnowledgeGraph, changes: FactChanges) -> Iterator[TableChange]:
    lists = (
        before.facts.values(),
        after.facts.values(),
        changes.added,
        changes.removed,
        [c.after for c in changes.changed],
        [c.after for c in changes.other_basis],
    )
    counts = [Counter((f.asset_class.slug, f.relation) for f in facts) for facts in lists]
    for asset, relation in sorted(set().union(*counts[2:])):
        yield TableChange(asset, relation, *(count[asset, relation] for count in counts))


# --- words ---


def _fact_parts(name: str, changes: FactChanges) -> tuple[Part, ...]:
    return (
        Part(f"{name} added", changes.added, _fact),
        Part(f"{name} removed", changes.removed, _fact),
        Part(f"{name} changed", changes.changed, _changed),
        Part(f"{name} with another basis or source", changes.other_basis, _other_basis),
    )


def _class(entity: Entity) -> tuple[str, str]:
    return entity.kind, entity.concept


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
