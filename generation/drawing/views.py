"""What a split sees of a unit: each direction and polarity with its right and wrong options and contrast groups."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from failwise.generation.drawing.quotas import masks
from failwise.generation.drawing.setting import Setting
from failwise.generation.drawing.wording import family_of
from failwise.generation.matrices.contrast import Matchings, bits
from failwise.generation.matrices.contrast import matchings as grow_matchings
from failwise.generation.matrices.tables import Table, Unit
from failwise.generation.words import words
from failwise.kg.records import Direction, Family, Polarity

SPLITS = ("test", "train")  # the order in which option sets are drawn: test questions choose first


@dataclass(frozen=True, slots=True)
class View:
    """One direction and polarity of a unit: masks of right and wrong options by anchor, contrast groups, degrees."""

    family: Family
    table: Table
    right: Sequence[int]
    wrong: Sequence[int]
    matchings: Matchings
    degrees: Sequence[int]

    def askable(self, options: int) -> list[tuple[int, int, int]]:
        """Return the facts that a question of so many options can test, as (anchor, option, place in the unit)."""
        return [
            (a, o, self.table.index[a][o])
            for a, mask in enumerate(self.right)
            if self.wrong[a].bit_count() >= options - 1
            for o in bits(mask)
        ]

    @property
    def untold(self) -> tuple[list[int], list[int]]:
        """Right and wrong options without those that share a word with the anchor and hold of it."""
        return self.matchings.partners(self.right), self.matchings.quiet(self.wrong)

    def told_by_degree(self, a: int, o: int) -> float:
        """Return what choosing by degree gets, at worst, in a question of two options: 1, 0.5 (a tie) or 0."""
        own, others = self.degrees[o], [self.degrees[p] for p in bits(self.wrong[a])]
        lead = own - max(others) if self.family.polarity is Polarity.SELECTION else min(others) - own
        return 0.5 + (lead > 0) / 2 - (lead < 0) / 2


@dataclass
class UnitViews:
    """The views of one unit, by split; both splits have the same where they ask about the same facts."""

    setting: Setting
    unit: Unit
    _groups: dict[tuple[Polarity, str], Matchings] = field(default_factory=dict)
    _views: dict[str, list[View]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tables = self.unit.tables()
        if self.setting.config.distractors.get("out-of-asset"):
            for table in self.tables:
                self.unit.add_outside(self.setting.graph, table)

    def of(self, split: str) -> list[View]:
        """Return the views of a split: forward before inverse; none of what has no wordings in this language."""
        key = "" if self.setting.partition is None else split
        if key not in self._views:
            self._views[key] = [
                view
                for table in self._kept(split)
                for polarity in Polarity
                if (view := self._view(table, polarity, key)) is not None
            ]
        return self._views[key]

    def alone(self, split: str) -> Mapping[Direction, set[int]]:
        """Return the places of the facts in no contrast group, by the direction in which they are asked.

        A guesser gains on them: the better direction is the one where degrees tell least.
        """
        fewest = self.setting.config.min_options
        told: dict[int, dict[Direction, float]] = {}
        for view in self.of(split):
            for a, o, place in view.askable(fewest) if view.family.templates else ():
                if view.matchings.reach((a, o)) < fewest:
                    told.setdefault(place, {})[view.family.direction] = view.told_by_degree(a, o)
        found: dict[Direction, set[int]] = {d: set() for d in Direction}
        for place, ways in sorted(told.items()):
            found[min(ways, key=lambda d: (ways[d], len(found[d]), d))].add(place)
        return found

    def _kept(self, split: str) -> Sequence[Table]:
        parts = self.setting.partition
        if parts is None:
            return self.tables
        keep = [split in parts.side(f.id) for f in self.unit.facts]
        return [table.kept(keep) for table in self.tables]

    def _view(self, table: Table, polarity: Polarity, key: str) -> View | None:
        family = family_of(self.setting.graph.relations[self.unit.relation], table.direction, polarity)
        if family is None:
            return None
        right, wrong = self._masks(table, polarity)
        groups = self._matchings(table, polarity, key, right, wrong)
        return View(family, table, right, wrong, groups, self._degrees(table))

    def _masks(self, table: Table, polarity: Polarity) -> tuple[list[int], list[int]]:
        """Return the masks of right and wrong options; a holes file leaves only its own facts to ask."""
        right, wrong = masks(table, polarity)
        only, facts = self.setting.only, self.unit.facts
        if only:
            kept = zip(table.index, right, strict=True)
            right = [sum(1 << o for o in bits(mask) if facts[row[o]].id in only) for row, mask in kept]
        return right, wrong

    def _matchings(
        self, table: Table, polarity: Polarity, key: str, right: Sequence[int], wrong: Sequence[int]
    ) -> Matchings:
        """Return the contrast groups of a table; the second direction turns round those of the first."""
        found = self._groups.get((polarity, key))
        if found is not None:
            return found.transposed()
        rng = random.Random(self.seed(f"{polarity}/{key}/groups"))
        heard = [words(option.label) for option in table.options]
        telling = right if polarity is Polarity.SELECTION else wrong
        alike = [
            (a, o) for a, mask in enumerate(telling) for o in bits(mask) if words(table.anchors[a].label) & heard[o]
        ]
        both = (alike, ()) if polarity is Polarity.SELECTION else ((), alike)
        found = self._groups[polarity, key] = grow_matchings(right, wrong, self.setting.config.max_options, rng, *both)
        return found

    def _degrees(self, table: Table) -> Sequence[int]:
        """Return the yes facts of each option; across asset classes those of all of them, asked about or not."""
        if not self.unit.across or table.direction is Direction.INVERSE:
            return table.degrees
        everywhere = self.setting.across(self.unit.relation)
        own = table.degrees if len(table.anchors) == 1 else [0] * len(table.options)
        return [everywhere[o.concept] - d for o, d in zip(table.options, own, strict=True)]

    def seed(self, what: str) -> int:
        """Return a seed of its own for each table: a changed fact leaves the questions of others as they are."""
        key = f"{self.setting.config.seed}/{self.unit.key}/{what}"
        return int.from_bytes(blake2b(key.encode(), digest_size=8).digest())
