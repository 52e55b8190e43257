"""Teachers with a model in this process: prompts that fit, requests that wait together, and the real engines."""

import json
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from failwise.errors import MissingExtraError, TeacherError
from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.records import Question
from failwise.generation.teachers import local_teacher
from failwise.generation.teachers.local_teacher import EMBEDDED, Job, LocalTeacher, Messages, Written, fit, model_folder
from failwise.generation.teachers.prompts import render
from failwise.generation.teachers.teacher import Example, TeacherRequest
from failwise.generation.teachers.transformers_teacher import PREFIX, TransformersTeacher
from failwise.generation.teachers.vllm_teacher import VLLMTeacher
from failwise.kg.graph import KnowledgeGraph

GOOD = json.dumps({"reasoning": "It follows from the evidence.", "answer": "A"})


def count_words(messages: Messages) -> int:
    return sum(len(m["content"].split()) for m in messages)


class FakeEngine:
    """Writes what it is told to, and remembers what it was asked for."""

    def __init__(self, write: Callable[[Job], Written], batch: int = 1, context: int = 100_000) -> None:
        self.context, self.batch = context, batch
        self.calls: list[Sequence[Job]] = []
        self._one = write

    def count(self, messages: Messages) -> int:
        return count_words(messages)

    def write(self, jobs: Sequence[Job]) -> list[Written]:
        self.calls.append(jobs)
        return [self._one(job) for job in jobs]


def says(text: str, cut_off: bool = False) -> Callable[[Job], Written]:
    return lambda job: Written(text, count_words(job.messages), len(text.split()), cut_off)


@pytest.fixture(scope="module")
def question(toy: KnowledgeGraph) -> Question:
    return next(iter(Synthesis(toy, QuestionsConfig(asset_classes=("toy pump",)))))


@pytest.fixture
def request_with_all(toy: KnowledgeGraph, question: Question) -> TeacherRequest:
    """Return a request with three examples and four facts that no option rests on."""
    evidence = {i: toy.statement(toy.facts[i]) for i in question.fact_ids}
    far = {f"doc/note/{n}": "a passage from a handbook" for n in range(4)}
    example = Example(replace(question, id="q0"), evidence, "Because.", question.answer_ids)
    return TeacherRequest(question, {**far, **evidence}, 0.0, 1, examples=(example,) * 3)


def test_a_reply_is_read_and_its_tokens_counted(request_with_all: TeacherRequest) -> None:
    engine = FakeEngine(says(GOOD))
    reply = LocalTeacher(RationalesConfig(max_tokens=50), engine).reason(replace(request_with_all, temperature=0.3))
    assert (reply.text, reply.answer, reply.fault, reply.raw) == ("It follows from the evidence.", "A", "", GOOD)
    assert (reply.prompt_tokens, reply.completion_tokens) == (count_words(render(request_with_all)), len(GOOD.split()))
    job = engine.calls[0][0]
    assert (job.temperature, job.max_tokens, job.messages) == (0.3, 50, render(request_with_all))


def test_what_was_cut_off_is_told_from_what_is_no_json(request_with_all: TeacherRequest) -> None:
    config = RationalesConfig()
    assert LocalTeacher(config, FakeEngine(says(GOOD[:-9], True))).reason(request_with_all).fault == "cut-off"
    assert LocalTeacher(config, FakeEngine(says(GOOD[:-9]))).reason(request_with_all).fault == "not-json"


def test_what_fits_is_kept_examples_go_first_and_options_stay(request_with_all: TeacherRequest) -> None:
    question, whole = request_with_all.question, count_words(render(request_with_all))
    assert fit(request_with_all, count_words, whole) is request_with_all
    seen = set()
    for room in range(whole, 0, -1):
        fitted = fit(request_with_all, count_words, room)
        if fitted is None:
            break
        assert count_words(render(fitted)) <= room
        far = len(fitted.evidence) - len(question.fact_ids)
        assert set(question.fact_ids) <= set(fitted.evidence)
        assert far == 4 or not fitted.examples
        seen.add((len(fitted.examples), far))
    assert seen == {(3, 4), (2, 4), (1, 4), (0, 4), (0, 3), (0, 2), (0, 1), (0, 0)}


def test_a_question_too_long_for_the_model_is_not_asked(request_with_all: TeacherRequest) -> None:
    engine = FakeEngine(says(GOOD), context=60)
    reply = LocalTeacher(RationalesConfig(max_tokens=50), engine).reason(request_with_all)
    assert (reply.fault, reply.answer, engine.calls) == ("prompt-too-long", None, [])


