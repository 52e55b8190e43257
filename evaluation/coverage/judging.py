"""Things that were asked about (facts, or ways of asking them), judged by their answers."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from failwise.evaluation.coverage.mastery import Floats, Ints, Posterior, Tally, fit
from failwise.evaluation.coverage.states import codes


class Count(NamedTuple):
    """How often the thing at a place was asked with so many options, and how often the answer was right."""

    place: int
    options: int
    asked: int
    right: int


@dataclass(frozen=True, slots=True)
class Judged:
    """What the answers say of things.

    Attributes:
        asked: (things,): how often each was asked.
        right: (things,): how often the answer was right.
        luck: (things,): how often it would be by guessing, in the mean.
        state: (things,): places in STATES.
        worlds: (draws, things): possible worlds, in which each is known or not.
    """

    asked: Ints
    right: Ints
    luck: Floats
    state: Ints
    posterior: Posterior
    worlds: NDArray[np.bool_]


def judge(groups: Sequence[Hashable], counts: Iterable[Count], seed: int = 0) -> Judged:
    """Judge things by their answers.

    Args:
        groups: of each thing; things of one group are expected to be mastered alike.

    Raises:
        ValueError: there is no thing, or a question had one option.
    """
    counts = list(counts)
    options = sorted({c.options for c in counts}) or [2]
    column = {n: place for place, n in enumerate(options)}
    asked, right = np.zeros((2, len(groups), len(options)), np.int64)
    for count in counts:
        asked[count.place, column[count.options]] += count.asked
        right[count.place, column[count.options]] += count.right
    numbers: dict[Hashable, int] = {}
    group = np.array([numbers.setdefault(g, len(numbers)) for g in groups], np.int64)
    chances = 1 / np.array(options)
    posterior = fit(Tally(group, chances, right, asked - right), seed)
    probes = asked.sum(1)
    state = codes(probes, posterior.is_known(), posterior.is_wrong())
    return Judged(probes, right.sum(1), asked @ chances, state, posterior, posterior.draw_known(seed))
