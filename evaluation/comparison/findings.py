"""The comparison in words: better, worse or not told apart; where; and which facts."""

from collections.abc import Iterator, Sequence

from failwise.evaluation.comparison.facts import of_change
from failwise.evaluation.comparison.records import LEVEL, Change, FactChange, GroupChange
from failwise.evaluation.coverage.states import SURE
from failwise.markdown import line, percent

# What is spoken of; dimensions with many values, such as sensors, are in the tables.
_SPOKEN = ("relation", "asset_class", "direction", "polarity")
_NAMED = 5


def findings(
    groups: Sequence[GroupChange], facts: Sequence[FactChange], students: tuple[str, str], until_decided: bool = False
) -> list[str]:
    """Return what a comparison shows, the most general first."""
    return [*_same(students), *_adaptive(until_decided), _overall(groups[0]), *_by_dimension(groups), *_facts(facts)]


def _same(students: tuple[str, str]) -> Iterator[str]:
    if students[0] == students[1]:
        yield f"Both files hold answers of one student ({line(students[0])}): what differs is not what it knows."


def _adaptive(until_decided: bool) -> Iterator[str]:
    if until_decided:
        yield (
            "One or both were asked each fact until it was decided, and so more of what they found hard: shares right, "
            "their differences and p are not those of all questions, and mostly lean against them. Go by the shares "
            "known."
        )


def _overall(row: GroupChange) -> str:
    verdict = "B is better" if row.gained else "B is worse" if row.lost else "The two cannot be told apart"
    return (
        f"{verdict}: of {row.n:,} questions that both answered, A has {percent(row.right_a)} % right and B "
        f"{percent(row.right_b)} %, a difference of {_points(row.difference)} points "
        f"({_points(row.low)} to {_points(row.high)}, p {said(row.p)})."
    )


def _by_dimension(groups: Sequence[GroupChange]) -> Iterator[str]:
    for dimension in _SPOKEN:
        rows = [row for row in groups if row.dimension == dimension]
        if len(rows) < 2:
            continue
        for name, met in (("gained", [r for r in rows if r.gained]), ("lost", [r for r in rows if r.lost])):
            if met:
                yield f"By {dimension.replace('_', ' ')} it {name}: {_listed(met)}."


def _listed(rows: Sequence[GroupChange]) -> str:
    first = sorted(rows, key=lambda row: -abs(row.difference))[:_NAMED]
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return ", ".join(f"{row.value} {_points(row.difference)}" for row in first) + more


def _facts(facts: Sequence[FactChange]) -> Iterator[str]:
    if not facts:
        return
    counts = [
        f"{len(met):,} {change} ({sum(f.probability >= SURE for f in met):,} with {100 * SURE:g} % probability)"
        for change in (Change.GAINED, Change.LOST, Change.NEWLY_WRONG)
        for met in [of_change(facts, change)]
    ]
    tested = sum(fact.q < LEVEL for fact in facts)
    alone = f"{tested:,} differ by their own questions alone (q < {100 * LEVEL:g} %)"
    yield f"Of {len(facts):,} facts {', '.join(counts)}; {alone}."


def said(p: float) -> str:
    """Return a p-value as it is said."""
    return "< 0.0001" if p < 0.0001 else f"{p:.2g}"


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f}"
