"""How close a job of rationales comes to what a real vLLM server can serve, as vLLM's own benchmark measures it.

Both ask the same server, held to the same JSON, for replies of at most as many tokens, with as many requests in flight,
about questions of the same kind; they take turns, and no question comes twice, so that neither finds the other's
prompts in the cache. The ceiling is what `vllm bench serve` reaches; the ratio is that of all tokens (read and written)
per second, since replies differ in length.

Run with `make bench-vllm`, or `python benchmarks/serving.py [--requests N] [--turns N] [--concurrency N]`.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from vllm_server import MODEL, Server, serving  # type: ignore[import-not-found]  # a script finds what is beside it

from failwise.embedded import embedded_folder
from failwise.errors import TeacherError
from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.rationales.accounting import read_attempts
from failwise.generation.rationales.job import write_rationales
from failwise.generation.rationales.requests import Requests
from failwise.generation.records import Question
from failwise.generation.teachers import prompts
from failwise.kg.graph import KnowledgeGraph

LIMIT = 0.95  # of the ceiling
# vLLM's own benchmark. The build for CPUs installs no command line, and goes by another name than the one it looks for.
BENCH = """
import argparse
from importlib.metadata import Distribution, packages_distributions
from_name, name_here = Distribution.from_name, packages_distributions()["vllm"][0]
Distribution.from_name = classmethod(lambda cls, name: from_name(name_here if name == "vllm" else name))
from vllm.benchmarks.serve import add_cli_args, main
parser = argparse.ArgumentParser()
add_cli_args(parser)
main(parser.parse_args())
"""


def settings(server: Server, concurrency: int) -> RationalesConfig:
    """Return how the job asks: each question once, with a window that is open from the start."""
    return RationalesConfig(
        teacher="openai",
        model=MODEL,
        base_url=server.url,
        show_answer=True,
        max_tokens=128,
        attempts=1,
        concurrency=concurrency,
        adapt=False,
        timeout=600,
    )


def ceiling(server: Server, questions: Sequence[Question], graph: KnowledgeGraph, config: RationalesConfig) -> float:
    """Return the tokens per second that vLLM's own benchmark reaches with these prompts."""
    requests = Requests(graph, config)
    form = prompts.chat_request(requests.first(questions[0]), MODEL, config.max_tokens)["response_format"]
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "prompts.jsonl")
        rows = ("\n\n".join(m["content"] for m in prompts.render(requests.first(q))) for q in questions)
        data.write_text("".join(json.dumps({"prompt": row}) + "\n" for row in rows), encoding="utf-8")
        command: list[str] = [
            *(sys.executable, "-c", BENCH, "--backend", "openai-chat", "--endpoint", "/v1/chat/completions"),
            *("--base-url", server.root, "--model", str(embedded_folder()), "--served-model-name", MODEL),
            *("--dataset-name", "custom", "--dataset-path", str(data), "--num-prompts", str(len(questions))),
            *("--custom-output-len", str(config.max_tokens), "--max-concurrency", str(config.concurrency)),
            *("--temperature", "0", "--extra-body", json.dumps({"response_format": form}), "--disable-tqdm"),
            *("--save-result", "--result-dir", folder, "--result-filename", "result.json"),
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"vLLM's benchmark failed:\n{done.stderr[-2000:]}")
        result: dict[str, Any] = json.loads(Path(folder, "result.json").read_text())
    if result["completed"] != len(questions):
        raise SystemExit(f"vLLM's benchmark completed {result['completed']} of {len(questions)} requests")
    return float(result["total_token_throughput"])


def job(questions: Sequence[Question], graph: KnowledgeGraph, config: RationalesConfig) -> float:
    """Return the tokens per second of a whole job: asked, parsed, verified and kept."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with suppress(TeacherError):  # so small a model may not give a single rationale that is fit
            write_rationales(questions, graph, config, Path(folder))
        taken = time.perf_counter() - began
        attempts = list(read_attempts(Path(folder)))
    if len(attempts) != len(questions) or not all(a.completion_tokens for a in attempts):
        raise SystemExit(f"only {len(attempts)} of {len(questions)} requests were answered")
    return sum(a.prompt_tokens + a.completion_tokens for a in attempts) / taken


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=16)
    options = parser.parse_args()
    graph = KnowledgeGraph.load()
    questions = list(Synthesis(graph, QuestionsConfig(asset_classes=("fan", "pump", "electric-motor"), max_options=4)))
    random.Random(0).shuffle(questions)
    parts = [questions[n * options.requests : (n + 1) * options.requests] for n in range(2 * options.turns + 1)]
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder, "server.log")) as server:
        config = settings(server, options.concurrency)
        job(parts.pop(), graph, config)  # what begins all prompts is in the cache from here on
        turns = []
        for number in range(options.turns):
            turns.append((ceiling(server, parts.pop(), graph, config), job(parts.pop(), graph, config)))
            print(f"turn {number + 1}: {turns[-1][0]:,.0f} and {turns[-1][1]:,.0f} tokens/s", file=sys.stderr)
    most, reached = max(t[0] for t in turns), max(t[1] for t in turns)
    print("| in flight | a whole job | vLLM's own benchmark | ratio | limit |\n|---|---|---|---|---|")
    print(
        f"| {options.concurrency} | {reached:,.0f} tokens/s | {most:,.0f} tokens/s | {reached / most:.3f} | {LIMIT} |"
    )


if __name__ == "__main__":
    main()
