"""Facts and questions for the report's script: rows of numbers beside a table of distinct texts, packed in parts.

A part is unpacked when somebody looks at one of its questions, so that a large report opens as fast as a small one.
"""

import base64
import gzip
import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

from failwise.evaluation.calibration import finite, probabilities
from failwise.evaluation.records import Answer, FactAudit
from failwise.evaluation.reporting.data import STATES, TRUTHS, ReportData
from failwise.evaluation.reporting.words import fact_words, relation_words
from failwise.generation.records import Arity, Question, Rationale

PART = 2_000  # questions
NOT_ASKED, NO_ANSWER = -2, -1


def pack(value: Any) -> str:
    """Return JSON, compressed, in letters that mean nothing to HTML; the same value gives the same letters."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), 6, mtime=0)).decode()


def in_order(data: ReportData) -> list[Question]:
    """Return the questions so that those which test one fact stand together, in the order of the facts."""
    places = {audit.fact_id: place for place, audit in enumerate(data.audits)}
    return sorted(data.questions, key=lambda q: places.get(q.tested_fact, len(places)))


class Texts:
    """Distinct texts, each with its number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __call__(self, value: str) -> int:
        return self._numbers.setdefault(value, len(self._numbers))

    def listed(self) -> list[str]:
        """Return them by number."""
        return list(self._numbers)


def facts_payload(data: ReportData, questions: Sequence[Question]) -> dict[str, Any]:
    """Return the facts, which questions test and mention each, and how each question was answered.

    Args:
        questions: as `in_order` gives them.
    """
    text, answers = Texts(), {answer.question_id: answer for answer in data.answers}
    facts = [_fact(audit, data, text) for audit in data.audits]
    kinds = [[text(relation_words(name)), *map(text, ends)] for name, ends in data.kinds.items()]
    tests, mentions = _index(data.audits, questions)
    said = [_said(answers.get(question.id)) for question in questions]
    return {
        **{"states": STATES, "truths": TRUTHS, "texts": text.listed(), "facts": facts, "kinds": kinds},
        **{"tests": tests, "mentions": mentions, "part": PART, "said": said},
    }


def question_parts(data: ReportData, questions: Sequence[Question]) -> Iterator[dict[str, Any]]:
    """Yield the questions with their answers and reasons, some thousand at a time."""
    answers = {answer.question_id: answer for answer in data.answers}
    before = {answer.question_id: answer for answer in data.base_answers}
    reasons = {reason.question_id: reason for reason in data.rationales}
    for start in range(0, len(questions), PART):
        some = questions[start : start + PART]
        text = Texts()
        rows = [_question(q, answers.get(q.id), before.get(q.id), reasons.get(q.id), text) for q in some]
        cited = {name for q in some if q.id in reasons for name in reasons[q.id].cited}
        words = [[text(name), text(data.labels[name])] for name in sorted(cited & data.labels.keys())]
        yield {"texts": text.listed(), "questions": rows, "words": words}


def _fact(audit: FactAudit, data: ReportData, text: Texts) -> list[Any]:
    asset = data.labels.get(audit.asset_class, audit.asset_class)
    words = fact_words(audit, data.labels)
    names = (audit.fact_id, words, asset, relation_words(audit.relation), audit.subject, audit.object)
    marks = (TRUTHS.index(audit.truth), list(STATES).index(audit.state), audit.n, audit.right)
    shares = (audit.chance, audit.low, audit.high, audit.mastery, audit.p_known)
    return [*map(text, names), *marks, *map(_mille, shares)]


def _index(audits: Sequence[FactAudit], questions: Sequence[Question]) -> tuple[list[list[int]], list[list[int]]]:
    places = {audit.fact_id: place for place, audit in enumerate(audits)}
    tests: list[list[int]] = [[] for _ in audits]
    mentions: list[list[int]] = [[] for _ in audits]
    for number, question in enumerate(questions):
        tested = {question.tested_fact} if question.arity is Arity.SINGLE else {*question.fact_ids}
        for name in {*question.fact_ids, question.tested_fact} & places.keys():
            (tests if name in tested else mentions)[places[name]].append(number)
    return tests, mentions


def _question(
    question: Question, answer: Answer | None, before: Answer | None, reason: Rationale | None, text: Texts
) -> list[Any]:
    all_of_them = "" if question.arity is Arity.SINGLE else "asks for all that are right"
    about = (question.direction, question.polarity, question.difficulty, question.perturbation, all_of_them)
    return [
        text(question.id),
        text(question.question),
        [text(option) for option in question.options],
        [place for place, right in enumerate(question.correct) if right],
        text(question.tested_fact),
        text(" · ".join(filter(None, about))),
        [_mille(share) for share in _shares(answer)] if answer and len(answer.scores) == len(question.options) else [],
        _said(before)[0],
        reason and [text(reason.text), text(reason.teacher), [text(name) for name in reason.cited]],
        text(answer.reply or answer.reasons) if answer else text(""),
    ]


def _shares(answer: Answer) -> Sequence[float]:
    """Return how probable each option is: beside the others, or by itself where a question asks for all right ones."""
    if answer.chosen is None:
        return probabilities(answer.scores) if finite(answer.scores) else ()
    return [1 / (1 + math.exp(-score)) if score > -700 else 0.0 for score in answer.scores]


def _said(answer: Answer | None) -> tuple[int | list[int], int]:
    """Return the chosen options and whether they are right."""
    if answer is None or answer.silent:
        return NOT_ASKED if answer is None else NO_ANSWER, 0
    return list(answer.chosen or ()) if answer.choice is None else [answer.choice], int(answer.right)


def _mille(share: float) -> int | None:
    return round(share * 1000) if math.isfinite(share) else None
