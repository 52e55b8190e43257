"""Guides of docs/ show what the program does: their commands are run, and what they print is compared."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT, Done, Program

CUT = "…"


@dataclass(frozen=True)
class Shown:
    """A command of a guide with the lines that it shows."""

    command: str
    lines: tuple[str, ...]


class Guide:
    """A page of docs/."""

    def __init__(self, name: str) -> None:
        self.text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        self.sessions = list(self._sessions())

    def blocks(self, language: str) -> list[str]:
        """Return the fenced blocks of a language."""
        fenced = re.findall(r"^```(\w*)\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL)
        return [text for name, text in fenced if name == language]

    def _sessions(self) -> list[Shown]:
        found: list[Shown] = []
        for block in self.blocks(""):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, *lines = part.splitlines()
                found.append(Shown(command, tuple(lines)))
        return found

    def write_settings(self, folder: Path) -> None:
        """Write the YAML files that a guide speaks of; their first line is their name."""
        for block in self.blocks("yaml"):
            (folder / block.splitlines()[0].removeprefix("# ")).write_text(block, encoding="utf-8")


def plain(line: str) -> str:
    """Return a line without what depends on a terminal's width."""
    return " ".join(line.replace("┃", "│").split())


def first_missing(lines: Sequence[str], *streams: str) -> str:
    """Return the first line shown that stands in no stream behind what was found there; nothing where all do."""
    left = [[plain(line) for line in stream.splitlines()] for stream in streams]
    for line in map(plain, lines):
        start = line.removesuffix(CUT).rstrip()
        places = [
            (stream, i)
            for stream in left
            for i, said in enumerate(stream)
            if (said.startswith(start) if line.endswith(CUT) else said == line)
        ]
        if line != CUT and not places:
            return line
        for stream, i in places[: line != CUT]:
            del stream[: i + 1]
    return ""


def walk(failwise: Program, folder: Path, shown: Sequence[Shown]) -> None:
    """Run commands of the guide; fail with all that came otherwise than it says."""
    wrong = []
    for step in shown:
        program, *arguments = shlex.split(step.command)
        assert program in ("failwise", "cat")
        done = failwise(*arguments) if program == "failwise" else Done(0, (folder / arguments[0]).read_text(), "")
        missing = first_missing(step.lines, done.stdout, done.stderr)
        if missing or bool(done.returncode) is not step.lines[0].startswith("failwise: "):
            came = (done.stdout + done.stderr)[:3000]
            wrong.append(f"$ {step.command}\n{missing}\n--- came, with exit code {done.returncode}:\n{came}")
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)
