"""Guessers that never read what a question asks about: by letter, length, words, degree and habit of the set.

A guesser ranks the options of a question. Options that it cannot tell apart tie.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TypeAlias
from zlib import crc32

from failwise.generation.records import Arity, Kind, Question
from failwise.generation.words import words
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Fact, Polarity, Truth

FOLDS = 5
LETTERS = "ABCDEFGHIJ"

Scores: TypeAlias = Sequence[float]
# What a guesser makes of a question; None where it has nothing to go by.
Guess: TypeAlias = Callable[[Question], Scores | None]


@dataclass(frozen=True, slots=True)
class Guesser:
    """A way to answer without knowledge.

    `turned` names the guesser that takes the lowest instead of the highest, if there is one. `multiple` says that the
    options of multiple answers are ranked too.
    """

    name: str
    guess: Guess
    turned: str = ""
    multiple: bool = True

    def scores(self, question: Question) -> Iterator[tuple[str, Scores]]:
        """Yield the names and scores of the guesser and its opposite; nothing where it has nothing to go by."""
        scores = self.guess(question)
        if scores is not None:
            yield self.name, scores
            if self.turned:
                yield self.turned, [-s for s in scores]


def has_none(question: Question) -> bool:
    """Say whether the last option is "none of these"."""
    return bool(question.distractor_kinds) and question.distractor_kinds[-1] == Kind.NONE_OF_THESE


@dataclass
class Tables:
    """What the graph says of an option as such: how many yes facts it has in its table.

    In tables that go across asset classes the degree of an option is counted over all of these. The degree takes in
    the fact that is asked about: without it, it would depend on the anchor, and no longer be blind. Where a set asks
    about one anchor only, nobody is blind to it, and what counts is what the other anchors tell.
    """

    graph: KnowledgeGraph
    _across: dict[str, list[Fact]] = field(default_factory=dict)
    _degrees: dict[tuple[str, str, Direction], dict[str, int]] = field(default_factory=dict)
    _anchors: dict[tuple[str, str, Direction], int] = field(default_factory=dict)

    def asset_class(self, question: Question) -> str:
        """Return the asset class of the question's table; nothing where the table goes across asset classes."""
        fact = self.graph.facts.get(next(filter(None, question.fact_ids), ""))
        return "" if fact is not None and fact.subject.iri == fact.asset_class.iri else question.asset_class

    def facts(self, asset_class: str, relation: str) -> list[Fact]:
        """Return the facts of a table, which goes across asset classes where none is given."""
        if asset_class:
            found = self.graph.query(asset_class, relation)
            return [f for f in found if f.subject.iri != f.asset_class.iri]
        if relation not in self._across:
            found = self.graph.query(relation=relation)
            self._across[relation] = [f for f in found if f.subject.iri == f.asset_class.iri]
        return self._across[relation]

    def degrees(self, question: Question, *, own: bool = True) -> list[float] | None:
        """Return the degree of each option; for "none of these" the median, so that it never stands out.

        None where an option has no fact in the graph.

        Args:
            own: count the fact that is asked about.
        """
        if not question.fact_ids or question.direction is None:
            return None
        table = self.asset_class(question), question.relation, question.direction
        degrees, found = self._counted(table), list[float]()
        for fact_id in question.fact_ids:
            if fact_id:
                fact = self.graph.facts.get(fact_id)
                if fact is None:
                    return None
                degree = degrees.get(option_of(fact, question.direction), 0)
                found.append(degree - (not own and fact.truth is Truth.YES))
        return [*found, *([median(found)] if has_none(question) and found else [])]

    def one_anchor(self, question: Question) -> bool:
        """Say whether the graph knows one anchor only of the question's table: the degree is then the fact itself."""
        if question.direction is None:
            return False
        table = self.asset_class(question), question.relation, question.direction
        self._counted(table)
        return self._anchors[table] == 1

    def _counted(self, table: tuple[str, str, Direction]) -> dict[str, int]:
        if table not in self._degrees:
            asset_class, relation, direction = table
            known = [f for f in self.facts(asset_class, relation) if f.truth is not Truth.UNKNOWN]
            self._degrees[table] = Counter(option_of(f, direction) for f in known if f.truth is Truth.YES)
            self._anchors[table] = len({_anchor(f, direction) for f in known})
        return self._degrees[table]


def option_of(fact: Fact, direction: Direction) -> str:
    """Return the concept of the end of a fact that stands among the options."""
    return fact.object.concept if direction is Direction.FORWARD else fact.subject.concept


def _anchor(fact: Fact, direction: Direction) -> str:
    return fact.subject.concept if direction is Direction.FORWARD else fact.object.concept


