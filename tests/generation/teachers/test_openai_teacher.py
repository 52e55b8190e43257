"""The openai teacher asks for what is configured, and keeps what the server says of its own words."""

import json
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from failwise.errors import InputError, TeacherError
from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.rationales.requests import Requests
from failwise.generation.teachers.completion import ServerReply, read_completion
from failwise.generation.teachers.openai_teacher import OpenAITeacher
from failwise.generation.teachers.prompts import ideal_reply
from failwise.generation.teachers.teacher import TeacherRequest
from failwise.generation.teachers.transport import Caller, Transport
from failwise.kg.graph import KnowledgeGraph

pytest.importorskip("urllib3")


@pytest.fixture
def request_(toy: KnowledgeGraph) -> TeacherRequest:
    question = next(iter(Synthesis(toy, QuestionsConfig(asset_classes=("toy pump",)))))
    return Requests(toy, RationalesConfig()).first(question)


@contextmanager
def server(choice: dict[str, Any], seen: list[dict[str, Any]]) -> Iterator[str]:
    """Serve one choice to everybody; yield the base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            data = json.dumps({"choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent."""

    found = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=found.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{found.server_address[1]}/v1"
    finally:
        found.shutdown()
        found.server_close()
        thread.join()


def tokens(*values: Any) -> dict[str, Any]:
    return {"content": [{"token": "x", "logprob": value, "top_logprobs": []} for value in values]}


@pytest.mark.parametrize(
    ("logprobs", "mean"),
    [(tokens(-0.5, -1.5), -1.0), (tokens(-0.25), -0.25), (None, None), (tokens(), None), ({"content": None}, None)],
)
def test_a_reply_says_how_sure_the_model_was(
    toy: KnowledgeGraph, request_: TeacherRequest, logprobs: Any, mean: float | None
) -> None:
    content = ideal_reply(request_.question, "so it is", request_.question.answer_ids)
    seen: list[dict[str, Any]] = []
    with server({"finish_reason": "stop", "message": {"content": content}, "logprobs": logprobs}, seen) as url:
        reply = OpenAITeacher(RationalesConfig(teacher="openai", model="m", base_url=url, logprobs=True), toy).reason(
            request_
        )
        OpenAITeacher(RationalesConfig(teacher="openai", model="m", base_url=url), toy).reason(request_)
    assert isinstance(reply, ServerReply)
    assert (reply.logprob, reply.fault, reply.completion_tokens) == (mean, "", 3)
    assert [body.get("logprobs") for body in seen] == [True, None]


@pytest.mark.parametrize("value", [None, "much", [1], math.nan, -math.inf, 10**400])
def test_a_probability_that_is_nonsense_is_none(value: Any) -> None:
    body = {"choices": [{"message": {"content": "x"}, "logprobs": tokens(-1.0, value)}]}
    found = read_completion(json.dumps(body).encode())
    assert found is not None and found.logprob is None and found == read_completion(json.loads(json.dumps(body)))


def test_a_caller_brings_its_own_key_and_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "an0ther-key")
    monkeypatch.delenv("THIS_KEY", raising=False)
    caller = Caller("the judge", "judge.base_url", "THIS_KEY")
    with pytest.raises(TeacherError, match=r"^the judge at .* THIS_KEY is not in the env.*; check judge\.base_url"):
        Transport(RationalesConfig(model="m"), caller)
    with pytest.raises(InputError, match=r"the address of the judge .* give the key in THIS_KEY"):
        Transport(RationalesConfig(model="m", base_url="http://me:s3cret@127.0.0.1/v1"), caller)
    monkeypatch.setenv("THIS_KEY", "s3cret-key")
    assert Transport(RationalesConfig(model="m"), caller).clean("s3cret-key an0ther-key") == "*** an0ther-key"
