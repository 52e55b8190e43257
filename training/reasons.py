"""Reasons that a student writes by itself, for the stage after it and for whoever asks it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from failwise.files import RecordLog, read_records
from failwise.generation.records import Question
from failwise.training import models, prompts
from failwise.training.lengths import by_length
from failwise.training.records import Mode, OwnReasons
from failwise.training.tree import head_reads

FILE = "reasons.jsonl"

# Tokens of the longest reasons; the graph teacher's longest of the shipped ontology have a third of it.
LONGEST = 400

# Tokens held at once while replies are written, prompts included: for each, a model keeps its keys and values (22 KiB
# in the embedded base, 128 KiB in one of 8 billion parameters). The likelihoods of as many questions need none of it.
HELD = 2**14

# New tokens of one round. The replies that are at their end go out of it, so that few long ones hold up none; the rest
# are read anew in the next round, which costs less than writing on for all.
ROUND = 64


def written(model: Any, tokenizer: PreTrainedTokenizerBase, users: Sequence[str], longest: int = LONGEST) -> list[str]:
    """Return what the model writes to each user message, the likeliest token each time.

    A reply that is not at its end after `longest` tokens is cut off there. As many are written at once as may be held.
    """
    return [text for _, text in sorted(write(model, tokenizer, users, longest))]


@torch.inference_mode()
def write(
    model: Any, tokenizer: PreTrainedTokenizerBase, users: Sequence[str], longest: int = LONGEST
) -> Iterator[tuple[int, str]]:
    """Yield the same as they are at their end, each with the place of its message."""
    asked = [models.render_prompt(tokenizer, user) for user in users]
    replies: list[list[int]] = [[] for _ in users]
    step = longest if model.config.is_encoder_decoder else ROUND
    going: Sequence[int] = range(len(users))
    for start in range(0, longest, step):
        more, unfinished = min(step, longest - start), []
        lengths = [len(a) + len(r) + more for a, r in zip(asked, replies, strict=True)]
        for group in by_length(going, lengths, HELD):
            news = _generate(model, tokenizer, [asked[i] + replies[i] for i in group], more)
            for i, new in zip(group, news, strict=True):
                replies[i] += new
                if len(new) < more or start + more == longest:
                    yield i, str(tokenizer.decode(replies[i], skip_special_tokens=True)).strip()
                else:
                    unfinished.append(i)
        going = unfinished


def _generate(
    model: Any, tokenizer: PreTrainedTokenizerBase, asked: Sequence[Sequence[int]], longest: int
) -> list[list[int]]:
    """Return the new tokens of each, up to its end; as many as `longest` where it is not at its end."""
    end = int(tokenizer.eos_token_id)
    padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else end
    width = max(map(len, asked))
    left = [width - len(tokens) for tokens in asked]  # on the left, so that all go on in the same column
    tokens = torch.tensor([[padding] * n + list(t) for n, t in zip(left, asked, strict=True)])
    seen = torch.tensor([[0] * n + [1] * len(t) for n, t in zip(left, asked, strict=True)])
    # The prompts' last positions are a slice of all, and a slice torch multiplies on a CPU with one copy of the head's
    # weights for each row: with 64 prompts of the embedded base 3.2 GB, and half as long again for the prompts.
    with head_reads(model, torch.Tensor.contiguous):
        output = model.generate(
            input_ids=tokens.to(model.device),
            attention_mask=seen.to(model.device),
            max_new_tokens=longest,
            do_sample=False,
            pad_token_id=padding,
            eos_token_id=end,
        )
    rows = (output if model.config.is_encoder_decoder else output[:, width:]).tolist()
    return [row[: row.index(end)] if end in row else row for row in rows]


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
            for place, text in write(model, tokenizer, [prompts.ask(q, Mode.REASONS) for q in todo]):
                log.append(OwnReasons(todo[place].id, text))
    return {r.question_id: r.text for r in read_records(path, OwnReasons)}
