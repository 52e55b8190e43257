"""`failwise evidence` as a user calls it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from failwise.cli_evidence import evidence
from failwise.errors import InputError
from tests.kg.evidence.conftest import FakeEmbedder


@pytest.fixture
def call(embedder: FakeEmbedder, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """Return a function that runs a command with the fake embedder, and gives its exit code and output."""
    monkeypatch.setattr("failwise.kg.evidence.embedder.SentenceEmbedder", lambda _folder: embedder)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str | Path) -> tuple[int, str]:
        done = CliRunner().invoke(evidence, [str(a) for a in arguments])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.stdout

    return run


def test_an_index_is_built_and_searched(
    call: Callable[..., tuple[int, str]], written: Callable[..., Path], tmp_path: Path
) -> None:
    folder = written(a_md="---\ntitle: Seals\n---\nThe seal leaks.", b_txt="The fan is fouled.")
    code, said = call("build", folder, "--out", tmp_path / "index")
    assert code == 0
    assert "documents 2, unreadable 0, passages 2" in said
    for how in ("dense", "bm25", "hybrid"):
        code, said = call("search", tmp_path / "index", "a fouled fan", "-k", "1", "--how", how, "--json")
        assert (code, [hit["id"] for hit in json.loads(said)]) == (0, ["doc/b/1"])
    code, said = call("search", tmp_path / "index", "seal leaks")
    assert "doc/a/1" in said
    assert "a.md" in said


def test_a_document_that_cannot_be_read_is_told_and_gives_1(
    call: Callable[..., tuple[int, str]], written: Callable[..., Path], tmp_path: Path
) -> None:
    folder = written(a_txt="The seal leaks.", b_txt="")
    code, said = call("build", folder, "--out", tmp_path / "index", "--json")
    told = json.loads(said)
    assert code == 1
    assert told["counts"]["passages"] == 1
    assert [(f["file"], f["rule"]) for f in told["findings"]] == [("b.txt", "empty")]
    code, said = call("build", folder, "--out", tmp_path / "index")
    assert "b.txt is empty" in said


def test_facts_of_an_ontology_can_be_searched_by_words_without_a_model(
    call: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    assert call("build", "--out", tmp_path / "index", "--facts")[0] == 0
    code, said = call(
        "search", tmp_path / "index", "pump cavitation noise", "--how", "bm25", "--kind", "fact", "--json"
    )
    assert code == 0
    assert {hit["kind"] for hit in json.loads(said)} == {"fact"}


def test_a_folder_that_is_no_index_is_refused(call: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no index of evidence"):
        call("search", tmp_path / "nowhere", "x")
