"""Examples in tokens."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from transformers import PreTrainedTokenizerBase

from failwise.training import models
from failwise.training.examples import Lesson, Row, Shown
from failwise.training.records import Branch, Example
from failwise.training.tree import Tree

# Texts whose tokens are kept: more than a training has prompts, and a fraction of a large audit.
_KEPT = 1 << 16


@dataclass(frozen=True, slots=True)
class Unit:
    """What is learned together: one tree, or one for each view of a question.

    `right` and `names` stand beside the branches of each tree. `task` is the number of its task in the recipe.
    """

    task: int
    trees: tuple[Tree, ...]
    right: tuple[tuple[bool, ...], ...]
    names: tuple[tuple[str, ...], ...]

    @property
    def width(self) -> int:
        """Tokens of its longest row."""
        return max(tree.width for tree in self.trees)


class Encoder:
    """Cuts examples into tokens, segment by segment; nothing is ever cut off."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, max_length: int | None = None) -> None:
        """Refuse examples of more than `max_length` tokens, where there is a limit."""
        self._end = int(tokenizer.eos_token_id)
        self._most = math.inf if max_length is None else max_length
        self._prompt = lru_cache(_KEPT)(lambda text: tuple(models.render_prompt(tokenizer, text)))
        self._segment = lru_cache(_KEPT)(lambda text: tuple(models.encode(tokenizer, text)))

    def tree(self, example: Example) -> Tree:
        """Return an example in tokens; where it ends, the end of the turn is learned with it."""
        texts = [self._branch(branch) for branch in example.branches]
        end = (self._end,) if example.ends else ()
        branches = tuple((*given, *learned, *end) for given, learned in texts)
        lead = (token for segment in example.lead for token in self._segment(segment))
        return Tree((*self._prompt(example.prompt), *lead), branches, tuple(len(given) for given, _ in texts))

    def _branch(self, branch: Branch) -> tuple[list[int], list[int]]:
        tokens = [self._segment(segment) for segment in branch.segments]
        given, learned = tokens[: branch.given], tokens[branch.given :]
        return [t for part in given for t in part], [t for part in learned for t in part]

    def fits(self, example: Example) -> bool:
        """Say whether an example is short enough."""
        return self.tree(example).width <= self._most

    def fitting(self, lessons: Iterable[Shown]) -> tuple[list[Shown], list[str]]:
        """Return the lessons that are short enough, and the ids of the others. Views that are too long are left out."""
        kept: list[Shown] = []
        too_long: list[str] = []
        for lesson in lessons:
            fitted = self._fitted_row(lesson) if isinstance(lesson, Row) else self._fitted_lesson(lesson)
            if fitted is None:
                too_long.append(lesson.question_id)
            else:
                kept.append(fitted)
        return kept, too_long

    def _fitted_lesson(self, lesson: Lesson) -> Lesson | None:
        if not self.fits(lesson.example):
            return None
        return Lesson(lesson.example, tuple(view for view in lesson.views if self.fits(view)))

    def _fitted_row(self, row: Row) -> Row | None:
        """Have fewer things judged at once, as far as the longest of them fit behind the longest wording."""
        lead = max(len(self._prompt(prompt)) + self._length(wanted) for prompt, wanted in row.wordings)
        lengths = sorted(map(self._length, row.verdicts), reverse=True)
        most = next((k for k in range(min(row.most, len(lengths)), 0, -1) if lead + sum(lengths[:k]) <= self._most), 0)
        return replace(row, most=most) if most else None

    def _length(self, branch: Branch) -> int:
        return sum(len(self._segment(segment)) for segment in branch.segments)

    def unit(self, task: int, examples: Sequence[Example]) -> Unit:
        """Return what is learned together."""
        return Unit(
            task,
            tuple(self.tree(example) for example in examples),
            tuple(tuple(b.right for b in example.branches) for example in examples),
            tuple(tuple(b.name for b in example.branches) for example in examples),
        )
