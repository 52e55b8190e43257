"""`failwise rationales`: what it would take, then what it took, and how a budget stops it."""

import json
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from failwise import cli_rationales
from failwise.files import write_records
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.rationales.accounting import BudgetReached
from failwise.kg.graph import KnowledgeGraph
from tests.conftest import toy_paths


def program() -> typer.Typer:
    app = typer.Typer()
    app.command("generate")(cli_rationales.generate)
    app.command("estimate")(cli_rationales.estimate)
    return app


@pytest.fixture
def folder(toy: KnowledgeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    questions = list(Synthesis(toy, QuestionsConfig(train_per_fact=1, test_per_fact=0, multiple_share=0.4)))
    write_records(tmp_path / "q.jsonl", questions)
    ontology = {"paths": [str(p) for p in toy_paths()], "shipped": False}
    rationales = {"teacher": "scripted", "model": "m", "prices": {"m": [1e6, 1e6]}}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump({"ontology": ontology, "rationales": rationales}))
    return tmp_path


@pytest.mark.parametrize("command", [["estimate"], ["generate", "--dry-run"]])
def test_what_it_would_take_is_said_and_nothing_is_written(folder: Path, command: list[str]) -> None:
    arguments = [*command, "q.jsonl", "-c", "c.yaml", "--out", "out"]
    table = CliRunner().invoke(program(), arguments, catch_exceptions=False)
    assert "not known before the first replies" in table.output
    said = json.loads(CliRunner().invoke(program(), [*arguments, "--json"], catch_exceptions=False).output)
    assert said["cost"] == said["prompt_tokens"] + said["completion_tokens"] > 0
    assert said["requests"] == said["questions"] > 0
    assert not (folder / "out").exists()


def test_all_are_answered_those_with_several_right_options_too(folder: Path) -> None:
    arguments = ["generate", "q.jsonl", "-c", "c.yaml", "--out", "out", "--json"]
    counts = json.loads(CliRunner().invoke(program(), arguments, catch_exceptions=False).output)["counts"]
    answers = [json.loads(line)["answer"] for line in (folder / "out/rationales.jsonl").read_text().splitlines()]
    assert counts["accepted"] == len(answers) == len((folder / "q.jsonl").read_text().splitlines())
    assert any("," in a or a == "none" for a in answers)


def test_a_budget_stops_with_one_sentence(folder: Path) -> None:
    arguments = ["generate", "q.jsonl", "-c", "c.yaml", "--out", "out", "--set", "rationales.budget_tokens=1000"]
    result = CliRunner().invoke(program(), arguments)
    assert isinstance(result.exception, BudgetReached)
    assert "raise rationales.budget_tokens and run the same command again" in str(result.exception)
