"""Scores options by their likelihood: the prompt is read once, the options branch off it.

All options of a question stand in one sequence. A mask lets each see the prompt and itself alone, and its
positions go on from the prompt's end; so each gets the score it would have in a sequence of its own.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from failwise.errors import StudentError
from failwise.evaluation.records import Answer
from failwise.generation.records import Question
from failwise.training import models, prompts
from failwise.training.bases import resolve_base
from failwise.training.config import EMBEDDED, Device
from failwise.training.contract import base_fingerprint, student_fingerprint
from failwise.training.records import Mode

BASE = "base"


@dataclass(frozen=True, slots=True)
class Branches:
    """A question in tokens: the prompt, up to and with `Answer:`, and every option behind it."""

    prompt: tuple[int, ...]
    options: tuple[tuple[int, ...], ...]

    @property
    def width(self) -> int:
        """Tokens of the packed sequence."""
        return len(self.prompt) + sum(map(len, self.options))


def score_questions(
    student: str | Path,
    questions: Sequence[Question],
    *,
    device: Device = "auto",
    batch_size: int = 16,
    threads: int | None = None,
) -> Iterator[Answer]:
    """Yield the student's answer to every question, batch by batch, the shortest questions first.

    The choice is the option with the highest score; of equal ones, the first. A score that is not a number
    makes it None. Answers come as they are made: write them, and after an interruption pass the rest.

    Args:
        student: a student folder; `base`, `embedded` or a base model's name for one that was not trained.
        batch_size: questions scored at once; a batch's time is shared evenly among its answers.

    Raises:
        StudentError: the student cannot be loaded, or its contract does not match.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    model, tokenizer, fingerprint = load_scorer(student, device)
    asked = [(question, branches(question, tokenizer)) for question in questions]
    asked.sort(key=lambda pair: pair[1].width)
    for start in range(0, len(asked), batch_size):
        batch = asked[start : start + batch_size]
        began = time.perf_counter()
        scores = score_batch(model, [packed for _, packed in batch])
        latency_ms = (time.perf_counter() - began) * 1000 / len(batch)
        for (question, _), row in zip(batch, scores, strict=True):
            yield _answer(question, row, fingerprint, latency_ms)


def load_scorer(student: str | Path, device: Device) -> tuple[Any, PreTrainedTokenizerBase, str]:
    """Load a student folder or an untrained base; return model, tokenizer and fingerprint."""
    place = models.pick_device(device)
    folder = Path(student)
    if (folder / "contract.json").is_file() or (folder / "adapter_config.json").is_file():
        model, tokenizer, contract = models.load_student(folder, place)
        if Mode.DIRECT not in contract.modes:
            raise StudentError(
                f"the student in {folder} was trained in the modes {', '.join(contract.modes)} and option "
                f"likelihood asks in direct mode; train it with a direct_share above 0"
            )
        return model, tokenizer, student_fingerprint(contract, folder)
    base = resolve_base(EMBEDDED if student == BASE else str(student))
    tokenizer = models.load_tokenizer(base)
    fingerprint = base_fingerprint(base.name, base.revision, models.chat_template_hash(tokenizer))
    model = models.load_base(base, "none", "bf16", place)
    model.train(False)
    return model, tokenizer, fingerprint


def branches(question: Question, tokenizer: PreTrainedTokenizerBase) -> Branches:
    """Return a question in tokens, cut as in training."""
    user = prompts.ask(question, Mode.DIRECT)
    prompt = models.render_prompt(tokenizer, user)
    options: list[tuple[int, ...]] = []
    for option, label in zip(question.options, question.option_ids, strict=True):
        lead, *scored, _letter = prompts.answer_segments(option, label)
        options.append(tuple(token for segment in scored for token in models.encode(tokenizer, segment)))
    return Branches((*prompt, *models.encode(tokenizer, lead)), tuple(options))


@torch.inference_mode()
def score_batch(model: Any, batch: Sequence[Branches]) -> list[tuple[float, ...]]:
    """Return the summed log-likelihood of every option of every question, in nats."""
    lead = max(len(item.prompt) for item in batch)
    tail = max(item.width - len(item.prompt) for item in batch)
    tokens = torch.zeros(len(batch), lead + tail, dtype=torch.long)
    positions = torch.zeros_like(tokens)
    # Branch 0 is the prompt, 1… are the options, -1 is padding.
    branch = torch.full_like(tokens, -1)
    for row, item in enumerate(batch):
        _fill(item, lead, tokens[row], positions[row], branch[row])
    seen = _visible(branch)
    dtype = next(model.parameters()).dtype
    blocked = torch.zeros(seen.shape, dtype=dtype).masked_fill(~seen, torch.finfo(dtype).min)
    device = model.device
    logits = model(
        input_ids=tokens.to(device),
        attention_mask=blocked[:, None].to(device),
        position_ids=positions.to(device),
        logits_to_keep=tail + 1,
        use_cache=False,
    ).logits
    return [_sum_up(item, row) for item, row in zip(batch, logits, strict=True)]


def _fill(item: Branches, lead: int, tokens: Tensor, positions: Tensor, branch: Tensor) -> None:
    """Write one question into its row; all prompts of a batch end in the same column."""
    length = len(item.prompt)
    tokens[lead - length : lead] = torch.tensor(item.prompt)
    positions[lead - length : lead] = torch.arange(length)
    branch[lead - length : lead] = 0
    at = lead
    for number, option in enumerate(item.options, 1):
        end = at + len(option)
        tokens[at:end] = torch.tensor(option)
        positions[at:end] = torch.arange(length, length + len(option))
        branch[at:end] = number
        at = end


def _visible(branch: Tensor) -> Tensor:
    """Return which position sees which: what stands before it in its own branch or in the prompt."""
    query, key = branch[:, :, None], branch[:, None, :]
    size = branch.shape[1]
    before = torch.ones(size, size, dtype=torch.bool).tril()
    # Padding sees itself: a row that sees nothing would be divided by zero.
    return before & ((key == query) | ((key == 0) & (query > 0)))


def _sum_up(item: Branches, logits: Tensor) -> tuple[float, ...]:
    """Return the scores of one question; row 0 of `logits` belongs to the prompt's last token."""
    scores: list[float] = []
    at = 1
    for option in item.options:
        # An option's first token is foretold by the prompt's end, each further one by the one before it.
        rows = torch.tensor([0, *range(at, at + len(option) - 1)], device=logits.device)
        likely = logits[rows].float().log_softmax(-1)
        targets = torch.tensor(option, device=logits.device)
        scores.append(float(likely.gather(1, targets[:, None]).sum()))
        at += len(option)
    return tuple(scores)


def _answer(question: Question, scores: tuple[float, ...], student: str, latency_ms: float) -> Answer:
    numbers = all(score == score and abs(score) != float("inf") for score in scores)
    choice = max(range(len(scores)), key=scores.__getitem__) if numbers else None
    return Answer(
        question_id=question.id,
        student=student,
        scores=scores,
        choice=choice,
        right=choice is not None and question.correct[choice],
        latency_ms=round(latency_ms, 3),
    )
