"""The command, with a tiny model of random weights and letters for meanings."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from failwise.cli_in_context import in_context
from failwise.errors import InputError
from failwise.files import write_records
from failwise.kg.graph import KnowledgeGraph
from tests.evaluation.exemplars import letters, questions_of, rationale_of

pytest.importorskip("torch")
pytest.importorskip("peft")


def _run(*arguments: str | Path) -> str:
    app = typer.Typer()
    app.command()(in_context)
    done = CliRunner().invoke(app, [str(a) for a in arguments])
    if done.exception is not None:
        raise done.exception
    return done.stdout


@pytest.fixture
def files(shipped: KnowledgeGraph, tmp_path: Path) -> tuple[Path, Path]:
    """Return a file of questions with both splits, and the rationales of the train split."""
    train, test = questions_of(shipped)[:20], questions_of(shipped)[20:26]
    write_records(tmp_path / "questions.jsonl", [*(replace(q, split="train") for q in train), *test])
    write_records(tmp_path / "rationales.jsonl", [rationale_of(q, shipped) for q in train])
    return tmp_path / "questions.jsonl", tmp_path / "rationales.jsonl"


def test_it_writes_answers_and_a_table(
    files: tuple[Path, Path], tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("failwise.evaluation.in_context.curation.embed", letters)
    monkeypatch.setattr("failwise.evaluation.in_context.curation.has_meaning", lambda: True)
    out = tmp_path / "out"
    asked = ("--out", out, "--student", tiny_base, "--shots", "0-1", "--limit", "4")
    told = _run(*files, *asked)
    # A byte is a token to this model, so that a rationale seldom fits beside the question.
    assert "| zero-shot | 0 | 4 | 0.0 | 0 |" in told and "## The exemplars" in told
    result = json.loads((out / "in-context.json").read_text())
    assert [r["k"] for r in result["rows"]] == [0, 1, 1, 1, 1] and result["student"] == str(tiny_base)
    assert len((out / "in-context-answers.jsonl").read_text().splitlines()) == 20
    assert _run(*files, *asked) == told


def test_what_cannot_be_asked_is_said_in_a_sentence(files: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="write numbers like"):
        _run(*files, "--out", tmp_path, "--shots", "few")
    with pytest.raises(InputError, match="no question of the split 'audit'"):
        _run(*files, "--out", tmp_path, "--split", "audit")
    with pytest.raises(InputError, match="no question of the split 'train'"):
        _run(*files, "--out", tmp_path, "--split", "train")
