"""For batch endpoints that speak OpenAI's format (vLLM's run-batch too): request files, and a reader of the answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from failwise.errors import InputError
from failwise.generation.exporting.job import Exported, ExportJob, is_multiple, pick_layout, refuse_rationales
from failwise.generation.records import Question
from failwise.generation.teachers.batch_files import BatchReply, read_batches, request_line, write_batches


def write(job: ExportJob, folder: Path) -> Exported:
    """Write requests-00001.jsonl and on, each within the limits of a batch.

    Raises:
        InputError: no model is named.
    """
    pick_layout(job, "openai-batch", ())
    refuse_rationales(job, "openai-batch")
    if not job.model:
        raise InputError("a batch request names the model that is to answer; pass --model")
    requests = (request_line(question.id, _body(job, question)) for question in job.questions)
    return Exported(write_batches(folder, requests))


def _body(job: ExportJob, question: Question) -> dict[str, Any]:
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
    return body


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


def read_answers(paths: Iterable[Path]) -> BatchAnswers:
    """Read the output and error files of batches; a question answered in any of them is answered.

    Raises:
        InputError: a line is no batch answer (the sentence names it), or a question has two answers.
    """
    texts: dict[str, str] = {}
    failed: dict[str, str] = {}
    for where, answer in read_batches(paths):
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


def _text(reply: BatchReply) -> tuple[str | None, str]:
    """Return the text, or None and why there is none."""
    found = reply.completion
    if found is None:
        return None, f"no chat completion: {reply.detail[:300]}" if reply.fault == "not-a-completion" else reply.detail
    return found.content or None, f"refused: {found.refusal}" if found.refusal else "no content"
