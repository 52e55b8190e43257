"""docs/questions.md shows what the program does: its commands are run, and what they print and write is compared."""

import json
import re
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
from tests.conftest import TOY, Program
from tests.guides import Guide, Shown, walk

BENCHMARK = "single_answer.jsonl"
# The facts of the guide's holes file: what indicates these on the steam turbine.
HOLES = (
    "bearing damage", "bearing wear", "misalignment", "unbalance", "damaged rotor blade", "damaged labyrinth",
    "unequal expansion",
)  # fmt: skip


GUIDE = Guide("questions.md")


def is_large(shown: Shown) -> bool:
    """Say whether a command makes or reads the set of 60,000 questions."""
    return bool(re.search(r"\bbig[./]|--out big\b", shown.command))


def table(heading: str) -> list[list[str]]:
    """Return the rows of the table that begins with a cell."""
    start = GUIDE.text.index(f"| {heading} |")
    rows = GUIDE.text[start : GUIDE.text.index("\n\n", start)].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def codes(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def prepare(folder: Path, shipped: KnowledgeGraph) -> None:
    """Write the files that the guide speaks of."""
    GUIDE.write_settings(folder)
    (quiz,) = (s for s in GUIDE.sessions if s.command == "cat quiz.csv")
    (folder / "quiz.csv").write_text("\n".join(quiz.lines) + "\n")
    facts = [f for f in shipped.query("steam-turbine", "indicatedBy") if f.subject.label in HOLES]
    lines = [{"fact_id": f.id, "questions": 4} for f in facts if f.truth is not Truth.UNKNOWN]
    assert f"With {len(lines)} such facts" in GUIDE.text
    (folder / "holes.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_small_examples_come_as_shown(failwise: Program, tmp_path: Path, shipped: KnowledgeGraph) -> None:
    prepare(tmp_path, shipped)
    small = [s for s in GUIDE.sessions if not is_large(s) and BENCHMARK not in s.command]
    assert len(small) >= 15
    walk(failwise, tmp_path, small)


@pytest.mark.slow
def test_the_large_example_comes_as_shown(
    failwise: Program, tmp_path: Path, shipped: KnowledgeGraph, data: Path
) -> None:
    prepare(tmp_path, shipped)
    (tmp_path / BENCHMARK).write_bytes((data / "failuresensoriq" / BENCHMARK).read_bytes())
    large = [s for s in GUIDE.sessions if is_large(s) or BENCHMARK in s.command or s.command.endswith("--out turbine")]
    walk(failwise, tmp_path, large)


def test_the_worked_example_is_a_contrast_group(failwise: Program, tmp_path: Path, toy: KnowledgeGraph) -> None:
    judged = {(f.subject.label, f.object.label): f.truth for f in toy.query("toy-pump", "indicatedBy")}
    sensors = re.findall(r"\w+", GUIDE.text[GUIDE.text.index("| | vibration") :].splitlines()[0])
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
    (code,) = (block for block in GUIDE.blocks("python") if "contrast_reach" in block)
    reach = contrast_reach(shipped, "indicatedBy", ["steam turbine"])
    assert f"# {dict(reach)}" in code.splitlines()


def test_published_tables_reach_as_far_as_said(published: KnowledgeGraph, data: Path) -> None:
    from failwise.generation.formats.question_files import read_questions

    classes = {q.asset_class for q in read_questions(data / "failuresensoriq" / BENCHMARK, published)}
    all_, *groups = contrast_reach(published, "indicatedBy", sorted(classes)).values()
    two, three, four, five = groups
    said = f"Of the {all_} *failure mode → sensor* facts of the ten ISO 17359 classes, {two} fit a group of 2, {three}"
    assert f"{said} one of 3, {four} one of 4 and {five} one of 5." in GUIDE.text


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
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", GUIDE.text))
    theirs = {"--include_path"}  # of lm-evaluation-harness
    known = {option for command in commands(program) for parameter in command.params for option in parameter.opts}
    assert {n for n in named if not any(t.startswith(n) for t in theirs)} <= known
    fields = {"questions": QuestionsConfig.model_fields, "plan": PlanConfig.model_fields}
    settings = re.findall(r"\b(questions|plan)\.(?!jsonl|yaml|json\b|md\b)([a-z_]+)", GUIDE.text)
    assert len(settings) > 10
    assert [f"{section}.{key}" for section, key in settings if key not in fields[section]] == []


def commands(program: Any) -> list[Any]:
    """Return all commands under a command."""
    below = getattr(program, "commands", {}).values()
    return [program, *(found for command in below for found in commands(command))]


def test_figures_in_the_text_are_those_of_the_tables() -> None:
    shown = "\n".join(line for s in GUIDE.sessions for line in s.lines)
    questions = re.search(
        r"train ([\d,]+), test ([\d,]+)", next(s for s in GUIDE.sessions if s.command.endswith("--out big")).lines[0]
    )
    assert questions
    train, test = (int(n.replace(",", "")) for n in questions.groups())
    assert f"{train + test:,} of the 60,000, and {100 * test / (train + test):.1f} % for the test" in GUIDE.text
    for row, sentence in {
        r"\| in none \| [\d,]+ \| ([\d.]+) \|": "**{} % of the questions are in no contrast group.**",
        r"occursIn selection, single \| word overlap .* \+([\d.]+) \|": "**Word overlap in `occursIn`** is {} points",
        r"difficulty .* hard \| -([\d.]+) \|": "**Difficulty is {} points off**",
        r"under two names \| (\d+) \|": "**{} facts have a twin**",
    }.items():
        found = re.search(row, shown)
        assert found, row
        assert sentence.format(found[1]) in GUIDE.text
