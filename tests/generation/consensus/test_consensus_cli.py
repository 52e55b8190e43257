"""The commands: ask two models at a loopback server, review, import."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from failwise.cli_consensus import ask, import_, review
from failwise.errors import InputError
from failwise.generation.teachers.fake_teachers import openai_server
from tests.conftest import toy_paths
from tests.generation.consensus.panel import says

pytest.importorskip("urllib3")

LAID = [str(a) for p in toy_paths() for a in ("-o", p)]


@pytest.fixture
def server() -> Iterator[str]:
    """Serve two models: both say yes to noise and no to pressure; the second one is never sure of a stated fact."""

    def answer(request: dict[str, Any]) -> tuple[int, str]:
        asked = request["messages"][-1]["content"].rpartition("<statement>")[2]
        unknown = "toy fan" in asked and ("noise" in asked or "pressure" in asked)
        sure = 90 if unknown or request["model"] == "first" else 60
        return 200, says("yes" if "noise" in asked else "no", sure)

    with openai_server(answer) as url:
        yield url


def _run(*arguments: str | Path) -> str:
    app = typer.Typer()
    app.command("ask")(ask)
    app.command("review")(review)
    app.command("import")(import_)
    done = CliRunner().invoke(app, [str(a) for a in arguments])
    if done.exception is not None:
        raise done.exception
    return done.stdout


def test_models_vote_a_person_ticks_and_a_list_is_written(server: str, tmp_path: Path) -> None:
    out = tmp_path / "votes"
    voters = [a for model in ("first", "second") for a in ("--voter", f"{model}@{server}")]
    told = _run("ask", "--out", out, *voters, "--hidden", "6", "--no-shipped", *LAID, "--dry-run")
    assert told.startswith("16 votes, 16 of them still to be asked for") and not out.exists()
    said = json.loads(_run("ask", "--out", out, *voters, "--hidden", "6", "--no-shipped", *LAID, "--json"))
    assert (said["votes"], said["unusable"], said["consensus"]) == (16, 0, 2) and said["prompt tokens"] > 0
    rows = {row["voter"]: row for row in said["calibration"]["rows"]}
    assert rows["first"]["answers"] == 6 and rows["consensus"]["answers"] == 0
    assert "## By confidence" in (out / "calibration.md").read_text()
    sheet = out / "review.csv"
    with sheet.open() as stream:
        lines = list(csv.DictReader(stream))
    lines[0]["accept"] = "x"
    with sheet.open("w") as stream:
        writer = csv.DictWriter(stream, lines[0].keys())
        writer.writeheader()
        writer.writerows(lines)
    assert json.loads(_run("review", "--out", out, "--json"))["accepted"] == 1
    assert "next: failwise ontology import" in _run("import", "--out", out, "--no-shipped", *LAID)
    assert "consensus of first and second" in (out / "reviewed-facts.csv").read_text()


def test_what_cannot_be_asked_is_said_in_a_sentence(server: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nobody votes"):
        _run("ask", "--out", tmp_path, "--no-shipped", *LAID)
    with pytest.raises(InputError, match="nothing to vote on"):
        _run("ask", "--out", tmp_path, "--voter", f"m@{server}")
    with pytest.raises(InputError, match="write MODEL or MODEL@URL"):
        _run("ask", "--out", tmp_path, "--voter", f"@{server}")
    with pytest.raises(InputError, match="same name"):
        _run("ask", "--out", tmp_path, "--voter", f"m@{server}", "--voter", f"m@{server}2")
    with pytest.raises(InputError, match=r"no proposals\.jsonl"):
        _run("review", "--out", tmp_path)
