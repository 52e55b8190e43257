"""One asset class as Turtle: its things, facts and fact tables, the same bytes every time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rdflib import Graph, URIRef
from rdflib import Literal as Value

from failwise.kg.compile import local_name
from failwise.kg.triples import Triples
from failwise.kg.vocabulary import AXIOM, DATASET, DCTERMS, FW, NO, OWL, PREFIXES, RDF, RDFS, SKOS, TABLE, Kind


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing to write: its IRI, label and kind; `concept` is what a local kind shares with its like."""

    iri: str
    label: str
    kind: Kind
    concept: str = ""


@dataclass
class Table:
    """What one asset class says with one relation: each pair of IRIs with its truth, and its sources, sorted.

    A truth of None is a pair that is named and left open.
    """

    relation: str
    truths: dict[tuple[str, str], bool | None] = field(default_factory=dict)
    sources: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    reading: str = ""

    def sources_of(self, pairs: Iterable[tuple[str, str]]) -> tuple[str, ...] | None:
        """Return the sources of all these pairs, or None where they differ."""
        found = {self.sources[pair] for pair in pairs}
        return found.pop() if len(found) == 1 else None


class AssetFile:
    """The triples of one asset class, whose facts come from `sources`."""

    def __init__(self, asset: Thing, slug: str, sources: Iterable[str]) -> None:
        self.asset, self.slug, self._sources = asset, slug, tuple(sorted(sources))
        self._declared: set[Thing] = set()
        self._graph = Graph(bind_namespaces="none")
        for prefix, namespace in PREFIXES.items():
            if prefix != "xsd":  # rdflib would declare it for every true and false
                self._graph.bind(prefix, str(namespace))
        self.add_thing(asset)
        for source in self._sources:
            self._add(asset.iri, DCTERMS.source, source)

    def add_source(self, iri: str, label: str, file: str, citation: str, licence: str) -> None:
        """Declare a source that the ontology does not have yet."""
        self._add(iri, RDF.type, FW.Source)
        self._say(iri, RDFS.label, label)
        for predicate, text in (
            (FW.file, file),
            (DCTERMS.bibliographicCitation, citation),
            (DCTERMS.license if licence.startswith("http") else DCTERMS.rights, licence),
        ):
            if text:
                term = URIRef(text) if predicate == DCTERMS.license else Value(text)
                self._graph.add((URIRef(iri), URIRef(predicate), term))

    def add_thing(self, thing: Thing, notation: str = "", alternatives: Sequence[str] = ()) -> None:
        """Declare a thing, with its concept."""
        if thing in self._declared and not notation and not alternatives:
            return
        self._declared.add(thing)
        self._add(thing.iri, RDF.type, thing.kind.iri)
        self._say(thing.iri, RDFS.label, thing.label)
        if thing.concept:
            self._add(thing.iri, FW.ofAssetClass, self.asset.iri)
            self._add(thing.iri, FW.concept, thing.concept)
            self._add(thing.concept, RDF.type, thing.kind.concept)
            self._say(thing.concept, RDFS.label, thing.label)
        if notation:
            self._graph.add((URIRef(thing.iri), URIRef(SKOS.notation), Value(notation)))
        for name in alternatives:
            self._say(thing.iri, SKOS.altLabel, name)

    def link(self, predicate: str, asset_class: str) -> None:
        """Link this asset class to another one."""
        self._add(self.asset.iri, predicate, asset_class)

    def comment(self, text: str) -> None:
        """Describe the asset class in words."""
        self._say(self.asset.iri, RDFS.comment, text)

    def add_table(self, table: Table, concepts: Mapping[str, str]) -> None:
        """State every yes; close the table if every pair is judged, else state each no.

        Args:
            table: what to state.
            concepts: the concept of each local object, which stands for it in a table.
        """
        rows = sorted({s for s, _ in table.truths})
        candidates = sorted({concepts.get(o, o) for _, o in table.truths})
        judged = [pair for pair, truth in table.truths.items() if truth is not None]
        denied = [pair for pair in judged if table.truths[pair] is False]
        closing = table.sources_of(denied)  # all of a closed table has the same
        complete = len(judged) == len(rows) * len(candidates) and len(denied) < len(judged)
        closed = closing is not None and complete
        is_open = len(judged) < len(table.truths)
        default = closing if closed else table.sources_of(table.truths) if is_open else None
        if closed or is_open:
            self._write_table(table.relation, rows, candidates, closed, default, table.reading)
        else:
            default = self._sources
        for (subject, object_), truth in table.truths.items():
            sources = table.sources[subject, object_]
            if truth:
                self._add(subject, table.relation, object_)
                if sources != default:
                    self._cite(subject, table.relation, object_, sources)
            elif truth is False and not closed:
                self._deny(table.relation, subject, object_, sources)

    def turtle(self, ontology: Triples, documents: Iterable[str]) -> str:
        """Return the file's text: a comment with sources and licences, then the triples in fixed order.

        Args:
            ontology: where the sources are described.
            documents: the names of the files that this one was made from.
        """
        dataset = DATASET[self.slug]
        self._add(dataset, RDF.type, OWL.Ontology)
        self._add(dataset, DCTERMS.subject, self.asset.iri)
        for name in documents:
            self._graph.add((URIRef(dataset), URIRef(FW.file), Value(name)))
        lines = [f"# {self.asset.label}. Written by `failwise ontology import`; edit the table, not this file."]
        for source in sorted({str(o) for o in self._graph.objects(None, URIRef(DCTERMS.source))}):
            self._add(dataset, DCTERMS.source, source)
            for licence in ontology.nodes(source, DCTERMS.license):
                self._add(dataset, DCTERMS.license, licence)
                lines.append(f"# Licence of {self._graph.qname(source)}: {licence}")
            for citation in ontology.objects(source, DCTERMS.bibliographicCitation):
                lines.append(f"# Source: {citation}")
        text = self._graph.serialize(format="turtle").strip()
        return "\n".join(line.replace("\n", " ") for line in lines) + "\n\n" + text + "\n"

    def _write_table(
        self,
        relation: str,
        rows: list[str],
        candidates: list[str],
        closed: bool,
        sources: tuple[str, ...] | None,
        reading: str,
    ) -> None:
        node = TABLE[f"{self.slug}.{local_name(relation)}"]
        self._add(node, RDF.type, FW.FactTable)
        self._add(node, FW.assetClass, self.asset.iri)
        self._add(node, FW.relation, relation)
        for source in sources or self._sources:
            self._add(node, DCTERMS.source, source)
        self._say(node, FW.reading, reading)
        self._graph.add((URIRef(node), URIRef(FW.closed), Value(closed)))
        for row in rows:
            self._add(node, FW.row, row)
        for candidate in candidates:
            self._add(node, FW.candidate, candidate)

    def _deny(self, relation: str, subject: str, object_: str, sources: tuple[str, ...]) -> None:
        node = NO[f"{local_name(subject)}.not.{local_name(relation)}.{local_name(object_)}"]
        self._add(node, RDF.type, OWL.NegativePropertyAssertion)
        self._add(node, OWL.sourceIndividual, subject)
        self._add(node, OWL.assertionProperty, relation)
        self._add(node, OWL.targetIndividual, object_)
        for source in sources if sources != self._sources else ():
            self._add(node, DCTERMS.source, source)

    def _cite(self, subject: str, relation: str, object_: str, sources: tuple[str, ...]) -> None:
        node = AXIOM[f"{local_name(subject)}.{local_name(relation)}.{local_name(object_)}"]
        self._add(node, RDF.type, OWL.Axiom)
        self._add(node, OWL.annotatedSource, subject)
        self._add(node, OWL.annotatedProperty, relation)
        self._add(node, OWL.annotatedTarget, object_)
        for source in sources:
            self._add(node, DCTERMS.source, source)

    def _add(self, subject: str, predicate: str, object_: str) -> None:
        self._graph.add((URIRef(subject), URIRef(predicate), URIRef(object_)))

    def _say(self, subject: str, predicate: str, text: str) -> None:
        if text:
            self._graph.add((URIRef(subject), URIRef(predicate), Value(text, lang="en")))
