"""The program as a user meets it: what it prints, and what it says of wrong input (exit code 2, nothing written)."""

import errno
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import SchemaError
from typer.main import get_command

from failwise import __version__, cli
from tests.conftest import ROOT, TOY, Program, environment

TOY_RUN = f"""
title: toy
folder: out
ontology: {{paths: [{TOY}]}}
questions: {{asset_classes: [toy pump], relations: [indicatedBy]}}
"""


def test_help_and_version(failwise: Program) -> None:
    done = failwise("--help")
    assert done.returncode == 0
    for command in ("run", "ontology", "questions", "rationales", "train", "evaluate", "report"):
        assert command in done.stdout
    assert failwise("--version").stdout.strip() == f"failwise {__version__}"


@pytest.mark.parametrize(
    "command", ["run", "ontology check", "ontology import", "questions generate", "rationales generate", "evaluate"]
)
def test_every_command_explains_itself(failwise: Program, command: str) -> None:
    done = failwise(*command.split(), "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout


def test_help_shows_every_word_of_every_help_text(failwise: Program) -> None:
    def words(text: str) -> list[str]:
        return text.replace("│", " ").replace("`", "").split()

    def commands(command: Any, *path: str) -> Iterator[tuple[Any, tuple[str, ...]]]:
        yield command, path
        for name, below in getattr(command, "commands", {}).items():
            yield from commands(below, *path, name)

    for command, path in commands(get_command(cli.app)):
        shown = Counter(words(failwise(*path, "--help").stdout))
        for text in (command.help, *(getattr(p, "help", "") for p in command.params)):
            assert not Counter(words(text or "")) - shown, f"{' '.join(path)}: {text}"


def test_a_file_without_permission_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def app(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "run/ontology/manifest.json")

    monkeypatch.setattr(cli, "app", app)
    assert cli.exit_code([]) == 2
    assert "may not read or write run/ontology/manifest.json; mend its permissions" in capsys.readouterr().err


def test_check_stats_and_export(failwise: Program, tmp_path: Path) -> None:
    checked = json.loads(failwise("ontology", "check", TOY, "--json").stdout)
    assert checked["counts"] == {"ERROR": 0, "WARN": 0, "INFO": 2}
    assert failwise("ontology", "check", TOY, "--fail-on", "INFO").returncode == 1
    stats = json.loads(failwise("ontology", "stats", TOY, "--json").stdout)
    assert {"asset_class": "toy fan", "relation": "indicatedBy", "yes": 1, "no": 1, "unknown": 2} in stats["tables"]
    assert failwise("ontology", "export", "facts.csv", "-o", TOY).returncode == 0
    assert "toy-fan/indicatedBy" in (tmp_path / "facts.csv").read_text()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("ask", "pump", "--most", "-1"), "should be greater than or equal to 0"),
        (("query", "ASK {}", "--most", "-1"), "should be greater than or equal to 0"),
        (("diff", "a", "b", "--most", "-1"), "should be greater than or equal to 0"),
        (("template", "", "--out", "new.xlsx"), "'' cannot name an asset class"),
    ],
)
def test_what_no_command_of_the_ontology_takes(failwise: Program, call: tuple[str, ...], said: str) -> None:
    done = failwise("ontology", *call)
    assert done.returncode == 2 and said in done.stderr
    assert not Path("new.xlsx").exists()


