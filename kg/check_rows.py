"""What `recheck.py` remembers of one file, and of one finding: rows of numbers."""

from typing import Any

from failwise.kg.owned import Numbers, digest_of
from failwise.kg.records import Finding
from failwise.kg.triples import Triples
from failwise.kg.vocabulary import DCTERMS, FW, OWL, RDF, RDFS, SKOS

_SOURCES = (DCTERMS.source, DCTERMS.license, DCTERMS.subject, DCTERMS.bibliographicCitation)
_WORDS = frozenset((RDFS.label, RDFS.comment, SKOS.altLabel, SKOS.notation, FW.reading, *_SOURCES))
_LEANS = (FW.ofAssetClass, FW.assetClass, OWL.sourceIndividual, OWL.annotatedSource)
_GENERAL = frozenset((RDFS.subClassOf, RDF.first, RDF.rest, OWL.inverseOf))  # classes, and chains of relations

TOLD = ("said", "refers", "leans", "kin", "everything")

# Rows by table: those of TOLD.
Rows = dict[str, set[tuple[int, ...]]]


def rows_of(part: Triples, file: int, number: Numbers) -> Rows:
    """Return what one file tells."""
    rows: Rows = {table: set() for table in TOLD}
    subjects = {number[s] for s in part.subjects()}
    for subject in part.subjects():
        about, node = part.about(subject), number[subject]
        core = {p: objects for p, objects in about.items() if p not in _WORDS}
        rows["said"].add((node, digest_of(f"{subject}{about}"), file, digest_of(f"{subject}{core}")))
        pointed = [o for p, objects in about.items() if p != RDF.type for o in objects if isinstance(o, str)]
        rows["refers"].update((n, file) for o in pointed if (n := number[o]) not in subjects)
        types = about.get(RDF.type, {})
        if not _GENERAL.isdisjoint(about) or FW.Relation in types or FW.QuestionFamily in types:
            rows["everything"].add((node, file))
        assets = {subject} if FW.AssetClass in types else set()
        for predicate in _LEANS:
            if predicate in about:
                targets = part.nodes(subject, predicate)
                rows["leans"].update((number[t], node, file) for t in targets)
                assets.update(targets)
        for broader in part.nodes(subject, FW.kindOf) if FW.kindOf in about else ():
            assets |= {subject, broader}
            pairs = ((b, n) for b in number.keys_of(broader) for n in number.keys_of(subject))
            rows["kin"].update((b, n, file) for b, n in pairs)
        rows["leans"].update((key, number[asset], file) for asset in assets for key in number.keys_of(asset))
    return rows


def finding_row(owner: int, finding: Finding, file: str, number: Numbers) -> tuple[Any, ...]:
    node = number[finding.node]
    return owner, node, finding.level, finding.node, finding.message, finding.value, file, finding.rule
