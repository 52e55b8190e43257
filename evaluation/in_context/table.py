"""The result: accuracy by condition with its interval, and every pair of conditions that differ in one thing."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from failwise.evaluation.clustered import anchor_of, share_interval
from failwise.evaluation.in_context.curation import RULE
from failwise.evaluation.in_context.records import CURATED, NONE, RANDOM, Condition, ShotAnswer
from failwise.evaluation.paired import clustered_flips, clustered_paired_interval, holm
from failwise.generation.records import Question

ZERO = Condition(NONE, False, 0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two conditions on the same questions: mean difference of accuracy, its 95 % interval by anchor, and its p.

    The p is exact: if the two were alike, all differences about an anchor might as well have the other sign.

    `better` counts the questions that the first condition alone has right, `worse` those of the second; `adjusted`
    is p after Holm, over all comparisons of its kind.
    """

    first: str
    second: str
    kind: str
    n: int
    better: int
    worse: int
    difference: float
    low: float
    high: float
    p: float
    adjusted: float = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """One condition. `used` is the mean number of exemplars in a prompt, `fewer` counts the questions with too few."""

    condition: str
    source: str
    rationale: bool
    k: int
    n: int
    right: int
    accuracy: float
    low: float
    high: float
    used: float
    fewer: int
    unanswered: int


@dataclass(frozen=True, slots=True)
class Result:
    """The whole check. `curation` holds what is known of the exemplars, for a reader who judges the rule."""

    rows: tuple[Row, ...]
    comparisons: tuple[Comparison, ...]
    chance: float
    curation: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "rule": RULE,
            "chance": self.chance,
            "rows": [asdict(r) for r in self.rows],
            "comparisons": [asdict(c) for c in self.comparisons],
            "curation": self.curation,
        }

    def markdown(self) -> str:
        """Return it as text."""
        against = {c.first: c for c in self.comparisons if c.kind == "zero-shot"}
        lines = ["# Exemplars in the prompt", "", f"Curation: {RULE}.", f"Chance: {self.chance:.1%}.", ""]
        lines += [
            "| condition | k | questions | exemplars | fewer | accuracy | 95 % interval | to zero-shot | p | Holm |"
        ]
        lines.append("|---" * 10 + "|")
        for r in self.rows:
            c = against.get(r.condition)
            told = _difference(c) if c else " | | "
            lines.append(
                f"| {r.condition} | {r.k} | {r.n} | {r.used:.1f} | {r.fewer} | {r.accuracy:.1%} | "
                f"{r.low:.1%} to {r.high:.1%} | {told} |"
            )
        lines += ["", "## Conditions that differ in one thing", "", "| first | second | difference | p | Holm |"]
        lines.append("|---" * 5 + "|")
        lines += [f"| {c.first} | {c.second} | {_difference(c)} |" for c in self.comparisons if c.kind != "zero-shot"]
        lines += [
            "",
            "Differences in points. Intervals are of 95 % and by anchor; p is exact, whole anchors flipped.",
        ]
        return "\n".join([*lines, *_of_curation(self.curation)]) + "\n"


def _of_curation(curation: dict[str, Any]) -> list[str]:
    """Return how the curated exemplars differ from random ones, as lines of text."""
    kinds = [(name, curation[name]) for name in (CURATED, RANDOM) if curation.get(name)]
    if not kinds:
        return []
    names = list(kinds[0][1])
    rows = [f"| {kind} | {' | '.join(f'{found[name]:.2f}' for name in names)} |" for kind, found in kinds]
    return ["", "## The exemplars", "", f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|", *rows]


def _difference(c: Comparison) -> str:
    spread = f"{100 * c.difference:+.1f} ({100 * c.low:+.1f} to {100 * c.high:+.1f})"
    return f"{spread} | {c.p:.3f} | {c.adjusted:.3f}"


def tabulate(
    questions: Sequence[Question],
    answers: Sequence[ShotAnswer],
    curation: dict[str, Any],
) -> Result:
    """Put the answers together."""
    anchors = {q.id: anchor_of(q) for q in questions}
    by_condition: dict[Condition, dict[str, ShotAnswer]] = {}
    for answer in answers:
        by_condition.setdefault(answer.condition, {})[answer.question_id] = answer
    rows = tuple(_row(condition, list(found.values()), anchors) for condition, found in by_condition.items())
    compared: list[Comparison] = []
    for kind, pairs in _pairs(list(by_condition)).items():
        raw = [_compare(kind, a, b, by_condition, anchors) for a, b in pairs]
        compared += [replace(c, adjusted=p) for c, p in zip(raw, holm([c.p for c in raw]), strict=True)]
    chance = sum(1 / len(q.options) for q in questions) / len(questions) if questions else 0.0
    return Result(rows, tuple(compared), chance, curation)


def _row(condition: Condition, answers: Sequence[ShotAnswer], anchors: Mapping[str, Hashable]) -> Row:
    n, right = len(answers), sum(a.right for a in answers)
    used = [len(a.exemplars) for a in answers]
    return Row(
        condition.name,
        condition.source,
        condition.rationale,
        condition.shots,
        n,
        right,
        right / n,
        *share_interval([anchors[a.question_id] for a in answers], [a.right for a in answers]),
        sum(used) / n,
        sum(count < condition.shots for count in used),
        sum(a.choice is None for a in answers),
    )


def _pairs(found: Sequence[Condition]) -> dict[str, list[tuple[Condition, Condition]]]:
    """Return what is compared: each with zero-shot, curated with random, with rationale and without."""
    some = [c for c in found if c.shots]
    pairs = {
        "zero-shot": [(c, ZERO) for c in some],
        "curated": [(c, replace(c, source=RANDOM)) for c in some if c.source == CURATED],
        "rationale": [(c, replace(c, rationale=False)) for c in some if c.rationale],
    }
    return {kind: [(a, b) for a, b in each if b in found] for kind, each in pairs.items()}


def _compare(
    kind: str,
    first: Condition,
    second: Condition,
    answers: dict[Condition, dict[str, ShotAnswer]],
    anchors: Mapping[str, Hashable],
) -> Comparison:
    ones, others = answers[first], answers[second]
    both = [i for i in anchors if i in ones and i in others]
    differences = [ones[i].right - others[i].right for i in both]
    clusters = [anchors[i] for i in both]
    return Comparison(
        first.name,
        second.name,
        kind,
        len(both),
        differences.count(1),
        differences.count(-1),
        sum(differences) / len(both) if both else 0.0,
        *clustered_paired_interval(differences, clusters),
        clustered_flips(differences, clusters),
    )
