"""How much of each fact a student has mastered, judged from answers that may be luck.

A probe whose chance of a lucky guess is c is answered right with probability c + (1 - c) m. There m is the fact's
mastery: the share of its probes that the student answers by knowing (c is the guessing parameter of item response
theory, F. M. Lord 1980). The masteries of a group of facts, say of one relation of one asset class, follow a
distribution of their own on a grid from 0 to 1, and that leans on the distribution of all groups (a hierarchical
Dirichlet process, Y. W. Teh et al. 2006, on a finite grid). So a fact with few probes leans on its group and a small
group on all, and an interval holds what is uncertain in each.

The posterior is drawn by Gibbs sampling with a fixed seed: the same answers give the same numbers. Facts of one group
with the same answers are drawn together, so a million answers take no longer than there are different ones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# The centres of twenty cells between 0 and 1, and both ends, which stand for never and for always.
GRID = np.concatenate(([0.0], np.arange(20) / 20 + 0.025, [1.0]))

# Masteries from which on a fact is known, and up to which it is not; both lie between two points of the grid.
KNOWN, WRONG = 0.75, 0.25
_IS_KNOWN, _IS_WRONG = GRID >= KNOWN, GRID <= WRONG

# What is expected before any answer, in facts: a quarter of them never mastered, a quarter always, the rest anything
# between. And what the distribution of all groups is worth in each group. Chosen by simulation
# (benchmarks/coverage.py): with less at the ends a small audit decides nothing, with more, or with fewer facts, those
# that lie between are taken for mastered too soon.
PRIOR = np.full(len(GRID), 12.5 / len(GRID))
PRIOR[[0, -1]] += 6.25
LEANING = 8.0

BURN, DRAWS = 100, 300

# Guests that are seated one by one; the tables of those after them are drawn together.
_ONE_BY_ONE = 64

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tally:
    """Answers, counted: a row per fact, a column per chance of a lucky guess.

    Attributes:
        groups: (facts,): the number of each fact's group.
        chances: (chances,): between 0 and 1, both outside.
        right: (facts, chances): right answers.
        wrong: (facts, chances): answers that were not right.
    """

    groups: Ints
    chances: Floats
    right: Ints
    wrong: Ints


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is known of the masteries of facts once their answers are counted.

    Facts of one group with the same answers share a pattern.

    Attributes:
        pattern: (facts,): the pattern of each fact.
        group: (patterns,): the group of each pattern.
        likelihood: (patterns, grid): how likely the answers are at each mastery; the likeliest is 1.
        spread: (draws, groups, grid): how masteries are distributed in each group.
        masteries: (patterns, grid): how probable each mastery is, over all draws.
        known: (draws, patterns): how probable a mastery of at least KNOWN is, in each draw.
    """

    pattern: Ints
    group: Ints
    likelihood: Floats
    spread: NDArray[np.float32]
    masteries: Floats
    known: NDArray[np.float32]

    def is_known(self) -> Floats:
        """Return for each fact how probable it is that the student knows it."""
        return knows(self.masteries)[self.pattern]

    def is_wrong(self) -> Floats:
        """Return for each fact how probable it is that the student does not know it."""
        return errs(self.masteries)[self.pattern]

    def mean(self) -> Floats:
        """Return the expected mastery of each fact."""
        expected: Floats = self.masteries @ GRID
        return expected[self.pattern]

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Return for each fact the equal-tailed interval of its mastery."""
        summed, tail = self.masteries.cumsum(1), (1 - level) / 2
        low, high = (GRID[(summed >= end - 1e-9).argmax(1)] for end in (tail, 1 - tail))
        return low[self.pattern], high[self.pattern]

    def draw_known(self, seed: int = 0) -> NDArray[np.bool_]:
        """Return (draws, facts): a world for each draw, in which a fact is known or not.

        Facts are independent given the distribution of their group, which the draws vary. So the number known of some
        facts, world by world, holds what is uncertain of each of them and of all together.
        """
        rng = np.random.default_rng(seed)
        worlds = np.empty((len(self.known), len(self.pattern)), np.bool_)
        for world, probable in zip(worlds, self.known, strict=True):
            np.less(rng.random(len(world), np.float32), probable[self.pattern], out=world)
        return worlds


def knows(masteries: Floats) -> Floats:
    """Return how probable a mastery of at least KNOWN is under distributions (…, grid)."""
    probable: Floats = masteries[..., _IS_KNOWN].sum(-1)
    return probable


def errs(masteries: Floats) -> Floats:
    """Return how probable a mastery of at most WRONG is under distributions (…, grid)."""
    probable: Floats = masteries[..., _IS_WRONG].sum(-1)
    return probable


def fit(tally: Tally, seed: int = 0) -> Posterior:
    """Return what the answers say of the masteries.

    Raises:
        ValueError: there is no fact, or a chance is not between 0 and 1.
    """
    if not len(tally.groups):
        raise ValueError("there is no fact to judge")
    if not ((tally.chances > 0) & (tally.chances < 1)).all():
        raise ValueError(f"chances of a lucky guess lie between 0 and 1, and these are {tally.chances}")
    rows = np.column_stack([tally.groups, tally.right, tally.wrong])
    patterns, place, sizes = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    group, width = patterns[:, 0], len(tally.chances)
    likely = likelihood(patterns[:, 1 : 1 + width], patterns[:, 1 + width :], tally.chances)
    spread, masteries, known = _drawn(group, sizes, likely, np.random.default_rng(seed))
    return Posterior(place.ravel(), group, likely, spread, masteries, known)


def likelihood(right: Ints, wrong: Ints, chances: Floats) -> Floats:
    """Return (rows, grid): how likely counts of answers (rows, chances) are at each mastery; the likeliest is 1."""
    luck = chances[:, None]
    with np.errstate(divide="ignore"):
        # Who has mastered everything misses nothing; a finite logarithm, since nothing times infinity is no number.
        miss = np.maximum(np.log((1 - luck) * (1 - GRID)), -1e6)
    logs = right @ np.log(luck + (1 - luck) * GRID) + wrong @ miss
    likely: Floats = np.exp(logs - logs.max(1, keepdims=True))
    return likely


def _drawn(
    group: Ints, sizes: Ints, likely: Floats, rng: np.random.Generator
) -> tuple[NDArray[np.float32], Floats, NDArray[np.float32]]:
    """Draw masteries, then the distributions that they come from, in turn."""
    everywhere = PRIOR / PRIOR.sum()
    within = np.tile(everywhere, (int(group.max()) + 1, 1))
    spread = np.empty((DRAWS, *within.shape), np.float32)
    known = np.empty((DRAWS, len(likely)), np.float32)
    summed = np.zeros_like(likely)
    for turn in range(-BURN, DRAWS):
        masteries = within[group] * likely
        masteries /= masteries.sum(1, keepdims=True)
        if turn >= 0:
            spread[turn], known[turn] = within, knows(masteries)
            summed += masteries
        guests = _guests(group, len(within), sizes, masteries, rng)
        everywhere = rng.dirichlet(PRIOR + _tables(guests, LEANING * everywhere, rng))
        within = rng.standard_gamma(LEANING * everywhere + guests) + 1e-300
        within /= within.sum(1, keepdims=True)
    return spread, summed / DRAWS, known


def _guests(group: Ints, groups: int, sizes: Ints, masteries: Floats, rng: np.random.Generator) -> Ints:
    """Draw every fact's mastery; return (groups, grid), how many facts of each group have each."""
    alone = sizes == 1  # drawn by the inverse of their distribution, twenty times as fast
    places = (masteries[alone].cumsum(1) < rng.random((int(alone.sum()), 1))).sum(1).clip(max=len(GRID) - 1)
    guests = np.bincount(group[alone] * len(GRID) + places, minlength=groups * len(GRID)).reshape(groups, -1)
    np.add.at(guests, group[~alone], rng.multinomial(sizes[~alone], masteries[~alone]))
    return guests


def _tables(guests: Ints, weight: Floats, rng: np.random.Generator) -> Ints:
    """Draw how often the groups drew each mastery from the distribution of all (C. E. Antoniak 1974).

    The guest after n others opens a table with probability weight / (weight + n). The first are drawn so; of the rest
    the number is nearly that of a Poisson distribution with the sum of these as its mean.
    """
    place = np.nonzero(guests)[1]
    seated, earlier = guests[guests > 0], np.arange(_ONE_BY_ONE)
    opening = weight[:, None] / (weight[:, None] + earlier)
    opened = (rng.random((len(seated), _ONE_BY_ONE)) < opening[place]) & (earlier < seated[:, None])
    late = np.maximum(seated, _ONE_BY_ONE)
    rest = weight[place] * np.log((weight[place] + late - 0.5) / (weight[place] + _ONE_BY_ONE - 0.5))
    tables: Ints = np.bincount(place, opened.sum(1) + rng.poisson(rest), len(GRID)).astype(np.int64)
    return tables
