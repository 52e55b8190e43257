"""Sets of options that hold the right one as often as promised."""

import math
import random
from dataclasses import replace

import pytest

from failwise.evaluation.conformal import adaptive, conformal_rows, least_ambiguous, threshold
from failwise.evaluation.records import Answer
from failwise.generation.records import Question
from tests.generation.formats.test_failuresensoriq import ours


def asked(number: int, sharpness: float, seed: int = 0, options: int = 4) -> list[tuple[Question, Answer]]:
    """Return questions whose right options are drawn with just the probabilities that the student gives."""
    dice, found = random.Random(seed), []
    for place in range(number):
        scores = tuple(dice.gauss(0, sharpness) for _ in range(options))
        right = dice.choices(range(options), [math.exp(s) for s in scores])[0]
        question = replace(
            ours(1),
            id=f"q{place}",
            options=tuple(f"option {i}" for i in range(options)),
            option_ids=tuple("ABCDEFGH"[:options]),
            correct=tuple(i == right for i in range(options)),
            tested_fact=f"fact {place // 2}",
            asset_class="pump" if place % 3 else "fan",
        )
        choice = scores.index(max(scores))
        found.append((question, Answer(question.id, "s", scores, choice, choice == right, 1.0)))
    return found


def test_what_an_option_needs() -> None:
    assert least_ambiguous([0.5, 0.3, 0.2]) == pytest.approx([0.5, 0.7, 0.8])
    assert adaptive([0.5, 0.3, 0.2]) == pytest.approx([0.5, 0.8, 1.0])
    assert adaptive([0.4, 0.4, 0.2]) == pytest.approx([0.8, 0.8, 1.0])


def test_the_threshold_is_the_corrected_quantile() -> None:
    assert threshold([0.1 * i for i in range(1, 20)], 0.1) == pytest.approx(1.8)  # the 18th of 19
    assert threshold([0.5] * 8, 0.1) == math.inf  # of eight no order statistic promises 90 %


def test_sets_cover_as_promised_and_are_smaller_the_surer_the_student_is() -> None:
    rows = {(r.method, r.value): r for r in conformal_rows(asked(4000, 1.5))}
    for method in ("LAC", "APS"):
        row = rows[method, "all"]
        assert (row.n == 4000 and row.low < 0.9 < row.high) or row.coverage > 0.9
        assert row.coverage == pytest.approx(0.9, abs=0.03)
        assert 1 <= row.size <= row.options == 4
        assert row.uacc == pytest.approx(row.accuracy / row.size * 2)
        assert {rows[method, a].n for a in ("pump", "fan")} == {2666, 1334}
    surer = {(r.method, r.value): r for r in conformal_rows(asked(4000, 5))}
    assert surer["LAC", "all"].size < rows["LAC", "all"].size
    assert surer["LAC", "all"].uacc > rows["LAC", "all"].uacc


def test_few_answers_or_answers_without_scores_promise_nothing() -> None:
    assert conformal_rows(asked(49, 1)) == []
    assert conformal_rows([(q, replace(a, scores=())) for q, a in asked(100, 1)]) == []
    assert conformal_rows([(replace(q, tested_fact="one"), a) for q, a in asked(100, 1)]) == []
