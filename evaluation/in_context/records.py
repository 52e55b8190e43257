"""Records of the check: exemplars, conditions and what was answered under them."""

from dataclasses import dataclass

from failwise.generation.records import Question

NONE, RANDOM, CURATED = "none", "random", "curated"


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A question with its answer and rationale, to stand in a prompt before another question.

    `text` is the rationale without its citations. `tells` are the bundles of facts that question and rationale give
    away; `family` is relation, direction and polarity. `verified` says that the graph supports every claim of it.
    """

    question: Question
    text: str
    tells: frozenset[str]
    family: str
    verified: bool

    @property
    def words(self) -> int:
        """Length of the rationale."""
        return len(self.text.split())


@dataclass(frozen=True, slots=True, order=True)
class Condition:
    """What stands before the question: so many exemplars, who picked them, and whether with their rationale."""

    source: str
    rationale: bool
    shots: int

    @property
    def name(self) -> str:
        """Return it in words."""
        if not self.shots:
            return "zero-shot"
        return f"{self.source}, k = {self.shots}{', with rationale' if self.rationale else ''}"


@dataclass(frozen=True, slots=True)
class Shot:
    """An exemplar as it stands in the prompt; `text` is "" where its rationale is left out."""

    question: Question
    text: str


@dataclass(frozen=True, slots=True)
class ShotAnswer:
    """What was answered under one condition.

    `exemplars` are the ids of those in the prompt; there are fewer than `shots` where `too_long` of them did not fit
    into the context, or where all others would have told the tested facts. `scores` and `choice` are as in `Answer`;
    without scores not even the question fitted. `fingerprint` tells this prompt to this model from any other.
    """

    question_id: str
    source: str
    rationale: bool
    shots: int
    fingerprint: str
    exemplars: tuple[str, ...]
    too_long: int
    scores: tuple[float, ...]
    choice: int | None
    right: bool

    @property
    def condition(self) -> Condition:
        """Return under what it was answered."""
        return Condition(self.source, self.rationale, self.shots)
