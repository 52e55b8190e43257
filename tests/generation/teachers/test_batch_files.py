"""Batch files: limits kept, and every line read for what it says, whichever endpoint wrote it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failwise.errors import InputError
from failwise.generation.teachers.batch_files import FAULTS, BatchReply, read_batches, request_line, write_batches
from failwise.generation.teachers.completion import Completion
from failwise.generation.teachers.openai_teacher import FAULTS as LIVE
from failwise.generation.teachers.transport import MOST_BYTES, UNREACHED

USAGE = {"prompt_tokens": 10, "completion_tokens": 3}
Read = Callable[..., BatchReply]


def answered(content: Any = "yes", **choice: Any) -> dict[str, Any]:
    """Return the line of a reply."""
    message = {"finish_reason": "stop", "message": {"role": "assistant", "content": content}} | choice
    body = {"choices": [message], "usage": USAGE}
    return {"id": "x", "custom_id": "one", "response": {"status_code": 200, "body": body}, "error": None}


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that writes one line, reads it back, and returns what it says."""

    def call(line: dict[str, Any]) -> BatchReply:
        path = tmp_path / "output.jsonl"
        path.write_text(json.dumps(line) + "\n")
        [(where, reply)] = read_batches([path])
        assert where == f"{path}, line 1"
        return reply

    return call


def test_a_batch_is_split_at_its_limits(tmp_path: Path) -> None:
    lines = [b"x" * 9 + b"\n"] * 10
    assert write_batches(tmp_path, iter(lines), most_requests=4) == {
        "requests-00001.jsonl": 4,
        "requests-00002.jsonl": 4,
        "requests-00003.jsonl": 2,
    }
    assert list(write_batches(tmp_path, iter(lines), most_bytes=35).values()) == [3, 3, 3, 1]
    assert (tmp_path / "requests-00001.jsonl").stat().st_size == 30
    assert list(write_batches(tmp_path, iter(lines), most_bytes=5).values()) == [1] * 10
    assert write_batches(tmp_path, iter(())) == {}


def test_a_request_is_one_line_whatever_its_words() -> None:
    line = request_line("one", {"messages": [{"role": "user", "content": "Öl\n\u2028\ud800"}]})
    assert line.count(b"\n") == 1 and line.endswith(b"\n") and b"\\ud800" not in line
    assert json.loads(line)["url"] == "/v1/chat/completions"


def test_an_answer_is_read_as_a_live_one(read: Read) -> None:
    assert read(answered()) == BatchReply("one", Completion("yes", "stop", 10, 3))
    refused = read(answered(None, message={"content": None, "refusal": "I cannot."})).completion
    assert refused is not None and (refused.content, refused.refusal) == ("", "I cannot.")


# As OpenAI's endpoint writes them, and as vLLM's does: a text, or an error within an error.
ERRORS = [
    (None, {"code": "batch_expired", "message": "too late"}, "batch-error", "batch_expired: too late"),
    (None, None, "batch-error", "no reason given"),
    ({"status_code": 400, "body": None}, "no stream mode", "bad-request", "HTTP 400: no stream mode"),
    (
        {"status_code": 404, "body": None},
        {"error": {"message": "no such model", "type": "NotFoundError", "code": 404}},
        "batch-error",
        "HTTP 404: no such model",
    ),
    ({"status_code": 429, "body": {"error": {"message": "later"}}}, None, "busy", "HTTP 429: later"),
    ({"status_code": 503, "body": {"detail": "?"}}, None, "server-error", "HTTP 503: no reason given"),
    ({"status_code": 408, "body": None}, [1], "timeout", "HTTP 408: [1]"),
    ({"status_code": 200, "body": {"choices": []}}, None, "not-a-completion", '{"choices": []}'),
    ({"status_code": 200, "body": "<html>"}, None, "not-a-completion", "<html>"),
]


@pytest.mark.parametrize(("response", "error", "fault", "detail"), ERRORS)
def test_an_error_is_told_in_whatever_form_it_comes(
    read: Read, response: Any, error: Any, fault: str, detail: str
) -> None:
    reply = read({"custom_id": "one", "response": response, "error": error})
    assert (reply.completion, reply.fault, reply.detail) == (None, fault, detail)
    assert fault in LIVE | FAULTS
    assert (fault in UNREACHED) == (fault not in ("bad-request", "not-a-completion"))


def test_a_reply_that_is_too_large_keeps_its_tokens_alone(read: Read) -> None:
    reply = read(answered("x" * MOST_BYTES))
    assert (reply.fault, reply.completion) == ("too-large", Completion("", "stop", 10, 3))


def test_half_a_surrogate_pair_spoils_no_file(read: Read) -> None:
    found = read(answered("so \ud83d")).completion
    assert found is not None and found.content == "so ?"


@pytest.mark.parametrize(
    "line", ['{"custom_id": "a", "resp', "[]", "3", '{"response": null}', '{"custom_id": "a", "response": [1]}']
)
def test_what_is_no_reply_is_refused_by_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "output.jsonl"
    path.write_text(json.dumps(answered()) + "\n" + line)
    with pytest.raises(InputError, match=r"output\.jsonl, line 2 is not a batch reply .* the whole file again"):
        list(read_batches([path]))
