"""Records this stage writes: answers, accuracy rows, and the audit of facts."""

from collections.abc import Sequence
from dataclasses import dataclass

# Files of an audit, and of a score table.
AUDITS, ROLL_UPS, SCORES = "facts.jsonl", "roll-ups.jsonl", "scores.jsonl"
SHORTCUTS, PERTURBED, CONFORMAL, HOLES = "shortcuts.jsonl", "perturbed.jsonl", "conformal.jsonl", "holes.jsonl"
RELIABILITY = "reliability.jsonl"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a student said to one question.

    `scores` stand beside the question's options, in nats: summed log-likelihood of the option's text, or by how much
    yes is likelier than no. `choice` is the index of the chosen option; None is "no answer", which is not the same as
    wrong: then a score was no number, or the reply named no option. `reasons` is what the student wrote before it
    answered, `reply` all that it wrote where it was to answer in writing; then there are no scores.

    `chosen` are the options that it chose where a question asks for all right ones, and may be none of them; then
    `choice` is None, and `right` says whether they are just the right ones.
    """

    question_id: str
    student: str
    scores: tuple[float, ...]
    choice: int | None
    right: bool
    latency_ms: float
    reasons: str = ""
    reply: str = ""
    chosen: tuple[int, ...] | None = None

    @property
    def silent(self) -> bool:
        """Say whether there is no answer."""
        return self.choice is None and self.chosen is None


def is_right(choice: int | None, chosen: Sequence[int] | None, correct: Sequence[bool]) -> bool:
    """Say whether an answer is right: its choice is, or it chose just the right options."""
    if chosen is not None:
        return set(chosen) == {place for place, right in enumerate(correct) if right}
    return choice is not None and correct[choice]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A row of the score table: share of right answers with its 95 % interval by anchor; chance is known exactly.

    `ahead` is the student's share minus that of this row on the same questions, `ahead_low` to `ahead_high` its 95 %
    interval by anchor; None in the student's own row, and where there is no student.
    """

    name: str
    kind: str
    n: int
    right: float
    accuracy: float
    low: float
    high: float
    ahead: float | None = None
    ahead_low: float | None = None
    ahead_high: float | None = None


@dataclass(frozen=True, slots=True)
class FactAudit:
    """What the student's answers say about one fact.

    It was asked `n` times and `right` answers came; `chance` is the mean share that luck would have right. `mastery` is
    the expected share of its probes that the student answers by knowing, `low` to `high` its 95 % interval;
    `p_known` and `p_wrong` are how probable it is that this share is at least three quarters, and at most one. An
    unknown fact was asked nothing, and nothing is said of it.
    """

    fact_id: str
    asset_class: str
    relation: str
    subject: str
    object: str
    truth: str
    n: int
    right: int
    chance: float
    mastery: float
    low: float
    high: float
    p_known: float
    p_wrong: float
    state: str


@dataclass(frozen=True, slots=True)
class Shortcut:
    """How many of a student's errors take the option that a rule takes: `followed` of the `n` that could.

    `share` is that of `followed`, `low` to `high` its 95 % interval; `chance` is what blind errors would take.
    """

    rule: str
    n: int
    followed: int
    share: float
    low: float
    high: float
    chance: float


@dataclass(frozen=True, slots=True)
class Perturbed:
    """What becomes of a student's answers when the same questions are asked in another way.

    Of `n` pairs the shares right before (`original`) and after (`perturbed`), their difference (`drop`, below 0 where
    it is a loss), right in both (`consistent`, `low` to `high` its 95 % interval), and right after of those right
    before (`recall`). `p` is that of the difference, whole anchors flipped. The rest counts pairs: right both times,
    right before alone (`lost`), after alone (`gained`), the same wrong option both times, another wrong one, no answer
    after.
    """

    kind: str
    n: int
    original: float
    perturbed: float
    drop: float
    consistent: float
    low: float
    high: float
    recall: float
    recall_low: float
    recall_high: float
    p: float
    stayed_right: int
    lost: int
    gained: int
    stayed_wrong: int
    moved: int
    silent: int


@dataclass(frozen=True, slots=True)
class Conformal:
    """Sets of options that are to hold the right one in nine of ten answers, by one method, of one group.

    `coverage` is how often they do, `low` to `high` its 95 % interval; `size` is how many options they hold in the
    mean, of so many `options`. `uacc` is the accuracy through that size, times the square root of the options.
    """

    method: str
    dimension: str
    value: str
    n: int
    coverage: float
    low: float
    high: float
    size: float
    options: float
    accuracy: float
    uacc: float


@dataclass(frozen=True, slots=True)
class RollUp:
    """Facts of one group (a relation, an asset class, a direction, …): their states, their answers, what is known.

    `accuracy` is the share of right answers among `n`; its interval stands in the measures, by anchor. `share` is the
    expected share of the facts that the student knows, those included that were not asked, and `share_low` to
    `share_high` its 95 % interval.
    """

    dimension: str
    value: str
    facts: int
    known: int
    wrong: int
    inconsistent: int
    undersampled: int
    untested: int
    n: int
    right: int
    accuracy: float
    chance: float
    share: float
    share_low: float
    share_high: float
