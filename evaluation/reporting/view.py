"""What the report's page shows without a script, and what it packs for one."""

from collections import Counter
from typing import Any

from failwise.evaluation.coverage.states import open_facts
from failwise.evaluation.records import RollUp
from failwise.evaluation.reliability import brier_score, calibration_error
from failwise.evaluation.reporting.data import ReportData
from failwise.evaluation.reporting.payload import facts_payload, in_order, pack, question_parts
from failwise.evaluation.reporting.verdict import verdict
from failwise.evaluation.reporting.words import fact_words, relation_words
from failwise.generation.balance.certificate import BalanceCertificate
from failwise.generation.balance.groups import ALONE
from failwise.generation.records import Arity
from failwise.generation.splitting.leakage import ROWS

_MOST_ROWS = 200  # of a table of groups; a browser needs half a second for some thousand


def view(data: ReportData) -> dict[str, Any]:
    """Return what the template shows without a script, and what it packs for one."""
    judged = [audit for audit in data.audits if audit.truth != "unknown"]
    questions, bins = in_order(data), data.reliability
    return {
        "data": data,
        "verdict": verdict(data),
        "stamp_text": css_text(data.stamp),
        "counts": Counter(audit.state for audit in judged),
        "judged": len(judged),
        "unknown": len(data.audits) - len(judged),
        "chance": next((row.accuracy for row in data.rows if row.kind == "chance"), None),
        "holes": open_facts(data.audits),
        "words": lambda audit: fact_words(audit, data.labels),
        "relation_words": relation_words,
        "groups": lambda name: worst_first([row for row in data.rollups if row.dimension == name]),
        "error": calibration_error(bins) if bins else None,
        "brier": brier_score(bins) if bins else None,
        "guessers": guessers(data.balance) if data.balance else [],
        "grouped": share_in_groups(data.balance) if data.balance else 0.0,
        "crossing_words": {name: words for name, (words, _) in ROWS.items()},
        "facts": pack(facts_payload(data, questions)),
        "parts": list(map(pack, question_parts(data, questions))),
    }


def worst_first(rows: list[RollUp]) -> tuple[list[RollUp], int]:
    """Return the groups as they are, or, of very many, those of which least is known; and how many are left out."""
    if len(rows) <= _MOST_ROWS:
        return rows, 0
    return sorted(rows, key=lambda row: row.share)[:_MOST_ROWS], len(rows) - _MOST_ROWS


def guessers(certificate: BalanceCertificate) -> list[dict[str, Any]]:
    """Return what guessing is worth on questions for one option: shares with their intervals, the highest first."""
    rows = [row for row in certificate.shortcuts.rows if row.arity is Arity.SINGLE]
    return [
        {
            "row": row,
            "excess": row.excess / 100,
            "low": row.chance + row.low / 100,
            "high": row.chance + row.high / 100,
            "over": row.over(certificate.margin),
        }
        for row in sorted(rows, key=lambda row: -row.excess)
    ]


def share_in_groups(certificate: BalanceCertificate) -> float:
    """Return the share of questions that stand in a contrast group."""
    return sum(n for size, n in certificate.exposure.groups.items() if size > ALONE) / certificate.questions


def css_text(text: str) -> str:
    """Return a text, cut where it is endless, as a string of CSS: what is no letter or digit stands as its number."""
    letters = (c if c.isascii() and c.isalnum() else f"\\{ord(c):x} " for c in text[:150])
    return f'"{"".join(letters)}"'
