"""The transformers teacher with the embedded model on a CUDA device."""

import pytest

from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.teachers.local_teacher import EMBEDDED, Job, model_folder
from failwise.generation.teachers.teacher import TeacherRequest
from failwise.generation.teachers.transformers_teacher import PREFIX, TransformersEngine, TransformersTeacher
from failwise.kg.graph import KnowledgeGraph

pytestmark = pytest.mark.gpu


@pytest.fixture
def config() -> RationalesConfig:
    """Return a configuration that asks the embedded model; tests skip where there is no CUDA device."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    return RationalesConfig(teacher="transformers", model=EMBEDDED, max_tokens=64)


def test_it_writes_there_and_the_same_each_time(toy: KnowledgeGraph, config: RationalesConfig) -> None:
    question = next(iter(Synthesis(toy, QuestionsConfig(asset_classes=("toy pump",)))))
    evidence = {i: f"{toy.statement(toy.facts[i])}." for i in question.fact_ids}
    teacher = TransformersTeacher(config, toy)
    first, second = (teacher.reason(TeacherRequest(question, evidence, temperature=0.0, attempt=1)) for _ in range(2))
    assert first.raw.startswith(PREFIX) and len(first.raw) > len(PREFIX)
    assert first.raw == second.raw
    assert first.prompt_tokens > 0 and 0 < first.completion_tokens <= config.max_tokens


def test_the_engine_takes_the_device(config: RationalesConfig) -> None:
    engine = TransformersEngine(model_folder(config), seed=0)
    assert engine._model.device.type == "cuda"
    [written] = engine.write([Job([{"role": "user", "content": "Name a pump."}], {}, 0.7, 16)])
    assert 0 < written.completion_tokens <= 16
