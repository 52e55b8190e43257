"""Ask every voter about every fact, once. A vote is on the disk as soon as it is cast, so that a run can go on."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from failwise.files import RecordLog, content_id, read_records
from failwise.generation.consensus import prompts
from failwise.generation.consensus.config import ConsensusConfig
from failwise.generation.consensus.records import Vote, VotePrompt
from failwise.generation.consensus.selection import Examples, hidden_facts, unknown_facts
from failwise.generation.consensus.voters import Voter
from failwise.kg.graph import KnowledgeGraph

VOTES = "votes.jsonl"


@dataclass(frozen=True, slots=True)
class Ballot:
    """One voter to be asked about one fact."""

    fact_id: str
    hidden: bool
    voter: Voter
    prompt: VotePrompt
    fingerprint: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes a vote this one: another wording, or another model of the same name, is another vote."""
        return self.fact_id, self.voter.name, self.fingerprint


def ballots(graph: KnowledgeGraph, config: ConsensusConfig, voters: Sequence[Voter]) -> list[Ballot]:
    """Return all that is to be asked, fact by fact, so that an interrupted vote leaves few facts half done."""
    examples = Examples(graph, config.examples, config.seed)
    found = []
    asked = [(f, False) for f in unknown_facts(graph, config)] + [(f, True) for f in hidden_facts(graph, config)]
    for fact, hidden in asked:
        prompt = prompts.render(prompts.words(graph, fact), examples.of(fact), config.temperature)
        for voter in voters:
            asked_as = content_id(prompts.VERSION, voter.fingerprint, prompt.system, prompt.user, prompt.temperature)
            found.append(Ballot(fact.id, hidden, voter, prompt, asked_as))
    return found


def cast_votes(
    todo: Sequence[Ballot],
    config: ConsensusConfig,
    folder: Path,
    advance: Callable[[int], None] = lambda n: None,
    *,
    again: bool = False,
) -> dict[tuple[str, str, str], Vote]:
    """Ask what was not answered yet, and return the votes on these ballots.

    Args:
        advance: called with the number of votes done, for a progress bar.
        again: ask once more where an earlier vote ended without a usable reply.

    Raises:
        TeacherError: a voter cannot be used; the votes that were under way are kept.
    """
    wanted = {ballot.key: ballot for ballot in todo}
    with RecordLog(folder / VOTES) as log:
        votes = {key: vote for key, vote in read_votes(folder).items() if key in wanted}
        open_ = [b for key, b in wanted.items() if key not in votes or (again and votes[key].answer is None)]
        advance(len(wanted) - len(open_))
        for vote in _in_flight(open_, config):
            log.append(vote)
            votes[vote.fact_id, vote.voter, vote.fingerprint] = vote
            advance(1)
    return votes


def read_votes(folder: Path) -> dict[tuple[str, str, str], Vote]:
    """Return the votes of a folder by fact, voter and fingerprint; the last one counts."""
    path = folder / VOTES
    votes = read_records(path, Vote, torn_tail=True) if path.is_file() else ()
    return {(v.fact_id, v.voter, v.fingerprint): v for v in votes}


def _in_flight(todo: Iterable[Ballot], config: ConsensusConfig) -> Iterator[Vote]:
    """Yield votes as they come. After an error nothing new is asked; what is under way is paid for, and waited for."""
    waiting, failed = iter(todo), None
    with ThreadPoolExecutor(config.concurrency) as pool:
        flying: set[Future[Vote]] = {pool.submit(_vote, b, config) for b in islice(waiting, config.concurrency)}
        while flying:
            landed, flying = wait(flying, return_when=FIRST_COMPLETED)
            for future in landed:
                failed = failed or future.exception()
                if future.exception() is None:
                    yield future.result()
            fresh = 0 if failed else config.concurrency - len(flying)
            flying |= {pool.submit(_vote, b, config) for b in islice(waiting, fresh)}
    if failed is not None:
        raise failed


def _vote(ballot: Ballot, config: ConsensusConfig) -> Vote:
    """Ask until a reply is usable; after the last retry the vote has no answer."""
    prompt, tokens, read, raw, attempt = ballot.prompt, [0, 0], "", "", 0
    answer, confidence = None, None
    for attempt in range(1, config.retries + 2):
        reply = ballot.voter.vote(prompt)
        tokens = [tokens[0] + reply.prompt_tokens, tokens[1] + reply.completion_tokens]
        found, raw = prompts.parse(reply.text), reply.text[: prompts.LONGEST_REPLY]
        if not isinstance(found, str):
            (answer, confidence), read = found, ""
            break
        read = reply.fault or found
        prompt = prompts.ask_again(ballot.prompt, attempt + 1, found)
    return Vote(
        ballot.fact_id,
        ballot.voter.name,
        ballot.fingerprint,
        answer,
        confidence,
        raw,
        attempt,
        read,
        ballot.hidden,
        *tokens,
    )
