"""docs/rationales.md shows what the program does: its commands are run, and what they print is compared."""

import re
from pathlib import Path

import pytest

from failwise.generation.config import RationalesConfig
from failwise.generation.records import Style
from failwise.generation.teachers.teacher import TEACHERS
from failwise.generation.verifying.rules import RULES
from failwise.kg.evidence.embedder import has_embedder
from tests.conftest import Program
from tests.guides import Guide, walk

GUIDE = Guide("rationales.md")


def test_its_commands_come_as_shown(failwise: Program, tmp_path: Path) -> None:
    GUIDE.write_settings(tmp_path)
    walk(failwise, tmp_path, [s for s in GUIDE.sessions if "evidence" not in s.command])


def test_its_documents_are_found_as_shown(failwise: Program, tmp_path: Path) -> None:
    if not has_embedder():
        pytest.skip("the extra `evidence` or the embedded model is not installed")
    (block,) = GUIDE.blocks("md")
    name = re.fullmatch(r"<!-- (.+) -->", block.splitlines()[0])
    assert name
    (tmp_path / name[1]).parent.mkdir()
    (tmp_path / name[1]).write_text(block.partition("\n")[2], encoding="utf-8")
    walk(failwise, tmp_path, [s for s in GUIDE.sessions if "evidence" in s.command])


def test_its_rules_are_those_of_the_verifier() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", GUIDE.text, re.MULTILINE)
    assert dict(rows) == RULES


def test_it_names_what_there_is() -> None:
    shown = GUIDE.text
    assert all(f"`{style.value}`" in shown for style in Style)
    assert all(f"`{name}`" in shown for name in TEACHERS if name != "scripted")
    settings = set(re.findall(r"`([a-z_]+)(?:: [^`]+)?`", shown)) | set(re.findall(r"rationales\.([a-z_]+):", shown))
    known = set(RationalesConfig.model_fields)
    assert {"prices", "hops", "passages", "attempts", "concurrency", "logprobs", "fleet", "workers"} <= settings & known
