"""Triples become facts and relations. What cannot be understood becomes a finding, never a silent loss."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from rdflib import Graph, Literal, URIRef
from rdflib.namespace import DCTERMS, OWL, RDF, RDFS
from rdflib.term import Node

from failwise.files import content_id
from failwise.kg.names import slugify
from failwise.kg.records import Direction, Entity, Fact, Family, Finding, Polarity, Relation, Template, Truth
from failwise.kg.vocabulary import FW

_DIRECTIONS = {FW.Forward: Direction.FORWARD, FW.Inverse: Direction.INVERSE}
_POLARITIES = {FW.Selection: Polarity.SELECTION, FW.Elimination: Polarity.ELIMINATION}


def local_name(node: Node) -> str:
    """Return the part of an IRI after its last slash or hash."""
    return str(node).rstrip("/#").rsplit("/", 1)[-1].rsplit("#", 1)[-1]


@dataclass
class Compiler:
    """Compiles one graph in one language; `findings` holds what it could not use."""

    graph: Graph
    language: str = "en"
    findings: list[Finding] = field(default_factory=list)
    _entities: dict[Node, Entity] = field(default_factory=dict)
    _facts: dict[str, Fact] = field(default_factory=dict)

    def asset_classes(self) -> dict[str, Entity]:
        """Return the asset classes by slug, in order of slug."""
        entities = [self.entity(node) for node in self.graph.subjects(RDF.type, FW.AssetClass, unique=True)]
        return {entity.slug: entity for entity in sorted(entities, key=lambda e: e.slug)}

    def twins(self) -> Iterator[tuple[str, str]]:
        """Yield the linked pairs of asset classes, by slug."""
        for a, b in self.graph.subject_objects(FW.twinOf):
            yield self.entity(a).slug, self.entity(b).slug

    def entity(self, node: Node) -> Entity:
        """Return a node as an entity: its label in the language asked for, else in any."""
        if node not in self._entities:
            local = local_name(node)
            if self.graph.value(node, FW.ofAssetClass) is not None:
                local = local.rsplit(".", 1)[-1]  # pump.bearing-damage: the asset class stands in the id already
            label = self._text(node, RDFS.label) or local.replace("-", " ")
            self._entities[node] = Entity(str(node), slugify(local), label, str(self._concept(node)))
        return self._entities[node]

    def _concept(self, node: Node) -> Node:
        seen = {node}
        while (shared := self.graph.value(node, FW.concept)) is not None and shared not in seen:
            seen.add(node := shared)
        return node

    def _text(self, node: Node, predicate: URIRef) -> str:
        texts = sorted((o for o in self.graph.objects(node, predicate) if isinstance(o, Literal)), key=str)
        wanted = [t for t in texts if t.language == self.language]
        return str(next(iter(wanted or texts), ""))

    # --- relations ---

    def relations(self) -> dict[str, Relation]:
        """Return the relations by name, each with its question families."""
        families: dict[Node, list[Family]] = {}
        for node in self._instances(FW.QuestionFamily):
            relation = self.graph.value(node, FW.relation)
            if relation is not None and (family := self._family(node, relation)) is not None:
                families.setdefault(relation, []).append(family)
        found = {}
        for node in self._instances(FW.Relation):
            compiled = self._relation(node, tuple(families.get(node, ())))
            if not compiled.families:
                self._find("WARN", node, "the relation has no question family with templates in this language")
            found[compiled.name] = compiled
        return found

    def _relation(self, node: Node, families: tuple[Family, ...]) -> Relation:
        statement, denial = self._text(node, FW.statement), self._text(node, FW.denial)
        return Relation(local_name(node), str(node), self._text(node, RDFS.label), statement, denial, families)

    def _family(self, node: Node, relation: Node) -> Family | None:
        direction = _DIRECTIONS.get(self._iri(node, FW.direction))
        polarity = _POLARITIES.get(self._iri(node, FW.polarity))
        texts = sorted(
            str(t)
            for t in self.graph.objects(node, FW.template)
            if isinstance(t, Literal) and t.language == self.language
        )
        if direction is None or polarity is None or not texts:
            return None
        family = ".".join((local_name(relation), direction, polarity))
        templates = tuple(Template(f"{family}.{self.language}.{content_id(text)[:6]}", text) for text in texts)
        analysis, relevancy = self._text(node, FW.analysis), self._text(node, FW.relevancy)
        return Family(local_name(relation), direction, polarity, analysis, relevancy, templates)

    def _iri(self, node: Node, predicate: URIRef) -> URIRef:
        return URIRef(str(self.graph.value(node, predicate) or ""))

    # --- facts ---

    def facts(self) -> dict[str, Fact]:
        """Return all facts by id: stated ones first, then what the tables add."""
        for relation in self._instances(FW.Relation):
            for subject, object_ in self.graph.subject_objects(relation):
                self._state(relation, subject, object_, Truth.YES)
        for node in self._instances(OWL.NegativePropertyAssertion):
            self._deny(node)
        for table in self._instances(FW.FactTable):
            self._read_table(table)
        return dict(sorted(self._facts.items()))

    def _deny(self, node: Node) -> None:
        relation = self.graph.value(node, OWL.assertionProperty)
        subject, object_ = self.graph.value(node, OWL.sourceIndividual), self.graph.value(node, OWL.targetIndividual)
        if relation is None or subject is None or object_ is None:
            self._find("ERROR", node, "the stated no lacks its property, subject or object")
        else:
            self._state(relation, subject, object_, Truth.NO)

    def _state(self, relation: Node, subject: Node, object_: Node, truth: Truth) -> None:
        asset = self._asset_of(subject)
        if asset is None:
            self._find("ERROR", subject, f"it belongs to no asset class, so its {local_name(relation)} is unusable")
            return
        source = ", ".join(sorted(local_name(s) for s in self.graph.objects(asset, DCTERMS.source)))
        self._add(self._fact(relation, asset, subject, object_, truth, "stated", source))

    def _add(self, fact: Fact) -> None:
        known = self._facts.get(fact.id)
        if known is None:
            self._facts[fact.id] = fact
        elif known.object.concept != fact.object.concept or known.subject.iri != fact.subject.iri:
            self._find("ERROR", fact.object.iri, f"two different facts share the id {fact.id!r}; rename one")
        elif known.truth is not fact.truth:
            self._find("ERROR", fact.subject.iri, f"the fact {fact.id!r} is stated both as yes and as no")

    def _fact(
        self, relation: Node, asset: Node, subject: Node, object_: Node, truth: Truth, basis: str, source: str
    ) -> Fact:
        a, s, o = self.entity(asset), self.entity(subject), self.entity(object_)
        name = local_name(relation)
        parts = [a.slug, name, s.slug, o.slug] if subject != asset else [a.slug, name, o.slug]
        return Fact("/".join(parts), a, name, s, o, truth, basis, source)

    def _asset_of(self, subject: Node) -> Node | None:
        if (subject, RDF.type, FW.AssetClass) in self.graph:
            return subject
        return self.graph.value(subject, FW.ofAssetClass)

    def _read_table(self, table: Node) -> None:
        relation, asset = self.graph.value(table, FW.relation), self.graph.value(table, FW.assetClass)
        if relation is None or asset is None:
            self._find("ERROR", table, "the table names no relation or no asset class")
            return
        truth, basis = (Truth.NO, "closed-table") if self._is_closed(table, relation) else (Truth.UNKNOWN, "open-table")
        source = ", ".join(sorted(local_name(s) for s in self.graph.objects(table, DCTERMS.source)))
        candidates = sorted(self.graph.objects(table, FW.candidate), key=str)
        for row in sorted(self.graph.objects(table, FW.row), key=str):
            stated = {self._concept(o): o for o in self.graph.objects(row, URIRef(str(relation)))}
            for candidate in candidates:
                if (object_ := stated.get(self._concept(candidate))) is not None:
                    fact = self._fact(relation, asset, row, object_, Truth.YES, "stated", source)
                    self._facts[fact.id] = fact
                else:
                    fact = self._fact(relation, asset, row, candidate, truth, basis, source)
                    self._facts.setdefault(fact.id, fact)

    def _is_closed(self, table: Node, relation: Node) -> bool:
        flags = (self.graph.value(table, FW.closed), self.graph.value(relation, FW.closedWorld))
        flag = next((f for f in flags if isinstance(f, Literal)), None)
        return flag is not None and flag.toPython() is True

    def _instances(self, kind: URIRef) -> list[Node]:
        return sorted(self.graph.subjects(RDF.type, kind, unique=True), key=str)

    def _find(self, level: str, node: Node | str, message: str) -> None:
        self.findings.append(Finding(level, str(node), message))
