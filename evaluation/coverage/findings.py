"""The audit in words: how much is known, where it is uneven, what the student goes by instead of knowing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from failwise.evaluation.coverage.shortcuts import is_followed
from failwise.evaluation.metrics import CHANCE
from failwise.evaluation.perturbation import ALL as ALL_KINDS
from failwise.evaluation.records import Accuracy, FactAudit, Perturbed, RollUp, Shortcut

# Shares of facts known that count as all and as nothing, and how far apart two parts are before it is said.
ALL, NOTHING, APART = 0.95, 0.05, 0.25

# Questions of a fact, or of a direction and polarity of one, below which a share known can lie outside its interval
# (benchmarks/coverage.py --sparse).
ENOUGH = 4

# The least share of right answers that stays right in another way of asking, to be called steady.
STEADY = 0.9

HARD_TO_DECIDE = (
    "Facts were asked until they were decided: the shares of right answers are more of those that were hard to decide, "
    "and are not those of all questions. Go by the shares of facts known."
)

# Ways in which a fact was asked, each judged by itself.
_VIEWS = ("direction", "polarity")

# What parts are compared within; dimensions with many values, such as sensors, would always have two far apart.
_COMPARED = ("relation", "asset_class", *_VIEWS)


class Pattern(StrEnum):
    """What is found in an audit."""

    ALL = "knows nearly all"
    NOTHING = "knows next to nothing"
    PART = "knows a part"
    UNEVEN = "uneven"
    GUESSING = "cannot be told from guessing"
    SHORTCUT = "goes by a rule"
    UNSTEADY = "changes its answers"
    SPARSE = "asked too little"
    UNTIL_DECIDED = "asked until decided"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something found, of what (a dimension or a rule), in a sentence."""

    pattern: Pattern
    of: str
    text: str


def findings(
    roll_ups: Sequence[RollUp],
    shortcuts: Sequence[Shortcut],
    perturbed: Sequence[Perturbed] = (),
    facts: Sequence[FactAudit] = (),
    until_decided: bool = False,
    scores: Sequence[Accuracy] = (),
) -> list[Finding]:
    """Return what an audit shows, the most general first; nothing where no fact was audited."""
    whole = next((row for row in roll_ups if row.dimension == "all"), None)
    if whole is None:
        return []
    asked = [Finding(Pattern.UNTIL_DECIDED, "all", HARD_TO_DECIDE)] if until_decided else []
    doubts = [*_guessing(scores), *asked, *_sparse(facts, roll_ups)]
    return [_overall(whole), *doubts, *_uneven(roll_ups), *_followed(shortcuts), *_unsteady(perturbed)]


def _overall(row: RollUp) -> Finding:
    unasked = f" ({row.untested:,} of which it was not asked about)" if row.untested else ""
    known = f"The student knows {_range(row)} of the {row.facts:,} facts{unasked}"
    if row.share_low >= ALL:
        return Finding(Pattern.ALL, "all", f"{known}: nearly all of them.")
    if row.share_high <= NOTHING:
        return Finding(Pattern.NOTHING, "all", f"{known}: next to nothing.")
    return Finding(Pattern.PART, "all", f"{known}.")


def _guessing(scores: Sequence[Accuracy]) -> Iterator[Finding]:
    rows = {row.kind: row for row in scores}
    student, chance = rows.get("student"), rows.get(CHANCE)
    if student and chance and student.low <= chance.accuracy:
        yield Finding(
            Pattern.GUESSING,
            "all",
            f"Its answers cannot be told from guessing ({_percent(student.accuracy)} right, chance "
            f"{_percent(chance.accuracy)}): a guesser that likes some options better seems to know facts, too.",
        )


def _sparse(facts: Sequence[FactAudit], roll_ups: Sequence[RollUp]) -> Iterator[Finding]:
    asked = [fact.n for fact in facts if fact.n]
    few = sum(n < ENOUGH for n in asked)
    thin = [row.value for row in roll_ups if row.dimension in _VIEWS and row.n < ENOUGH * row.facts]
    if 2 * few > len(asked):
        yield Finding(
            Pattern.SPARSE,
            "all",
            f"Of {len(asked):,} facts asked, {few:,} were asked fewer than {ENOUGH} times: the share known leans on "
            "what is expected before any answer, and may lie outside its interval.",
        )
    elif thin:
        yield Finding(
            Pattern.SPARSE,
            "direction",
            f"In one direction and polarity a fact was asked fewer than {ENOUGH} times in the mean: the shares known "
            f"of {', '.join(thin)} lean on what is expected before any answer, and may lie outside their intervals.",
        )


def _uneven(roll_ups: Sequence[RollUp]) -> Iterator[Finding]:
    for dimension in _COMPARED:
        rows = [row for row in roll_ups if row.dimension == dimension and row.n]
        if len(rows) < 2:
            continue
        best, worst = max(rows, key=lambda r: r.share_low), min(rows, key=lambda r: r.share_high)
        if best.share_low - worst.share_high > APART:
            yield Finding(
                Pattern.UNEVEN,
                dimension,
                f"By {dimension.replace('_', ' ')} it is uneven: {best.value} {_range(best)} known, "
                f"{worst.value} {_range(worst)}.",
            )


def _followed(shortcuts: Sequence[Shortcut]) -> Iterator[Finding]:
    for shortcut in filter(is_followed, shortcuts):
        yield Finding(
            Pattern.SHORTCUT,
            shortcut.rule,
            f"Its errors go by the rule “{shortcut.rule}”, or one like it: of {shortcut.n:,}, "
            f"{_percent(shortcut.share)} ({_percent(shortcut.low)} to {_percent(shortcut.high)}) take the option that "
            f"the rule takes, where blind ones would in {_percent(shortcut.chance)}.",
        )


def _unsteady(perturbed: Sequence[Perturbed]) -> Iterator[Finding]:
    for row in perturbed:
        if row.kind != ALL_KINDS and row.original and row.recall_high < STEADY:
            yield Finding(
                Pattern.UNSTEADY,
                row.kind,
                f"It changes its answers where a question is asked in another way ({row.kind}): of what it had right, "
                f"{_percent(row.recall)} ({_percent(row.recall_low)} to {_percent(row.recall_high)}) stay right.",
            )


def _range(row: RollUp) -> str:
    return f"{_percent(row.share)} ({_percent(row.share_low)} to {_percent(row.share_high)})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