def test_a_number_is_that_of_the_evidence_that_fitted(request_with_all: TeacherRequest) -> None:
    facts = list(dict.fromkeys(request_with_all.question.fact_ids))
    bare = replace(request_with_all, examples=(), evidence={i: request_with_all.evidence[i] for i in facts})
    config, says_first = RationalesConfig(max_tokens=50), says(json.dumps({"reasoning": "By [1].", "answer": "A"}))
    roomy = LocalTeacher(config, FakeEngine(says_first))
    tight = LocalTeacher(config, FakeEngine(says_first, context=50 + count_words(render(bare))))
    assert roomy.reason(request_with_all).text == "By [doc/note/0]."
    assert tight.reason(request_with_all).text == f"By [{facts[0]}]."
    told = replace(request_with_all, messages=tuple(render(request_with_all)))
    assert tight.reason(told).text == f"By [{facts[0]}]."


def test_a_number_that_was_left_out_was_not_offered(request_with_all: TeacherRequest) -> None:
    facts = dict.fromkeys(request_with_all.question.fact_ids)
    bare = replace(request_with_all, examples=(), evidence={i: request_with_all.evidence[i] for i in facts})
    last = says(json.dumps({"reasoning": f"By [{len(request_with_all.evidence)}].", "answer": "A"}))
    config = RationalesConfig(max_tokens=50)
    tight = LocalTeacher(config, FakeEngine(last, context=50 + count_words(render(bare))))
    assert LocalTeacher(config, FakeEngine(last)).reason(request_with_all).fault == ""
    assert tight.reason(request_with_all).fault == "invented-citation"


def test_those_who_wait_are_served_together(request_with_all: TeacherRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_teacher, "GATHERING", 5.0)  # four threads are there long before
    engine = FakeEngine(says(GOOD), batch=4)
    teacher = LocalTeacher(RationalesConfig(), engine)
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(teacher.reason, [request_with_all] * 8))
    assert [r.answer for r in replies] == ["A"] * 8
    assert [len(jobs) for jobs in engine.calls] == [4, 4]


def test_each_gets_its_own_reply(request_with_all: TeacherRequest) -> None:
    def write(job: Job) -> Written:
        return Written(json.dumps({"reasoning": f"at {job.temperature}", "answer": "A"}), 1, 1, False)

    teacher = LocalTeacher(RationalesConfig(), FakeEngine(write, batch=3))
    requests = [replace(request_with_all, temperature=n / 10) for n in range(12)]
    with ThreadPoolExecutor(6) as pool:
        texts = [reply.text for reply in pool.map(teacher.reason, requests)]
    assert texts == [f"at {n / 10}" for n in range(12)]


def test_an_engine_that_dies_is_an_error_for_all_and_nobody_waits_for_ever(request_with_all: TeacherRequest) -> None:
    def dies(job: Job) -> Written:
        raise RuntimeError("out of memory")

    teacher = LocalTeacher(RationalesConfig(), FakeEngine(dies, batch=2))
    with ThreadPoolExecutor(4) as pool:
        errors = [pool.submit(teacher.reason, request_with_all).exception(timeout=30) for _ in range(4)]
    assert [str(error) for error in errors] == ["out of memory"] * 4


def test_an_engine_is_never_asked_by_two_threads_at_once(request_with_all: TeacherRequest) -> None:
    busy, clashes = threading.Lock(), []

    def write(job: Job) -> Written:
        clashes.append(not busy.acquire(blocking=False))
        threading.Event().wait(0.005)
        busy.release()
        return Written(GOOD, 1, 1, False)

    teacher = LocalTeacher(RationalesConfig(), FakeEngine(write))
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(teacher.reason, [request_with_all] * 12))
    assert clashes == [False] * 12


@pytest.mark.parametrize("kind", [TransformersTeacher, VLLMTeacher])
@pytest.mark.parametrize(("model", "words"), [("", "needs a model"), ("/no/such/folder", "no such folder")])
def test_a_model_has_to_be_there(toy: KnowledgeGraph, kind: Any, model: str, words: str) -> None:
    with pytest.raises(TeacherError, match=words):
        kind(RationalesConfig(teacher="vllm", model=model), toy)


def test_the_embedded_model_goes_by_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(local_teacher, "embedded_folder", lambda: tmp_path)
    assert model_folder(RationalesConfig(teacher="transformers", model=EMBEDDED)) == str(tmp_path)
    assert model_folder(RationalesConfig(teacher="transformers", model="owner/model")) == "owner/model"


# --- transformers ---