def test_questions_then_rationales_twice(failwise: Program, tmp_path: Path) -> None:
    (tmp_path / "toy.yaml").write_text(TOY_RUN)
    make = ("questions", "generate", "-c", "toy.yaml", "--out", "q", "--json")
    first = failwise(*make)
    assert first.returncode == 0, first.stderr
    written = (tmp_path / "q" / "questions.jsonl").read_bytes()
    assert failwise(*make).stdout == first.stdout  # done before: the same manifest
    assert (tmp_path / "q" / "questions.jsonl").read_bytes() == written
    other = failwise(*make, "--seed", "1")
    assert other.returncode == 2
    assert "pass --redo to set it aside" in other.stderr
    assert failwise(*make, "--seed", "1", "--redo").returncode == 0
    assert (tmp_path / "q.old-1" / "questions.jsonl").read_bytes() == written
    reason = failwise("rationales", "generate", "q/questions.jsonl", "-c", "toy.yaml", "--out", "r", "--json")
    counts = json.loads(reason.stdout)["counts"]
    assert counts["accepted"] > 0
    assert counts["rejected"] == 0


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(failwise: Program, tmp_path: Path) -> None:
    (tmp_path / "toy.yaml").write_text(TOY_RUN)
    done = failwise("run", "toy.yaml", "--dry-run", "--json")
    steps = json.loads(done.stdout)
    assert [s["stage"] for s in steps] == [
        "ontology", "questions", "rationales", "student", "answers", "audit", "report"
    ]  # fmt: skip
    assert all(s["seconds"] >= 0 for s in steps)
    assert [p.name for p in tmp_path.iterdir()] == ["toy.yaml"]


def test_evaluate_without_a_student_gives_the_model_free_rows(failwise: Program, data: Path) -> None:
    done = failwise("evaluate", "none", data / "failuresensoriq" / "single_answer.jsonl", "--json")
    found = json.loads(done.stdout)
    rows = {r["name"]: round(100 * r["accuracy"], 1) for r in found["rows"]}
    assert (found["questions"], found["linked_to_facts"]) == (2667, 2667)
    assert rows["degree in the asset"] == 63.7
    assert rows["graph lookup"] == 100.0


WRONG = {
    "turtle syntax": ("ontology check bad.ttl", r"bad.ttl, line 2: not Turtle"),
    "missing ontology": ("ontology check nowhere.ttl", "nowhere.ttl does not exist"),
    "empty ontology": ("ontology check empty.ttl --no-shipped", "the ontology is empty"),
    "no facts": ("ontology stats empty.ttl --no-shipped", "the ontology holds no fact"),
    "shape violation": ("questions generate -o shape.ttl --out out", "a label is missing"),
    "unknown asset class": (
        "questions generate --set questions.asset_classes=[pmp] --out out",
        "unknown asset class 'pmp'; did you mean 'pump'",
    ),
    "unknown relation": (
        "questions generate --set questions.relations=[indicatesBy] --out out",
        "did you mean 'indicatedBy'",
    ),
    "unknown key": ("questions generate --set questions.per_facts=2 --out out", "unknown key 'questions.per_facts'"),
    "near key": ("run typo.yaml", "unknown key 'questions.seeed'; did you mean 'seed'?"),
    "bad value": (
        "questions generate --set questions.max_options=11 --out out",
        "less than or equal to 10 (given: 11)",
    ),
    "bad list": ("questions generate --set questions.relations=causes --out out", "it is a list: [causes]"),
    "setting without end": ("questions generate --set training.rank=[1 --out out", "behind training.rank= is not YAML"),
    "file for a folder": ("run toy.yaml --folder broken.yaml", "cannot write broken.yaml: File exists; choose another"),
    "relation with no near one": (
        "questions generate --set questions.relations=[xyz] --out out",
        "unknown relation 'xyz'; `failwise ontology stats` lists all",
    ),
    "not a setting": ("questions generate --set rank --out out", "is not key=value"),
    "no yaml": ("run broken.yaml", "broken.yaml, line 2: not YAML"),
    "missing config": ("run nowhere.yaml", "cannot read the configuration nowhere.yaml"),
    "nothing to ask": ("questions generate -c silent.yaml --out out", "no question can be made"),
    "bad question line": ("evaluate none bad.jsonl", "bad.jsonl, line 2 is not a question record"),
    "missing questions": ("evaluate none nowhere.jsonl", "cannot read nowhere.jsonl"),
    "no student": ("evaluate nowhere questions.jsonl --out out", "nowhere"),
    "student without contract": ("evaluate student questions.jsonl --out out", "student has no contract.json"),
    "no run": ("report student", "holds no run"),
    "unknown teacher": (
        "rationales generate questions.jsonl -c toy.yaml --set rationales.teacher=grap --out out",
        "unknown teacher 'grap'; did you mean 'graph'",
    ),
    "foreign facts": ("rationales generate questions.jsonl --out out", "which the ontology does not have"),
    "unwritable": ("questions generate --out /proc/nowhere", "cannot write /proc/nowhere"),
    "unknown option": ("run --fast", "No such option"),
    "unknown format": ("ontology export x.docx", "unknown format '.docx'"),
}


