"""Facts as yes/no matrices, anchors by options: what questions are drawn from.

Rows and columns are bit masks (Python integers), so that "wrong for all of these anchors" is one `&`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Entity, Fact, Truth

# Asset classes that one table across asset classes holds: enough for contrast, and a bound on the work per question.
ACROSS = 64


@dataclass(slots=True)
class Table:
    """One direction of a unit. `index[a][o]` is the place of their fact in the unit's facts, -1 where there is none.

    `yes[a]` and `no[a]` are masks over options; `degrees[o]` counts the yes facts of an option. `outside` are options
    that are no part of the table, but a stated no for the asset class as a whole.
    """

    direction: Direction
    anchors: Sequence[Entity]
    options: Sequence[Entity]
    index: list[list[int]]
    yes: list[int]
    no: list[int]
    degrees: list[int]
    outside: list[int] = field(default_factory=list)

    def kept(self, keep: Sequence[bool]) -> "Table":
        """Return the same table with those of the unit's facts that are kept; degrees stay those of all facts."""
        mask = [sum(1 << o for o, i in enumerate(row) if i >= 0 and keep[i]) for row in self.index]
        yes = [y & m for y, m in zip(self.yes, mask, strict=True)]
        no = [n & m for n, m in zip(self.no, mask, strict=True)]
        outside = [o for o in self.outside if keep[self.index[0][o]]]
        return Table(self.direction, self.anchors, self.options, self.index, yes, no, self.degrees, outside)


@dataclass(slots=True)
class Unit:
    """The facts of one asset class and relation; of all asset classes where these are the subjects.

    Both directions share their facts, so that it can be counted how often each was asked. `asset_class` is empty
    where the table goes across asset classes; `part` then tells the tables of many asset classes apart, which are
    `parts` in all.
    """

    asset_class: str
    relation: str
    facts: list[Fact]
    part: int = 0
    parts: int = 1
    same_label: int = field(default=0)

    @property
    def key(self) -> str:
        """Name the unit, for seeds and contrast groups."""
        return f"{self.asset_class}/{self.relation}" + (f"/{self.part}" if not self.asset_class else "")

    @property
    def across(self) -> bool:
        """Say whether the table goes across asset classes."""
        return not self.asset_class

    def tables(self) -> tuple[Table, Table]:
        """Return the forward and the inverse table."""
        subjects, rows = _numbered(f.subject for f in self.facts)
        objects, columns = _numbered(f.object for f in self.facts)
        forward = [[-1] * len(objects) for _ in subjects]
        for i, (s, o) in enumerate(zip(rows, columns, strict=True)):
            if s >= 0 and o >= 0 and forward[s][o] < 0:
                forward[s][o] = i
        inverse = [list(column) for column in zip(*forward, strict=True)]
        self.same_label = rows.count(-1) + columns.count(-1)
        return (
            self._table(Direction.FORWARD, subjects, objects, forward),
            self._table(Direction.INVERSE, objects, subjects, inverse),
        )

    def add_outside(self, graph: KnowledgeGraph, table: Table) -> None:
        """Add the options of a table that are a stated no for the asset class as a whole.

        A sensor that is not monitored on the pump indicates none of its failure modes. Nothing is right or wrong in the
        table by this: such an option is only ever chosen by name.
        """
        if self.across:
            return
        relation = graph.relations[self.relation]
        wanted = relation.range if table.direction is Direction.FORWARD else relation.domain
        known = {e.concept for e in table.options}, {e.label.casefold() for e in table.options}
        options = list(table.options)
        for fact in graph.query(self.asset_class, truth=Truth.NO):
            if fact.subject.iri != fact.asset_class.iri or graph.relations[fact.relation].range != wanted:
                continue
            if fact.object.concept in known[0] or fact.object.label.casefold() in known[1]:
                continue
            known[0].add(fact.object.concept)
            known[1].add(fact.object.label.casefold())
            table.outside.append(len(options))
            options.append(fact.object)
            self.facts.append(fact)
            table.degrees.append(0)
            for row in table.index:
                row.append(len(self.facts) - 1)
        table.options = options

    def _table(
        self, direction: Direction, anchors: Sequence[Entity], options: Sequence[Entity], index: list[list[int]]
    ) -> Table:
        facts, yes, no = self.facts, [], []
        degrees = [0] * len(options)
        for row in index:
            y = n = 0
            for o, i in enumerate(row):
                if i >= 0:
                    truth = facts[i].truth
                    if truth is Truth.YES:
                        y |= 1 << o
                        degrees[o] += 1
                    elif truth is Truth.NO:
                        n |= 1 << o
            yes.append(y)
            no.append(n)
        return Table(direction, anchors, options, index, yes, no, degrees)


def _numbered(entities: Iterator[Entity]) -> tuple[list[Entity], list[int]]:
    """Return the distinct entities by concept, and the number of each one given.

    Two concepts of one label would be two options that read the same: the second is left out (-1).
    """
    distinct: list[Entity] = []
    numbers: dict[str, int] = {}
    labels: dict[str, str] = {}
    found = []
    for entity in entities:
        number = numbers.get(entity.concept)
        if number is None:
            if labels.setdefault(entity.label.casefold(), entity.concept) != entity.concept:
                number = -1
            else:
                number = len(distinct)
                distinct.append(entity)
            numbers[entity.concept] = number
        found.append(number)
    return distinct, found


def units(graph: KnowledgeGraph, asset_classes: Sequence[str] = (), relations: Sequence[str] = ()) -> Iterator[Unit]:
    """Yield what questions are drawn from: by asset class and relation, then the tables across asset classes.

    Args:
        asset_classes: slugs; empty: all.
        relations: names; empty: all.
    """
    wanted = set(relations) or set(graph.relations)
    own: dict[str, list[Fact]] = {}
    for asset in asset_classes or graph.asset_classes:
        for relation, facts in groupby(graph.query(asset), key=lambda f: f.relation):
            if relation not in wanted:
                continue
            inside = []
            for fact in facts:
                if fact.subject.iri == fact.asset_class.iri:
                    own.setdefault(relation, []).append(fact)
                else:
                    inside.append(fact)
            if inside:
                yield Unit(asset, relation, inside)
    for relation, found in sorted(own.items()):
        by_asset = [list(facts) for _, facts in groupby(found, key=lambda f: f.asset_class.slug)]
        parts = -(-len(by_asset) // ACROSS)
        for part in range(parts):
            chunk = by_asset[len(by_asset) * part // parts : len(by_asset) * (part + 1) // parts]
            yield Unit("", relation, [f for facts in chunk for f in facts], part, parts)
