"""A model as teacher, behind any server that speaks OpenAI's chat completions: vLLM, llama.cpp, a hosted one."""

import json
from dataclasses import dataclass
from typing import Any

from failwise.errors import TeacherError
from failwise.generation.config import RationalesConfig
from failwise.generation.teachers import prompts
from failwise.generation.teachers.completion import read_completion
from failwise.generation.teachers.teacher import TeacherReply, TeacherRequest
from failwise.generation.teachers.transport import FAULTS as TRANSPORT_FAULTS
from failwise.generation.teachers.transport import Sent, Transport
from failwise.kg.graph import KnowledgeGraph

# What a server says about a reply of its own that nobody should read as a rationale.
FINISHES = {"length": "cut-off", "content_filter": "filtered"}
FAULTS = TRANSPORT_FAULTS | {
    "cut-off": "the model was stopped at rationales.max_tokens before it had finished",
    "filtered": "the server's filter took the reply away",
    "no-content": "the model wrote nothing",
}


@dataclass(frozen=True, slots=True)
class ServerReply(TeacherReply):
    """A reply with what its way here was like: see `transport.Sent`."""

    refused: int = 0
    lost: int = 0


class OpenAITeacher:
    """Asks a server. The key comes from the environment (OPENAI_API_KEY) and is written nowhere."""

    def __init__(self, config: RationalesConfig, graph: KnowledgeGraph) -> None:
        if not config.model:
            raise TeacherError("the openai teacher needs a model name; set rationales.model")
        self._config = config
        self._transport = Transport(config)

    def reason(self, request: TeacherRequest) -> TeacherReply:
        """Ask once. What comes back unusable is a reply with a fault; a server that cannot be used is an error.

        Raises:
            TeacherError: no connection, no permission, no such model; naming the address.
        """
        body = json.dumps(self._parameters(request), ensure_ascii=False).encode("utf-8", "replace")
        sent = self._transport.post("chat/completions", body)
        if sent.fault:
            raw = f"{FAULTS[sent.fault]}; {sent.detail}".removesuffix("; ")
            return ServerReply("", None, raw=self._transport.clean(raw), fault=sent.fault, **_way(sent))
        return self._completion(request, sent)

    def close(self) -> None:
        """Try nothing again from now on; what was sent is still waited for."""
        self._transport.close()

    def _parameters(self, request: TeacherRequest) -> dict[str, Any]:
        return prompts.chat_request(request, self._config.model, self._config.max_tokens)

    def _parse(self, content: str, request: TeacherRequest) -> tuple[str, str | None, str]:
        return prompts.parse(content, request.question)

    def _completion(self, request: TeacherRequest, sent: Sent) -> ServerReply:
        clean, found = self._transport.clean, read_completion(sent.body)
        if found is None:
            raw = clean(sent.body.decode("utf-8", "replace"))
            return ServerReply("", None, raw=raw, fault="not-a-completion", **_way(sent))
        content, used = clean(found.content), (found.prompt_tokens, found.completion_tokens)
        fault = FINISHES.get(found.finish) or ("" if content.strip() else "no-content")
        if fault:
            return ServerReply("", None, *used, raw=content, fault=fault, **_way(sent))
        text, answer, fault = self._parse(content, request)
        return ServerReply(clean(text), answer, *used, raw=content, fault=fault, **_way(sent))


def _way(sent: Sent) -> dict[str, int]:
    return {"refused": sent.refused, "lost": sent.lost}
