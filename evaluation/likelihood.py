"""Scores options by their likelihood: the prompt is read once, the options branch off it.

How a student is asked stands in its contract: at once, behind the reasons that it writes first (of two stages the
first writes them), or option by option for a yes or no.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerBase

from failwise.errors import StudentError
from failwise.evaluation.records import Answer
from failwise.generation.records import Question
from failwise.training import models, prompts
from failwise.training.bases import resolve_base
from failwise.training.config import EMBEDDED, Device
from failwise.training.contract import FILE as CONTRACT
from failwise.training.contract import FIRST, base_fingerprint, student_fingerprint
from failwise.training.encoding import Encoder
from failwise.training.examples import options_example
from failwise.training.lengths import by_length
from failwise.training.memory import enough_memory
from failwise.training.reasons import written
from failwise.training.recipe import ASKED
from failwise.training.records import Mode
from failwise.training.tree import Grove, Tree, foretell, packed, plant_rows, width_of

BASE = "base"

# Tokens scored at once, padding included. On two CPU cores 1,190 tokens a second go through the embedded base in groups
# of 4,096, and 540 in groups of 32,768. What is best on a GPU was not measured.
AT_ONCE = {"cpu": 2**12, "cuda": 2**16}

# Tokens of a row, in which questions that begin alike stand together. On two cores, in float32: 6.4 questions a second
# without such rows, 7.3 with 128, 7.8 with 256, 6.7 with 384, 5.6 with 640 (attention grows with the row).
ROW = 256

# Modes in which reasons are written, the one first that is asked for them where a student was taught several.
_EXPLAINING = (Mode.RATIONALE, Mode.REASONS, Mode.JUSTIFIED)


@dataclass(frozen=True, slots=True)
class Scorer:
    """A student, or an untrained base, that can be asked.

    `first` is the student of the first of two stages, with its tokenizer. `explains` is a mode in which it was taught
    to write reasons, where its answer does without them. Asset classes outside `named` are not named when it is asked
    about them; where that is empty, all are.
    """

    model: Any
    tokenizer: PreTrainedTokenizerBase
    encoder: Encoder
    fingerprint: str
    asked: Mode = Mode.DIRECT
    first: tuple[Any, PreTrainedTokenizerBase] | None = None
    explains: Mode | None = None
    named: frozenset[str] = frozenset()

    def score(self, questions: Sequence[Question]) -> list[tuple[float, ...]]:
        """Return the score of every option of every question, in nats."""
        return [scores for scores, _ in self.answer(questions)]

    def answer(self, questions: Sequence[Question]) -> list[tuple[tuple[float, ...], str]]:
        """Return the same, with the reasons that were written before it; none where it answers at once."""
        reasons = self._reasons(questions)
        trees = [self.tree(q, text) for q, text in zip(questions, reasons, strict=True)]
        scores = verdicts(self, trees) if self.asked is Mode.VERDICT else likelihoods(self.model, trees)
        return list(zip(scores, reasons, strict=True))

    def explain(self, question: Question) -> tuple[str, int | None]:
        """Return the reasons it writes when it is asked for them apart, and the option that they end in, if any."""
        if self.explains is None:
            return "", None
        [text] = written(self.model, self.tokenizer, [prompts.ask(question, self.explains)])
        if self.explains is Mode.REASONS:
            return text, None
        reply = prompts.parse_reply(text, question.options, question.option_ids, self.explains)
        return (reply.rationale, reply.choice) if reply else (text, None)

    def _reasons(self, questions: Sequence[Question]) -> list[str]:
        if self.first is not None:
            users = [prompts.ask(q, Mode.REASONS) for q in questions]
            return written(*self.first, users)
        if self.asked is not Mode.RATIONALE:
            return [""] * len(questions)
        users = [prompts.ask(q, Mode.RATIONALE) for q in questions]
        replies = written(self.model, self.tokenizer, users)
        # What stands behind the first `Answer:` is thrown away: every option is scored there, the chosen one too.
        return [reply.partition(f"\n{prompts.ANSWER}")[0].strip() for reply in replies]

    def tree(self, question: Question, reasons: str = "") -> Tree:
        """Return a question in tokens, cut as in training."""
        asked = question if self.names(question) else prompts.unnamed(question)
        return self.encoder.tree(options_example(asked, self.asked, reasons))

    def names(self, question: Question) -> bool:
        """Say whether it is asked with the name of the question's asset class."""
        return not self.named or not question.asset_class or question.asset_class in self.named


