"""Contrast groups as they stand in a set: how large each is, and which ask for one option oftener than for another."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import compress

from failwise.generation.balance.guessers import Tables, has_none, option_of
from failwise.generation.records import Kind, Question

NO_GROUP, ALONE = 0, 1


@dataclass(slots=True)
class _Group:
    """Questions by what is right in them, and how many options are to be right in one of them."""

    answers: Counter[tuple[str, ...]] = field(default_factory=Counter)
    contrast: int = 0

    def broken(self) -> bool:
        rights: Counter[str] = Counter()
        for options, times in self.answers.items():
            for option in options:
                rights[option] += times
        return len(rights) < self.contrast or len(set(rights.values())) > 1


@dataclass
class Groups:
    """Counts contrast groups; `add` each question, then ask for `sizes` and `broken`.

    The size of a group is the number of its different right answers, which are as many as its anchors: a group that
    was asked twice in other words is no larger, and "none of these" is a right answer like any. Variants of questions
    are left out. Options are told apart by what they name, since asset classes may have names of their own for it.
    """

    tables: Tables
    found: dict[str, _Group] = field(default_factory=lambda: defaultdict(_Group))
    loose: int = 0

    def add(self, question: Question) -> None:
        """Count a question."""
        if question.perturbation_of is not None:
            return
        if not question.group:
            self.loose += 1
            return
        group, kinds = self.found[question.group], question.distractor_kinds
        group.answers[tuple(sorted(self._rights(question)))] += 1
        group.contrast = max(group.contrast, kinds.count(Kind.ANSWER) + kinds.count(Kind.CONTRAST))

    def _rights(self, question: Question) -> list[str]:
        """Return the right options but "none of these", by the concept of their fact."""
        right = list(compress(question.options, question.correct))
        if has_none(question) and question.correct[-1]:
            right.pop()
        if not question.direction or not question.fact_ids:
            return right
        known = [self.tables.graph.facts.get(i) for i in compress(question.fact_ids, question.correct)]
        return [option_of(f, question.direction) if f else option for f, option in zip(known, right, strict=False)]

    def sizes(self) -> dict[int, int]:
        """Count questions by the size of their group: 0 where they have none, 1 where the others are not in the set."""
        sizes = Counter({NO_GROUP: self.loose})
        for group in self.found.values():
            sizes[len(group.answers)] += group.answers.total()
        return dict(sorted((size, n) for size, n in sizes.items() if n))

    def broken(self) -> int:
        """Count groups that ask for one of their options oftener than for another, or for one not at all."""
        return sum(group.broken() for group in self.found.values() if len(group.answers) > ALONE)
