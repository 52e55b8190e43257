"""Fixtures: the toy ontology, a tiny base model, shared data where it is there, and the program as a user calls it."""

import gc
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import load_ontology, shipped_folder

ROOT = Path(__file__).parents[1]
# A chat template with a system turn, as instruction-tuned models have.
CHAT_TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)

TOY = Path(__file__).parent / "toy" / "toy.ttl"


def pytest_collection_finish() -> None:
    """Leave what was imported by now, a million things, out of every later search for garbage."""
    gc.collect()
    gc.freeze()


def toy_paths() -> list[Path]:
    """Return the files of the toy ontology: our schema and relations, and two made-up asset classes."""
    return [shipped_folder() / "schema.ttl", shipped_folder() / "relations.ttl", TOY]


@pytest.fixture(scope="session")
def toy() -> KnowledgeGraph:
    """Return the toy graph."""
    return KnowledgeGraph.load(toy_paths(), shipped=False)


@pytest.fixture(scope="session")
def shipped() -> KnowledgeGraph:
    """Return the shipped graph."""
    return KnowledgeGraph.load()


@pytest.fixture(scope="session")
def published() -> KnowledgeGraph:
    """Return the graph of the published tables alone: the shipped one without the asset class that we added."""
    return KnowledgeGraph(load_ontology(instead={"fmea/centrifugal-pump.ttl": None}))


SHAPE: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}


def byte_tokenizer(template: str | None = CHAT_TEMPLATE) -> Any:
    """Return a tokenizer with a token for each byte."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    raw = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(alphabet)}, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    tokenizer: Any = cast(Any, PreTrainedTokenizerFast)(tokenizer_object=raw, eos_token="<|end|>", pad_token="<|pad|>")
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|system|>", "<|user|>", "<|assistant|>"]})
    tokenizer.chat_template = template
    return tokenizer


def write_base(folder: Path, config: Any, model: Any, template: str | None = CHAT_TEMPLATE) -> Path:
    """Write a base model with random weights, of a transformers model class and its configuration's."""
    import torch

    tokenizer = byte_tokenizer(template)
    tokenizer.save_pretrained(folder)
    ids = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None}
    torch.manual_seed(0)
    model(config(vocab_size=len(tokenizer), **ids)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a randomly initialised base model."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = partial(LlamaConfig, num_key_value_heads=2, max_position_embeddings=1024, **SHAPE)
    return write_base(tmp_path_factory.mktemp("tiny-base"), config, LlamaForCausalLM)


def two_step_student(base: Path, folder: Path, questions: Sequence[Question]) -> Path:
    """Train a student of two steps into a folder."""
    from failwise.training.config import TrainingConfig
    from failwise.training.student import Material, train_student

    settings = {"base": str(base), "recipe": "answer", "quantisation": "none", "rank": 4, "alpha": 8}
    config = TrainingConfig.model_validate({**settings, "batch_size": 4, "max_steps": 2, "device": "cpu"})
    train_student(Material(questions, {}), config, folder, lambda step, steps, loss: None)
    return folder


def pretend_to_teach(run: object, folder: Path, *_: object) -> None:
    """Write a student that is whole by its files and cannot be asked, as a stage of a run."""
    from failwise.training.contract import ADAPTER, ADAPTER_CONFIG, DecodeContract
    from failwise.training.records import Mode

    DecodeContract("base", "1", "2", "3", (Mode.DIRECT,), Mode.DIRECT, "bf16", "none").save(folder)
    (folder / ADAPTER).write_bytes(b"weights")
    (folder / ADAPTER_CONFIG).write_text("{}")


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of shared data; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("FAILWISE_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the shared data are not at {folder}; set FAILWISE_DATA to their folder")
    return folder


def environment() -> dict[str, str]:
    """Return the environment of a program under test: this checkout, no hub, plain output."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "HF_HUB_OFFLINE": "1", "COLUMNS": "200", "NO_COLOR": "1"}


@dataclass(frozen=True)
class Done:
    """How a call of the program ended."""

    returncode: int
    stdout: str
    stderr: str


Program = Callable[..., Done]


@pytest.fixture
def failwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    """Return a function that runs the program in an empty folder; what it does not catch fails the test."""
    from failwise.cli import exit_code

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("failwise.files.cache_folder", lambda: tmp_path.with_name(f"{tmp_path.name}-cache"))

    def call(*arguments: str | Path) -> Done:
        capsys.readouterr()
        try:
            code = exit_code([str(a) for a in arguments])
        except SystemExit as end:  # --help and --version
            code = int(end.code or 0)
        return Done(code, *capsys.readouterr())

    return call
