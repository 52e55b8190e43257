"""Records this stage writes: questions (FailureSensorIQ's field names, then ours), rationales, rejects."""

from dataclasses import dataclass
from enum import StrEnum

from failwise.kg.records import Direction, Polarity


class Arity(StrEnum):
    """How many options a question asks for: the one that is right, or all that are, which may be none."""

    SINGLE = "single"
    MULTIPLE = "multiple"


class Kind(StrEnum):
    """How an option came to stand in its question.

    answer          right
    contrast        wrong here, and right for another anchor of a contrast group
    degree-matched  stated no; as often right elsewhere in its table as the options beside it
    same-anchor     stated no, drawn by chance
    name-near       stated no; its name looks like the right option's
    embedding-near  stated no; its name means nearly what the right option's means
    sibling-asset   stated no for this asset class, yes for one of its kin
    out-of-asset    stated no for the asset class as a whole
    none-of-these   says that none of the other options is right
    """

    ANSWER = "answer"
    CONTRAST = "contrast"
    DEGREE_MATCHED = "degree-matched"
    SAME_ANCHOR = "same-anchor"
    NAME_NEAR = "name-near"
    EMBEDDING_NEAR = "embedding-near"
    SIBLING_ASSET = "sibling-asset"
    OUT_OF_ASSET = "out-of-asset"
    NONE_OF_THESE = "none-of-these"


@dataclass(frozen=True, slots=True)
class Question:
    """One multiple-choice question.

    The first eleven fields are FailureSensorIQ's own, so that files interchange. `fact_ids` stands beside
    `options`: the fact that each option's truth rests on, nothing for "none of these". `tested_fact` is the fact of
    the one right option; it is empty where several are asked for, and where "none of these" is right.
    `asset_class` is that of the tested fact (of the first option where there is none). `distractor_kinds` stands
    beside `options` too and holds `Kind`s. `group` names the contrast group: the questions that share one set of
    options, each with another right one. A question read from elsewhere that could not be linked to the graph has
    no facts; `perturbation_of` is the id of the question that this one is a variant of, `perturbation` says how.
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
    arity: Arity = Arity.SINGLE
    anchor: str = ""
    fact_ids: tuple[str, ...] = ()
    tested_fact: str = ""
    template: str = ""
    distractor_kinds: tuple[str, ...] = ()
    group: str = ""
    difficulty: str = ""
    language: str = "en"
    seed: int = 0
    regime: str = ""
    split: str = ""
    ontology: str = ""
    perturbation: str = ""
    perturbation_of: str | None = None

    @property
    def answer_ids(self) -> str:
        """Return the ids of the right options as a teacher gives them: "B", "A,C", or "none"."""
        return ",".join(i for i, right in zip(self.option_ids, self.correct, strict=True) if right) or "none"

    @property
    def answer(self) -> int:
        """Index of the right option (the first, if there are several).

        Raises:
            ValueError: no option is right.
        """
        return self.correct.index(True)

    @property
    def tested_facts(self) -> tuple[str, ...]:
        """Facts that one must know to answer: the right option's, or every option's where several may be right."""
        return (self.tested_fact,) if self.tested_fact else tuple(filter(None, self.fact_ids))


class Style(StrEnum):
    """How a rationale argues. The first three are those of *Fine-Tuned Thoughts*."""

    STANDARD = "standard"  # step by step
    EXPERT = "expert"  # as a reliability engineer would put it
    INDUCTIVE = "inductive"  # from what is known of each option to the rule, and from it to the answer
    CONCISE = "concise"  # what decides, and no more


@dataclass(frozen=True, slots=True)
class Rationale:
    """A teacher's reasoning to an answer, as it was accepted.

    `text` cites evidence as [id]. `answer` holds the ids of the options said to be right, as "B", "A,C" or "none".
    `shown` says that the teacher was shown the answer. The claims in the text are counted by what the graph says to
    them. `logprob` is the mean log probability of its tokens, where it was asked for.
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
    style: Style = Style.STANDARD
    shown: bool = False
    model: str = ""
    supported: int = 0
    contradicted: int = 0
    unverifiable: int = 0
    logprob: float | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that was dropped, and why. `raw` is what was rejected, untouched; tokens are those of all attempts."""

    record_id: str
    reason: str
    rule: str
    raw: str
    attempts: int = 1
    prompt_tokens: int = 0
    completion_tokens: int = 0
