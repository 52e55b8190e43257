"""One asset class as Turtle: its failure modes, sensors and fact tables, the same bytes every time."""

from collections.abc import Iterable, Mapping

from rdflib import Graph, Literal, URIRef
from rdflib.namespace import DCTERMS, OWL, RDF, RDFS

from failwise.kg.load import Ontology
from failwise.kg.names import slugify
from failwise.kg.vocabulary import ASSET, BASE, CONCEPT, FW, MODE, PREFIXES, REL, SENSOR, TABLE


class AssetFile:
    """The triples of one asset class. `spelling` gives the label to use for an id."""

    def __init__(self, label: str, spelling: Mapping[str, str]) -> None:
        self.label = label
        self.slug = slugify(label)
        self.asset = ASSET[self.slug]
        self._spelling = spelling
        self._graph = Graph(bind_namespaces="none")
        for prefix, namespace in {**PREFIXES, "dcterms": DCTERMS, "owl": OWL, "rdfs": RDFS}.items():
            self._graph.bind(prefix, namespace)
        self._graph.add((self.asset, RDF.type, FW.AssetClass))
        self._graph.add((self.asset, RDFS.label, Literal(label, lang="en")))

    def add_source(self, source: URIRef) -> None:
        """Name a source of this asset class."""
        self._graph.add((self.asset, DCTERMS.source, source))

    def add_sensors(self, listed: set[str], others: set[str], source: URIRef, reading: str) -> None:
        """State which parameters are monitored, and which of the source's others are not."""
        for name in listed:
            self._graph.add((self.asset, REL.monitoredBy, self._sensor(name)))
        self._table(REL.monitoredBy, [self.asset], map(self._sensor, listed | others), source, reading)

    def add_failure_modes(self, listed: set[str], others: set[str], source: URIRef, reading: str) -> None:
        """State which failure modes are listed, and which of the source's others are not."""
        for name in listed:
            self._graph.add((self.asset, REL.hasFailureMode, self._mode(name)))
        self._table(REL.hasFailureMode, [self.asset], map(self._concept, listed | others), source, reading)

    def add_indications(
        self, cells: Mapping[tuple[str, str], bool], complete: bool, source: URIRef, reading: str
    ) -> None:
        """State which sensors indicate which failure modes; each no apart where the matrix has gaps."""
        for (mode, sensor), relevant in cells.items():
            if relevant:
                self._graph.add((self._mode(mode), REL.indicatedBy, self._sensor(sensor)))
            elif not complete:
                self._deny(REL.indicatedBy, self._mode(mode), self._sensor(sensor))
        rows, columns = {mode for mode, _ in cells}, {sensor for _, sensor in cells}
        self._table(
            REL.indicatedBy, map(self._mode, rows), map(self._sensor, columns), source, reading, closed=complete
        )

    def turtle(self, ontology: Ontology) -> str:
        """Return the file's text: a comment with sources and licences, then the triples in fixed order."""
        sources = sorted(self._graph.objects(self.asset, DCTERMS.source), key=str)
        dataset = URIRef(f"{BASE}dataset/{self.slug}")
        self._graph.add((dataset, RDF.type, OWL.Ontology))
        self._graph.add((dataset, DCTERMS.subject, self.asset))
        lines = [f"# {self.label}. Written by `failwise ontology import`; edit the table, not this file."]
        for source in sources:
            self._graph.add((dataset, DCTERMS.source, source))
            for licence in ontology.graph.objects(source, DCTERMS.license):
                self._graph.add((dataset, DCTERMS.license, licence))
                lines.append(f"# Licence of {self._graph.qname(str(source))}: {licence}")
            for citation in ontology.graph.objects(source, DCTERMS.bibliographicCitation):
                lines.append(f"# Source: {citation}")
        return "\n".join(lines) + "\n\n" + self._graph.serialize(format="turtle").strip() + "\n"

    def _table(
        self,
        relation: URIRef,
        rows: Iterable[URIRef],
        candidates: Iterable[URIRef],
        source: URIRef,
        reading: str,
        closed: bool = True,
    ) -> None:
        table = TABLE[f"{self.slug}.{relation.removeprefix(REL)}"]
        for predicate, value in (
            (RDF.type, FW.FactTable),
            (FW.assetClass, self.asset),
            (FW.relation, relation),
            (FW.closed, Literal(closed)),
            (FW.reading, Literal(reading, lang="en")),
            (DCTERMS.source, source),
            *((FW.row, row) for row in rows),
            *((FW.candidate, candidate) for candidate in candidates),
        ):
            self._graph.add((table, predicate, value))

    def _deny(self, relation: URIRef, subject: URIRef, object_: URIRef) -> None:
        name = f"{subject.rsplit('/', 1)[-1]}.not.{relation.removeprefix(REL)}.{object_.rsplit('/', 1)[-1]}"
        node = URIRef(f"{BASE}no/{name}")
        self._graph.add((node, RDF.type, OWL.NegativePropertyAssertion))
        self._graph.add((node, OWL.sourceIndividual, subject))
        self._graph.add((node, OWL.assertionProperty, relation))
        self._graph.add((node, OWL.targetIndividual, object_))

    def _named(self, node: URIRef, kind: URIRef, name: str) -> URIRef:
        self._graph.add((node, RDF.type, kind))
        self._graph.add((node, RDFS.label, Literal(self._spelling[slugify(name)], lang="en")))
        return node

    def _sensor(self, name: str) -> URIRef:
        return self._named(SENSOR[slugify(name)], FW.Sensor, name)

    def _concept(self, name: str) -> URIRef:
        return self._named(CONCEPT[slugify(name)], FW.FailureModeConcept, name)

    def _mode(self, name: str) -> URIRef:
        mode = self._named(MODE[f"{self.slug}.{slugify(name)}"], FW.FailureMode, name)
        self._graph.add((mode, FW.ofAssetClass, self.asset))
        self._graph.add((mode, FW.concept, self._concept(name)))
        return mode