@pytest.fixture
def messes(failwise: Program, tmp_path: Path) -> None:
    """Put the files of all wrong inputs into the folder."""
    prefixes = "@prefix fw: <https://w3id.org/failwise/ontology#> .\n"
    (tmp_path / "bad.ttl").write_text(prefixes + "fw:a fw:b .\n")
    (tmp_path / "empty.ttl").write_text("# nothing\n")
    (tmp_path / "shape.ttl").write_text(prefixes + "fw:x a fw:AssetClass .\n")
    (tmp_path / "typo.yaml").write_text("questions: {seeed: 3}\n")
    (tmp_path / "broken.yaml").write_text("questions: {seed: 3\nfolder: ]\n")
    (tmp_path / "toy.yaml").write_text(TOY_RUN)
    (tmp_path / "silent.yaml").write_text(
        TOY_RUN.replace("toy pump", "toy fan").replace("relations", "min_options: 4, relations")
    )
    failwise("questions", "generate", "-c", "toy.yaml", "--out", "made")
    good = (tmp_path / "made" / "questions.jsonl").read_text()
    (tmp_path / "questions.jsonl").write_text(good)
    (tmp_path / "bad.jsonl").write_text(good.splitlines()[0] + "\n" + '{"tested_fact": 1}\n')
    (tmp_path / "student").mkdir()
    (tmp_path / "student" / "adapter_config.json").write_text("{}")


@pytest.mark.usefixtures("messes")
def test_wrong_input_is_one_sentence_with_exit_code_2(failwise: Program, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    for name, (command, sentence) in WRONG.items():
        arguments = command.split()
        if arguments[0] == "evaluate" and arguments[1] != "none":
            pytest.importorskip("torch")
        done = failwise(*arguments)
        assert done.returncode == 2, f"{name}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert sentence in done.stderr, f"{name}: {done.stderr}"
        assert sorted(tmp_path.rglob("*")) == before, f"{name} left something behind"


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000));"
        "from failwise.cli import main; sys.argv[0] = 'failwise'; main()"
    )
    command = [sys.executable, "-c", limited, "questions", "generate", "--out", "out"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "cannot write out/questions.jsonl" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("questions.jsonl"))
    assert not list(tmp_path.rglob("*.part"))


def test_an_interrupt_is_one_sentence(failwise: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("failwise.kg.load.load_ontology", interrupted)
    monkeypatch.setattr("failwise.kg.graph.KnowledgeGraph.load", interrupted)
    done = failwise("ontology", "stats")
    assert done.returncode == 130
    assert done.stderr.strip() == "failwise: interrupted; what is finished is kept, the same command goes on from there"


def test_it_runs_from_anywhere_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "failwise", "--version"],
        cwd=ROOT.parent, env={**environment(), "HOME": os.devnull}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.startswith("failwise ")


def test_an_interrupt_that_a_library_turns_into_its_own_error_is_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = 'Error building "enum" validator:\n  KeyboardInterrupt: '

    def app(arguments: list[str], standalone_mode: bool) -> None:
        raise SchemaError(said if arguments else "other")

    monkeypatch.setattr(cli, "app", app)
    assert cli.exit_code(["run"]) == 130
    assert capsys.readouterr().err.startswith("failwise: interrupted; what is finished is kept")
    with pytest.raises(SchemaError, match="other"):
        cli.exit_code([])
