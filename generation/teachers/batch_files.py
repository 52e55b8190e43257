"""The files of a batch endpoint of OpenAI's shape, which vLLM's `run-batch` reads and writes too: requests, replies."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from failwise.errors import InputError
from failwise.files import atomic_writer, lines
from failwise.generation.teachers.completion import Completion, read_completion
from failwise.generation.teachers.transport import MOST_BYTES as MOST_OF_ONE

# OpenAI's limits of one batch file.
MOST_REQUESTS = 50_000
MOST_BYTES = 200_000_000

URL = "/v1/chat/completions"

# What a line can tell beside the faults of a live server.
FAULTS = {"batch-error": "the batch ended before it came to this request, or could not ask the model at all"}

# What other refusals than "bad-request" mean. That there is no permission, no money or no such model ends a live job;
# of a batch it is the same for every line, and says nothing of the question.
_REFUSALS = {
    **dict.fromkeys((401, 402, 403, 404), "batch-error"),
    **{408: "timeout", 409: "busy", 425: "busy", 429: "busy"},
}


def request_line(custom_id: str, body: Mapping[str, Any]) -> bytes:
    """Return one request of a batch, with its line end."""
    row = {"custom_id": custom_id, "method": "POST", "url": URL, "body": body}
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


def write_batches(
    folder: Path, requests: Iterable[bytes], most_requests: int = MOST_REQUESTS, most_bytes: int = MOST_BYTES
) -> dict[str, int]:
    """Write request lines into as many numbered files as the limits ask for; return the requests in each."""
    records: dict[str, int] = {}
    rest = iter(requests)
    while (first := next(rest, None)) is not None:
        name, count, size = f"requests-{len(records) + 1:05d}.jsonl", 0, 0
        with atomic_writer(folder / name) as stream:
            for line in chain((first,), rest):
                if count == most_requests or (count and size + len(line) > most_bytes):
                    rest = chain((line,), rest)
                    break
                stream.write(line)
                count, size = count + 1, size + len(line)
        records[name] = count
    return records


@dataclass(frozen=True, slots=True)
class BatchReply:
    """What became of one request of a batch: a completion, or a fault with a word on it.

    The faults are those of a live server, and "batch-error". A completion that is too large keeps its tokens alone.
    """

    custom_id: str
    completion: Completion | None
    fault: str = ""
    detail: str = ""


def read_batches(paths: Iterable[Path]) -> Iterator[tuple[str, BatchReply]]:
    """Yield where a reply stands and what it is, from output and error files.

    Raises:
        InputError: a line is no reply; the sentence names it. Half a file is downloaded again, not guessed at.
    """
    for path in paths:
        for number, line in lines(path):
            where = f"{path}, line {number}"
            yield where, _reply(line, where)


def _reply(line: bytes, where: str) -> BatchReply:
    try:
        row = json.loads(line)
        custom_id, response, error = row["custom_id"], row.get("response"), row.get("error")
        body, status = (response.get("body"), response.get("status_code", 200)) if response else (None, 0)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        why = f"custom_id or response: {problem}" if not isinstance(problem, ValueError) else str(problem)
        raise InputError(f"{where} is not a batch reply ({why}); download or copy the whole file again") from problem
    custom_id = str(custom_id).encode("utf-8", "replace").decode()
    if status == 200 and not error:
        return _answered(custom_id, body, len(line))
    why = _words(error) or (_words(body.get("error")) if isinstance(body, dict) else "") or "no reason given"
    if status not in (0, 200):
        why = f"HTTP {status}: {why.removeprefix(f'{status}: ')}"
    return BatchReply(custom_id, None, _fault(status), why)


def _answered(custom_id: str, body: object, size: int) -> BatchReply:
    found = read_completion(body)
    if size > MOST_OF_ONE:
        found = replace(found, content="", refusal="") if found else None
        return BatchReply(custom_id, found, "too-large", f"{size:,} bytes")
    return BatchReply(custom_id, found, "" if found else "not-a-completion", "" if found else _words(body))


def _fault(status: object) -> str:
    """Return the fault that a live server's status would be."""
    if not isinstance(status, int) or status <= 200:
        return "batch-error"
    return _REFUSALS.get(status) or ("server-error" if status >= 500 else "bad-request")


def _words(error: object) -> str:
    """Return what an error says, whatever its form: a text, {code, message}, or that within {error: …}."""
    if isinstance(error, dict) and isinstance(error.get("error"), dict):
        error = error["error"]
    if isinstance(error, dict):
        error = ": ".join(str(error[key]) for key in ("code", "message") if error.get(key)) or json.dumps(error)
    return "" if error is None else str(error).encode("utf-8", "replace").decode()
