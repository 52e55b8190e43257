"""Wrong options beside a right one, for facts in no contrast group.

They even out a guesser's chances: those that were right elsewhere more often than their share of the times they were
shown come first, and the degree of the right option takes each rank among theirs equally often.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from failwise.generation.matrices.contrast import Pair
from failwise.generation.records import Kind

_NOISE = 0.5  # chance in the choice of distractors, in questions; less than one, so that the balance decides

# Ranks options (indices) as distractors beside the right one, best first: (anchor, right option, candidates).
Strategy: TypeAlias = Callable[[int, int, list[int]], list[int]]
# By their number, how often the right option's degree took each rank among those beside it; a tie counts in parts.
Ranks: TypeAlias = dict[int, list[float]]


@dataclass(slots=True)
class Distractors:
    """Chooses distractors of one table and polarity.

    Args:
        degrees: yes facts of each option, by which distractors are matched.
        strategies: named ways with their weights; none: degrees are matched.
        ranks: may be shared by tables, so that one makes up for what another has to give away.
    """

    rng: random.Random
    degrees: Sequence[int]
    strategies: Sequence[tuple[Kind, Strategy, float]] = ()
    ranks: Ranks = field(default_factory=dict)
    surplus: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.surplus = [0.0] * len(self.degrees)

    def beside(self, found: Sequence[Pair], pool: list[int], n: int) -> list[tuple[int, Kind]]:
        """Choose n of the pool beside the right options of some anchors, for whom all of the pool is wrong."""
        if self.strategies:
            return self._by_strategies(found[0], pool, n)
        chosen = self.matched(found[0][1], pool, n) if len(found) == 1 else self._evened(pool)[:n]
        return [(o, Kind.DEGREE_MATCHED) for o in chosen]

    def count(self, shown: Sequence[int], right: Sequence[int]) -> None:
        """Note that these options were shown, once for each of the right ones."""
        share = len(right) / len(shown)
        for o in shown:
            self.surplus[o] -= share
        for o in right:
            self.surplus[o] += 1

    def choices(self, o: int, pool: Sequence[int], n: int) -> int:
        """Count the ranks that the degree of the right option can have among n of the pool."""
        own = self.degrees[o]
        above, below = sum(self.degrees[p] > own for p in pool), sum(self.degrees[p] < own for p in pool)
        return len(_possible(above, len(pool) - above - below, below, n))

    def matched(self, o: int, pool: list[int], n: int) -> list[int]:
        """Choose n of the pool so that the degree of the right option takes each rank among theirs equally often."""
        degrees, ranked = self.degrees, self._evened(pool)
        above = [p for p in ranked if degrees[p] > degrees[o]]
        below = [p for p in ranked if degrees[p] < degrees[o]]
        level = [p for p in ranked if degrees[p] == degrees[o]]
        counts = self.ranks.setdefault(n, [0.0] * (n + 1))
        possible = _possible(len(above), len(level), len(below), n)
        rank = min(possible, key=lambda r: (counts[r], self.rng.random()))
        higher = above[:rank]
        lower = below[: n - rank]
        same = level[: n - len(higher) - len(lower)]
        for r in range(len(higher), len(higher) + len(same) + 1):
            counts[r] += 1 / (len(same) + 1)
        return higher + lower + same

    def _by_strategies(self, asked: Pair, pool: list[int], n: int) -> list[tuple[int, Kind]]:
        """Choose n of the pool, each by a strategy drawn by its weight."""
        chosen: list[tuple[int, Kind]] = []
        taken: set[int] = set()
        weights = [weight for _, _, weight in self.strategies]
        for kind, strategy, _ in self.rng.choices(self.strategies, weights, k=n):
            left = [o for o in pool if o not in taken]
            ranked = [] if kind is Kind.DEGREE_MATCHED else [o for o in strategy(*asked, left) if o not in taken]
            if not ranked:
                kind, ranked = Kind.DEGREE_MATCHED, self._evened(left)
            chosen.append((ranked[0], kind))
            taken.add(ranked[0])
        return chosen

    def _evened(self, pool: list[int]) -> list[int]:
        """Rank options: those that were right more often than their share of the times they were shown come first."""
        random_, surplus = self.rng.random, self.surplus
        return sorted(pool, key=lambda o: _NOISE * random_() - surplus[o])


def _possible(above: int, level: int, below: int, n: int) -> range:
    """Return the ranks that an option can have among n others, of which so many lie above, level and below."""
    return range(max(0, n - below - level), min(n, above + level) + 1)
