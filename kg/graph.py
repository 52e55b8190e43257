"""The knowledge graph: facts by what they are about, words for them, degrees and neighbourhoods."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path

import networkx as nx

from failwise.errors import OntologyError
from failwise.kg.compile import Compiler
from failwise.kg.infer import Inference
from failwise.kg.load import Ontology, load_ontology, paused_collector
from failwise.kg.names import did_you_mean, slugify
from failwise.kg.records import Entity, Fact, Finding, Relation, Truth
from failwise.kg.vocabulary import FW


class KnowledgeGraph:
    """Facts of an ontology, ready to be asked for.

    Args:
        ontology: what `load_ontology` read.
        language: of labels, statements and question templates.
    """

    def __init__(self, ontology: Ontology, language: str = "en") -> None:
        compiler = Compiler(ontology.graph, language)
        self.digest = ontology.digest
        self.language = language
        with paused_collector():
            self.asset_classes: Mapping[str, Entity] = compiler.asset_classes()
            self.relations: Mapping[str, Relation] = (relations := compiler.relations())
            compiler.state_facts()
            self.facts: Mapping[str, Fact] = Inference(compiler, relations).run()
        self.entities: Mapping[str, Entity] = compiler.entities()
        self.none_of_these: str = compiler.none_of_these()
        self.findings: tuple[Finding, ...] = tuple(compiler.findings)
        self._broader = nx.DiGraph(compiler.links(FW.kindOf))
        self._kin = nx.Graph([*compiler.links(FW.twinOf), *self._broader.edges])
        for names in (self._broader, self._kin):
            names.add_nodes_from(self.asset_classes)

    @classmethod
    def load(cls, paths: Iterable[Path] = (), *, shipped: bool = True, language: str = "en") -> "KnowledgeGraph":
        """Load an ontology to work with.

        Raises:
            OntologyError: it cannot be read, contradicts itself, or holds no fact.
        """
        return cls.usable(load_ontology(paths, shipped=shipped), language)

    @classmethod
    def usable(cls, ontology: Ontology, language: str = "en") -> "KnowledgeGraph":
        """Return the graph of an ontology that was read already.

        Raises:
            OntologyError: it contradicts itself, or holds no fact.
        """
        graph = cls(ontology, language)
        errors = [f for f in graph.findings if f.level == "ERROR"]
        if errors:
            more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
            raise OntologyError(
                f"{errors[0].node}: {errors[0].message}{more}; `failwise ontology check` lists all findings"
            )
        if not graph.facts:
            raise OntologyError("the ontology holds no fact; add an asset class with facts of a declared relation")
        return graph

    def query(
        self,
        asset_class: str | None = None,
        relation: str | None = None,
        subject: str | None = None,
        object: str | None = None,
        truth: Truth | None = None,
    ) -> Iterator[Fact]:
        """Yield the facts that match all that is given (slugs, relation names), in order of id."""
        if asset_class is not None:
            asset_class = self.asset_class(asset_class).slug
        if relation is not None and relation not in self.relations:
            raise OntologyError(
                f"unknown relation {relation!r}{did_you_mean(relation, self.relations) or ';'} "
                f"`failwise ontology stats` lists all {len(self.relations)}"
            )
        # The same failure mode or sensor stands on thousands of asset classes: an asset class has the shorter list.
        if asset_class is None and (subject is not None or object is not None):
            facts = min((self._by_end.get(e, ()) for e in (subject, object) if e is not None), key=len)
        else:
            facts = self._by_table.get((asset_class, relation), ())
        for fact in facts:
            if (
                (subject is None or fact.subject.slug == subject)
                and (object is None or fact.object.slug == object)
                and (truth is None or fact.truth is truth)
                and (asset_class is None or fact.asset_class.slug == asset_class)
                and (relation is None or fact.relation == relation)
            ):
                yield fact

    @cached_property
    def _by_table(self) -> dict[tuple[str | None, str | None], Sequence[Fact]]:
        index: dict[tuple[str | None, str | None], list[Fact]] = {}
        for (asset, relation), facts in groupby(self.facts.values(), lambda f: (f.asset_class.slug, f.relation)):
            table = list(facts)
            for key in ((asset, relation), (asset, None), (None, relation)):
                index.setdefault(key, []).extend(table)
        return {**index, (None, None): list(self.facts.values())}

    @cached_property
    def _by_end(self) -> dict[str, Sequence[Fact]]:
        index: dict[str, list[Fact]] = {}
        for fact in self.facts.values():
            for slug in {fact.subject.slug, fact.object.slug}:
                index.setdefault(slug, []).append(fact)
        return dict(index)

    def asset_class(self, name: str) -> Entity:
        """Return an asset class by slug or label.

        Raises:
            OntologyError: there is none of that name (the sentence proposes the nearest).
        """
        if found := self.asset_classes.get(slugify(name)):
            return found
        for entity in self.asset_classes.values():
            if entity.label == name:
                return entity
        raise OntologyError(
            f"unknown asset class {name!r}{did_you_mean(name, self.asset_classes) or ';'} "
            f"`failwise ontology stats` lists all {len(self.asset_classes)}"
        )

    def kin(self, asset_class: str) -> frozenset[str]:
        """Return the slugs of an asset class, its twins, and the broader and narrower classes it shares facts with."""
        return frozenset(nx.node_connected_component(self._kin, asset_class))

    def broader(self, asset_class: str) -> frozenset[str]:
        """Return the slugs of all asset classes that this one is a kind of, however far up."""
        return frozenset(nx.descendants(self._broader, asset_class))

    def statement(self, fact: Fact) -> str:
        """Put a fact into words, without a full stop.

        Raises:
            OntologyError: the fact is unknown, so there is nothing to say.
        """
        if fact.truth is Truth.UNKNOWN:
            raise OntologyError(f"the fact {fact.id!r} is unknown and cannot be stated")
        relation = self.relations[fact.relation]
        words = relation.statement if fact.truth is Truth.YES else relation.denial
        return words.format(asset=fact.asset_class.label, subject=fact.subject.label, object=fact.object.label)

    def network(self, truth: Truth = Truth.YES) -> nx.MultiDiGraph:
        """Return the facts of one truth as a directed multigraph: nodes are IRIs, edges carry relation and fact id.

        Degrees and neighbourhoods are then networkx's own: `network().degree(iri)`, `nx.ego_graph(network(), iri)`.
        """
        network = nx.MultiDiGraph()
        for fact in self.facts.values():
            if fact.truth is truth:
                for end in (fact.subject, fact.object):
                    network.add_node(end.iri, label=end.label, slug=end.slug)
                network.add_edge(fact.subject.iri, fact.object.iri, key=fact.id, relation=fact.relation)
        return network
