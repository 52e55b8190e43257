"""A model as teacher, behind any server that speaks OpenAI's chat completions: vLLM, llama.cpp, a hosted one."""

import json
from dataclasses import replace
from typing import Any

from failwise.errors import TeacherError
from failwise.generation.config import RationalesConfig
from failwise.generation.teachers import completion, prompts
from failwise.generation.teachers.completion import ServerReply, read_completion, to_reply
from failwise.generation.teachers.teacher import TeacherReply, TeacherRequest
from failwise.generation.teachers.transport import FAULTS as TRANSPORT_FAULTS
from failwise.generation.teachers.transport import Sent, Transport
from failwise.kg.graph import KnowledgeGraph

FAULTS = TRANSPORT_FAULTS | completion.FAULTS


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
            return self._nothing(sent, sent.fault, raw)
        return self._completion(request, sent)

    def close(self) -> None:
        """Try nothing again from now on; what was sent is still waited for."""
        self._transport.close()

    def _parameters(self, request: TeacherRequest) -> dict[str, Any]:
        return chat_body(request, self._config)

    def _parse(self, content: str, request: TeacherRequest) -> tuple[str, str | None, str]:
        return prompts.parse(content, request.question, request.evidence)

    def _completion(self, request: TeacherRequest, sent: Sent) -> ServerReply:
        clean, found = self._transport.clean, read_completion(sent.body)
        if found is None:
            return self._nothing(sent, "not-a-completion", sent.body.decode("utf-8", "replace"))
        found = replace(found, content=clean(found.content), refusal=clean(found.refusal))
        reply = to_reply(found, lambda content: self._parse(content, request), sent.refused, sent.lost)
        return replace(reply, text=clean(reply.text))

    def _nothing(self, sent: Sent, fault: str, raw: str) -> ServerReply:
        raw = self._transport.clean(raw)
        return ServerReply("", None, raw=raw, fault=fault, refused=sent.refused, lost=sent.lost)


def chat_body(request: TeacherRequest, config: RationalesConfig) -> dict[str, Any]:
    """Return the body of the chat completion that a configuration asks for, live or in a batch."""
    body = prompts.chat_request(request, config.model, config.max_tokens)
    return body | {"logprobs": True} if config.logprobs else body
