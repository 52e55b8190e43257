"""What does the student know, fact by fact? States with their rule, and roll-ups of facts to what people ask about."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from failwise.errors import InputError
from failwise.evaluation.records import Answer, FactAudit, RollUp
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Fact, Truth
from failwise.statistics import wilson

STATES = ("known", "wrong", "inconsistent", "undersampled", "untested")

# The least share of right answers that may be called known, chance aside.
KNOWN_SHARE = 0.75

# One question proves nothing, however many options it has.
LEAST_PROBES = 2


@dataclass(frozen=True, slots=True)
class Probe:
    """One question with what the student made of it."""

    question: Question
    right: bool


def state(right: int, n: int, chance: float) -> str:
    """Return the state of a fact that was asked `n` times and answered right `right` times.

    untested      never asked
    undersampled  asked once, or so rarely that even all-right could be luck: the interval would still reach chance
    known         at least 75 % right, and the 95 % Wilson interval lies above chance
    wrong         no better than chance, or the interval lies below one half
    inconsistent  neither: right in some wordings, directions or company, wrong in others
    """
    if n == 0:
        return "untested"
    low, high = wilson(right, n)
    if n < LEAST_PROBES or wilson(n, n)[0] <= chance:
        return "undersampled"
    if right / n >= KNOWN_SHARE and low > chance:
        return "known"
    if right / n <= chance or high < 0.5:
        return "wrong"
    return "inconsistent"


def match(questions: Iterable[Question], answers: Sequence[Answer]) -> list[Probe]:
    """Join answers to their questions.

    Raises:
        InputError: an answer's question is not there, or a question was answered twice.
    """
    by_id = {q.id: q for q in questions}
    seen: set[str] = set()
    probes = []
    for answer in answers:
        if answer.question_id not in by_id:
            raise InputError(f"an answer names the question {answer.question_id!r}, which is not in the question file")
        if answer.question_id in seen:
            raise InputError(f"the question {answer.question_id!r} has two answers; each may have one")
        seen.add(answer.question_id)
        probes.append(Probe(by_id[answer.question_id], answer.right))
    return probes


def audit_facts(graph: KnowledgeGraph, probes: Sequence[Probe]) -> list[FactAudit]:
    """Return the audit of every fact of the tables (asset class and relation) that the probes touch."""
    tables = {(p.question.asset_class, p.question.relation) for p in probes if p.question.tested_fact}
    by_fact = _by_fact(probes)
    facts = (f for asset, relation in sorted(tables) for f in graph.query(asset, relation))
    return [_audit(fact, by_fact.get(fact.id, [])) for fact in facts]


def _by_fact(probes: Iterable[Probe]) -> dict[str, list[Probe]]:
    by_fact: dict[str, list[Probe]] = defaultdict(list)
    for probe in probes:
        if probe.question.tested_fact:  # none where "none of these" is right, or the set has no facts
            by_fact[probe.question.tested_fact].append(probe)
    return by_fact


def _audit(fact: Fact, probes: Sequence[Probe]) -> FactAudit:
    n, right = len(probes), sum(p.right for p in probes)
    chance = sum(1 / len(p.question.options) for p in probes) / n if n else 0.0
    return FactAudit(
        fact.id,
        fact.asset_class.slug,
        fact.relation,
        fact.subject.label,
        fact.object.label,
        fact.truth,
        n,
        right,
        chance,
        *wilson(right, n),
        state(right, n, chance),
    )


def roll_up(graph: KnowledgeGraph, probes: Sequence[Probe]) -> list[RollUp]:
    """Return facts and answers by relation, asset class, failure mode, sensor, direction and polarity.

    Unknown facts are in no roll-up: there is nothing a student could be right about. A set without facts has none.
    """
    probes = [p for p in probes if p.question.tested_fact]
    if not probes:
        return []
    by_fact = _by_fact(probes)
    audits = [a for a in audit_facts(graph, probes) if a.truth != Truth.UNKNOWN]
    of_facts: dict[str, Callable[[FactAudit], str]] = {
        "all": lambda a: "all",
        "relation": lambda a: a.relation,
        "asset_class": lambda a: graph.asset_classes[a.asset_class].label,
    }
    rows = [row for name, key in of_facts.items() for row in _grouped(name, key, audits, by_fact)]
    indicated = [a for a in audits if graph.facts[a.fact_id].subject.iri != graph.facts[a.fact_id].asset_class.iri]
    rows += _grouped("failure_mode", lambda a: f"{graph.asset_classes[a.asset_class].label}: {a.subject}", indicated,
                     by_fact)  # fmt: skip
    rows += _grouped("sensor", lambda a: a.object, indicated, by_fact)
    for dimension in ("direction", "polarity"):
        rows += _of_questions(graph, dimension, probes)
    return rows


def _grouped(
    dimension: str, key: Callable[[FactAudit], str], audits: Iterable[FactAudit], by_fact: dict[str, list[Probe]]
) -> list[RollUp]:
    groups: dict[str, list[FactAudit]] = defaultdict(list)
    for audit in audits:
        groups[key(audit)].append(audit)
    return [
        _row(dimension, value, group, [p for a in group for p in by_fact.get(a.fact_id, [])])
        for value, group in sorted(groups.items())
    ]


def _of_questions(graph: KnowledgeGraph, dimension: str, probes: Sequence[Probe]) -> list[RollUp]:
    """Audit each part of the questions (forward, inverse, …) on its own."""
    parts: dict[str, list[Probe]] = defaultdict(list)
    for probe in probes:
        parts[str(getattr(probe.question, dimension))].append(probe)
    rows = []
    for value, part in sorted(parts.items()):
        audits = [_audit(graph.facts[i], p) for i, p in _by_fact(part).items()]
        rows.append(_row(dimension, value, audits, part))
    return rows


def _row(dimension: str, value: str, audits: Sequence[FactAudit], probes: Sequence[Probe]) -> RollUp:
    n, right = len(probes), sum(p.right for p in probes)
    counts = {s: sum(a.state == s for a in audits) for s in STATES}
    chance = sum(1 / len(p.question.options) for p in probes) / n if n else 0.0
    return RollUp(dimension, value, len(audits), **counts, n=n, right=right, accuracy=right / n if n else 0.0,
                  chance=chance, low=wilson(right, n)[0], high=wilson(right, n)[1])  # fmt: skip
