"""Compare two states of an ontology: asset classes, things, relations and facts."""

import difflib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from failwise.kg.diff_words import Diff, EntityChange, FactChange, FactChanges, TableChange
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Entity, Fact

# Facts that follow from other facts: they change because those did, so they are counted apart.
FOLLOWING = frozenset({"inherited", "derived"})

# Things look renamed when they share this many facts, and their labels are this much alike (0 to 1).
_SAME_FACTS, _ALIKE = 2, 0.6


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


def _class(entity: Entity) -> tuple[str, str]:
    return entity.kind, entity.concept


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
