"""Reasons are written so many at once that what the model keeps of them fits, and a long one holds up no other."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import PreTrainedTokenizerBase

from failwise.training import models, reasons
from failwise.training.bases import resolve_base

ASKED = ["Why?", "Why does the bearing run hot?", "Why not?", "Which sensor shows it first, and why?"]
Asked = tuple[Any, PreTrainedTokenizerBase]


@pytest.fixture
def asked(tiny_base: Path) -> Asked:
    """Return a model to ask, and its tokenizer."""
    base = resolve_base(str(tiny_base))
    return models.load_base(base, "none", "fp32", torch.device("cpu")), models.load_tokenizer(base)


@pytest.fixture
def at_once(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many replies were written on at once, of each call of the model's `generate`."""
    rows: list[int] = []
    generate: Any = asked[0].generate

    def counted(**given: Any) -> Any:
        rows.append(len(given["input_ids"]))
        return generate(**given)

    monkeypatch.setattr(asked[0], "generate", counted)
    return rows


@pytest.mark.parametrize(("held", "rows"), [(2**15, [4]), (200, [2, 2]), (1, [1, 1, 1, 1])])
def test_as_many_are_written_at_once_as_may_be_held(
    held: int, rows: list[int], asked: Asked, at_once: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    one_by_one = [reasons.written(*asked, [user], longest=8)[0] for user in ASKED]
    lengths = sorted(len(models.render_prompt(asked[1], user)) + 8 for user in ASKED)
    assert lengths[-1] <= 100 < 200 < 3 * lengths[2]  # 200 tokens are those of two rows, not of three
    at_once.clear()
    monkeypatch.setattr(reasons, "HELD", held)
    assert reasons.written(*asked, ASKED, longest=8) == one_by_one
    assert at_once == rows


def test_those_at_their_end_are_not_written_on(
    asked: Asked, at_once: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, tokenizer = asked
    replies = [_tokens(asked, user) for user in ASKED]
    early = next(token for token in replies[0][1:4] if token not in replies[3])
    tokenizer.eos_token = tokenizer.convert_ids_to_tokens(early)
    whole = reasons.written(model, tokenizer, ASKED, longest=12)
    monkeypatch.setattr(reasons, "ROUND", 4)
    at_once.clear()
    pairs = list(reasons.write(model, tokenizer, ASKED, longest=12))
    assert [text for _, text in sorted(pairs)] == whole
    assert len(at_once) == 3
    assert at_once[0] == 4 > at_once[1] >= at_once[2] > 0
    assert pairs[0][0] == 0 and pairs[-1][0] != 0


def _tokens(asked: Asked, user: str) -> list[int]:
    model, tokenizer = asked
    prompt = models.render_prompt(tokenizer, user)
    written = model.generate(input_ids=torch.tensor([prompt]), max_new_tokens=12, do_sample=False)
    return list(written[0, len(prompt) :].tolist())


def test_the_vocabulary_head_is_given_no_slice(asked: Asked) -> None:
    model, _ = asked
    blocks: list[bool] = []
    head = model.get_output_embeddings()
    head.register_forward_hook(lambda _, inputs, output: blocks.append(inputs[0].is_contiguous()))
    reasons.written(*asked, ASKED, longest=3)
    assert blocks == [True] * 3
    assert not head._forward_pre_hooks


def test_nobody_asked_nothing_written(asked: Asked) -> None:
    assert reasons.written(*asked, []) == []
