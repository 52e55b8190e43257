"""A chat completion of OpenAI's shape, as far as it can be trusted: anything in it may be missing or nonsense."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote ("" where it is no text), why it ended, and the tokens that the server counted."""

    content: str
    finish: str
    prompt_tokens: int
    completion_tokens: int


def read_completion(body: bytes) -> Completion | None:
    """Return the completion in a server's reply; None where it is none."""
    try:
        value = json.loads(body)
        choice, usage = value["choices"][0], value.get("usage") or {}
        content, finish = choice["message"].get("content"), choice.get("finish_reason")
        prompt, written = (_counted(usage.get(f"{kind}_tokens")) for kind in ("prompt", "completion"))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return None
    return Completion(content if isinstance(content, str) else "", str(finish), prompt, written)


def _counted(tokens: Any) -> int:
    """Return what a server counted; one that counts nonsense counted 0."""
    return tokens if isinstance(tokens, int) and 0 <= tokens < 1 << 31 else 0
