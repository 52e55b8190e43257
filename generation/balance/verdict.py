"""The verdict on a question set: passed, refused, or too small to tell one from the other.

A set is refused where a guesser has more than the margin above chance, and more than luck. Of few questions nothing
is more than luck: however large the excess, its interval reaches down to chance, so that such a set is never refused,
and has not passed either.
"""

from collections.abc import Iterator
from math import ceil, floor, inf, log10, sqrt

from failwise.generation.balance.shortcuts import GuesserRow, Offender, Shortcuts
from failwise.generation.records import Arity
from failwise.statistics import Z95, Z95_ONE_SIDED

PASSED, REFUSED, TOO_SMALL = "passed", "refused", "too-small"


def verdict(shortcuts: Shortcuts, margin: float) -> str:
    """Return "passed", "refused", or "too-small".

    What makes a set too small is the arity that most of its questions have. Too few of the other are a warning, and so
    are guessers that had few questions to answer.
    """
    if shortcuts.offenders:
        return REFUSED
    row = worst(shortcuts)
    return TOO_SMALL if row is None or few(row, margin) else PASSED


def sentence(shortcuts: Shortcuts, margin: float) -> str:
    """Return the verdict in one sentence."""
    points = f"{100 * margin:g} points"
    if shortcuts.offenders:
        found = "; ".join(map(_accused, shortcuts.offenders))
        return f"REFUSED: guessing without knowing a fact gets more than {points} above chance: {found}."
    row = worst(shortcuts)
    if row is None:
        return "TOO SMALL TO TELL: no question has both a right and a wrong option, so there is nothing to guess."
    if few(row, margin):
        return (
            f"TOO SMALL TO TELL: with {row.n:,} questions the interval of {row.name!r} on {row.arity} answers reaches "
            f"{row.high:+.1f} points, and {100 * margin:g} are allowed; {about(row, margin)}."
        )
    closest = max((r for r in shortcuts.rows if not few(r, margin)), key=lambda r: r.excess)
    return (
        f"PASSED: no guesser beats chance by more than {points}; the nearest is {closest.name!r} on "
        f"{closest.arity} answers, {closest.excess:+.1f} points."
    )


def enough(row: GuesserRow, margin: float) -> float:
    """Return how many questions tell an excess of the margin from chance; infinity where the margin is 0.

    An observed share of p + margin, where chance is p, has a 95 % interval without p from n = z² p (1 - p) / margin²
    questions on: the Wilson interval holds the shares that the score test does not reject (E. B. Wilson 1927).
    """
    return Z95**2 * row.chance * (1 - row.chance) / margin**2 if margin else inf


def few(row: GuesserRow, margin: float) -> bool:
    """Say whether a guesser had too few questions for an excess of the margin to be told from chance."""
    return row.n < enough(row, margin)


def about(row: GuesserRow, margin: float) -> str:
    """Say how many questions would do, to two digits."""
    needed = enough(row, margin)
    if needed == inf:
        return "no number of questions shows that nobody gains anything at all, so allow a margin"
    step = 10 ** max(0, floor(log10(needed)) - 1)
    return f"about {ceil(needed / step) * step:,} questions would do"


def worst(shortcuts: Shortcuts) -> GuesserRow | None:
    """Return the guesser whose interval reaches highest, of those that answer all questions of the main arity."""
    largest = max(shortcuts.rows, key=lambda r: r.n, default=None)
    return max(answering_all(shortcuts, largest.arity), key=lambda r: r.high) if largest else None


def answering_all(shortcuts: Shortcuts, arity: Arity) -> list[GuesserRow]:
    """Return the guessers that answer every question of an arity that anybody can answer."""
    rows = [r for r in shortcuts.rows if r.arity is arity]
    most = max((r.n for r in rows), default=0)
    return [r for r in rows if r.n == most]


def doubts(shortcuts: Shortcuts, margin: float) -> Iterator[str]:
    """Yield in sentences what the verdict leaves open."""
    main = worst(shortcuts)
    if main is None:
        return
    if not shortcuts.offenders and not few(main, margin) and main.high > 100 * margin:
        yield (
            f"the interval of {main.name!r} reaches {main.high:+.1f} points: more questions like these could turn out "
            "over the margin"
        )
    for arity in Arity:
        rows = answering_all(shortcuts, arity)
        if not rows or not few(rows[0], margin):
            yield from (_lucky(r) for r in shortcuts.rows if r.arity is arity and _undecided(r, margin))
        elif arity is not main.arity:
            yield (
                f"{rows[0].n:,} questions with {arity} answers are too few to tell: luck alone could give a guesser "
                f"{100 * _luck(rows[0]):.0f} points above chance; {about(rows[0], margin)}"
            )


def _undecided(row: GuesserRow, margin: float) -> bool:
    return few(row, margin) and row.excess > 100 * margin and not row.over(margin)


def _lucky(row: GuesserRow) -> str:
    return f"{row.name!r} is {row.excess:.1f} points above chance in {row.n:,} questions, too few to tell from luck"


def _luck(row: GuesserRow) -> float:
    """Return the largest excess, as a share, that luck alone would give in one of 20 sets (normal approximation)."""
    return Z95_ONE_SIDED * sqrt(row.chance * (1 - row.chance) / row.n)


def _accused(offender: Offender) -> str:
    row = offender.row
    what = "right" if row.arity is Arity.SINGLE else "of pairs in order, multiple answers"
    said = f"{row.name!r} is {100 * row.accuracy:.1f} % {what} where chance gives {100 * row.chance:.1f} %"
    part = offender.parts[0]
    if part.relation:
        said += f", most in {part.relation} {part.direction} {part.polarity} ({part.excess:+.1f})"
    names = [*dict.fromkeys(repr(o.option) for o in offender.options if o.gain > 0)][:3]
    return said + (f", most by {', '.join(names)}" if names else "")
