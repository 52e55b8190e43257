"""How many questions a claim takes: "90 % of the pump's facts are known, at 95 %".

There is no formula for it: what an audit concludes rests on how facts of a group lean on each other. So students that
know as much as is expected are simulated, audited, and counted: in how many of these audits would the claim hold?
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from failwise.errors import InputError
from failwise.evaluation.coverage.judging import Count, judge
from failwise.evaluation.coverage.mastery import Floats

PROBES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48)  # of each fact, that are tried
PARTS = (1.0, 0.5, 0.25)  # of the facts, that are asked about
AUDITS = 40  # simulated for each


@dataclass(frozen=True, slots=True)
class Claim:
    """What is to be shown of a student, and how likely that is to come out.

    Args:
        share: the least share of the facts that are known.
        confidence: how probable that must be after the audit.
        expected: the share that the student really knows; of the others it knows nothing.
        power: in what share of such audits the claim is to come out.
    """

    share: float
    confidence: float = 0.95
    expected: float = 0.98
    power: float = 0.8

    def __post_init__(self) -> None:
        for name in ("share", "confidence", "expected", "power"):
            if not 0 < getattr(self, name) <= 1 or (name in ("confidence", "power") and getattr(self, name) == 1):
                raise InputError(f"{name} is {getattr(self, name)}; it is a share above 0 and below 1")
        if self.expected <= self.share:
            raise InputError(
                f"a student that knows {self.expected:.0%} of the facts cannot be shown to know {self.share:.0%}; "
                "claim less, or expect more"
            )


@dataclass(frozen=True, slots=True)
class Design:
    """An audit that supports a claim: how many facts, how many questions of each, in what share of audits it does."""

    facts: int
    probes: int
    success: float

    @property
    def questions(self) -> int:
        """How many questions that is."""
        return self.facts * self.probes


def plan_probes(
    groups: Sequence[Hashable], options: int, claim: Claim, advance: Callable[[], None] = lambda: None
) -> list[Design]:
    """Return the designs that support a claim, the one with the fewest questions first; none where no number would do.

    Args:
        groups: of each fact: facts of one group are expected to be mastered alike.
        options: how many options a question has.
        advance: called after every simulated audit.

    Raises:
        InputError: there is no fact, or a question has one option.
    """
    if not groups:
        raise InputError("there is no fact to ask about; name asset classes and relations that have some")
    if options < 2:
        raise InputError(f"a question has two options or more, not {options}")
    sizes = dict.fromkeys(max(1, round(part * len(groups))) for part in PARTS)
    found = (_least(groups, size, options, claim, advance) for size in sizes)
    return sorted((design for design in found if design), key=lambda d: (d.questions, d.probes))


def most_audits() -> int:
    """Return how many audits are simulated at most."""
    return len(PARTS) * AUDITS * (len(PROBES).bit_length() + 1)


def _least(
    groups: Sequence[Hashable], size: int, options: int, claim: Claim, advance: Callable[[], None]
) -> Design | None:
    """Return the design with the fewest questions of each fact; more of them make the claim no less likely."""
    low, high, best = 0, len(PROBES) - 1, None
    while low <= high:
        middle = (low + high) // 2
        tried = Design(size, PROBES[middle], _success(groups, size, PROBES[middle], options, claim, advance))
        if tried.success >= claim.power:
            best, high = tried, middle - 1
        else:
            low = middle + 1
    return best


def _success(
    groups: Sequence[Hashable], size: int, probes: int, options: int, claim: Claim, advance: Callable[[], None]
) -> float:
    """Return in what share of audits the claim comes out; less where it is clear that the power is not reached."""
    come_out = 0
    for number in range(AUDITS):
        if (come_out + AUDITS - number) / AUDITS < claim.power:
            break
        rng = np.random.default_rng([number, size, probes])
        asked = rng.choice(len(groups), size, replace=False)
        mastery: Floats = (rng.random(size) < claim.expected).astype(float)
        right = rng.binomial(probes, 1 / options + (1 - 1 / options) * mastery)
        counts = [Count(int(place), 1 / options, probes, int(n)) for place, n in zip(asked, right, strict=True)]
        shares = judge(groups, counts).worlds.mean(1)
        come_out += bool((shares >= claim.share).mean() >= claim.confidence)
        advance()
    return come_out / AUDITS
