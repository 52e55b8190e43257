"""How close a job of rationales comes to what a server can serve: 10,000 requests, 5 ms each, on the loopback.

The server runs in a process of its own and has so many slots: a request that finds one free is answered after 5 ms
with a rationale that passes every check, another one waits its turn, as with a server that batches. With unlimited
slots there is no ceiling but the clients' own speed, and each microsecond of theirs shows.

The ceiling is what a bare client loop reaches with as many requests in flight: threads that post ready-made requests
with the same library, by its shortest way, and drop what comes. The job, with its settings as they are by default
(a window that adapts), renders, posts, parses, verifies against the graph and keeps each record. Both take turns, so
that a machine that is busy slows down both; the ratio is that of the fastest turns.

Run with `python benchmarks/rationales.py [--requests N] [--turns N] [--slots N ...] [--concurrency N]`.
"""

import argparse
import asyncio
import heapq
import json
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.rationales.job import write_rationales
from failwise.generation.rationales.requests import Requests
from failwise.generation.records import Question
from failwise.generation.teachers import prompts
from failwise.generation.teachers.graph_teacher import GraphTeacher
from failwise.kg.graph import KnowledgeGraph

DELAY = 0.005  # seconds that the server takes over each request
LIMIT = 0.95  # of the ceiling


def some_questions(graph: KnowledgeGraph, count: int) -> list[Question]:
    """Make so many questions of the shipped ontology."""
    facts = sum(1 for f in graph.facts.values() if f.truth.value != "unknown")
    config = QuestionsConfig(train_per_fact=1 + count // max(1, facts // 4), test_per_fact=0)
    return list(Synthesis(graph, config))[:count]


def requests_of(questions: Sequence[Question], graph: KnowledgeGraph) -> dict[str, bytes]:
    """Return the body that the server sends to each prompt: a rationale that passes."""
    config = RationalesConfig()
    requests, teacher = Requests(graph, config), GraphTeacher(config, graph)
    replies = {}
    for question in questions:
        request = requests.first(question)
        reply = teacher.reason(request)
        content = prompts.ideal_reply(question, reply.text, str(reply.answer), request.evidence)
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
        usage = {"prompt_tokens": 300, "completion_tokens": 120}
        body = json.dumps({"object": "chat.completion", "choices": [choice], "usage": usage}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        replies[prompts.render(request)[-1]["content"]] = head.encode() + body
    return replies


class Answering(asyncio.Protocol):
    """Answers one request after another on a connection, each after 5 ms in a slot; `free` is when each slot is."""

    def __init__(self, replies: dict[str, bytes], free: list[float]) -> None:
        self._replies, self._free, self._buffer = replies, free, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once the whole request is there."""
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        length = head.lower().rpartition(b"content-length:")[2].partition(b"\r\n")[0]
        if not end or len(body) < int(length):
            return
        self._buffer = b""
        reply = self._replies[json.loads(body)["messages"][-1]["content"]]
        loop = asyncio.get_running_loop()
        done = loop.time() + DELAY
        if self._free:
            done = max(loop.time(), self._free[0]) + DELAY
            heapq.heapreplace(self._free, done)
        loop.call_at(done, self._transport.write, reply)  # type: ignore[attr-defined]


def serve(count: int, slots: int, pipe: Connection) -> None:
    """Serve until the process is ended; the port goes through the pipe. No slots: as many as are wanted."""
    graph = KnowledgeGraph.load()
    replies = requests_of(some_questions(graph, count), graph)

    free = [0.0] * slots

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: Answering(replies, free), "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def bare(url: str, bodies: Sequence[bytes], concurrency: int) -> float:
    """Return the requests per second of threads that only post."""
    import urllib3

    pool, lock, left = urllib3.connection_from_url(url, maxsize=concurrency), threading.Lock(), iter(bodies)
    headers = {"Content-Type": "application/json"}

    def work() -> None:
        while True:
            with lock:
                body = next(left, None)
            if body is None:
                return
            pool.urlopen("POST", "/v1/chat/completions", body=body, headers=headers, retries=False)

    threads = [threading.Thread(target=work) for _ in range(concurrency)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(bodies) / (time.perf_counter() - began)


def job(url: str, questions: Sequence[Question], graph: KnowledgeGraph, concurrency: int) -> tuple[float, float]:
    """Return the requests per second of a whole job, and by how many MB it grew from its first tenth on."""
    config = RationalesConfig(teacher="openai", model="m", base_url=url, concurrency=concurrency)
    sizes: list[float] = []

    def advance(count: int, note: str) -> None:
        sizes.append(0.0)
        if len(sizes) in (1 + len(questions) // 10, len(questions)):
            sizes[-1] = memory()

    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        counts = write_rationales(questions, graph, config, Path(folder), advance)
        taken = time.perf_counter() - began
    if counts.accepted != len(questions):
        raise SystemExit(f"only {counts.accepted:,} of {len(questions):,} rationales were accepted")
    seen = [size for size in sizes if size]
    return len(questions) / taken, seen[-1] - seen[0]


def memory() -> float:
    """Return the memory of this process in MB (Linux only)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def serving(count: int, slots: int) -> Iterator[str]:
    """Have a server run; yield its address."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(count, slots, theirs), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/v1"
    finally:
        server.terminate()
        server.join()


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--slots", type=int, nargs="+", default=[1, 2, 4, 0])
    parser.add_argument("--concurrency", type=int, default=RationalesConfig().concurrency)
    options = parser.parse_args()
    graph = KnowledgeGraph.load()
    questions = some_questions(graph, options.requests)
    requests, config = Requests(graph, RationalesConfig(teacher="openai")), {"model": "m", "max_tokens": 400}
    bodies = [json.dumps(config | {"messages": requests.first(q).messages}).encode() for q in questions]
    print("| slots | in flight | a whole job | bare client | ratio | limit | grew by |\n|---|---|---|---|---|---|---|")
    for slots in options.slots:
        with serving(options.requests, slots) as url:
            turns = [
                (bare(url, bodies, options.concurrency), *job(url, questions, graph, options.concurrency))
                for _ in range(options.turns)
            ]
        ceiling, reached = max(t[0] for t in turns), max(t[1] for t in turns)
        print(
            f"| {slots or 'unlimited'} | {options.concurrency} | {reached:,.0f}/s | {ceiling:,.0f}/s | "
            f"{reached / ceiling:.3f} | {LIMIT if slots else ''} | {max(t[2] for t in turns):.1f} MB |",
            flush=True,
        )


if __name__ == "__main__":
    main()
