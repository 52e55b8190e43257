"""A real vLLM server on the loopback, in a process of its own. Needs vLLM in this Python."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from failwise.embedded import embedded_folder

MODEL, ALIAS = "smollm2", "smollm2-again"  # two names of one model
PATIENCE = 300  # seconds until it serves


@dataclass(frozen=True, slots=True)
class Server:
    """Where it serves, under `url` (with /v1), and what it wrote."""

    root: str
    log: Path

    @property
    def url(self) -> str:
        """Return the base address of its OpenAI routes."""
        return f"{self.root}/v1"

    def metric(self, name: str) -> float:
        """Return one of vLLM's own counters, summed over its labels."""
        with urllib.request.urlopen(f"{self.root}/metrics", timeout=30) as response:
            lines = response.read().decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name}{{", f"{name} ")))


@contextmanager
def serving(log: Path, model: Path | None = None, *more: str) -> Iterator[Server]:
    """Start a server, wait until it serves, and end it whatever happens.

    Args:
        model: what is served, and how it is called by `more`; the embedded model under two names if not given.

    Raises:
        RuntimeError: it ended or did not come up; the end of its log says why.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(f"http://127.0.0.1:{port}", log)
    # A CPU has no kernel for seeds in prompts that are computed in parts: hence as many tokens at once as fit.
    command = [
        *(sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model or embedded_folder())),
        *(more if model else ("--served-model-name", MODEL, ALIAS)),
        *("--host", "127.0.0.1", "--port", str(port), "--dtype", "bfloat16"),
        *("--max-model-len", "2048", "--max-num-batched-tokens", "8192", "--enforce-eager"),
    ]
    quiet = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "VLLM_CPU_KVCACHE_SPACE": "2"}
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream, env={**os.environ, **quiet})
        try:
            _wait(process, server)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: "subprocess.Popen[bytes]", server: Server) -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{server.root}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    tail = server.log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"vLLM did not serve within {PATIENCE} seconds:\n{tail}")
