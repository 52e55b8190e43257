"""docs/questions.md shows what the program does: its commands are run, and what they print and write is compared."""

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from failwise.files import read_records
from failwise.generation.balance.contrast_reach import contrast_reach
from failwise.generation.config import QuestionsConfig
from failwise.generation.exporting.table import EXPORTS
from failwise.generation.perturbing.perturb import PERTURBATIONS
from failwise.generation.planning.config import PlanConfig
from failwise.generation.records import Question
from failwise.generation.splitting.splits import REGIMES
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Truth
from tests.conftest import ROOT, TOY, Done, Program

GUIDE = (ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
BENCHMARK = "single_answer.jsonl"
CUT = "…"
# The facts of the guide's holes file: what indicates these on the steam turbine.
HOLES = (
    "bearing damage", "bearing wear", "misalignment", "unbalance", "damaged rotor blade", "damaged labyrinth",
    "unequal expansion",
)  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """A command of the guide with the lines that it shows."""

    command: str
    lines: tuple[str, ...]

    @property
    def large(self) -> bool:
        """Say whether it makes or reads the set of 60,000 questions."""
        return bool(re.search(r"\bbig[./]|--out big\b", self.command))


def blocks(language: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    return [text for name, text in fenced if name == language]


def sessions() -> list[Shown]:
    found: list[Shown] = []
    for block in blocks(""):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = part.splitlines()
            found.append(Shown(command, tuple(lines)))
    return found


SESSIONS = sessions()


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


def table(heading: str) -> list[list[str]]:
    """Return the rows of the table that begins with a cell."""
    start = GUIDE.index(f"| {heading} |")
    rows = GUIDE[start : GUIDE.index("\n\n", start)].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def codes(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def prepare(folder: Path, shipped: KnowledgeGraph) -> None:
    """Write the files that the guide speaks of."""
    for block in blocks("yaml"):
        name = block.splitlines()[0].removeprefix("# ")
        (folder / name).write_text(block)
    (quiz,) = (s for s in SESSIONS if s.command == "cat quiz.csv")
    (folder / "quiz.csv").write_text("\n".join(quiz.lines) + "\n")
    facts = [f for f in shipped.query("steam-turbine", "indicatedBy") if f.subject.label in HOLES]
    lines = [{"fact_id": f.id, "questions": 4} for f in facts if f.truth is not Truth.UNKNOWN]
    assert f"With {len(lines)} such facts" in GUIDE
    (folder / "holes.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


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


def test_small_examples_come_as_shown(failwise: Program, tmp_path: Path, shipped: KnowledgeGraph) -> None:
    prepare(tmp_path, shipped)
    small = [s for s in SESSIONS if not s.large and BENCHMARK not in s.command]
    assert len(small) >= 15
    walk(failwise, tmp_path, small)


@pytest.mark.slow
def test_the_large_example_comes_as_shown(
    failwise: Program, tmp_path: Path, shipped: KnowledgeGraph, data: Path
) -> None:
    prepare(tmp_path, shipped)
    (tmp_path / BENCHMARK).write_bytes((data / "failuresensoriq" / BENCHMARK).read_bytes())
    large = [s for s in SESSIONS if s.large or BENCHMARK in s.command or s.command.endswith("--out turbine")]
    walk(failwise, tmp_path, large)


def test_the_worked_example_is_a_contrast_group(failwise: Program, tmp_path: Path, toy: KnowledgeGraph) -> None:
    judged = {(f.subject.label, f.object.label): f.truth for f in toy.query("toy-pump", "indicatedBy")}
    sensors = re.findall(r"\w+", GUIDE[GUIDE.index("| | vibration") :].splitlines()[0])
    for mode, *cells in table("| vibration"):
        assert {(mode, s): Truth(c) for s, c in zip(sensors, cells, strict=True)}.items() <= judged.items()
    shown = ("--set", "questions.asset_classes=[toy pump]", "--out", "pump")
    assert failwise("questions", "generate", "-o", TOY, *shown).returncode == 0
    groups: dict[str, dict[str, str]] = {}
    for question in read_records(tmp_path / "pump" / "questions.jsonl", Question):
        if set(question.options) == {"temperature", "noise"} and question.polarity == "selection":
            groups.setdefault(question.group, {})[question.anchor] = question.options[question.answer]
    assert {"bearing-damage": "temperature", "cavitation": "noise"} in groups.values()
    (family,) = (
        f for f in toy.relations["indicatedBy"].families if (f.direction, f.polarity) == ("forward", "selection")
    )
    stems = {
        t.text.format(asset="toy pump", anchor=a) for t in family.templates for a in ("bearing damage", "cavitation")
    }
    assert {row[0] for row in table("question | A) temperature")} <= stems


def test_contrast_groups_reach_as_far_as_said(shipped: KnowledgeGraph) -> None:
    (code,) = (block for block in blocks("python") if "contrast_reach" in block)
    reach = contrast_reach(shipped, "indicatedBy", ["steam turbine"])
    assert f"# {dict(reach)}" in code.splitlines()


def test_published_tables_reach_as_far_as_said(published: KnowledgeGraph, data: Path) -> None:
    from failwise.generation.formats.question_files import read_questions

    classes = {q.asset_class for q in read_questions(data / "failuresensoriq" / BENCHMARK, published)}
    all_, *groups = contrast_reach(published, "indicatedBy", sorted(classes)).values()
    two, three, four, five = groups
    said = f"Of the {all_} *failure mode → sensor* facts of the ten ISO 17359 classes, {two} fit a group of 2, {three}"
    assert f"{said} one of 3, {four} one of 4 and {five} one of 5." in GUIDE


def test_tables_name_what_there_is() -> None:
    kinds = [kind for row in table("kinds | what changes") for kind in codes(row[0])]
    assert sorted(kinds) == sorted(PERTURBATIONS)
    assert [codes(row[0])[0] for row in table("regime | forbids in training | a test score then means")] == [*REGIMES]
    assert [codes(row[0])[0] for row in table("`--to` | what the folder holds")] == [*EXPORTS]


def test_guessers_are_those_of_the_certificate(toy: KnowledgeGraph) -> None:
    from failwise.generation.balance.guessers import Habits, Tables, guessers

    tables = Tables(toy)
    named = {name for row in table("guesser | how it answers") for name in row[0].split(", ")}
    there = {g.name for g in guessers(tables, Habits(tables))} | {"shortest option", "never none of these"}
    assert named == there | {"always A … always J"}


def test_every_option_and_setting_exists() -> None:
    from failwise.cli import app

    program = get_command(app)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", GUIDE))
    theirs = {"--include_path"}  # of lm-evaluation-harness
    known = {option for command in commands(program) for parameter in command.params for option in parameter.opts}
    assert {n for n in named if not any(t.startswith(n) for t in theirs)} <= known
    fields = {"questions": QuestionsConfig.model_fields, "plan": PlanConfig.model_fields}
    settings = re.findall(r"\b(questions|plan)\.(?!jsonl|yaml|json\b|md\b)([a-z_]+)", GUIDE)
    assert len(settings) > 10
    assert [f"{section}.{key}" for section, key in settings if key not in fields[section]] == []


def commands(program: Any) -> list[Any]:
    """Return all commands under a command."""
    below = getattr(program, "commands", {}).values()
    return [program, *(found for command in below for found in commands(command))]


def test_figures_in_the_text_are_those_of_the_tables() -> None:
    shown = "\n".join(line for s in SESSIONS for line in s.lines)
    questions = re.search(
        r"train ([\d,]+), test ([\d,]+)", next(s for s in SESSIONS if s.command.endswith("--out big")).lines[0]
    )
    assert questions
    train, test = (int(n.replace(",", "")) for n in questions.groups())
    assert f"{train + test:,} of the 60,000, and {100 * test / (train + test):.1f} % for the test" in GUIDE
    for row, sentence in {
        r"\| in none \| [\d,]+ \| ([\d.]+) \|": "**{} % of the questions are in no contrast group.**",
        r"occursIn selection, single \| word overlap .* \+([\d.]+) \|": "**Word overlap in `occursIn`** is {} points",
        r"difficulty .* hard \| -([\d.]+) \|": "**Difficulty is {} points off**",
        r"under two names \| (\d+) \|": "**{} facts have a twin**",
    }.items():
        found = re.search(row, shown)
        assert found, row
        assert sentence.format(found[1]) in GUIDE
