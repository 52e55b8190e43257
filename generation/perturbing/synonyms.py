"""Other names of entities, from the ontology's skos:altLabel."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from failwise.kg.load import Ontology
from failwise.kg.records import Entity
from failwise.kg.resolve import normalise
from failwise.kg.triples import Literal, Triples
from failwise.kg.vocabulary import FW, KINDS, RDFS, SKOS


@dataclass(frozen=True, slots=True)
class Clash:
    """A name that two entities of one kind bear, at least one of them as another name."""

    name: str
    entities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Synonyms:
    """Other names of entities by IRI, in one language."""

    names: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, ontology: Ontology, language: str = "en") -> "Synonyms":
        """Read the other names that an ontology gives in a language; a name that clashes is left out."""
        graph = ontology.graph
        clashing = {normalise(c.name) for c in clashes(graph)}
        names: dict[str, list[str]] = defaultdict(list)
        for iri, name, other in _all_names(graph):
            if other and name.language == language and normalise(name.value) not in clashing:
                names[iri].append(name.value)
        return cls({iri: tuple(sorted(found)) for iri, found in names.items()})

    def find(self, entity: Entity) -> tuple[str, ...]:
        """Return the other names of an entity: its own, and those of what it is a spelling of."""
        found = dict.fromkeys((*self.names.get(entity.iri, ()), *self.names.get(entity.concept, ())))
        return tuple(n for n in found if normalise(n) != normalise(entity.label))


def _all_names(graph: Triples) -> Iterator[tuple[str, Literal, bool]]:
    """Yield every entity with each of its labels and other names, and whether it is another name."""
    for iri in dict.fromkeys(i for k in KINDS.values() for c in (k.iri, k.concept) if c for i in graph.instances(c)):
        for predicate in (RDFS.label, SKOS.altLabel):
            for name in graph.objects(iri, predicate):
                if isinstance(name, Literal):
                    yield iri, name, predicate == SKOS.altLabel


def clashes(graph: Triples) -> list[Clash]:
    """Return the other names that are not safe: in their kind and language, something else is called so too."""
    kinds = {c: k.concept or k.iri for k in KINDS.values() for c in (k.iri, k.concept) if c}
    bearers: dict[tuple[str, str, str], dict[str, bool]] = defaultdict(dict)
    shown: dict[tuple[str, str, str], str] = {}
    kind_of = {iri: kind for c, kind in kinds.items() for iri in graph.instances(c)}
    for iri, name, other in _all_names(graph):
        key = (kind_of[iri], name.language, normalise(name.value))
        shown.setdefault(key, name.value)
        root = _root(graph, iri)
        bearers[key][root] = bearers[key].get(root, False) or other
    return [Clash(shown[k], tuple(sorted(b))) for k, b in sorted(bearers.items()) if len(b) > 1 and any(b.values())]


def _root(graph: Triples, iri: str) -> str:
    seen = {iri}
    while (shared := graph.node(iri, FW.concept)) is not None and shared not in seen:
        seen.add(iri := shared)
    return iri
