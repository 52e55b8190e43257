"""Reasons that a student writes by itself, for the stage after it and for whoever asks it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from failwise.files import RecordLog, read_records
from failwise.generation.records import Question
from failwise.training import models, prompts
from failwise.training.records import Mode, OwnReasons

FILE = "reasons.jsonl"

# Tokens of the longest reasons; the graph teacher's longest of the shipped ontology have a third of it.
LONGEST = 400

# Tokens held at once while replies are written, prompts included: for each, a model keeps its keys and values (22 KiB
# in the embedded base, 128 KiB in one of 8 billion parameters). The likelihoods of as many questions need none of it.
HELD = 2**15


@torch.inference_mode()
def written(
    model: Any, tokenizer: PreTrainedTokenizerBase, users: Sequence[str], batch_size: int = 16, longest: int = LONGEST
) -> Iterator[str]:
    """Yield what the model writes to each user message, the likeliest token each time.

    A reply that is not at its end after `longest` tokens is cut off there. Fewer than `batch_size` are written at once
    where so many would hold more than `HELD` tokens.
    """
    asked = [models.render_prompt(tokenizer, user) for user in users]
    at_once = max(1, min(batch_size, HELD // (max(map(len, asked), default=0) + longest)))
    for start in range(0, len(asked), at_once):
        yield from _generate(model, tokenizer, asked[start : start + at_once], longest)


def _generate(
    model: Any, tokenizer: PreTrainedTokenizerBase, asked: Sequence[Sequence[int]], longest: int
) -> list[str]:
    padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    width = max(map(len, asked))
    left = [width - len(tokens) for tokens in asked]  # on the left, so that all go on in the same column
    tokens = torch.tensor([[padding] * n + list(t) for n, t in zip(left, asked, strict=True)])
    seen = torch.tensor([[0] * n + [1] * len(t) for n, t in zip(left, asked, strict=True)])
    output = model.generate(
        input_ids=tokens.to(model.device),
        attention_mask=seen.to(model.device),
        max_new_tokens=longest,
        do_sample=False,
        pad_token_id=padding,
        eos_token_id=tokenizer.eos_token_id,
    )
    new = output if model.config.is_encoder_decoder else output[:, width:]
    return [str(tokenizer.decode(row, skip_special_tokens=True)).strip() for row in new]


def write_reasons(student: Path, questions: Sequence[Question], device: torch.device) -> dict[str, str]:
    """Return the reasons that a student of the mode `reasons` writes to each question, by id.

    They are kept in its folder as they come; what stands there is not asked again.
    """
    path = student / FILE
    with RecordLog(path) as log:
        done = {r.question_id for r in read_records(path, OwnReasons)}
        todo = [q for q in questions if q.id not in done]
        if todo:
            model, tokenizer, _ = models.load_student(student, device)
            texts = written(model, tokenizer, [prompts.ask(q, Mode.REASONS) for q in todo])
            for question, text in zip(todo, texts, strict=True):
                log.append(OwnReasons(question.id, text))
    return {r.question_id: r.text for r in read_records(path, OwnReasons)}
