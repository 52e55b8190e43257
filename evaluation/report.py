"""The report a reliability engineer opens in a browser: one HTML file that needs nothing beside it."""

import base64
import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from failwise.errors import MissingExtraError
from failwise.evaluation.coverage import findings as coverage
from failwise.evaluation.records import Accuracy, Answer, FactAudit, RollUp
from failwise.files import write_text
from failwise.generation.records import Question, Rationale

STATES = {
    "known": "at least three quarters of its questions are answered by knowing, lucky guesses taken off",
    "wrong": "at most a quarter is",
    "inconsistent": "in between: known in some wordings, directions or company and not in others",
    "undersampled": "too few answers to be 95 % sure of any of these",
    "untested": "no question tests it",
}
TRUTHS = ("yes", "no", "unknown")
ASKED = {
    "new-question": "new questions",
    "held-out-fact": "questions about facts kept from training",
    "held-out-pair": "questions about pairs kept from training",
    "held-out-entity": "questions about things kept from training",
    "held-out-asset": "questions about asset classes kept from training",
}
_CAUTIONS = (coverage.Pattern.UNEVEN, coverage.Pattern.SHORTCUT, coverage.Pattern.UNSTEADY)
PERCENT = "\u00a0%"
DASH = "\u2013"


@dataclass(frozen=True, slots=True)
class ReportData:
    """All that a report shows. `labels` puts fact ids into sentences and asset-class slugs into words."""

    title: str
    created: str
    student: str
    base: str | None
    regime: str
    regime_text: str
    rows: tuple[Accuracy, ...]
    audits: tuple[FactAudit, ...]
    rollups: tuple[RollUp, ...]
    questions: tuple[Question, ...]
    answers: tuple[Answer, ...]
    base_answers: tuple[Answer, ...]
    rationales: tuple[Rationale, ...]
    labels: Mapping[str, str]
    limits: tuple[str, ...]
    manifest: Mapping[str, str]
    findings: tuple[coverage.Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence of the verdict; `caution` marks what a reader must not miss."""

    text: str
    caution: bool = False


def write_report(data: ReportData, path: Path) -> Path:
    """Write the report, whole or not at all."""
    write_text(path, render_report(data))
    return path


def render_report(data: ReportData) -> str:
    """Return the report as one HTML document without outside references.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup
    except ImportError as error:
        raise MissingExtraError("the HTML report", "jinja2", "report") from error
    script = _part("report.js.jinja")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    house = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page = house.from_string(_part("report.html.jinja")).render(
        view(data),
        style=Markup(_part("report.css.jinja")),
        script=Markup(script),
        script_hash=f"sha256-{digest}",
        payload=Markup(embed(payload(data))),
    )
    return page.encode("utf-8", "replace").decode()


def _part(name: str) -> str:
    return files("failwise.evaluation").joinpath(name).read_text(encoding="utf-8")


def embed(value: Any) -> str:
    """Return JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)


def percent(share: float) -> str:
    """Return a share in whole percent; what is not quite nothing or all is not rounded to it."""
    if not math.isfinite(share):
        return DASH
    whole = round(share * 100)
    if whole in (0, 100) and 0 < share < 1:
        return ("<1" if whole == 0 else ">99") + PERCENT
    return f"{whole}{PERCENT}"


def interval(low: float, high: float) -> str:
    """Return an interval of shares in whole percent."""
    first, last = percent(low), percent(high)
    return last if first == last else f"{first.removesuffix(PERCENT)}{DASH}{last}"


def verdict(data: ReportData) -> tuple[Finding, ...]:
    """Put the run into sentences: the score, every reason to doubt it, then the facts."""
    best = {row.kind: row for row in sorted(data.rows, key=lambda row: row.accuracy)}
    student = next((row for row in data.rows if row.kind == "student" and row.n), None)
    base, blind, chance = best.get("base"), best.get("anchor-blind"), best.get("chance")
    found = []
    if student:
        asked = f"{student.n:,} {ASKED.get(data.regime, 'questions')}"
        text = f"The student answers {percent(student.accuracy)} of {asked} right ({_range(student)})"
        found.append(Finding(f"{text}; the untrained base {_share(base)}." if base else f"{text}."))
        found += _against_base(student, base) if base else []
        found += _against_chance(student, chance.accuracy) if chance else []
    else:
        found.append(Finding("No student has been scored in this run; what follows needs no model."))
    found += _against_blind(student, blind, chance) if blind else []
    if data.questions and not any(any(q.fact_ids) for q in data.questions):
        return (*found, Finding("No facts: these questions are not linked to an ontology, so none is audited."))
    return (*found, _facts(data.audits), *(Finding(f.text, f.pattern in _CAUTIONS) for f in data.findings))


def _against_base(student: Accuracy, base: Accuracy) -> list[Finding]:
    if _overlap(student, base):
        return [Finding("The two intervals overlap: these questions do not show that training helped.", True)]
    if student.accuracy < base.accuracy:
        return [Finding("The intervals do not overlap: training made the model worse.", True)]
    return [Finding("The intervals do not overlap: training made a clear difference.")]


def _against_chance(student: Accuracy, chance: float) -> list[Finding]:
    if student.high < chance:
        return [Finding(f"That is worse than chance ({percent(chance)}).", True)]
    if student.low <= chance:
        text = f"The student's interval contains chance ({percent(chance)}): it cannot be told from guessing."
        return [Finding(text, True)]
    return []


def _against_blind(student: Accuracy | None, blind: Accuracy, chance: Accuracy | None) -> list[Finding]:
    text = f"A guesser that never reads the question reaches {_share(blind)}"
    if not student:
        return [Finding(f"{text}; chance is {percent(chance.accuracy)}." if chance else f"{text}.")]
    if blind.accuracy >= student.accuracy or _overlap(student, blind):
        return [Finding(f"{text}: the student's score is no evidence that it reads the question.", True)]
    return [Finding(f"{text}, clearly less than the student.")]


def _facts(audits: Sequence[FactAudit]) -> Finding:
    judged = [audit for audit in audits if audit.truth != "unknown"]
    count = Counter(audit.state for audit in judged)
    if not judged:
        return Finding("No fact was audited.")
    if not any(audit.n for audit in judged):
        return Finding(f"None of the {len(judged):,} facts has been tested yet.")
    rest = ", ".join(f"{count[state]:,} {state}" for state in tuple(STATES)[1:])
    return Finding(f"{count['known']:,} of {len(judged):,} facts are known, {rest}.")


def _range(row: Accuracy) -> str:
    return interval(row.low, row.high)


def _share(row: Accuracy) -> str:
    return f"{percent(row.accuracy)} ({_range(row)})"


def _overlap(one: Accuracy, other: Accuracy) -> bool:
    return one.low <= other.high and other.low <= one.high


def view(data: ReportData) -> dict[str, Any]:
    """Return what the template shows without a script."""
    judged = [audit for audit in data.audits if audit.truth != "unknown"]
    return {
        "data": data,
        "verdict": verdict(data),
        "states": STATES,
        "counts": Counter(audit.state for audit in judged),
        "judged": len(judged),
        "unknown": len(data.audits) - len(judged),
        "chance": next((row.accuracy for row in data.rows if row.kind == "chance"), None),
        "holes": holes(data.audits),
        "words": lambda audit: data.labels.get(audit.fact_id, _plain_words(audit)),
        "relation_words": _relation_words,
        "percent": percent,
        "interval": interval,
    }


def holes(audits: Iterable[FactAudit]) -> list[FactAudit]:
    """Return the facts the student does not know, the worst first."""
    order = list(STATES)

    def badness(audit: FactAudit) -> tuple[int, float, int, str]:
        return order.index(audit.state), audit.mastery, -audit.n, audit.fact_id

    return sorted((a for a in audits if a.truth != "unknown" and a.state != "known"), key=badness)


def _relation_words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _plain_words(audit: FactAudit) -> str:
    return f"{audit.subject} {DASH} {_relation_words(audit.relation)} {DASH} {audit.object}"


def payload(data: ReportData) -> dict[str, Any]:
    """Return the facts and questions for the script: rows of numbers beside one table of distinct texts."""
    texts: dict[str, int] = {}

    def text(value: str) -> int:
        return texts.setdefault(value, len(texts))

    answers = {answer.question_id: answer for answer in data.answers}
    before = {answer.question_id: answer for answer in data.base_answers}
    reasons = {reason.question_id: reason for reason in data.rationales}

    def fact(audit: FactAudit) -> list[Any]:
        asset = data.labels.get(audit.asset_class, audit.asset_class)
        words = data.labels.get(audit.fact_id, _plain_words(audit))
        names = (audit.fact_id, words, asset, _relation_words(audit.relation), audit.subject, audit.object)
        marks = (TRUTHS.index(audit.truth), list(STATES).index(audit.state), audit.n, audit.right)
        return [*map(text, names), *marks, *map(_mille, (audit.chance, audit.low, audit.high, audit.mastery))]

    def question(item: Question) -> list[Any]:
        said, reason = answers.get(item.id), reasons.get(item.id)
        return [
            text(item.id),
            text(item.question),
            [text(option) for option in item.options],
            [index for index, right in enumerate(item.correct) if right],
            [text(name) for name in item.fact_ids],
            text(item.tested_fact),
            text(" · ".join(filter(None, (item.direction, item.polarity, item.difficulty)))),
            *_said(said),
            [_mille(share) for share in softmax(said.scores)] if said and len(said.scores) == len(item.options) else [],
            _said(before.get(item.id))[0],
            reason and [text(reason.text), text(reason.teacher), [text(name) for name in reason.cited]],
        ]

    facts, questions = [fact(audit) for audit in data.audits], [question(item) for item in data.questions]
    words = [[texts[name], text(said)] for name, said in data.labels.items() if name in texts]
    tables = {"texts": list(texts), "facts": facts, "questions": questions, "words": words}
    return {"states": STATES, "truths": TRUTHS, **tables}


def _said(answer: Answer | None) -> tuple[int, int]:
    """Return choice and whether it is right; -1 is "no answer", -2 "was not asked"."""
    if answer is None:
        return -2, 0
    return -1 if answer.choice is None else answer.choice, int(answer.right)


def softmax(scores: Sequence[float]) -> list[float]:
    """Return the options' probabilities; none if a score is not a number."""
    top = max(scores, default=math.nan)
    if not math.isfinite(top) or any(math.isnan(score) for score in scores):
        return []
    weights = [math.exp(score - top) for score in scores]
    return [weight / sum(weights) for weight in weights]


def _mille(share: float) -> int | None:
    return round(share * 1000) if math.isfinite(share) else None
