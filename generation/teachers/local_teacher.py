"""What the teachers with a model in this process share: prompts that fit, and requests that go to it together."""

import threading
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from failwise.embedded import embedded_folder
from failwise.errors import TeacherError
from failwise.generation.config import RationalesConfig
from failwise.generation.teachers.prompts import parse, render, schema
from failwise.generation.teachers.teacher import TeacherReply, TeacherRequest

Messages = list[dict[str, str]]

EMBEDDED = "embedded"

# So many seconds a turn waits for others to join it: those just served need a moment to come back.
GATHERING = 0.05

FAULTS = {
    "cut-off": "the model was stopped at rationales.max_tokens before it had finished",
    "prompt-too-long": "the question and the facts behind its options do not fit into the model's context",
}


@dataclass(frozen=True, slots=True)
class Job:
    """What an engine is to write: to which messages, in which form, how freely, how long at most."""

    messages: Messages
    schema: Mapping[str, Any]
    temperature: float
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Written:
    """What an engine wrote; `cut_off` says that it was stopped at `max_tokens`."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    cut_off: bool


_Waiting = tuple[Job, Future[Written]]


class Engine(Protocol):
    """A model in this process. No method is called by two threads at once; one may count while another writes."""

    context: int  # tokens of prompt and reply together
    batch: int  # most jobs at a time

    def count(self, messages: Messages) -> int:
        """Return the tokens of a prompt."""

    def write(self, jobs: Sequence[Job]) -> list[Written]:
        """Write a reply to each job."""


class LocalTeacher:
    """Asks an engine. Threads that wait meanwhile are served together by the next turn."""

    def __init__(self, config: RationalesConfig, engine: Engine) -> None:
        self._config = config
        self._engine = engine
        self._counting = threading.Lock()
        self._gate = threading.Condition()
        self._busy = False
        self._waiting: list[_Waiting] = []

    def reason(self, request: TeacherRequest) -> TeacherReply:
        """Write one rationale."""
        with self._counting:
            fitted = fit(request, self._engine.count, self._engine.context - self._config.max_tokens)
        if fitted is None:
            return TeacherReply("", None, fault="prompt-too-long")
        job = Job(
            render(fitted), schema(request.question, shown=request.shown), request.temperature, self._config.max_tokens
        )
        written = self._write(job)
        text, answer, fault = parse(written.text, request.question, fitted.evidence)
        if fault and written.cut_off:
            fault = "cut-off"
        tokens = (written.prompt_tokens, written.completion_tokens)
        return TeacherReply(text, answer, *tokens, raw=written.text, fault=fault)

    def _write(self, job: Job) -> Written:
        future: Future[Written] = Future()
        with self._gate:
            self._waiting.append((job, future))
            self._gate.notify_all()
        while not future.done():
            with self._gate:
                self._gate.wait_for(lambda: future.done() or not self._busy)
                if future.done():
                    break
                self._busy = True
                taken = self._gathered()
            try:
                self._serve(taken)
            finally:
                with self._gate:
                    self._busy = False
                    self._gate.notify_all()
        return future.result()

    def _gathered(self) -> Sequence[_Waiting]:
        """Take those who have waited longest, after a moment for others to join them."""
        most = self._engine.batch
        self._gate.wait_for(lambda: len(self._waiting) >= most, timeout=GATHERING)
        taken, self._waiting = self._waiting[:most], self._waiting[most:]
        return taken

    def _serve(self, taken: Sequence[_Waiting]) -> None:
        """Write all replies; all who wait for one learn of an error."""
        try:
            written = self._engine.write([job for job, _ in taken])
        except BaseException as error:
            for _, future in taken:
                future.set_exception(error)
            return
        for (_, future), one in zip(taken, written, strict=True):
            future.set_result(one)


def fit(request: TeacherRequest, count: Callable[[Messages], int], room: int) -> TeacherRequest | None:
    """Return the request with as much as fits; None where not even the options with their facts do.

    Left out are examples first, the last one before the others, and then evidence that no option rests on.
    """
    far = [i for i in request.evidence if i not in set(request.question.fact_ids)]

    def kept(number: int) -> TeacherRequest:
        dropped = set(far[number:])
        evidence = {i: text for i, text in request.evidence.items() if i not in dropped}
        examples = request.examples[: max(0, number - len(far))]
        return replace(request, evidence=evidence, examples=examples, messages=())

    most = len(far) + len(request.examples)
    if count(render(request)) <= room:
        return request
    number = bisect_right(range(most), room, key=lambda n: count(render(kept(n)))) - 1
    return kept(number) if number >= 0 else None


def model_folder(config: RationalesConfig) -> str:
    """Return where the model of a configuration lies: a folder, a hub's id, or the folder of the embedded model.

    Raises:
        TeacherError: none is named, or the folder is not there.
        StudentError: the embedded model is not installed.
    """
    name = config.model
    if not name:
        raise TeacherError(
            f"the {config.teacher} teacher needs a model; set rationales.model to a model's folder or {EMBEDDED!r}"
        )
    if name == EMBEDDED:
        return str(embedded_folder())
    folder = Path(name).expanduser()
    if folder.is_dir():
        return str(folder)
    if name.startswith((".", "/", "~")) or name.count("/") != 1:
        raise TeacherError(
            f"rationales.model is {name!r}, and there is no such folder; "
            f"name a folder with config.json and *.safetensors, a hub's id like 'owner/model', or {EMBEDDED!r}"
        )
    return name
