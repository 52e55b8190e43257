"""A voter behind any server that speaks OpenAI's chat completions. The key comes from the environment alone."""

import json
from typing import Any

from failwise.files import content_id
from failwise.generation.config import RationalesConfig
from failwise.generation.consensus.config import ConsensusConfig, VoterConfig
from failwise.generation.consensus.prompts import SCHEMA
from failwise.generation.consensus.records import VotePrompt, VoteReply
from failwise.generation.teachers.completion import FAULTS as UNREADABLE
from failwise.generation.teachers.completion import read_completion
from failwise.generation.teachers.transport import FAULTS, Caller, Transport

# Faults of the server, not of the prompt: the vote stops instead of noting that the voter has no answer.
_DOWN = ("busy", "server-error", "connection-lost")
_FORMS: dict[str, dict[str, Any]] = {
    "schema": {"type": "json_schema", "json_schema": {"name": "vote", "strict": True, "schema": SCHEMA}},
    "object": {"type": "json_object"},
}


def _transport(voter: VoterConfig, config: ConsensusConfig) -> Transport:
    """Return the way to a voter's server: its own key goes there, and no other key does."""
    settings = RationalesConfig(
        model=voter.model,
        base_url=voter.base_url,
        timeout=config.timeout,
        connect_timeout=config.connect_timeout,
        retries=config.tries,
        concurrency=config.concurrency,
    )
    return Transport(settings, Caller(f"the voter {voter.called!r}", "its base_url, its model", voter.key))


class OpenAIVoter:
    """Asks one model for its vote."""

    def __init__(self, voter: VoterConfig, config: ConsensusConfig) -> None:
        self._voter, self._config = voter, config
        self._transport = _transport(voter, config)
        self.name = voter.called
        self.fingerprint = content_id("openai", voter.model, voter.base_url, config.max_tokens, config.form)

    def vote(self, prompt: VotePrompt) -> VoteReply:
        """Ask once. A request that the server refuses is a fault; a server that cannot be used is an error.

        Raises:
            TeacherError: no connection, no permission, no such model, or out of order for longer than all tries took.
        """
        body = json.dumps(self._parameters(prompt), ensure_ascii=False).encode("utf-8", "replace")
        sent = self._transport.post("chat/completions", body)
        fault = f"{FAULTS.get(sent.fault, sent.fault)} {sent.detail}".strip()
        if sent.fault in _DOWN:
            raise self._transport.unusable(fault)
        return VoteReply("", fault=fault) if sent.fault else self._read(sent.body)

    def _parameters(self, prompt: VotePrompt) -> dict[str, Any]:
        said = [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]
        form = _FORMS.get(self._config.form)
        return {
            "model": self._voter.model,
            "messages": said,
            "temperature": prompt.temperature,
            "max_tokens": self._config.max_tokens,
            **({"response_format": form} if form else {}),
        }

    def _read(self, body: bytes) -> VoteReply:
        clean, found = self._transport.clean, read_completion(body)
        if found is None:
            return VoteReply(clean(body.decode("utf-8", "replace")), fault=UNREADABLE["not-a-completion"])
        fault = "it was cut off by max_tokens" if found.finish == "length" else ""
        return VoteReply(clean(found.content), found.prompt_tokens, found.completion_tokens, fault)
