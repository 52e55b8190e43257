"""The repository hangs together: package table, links, folders, vocabulary, and what `--help` loads."""

import subprocess
import sys
import tomllib
from pathlib import Path

from rdflib import Graph
from rdflib.namespace import RDF

from failwise.kg.load import shipped_folder
from failwise.kg.vocabulary import FW, PREFIXES
from tests.conftest import ROOT, environment

STAGES = ("ontology", "kg", "generation", "training", "evaluation")
HEAVY = ("torch", "transformers", "peft", "vllm", "bitsandbytes", "rdflib", "pyshacl", "jinja2", "pydantic")


def test_package_table_links_and_folders_agree() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert set(setuptools["packages"]) == set(setuptools["package-dir"])
    for stage in STAGES:
        assert setuptools["package-dir"][f"failwise.{stage}"] == stage
        assert (ROOT / "src" / "failwise" / stage).resolve() == ROOT / stage
    folders = {p.parent.relative_to(ROOT) for stage in STAGES for p in (ROOT / stage).rglob("__init__.py")}
    rows = {Path(p) for name, p in setuptools["package-dir"].items() if name != "failwise"}
    assert folders == rows, "a package needs a row in the table"


def test_package_data_matches_what_is_there() -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    for package, patterns in data.items():
        folder = ROOT / "src" / Path(*package.split("."))
        for pattern in patterns:
            assert list(folder.glob(pattern)), f"{package}: {pattern} matches no file"
    shipped = {
        p.relative_to(ROOT / "ontology") for p in (ROOT / "ontology").rglob("*.*") if p.suffix in (".ttl", ".md")
    }
    matched = {p.relative_to(ROOT / "ontology") for g in data["failwise.ontology"] for p in (ROOT / "ontology").glob(g)}
    assert shipped == matched


def test_vocabulary_equals_schema() -> None:
    schema = Graph().parse(shipped_folder() / "schema.ttl")
    base = PREFIXES["fw"]
    declared = {str(s) for s in schema.subjects(RDF.type) if str(s).startswith(base)}
    assert declared == {term for name, term in vars(FW).items() if not name.startswith("_")}


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from failwise.cli import exit_code\n"
        "try: exit_code(['--help'])\n"
        "except SystemExit: pass\n"
        f"print('LOADED', [m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, timeout=60)
    assert "LOADED []" in done.stdout, done.stdout + done.stderr


def test_imports_go_from_later_stages_to_earlier_ones() -> None:
    order = {stage: number for number, stage in enumerate(STAGES)}
    for stage in STAGES:
        for path in (ROOT / stage).glob("*.py"):
            for later in STAGES[order[stage] + 1 :]:
                assert f"failwise.{later}" not in path.read_text(), f"{path.name} of {stage} imports {later}"
