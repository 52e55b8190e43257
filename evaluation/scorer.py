"""A student that can be asked, as its contract wants it asked.

That is: at once, behind the reasons that it writes first (of two stages the first writes them), or option by option
for a yes or no.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from failwise.errors import StudentError
from failwise.evaluation.answers import BASE
from failwise.evaluation.engines.engine import Engine
from failwise.evaluation.engines.local import Local
from failwise.evaluation.reading import sums
from failwise.generation.records import Question
from failwise.training import models, prompts
from failwise.training.bases import Base, resolve_base
from failwise.training.config import EMBEDDED, Device
from failwise.training.contract import ADAPTER_CONFIG, FIRST, DecodeContract, base_fingerprint, student_fingerprint
from failwise.training.contract import FILE as CONTRACT
from failwise.training.encoding import Encoder
from failwise.training.examples import options_example
from failwise.training.recipe import ASKED
from failwise.training.records import Mode
from failwise.training.tree import Tree

# Modes in which reasons are written, the one first that is asked for them where a student was taught several.
_EXPLAINING = (Mode.RATIONALE, Mode.REASONS, Mode.JUSTIFIED)


@dataclass(frozen=True, slots=True)
class Scorer:
    """A student, or an untrained base, that can be asked.

    `first` computes the student of the first of two stages. `explains` is a mode in which it was taught
    to write reasons, where its answer does without them. Asset classes outside `named` are not named when it is asked
    about them; where that is empty, all are.
    """

    engine: Engine
    tokenizer: PreTrainedTokenizerBase
    encoder: Encoder
    fingerprint: str
    asked: Mode = Mode.DIRECT
    first: Engine | None = None
    explains: Mode | None = None
    named: frozenset[str] = frozenset()

    @property
    def model(self) -> Any:
        """The model, where torch computes it in this process."""
        return self.engine.model  # type: ignore[attr-defined]

    def score(self, questions: Sequence[Question]) -> list[tuple[float, ...]]:
        """Return the score of every option of every question, in nats."""
        return [scores for scores, _ in self.answer(questions)]

    def answer(self, questions: Sequence[Question]) -> list[tuple[tuple[float, ...], str]]:
        """Return the same, with the reasons that were written before it; none where it answers at once."""
        reasons = self.reasons(questions)
        trees = [self.tree(q, text) for q, text in zip(questions, reasons, strict=True)]
        scores = self._verdicts(trees) if self.asked is Mode.VERDICT else map(sums, self.engine.weigh(trees))
        return list(zip(scores, reasons, strict=True))

    def _verdicts(self, trees: Sequence[Tree]) -> list[tuple[float, ...]]:
        """Return the log-odds that each option is right, in nats.

        An option is right if it holds and that is wanted, or if neither is so. The first branch of a tree says what is
        wanted; its odds and the option's are those of yes against no.
        """
        found = ((odds[0], odds[1:]) for odds in self.engine.odds(trees))
        return [tuple(_both_or_neither(wanted, holds) for holds in others) for wanted, others in found]

    def explain(self, question: Question) -> tuple[str, int | None]:
        """Return the reasons it writes when it is asked for them apart, and the option that they end in, if any."""
        if self.explains is None:
            return "", None
        [text] = self.engine.write([prompts.ask(question, self.explains)])
        if self.explains is Mode.REASONS:
            return text, None
        reply = prompts.parse_reply(text, question.options, question.option_ids, self.explains)
        return (reply.rationale, reply.choice) if reply else (text, None)

    def reasons(self, questions: Sequence[Question]) -> list[str]:
        """Return the reasons that it writes before it answers; "" where it answers at once."""
        if self.first is not None:
            users = [prompts.ask(q, Mode.REASONS) for q in questions]
            return self.first.write(users)
        if self.asked is not Mode.RATIONALE:
            return [""] * len(questions)
        users = [prompts.ask(q, Mode.RATIONALE) for q in questions]
        replies = self.engine.write(users)
        # What stands behind the first `Answer:` is thrown away: every option is scored there, the chosen one too.
        return [reply.partition(f"\n{prompts.ANSWER}")[0].strip() for reply in replies]

    def tree(self, question: Question, reasons: str = "") -> Tree:
        """Return a question in tokens, cut as in training."""
        return self.encoder.tree(options_example(self.put(question), self.asked, reasons))

    def put(self, question: Question) -> Question:
        """Return a question as the student is asked it: with the name of its asset class, or without."""
        return question if self.names(question) else prompts.unnamed(question)

    def names(self, question: Question) -> bool:
        """Say whether it is asked with the name of the question's asset class."""
        return not self.named or not question.asset_class or question.asset_class in self.named


# A folder with any of these is a student's; without its contract, one that is not whole, and no untrained base.
_OF_A_STUDENT = (CONTRACT, ADAPTER_CONFIG, "training.json", "merge.json")

# Returns what computes a model: the base, the tokenizer, and the student's folder (None: the base as it is).
Loader = Callable[[Base, PreTrainedTokenizerBase, Path | None], Engine]


def load_scorer(student: str | Path, device: Device) -> Scorer:
    """Load a student folder, or an untrained base, into this process."""
    place = models.pick_device(device)

    def load(base: Base, tokenizer: PreTrainedTokenizerBase, folder: Path | None) -> Engine:
        if folder is not None:
            return Local(models.load_weights_of(folder, base, DecodeContract.load(folder), place), tokenizer)
        model = models.load_base(base, "none", "bf16", place)
        model.train(False)
        return Local(model, tokenizer)

    return scorer_of(student, load)


def scorer_of(student: str | Path, load: Loader) -> Scorer:
    """Return a student, or an untrained base, that something computes; its contract is checked first.

    Raises:
        StudentError: the student is not whole, its contract does not match, or it is the first of two stages.
    """
    folder = Path(student)
    if not any((folder / name).is_file() for name in _OF_A_STUDENT):
        base = resolve_base(EMBEDDED if student == BASE else str(student))
        tokenizer = models.load_tokenizer(base)
        fingerprint = base_fingerprint(base.name, base.revision, models.chat_template_hash(tokenizer))
        return Scorer(load(base, tokenizer, None), tokenizer, Encoder(tokenizer), fingerprint)
    contract = DecodeContract.load(folder)
    base, tokenizer = models.checked_base(folder, contract)
    if contract.asked not in ASKED:
        raise StudentError(
            f"the student in {folder} writes reasons and no answers: it is the first of two stages; give the folder "
            "that holds it"
        )
    engine = load(base, tokenizer, folder)
    first = _first(folder / FIRST, load) if contract.asked is Mode.INFERRED else None
    fingerprint = student_fingerprint(folder)
    explains = None
    if contract.asked not in (Mode.RATIONALE, Mode.INFERRED):
        explains = next((mode for mode in _EXPLAINING if mode in contract.modes), None)
    named = frozenset(contract.named)
    return Scorer(engine, tokenizer, Encoder(tokenizer), fingerprint, contract.asked, first, explains, named)


def _first(folder: Path, load: Loader) -> Engine:
    return load(*models.checked_base(folder, DecodeContract.load(folder)), folder)


def _both_or_neither(one: float, other: float) -> float:
    """Return the log-odds that two things of such log-odds are both so, or both not."""
    a, b = torch.tensor([one, other], dtype=torch.float64)
    zero = torch.zeros_like(a)
    return float(torch.logaddexp(a + b, zero) - torch.logaddexp(a, b))
