"""`failwise faithfulness` as a user calls it, with tiny students of random weights that were taught two steps."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from failwise.files import read_records, write_records
from tests.conftest import Program, toy_paths
from tests.training.conftest import question, rationale

pytest.importorskip("torch")
pytest.importorskip("peft")

from failwise.evaluation.faithfulness.asking import OWN
from failwise.evaluation.faithfulness.records import ANSWERS, BEHIND, EFFECTS, PAGE, Behind, Effect
from failwise.evaluation.records import Answer
from failwise.training.config import TrainingConfig
from failwise.training.contract import student_fingerprint
from failwise.training.student import Material, train_student

TOY = ("--no-shipped", *(word for path in toy_paths() for word in ("--ontology", path)))
QUESTIONS = [question(i, ("vibration", "speed", "oil debris"), right=i % 3) for i in range(4)]


def student(base: Path, folder: Path, recipe: str) -> Path:
    """Train a student of two steps into a folder."""
    settings = {"base": str(base), "recipe": recipe, "quantisation": "none", "rank": 4, "alpha": 8, "max_steps": 2}
    config = TrainingConfig.model_validate({**settings, "batch_size": 2, "device": "cpu", "max_length": 1024})
    train_student(Material(QUESTIONS, {q.id: rationale(q) for q in QUESTIONS}), config, folder, lambda *_: None)
    return folder


@pytest.fixture(scope="module", params=["rationale-answer", "two-stage"])
def reasoning(request: pytest.FixtureRequest, tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a student that reasons before it answers."""
    return student(tiny_base, tmp_path_factory.mktemp("reasoning"), request.param)


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    write_records(tmp_path / "questions.jsonl", [replace(q, split="test") for q in QUESTIONS])
    return tmp_path / "questions.jsonl"


def given_reasons(folder: Path, path: Path) -> Path:
    """Write answers with reasons that this student has not the skill to write."""
    name = student_fingerprint(folder)
    texts = [f"{rationale(q).text} So the answer is {q.option_ids[q.answer]}." for q in QUESTIONS]
    right = [Answer(q.id, name, (), q.answer, True, 1.0, text) for q, text in zip(QUESTIONS, texts, strict=True)]
    write_records(path, right)
    return path


def test_every_way_is_asked_and_a_second_call_goes_on(
    failwise: Program, reasoning: Path, asked: Path, tmp_path: Path
) -> None:
    answers, out = given_reasons(reasoning, tmp_path / "answers.jsonl"), tmp_path / "out"
    call = ("faithfulness", reasoning, asked, "--answers", answers, "--out", out, *TOY)
    done = failwise(*call)
    assert done.returncode == 0, done.stderr
    assert "Area over the curve of early answering" in done.stdout
    assert "| options exchanged | 4 |" in (out / PAGE).read_text()
    kinds = {effect.kind for effect in read_records(out / EFFECTS, Effect)}
    assert {"removed", "shuffled", "filler", "citations removed", "of another answer", "concluded again"} <= kinds
    before = (out / BEHIND).read_bytes()
    again = failwise(*call, "--json")
    assert json.loads(again.stdout)["questions"] == 4 and (out / BEHIND).read_bytes() == before
    refused = failwise(*call, "--seed", "1")
    assert refused.returncode == 2 and "--redo" in refused.stderr


def test_behind_its_own_reasons_it_answers_as_it_did(
    failwise: Program, reasoning: Path, asked: Path, tmp_path: Path
) -> None:
    done = failwise("faithfulness", reasoning, asked, "--limit", "2", "--out", tmp_path / "out", *TOY)
    assert done.returncode == 0, done.stderr
    said = {a.question_id: a for a in read_records(tmp_path / "out" / ANSWERS, Answer)}
    own = [b for b in read_records(tmp_path / "out" / BEHIND, Behind) if b.kind == OWN]
    assert len(own) == 2
    for row in own:
        assert row.reasons == said[row.question_id].reasons
        # In bf16 the same question beside others is computed in another order.
        assert row.scores == pytest.approx(said[row.question_id].scores, rel=2e-2, abs=0.5)


@pytest.mark.parametrize(
    ("recipe", "why"),
    [("answer", "answers at once (mode direct)"), ("verdicts", "answers at once (mode verdict)"),
     ("answer-rationale", "answers first and explains afterwards")],
)  # fmt: skip
def test_an_answer_that_rests_on_no_reasons_is_refused(
    failwise: Program, tiny_base: Path, asked: Path, tmp_path: Path, recipe: str, why: str
) -> None:
    folder = student(tiny_base, tmp_path / "student", recipe)
    done = failwise("faithfulness", folder, asked, "--out", tmp_path / "out")
    assert done.returncode == 2 and why in " ".join(done.stderr.split())
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_asked_is_refused_in_a_sentence(
    failwise: Program, reasoning: Path, asked: Path, tmp_path: Path
) -> None:
    answers = given_reasons(reasoning, tmp_path / "answers.jsonl")
    said = list(read_records(answers, Answer))
    for rows, why in (
        ([replace(a, student="another") for a in said], "holds answers of the student another"),
        ([replace(a, question_id="nowhere") for a in said], "answers no question that could be asked"),
        ([replace(a, reasons="") for a in said], "no answer has reasons before it"),
        ([], "holds no answer"),
    ):
        write_records(answers, rows)
        done = failwise("faithfulness", reasoning, asked, "--answers", answers, "--out", tmp_path / "out", *TOY)
        assert done.returncode == 2 and why in " ".join(done.stderr.split()), done.stderr
    for wrong in ("base", tmp_path):
        done = failwise("faithfulness", wrong, asked, "--out", tmp_path / "out")
        assert done.returncode == 2 and "Traceback" not in done.stderr
