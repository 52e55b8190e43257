"""Voters that play a part, and facts of the toy graph for them to vote on."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from failwise.generation.consensus.config import ConsensusConfig
from failwise.generation.consensus.records import Answer, Vote, VotePrompt, VoteReply

CONFIG = ConsensusConfig(concurrency=3)


def says(answer: str, confidence: float) -> str:
    """Return a reply as it is asked for."""
    return json.dumps({"answer": answer, "confidence": confidence})


@dataclass
class Scripted:
    """A voter that answers by a script and remembers what it was asked."""

    name: str
    script: Callable[[VotePrompt], str] = lambda prompt: says("yes", 90)
    fingerprint: str = "scripted"
    asked: list[VotePrompt] = field(default_factory=list)

    def vote(self, prompt: VotePrompt) -> VoteReply:
        """Play the script; every call costs 10 and 5 tokens."""
        self.asked.append(prompt)
        return VoteReply(self.script(prompt), 10, 5)


def vote(
    voter: str, answer: str | None, confidence: float | None = None, *, fact: str = "f", hidden: bool = False
) -> Vote:
    """Return a vote."""
    return Vote(fact, voter, "", Answer(answer) if answer else None, confidence, "raw", 1, "", hidden)
