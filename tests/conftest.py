"""Fixtures: the toy ontology, shared data where it is there, and the program as a user calls it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import shipped_folder

ROOT = Path(__file__).parents[1]
TOY = Path(__file__).parent / "toy" / "toy.ttl"


def toy_paths() -> list[Path]:
    """Return the files of the toy ontology: our schema and relations, and two made-up asset classes."""
    return [shipped_folder() / "schema.ttl", shipped_folder() / "relations.ttl", TOY]


@pytest.fixture(scope="session")
def toy() -> KnowledgeGraph:
    """Return the toy graph."""
    return KnowledgeGraph.load(toy_paths(), shipped=False)


@pytest.fixture(scope="session")
def shipped() -> KnowledgeGraph:
    """Return the shipped graph."""
    return KnowledgeGraph.load()


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of shared data; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("FAILWISE_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the shared data are not at {folder}; set FAILWISE_DATA to their folder")
    return folder


def environment() -> dict[str, str]:
    """Return the environment of a program under test: this checkout, no hub, plain output."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "HF_HUB_OFFLINE": "1", "COLUMNS": "200", "NO_COLOR": "1"}


@dataclass(frozen=True)
class Done:
    """How a call of the program ended."""

    returncode: int
    stdout: str
    stderr: str


Program = Callable[..., Done]


@pytest.fixture
def failwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    """Return a function that runs the program in an empty folder; what it does not catch fails the test."""
    from failwise.cli import exit_code

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: str | Path) -> Done:
        capsys.readouterr()
        try:
            code = exit_code([str(a) for a in arguments])
        except SystemExit as end:  # --help and --version
            code = int(end.code or 0)
        return Done(code, *capsys.readouterr())

    return call
