"""Rows that need no model: chance, guessers that never read the question, and what the graph itself knows.

A row that ranks options takes the highest for selection and the lowest for elimination; options that tie share
the point. Published results are readable only beside these: on FailureSensorIQ the degree in the asset reaches
63.7 % without a look at the question.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf

from failwise.evaluation.clustered import anchor_of
from failwise.evaluation.metrics import CHANCE, accuracy
from failwise.evaluation.records import Accuracy
from failwise.generation.balance.shortcuts import shared_point
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Fact, Polarity, Truth

# Share of yes in the matrix behind FailureSensorIQ (470 of 1,342): what is assumed of a name never seen elsewhere.
BASE_RATE = 0.35

# What a row goes by: nothing, what is usual, or the facts of the graph.
KINDS = {
    "random": CHANCE,
    "always A": "anchor-blind",
    "longest option": "anchor-blind",
    "degree in the asset": "anchor-blind",
    "degree from other assets": "anchor-blind",
    "other-assets prior": "graph",
    "graph lookup": "graph",
}

# None: the row knows nothing of the option, and never takes it.
Scorer = Callable[[Question, int], float | None]


def model_free_rows(
    questions: Sequence[Question], graph: KnowledgeGraph, student: Mapping[str, float] | None = None
) -> list[Accuracy]:
    """Return all rows that the questions allow; rows that need facts come only where all questions have them.

    Intervals are by anchor: questions about one share their facts.

    Args:
        student: its points by question id, to compare with.
    """
    anchors = [anchor_of(q) for q in questions]
    said = [student.get(q.id) for q in questions] if student else []
    rows = model_free_points(questions, graph)
    return [accuracy(name, KINDS[name], points, anchors, said) for name, points in rows.items()]


def model_free_points(questions: Sequence[Question], graph: KnowledgeGraph) -> dict[str, list[float]]:
    """Return the points (0 to 1) of each row, by question.

    An option without a fact ("none of these", or one from another asset class) is taken by the lookup alone, where
    no fact makes another option right.
    """
    points = {
        "random": [1 / len(q.options) for q in questions],
        "always A": _points(questions, lambda q, i: -float(i), ranked=False),
        "longest option": _points(questions, lambda q, i: float(len(q.options[i])), ranked=False),
    }
    if all(q.fact_ids for q in questions):
        priors = _Priors(graph)
        points |= {
            "degree in the asset": _points(questions, priors.degree),
            "degree from other assets": _points(questions, priors.share_elsewhere),
            "other-assets prior": _points(questions, priors.pair_elsewhere),
            "graph lookup": _points(questions, priors.lookup),
        }
    return points


def elsewhere(graph: KnowledgeGraph) -> Callable[[Question], Iterator[tuple[str, list[float]]]]:
    """Return what scores a question's options by other asset classes, if they have facts; the highest is taken."""
    priors = _Priors(graph)
    rules = {"degree from other assets": priors.share_elsewhere, "other-assets prior": priors.pair_elsewhere}

    def scored(question: Question) -> Iterator[tuple[str, list[float]]]:
        if question.fact_ids:
            yield from ((name, _scores(question, rule, ranked=True)) for name, rule in rules.items())

    return scored


def _points(questions: Sequence[Question], score: Scorer, ranked: bool = True) -> list[float]:
    return [shared_point(_scores(question, score, ranked), question.correct) for question in questions]


def _scores(question: Question, score: Scorer, ranked: bool) -> list[float]:
    sign = -1 if ranked and question.polarity is Polarity.ELIMINATION else 1
    found = (score(question, i) for i in range(len(question.options)))
    return [-inf if s is None else sign * s for s in found]


class _Priors:
    """Counts over the graph, by name: what one can know of an option without, or beside, the fact itself."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.graph = graph
        self.degrees: Counter[tuple[str, str, str]] = Counter()
        self.names: dict[tuple[str, str], dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
        self.pairs: dict[tuple[str, str, str], dict[str, bool]] = defaultdict(dict)
        for fact in graph.facts.values():
            if fact.truth is not Truth.UNKNOWN:
                self._count(fact)

    def _count(self, fact: Fact) -> None:
        asset, yes = fact.asset_class.slug, fact.truth is Truth.YES
        for end in (fact.subject.label, fact.object.label):
            self.degrees[asset, fact.relation, end] += yes
        if fact.basis == "inherited":
            return  # the broader asset class was counted; it is not said twice
        for end in (fact.subject.label, fact.object.label):
            self.names[fact.relation, end][asset].append(yes)
        self.pairs[fact.relation, fact.subject.label, fact.object.label][asset] = yes

    def degree(self, question: Question, i: int) -> float | None:
        """Number of yes facts of the option in the question's asset class; the anchor is not read.

        Where the asset class is the anchor this would be the fact itself, so other classes are counted.
        """
        fact = self._fact(question, i)
        if fact is None:
            return None
        option = self._option(question, fact)
        if fact.subject.iri == fact.asset_class.iri:
            return float(sum(self._elsewhere(self.names[fact.relation, option], fact)))
        return float(self.degrees[fact.asset_class.slug, fact.relation, option])

    def share_elsewhere(self, question: Question, i: int) -> float | None:
        """Share of yes among the facts that the option's name has in other asset classes."""
        fact = self._fact(question, i)
        if fact is None:
            return None
        truths = self._elsewhere(self.names[fact.relation, self._option(question, fact)], fact)
        return sum(truths) / len(truths) if truths else BASE_RATE

    def pair_elsewhere(self, question: Question, i: int) -> float | None:
        """Smoothed share of yes of the same pair of names in other asset classes, leaning on each name's own."""
        fact = self._fact(question, i)
        if fact is None:
            return None
        smoothed = []
        for end in (fact.subject.label, fact.object.label):
            truths = self._elsewhere(self.names[fact.relation, end], fact)
            smoothed.append((sum(truths) + BASE_RATE) / (len(truths) + 1))
        mean = sum(smoothed) / 2
        pair = self.pairs[fact.relation, fact.subject.label, fact.object.label]
        truths = [yes for asset, yes in pair.items() if asset != fact.asset_class.slug]
        return (sum(truths) + 0.5 * mean) / (len(truths) + 0.5)

    def lookup(self, question: Question, i: int) -> float:
        """The fact itself; an option without one stands between yes and no."""
        fact = self._fact(question, i)
        return 0.5 if fact is None else float(fact.truth is Truth.YES)

    def _fact(self, question: Question, i: int) -> Fact | None:
        return self.graph.facts[question.fact_ids[i]] if question.fact_ids[i] else None

    def _option(self, question: Question, fact: Fact) -> str:
        return fact.object.label if question.direction is Direction.FORWARD else fact.subject.label

    def _elsewhere(self, by_asset: dict[str, list[bool]], fact: Fact) -> list[bool]:
        return [yes for asset, truths in by_asset.items() if asset != fact.asset_class.slug for yes in truths]