def score_questions(
    student: str | Path | Scorer,
    questions: Sequence[Question],
    *,
    device: Device = "auto",
    batch_size: int = 256,
    threads: int | None = None,
) -> Iterator[Answer]:
    """Yield the student's answer to every question, batch by batch, questions that begin alike together.

    The choice is the option with the highest score; of equal ones, the first. A score that is not a number
    makes it None. Answers come as they are made: write them, and after an interruption pass the rest.

    Args:
        student: a student folder; `base`, `embedded` or a base model's name for one that was not trained; or one of
            these that was loaded before, with `load_scorer`.
        batch_size: questions asked at once; of these as many are scored at once as `AT_ONCE` allows. A batch's time is
            shared evenly among its answers.

    Raises:
        StudentError: the student cannot be loaded, or its contract does not match.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    scorer = student if isinstance(student, Scorer) else load_scorer(student, device)
    ordered = sorted(questions, key=lambda question: scorer.tree(question).prompt)
    for start in range(0, len(ordered), batch_size):
        batch = ordered[start : start + batch_size]
        began = time.perf_counter()
        with enough_memory("scoring", f"set evaluation.batch_size below {batch_size}"):
            answered = scorer.answer(batch)
        latency_ms = (time.perf_counter() - began) * 1000 / len(batch)
        for question, (scores, reasons) in zip(batch, answered, strict=True):
            yield _answer(question, scores, reasons, scorer.fingerprint, latency_ms)


def load_scorer(student: str | Path, device: Device) -> Scorer:
    """Load a student folder or an untrained base."""
    place = models.pick_device(device)
    folder = Path(student)
    if (folder / CONTRACT).is_file() or (folder / "adapter_config.json").is_file():
        return _load_student(folder, place)
    base = resolve_base(EMBEDDED if student == BASE else str(student))
    tokenizer = models.load_tokenizer(base)
    fingerprint = base_fingerprint(base.name, base.revision, models.chat_template_hash(tokenizer))
    model = models.load_base(base, "none", "bf16", place)
    model.train(False)
    return Scorer(model, tokenizer, Encoder(tokenizer), fingerprint)


def _load_student(folder: Path, place: torch.device) -> Scorer:
    model, tokenizer, contract = models.load_student(folder, place)
    if contract.asked not in ASKED:
        raise StudentError(
            f"the student in {folder} writes reasons and no answers: it is the first of two stages; give the folder "
            "that holds it"
        )
    first = models.load_student(folder / FIRST, place)[:2] if contract.asked is Mode.INFERRED else None
    fingerprint = student_fingerprint(contract, folder)
    explains = None
    if contract.asked not in (Mode.RATIONALE, Mode.INFERRED):
        explains = next((mode for mode in _EXPLAINING if mode in contract.modes), None)
    named = frozenset(contract.named)
    return Scorer(model, tokenizer, Encoder(tokenizer), fingerprint, contract.asked, first, explains, named)


@torch.inference_mode()
def likelihoods(model: Any, trees: Sequence[Tree]) -> list[tuple[float, ...]]:
    """Return the summed log-likelihood of what is foretold of every branch of every tree, in nats."""
    found: list[tuple[float, ...]] = [()] * len(trees)
    for places, grove, logits in _read(model, trees):
        likely = -cross_entropy(logits, grove.targets, reduction="none")
        scores = torch.zeros(len(places), int(grove.branch_of.max()) + 1, device=likely.device, dtype=likely.dtype)
        scores.index_put_((grove.tree, grove.branch_of), likely, accumulate=True)
        for place, row in zip(places, scores.tolist(), strict=True):
            found[place] = tuple(row[: len(trees[place].branches)])
    return found


@torch.inference_mode()
def verdicts(scorer: Scorer, trees: Sequence[Tree]) -> list[tuple[float, ...]]:
    """Return the log-odds that each option is right, in nats.

    An option is right if it holds and that is wanted, or if neither is so. The first branch of a tree says what is
    wanted; its odds and the option's are those of yes against no.
    """
    at, yes, no = _parting(scorer.tokenizer)
    found: list[tuple[float, ...]] = [()] * len(trees)
    for places, _, logits in _read(scorer.model, trees):
        some = [trees[place] for place in places]
        lengths = [len(text) - given for tree in some for text, given in zip(tree.branches, tree.given, strict=True)]
        rows = [end - length + at for end, length in zip(accumulate(lengths), lengths, strict=True)]
        odds = iter((logits[rows, yes] - logits[rows, no]).tolist())
        for place, tree in zip(places, some, strict=True):
            wanted, *others = [next(odds) for _ in tree.branches]
            found[place] = tuple(_both_or_neither(wanted, holds) for holds in others)
    return found


def _read(model: Any, trees: Sequence[Tree]) -> Iterator[tuple[list[int], Grove, Tensor]]:
    """Yield the places of trees that the model read together, in the order it read them, and what it foretells."""
    alone = model.config.is_encoder_decoder
    rows = [[place] for place in range(len(trees))] if alone else packed(trees, ROW)
    planted = [[trees[place] for place in row] for row in rows]
    widths = [width_of(row) for row in planted]
    for group in by_length(range(len(rows)), widths, AT_ONCE[model.device.type]):
        grove = plant_rows([planted[number] for number in group]).to(model.device)
        yield [place for number in group for place in rows[number]], grove, foretell(model, grove)


def _parting(tokenizer: PreTrainedTokenizerBase) -> tuple[int, int, int]:
    """Return where the tokens of yes and no part, mostly at the first, and what each is there."""
    yes, no = (models.encode(tokenizer, word) for word in (prompts.YES, prompts.NO))
    return next((at, one, other) for at, (one, other) in enumerate(zip(yes, no, strict=False)) if one != other)


def _both_or_neither(one: float, other: float) -> float:
    """Return the log-odds that two things of such log-odds are both so, or both not."""
    a, b = torch.tensor([one, other], dtype=torch.float64)
    zero = torch.zeros_like(a)
    return float(torch.logaddexp(a + b, zero) - torch.logaddexp(a, b))


def _answer(question: Question, scores: tuple[float, ...], reasons: str, student: str, latency_ms: float) -> Answer:
    numbers = all(score == score and abs(score) != float("inf") for score in scores)
    choice = max(range(len(scores)), key=scores.__getitem__) if numbers else None
    return Answer(
        question_id=question.id,
        student=student,
        scores=scores if numbers else (),
        choice=choice,
        right=choice is not None and question.correct[choice],
        latency_ms=round(latency_ms, 3),
        reasons=reasons,
    )
