"""A model that answers by the likelihood of the options, with exemplars as earlier turns of the chat."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch

from failwise.evaluation.in_context.records import Shot
from failwise.evaluation.likelihood import Branches, branches, load_scorer, score_batch
from failwise.generation.records import Question
from failwise.training import models, prompts
from failwise.training.config import Device
from failwise.training.records import Mode


class LikelihoodAnswerer:
    """Scores options as `evaluation.likelihood` does; without exemplars the scores are the same.

    Args:
        student: a student folder; `base`, `embedded` or a base model's name for one that was not trained.
        context: most tokens of a prompt with its longest option; None: what the model allows.
    """

    def __init__(
        self, student: str | Path, device: Device = "auto", threads: int | None = None, context: int | None = None
    ) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self._model, self._tokenizer, self.fingerprint = load_scorer(student, device)
        allowed = int(getattr(self._model.config, "max_position_embeddings", 0)) or 1024
        self.context = min(allowed, context or allowed)

    def tokens(self, shots: Sequence[Shot], question: Question) -> int:
        """Return how long the prompt is with its longest option."""
        packed = self._pack(shots, question)
        return len(packed.prompt) + max(map(len, packed.options))

    def score(self, asked: Sequence[tuple[Sequence[Shot], Question]]) -> list[tuple[float, ...]]:
        """Return the summed log-likelihood of every option of every question."""
        return score_batch(self._model, [self._pack(shots, question) for shots, question in asked])

    def _pack(self, shots: Sequence[Shot], question: Question) -> Branches:
        alone = branches(question, self._tokenizer)
        if not shots:
            return alone
        text = self._tokenizer.apply_chat_template(chat(shots, question), tokenize=False, add_generation_prompt=True)
        lead = prompts.answer_segments(question.options[0], question.option_ids[0])[0]
        encoded = [models.encode(self._tokenizer, part) for part in (cast(str, text), lead)]
        return Branches(tuple(token for part in encoded for token in part), alone.options)


def chat(shots: Sequence[Shot], question: Question) -> list[dict[str, Any]]:
    """Return the chat: each exemplar is asked and answered as in training, and the question is asked in direct mode."""
    system, asked = prompts.messages(prompts.ask(question, Mode.DIRECT))
    turns: list[dict[str, str]] = []
    for shot in shots:
        mode = Mode.RATIONALE if shot.text else Mode.DIRECT
        answer, label = (names[shot.question.answer] for names in (shot.question.options, shot.question.option_ids))
        turns.append({"role": "user", "content": prompts.ask(shot.question, mode)})
        turns.append({"role": "assistant", "content": "".join(prompts.completion(answer, label, shot.text or None))})
    return [system, *turns, asked]
