"""Teachers for tests: one that plays a script, and a loopback server that speaks the OpenAI shape.

With the server a test goes the whole way of the real client.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from failwise.generation.config import RationalesConfig
from failwise.generation.teachers.graph_teacher import GraphTeacher
from failwise.generation.teachers.teacher import TeacherReply, TeacherRequest
from failwise.kg.graph import KnowledgeGraph


class ScriptedTeacher:
    """Answers as `script` says; without one, as the graph teacher does."""

    def __init__(
        self,
        config: RationalesConfig,
        graph: KnowledgeGraph,
        script: Callable[[TeacherRequest], TeacherReply] | None = None,
    ) -> None:
        self._script = script or GraphTeacher(config, graph).reason
        self.requests: list[TeacherRequest] = []

    def reason(self, request: TeacherRequest) -> TeacherReply:
        """Play the script and remember the request."""
        self.requests.append(request)
        return self._script(request)


Answerer = Callable[[dict[str, Any]], tuple[int, str]]


def count_words(text: str) -> int:
    """Count tokens as words: good enough to see that what is counted is what was sent."""
    return len(text.split())


Counter = Callable[[str], int]


def usage(request: dict[str, Any], content: str, count: Counter | None) -> dict[str, int]:
    """Return the usage that a server states: 100 and 50 tokens, or those of the texts themselves."""
    prompt = sum(count(message["content"]) for message in request["messages"]) if count else 100
    written = count(content) if count else 50
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}


@contextmanager
def openai_server(answer: Answerer, count: Counter | None = None) -> Iterator[str]:
    """Serve chat completions on 127.0.0.1; yield the base URL.

    Args:
        answer: from the request's JSON to (HTTP status, content of the message; the error text if not 200).
        count: tokens of a text, for the usage that a reply states; without it every reply states the same.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, content = answer(request)
            message = {"role": "assistant", "content": content}
            body = {
                "id": "chatcmpl-0",
                "object": "chat.completion",
                "created": 0,
                "model": request["model"],
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                "usage": usage(request, content, count),
            }
            data = json.dumps(body if status == 200 else {"error": {"message": content}}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
