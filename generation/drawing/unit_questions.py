"""The questions of one unit of facts: both directions, both polarities, both splits."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from failwise.generation.config import Distractor
from failwise.generation.drawing.distractors import Distractors, Ranks
from failwise.generation.drawing.draw import Drawer
from failwise.generation.drawing.draw_many import ManyDrawer
from failwise.generation.drawing.drawn import Drawn, Letters, Ungrouped, Used
from failwise.generation.drawing.quotas import Batch, Kind, in_whole_groups, masks, per_fact, shared_out
from failwise.generation.drawing.setting import Setting
from failwise.generation.drawing.strategies import strategies
from failwise.generation.drawing.views import SPLITS, UnitViews, View
from failwise.generation.drawing.wording import ID, OPTIONS, Row, Writer, family_of
from failwise.generation.matrices.contrast import Pair
from failwise.generation.matrices.tables import Unit
from failwise.generation.planning.cells import Cell
from failwise.generation.records import Arity
from failwise.kg.records import Direction, Polarity, Truth

_REWORDED = 8  # wordings tried for an option set in an order that stood there before
_ANY_LETTER = 2520  # a multiple of every number of options


class _Work(NamedTuple):
    """What draws and writes the questions of one split and view."""

    split: str
    view: View
    single: Drawer
    many: ManyDrawer
    writer: Writer


@dataclass
class UnitQuestions:
    """Makes the questions of one unit."""

    setting: Setting
    unit: Unit

    def __post_init__(self) -> None:
        self.config, self.unasked = self.setting.config, self.setting.unasked
        self.views = UnitViews(self.setting, self.unit)
        self.made: set[str] = set()
        # Facts are counted over both directions: one that finds no free option set in one is asked more in the other.
        self.tested = {split: [0] * len(self.unit.facts) for split in SPLITS}
        self.ranks: dict[Polarity, Ranks] = {polarity: {} for polarity in Polarity}
        self.work: list[_Work] = []
        # When all rows are taken: what a plan's cells lack, and what was asked beyond them so that no fact is left out.
        self.short: Counter[Cell] = Counter()
        self.beyond: Counter[Cell] = Counter()

    def rows(self) -> Iterator[Row]:
        """Yield them by direction, split and polarity."""
        self._count_unasked()
        for direction in Direction:
            yield from self._of_direction(direction)
        if self.setting.planned is None:
            yield from self._lacking()
        elif self._covering:
            yield from self._uncovered()

    def _count_unasked(self) -> None:
        """Count what cannot be asked: unknown, without words, or with too few others beside it."""
        self.unasked["unknown"] += sum(f.truth is Truth.UNKNOWN for f in self.unit.facts)
        self.unasked["two things of one name"] += self.unit.same_label
        relation = self.setting.graph.relations[self.unit.relation]
        for table in self.views.tables:
            for polarity in Polarity:
                if family_of(relation, table.direction, polarity) is None:
                    self.unasked["no wording"] += sum(m.bit_count() for m in masks(table, polarity)[0])
        for split in SPLITS:
            for view in self.views.of(split):
                missing = "no" if view.family.polarity is Polarity.SELECTION else "yes"
                facts = sum(mask.bit_count() for mask in view.right)
                self.unasked[f"no stated {missing} beside it, {split}"] += facts - len(
                    view.askable(self.config.min_options)
                )

    def _of_direction(self, direction: Direction) -> Iterator[Row]:
        """Yield the questions of one direction; what test questions show to an anchor, training never does."""
        # What test questions find no option set for, a plan's training questions make up.
        taken, short = set[Pair](), dict[tuple[Polarity, Kind], int]()
        for split in SPLITS:
            shown: set[Pair] = set()
            for view in self.views.of(split):
                if view.family.direction is not direction:
                    continue
                used = Used(taken, self._share(split), direction is Direction.INVERSE, self.config.seed)
                work = self._worker(split, view, used)
                polarity = view.family.polarity
                batches = [replace(b, n=b.n + short.pop((polarity, b.kind), 0)) for b in self._batches(view, split)]
                for batch in in_whole_groups(batches, work.single.rng):
                    missing = batch.n
                    for row in self._draw(batch, work):
                        missing -= 1
                        yield row
                    if missing > 0 and not batch.times:
                        short[polarity, batch.kind] = missing
                self.work.append(work)
                shown |= used.own
            if self.setting.partition is None:
                taken = shown
        self.unasked["no option set left"] += sum(short.values())
        for (polarity, (arity, options, none)), missing in short.items():
            self.short[self._cell(direction, polarity, arity, options, none)] += missing

    def _worker(self, split: str, view: View, used: Used) -> _Work:
        family, table, right, wrong = view.family, view.table, view.right, view.wrong
        tested, elsewhere = (self.tested[s] for s in (split, SPLITS[split == SPLITS[0]]))
        rng = random.Random(self.views.seed(f"{family.direction}/{family.polarity}/{split}"))
        letters = Letters(rng.randrange(_ANY_LETTER))
        named = strategies(self.setting.graph, self.unit, table, family.polarity, self._weights(family.polarity), rng)
        beside = Distractors(rng, view.degrees, named, self.ranks[family.polarity])
        groups = view.matchings
        single = Drawer(
            table.index, right, wrong, groups, tested, letters, rng, used, beside, len(family.templates),
            elsewhere=elsewhere,
        )  # fmt: skip
        many = ManyDrawer(table.index, *view.untold, tested, rng, used, len(family.multiple))
        writer = Writer(self.unit, table, family, self.setting.stamp, split, self.setting.kin, rng)
        return _Work(split, view, single, many, writer)

    def _weights(self, polarity: Polarity) -> Mapping[Distractor, float]:
        """Return the strategies' weights: what is a no for the asset class would be right to eliminate."""
        weights = self.config.distractors
        if polarity is Polarity.SELECTION:
            return weights
        return {name: weight for name, weight in weights.items() if name != "out-of-asset"}

    def _share(self, split: str) -> float:
        """Return which share of the option sets test questions may take, where both splits draw from the same facts."""
        config = self.config
        if split == "train" or self.setting.partition is not None:
            return 1.0
        if self.setting.planned:
            return config.test_share
        return config.test_per_fact / (config.test_per_fact + config.train_per_fact)

    def _draw(self, batch: Batch, work: _Work) -> Iterator[Row]:
        several = batch.arity is Arity.MULTIPLE
        if not (work.view.family.multiple if several else work.view.family.templates):
            self.unasked["no wording"] += batch.n
            return
        for drawn in work.many.draw(batch.options, batch.n) if several else self._single(batch, work):
            yield from self._written(work.writer, drawn, batch.arity)

    def _single(self, batch: Batch, work: _Work) -> Iterator[Drawn]:
        """Draw from contrast groups; in the cell with the fewest options also what is in none, where all is covered."""
        n, drawer = batch.n, work.single
        if batch.times:
            yield from self._each(drawer, batch.times * (1 + (work.view.family.direction is Direction.INVERSE)))
            return
        fewest = batch.options == self.config.min_options and not batch.none
        if fewest and work.split == "train" and self._covering:
            only = self._alone["train"][work.view.family.direction]
            for drawn in drawer.cover(batch.options, alone=True, only=only, most=n):
                n -= 1
                yield drawn
        for drawn in drawer.draw(batch.options, n, none=batch.none):
            n -= 1
            yield drawn
        if self.setting.only:  # holes are to be asked, in groups or not
            yield from drawer.draw(batch.options, n, none=batch.none, alone=True)

    @property
    def _covering(self) -> bool:
        """Say whether no fact is to be left out, fair or not."""
        return bool(self.setting.plan and self.setting.plan.covers and self.config.ungrouped_per_fact)

    @cached_property
    def _alone(self) -> Mapping[str, Mapping[Direction, set[int]]]:
        """By split and direction, the places of the facts in no contrast group that are best asked there."""
        return {split: self.views.alone(split) for split in SPLITS}

    def _lacking(self) -> Iterator[Row]:
        """Ask facts that found too few option sets in the inverse direction more often in the forward one."""
        inverse = {(w.split, w.view.family.polarity) for w in self.work if not _is_forward(w)}
        for work in self.work if self.config.multiple_share < 1 else ():
            if _is_forward(work) and (work.split, work.view.family.polarity) in inverse:
                self._keep_apart(work)
                for drawn in self._each(work.single, 2 * self._per_fact(work.split)):
                    yield from self._written(work.writer, drawn, Arity.SINGLE)

    def _uncovered(self) -> Iterator[Row]:
        """Ask the facts that a plan's quotas left out, with the fewest options, best in training."""
        for split in reversed(SPLITS):
            for anywhere in (False, True):
                for work in self.work:
                    if work.split == split and work.view.family.templates:
                        self._keep_apart(work)
                        work.single.used.share = 1.0  # what is left now is free
                        family, fewest = work.view.family, self.config.min_options
                        only = None if anywhere else self._alone[split][family.direction]
                        cell = self._cell(family.direction, family.polarity, Arity.SINGLE, fewest, False)
                        for drawn in work.single.cover(fewest, only=only):
                            for row in self._written(work.writer, drawn, Arity.SINGLE):
                                self.beyond[cell] += 1
                                yield row

    def _cell(self, direction: Direction, polarity: Polarity, arity: Arity, options: int, none: bool) -> Cell:
        return Cell(self.unit.asset_class, self.unit.relation, direction, polarity, arity, options, none)

    def _keep_apart(self, work: _Work) -> None:
        """Forbid the option sets that the other split has drawn by now in this direction."""
        if self.setting.partition is None:
            direction = work.view.family.direction
            others = (w for w in self.work if w.view.family.direction is direction and w.split != work.split)
            work.single.used.taken = set().union(*(w.single.used.own for w in others))

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

    def _batches(self, view: View, split: str) -> list[Batch]:
        family = view.family
        if self.setting.planned is None:
            return per_fact(view.table, family.polarity, self._per_fact(split), self.config)
        batches = self.setting.planned.batches(self.unit, view.table, family.polarity)
        carry = random.Random(self.views.seed(f"{family.direction}/{family.polarity}/")).random() - 0.5
        test, train = shared_out(batches, self._test_share(view), carry)
        return test if split == "test" else train

    def _per_fact(self, split: str) -> int:
        return self.config.test_per_fact if split == "test" else self.config.train_per_fact

    def _test_share(self, view: View) -> float:
        """Return the share of a plan's questions that is for testing: where facts are split, that of the facts."""
        if self.setting.partition is None:
            return self.config.test_share
        counts = {
            split: sum(m.bit_count() for v in self.views.of(split) if v.family == view.family for m in v.right)
            for split in SPLITS
        }
        return counts["test"] / max(1, sum(counts.values()))


def _is_forward(work: _Work) -> bool:
    return work.view.family.direction is Direction.FORWARD
