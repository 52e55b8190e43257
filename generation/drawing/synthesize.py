"""Facts become questions: families, contrast groups, distractors from stated *no* only, balanced letters, splits."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b

from failwise.errors import InputError
from failwise.generation.config import Distractor, QuestionsConfig
from failwise.generation.drawing.contrast import Matchings, Pair, bits
from failwise.generation.drawing.contrast import matchings as grow_matchings
from failwise.generation.drawing.draw import Drawer, Drawn, Letters, Ungrouped, Used
from failwise.generation.drawing.draw_many import ManyDrawer
from failwise.generation.drawing.quotas import Batch, Kind, Planned, masks, per_fact, shared_out
from failwise.generation.drawing.strategies import strategies
from failwise.generation.drawing.tables import Table, Unit, units
from failwise.generation.drawing.wording import ID, OPTIONS, Row, Writer, check_slots, family_of, stamp_of
from failwise.generation.planning.cells import Plan
from failwise.generation.records import Arity, Question
from failwise.generation.splitting.splits import Partition, partition
from failwise.generation.words import words
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Family, Polarity, Truth
from failwise.kg.vocabulary import FW

_REWORDED = 8  # wordings tried for an option set in an order that stood there before
_ANY_LETTER = 2520  # a multiple of every number of options

SPLITS = ("test", "train")  # the order in which option sets are drawn: test questions choose first


@dataclass
class Synthesis:
    """Makes all questions of one configuration, or of a plan; `unasked` counts what could not be asked, by reason."""

    graph: KnowledgeGraph
    config: QuestionsConfig
    plan: Plan | None = None
    unasked: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.stamp = stamp_of(self.graph, self.config.seed, self.config.regime)
        self.planned = Planned(self.plan) if self.plan else None
        self.only = {h.fact_id for h in self.plan.holes} if self.plan else set()
        self._across: dict[str, Counter[str]] = {}
        self._check_wordings()

    def __iter__(self) -> Iterator[Question]:
        """Yield questions, grouped by asset class and relation, in an order that depends on nothing else."""
        for unit in self.units():
            yield from self.of_unit(unit)

    def units(self) -> Iterator[Unit]:
        """Yield the units of facts that questions are asked about."""
        return units(self.graph, self._asset_classes(), self.config.relations)

    def of_unit(self, unit: Unit) -> Iterator[Question]:
        """Yield the questions of one unit. They depend on the unit and the configuration alone."""
        return (Question(*row) for row in self.rows_of(unit))

    def rows_of(self, unit: Unit) -> Iterator[Row]:
        """Yield the same questions as values in the order of the record's fields."""
        return self.unit_questions(unit).rows()

    def unit_questions(self, unit: Unit) -> "UnitQuestions":
        """Return the maker of one unit's questions."""
        return UnitQuestions(self, unit)

    def across(self, relation: str) -> Counter[str]:
        """Count the yes facts of a relation about asset classes, by what they are about."""
        if relation not in self._across:
            facts = self.graph.query(relation=relation, truth=Truth.YES)
            about = (f.object.concept for f in facts if f.subject.iri == f.asset_class.iri)
            self._across[relation] = Counter(about)
        return self._across[relation]

    @cached_property
    def kin(self) -> Mapping[str, frozenset[str]]:
        """The kin of every asset class."""
        return {slug: self.graph.kin(slug) for slug in self.graph.asset_classes}

    @cached_property
    def partition(self) -> Partition | None:
        """Which facts each split may use; None where both ask about the same facts."""
        config = self.config
        if config.regime == "new-question":
            return None
        return partition(
            self.graph,
            config.regime,
            share=config.held_out_share,
            held_out=config.held_out,
            relations=config.relations,
            asset_classes=self._asset_classes(),
            seed=config.seed,
        )

    def family(self, unit: Unit, table: Table, polarity: Polarity) -> Family | None:
        """Return the family that asks about a table this way; None where it has no wordings in this language."""
        return family_of(self.graph.relations[unit.relation], table.direction, polarity)

    def _check_wordings(self) -> None:
        for name in self.config.relations:
            next(self.graph.query(relation=name), None)  # refuses an unknown name
            if not self.graph.relations[name].families:
                raise InputError(
                    f"the relation {name!r} has no wordings in the language {self.graph.language!r}; add an "
                    "fw:QuestionFamily with fw:template to the ontology, or leave the relation out"
                )
        for relation in self.graph.relations.values():
            for family in relation.families:
                check_slots(family, relation.domain == FW.AssetClass)
        if self.config.none_share and not self.graph.none_of_these:
            raise InputError(
                f"none_share is {self.config.none_share}, but the language {self.graph.language!r} has no words for "
                "'none of these'; add an rdfs:label in it to fw:NoneOfThese"
            )

    def _asset_classes(self) -> list[str]:
        named = self.config.asset_classes or tuple(self.graph.asset_classes)
        return sorted({self.graph.asset_class(name).slug for name in named})


