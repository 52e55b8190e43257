"""How a question set is spread: every dimension's shares against their targets."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from failwise.generation.balance.guessers import LETTERS, Tables, has_none
from failwise.generation.balance.shortcuts import best_options
from failwise.generation.planning.cells import Plan
from failwise.generation.planning.config import ACROSS, DIMENSIONS, WITH_NONE, WITHOUT_NONE
from failwise.generation.records import Arity, Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Polarity
from failwise.statistics import chi_square_p

LEVELS = ("easy", "medium", "hard")


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a dimension: questions (options for kinds of distractors), their share, and the share wanted."""

    name: str
    count: int
    share: float
    target: float | None = None


@dataclass(frozen=True, slots=True)
class Dimension:
    """Shares of one dimension against their targets.

    `variation` is the total variation distance, half the sum of all deviations. `chi_square` tests whether the counts
    could be drawn by chance from the targets; it is None without targets, and where something came that was not to
    come at all (`p` is then 0). `worst` has the largest deviation: `points` in percentage points, `relative` as a part
    of its target (None where the target is 0).
    """

    name: str
    total: int
    values: tuple[Value, ...]
    variation: float | None = None
    chi_square: float | None = None
    freedom: int = 0
    p: float | None = None
    worst: str = ""
    points: float | None = None
    relative: float | None = None

    @property
    def targeted(self) -> bool:
        """Say whether there is something to compare with."""
        return self.variation is not None


def compare(name: str, counts: Mapping[str, int], wanted: Mapping[str, float] | None, strata: int = 1) -> Dimension:
    """Compare counts with targets.

    Args:
        wanted: share or weight of each value; None: there is no target.
        strata: groups of values whose totals are given, each of which takes a degree of freedom.
    """
    total = sum(counts.values())
    names = sorted({*counts, *(wanted or ())}, key=_natural)
    if not total or not wanted or not sum(wanted.values()):
        return Dimension(name, total, tuple(Value(v, counts[v], counts[v] / total) for v in names if total))
    whole = sum(wanted.values())
    values = [Value(v, counts.get(v, 0), counts.get(v, 0) / total, wanted.get(v, 0.0) / whole) for v in names]
    pairs = [(v, v.share - (v.target or 0.0)) for v in values]
    worst, off = max(pairs, key=lambda pair: abs(pair[1]))
    unwanted = any(v.count and not v.target for v in values)
    statistic = sum(total * d * d / v.target for v, d in pairs if v.target)
    freedom = max(0, sum(bool(v.target) for v in values) - strata)
    return Dimension(
        name,
        total,
        tuple(values),
        variation=sum(abs(d) for _, d in pairs) / 2,
        chi_square=None if unwanted else statistic,
        freedom=freedom,
        p=0.0 if unwanted else chi_square_p(statistic, freedom),
        worst=worst.name,
        points=100 * off,
        relative=off / worst.target if worst.target else None,
    )


def _natural(name: str) -> tuple[int, str]:
    if name in LEVELS:
        return LEVELS.index(name), ""
    return (int(name), "") if name.isdigit() else (0, name)


@dataclass
class Balance:
    """Counts of a set in every dimension; `add` each question, then ask for `dimensions`."""

    tables: Tables
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    chance: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    templates: dict[tuple[str, ...], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, question: Question) -> None:
        """Count a question."""
        counts, n, none = self.counts, len(question.options), has_none(question)
        counts["relation"][question.relation] += 1
        counts["asset_class"][(self.tables.asset_class(question) or ACROSS) if question.relation else ""] += 1
        counts["direction"][str(question.direction or "")] += 1
        counts["polarity"][str(question.polarity or "")] += 1
        counts["arity"][question.arity.value] += 1
        counts["options"][str(n)] += 1
        counts["none"][WITH_NONE if none else WITHOUT_NONE] += 1
        counts["language"][question.language] += 1
        counts["split"][question.split] += 1
        counts["distractor"].update(
            str(kind) for kind, right in zip(question.distractor_kinds, question.correct, strict=False) if not right
        )
        if question.template:
            family = (question.relation, str(question.direction), str(question.polarity), question.arity.value,
                      question.language)  # fmt: skip
            self.templates[family][question.template] += 1
        if question.arity is Arity.MULTIPLE:
            counts["right options"][str(sum(question.correct))] += 1
        else:
            self._add_single(question, n, none)

    def _add_single(self, question: Question, n: int, none: bool) -> None:
        right = question.answer
        self.counts[f"letter of {n}"][LETTERS[right] if right < len(LETTERS) else str(right + 1)] += 1
        if none:
            self.counts["none is right"]["yes" if right == n - 1 else "no"] += 1
            self._expect("none is right", "yes", "no", 1 / n)
        degrees = self.tables.degrees(question)
        if degrees is not None and not self.tables.one_anchor(question):
            best = best_options([-d for d in degrees] if question.polarity is Polarity.ELIMINATION else degrees)
            found = "easy" if len(best) == 1 else "medium"
            self.counts["difficulty"][found if right in best else "hard"] += 1
            self._expect("difficulty", found, "hard", len(best) / n)

    def _expect(self, dimension: str, one: str, other: str, chance: float) -> None:
        """Note what the options shown would give if chance drew the right one."""
        self.chance[dimension][one] += chance
        self.chance[dimension][other] += 1 - chance

    def dimensions(self, plan: Plan | None, graph: KnowledgeGraph) -> tuple[Dimension, ...]:
        """Return all dimensions with a value; without a plan, those that only a plan has targets for have none."""
        targets = plan.targets if plan else {}
        found = [compare(d, self.counts[d], targets.get(d)) for d in DIMENSIONS]
        found += [compare("none is right", self.counts["none is right"], self.chance["none is right"])]
        found += [
            compare(name, counts, dict.fromkeys(LETTERS[: int(name.split()[-1])], 1.0))
            for name, counts in sorted(self.counts.items(), key=lambda item: (len(item[0]), item[0]))
            if name.startswith("letter of ")
        ]
        found += [
            compare("right options", self.counts["right options"], None),
            compare("difficulty", self.counts["difficulty"], self.chance["difficulty"]),
            self._templates(graph),
            *(compare(name, self.counts[name], None) for name in ("language", "split", "distractor")),
        ]
        return tuple(d for d in found if d.total and {v.name for v in d.values} != {""})

    def _templates(self, graph: KnowledgeGraph) -> Dimension:
        """Compare wordings with as many of each within a family; those of the graph that never came count as 0."""
        counts: Counter[str] = Counter()
        wanted: dict[str, float] = {}
        known = _wordings(graph)
        for family, found in self.templates.items():
            names = {*found, *known.get(family, ())}
            for name in names:
                counts[name] += found[name]
                wanted[name] = wanted.get(name, 0.0) + sum(found.values()) / len(names)
        return compare("template", counts, wanted, strata=len(self.templates))


def _wordings(graph: KnowledgeGraph) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return the wordings of each family and arity, in the language of the graph."""
    families = [family for relation in graph.relations.values() for family in relation.families]
    return {
        (f.relation, str(f.direction), str(f.polarity), arity, graph.language): tuple(t.id for t in templates)
        for f in families
        for arity, templates in ((Arity.SINGLE.value, f.templates), (Arity.MULTIPLE.value, f.multiple))
    }


def measure(questions: Iterable[Question], tables: Tables, plan: Plan | None = None) -> tuple[Dimension, ...]:
    """Return every dimension of a set, with its targets where there are some."""
    balance = Balance(tables)
    for question in questions:
        balance.add(question)
    return balance.dimensions(plan, tables.graph)