def test_a_folder_without_a_model_is_named(toy: KnowledgeGraph, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    with pytest.raises(TeacherError, match=r"cannot be loaded.*\*\.safetensors"):
        TransformersTeacher(RationalesConfig(teacher="transformers", model=str(tmp_path)), toy)


def test_transformers_writes_with_a_tiny_model(
    toy: KnowledgeGraph, tiny_base: Path, request_with_all: TeacherRequest
) -> None:
    pytest.importorskip("transformers")
    config = RationalesConfig(teacher="transformers", model=str(tiny_base), max_tokens=16)
    teacher = TransformersTeacher(config, toy)
    teacher._engine.context = 20_000  # the tiny model counts bytes, and its positions may run on
    request = replace(request_with_all, examples=())
    cold, again = teacher.reason(request), teacher.reason(request)
    assert cold.raw == again.raw
    assert cold.raw.startswith(PREFIX)
    assert 0 < cold.completion_tokens <= 16
    warm = [teacher.reason(replace(request, temperature=2.0)).raw for _ in range(3)]
    assert len({cold.raw, *warm}) > 1


def test_a_template_without_a_system_turn_gets_the_rules_with_the_question(
    toy: KnowledgeGraph, tiny_base: Path
) -> None:
    pytest.importorskip("transformers")
    teacher = TransformersTeacher(RationalesConfig(teacher="transformers", model=str(tiny_base)), toy)
    engine: Any = teacher._engine
    messages = [{"role": "system", "content": "rules"}, {"role": "user", "content": "question"}]
    template = "{% for m in messages %}({{ m['role'] }}) {{ m['content'] }}{% endfor %}"
    engine._tokenizer.chat_template = template
    assert engine._turns(messages) == [{"role": "user", "content": "rules\n\nquestion"}]
    engine._tokenizer.chat_template = template.replace("(", "{# system #}(", 1)
    assert engine._turns(messages) == messages


# --- vLLM ---


def test_without_vllm_the_extra_is_named(toy: KnowledgeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'failwise\[vllm\]'"):
        VLLMTeacher(RationalesConfig(teacher="vllm", model=str(tmp_path)), toy)


@pytest.fixture
def fake_vllm(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Put a module in vLLM's place that answers all prompts alike; return the calls of `LLM.chat`."""
    calls: list[tuple[Any, ...]] = []

    class FakeLLM:
        model_config = SimpleNamespace(max_model_len=4096)

        def __init__(self, **settings: Any) -> None:
            assert (settings["load_format"], settings["trust_remote_code"]) == ("safetensors", False)

        def get_tokenizer(self) -> Any:
            return FakeTokenizer()

        def chat(self, messages: list[Messages], parameters: list[Any], use_tqdm: bool) -> list[Any]:
            calls.append((messages, parameters))
            one = SimpleNamespace(text=GOOD, token_ids=[1, 2, 3], finish_reason="stop")
            return [SimpleNamespace(prompt_token_ids=[0] * 7, outputs=[one]) for _ in messages]

    modules = {name: ModuleType(name) for name in ("vllm", "vllm.sampling_params")}
    modules["vllm"].LLM = FakeLLM  # type: ignore[attr-defined]
    modules["vllm.sampling_params"].SamplingParams = SimpleNamespace  # type: ignore[attr-defined]
    modules["vllm.sampling_params"].StructuredOutputsParams = SimpleNamespace  # type: ignore[attr-defined]
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    return calls


class FakeTokenizer:
    """Counts words."""

    def apply_chat_template(self, messages: Messages, **how: Any) -> str:
        return " ".join(m["content"] for m in messages)

    def __call__(self, text: str, **how: Any) -> Any:
        return SimpleNamespace(input_ids=text.split())


def test_vllm_is_asked_for_the_schema_and_the_temperature(
    toy: KnowledgeGraph, tmp_path: Path, request_with_all: TeacherRequest, fake_vllm: list[tuple[Any, ...]]
) -> None:
    teacher = VLLMTeacher(RationalesConfig(teacher="vllm", model=str(tmp_path), max_tokens=64, concurrency=1), toy)
    reply = teacher.reason(replace(request_with_all, temperature=0.2))
    assert (reply.answer, reply.prompt_tokens, reply.completion_tokens) == ("A", 7, 3)
    [(messages, [parameters])] = fake_vllm
    assert messages == [render(request_with_all)]
    assert (parameters.temperature, parameters.max_tokens) == (0.2, 64)
    labels = list(request_with_all.question.option_ids)
    assert parameters.structured_outputs.json["properties"]["answer"]["enum"] == labels


@pytest.mark.slow
def test_the_real_vllm_writes_what_the_schema_asks_for(toy: KnowledgeGraph, request_with_all: TeacherRequest) -> None:
    pytest.importorskip("vllm")
    config = RationalesConfig(teacher="vllm", model=EMBEDDED, max_tokens=200, concurrency=4)
    teacher = VLLMTeacher(config, toy)
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(teacher.reason, [request_with_all] * 4))
    assert {reply.fault for reply in replies} <= {"", "empty", "cut-off"}
    assert all(reply.raw.startswith("{") and reply.prompt_tokens > 100 for reply in replies)