@dataclass
class UnitQuestions:
    """The questions of one unit: both directions, both polarities, both splits."""

    synthesis: Synthesis
    unit: Unit

    def __post_init__(self) -> None:
        self.config = self.synthesis.config
        self.unasked = self.synthesis.unasked
        self.made: set[str] = set()
        self.groups: dict[tuple[Polarity, str], Matchings] = {}

    def rows(self) -> Iterator[Row]:
        """Yield them by direction, polarity and split."""
        tables = self.unit.tables()
        if self.config.distractors.get("out-of-asset"):
            for table in tables:
                self.unit.add_outside(self.synthesis.graph, table)
        self.unasked["unknown"] += sum(f.truth is Truth.UNKNOWN for f in self.unit.facts)
        self.unasked["two things of one name"] += self.unit.same_label
        # Facts are counted over both directions: one that finds no free option set in one is asked more in the other.
        tested = {split: [0] * len(self.unit.facts) for split in SPLITS}
        drawers: list[tuple[Drawer, Writer]] = []
        for table in tables:
            yield from self._of_table(table, tested, drawers)
        if self.synthesis.planned:
            if self.config.ungrouped_per_fact and self._covering:
                yield from self._uncovered(drawers, tested)
        else:
            yield from self._lacking(drawers)

    def _sides(self, table: Table) -> dict[str, Table]:
        """Return the table as each split sees it."""
        parts = self.synthesis.partition
        if parts is None:
            return dict.fromkeys(SPLITS, table)
        sides = [parts.side(f.id) for f in self.unit.facts]
        return {split: table.kept([split in side for side in sides]) for split in SPLITS}

    def _of_table(
        self, table: Table, tested: Mapping[str, list[int]], drawers: list[tuple[Drawer, Writer]]
    ) -> Iterator[Row]:
        """Yield the questions of one direction; what test questions show to an anchor, training never does."""
        # What test questions find no option set for, a plan's training questions make up.
        sides, taken, short = self._sides(table), set[Pair](), dict[tuple[Polarity, Kind], int]()
        for split in SPLITS:
            shown: set[Pair] = set()
            for polarity in Polarity:
                family = self.synthesis.family(self.unit, table, polarity)
                if family is None:
                    self.unasked["no wording"] += sum(m.bit_count() for m in masks(table, polarity)[0])
                    continue
                used = Used(taken, self._share(split), table.direction is Direction.INVERSE, self.config.seed)
                drawer, many, writer = self._drawers(family, sides[split], split, tested[split], used)
                batches = [
                    replace(b, n=b.n + short.pop((polarity, b.kind), 0)) for b in self._batches(family, sides)[split]
                ]
                for batch in batches:
                    missing = batch.n
                    for question in self._draw(batch, drawer, many, writer, tested):
                        missing -= 1
                        yield question
                    if missing > 0 and not batch.times:
                        short[polarity, batch.kind] = missing
                drawers.append((drawer, writer))
                shown |= used.own
            if self.synthesis.partition is None:
                taken = shown
        self.unasked["no option set left"] += sum(short.values())

    def _drawers(
        self, family: Family, table: Table, split: str, tested: list[int], used: Used
    ) -> tuple[Drawer, ManyDrawer, Writer]:
        rng = self._random(family, split)
        right, wrong = self.masks(table, family.polarity)
        self._count_alone(right, wrong, family.polarity, split)
        groups, letters = self.matchings(table, family.polarity, split), Letters(rng.randrange(_ANY_LETTER))
        single = Drawer(table.index, right, wrong, groups, tested, letters, rng, used)
        single.degrees = self._degrees(table)
        single.variants = len(family.templates)
        single.strategies = strategies(self.synthesis.graph, self.unit, table, self._weights(family.polarity), rng)
        many = ManyDrawer(table.index, right, wrong, tested, rng, used)
        return single, many, Writer(self.unit, table, family, self.synthesis.stamp, split, self.synthesis.kin, rng)

    def _weights(self, polarity: Polarity) -> Mapping[Distractor, float]:
        """Return the strategies' weights: what is a no for the asset class would be right to eliminate."""
        weights = self.config.distractors
        if polarity is Polarity.SELECTION:
            return weights
        return {name: weight for name, weight in weights.items() if name != "out-of-asset"}

    def _degrees(self, table: Table) -> Sequence[int]:
        """Return the yes facts of each option; across asset classes those of all of them, asked about or not."""
        if not self.unit.across or table.direction is Direction.INVERSE:
            return table.degrees
        everywhere = self.synthesis.across(self.unit.relation)
        own = table.degrees if len(table.anchors) == 1 else [0] * len(table.options)
        return [everywhere[o.concept] - d for o, d in zip(table.options, own, strict=True)]

    def _share(self, split: str) -> float:
        """Return which share of the option sets test questions may take, where both splits draw from the same facts."""
        config = self.config
        if split == "train" or self.synthesis.partition is not None:
            return 1.0
        if self.synthesis.planned:
            return config.test_share
        return config.test_per_fact / (config.test_per_fact + config.train_per_fact)

    def _draw(
        self, batch: Batch, single: Drawer, many: ManyDrawer, writer: Writer, tested: Mapping[str, list[int]]
    ) -> Iterator[Row]:
        several = batch.arity is Arity.MULTIPLE
        if not (writer.family.multiple if several else writer.family.templates):
            self.unasked["no wording"] += batch.n
            return
        for drawn in many.draw(batch.options, batch.n) if several else self._single(single, batch, writer, tested):
            yield from self._written(writer, drawn, batch.arity)

    def _single(self, drawer: Drawer, batch: Batch, writer: Writer, tested: Mapping[str, list[int]]) -> Iterator[Drawn]:
        """Draw from contrast groups; in the cell with the fewest options also what is in none, where all is covered."""
        config, n = self.config, batch.n
        if batch.times:
            times = batch.times * (1 + (writer.family.direction is Direction.INVERSE))
            yield from self._each(drawer, times)
            return
        fewest = batch.options == config.min_options and not batch.none
        alone = fewest and writer.split == "train" and config.ungrouped_per_fact and self._covering
        for drawn in drawer.cover(batch.options, tested["test"], alone=True, most=n) if alone else ():
            n -= 1
            yield drawn
        for drawn in drawer.draw(batch.options, n, none=batch.none):
            n -= 1
            yield drawn
        if self.synthesis.only:  # holes are to be asked, in groups or not
            yield from drawer.draw(batch.options, n, none=batch.none, alone=True)

    def _askable(self) -> int:
        """Count the facts that a question of the fewest options can test, in either direction."""
        least, places = self.config.min_options - 1, set[int]()
        for table in self.unit.tables():
            for polarity in Polarity:
                for row, right, wrong in zip(table.index, *self.masks(table, polarity), strict=True):
                    if wrong.bit_count() >= least:
                        places.update(row[o] for o in bits(right))
        return len(places)

    @cached_property
    def _covering(self) -> bool:
        """Say whether the plan has a question for every fact of the unit; where it has not, balance comes first."""
        planned = self.synthesis.planned
        return planned is not None and planned.questions(self.unit) >= self._askable()

    def _lacking(self, drawers: Sequence[tuple[Drawer, Writer]]) -> Iterator[Row]:
        """Ask facts that found too few option sets in the inverse direction more often in the forward one."""
        config = self.config
        inverse = {(w.split, w.family.polarity) for _, w in drawers if w.family.direction is Direction.INVERSE}
        for drawer, writer in drawers:
            key = (writer.split, writer.family.polarity)
            if writer.family.direction is Direction.INVERSE or key not in inverse or config.multiple_share == 1:
                continue
            self._keep_apart(drawer, writer, drawers)
            times = 2 * (config.test_per_fact if writer.split == "test" else config.train_per_fact)
            for drawn in self._each(drawer, times):
                yield from self._written(writer, drawn, Arity.SINGLE)

    def _uncovered(self, drawers: Sequence[tuple[Drawer, Writer]], tested: Mapping[str, list[int]]) -> Iterator[Row]:
        """Ask the facts that a plan's quotas left out, with the fewest options and once each, best in training."""
        for split, other in (("train", "test"), ("test", "train")):
            for drawer, writer in drawers:
                if writer.split == split and writer.family.templates:
                    self._keep_apart(drawer, writer, drawers)
                    drawer.used.share = 1.0  # what is left now is free
                    for drawn in drawer.cover(self.config.min_options, tested[other]):
                        yield from self._written(writer, drawn, Arity.SINGLE)

    def _keep_apart(self, drawer: Drawer, writer: Writer, drawers: Sequence[tuple[Drawer, Writer]]) -> None:
        """Forbid the option sets that the other split has drawn by now in this direction."""
        if self.synthesis.partition is None:
            direction, split = writer.family.direction, writer.split
            others = (d.used.own for d, w in drawers if w.family.direction is direction and w.split != split)
            drawer.used.taken = set().union(*others)

    def _each(self, drawer: Drawer, times: int) -> Iterator[Drawn]:
        config = self.config
        ungrouped = Ungrouped(config.ungrouped_per_fact, config.ungrouped_share)
        return drawer.each(config.min_options, config.max_options, times, ungrouped, config.none_share)

    def _written(self, writer: Writer, drawn: Drawn, arity: Arity) -> Iterator[Row]:
        """Put an option set into words that were not used for it yet, if need be in another order."""
        for _ in drawn.options:
            for _ in range(_REWORDED):
                row = writer.row(drawn, arity)
                if len(set(row[OPTIONS])) < len(row[OPTIONS]):
                    self.unasked["two things of one name"] += 1
                    return
                if row[ID] not in self.made:
                    self.made.add(row[ID])
                    yield row
                    return
            drawn = drawn.turned()
        self.unasked["the same question again"] += 1

    def matchings(self, table: Table, polarity: Polarity, split: str) -> Matchings:
        """Return the contrast groups of a table; the second direction turns round those of the first."""
        key = (polarity, "" if self.synthesis.partition is None else split)
        found = self.groups.get(key)
        if table.direction is Direction.INVERSE and found is not None:
            return found.transposed()
        if found is None:
            rng = random.Random(self._seed(f"{table.direction}/{polarity}/{split}/groups"))
            heard = [words(option.label) for option in table.options]
            right, wrong = self.masks(table, polarity)
            telling = right if polarity is Polarity.SELECTION else wrong
            alike = [
                (a, o) for a, mask in enumerate(telling) for o in bits(mask) if words(table.anchors[a].label) & heard[o]
            ]
            both = (alike, ()) if polarity is Polarity.SELECTION else ((), alike)
            found = grow_matchings(right, wrong, self.config.max_options, rng, *both)
            self.groups[key] = found
        return found

    def masks(self, table: Table, polarity: Polarity) -> tuple[list[int], list[int]]:
        """Return the masks of right and wrong options; a holes file leaves only its own facts to ask."""
        right, wrong = masks(table, polarity)
        only, facts = self.synthesis.only, self.unit.facts
        if only:
            kept = ((row, mask) for row, mask in zip(table.index, right, strict=True))
            right = [sum(1 << o for o in bits(mask) if facts[row[o]].id in only) for row, mask in kept]
        return right, wrong

    def _batches(self, family: Family, sides: Mapping[str, Table]) -> dict[str, list[Batch]]:
        config, polarity = self.config, family.polarity
        if self.synthesis.planned is None:
            each = {"test": config.test_per_fact, "train": config.train_per_fact}
            return {s: per_fact(sides[s], polarity, each[s], config) for s in SPLITS}
        batches = self.synthesis.planned.batches(self.unit, sides["test"], polarity)
        carry = self._random(family, "").random() - 0.5
        test, train = shared_out(batches, self._test_share(sides, polarity), carry)
        return {"test": test, "train": train}

    def _test_share(self, sides: Mapping[str, Table], polarity: Polarity) -> float:
        """Return the share of a plan's questions that is for testing: where facts are split, that of the facts."""
        if self.synthesis.partition is None:
            return self.config.test_share
        counts = {s: sum(m.bit_count() for m in masks(t, polarity)[0]) for s, t in sides.items()}
        return counts["test"] / max(1, sum(counts.values()))

    def _count_alone(self, right: Sequence[int], wrong: Sequence[int], polarity: Polarity, split: str) -> None:
        """Count the facts that no question can test, since too few others stand beside them."""
        missing = "no" if polarity is Polarity.SELECTION else "yes"
        least = self.config.min_options - 1
        alone = sum(r.bit_count() for r, w in zip(right, wrong, strict=True) if w.bit_count() < least)
        self.unasked[f"no stated {missing} beside it, {split}"] += alone

    def _random(self, family: Family, split: str) -> random.Random:
        """Draw for each table by itself, so that a changed fact leaves the questions of other tables as they are."""
        return random.Random(self._seed(f"{family.direction}/{family.polarity}/{split}"))

    def _seed(self, what: str) -> int:
        key = f"{self.config.seed}/{self.unit.key}/{what}"
        return int.from_bytes(blake2b(key.encode(), digest_size=8).digest())
