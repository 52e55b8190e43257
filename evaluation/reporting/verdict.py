"""The verdict: the run in sentences, every reason to doubt it beside them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from failwise.evaluation.coverage.findings import Pattern
from failwise.evaluation.records import Accuracy, FactAudit
from failwise.evaluation.reporting.data import STATES, ReportData
from failwise.evaluation.reporting.words import interval, percent, points

_ASKED = {
    "new-question": "new questions",
    "held-out-fact": "questions about facts kept from training",
    "held-out-pair": "questions about pairs kept from training",
    "held-out-entity": "questions about things kept from training",
    "held-out-asset": "questions about asset classes kept from training",
}
_CAUTIONS = (
    Pattern.GUESSING,
    Pattern.UNTIL_DECIDED,
    Pattern.SPARSE,
    Pattern.UNEVEN,
    Pattern.SHORTCUT,
    Pattern.UNSTEADY,
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of the verdict; `caution` marks what a reader must not miss."""

    text: str
    caution: bool = False


def verdict(data: ReportData) -> tuple[Sentence, ...]:
    """Put the run into sentences: the score, every reason to doubt it, then the facts."""
    best = {row.kind: row for row in sorted(data.rows, key=lambda row: row.accuracy)}
    student = next((row for row in data.rows if row.kind == "student" and row.n), None)
    base, blind, chance = best.get("base"), best.get("anchor-blind"), best.get("chance")
    found = []
    if student:
        asked = f"{student.n:,} {_ASKED.get(data.regime, 'questions')}"
        text = f"The student answers {percent(student.accuracy)} of {asked} right ({_range(student)})"
        found.append(Sentence(f"{text}; the untrained base {_share(base)}." if base else f"{text}."))
        found += _against_base(base) if base else []
        found += _against_chance(student, chance.accuracy) if chance else []
    else:
        found.append(Sentence("No student has been scored in this run; what follows needs no model."))
    found += _against_blind(blind, chance) if blind else []
    if data.questions and not any(any(q.fact_ids) for q in data.questions):
        return (*found, Sentence("No facts: these questions are not linked to an ontology, so none is audited."))
    return (*found, _facts(data.audits), *(Sentence(f.text, f.pattern in _CAUTIONS) for f in data.findings))


def _against_base(base: Accuracy) -> list[Sentence]:
    if base.ahead is None or base.ahead_low is None or base.ahead_high is None:
        return []  # of an earlier audit
    spread = f"{points(base.ahead_low)} to {points(base.ahead_high)}"
    text = f"On the {base.n:,} questions that both answered it differs by {points(base.ahead)} points ({spread}):"
    if base.ahead_low > 0:
        return [Sentence(f"{text} training made a clear difference.")]
    if base.ahead_high < 0:
        return [Sentence(f"{text} training made the model worse.", True)]
    return [Sentence(f"{text} these questions do not show that training helped.", True)]


def _against_chance(student: Accuracy, chance: float) -> list[Sentence]:
    if student.high < chance:
        return [Sentence(f"That is worse than chance ({percent(chance)}).", True)]
    if student.low <= chance:
        text = f"The student's interval contains chance ({percent(chance)}): it cannot be told from guessing."
        return [Sentence(text, True)]
    return []


def _against_blind(blind: Accuracy, chance: Accuracy | None) -> list[Sentence]:
    text = f"A guesser that never reads the question reaches {_share(blind)}"
    if blind.ahead_low is None:
        return [Sentence(f"{text}; chance is {percent(chance.accuracy)}." if chance else f"{text}.")]
    if blind.ahead_low <= 0:
        return [Sentence(f"{text}: the student's score is no evidence that it reads the question.", True)]
    return [Sentence(f"{text}, clearly less than the student.")]


def _facts(audits: Sequence[FactAudit]) -> Sentence:
    judged = [audit for audit in audits if audit.truth != "unknown"]
    count = Counter(audit.state for audit in judged)
    if not judged:
        return Sentence("No fact was audited.")
    if not any(audit.n for audit in judged):
        return Sentence(f"None of the {len(judged):,} facts has been tested yet.")
    rest = ", ".join(f"{count[state]:,} {state}" for state in tuple(STATES)[1:])
    return Sentence(f"{count['known']:,} of {len(judged):,} facts are known, {rest}.")


def _range(row: Accuracy) -> str:
    return interval(row.low, row.high)


def _share(row: Accuracy) -> str:
    return f"{percent(row.accuracy)} ({_range(row)})"
