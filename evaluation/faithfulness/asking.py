"""Have a student answer behind changed reasons, and keep each answer as it comes."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from failwise.evaluation.calibration import best
from failwise.evaluation.config import EvaluationConfig
from failwise.evaluation.faithfulness.records import Altered, Behind
from failwise.files import RecordLog, read_records
from failwise.generation.records import Question
from failwise.training.records import Branch, Example, Mode

if TYPE_CHECKING:
    from failwise.evaluation.scorer import Scorer
    from failwise.training.tree import Tree

# What was chosen behind the student's own reasons.
OWN = "own reasons"

# Returns the score of every option of every question behind altered reasons, or of every conclusion from them.
Shown = Sequence[tuple[Question, Altered]]
Weigh = Callable[[Shown], list[tuple[float, ...]]]

Todo = tuple[Question, Sequence[Altered]]


def weigher(student: Path, config: EvaluationConfig) -> Weigh:
    """Return what scores options behind given reasons as the student does behind its own; it is loaded when needed."""

    @cache
    def scorer() -> "Scorer":
        import torch

        from failwise.evaluation.respondents import open_scorer

        if config.threads is not None:
            torch.set_num_threads(config.threads)
        return open_scorer(student, config)

    def weigh(shown: Shown) -> list[tuple[float, ...]]:
        from failwise.evaluation.reading import sums
        from failwise.training.memory import enough_memory

        found: dict[int, tuple[float, ...]] = {}
        answering = [i for i, (_, altered) in enumerate(shown) if not altered.conclusions]
        concluding = [i for i, (_, altered) in enumerate(shown) if altered.conclusions]
        engine = scorer().engine
        with enough_memory("scoring", f"set evaluation.batch_size below {config.batch_size}"):
            for by, places in ((engine, answering), (scorer().first or engine, concluding)):
                trees = [_tree(scorer(), *shown[i]) for i in places]
                found |= zip(places, map(sums, by.weigh(trees)) if trees else (), strict=True)
        return [found[i] for i in range(len(shown))]

    return weigh


def _tree(scorer: "Scorer", question: Question, altered: Altered) -> "Tree":
    """Return a question with altered reasons in tokens: what may follow are its options, or conclusions."""
    from failwise.training import prompts

    if not altered.conclusions:
        return scorer.tree(question, altered.text)
    mode = Mode.RATIONALE if scorer.first is None else Mode.REASONS
    branches = tuple(Branch((f" {conclusion}",)) for conclusion in altered.conclusions)
    return scorer.encoder.tree(
        Example(question.id, mode, prompts.ask(question, mode), branches, (altered.text,), ends=False)
    )


def ask_behind(
    weigh: Weigh,
    student: str,
    todo: Sequence[Todo],
    path: Path,
    batch_size: int = 256,
    advance: Callable[[int], None] = lambda n: None,
) -> list[Behind]:
    """Append the answers behind every question's altered reasons to `path`; what stands there is not asked again.

    Reasons of one question are asked together, so that it is read once; equal ones are asked once.

    Returns:
        all answers, question by question.
    """
    with RecordLog(path) as log:
        said = {(b.question_id, b.kind, b.reasons): b for b in read_records(path, Behind)}
        left = [(q, [a for a in altered if (q.id, a.kind, a.text) not in said]) for q, altered in todo]
        open_ = [(question, altered) for question, altered in left if altered]
        advance(len(todo) - len(open_))
        step = max(1, batch_size // max([len(altered) for _, altered in open_], default=1))
        for start in range(0, len(open_), step):
            for answers in _answered(weigh, student, open_[start : start + step]):
                log.append(*answers)
                said |= {(b.question_id, b.kind, b.reasons): b for b in answers}
                advance(1)
    return [said[question.id, a.kind, a.text] for question, altered in todo for a in altered]


def _answered(weigh: Weigh, student: str, batch: Sequence[Todo]) -> list[list[Behind]]:
    shown = {(q.id, a.text, a.conclusions): (q, a) for q, altered in batch for a in altered}
    scores = dict(zip(shown, weigh(list(shown.values())), strict=True))
    return [[_behind(student, q, a, scores[q.id, a.text, a.conclusions]) for a in altered] for q, altered in batch]


def _behind(student: str, question: Question, altered: Altered, scores: tuple[float, ...]) -> Behind:
    choice = best(scores)
    return Behind(
        question.id,
        student,
        altered.kind,
        altered.text,
        altered.target,
        scores if choice is not None else (),
        choice,
        choice is not None and question.correct[choice],
    )
