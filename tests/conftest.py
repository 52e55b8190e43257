"""Fixtures: the toy ontology, shared data where it is there, and the program as a user calls it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import shipped_folder

ROOT = Path(__file__).parents[1]
TOY = Path(__file__).parent / "toy" / "toy.ttl"

Program = Callable[..., "subprocess.CompletedProcess[str]"]


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


@pytest.fixture
def failwise(tmp_path: Path) -> Program:
    """Return a function that runs the program in an empty folder, as a user would."""

    def call(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "failwise", *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=300)

    return call
