"""`failwise rationales batch-requests` and `batch-replies` share one folder with `generate`."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from failwise import cli_batch, cli_rationales
from failwise.errors import FailwiseError, InputError, TeacherError
from failwise.files import read_records, write_records
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from tests.conftest import toy_paths
from tests.generation.rationales.hostile import Plan
from tests.generation.rationales.test_batches import Endpoint


def call(*arguments: str) -> Any:
    """Run a command of `failwise rationales` on q.jsonl and the folder `out`; what it raises is raised."""
    app = typer.Typer()
    for name, command in (
        ("generate", cli_rationales.generate),
        ("batch-requests", cli_batch.batch_requests),
        ("batch-replies", cli_batch.batch_replies),
    ):
        app.command(name)(command)
    name, *rest = arguments
    done = CliRunner().invoke(app, [name, "q.jsonl", *rest, "-c", "c.yaml", "--out", "out"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout) if "--json" in arguments else done.stdout


@pytest.fixture
def questions(toy: KnowledgeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Question]:
    """Return the questions of q.jsonl in an empty folder, where no server and no key is known."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    settings = QuestionsConfig(asset_classes=("toy pump",), train_per_fact=1, test_per_fact=0)
    write_records(tmp_path / "q.jsonl", list(Synthesis(toy, settings))[:8])
    ontology = {"paths": [str(p) for p in toy_paths()], "shipped": False}
    rationales = {"teacher": "openai", "model": "m", "prices": {"m": [1e6, 1e6]}, "attempts": 2}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump({"ontology": ontology, "rationales": rationales}))
    return list(read_records(tmp_path / "q.jsonl", Question))


def endpoint(toy: KnowledgeGraph, questions: list[Question], plan: Plan = lambda q, n: "good") -> Endpoint:
    return Endpoint(toy, questions, plan)


def test_two_rounds_end_the_job_without_a_server_or_a_key(
    toy: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    batches = endpoint(toy, questions, lambda q, n: "not-json" if n == 1 and q == questions[0] else "good")
    assert "one/requests-00001.jsonl: 8 requests" in call("batch-requests", "--batch", "one")
    first = call("batch-replies", str(batches.run(tmp_path / "one")), "--json")
    assert (first["accepted"], first["left"], first["cost"]) == (7, 1, 1200.0)
    assert not (tmp_path / "out" / "manifest.json").exists()
    assert "further attempts among them: 1" in call("batch-requests", "--batch", "two")
    assert "questions still to do" in call("batch-replies", str(batches.run(tmp_path / "two")))
    manifest = call("generate", "--json")
    assert (manifest["counts"]["accepted"], manifest["counts"]["attempts"]) == (8, 9)
    assert set(manifest["outputs"]) == {"rationales.jsonl", "rejects.jsonl"}
    assert "nothing is left to ask" in call("batch-requests", "--batch", "three")


def test_a_finished_folder_takes_the_same_file_in_without_a_change(
    toy: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    call("batch-requests", "--batch", "one")
    replies = str(endpoint(toy, questions).run(tmp_path / "one"))
    call("batch-replies", replies)
    before = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}
    again = call("batch-replies", replies, "--json")
    assert (again["counts"]["accepted"], again["counts"]["attempts"]) == (8, 8)
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == before


def test_other_settings_are_refused_and_with_redo_keep_what_is_the_same(
    toy: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    call("batch-requests", "--batch", "one")
    replies = str(endpoint(toy, questions).run(tmp_path / "one"))
    call("batch-replies", replies)
    for command in (("batch-requests", "--batch", "two"), ("batch-replies", replies)):
        with pytest.raises(InputError, match="pass --redo"):
            call(*command, "--set", "rationales.temperature=0.5")
    assert not (tmp_path / "two").exists()
    told = call("batch-replies", replies, "--set", "rationales.temperature=0.5", "--redo", "--json")
    assert (told["outdated"], told["left"], told["missing"]) == (8, 8, 8)
    assert (tmp_path / "out.old-1" / "rationales.jsonl").read_bytes().count(b"\n") == 8
    assert "8 requests" in call("batch-requests", "--batch", "two", "--set", "rationales.temperature=0.5")
    assert "nothing is left to ask" in call("batch-requests", "--batch", "three", "--redo")  # carried over


def test_a_job_in_which_nothing_was_accepted_says_so_and_is_not_finished(
    toy: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    call("batch-requests", "--batch", "one")
    replies = str(endpoint(toy, questions, lambda q, n: "400").run(tmp_path / "one"))
    with pytest.raises(TeacherError, match=r"no rationale was accepted out of 8 questions.*'bad-request'"):
        call("batch-replies", replies)
    assert not (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("batch-replies", "nowhere.jsonl"), r"cannot read nowhere\.jsonl"),
        (("batch-requests", "--batch", "one", "--set", "rationales.teacher=graph"), r"rationales\.teacher is 'graph'"),
        (("batch-requests", "--batch", "."), "name another folder"),
    ],
)
def test_a_refusal_leaves_no_folder(
    questions: list[Question], tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(FailwiseError, match=sentence):
        call(*arguments)
    assert not (tmp_path / "out").exists()
