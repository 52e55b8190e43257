"""For batch endpoints that speak OpenAI's format (vLLM's run-batch too): request files, and a reader of the answers."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from failwise.errors import InputError
from failwise.files import atomic_writer, lines, parse_record
from failwise.generation.exporting.job import (
    Exported,
    ExportJob,
    is_multiple,
    json_line,
    pick_layout,
    refuse_rationales,
)
from failwise.generation.records import Question

# OpenAI's limits of one batch file.
MOST_REQUESTS = 50_000
MOST_BYTES = 200_000_000

URL = "/v1/chat/completions"


def write(job: ExportJob, folder: Path) -> Exported:
    """Write requests-00001.jsonl and on, each within the limits of a batch.

    Raises:
        InputError: no model is named.
    """
    pick_layout(job, "openai-batch", ())
    refuse_rationales(job, "openai-batch")
    if not job.model:
        raise InputError("a batch request names the model that is to answer; pass --model")
    requests = (json_line(_request(job, question)) for question in job.questions)
    return Exported(write_batches(folder, requests))


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


def _request(job: ExportJob, question: Question) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": job.model,
        "messages": [
            {"role": "system", "content": job.renderer.system},
            {"role": "user", "content": job.renderer.ask(question, reasons=False)},
        ],
        "temperature": job.temperature,
    }
    if job.structured:
        form = {"name": "answer", "strict": True, "schema": answer_schema(question)}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    return {"custom_id": question.id, "method": "POST", "url": URL, "body": body}


def answer_schema(question: Question) -> dict[str, Any]:
    """Return the JSON schema of a structured answer: a letter, or a list of letters that may be empty."""
    letter: dict[str, Any] = {"type": "string", "enum": list(question.option_ids)}
    answer = {"type": "array", "items": letter} if is_multiple(question) else letter
    return {"type": "object", "properties": {"answer": answer}, "required": ["answer"], "additionalProperties": False}


@dataclass(frozen=True, slots=True)
class BatchAnswers:
    """What came back: the text for each question id, and for those without one, why."""

    texts: Mapping[str, str]
    failed: Mapping[str, str]


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message


class _Failure(BaseModel):
    code: str | int | None = None
    message: str | None = None

    def __str__(self) -> str:
        return ": ".join(str(part) for part in (self.code, self.message) if part) or "error without a message"


class _Body(BaseModel):
    choices: list[_Choice] = []
    error: _Failure | None = None


class _Response(BaseModel):
    status_code: int
    body: _Body | None = None


class _Answer(BaseModel):
    custom_id: str
    response: _Response | None = None
    error: _Failure | None = None


def read_answers(paths: Iterable[Path]) -> BatchAnswers:
    """Read the output and error files of batches; a question answered in any of them is answered.

    Raises:
        InputError: a line is no batch answer (the sentence names it), or a question has two answers.
    """
    texts: dict[str, str] = {}
    failed: dict[str, str] = {}
    for where, answer in _answers(paths):
        text, reason = _text(answer)
        if text is None:
            failed[answer.custom_id] = reason
        elif answer.custom_id in texts:
            raise InputError(
                f"{where}: question {answer.custom_id} was answered before; pass each batch's answers once"
            )
        else:
            texts[answer.custom_id] = text
    return BatchAnswers(texts, {i: reason for i, reason in failed.items() if i not in texts})


def _answers(paths: Iterable[Path]) -> Iterator[tuple[str, _Answer]]:
    for path in paths:
        for number, line in lines(path):
            where = f"{path}, line {number}"
            yield where, parse_record(line, _Answer, where)


def _text(answer: _Answer) -> tuple[str | None, str]:
    """Return the text, or None and why there is none."""
    response = answer.response
    if answer.error or response is None:
        return None, str(answer.error or "no response")
    body = response.body or _Body()
    if response.status_code != 200:
        return None, f"HTTP {response.status_code}: {body.error or 'no reason given'}"
    if not body.choices:
        return None, "no choices"
    message = body.choices[0].message
    return message.content, f"refused: {message.refusal}" if message.refusal else "no content"
