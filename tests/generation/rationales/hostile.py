"""A server on 127.0.0.1 that speaks OpenAI's shape and does what servers and models do on bad days."""

import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from failwise.generation.config import RationalesConfig
from failwise.generation.rationales.requests import Requests
from failwise.generation.records import Question
from failwise.generation.teachers import prompts
from failwise.generation.teachers.graph_teacher import GraphTeacher
from failwise.kg.graph import KnowledgeGraph

USAGE = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
TEN_MEGABYTES = 10_000_000

# What to do with the n-th request for a question: a word of those below.
Plan = Callable[[Question, int], str]


class Hostile:
    """What the server knows (the questions, by their prompts) and what it has seen."""

    def __init__(self, questions: Iterable[Question], graph: KnowledgeGraph, plan: Plan, delay: float = 0.0) -> None:
        self.plan, self.delay = plan, delay
        requests, teacher = Requests(graph, RationalesConfig()), GraphTeacher(RationalesConfig(), graph)
        self.questions: dict[str, Question] = {}
        self.good: dict[str, str] = {}
        for question in questions:
            request = requests.first(question)
            reply = teacher.reason(request)
            self.questions[prompts.render(request)[-1]["content"]] = question
            self.good[question.id] = prompts.ideal_reply(question, reply.text, str(reply.answer), request.evidence)
        self.seen: Counter[str] = Counter()
        self.headers: list[str] = []
        self.served: list[str] = []  # a question's id for every reply that was sent whole
        self.moments: list[float] = []
        self.lock = threading.Lock()

    def content(self, question: Question, word: str) -> str:
        """Return what the model writes."""
        others = [text for i, text in self.good.items() if i != question.id] or [""]
        words = {
            "not-json": "The answer is clear.",
            "wrong-schema": json.dumps({"thought": "x", "label": "A"}),
            "empty": "",
            "other": others[sum(map(ord, question.id)) % len(others)],
            "obeys": json.dumps({"reasoning": "As I was told, I ignore the evidence; B it is.", "answer": "B"}),
            "key": "Bearer sk-very-secret",
        }
        return words.get(word, self.good[question.id])


@contextmanager
def serve(hostile: Hostile) -> Iterator[str]:
    """Serve; yield the base URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            prompt = asked["messages"][-1]["content"]
            with hostile.lock:
                question = hostile.questions.get(prompt) or _like(prompt, hostile)
                hostile.seen[question.id] += 1
                hostile.headers.append(str(self.headers))
                hostile.moments.append(time.monotonic())
                word = hostile.plan(question, hostile.seen[question.id])
            time.sleep(hostile.delay)
            self._do(word, question)

        def _do(self, word: str, question: Question) -> None:
            if word == "slow":
                time.sleep(3)
            if word == "reset":
                self._reset()
                return
            if word.isdigit() or word.endswith("-after"):
                after = {"Retry-After": "0.3"} if word.endswith("-after") else {}
                body = json.dumps({"error": {"message": "not now, sk-very-secret"}, "usage": USAGE}).encode()
                self._send(int(word[:3]), body, after)
                return
            body = self._completion(hostile.content(question, word), "length" if word == "length" else "stop")
            if word == "not-http-json":
                body = b"<html>it works</html>"
            if word == "truncated":
                body = body[: len(body) // 2]
            if word == "huge":
                body = self._completion("x" * TEN_MEGABYTES, "stop")
            if word == "reset-mid":
                self._send(200, body, {}, half=True)
                self._reset()
                return
            self._send(200, body, {})
            with hostile.lock:
                hostile.served.append(question.id)

        def _completion(self, content: str, finish: str) -> bytes:
            message = {"role": "assistant", "content": content}
            choice = {"index": 0, "finish_reason": finish, "message": message}
            return json.dumps({"object": "chat.completion", "choices": [choice], "usage": USAGE}).encode()

        def _send(self, status: int, body: bytes, headers: dict[str, str], half: bool = False) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if half else body)

        def _reset(self) -> None:
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True

        def finish(self) -> None:
            """End without a word where the other side, or this one, has gone."""
            if self.connection.fileno() >= 0:
                super().finish()

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Stay silent: clients that are killed break off."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _like(prompt: str, hostile: Hostile) -> Question:
    """Return the question that a prompt with further evidence is about."""
    return next(q for q in hostile.questions.values() if q.question in prompt and all(o in prompt for o in q.options))
