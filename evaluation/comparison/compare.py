"""Two students compared, from end to end: answers in, what was gained and lost out."""

from dataclasses import dataclass

from failwise.evaluation.comparison.facts import fact_changes, of_change
from failwise.evaluation.comparison.findings import findings
from failwise.evaluation.comparison.groups import group_changes
from failwise.evaluation.comparison.pairing import pair
from failwise.evaluation.comparison.records import Change, FactChange, GroupChange
from failwise.evaluation.coverage.audit import audit
from failwise.evaluation.sources import Answers, Questions
from failwise.kg.graph import KnowledgeGraph

# Where a loss counts as one for continuous integration.
_WATCHED = ("all", "relation", "asset_class")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What B gained and lost against A on the questions that both answered.

    `left_out` counts those that A alone, and B alone, answered; the first of the groups is the whole.
    """

    students: tuple[str, str]
    left_out: tuple[int, int]
    groups: list[GroupChange]
    facts: list[FactChange]
    findings: list[str]

    @property
    def questions(self) -> int:
        """Questions that both answered."""
        return self.groups[0].n

    def changes(self) -> dict[str, int]:
        """Return how many facts were gained, lost, and are newly wrong."""
        return {change: len(of_change(self.facts, change)) for change in Change if change}

    def losses(self) -> list[GroupChange]:
        """Return where B is worse and not by luck: in the whole, a relation or an asset class."""
        return [row for row in self.groups if row.dimension in _WATCHED and row.lost]


def compare_answers(
    graph: KnowledgeGraph, questions: Questions, a: Answers, b: Answers, *, until_decided: bool = False, seed: int = 0
) -> Comparison:
    """Compare two students by their answers to the same questions.

    Args:
        until_decided: one of the two or both were asked each fact until it was decided.

    Raises:
        InputError: there is no question that both answered, or answers do not fit the questions or the graph.
    """
    pairs = pair(questions, a, b)
    first, second = (audit(graph, probes, seed) for probes in pairs.probes)
    groups = group_changes(graph, pairs, first, second)
    facts = fact_changes(pairs, first, second)
    found = findings(groups, facts, pairs.students, until_decided)
    return Comparison(pairs.students, pairs.left_out, groups, facts, found)
