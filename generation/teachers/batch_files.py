"""Rationales through a batch endpoint of OpenAI's shape: request files out, replies in.

vLLM's `run-batch` reads and writes the same files. What is in a request is what the openai teacher sends.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from failwise.errors import InputError
from failwise.files import lines, parse_record
from failwise.generation.config import RationalesConfig
from failwise.generation.exporting.job import json_line
from failwise.generation.exporting.openai_batch import MOST_BYTES, MOST_REQUESTS, URL, write_batches
from failwise.generation.records import Question
from failwise.generation.teachers.prompts import chat_request, parse
from failwise.generation.teachers.teacher import TeacherReply, TeacherRequest

FAULTS = {
    "batch-error": "the batch endpoint answered with an error",
    "no-content": "the reply holds no text",
    "cut-off": "the model was stopped at rationales.max_tokens before it had finished",
    "filtered": "the server's filter took the reply away",
}
_FINISHES = {"length": "cut-off", "content_filter": "filtered"}


def write_requests(
    requests: Iterable[TeacherRequest],
    config: RationalesConfig,
    folder: Path,
    most_requests: int = MOST_REQUESTS,
    most_bytes: int = MOST_BYTES,
) -> dict[str, int]:
    """Write requests-00001.jsonl and on, within the limits of a batch; return the requests in each file.

    Raises:
        InputError: no model is named, or one request alone is above the limit.
    """
    if not config.model:
        raise InputError("a batch request names the model that is to answer; set rationales.model")
    return write_batches(folder, _request_lines(requests, config, most_bytes), most_requests, most_bytes)


def _request_lines(requests: Iterable[TeacherRequest], config: RationalesConfig, most_bytes: int) -> Iterator[bytes]:
    for request in requests:
        body = chat_request(request, config.model, config.max_tokens)
        line = json_line({"custom_id": custom_id(request), "method": "POST", "url": URL, "body": body})
        if len(line) > most_bytes:
            raise InputError(
                f"the request for question {request.question.id} has {len(line)} bytes, and a batch file may have "
                f"{most_bytes}; offer less evidence (rationales.hops, rationales.passages) or fewer examples"
            )
        yield line


def custom_id(request: TeacherRequest) -> str:
    """Return the id that a batch knows a request by: the question's id and the attempt."""
    return f"{request.question.id}-{request.attempt}"


@dataclass(frozen=True, slots=True)
class BatchReplies:
    """What came back, by question id, and with which attempt.

    `missing` have no line in any file: their batch is not finished, or has lost them. `unknown` are custom ids of
    other jobs. `repeated` counts lines that came more than once. The tokens are those of all lines, each attempt once.
    """

    replies: Mapping[str, TeacherReply]
    attempts: Mapping[str, int]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    repeated: int
    prompt_tokens: int
    completion_tokens: int


def read_replies(paths: Iterable[Path], questions: Iterable[Question]) -> BatchReplies:
    """Read output and error files of batches, in whatever order their lines stand.

    Of several lines of one attempt the first without a fault counts; of several attempts at a question, too.

    Raises:
        InputError: a line is no batch reply; the sentence names it. Half a file is downloaded again, not guessed at.
    """
    asked = {question.id: question for question in questions}
    found: dict[tuple[str, int], TeacherReply] = {}
    unknown: dict[str, None] = {}
    repeated = 0
    for line in _reply_lines(paths):
        question_id, _, attempt = line.custom_id.rpartition("-")
        if question_id not in asked or not attempt.isdecimal():
            unknown[line.custom_id] = None
            continue
        key, reply = (question_id, int(attempt)), _reply(line, asked[question_id])
        repeated += key in found
        if key not in found or (found[key].fault and not reply.fault):
            found[key] = reply
    return _collected(found, asked, tuple(unknown), repeated)


def _collected(
    found: Mapping[tuple[str, int], TeacherReply],
    asked: Mapping[str, Question],
    unknown: tuple[str, ...],
    repeated: int,
) -> BatchReplies:
    attempts: dict[str, int] = {}
    for question_id, attempt in sorted(found):
        if question_id not in attempts or found[question_id, attempts[question_id]].fault:
            attempts[question_id] = attempt
    return BatchReplies(
        replies={i: found[i, attempt] for i, attempt in attempts.items()},
        attempts=attempts,
        missing=tuple(i for i in asked if i not in attempts),
        unknown=unknown,
        repeated=repeated,
        prompt_tokens=sum(reply.prompt_tokens for reply in found.values()),
        completion_tokens=sum(reply.completion_tokens for reply in found.values()),
    )


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Failure(BaseModel):
    code: str | int | None = None
    message: str | None = None

    def __str__(self) -> str:
        return ": ".join(str(part) for part in (self.code, self.message) if part) or "error without a message"


class _Body(BaseModel):
    choices: Sequence[_Choice] = ()
    usage: _Usage | None = None
    error: _Failure | None = None


class _Response(BaseModel):
    status_code: int
    body: _Body | None = None


class _Reply(BaseModel):
    custom_id: str
    response: _Response | None = None
    error: _Failure | None = None


def _reply_lines(paths: Iterable[Path]) -> Iterator[_Reply]:
    for path in paths:
        for number, line in lines(path):
            yield parse_record(line, _Reply, f"{path}, line {number}")


def _reply(line: _Reply, question: Question) -> TeacherReply:
    """Return what a line says, read as the openai teacher reads a server's reply."""
    response = line.response
    body = (response.body if response else None) or _Body()
    if line.error or response is None or response.status_code != 200:
        why = str(line.error or body.error or "no reason given")
        status = f"HTTP {response.status_code}: " if response and response.status_code != 200 else ""
        return TeacherReply("", None, raw=f"{status}{why}", fault="batch-error")
    usage = body.usage or _Usage()
    tokens = (max(0, usage.prompt_tokens), max(0, usage.completion_tokens))
    choice = body.choices[0] if body.choices else _Choice(message=_Message())
    raw = choice.message.content or choice.message.refusal or ""
    fault = _FINISHES.get(choice.finish_reason or "") or ("" if choice.message.content else "no-content")
    if fault:
        return TeacherReply("", None, *tokens, raw=raw, fault=fault)
    text, answer, fault = parse(raw, question)
    return TeacherReply(text, answer, *tokens, raw=raw, fault=fault)
