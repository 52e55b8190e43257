"""A temperature is found again, errors are those of a hand calculation, and no answer judges its own temperature."""

import json
import math
import random
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from failwise.errors import InputError
from failwise.evaluation.calibration import (
    FILE,
    HOTTEST,
    Calibration,
    Graded,
    brier,
    calibrate_answers,
    calibration_error,
    find_calibration,
    fit_temperature,
    grade,
    probabilities,
    save_calibration,
    two_halves,
)
from failwise.evaluation.records import Answer
from failwise.generation.records import Arity, Question

MADE = Calibration("student", "digest", 60, 2.0, 0.3, 0.1, 0.8, 0.6, 0.5)


def student(sharpness: float, count: int, seed: int = 0) -> list[Graded]:
    """Return answers whose scores are so many times as far apart as they should be; two to each fact."""
    rng, found = random.Random(seed), []
    for number in range(count):
        true = [rng.gauss(0, 1.5) for _ in range(rng.choice((3, 4, 5)))]
        right = rng.choices(range(len(true)), weights=[math.exp(t) for t in true])[0]
        found.append(Graded(tuple(sharpness * t for t in true), right, f"fact {number // 2}"))
    return found


@pytest.mark.parametrize("sharpness", [0.3, 1.0, 4.0])
def test_a_temperature_is_found_again(sharpness: float) -> None:
    assert fit_temperature(student(sharpness, 3000)) == pytest.approx(sharpness, rel=0.1)


def test_no_other_temperature_makes_the_right_options_likelier() -> None:
    answers = student(4.0, 200)
    fitted = fit_temperature(answers)

    def loss(temperature: float) -> float:
        return -sum(math.log(probabilities(a.scores, temperature)[a.right]) for a in answers)

    assert all(loss(fitted) <= loss(fitted * factor) for factor in (0.5, 0.9, 0.99, 1.01, 1.1, 2.0))


def test_a_student_that_knows_nothing_has_its_temperature_at_the_end() -> None:
    # Always the same scores, and the option with the lowest is right.
    answers = [Graded((9.0, 0.0), 1, f"fact {n}") for n in range(50)]
    assert fit_temperature(answers) == pytest.approx(HOTTEST, rel=0.01)
    assert calibrate_answers(answers, "s", "q").at_bound


def test_probabilities_sum_to_one_and_keep_the_order() -> None:
    found = probabilities((-800.0, -801.0, -900.0), 2.0)
    assert sum(found) == pytest.approx(1)
    assert found[0] / found[1] == pytest.approx(math.exp(0.5))
    assert sorted(found, reverse=True) == list(found)


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_has_no_probability(score: float) -> None:
    with pytest.raises(ValueError, match="not all finite"):
        probabilities((0.0, score))


def test_verdicts_become_the_chance_that_theirs_is_the_one_right_option() -> None:
    odds = (2.0, -1.0, 0.5)
    yes = [1 / (1 + math.exp(-o)) for o in odds]
    worlds = {
        world: math.prod(p if holds else 1 - p for p, holds in zip(yes, world, strict=True))
        for world in product((True, False), repeat=3)
    }
    one_right = {world.index(True): weight for world, weight in worlds.items() if sum(world) == 1}
    expected = [one_right[i] / sum(one_right.values()) for i in range(3)]
    assert probabilities(odds) == pytest.approx(expected)


def test_errors_are_those_of_a_hand_calculation() -> None:
    # Bins of 1/15: 0.9 stands in the fourteenth twice, 0.6 in the ninth.
    said = [((0.9, 0.1), 0), ((0.1, 0.9), 0), ((0.6, 0.4), 0)]
    assert calibration_error(said) == pytest.approx((abs(1 - 1.8) + abs(1 - 0.6)) / 3)
    assert brier(said) == pytest.approx((0.02 + 1.62 + 0.32) / 3)
    assert calibration_error([((1.0, 0.0), 0)]) == 0
    assert calibration_error([((1.0, 0.0), 1)]) == 1


def test_a_bin_holds_its_upper_end() -> None:
    # 2/3 ends the tenth bin and 0.67 is in the eleventh: over both, the errors do not cancel.
    said = [((2 / 3, 1 / 3), 0), ((0.67, 0.33), 1)]
    assert calibration_error(said) == pytest.approx((1 / 3 + 0.67) / 2)


