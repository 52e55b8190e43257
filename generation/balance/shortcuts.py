"""Shortcuts: how far a question set can be answered without knowing anything, and whether that is too far.

On FailureSensorIQ the option with the highest degree in its asset class is right in 63.7 % of the questions, where
chance gives 27.5 %: such a set measures a habit of its tables, not knowledge of facts.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from failwise.generation.balance.guessers import LETTERS, Guesser, Habits, Tables, guessers
from failwise.generation.records import Arity, Question
from failwise.statistics import Z95_ONE_SIDED, wilson

# Parts with fewer questions are not warned of: single tables always stand out somewhere.
LEAST_PART = 200
_NAMED = 5  # parts and options named as worst
_ALWAYS = tuple(f"always {letter}" for letter in LETTERS)

_Where: TypeAlias = tuple[str, str, str]  # relation, direction, polarity; empty: all
_Part: TypeAlias = tuple[Arity, _Where]


@dataclass(frozen=True, slots=True)
class GuesserRow:
    """How one guesser does on the questions it can rank, or on one part of them.

    `accuracy` is the share of points: right answers for single answers, where options that tie share the point; pairs
    of a right and a wrong option in order for multiple answers, ties half. `excess` is that above chance, in
    percentage points; `low` and `high` are its 95 % interval, `bound` is the least excess at 95 % confidence.
    An empty relation, direction or polarity means all.
    """

    name: str
    arity: Arity
    n: int
    accuracy: float
    chance: float
    excess: float
    low: float
    high: float
    bound: float
    relation: str = ""
    direction: str = ""
    polarity: str = ""

    def over(self, margin: float) -> bool:
        """Say whether the excess is more than the margin (a share) and more than luck."""
        return self.excess > 100 * margin and self.bound > 0


@dataclass(frozen=True, slots=True)
class OptionGain:
    """Points above chance, in all, that a guesser gets by picking an option."""

    relation: str
    option: str
    picked: int
    gain: float


@dataclass(frozen=True, slots=True)
class Offender:
    """A guesser that beats the margin, and where it gains most."""

    row: GuesserRow
    parts: tuple[GuesserRow, ...]
    options: tuple[OptionGain, ...]


@dataclass(frozen=True, slots=True)
class Shortcuts:
    """All guessers on one set.

    `single_anchor` counts questions that the option prior leaves to chance, because the set asks about one anchor only
    of their table, and `single_anchor_tables` those tables by polarity and arity. `one_anchor` counts questions that
    the degree leaves to chance, because the graph knows no other anchor.
    """

    rows: tuple[GuesserRow, ...]
    parts: tuple[GuesserRow, ...]
    offenders: tuple[Offender, ...]
    warnings: tuple[GuesserRow, ...]
    single_anchor: int
    single_anchor_tables: int
    one_anchor: int


@dataclass(slots=True)
class _Tally:
    n: int = 0
    points: float = 0.0
    chance: float = 0.0

    def add(self, points: float, chance: float, n: int = 1) -> None:
        self.n += n
        self.points += points
        self.chance += chance

    def row(self, name: str, arity: Arity, part: _Where) -> GuesserRow:
        n, share, chance = self.n, self.points / self.n, self.chance / self.n
        low, high = wilson(self.points, n)
        bound, _ = wilson(self.points, n, Z95_ONE_SIDED)
        excess, low, high, bound = (100 * (found - chance) for found in (share, low, high, bound))
        return GuesserRow(name, arity, n, share, chance, excess, low, high, bound, *part)


def best_options(scores: Sequence[float]) -> list[int]:
    """Return the options with the highest score, but for rounding."""
    edge = max(scores) - 1e-9
    return [i for i, score in enumerate(scores) if score >= edge]


def shared_point(scores: Sequence[float], correct: Sequence[bool]) -> float:
    """Return the point of a guess by score; options that tie share it."""
    best = best_options(scores)
    return sum(correct[i] for i in best) / len(best)


def pairs_in_order(scores: Sequence[float], correct: Sequence[bool]) -> float | None:
    """Return the share of pairs of a right and a wrong option with the right one higher; None without such a pair."""
    rights = [s for s, right in zip(scores, correct, strict=True) if right]
    wrongs = [s for s, right in zip(scores, correct, strict=True) if not right]
    if not rights or not wrongs:
        return None
    won = sum((r > w + 1e-9) + 0.5 * (abs(r - w) <= 1e-9) for r in rights for w in wrongs)
    return won / (len(rights) * len(wrongs))


def find_shortcuts(questions: Iterable[Question], tables: Tables, margin: float) -> Shortcuts:
    """Let all guessers answer a set, and name those that beat chance by more than the margin.

    Args:
        questions: gone through two or three times; not an iterator.
        tables: of the graph that the questions are linked to.
        margin: allowed excess over chance, as a share.
    """
    game = _Game(tables)
    game.play(questions)
    rows = game.rows()
    parts = sorted(game.parts(), key=lambda r: -r.n * r.excess)
    offenders = [r for r in rows if r.over(margin)]
    gains = game.option_gains(questions, offenders)
    return Shortcuts(
        rows=tuple(rows),
        parts=tuple(parts),
        offenders=tuple(
            Offender(row, tuple(p for p in parts if _same(p, row))[:_NAMED], gains[row.name, row.arity])
            for row in sorted(offenders, key=lambda r: -r.excess)
        ),
        warnings=tuple(r for r in game.by_polarity() if r.n >= LEAST_PART and r.over(margin)),
        single_anchor=game.single_anchor,
        single_anchor_tables=sum(anchor is not None and anchor != "" for anchor in game.habits.anchors.values()),
        one_anchor=game.one_anchor,
    )


def _same(one: GuesserRow, other: GuesserRow) -> bool:
    return (one.name, one.arity) == (other.name, other.arity)


@dataclass
class _Game:
    """Guessers playing a set: tallies by guesser and part (arity, relation, direction, polarity)."""

    tables: Tables
    tallies: dict[tuple[str, _Part], _Tally] = field(default_factory=lambda: defaultdict(_Tally))
    single_anchor: int = 0
    one_anchor: int = 0

    def __post_init__(self) -> None:
        self.habits = Habits(self.tables)
        everybody = guessers(self.tables, self.habits)
        self.players: dict[Arity, list[Guesser]] = {
            Arity.SINGLE: everybody,
            Arity.MULTIPLE: [g for g in everybody if g.multiple],
        }

    def play(self, questions: Iterable[Question]) -> None:
        self.habits.learn(questions)
        for question in questions:
            self.single_anchor += self.habits.one_anchor(question)
            self.one_anchor += bool(question.fact_ids) and self.tables.one_anchor(question)
            single = question.arity is Arity.SINGLE
            chance = 1 / len(question.options) if single else 0.5
            where = question.relation, str(question.direction or ""), str(question.polarity or "")
            part = question.arity, where
            if single:
                for name, right in zip(_ALWAYS, question.correct, strict=False):
                    self.tallies[name, part].add(right, chance)
            for guesser in self.players[question.arity]:
                for name, scores in guesser.scores(question):
                    found = (shared_point if single else pairs_in_order)(scores, question.correct)
                    if found is not None:
                        self.tallies[name, part].add(found, chance)

    def rows(self) -> list[GuesserRow]:
        return self._summed(lambda where: ("", "", ""))

    def by_polarity(self) -> list[GuesserRow]:
        return self._summed(lambda where: (where[0], "", where[2]))

    def parts(self) -> list[GuesserRow]:
        return self._summed(lambda where: where)

    def _summed(self, wider: Callable[[_Where], _Where]) -> list[GuesserRow]:
        sums: dict[tuple[str, Arity, _Where], _Tally] = defaultdict(_Tally)
        for (name, (arity, where)), tally in self.tallies.items():
            sums[name, arity, wider(where)].add(tally.points, tally.chance, tally.n)
        everybody = [*_ALWAYS, *(name for g in self.players[Arity.SINGLE] for name in (g.name, g.turned))]
        order = {name: i for i, name in enumerate(everybody)}
        found = sorted(sums.items(), key=lambda item: (item[0][1] is Arity.MULTIPLE, order[item[0][0]], item[0][2]))
        return [tally.row(*key) for key, tally in found]

    def option_gains(
        self, questions: Iterable[Question], rows: Sequence[GuesserRow]
    ) -> dict[tuple[str, Arity], tuple[OptionGain, ...]]:
        """Return the options that each guesser gains most by, for single answers; a pass that only offenders cost."""
        names = {r.name for r in rows if r.arity is Arity.SINGLE}
        players = [g for g in self.players[Arity.SINGLE] if names & {g.name, g.turned}]
        tallies: dict[str, dict[tuple[str, str], _Tally]] = {name: defaultdict(_Tally) for name in names}
        for question in questions if players else ():
            if question.arity is Arity.SINGLE:
                played = (named for player in players for named in player.scores(question) if named[0] in names)
                for name, scores in played:
                    best = best_options(scores)
                    for i in best:
                        tally = tallies[name][question.relation, question.options[i]]
                        tally.add(question.correct[i] / len(best), 1 / len(question.options) / len(best))
        gains: dict[tuple[str, Arity], tuple[OptionGain, ...]] = defaultdict(tuple)
        for name, by_option in tallies.items():
            worst = sorted(by_option.items(), key=lambda item: (item[1].chance - item[1].points, item[0]))[:_NAMED]
            gains[name, Arity.SINGLE] = tuple(OptionGain(*key, t.n, t.points - t.chance) for key, t in worst)
        return gains
