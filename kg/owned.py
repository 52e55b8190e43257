"""Findings with their owners: the node whose shape is broken, or the asset class whose facts are at odds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from failwise.kg.check import broken_shapes
from failwise.kg.compile import Compiler, local_name
from failwise.kg.infer import Inference
from failwise.kg.joins import Join, Tables
from failwise.kg.load import paused_collector
from failwise.kg.names import slugify
from failwise.kg.records import Entity, Fact, Finding, Relation
from failwise.kg.triples import Triples

CIRCLE = 0  # the owner of findings that are about no single asset class


@dataclass
class OwnedCompiler(Compiler):
    """Notes beside each finding whose it is: the slug of an asset class, or an IRI; by default its node."""

    owner: str | None = None
    denial: str = ""
    owners: list[str] = field(default_factory=list)

    def find(self, level: str, node: str, message: str) -> None:
        self.owners.append(node if self.owner is None else self.owner)
        super().find(level, node, message)

    def _find_slug(self, node: str, slug: str, message: str) -> None:
        self.owner = slug
        super()._find_slug(node, slug, message)

    def _add(self, fact: Fact) -> None:
        self.owner = fact.asset_class.slug
        super()._add(fact)

    def _asset_of(self, subject: str) -> str | None:
        self.owner = self.denial or subject
        return super()._asset_of(subject)

    def _deny(self, node: str) -> None:
        self.owner = self.denial = node
        super()._deny(node)
        self.denial = ""

    def _read_table(self, table: str) -> None:
        self.owner = table
        super()._read_table(table)


class OwnedInference(Inference):
    compiler: OwnedCompiler

    def _refuse_second_objects(self, relation: Relation) -> None:
        by_asset: dict[str, dict[str, Fact]] = {}
        for fact in self._yes(relation):
            by_asset.setdefault(fact.asset_class.slug, {})[fact.id] = fact
        every = self.facts
        for self.compiler.owner, self.facts in by_asset.items():
            super()._refuse_second_objects(relation)
        self.facts = every

    def _inherit(self) -> None:
        self.compiler.owner = "circle:"
        super()._inherit()

    def _join(self, join: Join, asset: Entity, tables: Tables) -> None:
        self.compiler.owner = asset.slug
        super()._join(join, asset, tables)

    def _agreed(self, one: Fact, other: Fact) -> Fact:
        self.compiler.owner = one.asset_class.slug
        return super()._agreed(one, other)


class Numbers(dict[str, int]):
    """A number for a text: what the cache holds in place of IRIs."""

    def __missing__(self, text: str) -> int:
        number = self[text] = digest_of(text)
        return number

    def keys_of(self, asset: str) -> set[int]:
        """Return the numbers of the slugs that an asset class may have; they are below zero."""
        local = local_name(asset)
        return {self.of_slug(slugify(name)) for name in (local, local.rsplit(".", 1)[-1])}

    def of_slug(self, slug: str) -> int:
        """Return the number of an asset class's slug."""
        return ~self[f"slug {slug}"]

    def of_owner(self, owner: str) -> int:
        """Return the number of what a finding belongs to."""
        if owner == "circle:":
            return CIRCLE
        return self[owner] if ":" in owner else self.of_slug(owner)


def digest_of(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(errors="backslashreplace"), digest_size=8).digest()) >> 1


def judge(graph: Triples, number: Numbers, focus: Iterable[str] | None = None) -> Iterator[tuple[int, Finding]]:
    """Yield all findings with the numbers of their owners; their files are still to be filled in."""
    for found in broken_shapes(graph, focus):
        yield number[found.node], found
    compiler = OwnedCompiler(graph)
    with paused_collector():
        relations = compiler.relations()
        compiler.state_facts()
        OwnedInference(compiler, relations).run()
    for owner, found in zip(compiler.owners, compiler.findings, strict=True):
        yield number.of_owner(owner), replace(found, rule="facts")
