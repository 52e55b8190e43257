"""A base model of a few thousand weights with a byte tokenizer, and questions to teach it: no download."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from failwise.generation.records import Question, Rationale
from failwise.kg.records import Direction, Polarity

CHAT_TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a randomly initialised base model."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny-base")
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    raw = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(alphabet)}, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    tokenizer: Any = cast(Any, PreTrainedTokenizerFast)(tokenizer_object=raw, eos_token="<|end|>", pad_token="<|pad|>")
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|system|>", "<|user|>", "<|assistant|>"]})
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def question(number: int, options: tuple[str, ...] = ("vibration", "speed"), right: int = 0) -> Question:
    """Return a question about made-up machine `number`."""
    facts = tuple(f"m{number}/indicatedBy/wear/{option.replace(' ', '-')}" for option in options)
    return Question(
        subject="failure_mode_sensor_analysis",
        id=f"q{number}",
        question=f"On machine {number}, what shows wear?",
        options=options,
        option_ids=tuple("ABCDEFGHIJ"[: len(options)]),
        question_first=True,
        correct=tuple(i == right for i in range(len(options))),
        text_type="choice",
        asset_name=f"machine {number}",
        relevancy="relevant_sensors_for_failure_mode",
        question_type="mcp1_positive",
        asset_class=f"m{number}",
        relation="indicatedBy",
        direction=Direction.FORWARD,
        polarity=Polarity.SELECTION,
        anchor="wear",
        fact_ids=facts,
        tested_fact=facts[right],
        template="t1",
        distractor_kinds=tuple("answer" if i == right else "same-anchor" for i in range(len(options))),
        difficulty="medium",
        seed=0,
        regime="new-question",
        split="train",
        ontology="toy",
    )


def rationale(of: Question, text: str | None = None, answer: str | None = None) -> Rationale:
    """Return a rationale that leads to the right option of a question."""
    right = of.answer
    return Rationale(
        question_id=of.id,
        teacher="scripted",
        fingerprint="f",
        evidence=of.fact_ids,
        text=text or f"It shows in {of.options[right]} [{of.fact_ids[right]}].",
        cited=(of.fact_ids[right],),
        answer=answer or of.option_ids[right],
        verdict="accepted",
        attempts=1,
        prompt_tokens=0,
        completion_tokens=0,
    )


@pytest.fixture(scope="session")
def make_question() -> Callable[..., Question]:
    """Return the maker of questions."""
    return question


@pytest.fixture(scope="session")
def make_rationale() -> Callable[..., Rationale]:
    """Return the maker of rationales."""
    return rationale


@pytest.fixture(scope="session")
def questions() -> list[Question]:
    """Return a dozen questions whose right option changes."""
    return [question(i, ("vibration", "speed", "oil debris"), right=i % 3) for i in range(12)]


@pytest.fixture(scope="session")
def rationales(questions: list[Question]) -> dict[str, Rationale]:
    """Return a rationale for each question."""
    return {q.id: rationale(q) for q in questions}
