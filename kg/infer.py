"""What follows from the stated facts: numbers, exclusions, joins, and what narrower asset classes inherit."""

from dataclasses import replace
from math import prod

import networkx as nx

from failwise.kg.chains import middle_class
from failwise.kg.compile import Compiler, local_name
from failwise.kg.joins import Join, Tables
from failwise.kg.records import Entity, Fact, Relation, Truth
from failwise.kg.triples import Literal
from failwise.kg.vocabulary import FW, NUMBER, RDF, RDFS


class Inference:
    """Adds inferred facts to those a compiler has stated. A stated fact always wins over an inferred one."""

    def __init__(self, compiler: Compiler, relations: dict[str, Relation]) -> None:
        self.compiler = compiler
        self.facts = compiler.facts
        self.relations = relations
        self.graph = compiler.graph
        self.kinds = nx.DiGraph((narrow, broad) for narrow, broad in compiler.links(FW.kindOf) if narrow != broad)
        self.loops = [narrow for narrow, broad in self.graph.subject_objects(FW.kindOf) if narrow == broad]

    def run(self) -> dict[str, Fact]:
        """Add all that follows and return the facts in order of id."""
        products = [r for r in self.relations.values() if self.graph.nodes(r.iri, FW.productOf)]
        functional = [r for r in self.relations.values() if r.functional and r not in products]
        for relation in functional:
            self._refuse_second_objects(relation)
        self._inherit()
        for relation in products:
            self._multiply(relation)
        for relation in functional:
            self._exclude_others(relation)
        self._join_all()
        return {fact_id: self.facts[fact_id] for fact_id in sorted(self.facts)}

    # --- one object only ---

    def _refuse_second_objects(self, relation: Relation) -> None:
        seen: dict[tuple[str, str], Fact] = {}
        for fact in self._yes(relation):
            first = seen.setdefault((fact.asset_class.slug, fact.subject.slug), fact)
            if first is not fact:
                one, other = sorted((first.object.label, fact.object.label))
                self.compiler.find(
                    "ERROR",
                    fact.subject.iri,
                    f"{relation.name} allows one object, but {one!r} and {other!r} are "
                    f"stated for {fact.subject.label!r} of {fact.asset_class.label!r}; keep one",
                )

    def _exclude_others(self, relation: Relation) -> None:
        """On a closed scale one level excludes the others: a severity of 7 is not 3."""
        closed = self.graph.value(relation.iri, FW.closedWorld)
        if isinstance(closed, Literal) and closed.true:
            scale = [self.compiler.entity(node) for node in self.graph.instances(relation.range)]
            for fact in self._yes(relation):
                for level in scale:
                    self._add(self._beside(fact, level, "functional", (fact.id,)))

    def _yes(self, relation: Relation) -> list[Fact]:
        return [f for f in self.facts.values() if f.relation == relation.name and f.truth is Truth.YES]

    def _beside(self, fact: Fact, object_: Entity, basis: str, derivation: tuple[str, ...]) -> Fact:
        fact_id = f"{fact.id.rpartition('/')[0]}/{object_.slug}"
        # The constructor is three times as fast as dataclasses.replace, and there are many.
        return Fact(
            fact_id, fact.asset_class, fact.relation, fact.subject, object_, Truth.NO, basis, fact.source, derivation
        )

    def _add(self, fact: Fact) -> None:
        known = self.facts.get(fact.id)
        if known is None or (known.truth is Truth.UNKNOWN and known.basis == "open-table"):
            self.facts[fact.id] = fact

    # --- numbers ---

    def _multiply(self, relation: Relation) -> None:
        """State the product of the numbers of several relations, and that it is none of its neighbours' numbers."""
        names = sorted(local_name(node) for node in self.graph.nodes(relation.iri, FW.productOf))
        factors: dict[tuple[str, str], list[Fact]] = {}
        for fact in self.facts.values():
            if fact.relation in names and fact.truth is Truth.YES:
                factors.setdefault((fact.asset_class.slug, fact.subject.slug), []).append(fact)
        pools: dict[str, dict[str, Entity]] = {}
        products = []
        for facts in factors.values():
            numbers = [self._number(f.object.iri) for f in facts]
            if sorted(f.relation for f in facts) == names and None not in numbers:
                products.append(self._product(relation, facts, prod(n for n in numbers if n is not None)))
                self._add(products[-1])
                pools.setdefault(facts[0].asset_class.slug, {})[products[-1].object.slug] = products[-1].object
        for fact in products:
            for slug, other in sorted(pools[fact.asset_class.slug].items()):
                if slug != fact.object.slug:
                    self._add(self._beside(fact, other, "derived", fact.derivation))

    def _product(self, relation: Relation, facts: list[Fact], number: int) -> Fact:
        first, text = facts[0], str(number)
        object_ = Entity(NUMBER[text], text, text, NUMBER[text], FW.Number)
        stem = f"{first.asset_class.slug}/{relation.name}/{first.subject.slug}"
        sources = sorted({s for f in facts for s in f.source.split(", ") if s})
        return Fact(
            f"{stem}/{text}",
            first.asset_class,
            relation.name,
            first.subject,
            object_,
            Truth.YES,
            "derived",
            ", ".join(sources),
            tuple(sorted(f.id for f in facts)),
        )

    def _number(self, node: str) -> int | None:
        value = self.graph.value(node, RDF.value)
        return int(value.value) if isinstance(value, Literal) and value.value.isdecimal() else None

    # --- two relations joined ---

    def _join_all(self) -> None:
        joins = [self._read_join(r) for r in self.relations.values() if r.chain]
        needed = {name for join in joins for name in join.needs()}
        by_asset: dict[str, dict[str, list[Fact]]] = {}
        for fact in self.facts.values() if joins else ():
            if fact.relation in needed:
                by_asset.setdefault(fact.asset_class.slug, {}).setdefault(fact.relation, []).append(fact)
        for facts in by_asset.values():
            asset, tables = next(iter(facts.values()))[0].asset_class, Tables(facts)
            for join in joins:
                if tables.hold(join):
                    self._join(join, asset, tables)

    def _read_join(self, relation: Relation) -> Join:
        shared = middle_class(relation, self.relations)
        holders = [r.name for r in self.relations.values() if (r.domain, r.range) == (FW.AssetClass, shared)]
        broader = {local_name(node) for node in self.graph.nodes(relation.iri, RDFS.subPropertyOf)}
        return Join(relation, tuple(holders), tuple(sorted(broader & self.relations.keys())))

    def _join(self, join: Join, asset: Entity, tables: Tables) -> None:
        facts, refuted = join.facts(asset, tables)
        for fact in facts:
            self._add(fact)
        if refuted:
            self.compiler.find(
                "WARN",
                asset.iri,
                f"{' and '.join(join.relation.chain)} say that {join.relation.name} is a yes, but {refuted[0].id!r} is "
                f"a no, so it is unknown ({len(refuted)} such of {asset.label!r}); mend one of them",
            )

    # --- broader and narrower asset classes ---

    def _inherit(self) -> None:
        for node in self.loops:
            self.compiler.find("ERROR", node, "an asset class cannot be a kind of itself; remove fw:kindOf")
        if not self.kinds:
            return
        try:
            broad_first = list(reversed(list(nx.topological_sort(self.kinds))))
        except nx.NetworkXUnfeasible:
            circle = " → ".join(narrow for narrow, _ in nx.find_cycle(self.kinds))
            self.compiler.find("ERROR", circle, "these asset classes are kinds of each other in a circle; cut one link")
            return
        by_asset: dict[str, list[Fact]] = {}
        for fact in self.facts.values():
            if fact.asset_class.slug in self.kinds:
                by_asset.setdefault(fact.asset_class.slug, []).append(fact)
        classes = self.compiler.asset_classes()
        for slug in broad_first:
            if slug in classes:
                self._inherit_into(classes[slug], by_asset)

    def _inherit_into(self, asset: Entity, by_asset: dict[str, list[Fact]]) -> None:
        own = by_asset.setdefault(asset.slug, [])
        things = {f.subject.slug: f.subject for f in own}
        functional = {(f.relation, f.subject.slug) for f in own if self._functional(f) and f.truth is Truth.YES}
        inherited: dict[str, Fact] = {}
        for broader in sorted(self.kinds.successors(asset.slug)):
            for fact in by_asset.get(broader, ()):
                if self._functional(fact) and (fact.relation, fact.subject.slug) in functional:
                    continue  # this asset class has its own rating
                of_class = fact.subject.iri == fact.asset_class.iri
                subject = asset if of_class else things.get(fact.subject.slug, fact.subject)
                fact_id = asset.slug + fact.id.removeprefix(broader)
                why = ("inherited", fact.source, (fact.id,))
                new = Fact(fact_id, asset, fact.relation, subject, fact.object, fact.truth, *why)
                known = inherited.get(fact_id)
                inherited[fact_id] = new if known is None else self._agreed(known, new)
        for fact in inherited.values():
            self._add(fact)
        by_asset[asset.slug] = [self.facts[i] for i in {f.id: None for f in own} | dict.fromkeys(inherited)]

    def _functional(self, fact: Fact) -> bool:
        relation = self.relations.get(fact.relation)
        return relation is not None and relation.functional

    def _agreed(self, one: Fact, other: Fact) -> Fact:
        """Join what two broader asset classes say; where they disagree the truth is unknown."""
        derivation = tuple(sorted({*one.derivation, *other.derivation}))
        if one.truth is other.truth or Truth.UNKNOWN in (one.truth, other.truth):
            return replace(one if one.truth is not Truth.UNKNOWN else other, derivation=derivation)
        self.compiler.find(
            "WARN",
            one.asset_class.iri,
            f"its broader asset classes disagree on {one.id!r}, so it is unknown; state it for this asset class",
        )
        return replace(one, truth=Truth.UNKNOWN, derivation=derivation)
