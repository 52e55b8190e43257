"""Records this stage writes: questions (FailureSensorIQ's field names, then ours), rationales, rejects."""

from dataclasses import dataclass

from failwise.kg.records import Direction, Polarity


@dataclass(frozen=True, slots=True)
class Question:
    """One multiple-choice question.

    The first eleven fields are FailureSensorIQ's own, so that files interchange. `fact_ids` stands beside
    `options`: the fact that each option's truth rests on. `tested_fact` is the fact of the right option.
    A question read from elsewhere that could not be linked to the graph has neither.
    """

    subject: str
    id: str
    question: str
    options: tuple[str, ...]
    option_ids: tuple[str, ...]
    question_first: bool
    correct: tuple[bool, ...]
    text_type: str
    asset_name: str
    relevancy: str
    question_type: str
    asset_class: str = ""
    relation: str = ""
    direction: Direction | None = None
    polarity: Polarity | None = None
    anchor: str = ""
    fact_ids: tuple[str, ...] = ()
    tested_fact: str = ""
    template: str = ""
    distractor_kinds: tuple[str, ...] = ()
    difficulty: str = ""
    seed: int = 0
    regime: str = ""
    split: str = ""
    ontology: str = ""
    perturbation_of: str | None = None

    @property
    def answer(self) -> int:
        """Index of the right option (the first, if there are several)."""
        return self.correct.index(True)


@dataclass(frozen=True, slots=True)
class Rationale:
    """A teacher's reasoning to an answer, as it was accepted.

    `text` cites evidence as [fact id]. `answer` is an option id of the question.
    """

    question_id: str
    teacher: str
    fingerprint: str
    evidence: tuple[str, ...]
    text: str
    cited: tuple[str, ...]
    answer: str
    verdict: str
    attempts: int
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that was dropped, and why. `raw` is what was rejected, untouched."""

    record_id: str
    reason: str
    rule: str
    raw: str
    attempts: int = 1
