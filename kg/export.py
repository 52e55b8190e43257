"""Write an ontology, or the facts of some asset classes, in the formats other tools read.

All of them but JSON Lines and probes (.bear) can be imported again. Nothing is lost on the way where the ontology
below has the names, or where exact names are asked for: otherwise new names join that are but spellings of one.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import networkx as nx
import pyoxigraph as ox

from failwise.errors import InputError
from failwise.files import atomic_writer, write_records, write_text
from failwise.kg.bear import write_bear
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import Ontology
from failwise.kg.sheets.graph_draft import draft_of
from failwise.kg.sheets.records import Draft, Place
from failwise.kg.sheets.rows import harmless
from failwise.kg.sheets.template_writer import write_template
from failwise.kg.triples import Term, Triples
from failwise.kg.vocabulary import KINDS, PREFIXES, XSD

TRIPLES = {
    ".ttl": ox.RdfFormat.TURTLE,
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".jsonld": ox.RdfFormat.JSON_LD,
    ".rdf": ox.RdfFormat.RDF_XML,
}
PROBES = ".bear"
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML 1.0, 2.2
COLUMNS = ("id", "asset_class", "relation", "subject", "object", "truth", "basis", "source", "kind")


def export(ontology: Ontology, path: Path, asset_classes: Iterable[str] = ()) -> int:
    """Write the ontology as triples, or the facts of asset classes (all if none is named); return how many.

    Raises:
        InputError: the ending of `path` names no format, or one that holds the whole ontology alone.
        OntologyError: an asset class is not known.
    """
    asset_classes = list(asset_classes)
    writers: dict[str, Callable[[KnowledgeGraph, Ontology, list[str], Path], None]] = {
        ".csv": _csv,
        ".tsv": _csv,
        ".xlsx": _xlsx,
        ".jsonl": _jsonl,
        ".graphml": _graphml,
    }
    if path.suffix not in (*TRIPLES, *writers, PROBES):
        allowed = ", ".join([*TRIPLES, *writers, PROBES])
        raise InputError(f"unknown format {path.suffix or path.name!r}; allowed are {allowed}")
    if path.suffix in TRIPLES:
        if asset_classes:
            able = ", ".join([*writers, PROBES])
            raise InputError(f"{path.suffix} holds the whole ontology; formats of single asset classes are {able}")
        return _write_triples(ontology.graph, path)
    graph = KnowledgeGraph.usable(ontology)
    slugs = sorted(graph.asset_class(name).slug for name in asset_classes) or list(graph.asset_classes)
    if path.suffix == PROBES:
        return write_bear(graph, slugs, path)
    writers[path.suffix](graph, ontology, slugs, path)
    return sum(1 for slug in slugs for _ in graph.query(slug))


# --- triples ---


def _write_triples(graph: Triples, path: Path) -> int:
    with atomic_writer(path) as stream:
        ox.serialize(
            (quad.triple for quad in quads(graph)),
            stream,
            format=TRIPLES[path.suffix],
            prefixes={name: str(iri) for name, iri in PREFIXES.items()},
        )
    return len(graph)


def quads(graph: Triples) -> Iterator[ox.Quad]:
    """Yield the triples in fixed order, as pyoxigraph holds them."""
    for s, p, o in sorted(graph, key=lambda t: (t[0], t[1], str(t[2]), repr(t[2]))):
        yield ox.Quad(_node(s), ox.NamedNode(p), _term(o))


def _node(node: str) -> ox.NamedNode | ox.BlankNode:
    # RDF/XML writes a blank node's name as an NCName, which begins with a letter.
    return ox.BlankNode("b" + node[2:].replace(".", "")) if node.startswith("_:") else ox.NamedNode(node)


def _term(term: Term) -> ox.NamedNode | ox.BlankNode | ox.Literal:
    if isinstance(term, str):
        return _node(term)
    if term.language:
        return ox.Literal(term.value, language=term.language)
    return ox.Literal(term.value, datatype=None if term.datatype == XSD.string else ox.NamedNode(term.datatype))


# --- facts ---


def _jsonl(graph: KnowledgeGraph, ontology: Ontology, slugs: list[str], path: Path) -> None:
    write_records(path, (f for slug in slugs for f in graph.query(slug)))


def _csv(graph: KnowledgeGraph, ontology: Ontology, slugs: list[str], path: Path) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n", delimiter="\t" if path.suffix == ".tsv" else ",")
    writer.writerow(COLUMNS)
    for slug in slugs:
        for f in graph.query(slug):
            of_class = f.subject.iri == f.asset_class.iri
            row = (f.id, f.asset_class.label, f.relation, "" if of_class else f.subject.label, f.object.label, f.truth,
                   f.basis, f.source, "")  # fmt: skip
            writer.writerow(harmless(cell) for cell in row)
    for note in _notes(draft_of(graph, ontology.graph, slugs, Place(path.name, "", 0))):
        writer.writerow(harmless(cell) for cell in note)
    write_text(path, buffer.getvalue())


def _notes(draft: Draft) -> Iterator[tuple[str, ...]]:
    """Yield what is no fact but must not be lost: broader classes, twins, other names, codes."""
    for asset in draft.asset_classes.values():
        for relation, names in (("kindOf", asset.kind_of), ("twinOf", asset.twin_of)):
            for name in names:
                yield "", asset.label, relation, "", name, "yes", "stated", "", ""
    for mention in draft.mentions:
        kind, first = KINDS[mention.kind].name, next(iter(draft.asset_classes))
        said = [("altLabel", name) for name in mention.alternatives] + [("notation", mention.notation)]
        for relation, name in said:
            if name:
                yield "", mention.asset_class or first, relation, mention.label, name, "yes", "stated", "", kind


def _xlsx(graph: KnowledgeGraph, ontology: Ontology, slugs: list[str], path: Path) -> None:
    if len(slugs) != 1:
        raise InputError("a workbook holds one asset class; name it with --asset-class, or write .csv for several")
    from failwise.kg.sheets.content import template_content

    write_template(path, template_content(graph, ontology, slugs[0]))


def _graphml(graph: KnowledgeGraph, ontology: Ontology, slugs: list[str], path: Path) -> None:
    """Write all facts with their truth as one network; readers filter by it."""
    network = nx.MultiDiGraph()
    for slug in slugs:
        for fact in graph.query(slug):
            for end in (fact.subject, fact.object):
                network.add_node(end.iri, label=end.label, slug=end.slug, kind=end.kind)
            network.add_edge(
                fact.subject.iri,
                fact.object.iri,
                key=fact.id,
                asset_class=fact.asset_class.label,
                relation=fact.relation,
                truth=fact.truth.value,
                basis=fact.basis,
                source=fact.source,
            )
    for note in _notes(draft_of(graph, ontology.graph, slugs, Place(path.name, "", 0))):
        _, asset, relation, subject, object_, truth, basis, _, kind = note
        network.add_edge(f"note:{asset}/{subject}", f"note:{object_}", asset_class=asset, relation=relation,
                         subject=subject, object=object_, truth=truth, basis=basis, kind=kind)  # fmt: skip
    texts = (text for part in (network.nodes(data=True), network.edges(data=True)) for *_, said in part
             for text in said.values())  # fmt: skip
    if odd := next(filter(_NOT_XML.search, texts), None):
        raise InputError(f"{path}: {odd!r} holds a character that XML has no place for; type it anew without it")
    buffer = io.BytesIO()
    nx.write_graphml(network, buffer)
    write_text(path, buffer.getvalue().decode() + "\n")
