"""How many questions of each kind a unit of facts gives: from a plan, or the same number for every fact."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from failwise.generation.config import QuestionsConfig
from failwise.generation.matrices.tables import Table, Unit
from failwise.generation.planning.cells import Cell, Plan
from failwise.generation.records import Arity
from failwise.kg.records import Polarity

Kind: TypeAlias = tuple[Arity, int, bool]


@dataclass(frozen=True, slots=True)
class Batch:
    """n questions of one kind, to be drawn from one table and polarity.

    Where `times` is given, every fact is asked so many times with up to `options` options, and n is what that gives
    at least.
    """

    arity: Arity
    options: int
    none: bool
    n: int
    times: int = 0

    @property
    def group(self) -> int:
        """Questions of one contrast group: a pair where several answers may be right."""
        return 2 if self.arity is Arity.MULTIPLE else self.options

    @property
    def kind(self) -> Kind:
        """What tells this batch from others of its table and polarity."""
        return self.arity, self.options, self.none


def masks(table: Table, polarity: Polarity) -> tuple[list[int], list[int]]:
    """Return the masks of right and of wrong options by anchor."""
    return (table.yes, table.no) if polarity is Polarity.SELECTION else (table.no, table.yes)


def askable(table: Table, polarity: Polarity, options: int) -> int:
    """Count the facts that a question of so many options can test: with that many less one wrong ones beside it."""
    right, wrong = masks(table, polarity)
    return sum(r.bit_count() for r, w in zip(right, wrong, strict=True) if w.bit_count() >= options - 1)


def per_fact(table: Table, polarity: Polarity, times: int, config: QuestionsConfig) -> list[Batch]:
    """Return batches that ask every fact so many times, with the share of questions for several answers beside it."""
    total, share = times * askable(table, polarity, config.min_options), config.multiple_share
    batches = [Batch(Arity.SINGLE, config.max_options, False, total, times)] if share < 1 else []
    if share:
        n = round(total * share / (1 - share)) if share < 1 else total
        sizes = range(config.max_options, config.min_options - 1, -1)
        parts = (n // len(sizes) + (place < n % len(sizes)) for place in range(len(sizes)))
        batches += [Batch(Arity.MULTIPLE, k, False, part) for k, part in zip(sizes, parts, strict=True)]
    return [b for b in batches if b.n]


class Planned:
    """The quotas of a plan, by table."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    @cached_property
    def _by_table(self) -> Mapping[tuple[str, str, str, str], list[tuple[Cell, int]]]:
        found: dict[tuple[str, str, str, str], list[tuple[Cell, int]]] = {}
        for quota in self.plan.quotas:
            cell = quota.cell
            key = (cell.asset_class, cell.relation, str(cell.direction), str(cell.polarity))
            found.setdefault(key, []).append((cell, quota.questions))
        return found

    def batches(self, unit: Unit, table: Table, polarity: Polarity) -> list[Batch]:
        """Return the batches of one table and polarity: many options first, single answers before several.

        The parts of a table across many asset classes share its quotas.
        """
        cells = self._by_table.get((unit.asset_class, unit.relation, str(table.direction), str(polarity)), [])
        part, parts = unit.part, unit.parts
        shares = ((cell, n * (part + 1) // parts - n * part // parts) for cell, n in cells)
        found = [Batch(cell.arity, cell.options, cell.none, n) for cell, n in shares if n]
        return sorted(found, key=lambda b: (b.arity is Arity.MULTIPLE, -b.options, b.none))


def in_whole_groups(batches: Sequence[Batch], rng: random.Random) -> Iterator[Batch]:
    """Round batches to whole contrast groups, at random and right on average; what is left over goes to the next.

    A part of a group is not fair to those who never read the anchor. Only where later batches of the arity cannot pay
    for a whole one, a part is asked.
    """
    later = Counter[Arity]()
    for batch in batches:
        later[batch.arity] += batch.n
    left = Counter[Arity]()
    for batch in batches:
        later[batch.arity] -= batch.n
        wanted = max(0, batch.n + left[batch.arity])
        rest = wanted % batch.group
        lacks = batch.group - rest
        if batch.times or not rest or lacks > later[batch.arity]:
            given = wanted
        else:
            given = wanted + (lacks if rng.random() * batch.group < rest else -rest)
        left[batch.arity] += batch.n - given
        if given:
            yield replace(batch, n=given)


def shared_out(batches: Sequence[Batch], share: float, carry: float = 0.0) -> tuple[list[Batch], list[Batch]]:
    """Split batches in two, the first with this share; what rounding leaves is carried on from batch to batch."""
    first, second = [], []
    for batch in batches:
        wanted = batch.n * share + carry
        n = min(batch.n, max(0, round(wanted)))
        carry = wanted - n
        first.append(replace(batch, n=n))
        second.append(replace(batch, n=batch.n - n))
    return [b for b in first if b.n], [b for b in second if b.n]
