"""What an ontology says as a draft: for files of triples that come in, and for worksheets that go out."""

from collections.abc import Collection, Mapping
from pathlib import Path

from failwise.errors import OntologyError
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import Ontology, read_bytes
from failwise.kg.parse import parse
from failwise.kg.records import Entity, Fact, Finding, Relation
from failwise.kg.sheets.records import Claim, Draft, Mention, Place
from failwise.kg.triples import Triples
from failwise.kg.vocabulary import DCTERMS, FIXED, FW, KINDS, OWL, RDF, RDFS, SKOS

# What follows from other facts is not written down: it follows again.
INFERRED = frozenset({"inherited", "derived", "functional"})

_UNDERSTOOD = frozenset(
    value
    for names in (FW, RDF, RDFS, SKOS, DCTERMS, OWL)
    for key, value in vars(names).items()
    if not key.startswith("_") and isinstance(value, str)
)


def draft_of(graph: KnowledgeGraph, triples: Triples, asset_classes: Collection[str], place: Place) -> Draft:
    """Return all that is stated of these asset classes (slugs), with every source and other name."""
    draft, asked = Draft(), set(asset_classes)
    for slug in sorted(asked):
        entity = graph.asset_classes[slug]
        asset = draft.asset_class(entity.label, place)
        asset.kind_of = [_label(graph, o) for o in triples.nodes(entity.iri, FW.kindOf)]
        asset.twin_of = [_label(graph, o) for o in triples.nodes(entity.iri, FW.twinOf)]
        asset.comment = triples.text(entity.iri, RDFS.comment)
    used: dict[str, Entity] = {}
    for slug in sorted(asked):
        for fact in graph.query(slug):
            if fact.basis not in INFERRED:
                draft.claims.append(_claim(fact, place))
                used.update((e.iri, e) for e in (fact.subject, fact.object))
    for entity in sorted(graph.entities.values(), key=lambda e: e.iri):
        if entity.kind and entity.kind not in (FW.AssetClass, *FIXED):
            mention = _mention(entity, graph, triples, place)
            own = mention.asset_class in draft.asset_classes
            if own or (not mention.asset_class and entity.iri in used):
                draft.mentions.append(mention)
    return draft


def _claim(fact: Fact, place: Place) -> Claim:
    subject = "" if fact.subject.iri == fact.asset_class.iri else fact.subject.label
    return Claim(fact.asset_class.label, fact.relation, subject, fact.object.label, fact.truth, place, fact.source)


def _mention(entity: Entity, graph: KnowledgeGraph, triples: Triples, place: Place) -> Mention:
    asset = triples.node(entity.iri, FW.ofAssetClass)
    return Mention(
        entity.kind,
        entity.label,
        _label(graph, asset) if asset else "",
        place,
        triples.text(entity.iri, SKOS.notation),
        tuple(sorted(str(o) for o in triples.objects(entity.iri, SKOS.altLabel))),
    )


def _label(graph: KnowledgeGraph, iri: str) -> str:
    return graph.entities[iri].label if iri in graph.entities else iri


# --- files of triples ---


def draft_graph(path: Path, draft: Draft, base: Ontology, relations: Mapping[str, Relation]) -> None:
    """Add what a file of triples says to a draft; what cannot be read, or is in other words, is found."""
    place = Place(path.name, "", 0)
    try:
        own = parse(path, read_bytes(path))
    except OntologyError as error:
        draft.findings.append(Finding("ERROR", path.name, str(error), "", path.name, "unreadable", "mend the file"))
        return
    _find_foreign(own, draft, place, {r.iri for r in relations.values()})
    graph = KnowledgeGraph(Ontology(_with_vocabulary(own, base.graph), {}, {}, ""))
    classes = [slug for slug, entity in graph.asset_classes.items() if own.is_a(entity.iri, FW.AssetClass)]
    if not classes:
        draft.find("ERROR", place, "nothing", "declares no asset class", fix="declare one: `<…> a fw:AssetClass`")
    for finding in graph.findings:
        if finding.level == "ERROR":
            draft.findings.append(Finding("ERROR", finding.node, finding.message, "", path.name, "ontology"))
    said = draft_of(graph, own, classes, place)
    draft.asset_classes.update(said.asset_classes)
    draft.mentions += said.mentions
    draft.claims += [c for c in said.claims if c.relation in relations]


def _with_vocabulary(own: Triples, base: Triples) -> Triples:
    """Return a document's triples with the relations, ratings and names that it may point to."""
    joined = Triples()
    for triple in own:
        joined.add(*triple)
    pointed = {o for _, _, o in own}
    said = (RDF.type, RDFS.label, RDFS.domain, RDFS.range, FW.closedWorld, FW.productOf, RDF.value)
    for kind in (FW.Relation, OWL.FunctionalProperty, *KINDS, *(k.concept for k in KINDS.values() if k.concept)):
        for node in base.instances(kind):
            # An asset class that is described anew, under an IRI of its own, is no second one.
            if not own.about(node) and (kind != FW.AssetClass or node in pointed):
                for predicate in said:
                    for object_ in base.objects(node, predicate):
                        joined.add(node, predicate, object_)
    return joined


def _find_foreign(own: Triples, draft: Draft, place: Place, relations: Collection[str]) -> None:
    """Say which predicates are left out, so that nobody believes they came along."""
    counts: dict[str, int] = {}
    for _, predicate, _ in own:
        if predicate not in _UNDERSTOOD and predicate not in relations:
            counts[predicate] = counts.get(predicate, 0) + 1
    for predicate, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:20]:
        draft.find("INFO", place, "foreign", f"{count} statements with <{predicate}> are left out: not our word")
