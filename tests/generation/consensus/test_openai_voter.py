"""A voter behind a server, the whole way of the real client over a loopback connection."""

from typing import Any

import pytest

from failwise.errors import TeacherError
from failwise.generation.consensus.config import ConsensusConfig, VoterConfig
from failwise.generation.consensus.openai_voter import OpenAIVoter
from failwise.generation.consensus.records import VotePrompt
from failwise.generation.teachers.fake_teachers import openai_server
from tests.generation.consensus.panel import says

pytest.importorskip("urllib3")
PROMPT = VotePrompt("system", "user", 0.0)
CONFIG = ConsensusConfig(tries=1)


def test_it_asks_at_temperature_zero_for_the_schema() -> None:
    seen: list[dict[str, Any]] = []

    def answer(request: dict[str, Any]) -> tuple[int, str]:
        seen.append(request)
        return 200, says("no", 75)

    with openai_server(answer) as url:
        reply = OpenAIVoter(VoterConfig(model="m", base_url=url), CONFIG).vote(PROMPT)
    assert reply.text == says("no", 75) and reply.prompt_tokens > 0 and not reply.fault
    assert seen[0]["temperature"] == 0 and seen[0]["response_format"]["type"] == "json_schema"
    assert [m["content"] for m in seen[0]["messages"]] == ["system", "user"]


def test_a_refused_request_is_a_fault_and_a_lost_server_an_error() -> None:
    with openai_server(lambda request: (400, "too long")) as url:
        voter = OpenAIVoter(VoterConfig(model="m", base_url=url), CONFIG)
        assert "too long" in voter.vote(PROMPT).fault
    with pytest.raises(TeacherError, match="what is done is kept"):
        OpenAIVoter(VoterConfig(model="m", base_url=url), CONFIG.model_copy(update={"tries": 0})).vote(PROMPT)


def test_the_key_comes_from_the_environment_and_shows_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", "s3cret-key")
    monkeypatch.setenv("OPENAI_API_KEY", "an0ther-key")
    with openai_server(lambda request: (401, "bad key s3cret-key")) as url:
        voter = OpenAIVoter(VoterConfig(model="m", base_url=url, key="JUDGE_KEY"), CONFIG)
        with pytest.raises(TeacherError) as caught:
            voter.vote(PROMPT)
    assert "s3cret" not in str(caught.value) + voter.fingerprint and "bad key ***" in str(caught.value)
    assert voter._transport._headers["Authorization"] == "Bearer s3cret-key"
    monkeypatch.delenv("JUDGE_KEY")
    # Another server's key is not sent instead.
    assert (
        "Authorization"
        not in OpenAIVoter(VoterConfig(model="m", base_url=url, key="JUDGE_KEY"), CONFIG)._transport._headers
    )
    with pytest.raises(TeacherError, match="JUDGE_KEY is not in the environment"):
        OpenAIVoter(VoterConfig(model="m", key="JUDGE_KEY"), CONFIG)


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_stays_out_of_order_stops_the_vote(status: int) -> None:
    with openai_server(lambda request: (status, "later")) as url:
        voter = OpenAIVoter(VoterConfig(model="m", base_url=url), CONFIG.model_copy(update={"tries": 0}))
        with pytest.raises(TeacherError, match=f"the voter 'm' at .*HTTP {status}: .*later"):
            voter.vote(PROMPT)


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b'{"choices": []}', b'{"choices": [{"message": null}]}', b"\xff<html>"]
)
def test_what_is_no_completion_is_a_fault(body: bytes) -> None:
    voter = OpenAIVoter(VoterConfig(model="m", base_url="http://127.0.0.1:9/v1"), CONFIG)
    assert voter._read(body).fault == "the server's reply is not a chat completion"


def test_a_key_is_not_taken_from_a_configuration() -> None:
    with pytest.raises(ValueError, match="names an environment variable"):
        VoterConfig(model="m", key="sk-proj-abc")
