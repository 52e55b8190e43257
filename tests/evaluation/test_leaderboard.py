"""FailureSensorIQ's leaderboard: our figures, and what their harness makes of the same choices."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from failwise.errors import InputError
from failwise.evaluation.conformal import conformal_rows
from failwise.evaluation.leaderboard import Figure, document, figures, put_together
from failwise.evaluation.records import Answer
from failwise.files import write_json, write_records
from failwise.generation.formats.question_files import read_questions
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from tests.conftest import Program
from tests.evaluation.coverage.answering import answer, chosen
from tests.evaluation.test_conformal import asked as drawn
from tests.generation.formats.test_failuresensoriq import ours

# Of each kind of question how many, and how many of these are answered right (the first ones).
KINDS = {
    ("pump", "relevant_sensors_for_failure_mode"): (4, 1),
    ("pump", "irrelevant_sensors_for_failure_mode"): (2, 2),
    ("steam turbine", "relevant_failure_modes_for_sensor"): (4, 4),
    ("steam turbine", "irrelevant_failure_modes_for_sensor"): (2, 0),
}


@pytest.fixture
def originals() -> list[tuple[Question, Answer]]:
    made: list[tuple[Question, Answer]] = []
    for (asset, relevancy), (count, right) in KINDS.items():
        for number in range(count):
            question = replace(
                ours(1), id=f"{len(made)}", asset_name=asset, relevancy=relevancy, correct=(True, False, False)
            )
            made.append((question, answer(question, right=number < right)))
    return made


def variants(asked: list[tuple[Question, Answer]], labels: tuple[str, ...]) -> list[tuple[Question, Answer]]:
    """Return the same questions in the other order, with other labels, and the same options chosen."""
    found = []
    for question, said in asked:
        place = None if said.choice is None else len(labels) - 1 - said.choice
        turned = replace(question, options=question.options[::-1], correct=question.correct[::-1], option_ids=labels)
        found.append((turned, replace(said, choice=place, scores=said.scores[::-1])))
    return found


def by_name(found: list[Figure]) -> dict[str, tuple[float, float | None, int]]:
    return {f.name: (f.value, f.legacy, f.n) for f in found}


def test_the_figures_beside_those_of_their_harness(originals: list[tuple[Question, Answer]]) -> None:
    found = by_name(figures(originals, variants(originals, ("P)", "Q)", "R)"))))
    assert found == {
        "acc_overall": (7 / 12, 7 / 12, 12),
        "acc_sel": (5 / 8, 1 / 4, 8),  # theirs counts the four that give a failure mode
        "acc_el": (2 / 4, 1.0, 4),
        "acc_perturb": (7 / 12, 0.0, 12),  # "P" is not in ["P)"]
        "score_consistency": (7 / 12, 0.0, 12),
        "acc_pump": (3 / 6, 3 / 6, 6),
        "acc_steam_turbine": (4 / 6, 4 / 6, 6),
    }
    bare = by_name(figures(originals, variants(originals, ("P", "Q", "R"))))
    assert bare["acc_perturb"] == bare["score_consistency"] == (7 / 12, 7 / 12, 12)


def test_consistency_is_right_in_both(originals: list[tuple[Question, Answer]]) -> None:
    perturbed = variants(originals, ("P", "Q", "R"))
    lost, silent = perturbed[0], perturbed[6]
    perturbed[0] = (lost[0], answer(lost[0], right=False))
    perturbed[6] = (silent[0], replace(silent[1], scores=(), choice=None, right=False))
    perturbed[1] = (perturbed[1][0], answer(perturbed[1][0], right=True))
    found = by_name(figures(originals, perturbed))
    assert found["acc_perturb"][0] == 6 / 12 and found["score_consistency"][0] == 5 / 12


def test_uacc_takes_the_options_there_are_and_theirs_always_six() -> None:
    asked = [
        (replace(q, asset_name="pump", relevancy="relevant_sensors_for_failure_mode"), a) for q, a in drawn(400, 2)
    ]
    lac, aps = (row for row in conformal_rows(asked) if row.dimension == "all")
    found = by_name(figures(asked))
    assert found["average_uacc"][0] == pytest.approx((lac.uacc + aps.uacc) / 2)
    assert found["average_uacc"][1] == pytest.approx(found["average_uacc"][0] * math.sqrt(6 / 4))
    assert found["average_ss"][0] == pytest.approx((lac.size + aps.size) / 200)
    assert found["average_ss"][1:] == (None, 400)
    assert found["average_coverage_rate"][1] is None


def test_the_document_has_the_shape_of_theirs() -> None:
    told = document("me", [Figure("acc_overall", "acc", 0.5, 0.25, 4), Figure("acc_pump", "", 0.1, None, 2)])
    assert told["results"] == {"acc_overall": {"acc": 0.5}, "acc_pump": 0.1}
    assert told["legacy"] == {"acc_overall": {"acc": 0.25}}
    assert told["config"]["model_name"] == "me" and told["questions"] == {"acc_overall": 4, "acc_pump": 2}


def test_what_is_no_leaderboard_is_refused(originals: list[tuple[Question, Answer]]) -> None:
    questions, answers = [q for q, _ in originals], [a for _, a in originals]
    perturbed = variants(originals, ("P)", "Q)", "R)"))
    for given, why in (
        (answers[1:], r"1 of 12 questions have no answer \(0\); ask the whole file"),
        ([*answers, answers[0]], "has two answers"),
        ([replace(answers[0], right=not answers[0].right), *answers[1:]], "the questions have changed"),
        ([replace(answers[0], student="b"), *answers[1:]], "of several students: b, simulated"),
    ):
        with pytest.raises(InputError, match=why):
            put_together(questions, given)
    other = replace(perturbed[0][0], correct=(True, False, False))
    for asked, after, why in (
        (originals, perturbed[1:], r"1 stand in one file alone \(0\)"),
        (originals, [*perturbed, perturbed[0]], "some come twice"),
        (originals, [(other, chosen(other, 0)), *perturbed[1:]], "of the question '0' the option"),
        (originals, [(q, replace(a, student="b")) for q, a in perturbed], "several students: b, simulated"),
        ([(replace(q, relevancy=""), a) for q, a in originals], (), "12 of 12 questions lack asset_name or relevancy"),
    ):
        with pytest.raises(InputError, match=why):
            figures(asked, after)


# --- their files ---

PER_ASSET = {
    "power_transformer": 544, "aero_gas_turbine": 336, "reciprocating_internal_combustion_engine": 336,
    "industrial_gas_turbine": 240, "electric_motor": 234, "electric_generator": 234, "compressor": 220, "fan": 200,
    "steam_turbine": 171, "pump": 152,
}  # fmt: skip


def test_their_files_give_their_numbers_of_questions(
    failwise: Program, shipped: KnowledgeGraph, data: Path, tmp_path: Path
) -> None:
    """A student that knows all gets 100 % everywhere; their harness gives it nothing where labels have brackets."""
    names = ("single_answer.jsonl", "single_answer_simple_perturbed.jsonl")
    for name in names:
        questions = read_questions(data / "failuresensoriq" / name)
        write_records(tmp_path / f"answers-{name}", [answer(q, right=True) for q in questions])
    first, second = ((tmp_path / f"answers-{name}", data / "failuresensoriq" / name) for name in names)
    done = failwise("leaderboard", *first, "--perturbed", *second, "--out", tmp_path / "entry.json")
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "entry.json").read_text())
    counts = told["questions"]
    assert {name.removeprefix("acc_"): counts[name] for name in counts if name[4:] in PER_ASSET} == PER_ASSET
    assert (counts["acc_sel"], counts["acc_el"], counts["acc_perturb"], counts["score_consistency"]) == (
        923,
        1744,
        2667,
        2667,
    )
    assert told["results"]["score_consistency"] == {"consist_score": 1.0}
    assert told["legacy"]["score_consistency"] == {"consist_score": 0.0}
    assert told["legacy"]["acc_perturb"] == {"perturb_score": 0.0}
    assert told["results"]["acc_pump"] == told["legacy"]["acc_sel"]["acc_sel"] == 1.0
    assert told["results"]["average_coverage_rate"]["average_coverage_rate"] >= 0.9
    assert "score_consistency" in done.stdout and "0.00" in done.stdout
    swapped = failwise("leaderboard", first[0], second[1], "--out", tmp_path / "other.json")
    assert swapped.returncode == 2 and "the questions have changed" in swapped.stderr
    assert not (tmp_path / "other.json").exists()


def test_questions_that_are_not_there_are_named(failwise: Program, tmp_path: Path) -> None:
    write_json(tmp_path / "manifest.json", {"inputs": {"questions": "0"}})
    (tmp_path / "a.jsonl").touch()
    for questions in (tmp_path / "nowhere.jsonl", tmp_path):
        done = failwise("leaderboard", tmp_path / "a.jsonl", questions, "--out", tmp_path / "out.json")
        assert done.returncode == 2 and f"cannot read {questions}" in done.stderr


def test_a_file_that_is_read_is_not_written_over(failwise: Program, tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {})
    done = failwise("leaderboard", tmp_path / "a.json", tmp_path / "q.jsonl", "--out", tmp_path / "a.json")
    assert done.returncode == 2 and "give another name to write to" in done.stderr
