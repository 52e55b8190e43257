"""Triples become entities, relations and stated facts. What cannot be understood becomes a finding, never a
silent loss. `infer.py` adds what follows from them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from failwise.errors import OntologyError
from failwise.files import content_id
from failwise.kg.chains import read_chain
from failwise.kg.names import slugify
from failwise.kg.records import Direction, Entity, Fact, Family, Finding, Polarity, Relation, Template, Truth
from failwise.kg.triples import Literal, Term, Triples
from failwise.kg.vocabulary import DCTERMS, FW, KINDS, OWL, RDF, RDFS

_DIRECTIONS = {FW.Forward: Direction.FORWARD, FW.Inverse: Direction.INVERSE}
_POLARITIES = {FW.Selection: Polarity.SELECTION, FW.Elimination: Polarity.ELIMINATION}
STATED_TWICE = "is stated both as yes and as no"
# As shapes.ttl has it: what is filled in must not ask for more than there is.
_WORDS = re.compile(r"([^{}]|\{(asset|subject|object)\})*")


def local_name(node: str) -> str:
    """Return the part of an IRI after its last slash or hash."""
    return node.rstrip("/#").rsplit("/", 1)[-1].rsplit("#", 1)[-1]


@dataclass
class Compiler:
    """Compiles one graph in one language; `findings` holds what it could not use."""

    graph: Triples
    language: str = "en"
    findings: list[Finding] = field(default_factory=list)
    facts: dict[str, Fact] = field(default_factory=dict)
    _entities: dict[str, Entity] = field(default_factory=dict)
    _named_sources: dict[str, str] = field(default_factory=dict)
    _cited: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def asset_classes(self) -> dict[str, Entity]:
        """Return the asset classes by slug, in order of slug."""
        entities = [self.entity(node) for node in self.graph.instances(FW.AssetClass)]
        return {entity.slug: entity for entity in sorted(entities, key=lambda e: e.slug)}

    def links(self, predicate: str) -> Iterator[tuple[str, str]]:
        """Yield the pairs of asset classes that a predicate links, by slug."""
        for a, b in self.graph.subject_objects(predicate):
            if isinstance(b, str):
                yield self.entity(a).slug, self.entity(b).slug

    def entity(self, node: str) -> Entity:
        """Return a node as an entity: its label in the language asked for, else in any."""
        found = self._entities.get(node)
        if found is None:
            local = local_name(node)
            if self.graph.node(node, FW.ofAssetClass) is not None:
                local = local.rsplit(".", 1)[-1]  # pump.bearing-damage: the asset class stands in the id already
            label = self._label(node) or local.replace("-", " ")
            kind = next((t for t in self.graph.nodes(node, RDF.type) if t in KINDS), "")
            found = self._entities[node] = Entity(node, slugify(local), label, self.concept(node), kind)
        return found

    def entities(self) -> dict[str, Entity]:
        """Return every thing of the ontology by IRI: what has a kind, and what facts name."""
        for kind in KINDS:
            for node in self.graph.instances(kind):
                self.entity(node)
        return dict(self._entities)

    def concept(self, node: str) -> str:
        """Follow fw:concept to its end."""
        seen = {node}
        while (shared := self.graph.node(node, FW.concept)) is not None and shared not in seen:
            seen.add(node := shared)
        return node

    def _text(self, node: str, predicate: str) -> str:
        """Return the text of a node: in the language asked for, else in English, else in any."""
        texts = [o for o in self.graph.objects(node, predicate) if isinstance(o, Literal)]
        if len(texts) > 1:
            texts.sort()
            texts = self._in(self.language, texts) or self._in("en", texts) or texts
        return texts[0].value if texts else ""

    def _in(self, language: str, texts: Iterable[Literal]) -> list[Literal]:
        return [t for t in texts if t.language == language]

    def _label(self, node: str) -> str:
        """Return a node's label. Where only its concept was translated, and both bear one name, the concept's."""
        own = [o for o in self.graph.objects(node, RDFS.label) if isinstance(o, Literal)]
        if own and not self._in(self.language, own) and (shared := self.concept(node)) != node:
            common = [o for o in self.graph.objects(shared, RDFS.label) if isinstance(o, Literal)]
            if {o.value.casefold() for o in own} & {o.value.casefold() for o in common}:
                return self._text(shared, RDFS.label)
        return self._text(node, RDFS.label)

    def none_of_these(self) -> str:
        """Return the words of the option that none of the others is right; nothing where the language has none."""
        own = (o for o in self.graph.objects(FW.NoneOfThese, RDFS.label) if isinstance(o, Literal))
        return next((o.value for o in sorted(own) if o.language == self.language), "")

    # --- relations ---

    def relations(self) -> dict[str, Relation]:
        """Return the relations by name, each with its question families."""
        families: dict[str, list[Family]] = {}
        for node in self.graph.instances(FW.QuestionFamily):
            relation = self.graph.node(node, FW.relation)
            if relation is not None and (family := self._family(node, relation)) is not None:
                families.setdefault(relation, []).append(family)
        found = {}
        for node in self.graph.instances(FW.Relation):
            compiled = self._relation(node, tuple(families.get(node, ())))
            if not compiled.families:
                self.find("WARN", node, "the relation has no question family with templates in this language")
            found[compiled.name] = compiled
        return {name: self._chained(relation, found) for name, relation in found.items()}

    def _relation(self, node: str, families: tuple[Family, ...]) -> Relation:
        return Relation(
            local_name(node),
            node,
            self._text(node, RDFS.label),
            self._sentence(node, FW.statement),
            self._sentence(node, FW.denial),
            families,
            self.graph.node(node, RDFS.domain) or "",
            self.graph.node(node, RDFS.range) or "",
            self.graph.is_a(node, OWL.FunctionalProperty),
        )

    def _sentence(self, node: str, predicate: str) -> str:
        text = self._text(node, predicate)
        if not _WORDS.fullmatch(text):
            self.find("ERROR", node, f"{text!r} has other slots than {{asset}}, {{subject}} and {{object}}; mend it")
        return text

    def _chained(self, relation: Relation, declared: Mapping[str, Relation]) -> Relation:
        try:
            return replace(relation, chain=read_chain(self.graph, relation, declared))
        except OntologyError as error:
            self.find("ERROR", relation.iri, str(error))
            return relation

    def _family(self, node: str, relation: str) -> Family | None:
        direction = _DIRECTIONS.get(self.graph.node(node, FW.direction) or "")
        polarity = _POLARITIES.get(self.graph.node(node, FW.polarity) or "")
        if direction is None or polarity is None:
            return None
        name = ".".join((local_name(relation), direction, polarity))
        templates = self._templates(node, FW.template, name)
        multiple = self._templates(node, FW.multipleTemplate, f"{name}.multiple")
        if not templates and not multiple:
            return None
        analysis, relevancy = self._text(node, FW.analysis), self._text(node, FW.relevancy)
        return Family(local_name(relation), direction, polarity, analysis, relevancy, templates, multiple)

    def _templates(self, node: str, predicate: str, family: str) -> tuple[Template, ...]:
        texts = [o for o in self.graph.objects(node, predicate) if isinstance(o, Literal)]
        wordings = sorted(t.value for t in self._in(self.language, texts))
        return tuple(Template(f"{family}.{self.language}.{content_id(text)[:6]}", text) for text in wordings)

    # --- facts ---

    def state_facts(self) -> None:
        """Fill `facts` with all that is stated, then with what the tables add."""
        self._refuse_shared_slugs()
        self._read_citations()
        stated = self.graph.by_predicate(self.graph.instances(FW.Relation))
        for relation, pairs in stated.items():
            name = local_name(relation)
            for subject, objects in pairs:
                asset = self._asset_of(subject)
                if asset is None:
                    for _ in objects:
                        self.find("ERROR", subject, f"it belongs to no asset class, so its {name} is unusable")
                else:
                    self._state(relation, name, asset, subject, objects)
        for node in self.graph.instances(OWL.NegativePropertyAssertion):
            self._deny(node)
        for table in self.graph.instances(FW.FactTable):
            self._read_table(table)

    def _refuse_shared_slugs(self) -> None:
        """Find asset classes whose facts would have the same ids."""
        first: dict[str, str] = {}
        for node in self.graph.instances(FW.AssetClass):
            slug = self.entity(node).slug
            if (other := first.setdefault(slug, node)) != node:
                self._find_slug(node, slug, f"has the same id as {other}: {slug}; rename one")
            elif not slug:
                self._find_slug(node, slug, "has no letter or digit in its name to make an id of; rename it")

    def _find_slug(self, node: str, slug: str, message: str) -> None:
        self.find("ERROR", node, message)

    def _state(self, relation: str, name: str, asset: str, subject: str, objects: Iterable[Term]) -> None:
        """State the yes facts of one subject and relation; there are many, so what they share is made once."""
        a = self.entity(asset)
        s = a if subject == asset else self.entity(subject)
        prefix = f"{a.slug}/{name}/" if s is a else f"{a.slug}/{name}/{s.slug}/"
        source, cited, entities = self._sources(asset), self._cited, self._entities
        for object_ in objects:
            if isinstance(object_, str):
                o = entities.get(object_) or self.entity(object_)
                own = cited.get((subject, relation, object_)) if cited else ""
                self._add(Fact(prefix + o.slug, a, name, s, o, Truth.YES, "stated", own or source))

    def _read_citations(self) -> None:
        """Note the source of each statement that has one of its own (owl:Axiom)."""
        for node in self.graph.instances(OWL.Axiom):
            subject, object_ = self.graph.node(node, OWL.annotatedSource), self.graph.node(node, OWL.annotatedTarget)
            relation = self.graph.node(node, OWL.annotatedProperty)
            if subject and relation and object_:
                self._cited[subject, relation, object_] = self._sources(node)

    def _sources(self, node: str) -> str:
        found = self._named_sources.get(node)
        if found is None:
            names = sorted(local_name(s) for s in self.graph.nodes(node, DCTERMS.source))
            found = self._named_sources[node] = ", ".join(names)
        return found

    def _deny(self, node: str) -> None:
        relation = self.graph.node(node, OWL.assertionProperty)
        subject, object_ = self.graph.node(node, OWL.sourceIndividual), self.graph.node(node, OWL.targetIndividual)
        if relation is None or subject is None or object_ is None:
            self.find("ERROR", node, "the stated no lacks its property, subject or object")
            return
        asset = self.graph.node(node, FW.assetClass) or self._asset_of(subject)
        if asset is None:
            self.find("ERROR", subject, f"it belongs to no asset class, so its {local_name(relation)} is unusable")
            return
        source = self._sources(node) or self._sources(asset)
        self._add(self._fact(local_name(relation), asset, subject, object_, Truth.NO, source))

    def _add(self, fact: Fact) -> None:
        known = self.facts.get(fact.id)
        if known is None:
            self.facts[fact.id] = fact
        elif known.object.concept != fact.object.concept or known.subject.concept != fact.subject.concept:
            self.find("ERROR", fact.object.iri, f"two different facts share the id {fact.id!r}; rename one")
        elif known.truth is not fact.truth:
            self.find("ERROR", fact.subject.iri, f"the fact {fact.id!r} {STATED_TWICE}")

    def _fact(self, name: str, asset: str, subject: str, object_: str, truth: Truth, source: str) -> Fact:
        a, o = self.entity(asset), self.entity(object_)
        # The asset class itself, or what a broader one calls so where a narrower one denies it.
        s = a if subject == asset or self.graph.is_a(subject, FW.AssetClass) else self.entity(subject)
        fact_id = f"{a.slug}/{name}/{o.slug}" if s is a else f"{a.slug}/{name}/{s.slug}/{o.slug}"
        return Fact(fact_id, a, name, s, o, truth, "stated", source)

    def _asset_of(self, subject: str) -> str | None:
        if self.graph.is_a(subject, FW.AssetClass):
            return subject
        return self.graph.node(subject, FW.ofAssetClass)

    def _read_table(self, table: str) -> None:
        relation, asset = self.graph.node(table, FW.relation), self.graph.node(table, FW.assetClass)
        if relation is None or asset is None:
            self.find("ERROR", table, "the table names no relation or no asset class")
            return
        truth, basis = (Truth.NO, "closed-table") if self._is_closed(table, relation) else (Truth.UNKNOWN, "open-table")
        source, a, name = self._sources(table), self.entity(asset), local_name(relation)
        pool = [self.entity(c) for c in sorted(self.graph.nodes(table, FW.candidate))]
        for row in sorted(self.graph.nodes(table, FW.row)):
            stated = {self.concept(o): o for o in self.graph.nodes(row, relation)}
            subject = self.entity(row)
            prefix = f"{a.slug}/{name}/" if row == asset else f"{a.slug}/{name}/{subject.slug}/"
            for candidate in pool:
                if (object_ := stated.get(candidate.concept)) is not None:
                    known = self.facts.get(prefix + self.entity(object_).slug)
                    if known is None or known.source != source:
                        fact = self._fact(name, asset, row, object_, Truth.YES, source)
                        self._attribute(fact, (row, relation, object_))
                elif (fact_id := prefix + candidate.slug) not in self.facts:
                    self.facts[fact_id] = Fact(fact_id, a, name, subject, candidate, truth, basis, source)

    def _attribute(self, fact: Fact, triple: tuple[str, str, str]) -> None:
        """Give a stated fact the source of the table it stands in, unless it has one of its own."""
        known = self.facts.get(fact.id)
        if known is None or (fact.source and known.source != fact.source and triple not in self._cited):
            self.facts[fact.id] = fact

    def _is_closed(self, table: str, relation: str) -> bool:
        flags = (self.graph.value(table, FW.closed), self.graph.value(relation, FW.closedWorld))
        flag = next((f for f in flags if isinstance(f, Literal)), None)
        return flag is not None and flag.true

    def find(self, level: str, node: str, message: str) -> None:
        """Note a finding."""
        self.findings.append(Finding(level, node, message))
