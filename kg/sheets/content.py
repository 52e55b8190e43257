"""What a workbook for one asset class holds: the known names it offers, and what is filled in already."""

from collections import Counter
from collections.abc import Iterable

from failwise.errors import InputError
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import Ontology
from failwise.kg.names import slugify
from failwise.kg.records import Truth
from failwise.kg.sheets.graph_draft import draft_of
from failwise.kg.sheets.records import Claim, Mention, Place
from failwise.kg.sheets.template import INDICATED_BY, TemplateContent
from failwise.kg.vocabulary import DCTERMS, FIXED, FW, KINDS, SOURCE

_HERE = Place("", "", 0)


def template_content(graph: KnowledgeGraph, ontology: Ontology, slug: str) -> TemplateContent:
    """Return all that is stated of an asset class, so that importing the workbook gives the same again."""
    draft = draft_of(graph, ontology.graph, [slug], _HERE)
    asset = next(iter(draft.asset_classes.values()))
    # A cell holds no source of its own, so the workbook's is the one that fills most of the matrix.
    sources = Counter(c.source for c in draft.claims if c.relation == INDICATED_BY) or Counter(
        claim.source for claim in draft.claims
    )
    source = sources.most_common(1)[0][0] if sources else ""
    return TemplateContent(
        asset_class=asset.label,
        kind_of=asset.kind_of,
        twin_of=asset.twin_of,
        source=source,
        citation=ontology.graph.text(SOURCE[source], DCTERMS.bibliographicCitation),
        licence=next(iter(ontology.graph.nodes(SOURCE[source], DCTERMS.license)), ""),
        comment=asset.comment,
        mentions=draft.mentions,
        claims=draft.claims,
        exact=True,
        known=_known(graph),
        asset_classes=_labels(graph),
        relations=sorted(name for name, relation in graph.relations.items() if not relation.chain),
    )


def empty_content(
    graph: KnowledgeGraph, ontology: Ontology, label: str, like: Iterable[str], kind_of: Iterable[str]
) -> TemplateContent:
    """Return a new asset class, with the names of similar ones filled in and all of it unknown.

    Raises:
        InputError: the label is no name.
        OntologyError: an asset class that it should be like, or a kind of, is not known.
    """
    if not slugify(label):
        raise InputError(f"{label!r} cannot name an asset class; write a name with letters or digits")
    mentions: dict[tuple[str, str], Mention] = {}
    for name in like:
        similar = graph.asset_class(name).slug
        for fact in graph.query(similar):
            if fact.truth is Truth.YES:
                for end in (fact.subject, fact.object):
                    kind = KINDS.get(end.kind)
                    if kind is not None and kind.iri in (FW.FailureMode, FW.Component, FW.Sensor):
                        asset = label if kind.local else ""
                        mentions.setdefault((kind.iri, end.label), Mention(kind.iri, end.label, asset, _HERE))
    held_by = {FW.FailureMode: "hasFailureMode", FW.Component: "hasComponent"}
    return TemplateContent(
        asset_class=label,
        kind_of=[graph.asset_class(name).label for name in kind_of],
        mentions=list(mentions.values()),
        claims=[
            Claim(label, held_by[kind], "", name, Truth.UNKNOWN, _HERE) for kind, name in mentions if kind in held_by
        ],
        known=_known(graph),
        asset_classes=_labels(graph),
        relations=sorted(name for name, relation in graph.relations.items() if not relation.chain),
    )


def _known(graph: KnowledgeGraph) -> dict[str, list[str]]:
    known: dict[str, set[str]] = {}
    for entity in graph.entities.values():
        if entity.kind in KINDS and entity.kind not in (FW.AssetClass, *FIXED):
            known.setdefault(entity.kind, set()).add(entity.label)
    return {kind: sorted(labels, key=str.casefold) for kind, labels in known.items()}


def _labels(graph: KnowledgeGraph) -> list[str]:
    return sorted((a.label for a in graph.asset_classes.values()), key=str.casefold)
