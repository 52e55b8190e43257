"""A draft whose names are settled becomes Turtle, one file per asset class."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from failwise.kg.asset_file import AssetFile, Table, Thing
from failwise.kg.compile import local_name
from failwise.kg.load import Ontology
from failwise.kg.names import slugify
from failwise.kg.naming import Naming, Settled
from failwise.kg.records import Relation, Truth
from failwise.kg.sheets.records import AssetDraft, Claim, Draft, Mention, Place, SourceNote
from failwise.kg.vocabulary import DCTERMS, FIXED, FW, KINDS, RDFS, SOURCE

LISTED = (
    "The source lists what applies to this asset class; a name that it lists for other asset classes only is read as "
    "a no. A name that shares a word with a listed one is left unknown."
)
JUDGED = "Every pair is judged by the source as relevant or not relevant; not relevant is a no."
BLANK_IS_NO = "What the source leaves blank was read as a no."
OPEN = "Pairs that the source leaves empty are unknown; a no is stated pair by pair."

# Words that do not tell which part or quantity is meant, so that sharing one does not make two names alike.
_GENERIC = frozenset(
    re.findall(
        r"\w+",
        "and condition damage damaged defects demand failure fault faults loss medium output problem problems process "
        "supply system unequal utility with",
    )
)


@dataclass(slots=True)
class _Judgement:
    """What the documents say of one pair: the truth (None: left blank), where, and the IRIs of the sources, sorted.

    `filled` marks a no that was read into a blank.
    """

    truth: Truth | None
    place: Place
    sources: tuple[str, ...]
    filled: bool = False


# One relation of one asset class: by subject and object; the subject None is the asset class itself.
_Pairs = dict[tuple[Settled | None, Settled], _Judgement]


@dataclass
class DraftWriter:
    """Writes the files of a draft. `stated` holds truth and place by fact id; contradictions go to the draft.

    Args:
        draft: what the documents say.
        naming: what their names mean; settled before.
        ontology: what is known, for sources and licences.
        folder: where the files will stand; what only files there declare is declared again.
        closed_blanks: read blanks, and pairs that a list leaves out, as a no.
    """

    draft: Draft
    naming: Naming
    ontology: Ontology
    folder: Path
    closed_blanks: bool = False
    stated: dict[str, tuple[Truth, Place]] = field(default_factory=dict)
    _places: dict[str, Place] = field(default_factory=dict)
    _sources: dict[str, str] = field(default_factory=dict)
    _new_sources: dict[str, tuple[str, str]] = field(default_factory=dict)

    def files(self) -> dict[str, str]:
        """Return the text of each file by name."""
        self._sources = self._known_sources()
        tables = self._tables()
        if self.closed_blanks or any(a.closed for a in self.draft.asset_classes.values()):
            self._close_blanks(tables)
        written = {}
        for label, asset in sorted(self.draft.asset_classes.items()):
            settled = self.naming.settled.get((FW.AssetClass, label))
            if settled is not None and (label in tables or asset.kind_of or asset.twin_of):
                writer = _AssetWriter(self, asset, settled, tables.get(label, {}))
                written[f"{settled.slug}.ttl"] = writer.file().turtle(self.ontology.graph, writer.documents())
        return written

    def place_of(self, node: str) -> Place | None:
        """Return where the documents name a thing, by its IRI."""
        return self._places.get(node)

    # --- claims to pairs ---

    def _tables(self) -> dict[str, dict[str, _Pairs]]:
        tables: dict[str, dict[str, _Pairs]] = {}
        for claim in self.draft.claims:
            relation = self.naming.relations[claim.relation]
            subject = self.naming.settled.get((relation.domain, claim.subject)) if claim.subject else None
            object_ = self.naming.settled.get((relation.range, claim.object))
            if object_ is not None and (subject is not None or not claim.subject):
                pairs = tables.setdefault(claim.asset_class, {}).setdefault(claim.relation, {})
                new = _Judgement(claim.truth, claim.place, self._sources_of(claim))
                self._join(pairs, (subject, object_), new, claim)
        return tables

    def _join(self, pairs: _Pairs, pair: tuple[Settled | None, Settled], new: _Judgement, claim: Claim) -> None:
        known = pairs.get(pair)
        if known is None or (known.truth in (None, Truth.UNKNOWN) and new.truth is not None):
            pairs[pair] = new
        elif {known.truth, new.truth} == {Truth.YES, Truth.NO}:
            self.draft.find(
                "ERROR",
                new.place,
                "contradiction",
                f"says {new.truth}, but {_where(known.place, new.place)} says {known.truth}: "
                f"{claim.relation} of {claim.subject or claim.asset_class!r} and {claim.object!r}",
                claim.object,
                "keep one of the two",
            )

    # --- sources ---

    def _known_sources(self) -> dict[str, str]:
        """Return the IRIs of the sources by slug, label and file name."""
        found = {}
        for iri in self.ontology.graph.instances(FW.Source):
            names = [local_name(iri)]
            for predicate in (RDFS.label, FW.file):
                names += [str(o) for o in self.ontology.graph.objects(iri, predicate)]
            found.update(dict.fromkeys(names, iri))
        return found

    def declared_elsewhere(self, source: str) -> bool:
        """Say whether a file outside the folder declares a source, so that it need not be declared again."""
        name = self.ontology.declared_in.get(source)
        return name is not None and not self.ontology.files[name].is_relative_to(self.folder)

    def _sources_of(self, claim: Claim) -> tuple[str, ...]:
        name = claim.source or self.draft.asset_classes[claim.asset_class].source or claim.place.file
        parts = name.split(", ") if name not in self._sources else [name]
        # Facts name several sources by their slugs; a label may have commas of its own.
        slugs = all(part in self._sources or part == slugify(part) != "" for part in parts)
        return tuple(sorted({self._source(part, claim) for part in (parts if slugs else [name])}))

    def _source(self, name: str, claim: Claim) -> str:
        if name not in self._sources:
            self._sources[name] = SOURCE[slugify(name)]
        iri = self._sources[name]
        if iri not in self._new_sources and not self.declared_elsewhere(iri):
            label = str(self.ontology.graph.value(iri, RDFS.label) or name)
            self._new_sources[iri] = (label, name if name == claim.place.file else "")
        return iri

    # --- blanks that mean no ---

    def _close_blanks(self, tables: dict[str, dict[str, _Pairs]]) -> None:
        pools: dict[tuple[str, tuple[str, ...]], set[Settled]] = {}
        for relations in tables.values():
            for name, pairs in relations.items():
                for (subject, object_), judged in pairs.items():
                    if subject is None:
                        pools.setdefault((name, judged.sources), set()).add(object_)
        for label, relations in tables.items():
            declared = self.draft.asset_classes[label].closed
            for name, pairs in relations.items():
                if (self.closed_blanks or name in declared) and not self.naming.relations[name].functional:
                    _fill(pairs, lambda sources, name=name: pools.get((name, sources), set()))  # type: ignore[misc]


def _fill(pairs: _Pairs, pool: Callable[[tuple[str, ...]], set[Settled]]) -> None:
    """Set every blank to no, and every pair that the rows and names of the table leave out."""
    for judged in pairs.values():
        if judged.truth is None:
            judged.truth, judged.filled = Truth.NO, True
    first = {subject: judged for (subject, _), judged in pairs.items() if judged.truth is Truth.YES}
    objects = {object_ for _, object_ in pairs}
    for subject, judged in first.items():
        others = objects if subject is not None else _not_listed(objects, pool(judged.sources))
        for object_ in sorted(others, key=lambda s: s.slug):
            pairs.setdefault((subject, object_), _Judgement(Truth.NO, judged.place, judged.sources, True))


def _not_listed(listed: set[Settled], pool: set[Settled]) -> set[Settled]:
    """Return the names of the pool that are safely something else than any listed name."""
    taken = set().union(*(_words(s.label) for s in listed))
    return {other for other in pool - listed if not _words(other.label) & taken}


def _words(name: str) -> set[str]:
    return {w for w in re.findall(r"[a-z]{3,}", name.lower()) if w not in _GENERIC}


def _where(place: Place, other: Place) -> str:
    return str(place) if place.file == other.file else f"{place.file}, {place}"


@dataclass
class _AssetWriter:
    """Writes the file of one asset class."""

    parent: DraftWriter
    draft: AssetDraft
    settled: Settled
    relations: Mapping[str, _Pairs]

    def __post_init__(self) -> None:
        naming = self.parent.naming
        self.asset = Thing(self.settled.iri, self.settled.label, KINDS[FW.AssetClass])
        self.local = {
            (mention.kind, naming.settled[mention.kind, mention.label])
            for mention in self._mentions()
            if KINDS[mention.kind].local
        }
        for name, pairs in self.relations.items():
            relation = naming.relations[name]
            for (subject, object_), judged in pairs.items():
                if subject is not None and relation.domain in KINDS:
                    self.local.add((relation.domain, subject))
                if judged.truth is Truth.YES and relation.range in KINDS and KINDS[relation.range].local:
                    self.local.add((relation.range, object_))

    def file(self) -> AssetFile:
        """Return the file with all that is said of the asset class."""
        sources = {source for pairs in self.relations.values() for j in pairs.values() for source in j.sources}
        file = AssetFile(self.asset, self.settled.slug, sources)
        self.parent._places.setdefault(self.asset.iri, self.draft.place)
        for iri in sorted(sources & self.parent._new_sources.keys()):
            label, document = self.parent._new_sources[iri]
            note = self.parent.draft.sources.get(label) or self._known_note(iri)
            file.add_source(iri, label, document, note.citation, note.licence)
        for predicate, names in ((FW.kindOf, self.draft.kind_of), (FW.twinOf, self.draft.twin_of)):
            for name in names:
                if (other := self.parent.naming.settled.get((FW.AssetClass, name))) is not None:
                    file.link(predicate, other.iri)
        file.comment(self.draft.comment)
        for mention in self._mentions():
            thing = self._thing(mention.kind, self.parent.naming.settled[mention.kind, mention.label])
            file.add_thing(thing, mention.notation, self._other_names(mention, thing.label))
            self.parent._places.setdefault(thing.iri, mention.place)
        for name, pairs in sorted(self.relations.items()):
            self._add_table(file, self.parent.naming.relations[name], pairs)
        return file

    def _known_note(self, source: str) -> SourceNote:
        graph = self.parent.ontology.graph
        citation, licence = graph.value(source, DCTERMS.bibliographicCitation), graph.value(source, DCTERMS.license)
        return SourceNote(str(citation or ""), str(licence or ""))

    def documents(self) -> list[str]:
        """Return the names of the files that say something of the asset class."""
        said = {j.place.file for pairs in self.relations.values() for j in pairs.values()}
        return sorted(said | {self.draft.place.file})

    def _mentions(self) -> Iterator[Mention]:
        for mention in self.parent.draft.mentions:
            if mention.asset_class in ("", self.draft.label) and self._used(mention):
                yield mention

    def _used(self, mention: Mention) -> bool:
        """Say whether a mention was settled; shared things go to the asset classes of their document."""
        same_document = mention.asset_class or mention.place.file == self.draft.place.file
        return bool(same_document) and (mention.kind, mention.label) in self.parent.naming.settled

    def _other_names(self, mention: Mention, label: str) -> list[str]:
        return [name for name in dict.fromkeys((*mention.alternatives, mention.label)) if name != label]

    def _add_table(self, file: AssetFile, relation: Relation, pairs: _Pairs) -> None:
        table, concepts = Table(relation.iri), dict[str, str]()
        for (subject, object_), judged in pairs.items():
            s = self.asset if subject is None else self._thing(relation.domain, subject)
            o = self._thing(relation.range, object_)
            for thing in (s, o):
                self.parent._places.setdefault(thing.iri, judged.place)
                if thing is not self.asset and thing.kind.iri not in FIXED:
                    file.add_thing(thing)
            concepts[o.iri] = o.concept or o.iri
            known = judged.truth in (Truth.YES, Truth.NO)
            table.truths[s.iri, o.iri] = judged.truth is Truth.YES if known else None
            table.sources[s.iri, o.iri] = judged.sources
            self._note(relation, subject, object_, judged)
        table.reading = self._reading(relation, pairs)
        file.add_table(table, concepts)

    def _note(self, relation: Relation, subject: Settled | None, object_: Settled, judged: _Judgement) -> None:
        if judged.truth in (Truth.YES, Truth.NO):
            parts = [self.settled.slug, relation.name, *([subject.slug] if subject else []), object_.slug]
            self.parent.stated["/".join(parts)] = (judged.truth, judged.place)

    def _reading(self, relation: Relation, pairs: _Pairs) -> str:
        if any(j.truth not in (Truth.YES, Truth.NO) for j in pairs.values()):
            return OPEN
        if not any(j.filled for j in pairs.values()):
            return JUDGED
        return LISTED if any(subject is None for subject, _ in pairs) else BLANK_IS_NO

    def _thing(self, kind_iri: str, settled: Settled) -> Thing:
        """Return a thing to write; a local one that this asset class does not have is its concept alone."""
        kind = KINDS[kind_iri]
        if not kind.local:
            return Thing(settled.iri, settled.label, kind)
        if (kind_iri, settled) in self.local:
            return Thing(kind.namespace[f"{self.settled.slug}.{settled.slug}"], settled.label, kind, settled.iri)
        return Thing(settled.iri, settled.label, replace(kind, iri=kind.concept))