Part: TypeAlias = tuple[str, str, Direction | None, Polarity | None, Arity]
_Position: TypeAlias = tuple[Arity, int, bool]


@dataclass
class Habits:
    """What can be learned from a set: how often each letter, and each option, is right when it is shown.

    A question is judged by what the others say: the set is cut into folds, and the options shown decide the fold, so
    that contrast groups and repeated option sets stay together. Leaving out single questions instead would make
    every balanced option look rarely right exactly where it is right.
    """

    tables: Tables
    priors: dict[tuple[Part, str], list[float]] = field(default_factory=dict)
    positions: dict[_Position, list[list[float]]] = field(default_factory=dict)
    anchors: dict[Part, str | None] = field(default_factory=dict)

    def learn(self, questions: Iterable[Question]) -> None:
        """Count right and shown, by fold."""
        for question in questions:
            part, fold = self.part(question), _fold(question)
            if self.anchors.setdefault(part, question.anchor) != question.anchor:
                self.anchors[part] = None
            chance = sum(question.correct) / len(question.correct)
            for option, right in zip(_facts_of(question), question.correct, strict=False):
                counts = self.priors.setdefault((part, option), [0.0] * (2 * FOLDS))
                counts[fold] += right - chance
                counts[FOLDS + fold] += 1
            rights = self.positions.setdefault(_position(question), [[0.0] * len(question.options) for _ in (0, 1)])
            for i, right in enumerate(question.correct):
                rights[fold % 2][i] += right

    def part(self, question: Question) -> Part:
        """Return the table, polarity and arity that a question's options are compared within."""
        asset_class = self.tables.asset_class(question)
        return asset_class, question.relation, question.direction, question.polarity, question.arity

    def letters(self, question: Question) -> Scores:
        """Score letters by how often each was right, for this number of options, in the other half."""
        return self.positions[_position(question)][1 - _fold(question) % 2]

    def one_anchor(self, question: Question) -> bool:
        """Say whether the set asks about one anchor only of the table: what is learned is then the facts themselves."""
        return bool(question.anchor) and self.anchors[self.part(question)] is not None

    def prior(self, question: Question) -> Scores:
        """Score options by how much more often than chance each was right when shown, in the other folds."""
        if self.one_anchor(question):
            return [0.0] * len(question.options)
        part, fold = self.part(question), _fold(question)
        found = []
        for option in _facts_of(question):
            counts = self.priors[part, option]
            shown = sum(counts[FOLDS:]) - counts[FOLDS + fold]
            # One more, at chance: seldom seen options lean towards it.
            found.append((sum(counts[:FOLDS]) - counts[fold]) / (shown + 1))
        return [*found, *([median(found)] if has_none(question) else [])]


def _facts_of(question: Question) -> tuple[str, ...]:
    """Return the options that state something: all but "none of these"."""
    return question.options[:-1] if has_none(question) else question.options


def _fold(question: Question) -> int:
    return crc32("\0".join(sorted(_facts_of(question))).encode()) % FOLDS


def _position(question: Question) -> _Position:
    return question.arity, len(question.options), has_none(question)


def _overlap(question: Question) -> Scores:
    """Score options by the words they share with the question; turned for elimination, where kin is not right."""
    stem, sign = words(question.question), -1 if question.polarity is Polarity.ELIMINATION else 1
    return [float(sign * len(stem & words(option))) for option in question.options]


def _length(question: Question) -> Scores:
    return [float(len(option)) for option in question.options]


def _none(question: Question) -> Scores | None:
    return [*([0.0] * (len(question.options) - 1)), 1.0] if has_none(question) else None


def _degree(tables: Tables, habits: Habits) -> Guess:
    def degree(question: Question) -> Scores | None:
        scores = tables.degrees(question, own=not habits.one_anchor(question))
        if scores is not None and tables.one_anchor(question):
            return [0.0] * len(scores)
        return [-s for s in scores] if scores is not None and question.polarity is Polarity.ELIMINATION else scores

    return degree


def guessers(tables: Tables, habits: Habits) -> list[Guesser]:
    """Return all guessers but those that always take the same letter; the habits must have been learned."""
    return [
        Guesser("best letter", habits.letters),
        Guesser("longest option", _length, turned="shortest option"),
        Guesser("word overlap", _overlap, turned="word overlap turned round"),
        Guesser("degree", _degree(tables, habits), turned="degree turned round"),
        Guesser("option prior", habits.prior),
        Guesser("always none of these", _none, turned="never none of these", multiple=False),
    ]