def test_an_overconfident_student_is_calibrated() -> None:
    found = calibrate_answers(student(5.0, 600), "s", "q")
    assert found.temperature == pytest.approx(5.0, rel=0.2)
    assert found.ece_after < found.ece_before / 3
    assert found.brier_after < found.brier_before
    assert (found.n, found.student, found.questions, found.at_bound) == (600, "s", "q", False)


def test_no_fact_stands_in_both_halves() -> None:
    one, other = two_halves(student(1.0, 101))
    assert not {g.about for g in one} & {g.about for g in other}
    assert abs(len(one) - len(other)) <= 2
    assert len(one) + len(other) == 101


def test_a_half_does_not_depend_on_the_order_of_the_answers() -> None:
    answers = student(1.0, 60)
    there = [{g.about for g in half} for half in two_halves(answers)]
    assert [{g.about for g in half} for half in two_halves(answers[::-1])] == there


def test_each_half_is_judged_with_the_temperature_of_the_other() -> None:
    answers = student(1.0, 80)
    one, _ = two_halves(answers)
    kept = {g.about for g in one}
    # One half is far too sure and the other one far too unsure: judged with its own, either would look good.
    answers = [replace(g, scores=tuple(s * (20 if g.about in kept else 0.05) for s in g.scores)) for g in answers]
    one, other = two_halves(answers)
    hot, cold = fit_temperature(one), fit_temperature(other)
    assert hot > 10 and cold < 0.2
    said = [(probabilities(g.scores, cold), g.right) for g in one]
    said += [(probabilities(g.scores, hot), g.right) for g in other]
    found = calibrate_answers(answers, "s", "q")
    assert found.ece_after == pytest.approx(calibration_error(said))
    assert found.brier_after == pytest.approx(brier(said))
    assert found.brier_after > found.brier_before


@pytest.mark.parametrize(("count", "number"), [(49, "49"), (0, "0")])
def test_too_few_answers_are_refused(count: int, number: str) -> None:
    with pytest.raises(InputError, match=f"needs 50 answers .* there are {number}"):
        calibrate_answers(student(1.0, count), "s", "q")


def test_answers_about_one_fact_are_refused() -> None:
    answers = [replace(g, about="one") for g in student(1.0, 60)]
    with pytest.raises(InputError, match="about one fact"):
        calibrate_answers(answers, "s", "q")


def test_no_answer_and_several_right_options_are_not_graded() -> None:
    plain = Question("", "a", "Q?", ("x", "y"), ("A", "B"), True, (False, True), "choice", "", "", "")
    several = replace(plain, id="b", correct=(True, True), arity=Arity.MULTIPLE)
    linked = replace(plain, id="c", tested_fact="m/r/s/o")
    silent = replace(plain, id="d")
    answers = [Answer(q, "s", (1.0, 2.0), 1, True, 0.0) for q in ("a", "b", "c", "e")]
    answers.append(Answer("d", "s", (math.nan, 1.0), None, False, 0.0))
    found = grade([plain, several, linked, silent], answers)
    assert found == [Graded((1.0, 2.0), 1, "a"), Graded((1.0, 2.0), 1, "m/r/s/o")]


def test_a_calibration_is_found_again(tmp_path: Path) -> None:
    assert find_calibration(tmp_path, "student")[0] is None
    path = save_calibration(MADE, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [FILE]
    assert path == tmp_path / FILE
    assert find_calibration(tmp_path, "student") == (MADE, "")


def test_another_students_calibration_is_not_used(tmp_path: Path) -> None:
    save_calibration(MADE, tmp_path)
    found, why = find_calibration(tmp_path, "other")
    assert found is None
    assert "student" in why and "other" in why and "failwise calibrate" in why


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda v: v | {"temperature": 0}, "temperature is 0"),
        (lambda v: v | {"temperature": "warm"}, "temperature"),
        (lambda v: {k: x for k, x in v.items() if k != "n"}, "'n'"),
        (lambda v: [], "not a calibration record"),
    ],
)
def test_a_broken_calibration_is_named(
    tmp_path: Path, change: Callable[[dict[str, object]], object], said: str
) -> None:
    save_calibration(MADE, tmp_path)
    value = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps(change(value)))
    with pytest.raises(InputError, match=said):
        find_calibration(tmp_path, "student")
