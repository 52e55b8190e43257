"""Records of a consensus: prompts, replies, votes, and what the votes on one fact come to."""

from dataclasses import dataclass
from enum import StrEnum


class Answer(StrEnum):
    """What a voter says to a statement."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


class Outcome(StrEnum):
    """What the votes on one fact come to. Only a consensus is proposed; everything else says why not.

    consensus      a majority, and all who agree are sure enough
    not-confident  a majority, and one who agrees is not sure enough
    no-majority    no answer has the share that is asked for
    tie            two answers share the most votes
    unsure         most voters are unsure
    too-few-votes  fewer usable votes than a consensus needs
    """

    CONSENSUS = "consensus"
    NOT_CONFIDENT = "not-confident"
    NO_MAJORITY = "no-majority"
    TIE = "tie"
    UNSURE = "unsure"
    TOO_FEW_VOTES = "too-few-votes"


@dataclass(frozen=True, slots=True)
class VotePrompt:
    """What a voter is asked. `attempt` counts from 1: a further one says what was wrong with the reply before."""

    system: str
    user: str
    temperature: float
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class VoteReply:
    """A voter's reply as it came. `fault` says in a word why there is none, where the voter itself knows."""

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Vote:
    """One voter's word on one fact, after all its attempts.

    `answer` and `confidence` (0 to 100) are None where no reply was usable; `fault` then says what was wrong with
    the last one. `raw` is that last reply, clipped. `hidden` says that the graph states the fact, and that the
    voter was asked to be checked. `fingerprint` tells this prompt to this voter from any other; tokens are those of
    all attempts.
    """

    fact_id: str
    voter: str
    fingerprint: str
    answer: Answer | None
    confidence: float | None
    raw: str
    attempts: int
    fault: str = ""
    hidden: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """A fact with its votes and what they come to.

    `share` is that of `answer` among all voters who were asked; `lowest` is the least confidence of those who agree.
    """

    fact_id: str
    asset_class: str
    relation: str
    subject: str
    object: str
    statement: str
    outcome: Outcome
    answer: Answer | None
    share: float
    lowest: float | None
    votes: tuple[Vote, ...]

    @property
    def agreeing(self) -> tuple[str, ...]:
        """Names of the voters that gave the answer."""
        return tuple(v.voter for v in self.votes if self.answer is not None and v.answer is self.answer)
