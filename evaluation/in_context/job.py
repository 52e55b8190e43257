"""Ask every question under every condition. Answers are appended as they come; an interrupted check goes on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Protocol

from failwise.evaluation.calibration import best
from failwise.evaluation.in_context.config import InContextConfig
from failwise.evaluation.in_context.curation import Tells, shuffled, untelling
from failwise.evaluation.in_context.records import CURATED, NONE, Condition, Exemplar, Shot, ShotAnswer
from failwise.files import RecordLog, content_id, read_records
from failwise.generation.records import Question

ANSWERS = "in-context-answers.jsonl"
VERSION = "1"

_Key = tuple[str, Condition, str]


class Answerer(Protocol):
    """Anything that scores the options of a question after some exemplars."""

    @property
    def fingerprint(self) -> str:
        """Tells this model from another."""
        ...

    @property
    def context(self) -> int:
        """Most tokens that it reads."""
        ...

    def tokens(self, shots: Sequence[Shot], question: Question) -> int:
        """Return how many tokens the prompt takes with its longest option."""
        ...

    def score(self, asked: Sequence[tuple[Sequence[Shot], Question]]) -> list[tuple[float, ...]]:
        """Return a score for each option of each question; the highest is the answer."""
        ...


@dataclass(frozen=True, slots=True)
class Exemplars:
    """Where exemplars come from: the pool that chance draws from, and the curated ones in their order."""

    pool: Sequence[Exemplar]
    curated: Sequence[Exemplar]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question under a condition, before its prompt is fitted into the context."""

    question: Question
    condition: Condition
    shots: tuple[Shot, ...]
    fingerprint: str

    @property
    def key(self) -> _Key:
        """What makes an answer one to this."""
        return self.question.id, self.condition, self.fingerprint


def conditions(config: InContextConfig) -> list[Condition]:
    """Return all conditions, no exemplar first."""
    some = [k for k in config.shots if k]
    rest = [Condition(s, r, k) for s, r, k in product(config.sources, config.rationales, some)]
    return [Condition(NONE, False, 0), *rest]


def plan(
    questions: Sequence[Question], exemplars: Exemplars, tells: Tells, answerer: Answerer, config: InContextConfig
) -> list[Asked]:
    """Return all that is to be asked. More exemplars of a condition are the fewer ones and further ones behind them."""
    found = []
    most = max(config.shots)
    for question in questions:
        tested = tells.of_question(question)
        picked: dict[str, list[Exemplar]] = {
            source: untelling(
                exemplars.curated if source == CURATED else shuffled(exemplars.pool, question, config.seed),
                tested,
                question.id,
                most,
            )
            for source in config.sources
        }
        for condition in conditions(config):
            chosen = picked.get(condition.source, [])[: condition.shots]
            shots = tuple(Shot(e.question, e.text if condition.rationale else "") for e in chosen)
            found.append(Asked(question, condition, shots, _fingerprint(answerer, question, shots)))
    return found


def _fingerprint(answerer: Answerer, question: Question, shots: Sequence[Shot]) -> str:
    said = [(s.question.question, s.question.options, s.question.option_ids, s.question.correct, s.text) for s in shots]
    asked = (question.question, question.options, question.option_ids, question.correct)
    return content_id(VERSION, answerer.fingerprint, answerer.context, asked, said)


def answer_all(
    todo: Sequence[Asked],
    answerer: Answerer,
    config: InContextConfig,
    folder: Path,
    advance: Callable[[int], None] = lambda n: None,
) -> list[ShotAnswer]:
    """Ask what was not answered yet and return all answers, in the order of `todo`.

    Args:
        advance: called with the number of answers done, for a progress bar.
    """
    with RecordLog(folder / ANSWERS) as log:
        known = {(a.question_id, a.condition, a.fingerprint): a for a in read_records(folder / ANSWERS, ShotAnswer)}
        open_ = [asked for asked in todo if asked.key not in known]
        advance(len(todo) - len(open_))
        for answer in _answers(open_, answerer, config.batch_size):
            log.append(answer)
            known[answer.question_id, answer.condition, answer.fingerprint] = answer
            advance(1)
    return [known[asked.key] for asked in todo]


def _answers(todo: Sequence[Asked], answerer: Answerer, size: int) -> Iterator[ShotAnswer]:
    """Answer batch by batch; prompts of about one length stand together, since the longest sets the time."""
    rough = sorted(todo, key=lambda a: sum(len(s.text) + len(s.question.question) + 200 for s in a.shots))
    for start in range(0, len(rough), size):
        batch = [(asked, _fitted(asked, answerer)) for asked in rough[start : start + size]]
        fit = [(asked, shots) for asked, shots in batch if shots is not None]
        scores = iter(answerer.score([(shots, asked.question) for asked, shots in fit]) if fit else ())
        for asked, shots in batch:
            yield _answer(asked, shots, next(scores) if shots is not None else ())


def _fitted(asked: Asked, answerer: Answerer) -> tuple[Shot, ...] | None:
    """Leave out the last exemplars until the prompt fits; None where the question alone does not."""
    for count in range(len(asked.shots), -1, -1):
        if answerer.tokens(asked.shots[:count], asked.question) <= answerer.context:
            return asked.shots[:count]
    return None


def _answer(asked: Asked, shots: tuple[Shot, ...] | None, scores: tuple[float, ...]) -> ShotAnswer:
    choice = best(scores)
    condition, used = asked.condition, shots or ()
    return ShotAnswer(
        asked.question.id,
        condition.source,
        condition.rationale,
        condition.shots,
        asked.fingerprint,
        tuple(s.question.id for s in used),
        len(asked.shots) - len(used),
        scores,
        choice,
        choice is not None and asked.question.correct[choice],
    )
