"""Which thing does a name of a document mean? Names are settled once, before anything is written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from failwise.kg.compile import local_name
from failwise.kg.names import LONGEST, cleaned, slugify, unseen_characters
from failwise.kg.records import Relation
from failwise.kg.resolve import How, Known, Names, normalise
from failwise.kg.sheets.records import Draft, Place
from failwise.kg.vocabulary import FIXED, FW, KINDS, RATING, Kind


@dataclass(frozen=True, slots=True)
class Settled:
    """What a name means: the label to use, the id part, and the IRI (of the concept, for a local kind)."""

    label: str
    slug: str
    iri: str
    known: bool


@dataclass
class Naming:
    """Settles the names of a draft against what is known and what was decided; findings go to the draft.

    Args:
        draft: what the documents say.
        names: what the ontology knows.
        relations: by name; they tell of which kind a name is.
        same_as: (kind IRI, name) → label that it was decided to mean.
        exact: join by spelling only, letter case and punctuation aside; plural and variants stay apart.
    """

    draft: Draft
    names: Names
    relations: Mapping[str, Relation]
    same_as: Mapping[tuple[str, str], str] = field(default_factory=dict)
    exact: bool = False
    settled: dict[tuple[str, str], Settled] = field(default_factory=dict)
    places: dict[tuple[str, str], Place] = field(default_factory=dict)

    def settle(self) -> None:
        """Settle every name of the draft."""
        for kind, label, place in self._used():
            self.places.setdefault((kind, label), place)
        groups: dict[tuple[str, str], list[str]] = {}
        for kind, label in self.places:
            if self._fit(kind, label):
                groups.setdefault((kind, self._key(label)), []).append(label)
        by_slug: dict[tuple[str, str], str] = {}
        things = [(kind, some) for (kind, _), alike in groups.items() for some in self._apart(kind, alike)]
        for kind, labels in things:
            found = self._meaning(KINDS[kind], labels)
            other = by_slug.setdefault((kind, found.slug), found.label)
            if other != found.label:
                self._find("ERROR", kind, labels[0], "id-taken", f"has the same id as {other!r}: {found.slug}",
                           "rename one of the two")  # fmt: skip
            for label in labels:
                self.settled[kind, label] = found
                if label != found.label:
                    self._find("INFO", kind, label, "joined", f"is read as {found.label!r}")

    def unknown(self) -> Iterable[tuple[str, str]]:
        """Yield (kind, label) of the names that nothing known fits."""
        seen = set()
        for (kind, _), found in self.settled.items():
            if not found.known and (kind, found.label) not in seen and kind != FW.AssetClass:
                seen.add((kind, found.label))
                yield kind, found.label

    def _used(self) -> Iterable[tuple[str, str, Place]]:
        for asset in self.draft.asset_classes.values():
            yield FW.AssetClass, asset.label, asset.place
            for other in (*asset.kind_of, *asset.twin_of):
                yield FW.AssetClass, other, asset.place
        for mention in self.draft.mentions:
            yield mention.kind, mention.label, mention.place
        for claim in self.draft.claims:
            relation = self.relations[claim.relation]
            if claim.subject:
                yield relation.domain, claim.subject, claim.place
            yield relation.range, claim.object, claim.place

    def _key(self, label: str) -> str:
        return slugify(label) if self.exact else normalise(label)

    def _apart(self, kind: str, labels: list[str]) -> Iterable[list[str]]:
        """Split spellings of one name where several of them are exactly the labels of different known things."""
        parts: dict[str, list[str]] = {}
        for label in labels:
            known = self.names.find(kind, label)
            parts.setdefault(known.iri if known and known.how is How.EXACT else "", []).append(label)
        return parts.values() if len(parts.keys() - {""}) > 1 else [labels]

    def _meaning(self, kind: Kind, labels: list[str]) -> Settled:
        if kind.iri in FIXED:
            return Settled(labels[0], labels[0], RATING[labels[0]], True)
        for label in labels:
            decided = self.same_as.get((kind.iri, label))
            if known := self._known(kind, decided or label):
                slug = local_name(known.iri)
                return Settled(known.label, slug, known.iri, True)
        label = min(labels, key=lambda n: (len(n), n))
        slug = slugify(label)
        return Settled(label, slug, (kind.concept_namespace if kind.local else kind.namespace)[slug], False)

    def _known(self, kind: Kind, label: str) -> Known | None:
        found = self.names.find(kind.iri, label)
        return None if found is None or (self.exact and found.how is not How.EXACT) else found

    def _fit(self, kind: str, label: str) -> bool:
        """Say whether a label can be a name; what is wrong with it is found."""
        if kind in FIXED:
            if kind == FW.Rating and label in map(str, range(1, 11)):
                return True
            self._find("ERROR", kind, label, "rating", "is no rating; allowed are 1 to 10")
            return False
        if unseen := unseen_characters(label):
            fix = f"type it anew: {cleaned(label)[:LONGEST]!r}"
            self._find(
                "ERROR", kind, label, "characters", f"holds characters that nobody sees: {', '.join(unseen)}", fix
            )
        elif len(label) > LONGEST:
            message = f"has {len(label):,} characters; a name has at most {LONGEST}"
            self._find("ERROR", kind, label, "length", message, "shorten it; put the description into a comment")
        elif not slugify(label):
            self._find("ERROR", kind, label, "no-name", "has neither letters nor digits", "write a name")
        elif label.replace(".", "").replace(",", "").replace(" ", "").isdecimal():
            self._find("ERROR", kind, label, "number", "is a number where a name belongs", "write the name")
        else:
            return True
        return False

    def _find(self, level: str, kind: str, label: str, rule: str, message: str, fix: str = "") -> None:
        shown = cleaned(label)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        self.draft.find(level, self.places[kind, label], rule, f"{KINDS[kind].name} {shown!r} {message}", shown, fix)
