"""The loopback server's usage can depend on what was sent, so that accounting can be tested."""

import json
import urllib.request
from typing import Any

from failwise.generation.teachers.fake_teachers import count_words, openai_server


def ask(url: str, *texts: str) -> dict[str, Any]:
    messages = [{"role": "user", "content": text} for text in texts]
    body = json.dumps({"model": "m", "messages": messages}).encode()
    request = urllib.request.Request(f"{url}/chat/completions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as reply:
        usage: dict[str, Any] = json.load(reply)["usage"]
        return usage


def test_usage_is_that_of_the_texts_where_they_are_counted() -> None:
    with openai_server(lambda request: (200, "four words in all"), count_words) as url:
        assert ask(url, "one two", "three") == {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


def test_usage_is_the_same_for_all_otherwise() -> None:
    with openai_server(lambda request: (200, "four words in all")) as url:
        assert ask(url, "one") == ask(url, "one two three")
