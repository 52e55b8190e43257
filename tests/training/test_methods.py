"""Each recipe, method and family of models trains, is saved, and is asked the way its contract says."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers.utils import logging as transformers_logging

from failwise.errors import InputError, StudentError
from failwise.evaluation.respondents import answer_questions
from failwise.evaluation.scorer import load_scorer
from failwise.generation.perturbing.perturb import perturb
from failwise.generation.records import Question, Rationale
from failwise.training import losses, models, student, trainer
from failwise.training.bases import resolve_base
from failwise.training.batches import Part
from failwise.training.config import TrainingConfig
from failwise.training.contract import ADAPTER, FIRST, FULL, DecodeContract
from failwise.training.reasons import FILE as OWN_REASONS
from failwise.training.recipe import load_recipe, recipe_names
from failwise.training.records import Mode
from failwise.training.student import Material, train_student
from tests.conftest import SHAPE, write_base

SETTINGS: dict[str, Any] = {
    "quantisation": "none",
    "precision": "fp32",
    "adapter_precision": "fp32",
    "rank": 4,
    "alpha": 8,
    "learning_rate": 1e-2,
    "batch_size": 4,
    "max_steps": 6,
    "checkpoint_every": 2,
    "device": "cpu",
}


@pytest.fixture
def material(questions: list[Question], rationales: dict[str, Rationale]) -> Material:
    """Return what is taught, with views that need no graph."""
    return Material(questions, rationales, list(perturb(questions, ["option-order", "labels"])))


def config(base: Path, **settings: Any) -> TrainingConfig:
    return TrainingConfig(**{**SETTINGS, "base": str(base), **settings})


def quiet(step: int, steps: int, loss: float) -> None:
    """Report nothing."""


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_is_taught_and_asked(name: str, material: Material, tiny_base: Path, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    result = train_student(material, config(tiny_base, recipe=name), tmp_path, quiet)
    assert [task.name for task in result.tasks] == [task.name for task in recipe.tasks]
    assert all(len(task.losses) == 6 and task.examples > 0 for task in result.tasks)
    weights = sum(task.weight for task in recipe.tasks)
    for step, loss in enumerate(result.losses):
        parts = sum(task.weight * told.losses[step] for task, told in zip(recipe.tasks, result.tasks, strict=True))
        assert loss == pytest.approx(parts / weights, rel=1e-3)
    assert DecodeContract.load(tmp_path).asked is recipe.asked
    answers = {a.question_id: a for a in answer_questions(tmp_path, material.questions[:3], device="cpu")}
    assert all(len(a.scores) == 3 and a.choice is not None for a in answers.values())


def test_an_asset_class_that_was_not_learned_is_asked_without_its_name(
    material: Material, tiny_base: Path, tmp_path: Path
) -> None:
    learned = [replace(q, question=f"{q.question} On the {q.asset_name}.") for q in material.questions]
    train_student(replace(material, questions=learned), config(tiny_base, recipe="transfer"), tmp_path, quiet)
    known = {q.asset_class for q in learned}
    assert {*DecodeContract.load(tmp_path).named} == known
    scorer = load_scorer(tmp_path, "cpu")
    plain = replace(scorer, named=frozenset())
    unseen = replace(learned[0], asset_class="crane", asset_name="crane", question="What shows wear on the crane?")
    unnamed = replace(unseen, question="What shows wear on the machine?")
    assert scorer.tree(unseen) == plain.tree(unnamed) != plain.tree(unseen)
    assert scorer.tree(learned[0]) == plain.tree(learned[0])
    assert scorer.tree(replace(unseen, asset_class="")) == plain.tree(unseen)


@pytest.mark.parametrize("whose", ["teacher", "student", "mixed"])
def test_the_second_stage_learns_from_whose_reasons_it_is_told(
    whose: str, material: Material, tiny_base: Path, tmp_path: Path
) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(
        f"summary: Two.\nasked: inferred\nreasons: {whose}\nfirst: [{{mode: reasons}}]\ntasks: [{{mode: inferred}}]\n"
    )
    out = tmp_path / "student"
    train_student(material, config(tiny_base, recipe=str(path), max_length=2000), out, quiet)
    assert DecodeContract.load(out / FIRST).asked is Mode.REASONS
    own = out / FIRST / OWN_REASONS
    written = [json.loads(line) for line in own.read_text().splitlines()] if own.is_file() else []
    assert len(written) == {"teacher": 0, "student": 12, "mixed": 6}[whose]
    with pytest.raises(StudentError, match="first of two stages"):
        load_scorer(out / FIRST, "cpu")


def test_a_second_stage_with_another_first_is_another_student(
    material: Material, tiny_base: Path, tmp_path: Path
) -> None:
    out = tmp_path / "student"
    train_student(material, config(tiny_base, recipe="two-stage"), out, quiet)
    before = load_scorer(out, "cpu").fingerprint
    weights = out / FIRST / ADAPTER
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\1\0")
    assert load_scorer(out, "cpu").fingerprint != before


@pytest.mark.parametrize("method", ["lora", "dora", "full"])
def test_every_method_trains_what_it_says(method: str, material: Material, tiny_base: Path, tmp_path: Path) -> None:
    result = train_student(material, config(tiny_base, recipe="answer", method=method), tmp_path, quiet)
    assert sum(result.losses[-2:]) < sum(result.losses[:2])
    weights = load_file(tmp_path / (FULL if method == "full" else ADAPTER))
    assert any("magnitude" in name for name in weights) is (method == "dora")
    assert any("lora_A" in name for name in weights) is (method != "full")
    trained = {a.question_id: a.scores for a in answer_questions(tmp_path, material.questions, device="cpu")}
    untrained = {a.question_id: a.scores for a in answer_questions(tiny_base, material.questions, device="cpu")}
    assert trained != untrained


def test_nf4_weights_are_unpacked_on_a_cpu_without_a_word(tiny_base: Path) -> None:
    library, said = logging.getLogger("transformers"), StringIO()
    watcher = logging.StreamHandler(said)
    library.addHandler(watcher)
    transformers_logging.warning_once.cache_clear()  # it may have been said before
    try:
        chosen = config(tiny_base, quantisation="nf4", precision="bf16", adapter_precision="bf16")
        model = models.load_trainable(resolve_base(str(tiny_base)), chosen, torch.device("cpu"))
    finally:
        library.removeHandler(watcher)
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
    assert said.getvalue() == ""


def test_a_full_model_resumes_as_it_was(material: Material, tiny_base: Path, tmp_path: Path) -> None:
    settings = config(tiny_base, recipe="answer", method="full")

    class Interrupted(Exception):
        """Stands for a kill."""

    def stop(step: int, steps: int, loss: float) -> None:
        if step == 5:
            raise Interrupted

    whole = train_student(material, settings, tmp_path / "whole", quiet)
    with pytest.raises(Interrupted):
        train_student(material, settings, tmp_path / "parts", stop)
    resumed = train_student(material, settings, tmp_path / "parts", quiet)
    assert resumed.resumed_at == 4 and resumed.losses == pytest.approx(whole.losses, rel=1e-4)
    ours, theirs = (load_file(tmp_path / name / FULL) for name in ("whole", "parts"))
    for name, values in ours.items():
        torch.testing.assert_close(values, theirs[name], rtol=1e-4, atol=1e-4)


def _families() -> list[Any]:
    import transformers as t

    grouped: dict[str, Any] = {"num_key_value_heads": 2, "max_position_embeddings": 1024, **SHAPE}
    windowed = {**grouped, "head_dim": 8, "sliding_window": 512}
    found = {
        "granite": (partial(t.GraniteConfig, logits_scaling=2.0, **grouped), t.GraniteForCausalLM),
        "qwen3": (partial(t.Qwen3Config, head_dim=8, **grouped), t.Qwen3ForCausalLM),
        "mistral": (partial(t.MistralConfig, sliding_window=None, **grouped), t.MistralForCausalLM),
        "gemma3": (partial(t.Gemma3TextConfig, **windowed), t.Gemma3ForCausalLM),
        "smollm3": (partial(t.SmolLM3Config, **grouped), t.SmolLM3ForCausalLM),
    }
    return [pytest.param(*pair, id=name) for name, pair in found.items()]


@pytest.mark.parametrize(("family", "model"), _families())
def test_every_family_scores_side_by_side_as_alone(
    family: Callable[..., Any], model: Any, material: Material, tmp_path: Path
) -> None:
    base = write_base(tmp_path / "base", family, model)
    train_student(material, config(base, recipe="facts"), tmp_path / "student", quiet)
    scorer = load_scorer(tmp_path / "student", "cpu")
    question = material.questions[0]
    together = scorer.score([question])[0]
    for at, option in enumerate(question.options):
        alone = scorer.tree(question)
        single = replace(alone, branches=(alone.branches[at],), given=(alone.given[at],))
        tokens = torch.tensor([[*single.prompt, *single.branches[0]]])
        with torch.inference_mode():
            likely = scorer.model(tokens).logits[0].float().log_softmax(-1)
        expected = sum(float(likely[len(single.prompt) - 1 + i, t]) for i, t in enumerate(single.branches[0]))
        assert together[at] == pytest.approx(expected, rel=1e-3, abs=1e-3), option


def test_an_example_beyond_a_models_window_is_refused(material: Material, tmp_path: Path) -> None:
    from transformers import MistralConfig, MistralForCausalLM

    shape: dict[str, Any] = {"num_key_value_heads": 2, "sliding_window": 64, **SHAPE}
    base = write_base(tmp_path / "base", partial(MistralConfig, **shape), MistralForCausalLM)
    with pytest.raises(StudentError, match="set max_length to 64"):
        train_student(material, config(base, recipe="answer"), tmp_path / "student", quiet)


@pytest.fixture
def t5(tmp_path: Path) -> Path:
    """Return the folder of a tiny model of an encoder and a decoder, whose tokenizer has no chat template."""
    from transformers import T5Config, T5ForConditionalGeneration

    shape: dict[str, Any] = {
        "d_model": 32,
        "d_kv": 8,
        "d_ff": 64,
        "num_layers": 2,
        "num_heads": 4,
        "decoder_start_token_id": 0,
    }
    return write_base(tmp_path / "t5", partial(T5Config, **shape), T5ForConditionalGeneration, None)


@pytest.mark.parametrize("name", ["answer", "listwise", "verdicts", "two-stage"])
def test_an_encoder_and_a_decoder_learn_too(name: str, material: Material, t5: Path, tmp_path: Path) -> None:
    out = tmp_path / "student"
    result = train_student(material, config(t5, recipe=name), out, quiet)
    assert min(result.losses[1:]) < result.losses[0]
    answers = list(answer_questions(out, material.questions[:4], device="cpu"))
    assert all(a.choice is not None for a in answers)


def test_a_decoder_scores_each_option_as_alone(t5: Path, material: Material) -> None:
    scorer = load_scorer(t5, "cpu")
    model = scorer.model.float()
    trees = [scorer.tree(question) for question in material.questions[:2]]
    for scores, tree in zip(scorer.score(material.questions[:2]), trees, strict=True):
        for score, branch in zip(scores, tree.branches, strict=True):
            with torch.inference_mode():
                labels = torch.tensor([branch])
                likely = model(input_ids=torch.tensor([tree.prompt]), labels=labels).logits[0].log_softmax(-1)
            assert score == pytest.approx(float(likely.gather(1, labels.T).sum()), rel=1e-4)


def test_parts_change_nothing_but_the_memory(material: Material, tiny_base: Path, tmp_path: Path) -> None:
    whole = train_student(material, config(tiny_base, recipe="multi-task"), tmp_path / "1", quiet)
    parts = train_student(material, config(tiny_base, recipe="multi-task", parts=3), tmp_path / "3", quiet)
    assert parts.losses == pytest.approx(whole.losses, rel=1e-4)


def test_out_of_memory_says_what_to_set_and_goes_on(
    material: Material, tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config(tiny_base, recipe="multi-task")
    whole = train_student(material, settings, tmp_path / "whole", quiet)
    learn = losses.task_losses

    def greedy(model: Any, part: Part, *rest: Any) -> Any:
        if len(part.units) > 2 and list((tmp_path / "short").rglob("whole.json")):
            torch.empty(1 << 55, dtype=torch.uint8)  # refused by the real allocator
        return learn(model, part, *rest)

    monkeypatch.setattr(trainer, "task_losses", greedy)
    with pytest.raises(StudentError, match=r"training\.parts above 1 or training\.gradient_checkpointing") as said:
        train_student(material, settings, tmp_path / "short", quiet)
    assert "goes on from its last checkpoint" in str(said.value) and "\n" not in str(said.value)
    less = settings.model_copy(update={"parts": settings.batch_size, "gradient_checkpointing": True})
    resumed = train_student(material, less, tmp_path / "short", quiet)
    assert resumed.resumed_at > 0 and resumed.losses == pytest.approx(whole.losses, rel=1e-4)


def test_it_stops_when_what_is_held_out_is_learned_no_better(
    material: Material, tiny_base: Path, tmp_path: Path
) -> None:
    settings = config(
        tiny_base, recipe="answer", validation_share=0.25, patience=1, learning_rate=0.5, max_steps=40,
    )  # fmt: skip
    result = train_student(material, settings, tmp_path, quiet)
    assert result.steps < 40
    assert result.best_step == min(result.held_out, key=lambda step: result.held_out[step])
    assert result.examples == 4 * result.steps


def test_the_loss_of_what_is_held_out_is_kept_over_a_kill(material: Material, tiny_base: Path, tmp_path: Path) -> None:
    settings = config(tiny_base, recipe="answer", validation_share=0.25)

    def stop(step: int, steps: int, loss: float) -> None:
        if step == 5:
            raise KeyboardInterrupt

    whole = train_student(material, settings, tmp_path / "whole", quiet)
    with pytest.raises(KeyboardInterrupt):
        train_student(material, settings, tmp_path / "parts", stop)
    resumed = train_student(material, settings, tmp_path / "parts", quiet)
    assert set(resumed.held_out) == {2, 4, 6}
    assert resumed.held_out == pytest.approx(whole.held_out, rel=1e-3)


@pytest.mark.parametrize("name", ["mixed", "facts", "verdicts"])
def test_what_is_held_out_is_not_learned(
    name: str, material: Material, tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    material = replace(material, rows=material.questions)  # rows say again what questions ask
    seen: dict[str, set[tuple[int, ...]]] = {}

    def look(model: Any, steps: Any, held_out: Any, *rest: Any) -> Any:
        for what, units in (("learned", steps), ("held out", held_out)):
            seen[what] = {tree.prompt for step in units for unit in step for tree in unit.trees}
        raise KeyboardInterrupt

    monkeypatch.setattr(student, "run_steps", look)
    with pytest.raises(KeyboardInterrupt):
        settings = config(tiny_base, recipe=name, validation_share=0.25, max_steps=40)
        train_student(material, settings, tmp_path, quiet)
    assert seen["held out"] and seen["learned"] and not seen["held out"] & seen["learned"]


def test_a_share_of_no_question_is_refused(material: Material, tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"set at least 0\.083"):
        train_student(material, config(tiny_base, validation_share=0.01), tmp_path, quiet)


def test_its_patience_is_kept_over_a_kill(
    material: Material, tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def least_at_four(self: trainer.StudentTrainer, *_: Any, **__: Any) -> Any:
        return torch.tensor(float(abs(self.state.global_step - 4))), None, None

    def stop(step: int, steps: int, loss: float) -> None:
        if step == 7:
            raise KeyboardInterrupt

    monkeypatch.setattr(trainer.StudentTrainer, "prediction_step", least_at_four)
    settings = config(tiny_base, recipe="answer", validation_share=0.25, patience=2, max_steps=20)
    assert train_student(material, settings, tmp_path / "whole", quiet).steps == 8
    with pytest.raises(KeyboardInterrupt):
        train_student(material, settings, tmp_path / "parts", stop)
    assert train_student(material, settings, tmp_path / "parts", quiet).steps == 8


def test_what_is_trained_can_be_followed_by_a_tracker(
    material: Material, tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", str(tmp_path / "logs"))
    train_student(material, config(tiny_base, recipe="answer", report_to=("tensorboard",)), tmp_path / "s", quiet)
    assert list((tmp_path / "logs").rglob("events*"))


def test_a_tracker_that_is_not_installed_is_named(material: Material, tiny_base: Path, tmp_path: Path) -> None:
    missing = next(name for name in ("wandb", "mlflow", "trackio") if find_spec(name) is None)
    with pytest.raises(InputError, match=f"pip install {missing}"):
        train_student(material, config(tiny_base, recipe="answer", report_to=(missing,)), tmp_path, quiet)


def test_paging_is_for_cuda(material: Material, tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(StudentError, match="set optimizer to 'adamw'"):
        train_student(material, config(tiny_base, optimizer="paged_adamw_8bit"), tmp_path, quiet)


@pytest.mark.parametrize("targets", ["nonsense", "*proj", ("q_proj", "nope"), ("proj",)])
def test_modules_that_there_are_not_are_refused_and_then_mended(
    targets: str | tuple[str, ...], material: Material, tiny_base: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="target_modules"):
        train_student(material, config(tiny_base, recipe="answer", target_modules=targets), tmp_path, quiet)
    train_student(material, config(tiny_base, recipe="answer", target_modules=("q_proj",)), tmp_path, quiet)


def test_an_example_longer_than_the_model_reads_is_refused(material: Material, tmp_path: Path) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    shape: dict[str, Any] = {"num_key_value_heads": 2, "max_position_embeddings": 64, **SHAPE}
    base = write_base(tmp_path / "base", partial(LlamaConfig, **shape), LlamaForCausalLM)
    with pytest.raises(StudentError, match="set max_length to 64"):
        train_student(material, config(base, recipe="answer"), tmp_path / "student", quiet)
