"""A chat completion of OpenAI's shape, as far as it can be trusted: anything in it may be missing or nonsense."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from failwise.generation.teachers.teacher import TeacherReply

# What a server says about a reply of its own that nobody should read as a rationale.
FINISHES = {"length": "cut-off", "content_filter": "filtered"}
FAULTS = {
    "not-a-completion": "the server's reply is not a chat completion",
    "cut-off": "the model was stopped at rationales.max_tokens before it had finished",
    "filtered": "the server's filter took the reply away",
    "no-content": "the model wrote nothing",
}

# From what a model wrote to reasoning, answer and fault: `prompts.parse` with a question.
Parse = Callable[[str], tuple[str, str | None, str]]


@dataclass(frozen=True, slots=True)
class ServerReply(TeacherReply):
    """A reply with what its way here was like (see `transport.Sent`)."""

    refused: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote ("" where it is no text), why it ended, and the tokens that the server counted.

    `logprob` is the mean of the natural logarithms of its tokens' probabilities; None where the server sent none.
    """

    content: str
    finish: str
    prompt_tokens: int
    completion_tokens: int
    refusal: str = ""
    logprob: float | None = None


def read_completion(body: object) -> Completion | None:
    """Return the completion in a server's reply, in bytes or as the JSON value it holds; None where it is none."""
    try:
        value: Any = json.loads(body) if isinstance(body, bytes) else body
        choice, usage = value["choices"][0], value.get("usage") or {}
        message, finish = choice["message"], choice.get("finish_reason")
        content, refusal = _text(message.get("content")), _text(message.get("refusal"))
        prompt, written = (_counted(usage.get(f"{kind}_tokens")) for kind in ("prompt", "completion"))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return None
    return Completion(content, str(finish), prompt, written, refusal, _mean_logprob(choice.get("logprobs")))


def to_reply(found: Completion, parse: Parse, refused: int = 0, lost: int = 0) -> ServerReply:
    """Return what a teacher says that wrote this; a reply that came to nothing keeps its tokens."""
    used = found.prompt_tokens, found.completion_tokens
    fault = FINISHES.get(found.finish) or ("" if found.content.strip() else "no-content")
    text, answer, fault = ("", None, fault) if fault else parse(found.content)
    raw = found.content or found.refusal
    return ServerReply(text, answer, *used, raw, fault, refused=refused, lost=lost, logprob=found.logprob)


def _text(value: object) -> str:
    """Return a text as a file can hold it: half a surrogate pair is JSON, but no text."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _counted(tokens: Any) -> int:
    """Return what a server counted; one that counts nonsense counted 0."""
    return tokens if isinstance(tokens, int) and 0 <= tokens < 1 << 31 else 0


def _mean_logprob(logprobs: Any) -> float | None:
    try:
        values = [float(token["logprob"]) for token in logprobs["content"]]
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return math.fsum(values) / len(values) if values and all(map(math.isfinite, values)) else None
