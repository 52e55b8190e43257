"""Reasons are written so many at once that what the model keeps of them fits into memory."""

from pathlib import Path
from typing import Any

import pytest
import torch

from failwise.training import models, reasons
from failwise.training.bases import resolve_base

ASKED = ["Why?", "Why does the bearing run hot?", "Why not?", "Which sensor shows it first, and why?"]


@pytest.mark.parametrize(("held", "rows"), [(2**15, [4]), (200, [2, 2]), (1, [1, 1, 1, 1])])
def test_as_many_are_written_at_once_as_may_be_held(
    held: int, rows: list[int], tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = resolve_base(str(tiny_base))
    model, tokenizer = models.load_base(base, "none", "fp32", torch.device("cpu")), models.load_tokenizer(base)
    one_by_one = list(reasons.written(model, tokenizer, ASKED, 1, longest=8))
    widest = max(len(models.render_prompt(tokenizer, user)) for user in ASKED)
    assert widest + 8 <= 100 < 2 * (widest + 8)  # 200 tokens are those of two rows
    at_once: list[int] = []
    generate: Any = model.generate

    def counted(**given: Any) -> Any:
        at_once.append(len(given["input_ids"]))
        return generate(**given)

    monkeypatch.setattr(reasons, "HELD", held)
    monkeypatch.setattr(model, "generate", counted)
    assert list(reasons.written(model, tokenizer, ASKED, longest=8)) == one_by_one
    assert at_once == rows


def test_nobody_asked_nothing_written(tiny_base: Path) -> None:
    base = resolve_base(str(tiny_base))
    model, tokenizer = models.load_base(base, "none", "fp32", torch.device("cpu")), models.load_tokenizer(base)
    assert list(reasons.written(model, tokenizer, [])) == []
