"""Who votes: anything that answers a prompt: a model at a server (`openai_voter`), or a function."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from failwise.errors import InputError
from failwise.generation.consensus.config import ConsensusConfig
from failwise.generation.consensus.records import VotePrompt, VoteReply


class Voter(Protocol):
    """Anything that can be asked whether a statement is true; `vote` is called from several threads."""

    @property
    def name(self) -> str:
        """What the voter is called in files."""
        ...

    @property
    def fingerprint(self) -> str:
        """Tells this voter from another one of the same name; nothing secret is part of it."""
        ...

    def vote(self, prompt: VotePrompt) -> VoteReply:
        """Answer a prompt.

        Raises:
            TeacherError: the voter cannot be used at all; the vote stops, what is done is kept.
        """
        ...


@dataclass(frozen=True, slots=True)
class FunctionVoter:
    """A function that votes: a model in the same process, a panel, a script in a test."""

    name: str
    function: Callable[[VotePrompt], str]
    fingerprint: str = ""

    def vote(self, prompt: VotePrompt) -> VoteReply:
        """Call the function."""
        return VoteReply(self.function(prompt))


def find_voters(config: ConsensusConfig) -> Sequence[Voter]:
    """Return the voters that a configuration names.

    Raises:
        InputError: it names none.
    """
    if not config.voters:
        raise InputError(
            "nobody votes: name models with --voter MODEL@URL, or in the section consensus: of the configuration "
            "(voters: [{model: ..., base_url: ...}])"
        )
    from failwise.generation.consensus.openai_voter import OpenAIVoter

    return [OpenAIVoter(voter, config) for voter in config.voters]
