"""`failwise questions perturb`: variants in a file, a table of what was made and why the rest was not."""

import json
from pathlib import Path
from typing import Any

import pytest

from failwise.cli_perturb import perturb_questions
from failwise.errors import InputError
from failwise.files import read_records, write_records
from failwise.generation.perturbing.perturb import consistency_pairs
from failwise.generation.records import Question, Reject
from failwise.generation.teachers.fake_teachers import openai_server
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Polarity
from tests.generation.perturbing.asked import ask


@pytest.fixture(scope="module")
def questions(shipped: KnowledgeGraph) -> list[Question]:
    def motor(*options: str, polarity: Polarity = Polarity.SELECTION) -> Question:
        return ask(shipped, "misalignment", options, asset="electric-motor", polarity=polarity)

    return [
        motor("vibration", "oil-debris", "resistance"),
        motor("vibration", "resistance"),
        motor("vibration", "resistance", polarity=Polarity.ELIMINATION),
    ]


@pytest.fixture
def file(tmp_path: Path, questions: list[Question]) -> Path:
    right = [q for q in questions if sum(q.correct) == 1]
    assert len(right) >= 2
    write_records(tmp_path / "questions.jsonl", right)
    return tmp_path / "questions.jsonl"


def call(file: Path, *kinds: str, **options: Any) -> Path:
    out = file.with_name("variants.jsonl")
    perturb_questions(file, out, list(kinds), **options)
    return out


def test_variants_and_a_table(file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    out = call(file, "labels-P", "polarity-flip", keep_originals=True)
    written = list(read_records(out, Question))
    originals = list(read_records(file, Question))
    assert len(consistency_pairs(written)) == len(written) - len(originals)
    shown = capsys.readouterr().out
    assert "labels-P" in shown
    assert all(word in shown for word in ("made", "not made", "why"))


def test_numbers_for_a_program(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = call(file, "synonyms", "more-options-out-of-asset", as_json=True, seed=3)
    said = json.loads(capsys.readouterr().out)
    rows = {row["kind"]: row for row in said["kinds"]}
    assert rows["synonyms"]["made"] + rows["synonyms"]["not_made"] == len(list(read_records(file, Question)))
    assert sum(row["made"] for row in rows.values()) == len(list(read_records(out, Question)))
    assert sum(rows["more-options-out-of-asset"]["why"].values()) == rows["more-options-out-of-asset"]["not_made"]


def test_a_teacher_behind_a_server(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("urllib3")
    with openai_server(lambda _: (200, '{"reasoning": "", "answer": "What?"}')) as url:
        settings = [f"rationales.base_url={url}", "rationales.model=m", "rationales.attempts=2"]
        call(file, "paraphrase", "labels", teacher="openai", setting=settings)
    rejects = list(read_records(file.with_name("variants.rejects.jsonl"), Reject))
    assert len(rejects) == len(list(read_records(file, Question)))
    assert {r.attempts for r in rejects} == {2}
    assert "too short or too long" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kinds", "sentence"),
    [
        ([], "no kind was given; name at least one"),
        (["label"], "unknown perturbation 'label'; did you mean 'labels'"),
        (["language"], "needs a language to ask in; name one, such as --language de"),
        (["paraphrase"], "needs a teacher that writes"),
        (["labels-letters"], "no variant could be made, and nothing was written: labels-letters: has these labels"),
    ],
)
def test_what_cannot_be_asked_for_writes_nothing(file: Path, kinds: list[str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        call(file, *kinds)
    assert [p.name for p in file.parent.iterdir()] == ["questions.jsonl"]
