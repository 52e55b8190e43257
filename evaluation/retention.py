"""What training cost elsewhere: answers before and after, for what was trained, what is near it, and the rest."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import compress, count

from failwise.errors import InputError
from failwise.evaluation.comparison.compare import Comparison, compare_answers
from failwise.evaluation.comparison.facts import of_change
from failwise.evaluation.comparison.records import Change, FactChange, GroupChange
from failwise.evaluation.coverage.states import LEAST_PROBES
from failwise.evaluation.paired import holm
from failwise.evaluation.records import Answer
from failwise.evaluation.sources import LoadedQuestions
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Fact

# Files of the folder.
GROUPS, FACTS, QUESTIONS, PAGE = "retention.jsonl", "facts-lost.jsonl", "questions-lost.jsonl", "retention.md"

# Groups of questions. Of those partly trained, an option's fact is trained and not the right one's, so that the answer
# is to be had by exclusion. Neighbours share an end or the asset class with a trained fact; general ones have no fact.
TRAINED, PARTLY, NEIGHBOUR, FAR, GENERAL = "trained", "partly trained", "neighbour", "far", "general"
_ENDS = {"subject": "neighbour by subject", "object": "neighbour by object", "asset class": "neighbour by asset class"}
_APART = (TRAINED, PARTLY, NEIGHBOUR, FAR, GENERAL)
_ORDER = (TRAINED, PARTLY, NEIGHBOUR, *_ENDS.values(), FAR, GENERAL)

DIMENSION = "training"

# Stands for the options where none is right.
NONE = "none of them"


@dataclass(frozen=True, slots=True)
class LostQuestion:
    """A question that was answered right before and is not now.

    `right` and `after` are the right option and the one taken; where all right ones are asked for, they are joined.
    `after` is "" where nothing was answered.
    """

    question_id: str
    group: str
    fact_id: str
    question: str
    right: str
    after: str


@dataclass(frozen=True, slots=True)
class Retention:
    """What was kept and lost: by group (neighbours once more by what they share), by fact, by question.

    `facts` and `questions` are those newly lost; `gained` facts, by the same rule, are newly right.
    """

    whole: Comparison
    groups: list[GroupChange]
    facts: list[FactChange]
    gained: int
    questions: list[LostQuestion]


class Trained:
    """What a training taught: facts, and the names that stand in them."""

    def __init__(self, graph: KnowledgeGraph, questions: Iterable[Question]) -> None:
        """Take the facts of all options, right and wrong ones, for taught.

        Raises:
            InputError: a fact is not in the ontology, or there is none.
        """
        self._graph = graph
        self.facts = {fact_id for question in questions for fact_id in question.fact_ids if fact_id}
        if not self.facts:
            raise InputError(
                "no training question is linked to a fact of the ontology, so nothing can be told to be near to one; "
                "leave --trained out, or give the ontology that the questions were made from (--ontology)"
            )
        self._names = {name for fact_id in self.facts for name in _names(self._fact(fact_id)).items()}

    def groups(self, question: Question) -> list[str]:
        """Return the groups of a question, the main one first."""
        if not question.tested_facts:
            return [GENERAL]
        if self.facts.issuperset(question.tested_facts):
            return [TRAINED]
        if self.facts.intersection(question.fact_ids):
            return [PARTLY]
        facts = [self._fact(fact_id) for fact_id in question.tested_facts]
        shared = {end for fact in facts for end, name in _names(fact).items() if (end, name) in self._names}
        return [NEIGHBOUR, *(_ENDS[end] for end in _ENDS if end in shared)] if shared else [FAR]

    def _fact(self, fact_id: str) -> Fact:
        if fact_id not in self._graph.facts:
            raise InputError(
                f"a question rests on the fact {fact_id!r}, which the ontology does not have; give the one that the "
                "questions were made from (--ontology)"
            )
        return self._graph.facts[fact_id]


def _names(fact: Fact) -> dict[str, str]:
    """Return what a student reads of a fact: things of two asset classes that share a name are neighbours, too."""
    return {
        "subject": fact.subject.label.casefold(),
        "object": fact.object.label.casefold(),
        "asset class": fact.asset_class.slug,
    }


def retention(
    graph: KnowledgeGraph,
    questions: Sequence[Question],
    before: Sequence[Answer],
    after: Sequence[Answer],
    trained: Trained | None = None,
) -> Retention:
    """Say what became of the answers to the same questions from before a training to after it.

    Without `trained`, questions are only told apart by whether they are linked to facts.

    Raises:
        InputError: there is no question that was answered both times, or answers do not fit the questions.
    """
    whole = compare_answers(graph, LoadedQuestions(questions), before, after)
    both = {a.question_id for a in before} & {a.question_id for a in after}
    members: dict[str, list[Question]] = {}
    for question in questions:
        for group in _groups(question, trained) if question.id in both else ():
            members.setdefault(group, []).append(question)
    rows = [_row(graph, group, members[group], before, after) for group in _ORDER if group in members]
    lost, gained = list(_lost(questions, before, after, trained)), len(_turned(whole.facts, Change.GAINED))
    return Retention(whole, [whole.groups[0], *_adjusted(rows)], _turned(whole.facts, Change.LOST), gained, lost)


def _groups(question: Question, trained: Trained | None) -> list[str]:
    """Return the groups of a question, the main one first; of what was trained nothing may be known."""
    if trained is not None:
        return trained.groups(question)
    return [] if question.tested_facts else [GENERAL]


def _row(
    graph: KnowledgeGraph, group: str, questions: Sequence[Question], before: Sequence[Answer], after: Sequence[Answer]
) -> GroupChange:
    ids = {question.id for question in questions}
    sides = ([answer for answer in answers if answer.question_id in ids] for answers in (before, after))
    row = compare_answers(graph, LoadedQuestions(questions), *sides).groups[0]
    return replace(row, dimension=DIMENSION, value=group)


def _adjusted(rows: Sequence[GroupChange]) -> list[GroupChange]:
    """Return the rows with p adjusted for their number (S. Holm 1979), those of what neighbours share by themselves."""
    values: dict[str, float] = {}
    for family in (_APART, _ENDS.values()):
        members = [row for row in rows if row.value in family]
        values |= zip((row.value for row in members), holm([row.p for row in members]), strict=True)
    return [replace(row, adjusted=values[row.value]) for row in rows]


def _turned(facts: Sequence[FactChange], change: Change) -> list[FactChange]:
    """Return the facts that became known, or are no more, or whose answers went from mostly one to mostly the other.

    One question proves nothing: the answers of a fact must be two or more.
    """
    states = of_change(facts, change)
    listed = {fact.fact_id for fact in states}
    turned = [f for f in facts if f.n >= LEAST_PROBES and f.fact_id not in listed and _majority(f) is change]
    return [*states, *sorted(turned, key=lambda f: (-abs(f.a_only - f.b_only), f.fact_id))]


def _majority(fact: FactChange) -> Change:
    before, after = 2 * (fact.both + fact.a_only) - fact.n, 2 * (fact.both + fact.b_only) - fact.n
    if before * after >= 0:
        return Change.NONE
    return Change.LOST if before > 0 else Change.GAINED


def _lost(
    questions: Sequence[Question], before: Sequence[Answer], after: Sequence[Answer], trained: Trained | None
) -> Iterator[LostQuestion]:
    was_right = {answer.question_id for answer in before if answer.right}
    now = {answer.question_id: answer for answer in after}
    for question in questions:
        answer = now.get(question.id)
        if answer is not None and question.id in was_right and not answer.right:
            chosen = answer.chosen if answer.choice is None else [answer.choice]
            taken = "" if chosen is None else _texts(question, chosen)
            right = _texts(question, compress(count(), question.correct))
            group = next(iter(_groups(question, trained)), "")
            yield LostQuestion(question.id, group, question.tested_fact, question.question, right, taken)


def _texts(question: Question, places: Iterable[int]) -> str:
    return "; ".join(question.options[place] for place in places) or NONE
