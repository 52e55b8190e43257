"""Plans can be edited by hand and read back; holes come from an audit; the command puts it together."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failwise.cli_plan import plan_questions
from failwise.errors import InputError
from failwise.files import write_records
from failwise.generation.planning.cells import Hole, Plan
from failwise.generation.planning.config import PlanConfig
from failwise.generation.planning.files import check_plan, hole_sides, read_holes, read_plan, write_plan
from failwise.generation.planning.planner import make_plan
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Polarity, Truth
from tests.conftest import TOY
from tests.generation.planning.test_plan import PLANT

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def plan() -> Plan:
    return make_plan(PLANT, PlanConfig(budget=400), "abc")


@pytest.fixture
def path(tmp_path: Path, plan: Plan) -> Path:
    write_plan(tmp_path / "plan.json", plan)
    return tmp_path / "plan.json"


def edited(path: Path, edit: Edit) -> Path:
    values = json.loads(path.read_text())
    edit(values)
    path.write_text(json.dumps(values))
    return path


def test_a_plan_reads_back_as_it_was(path: Path, plan: Plan) -> None:
    assert read_plan(path) == plan
    before = path.read_bytes()
    write_plan(path, read_plan(path))
    assert path.read_bytes() == before
    assert sum('"cell"' in line for line in path.read_text().splitlines()) == len(plan.quotas)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda v: v["quotas"][0].update(questions=-3), "-3 questions of .*; a quota is 0 or more"),
        (lambda v: v["quotas"].append(v["quotas"][0]), "has 2 quotas; each cell may have one"),
        (lambda v: v.update(questions=401), "questions is 401, but the quotas add up to 400; write 400 there"),
        (lambda v: v["quotas"][0]["cell"].update(options=11), "a question has 2 to 10 options"),
        (lambda v: v["quotas"][0]["cell"].update(arity="multiple", none=True), "only single answers have"),
        (lambda v: v["quotas"][0]["cell"].update(polarty="x"), "entry 1, cell: unknown key 'polarty'; did you mean"),
        (lambda v: v["quotas"][0]["cell"].update(direction="up"), "is not a plan: quotas.0.cell.direction"),
        (lambda v: v.pop("quotas"), "is not a plan: quotas"),
    ],
)
def test_a_plan_edited_wrong_is_refused(path: Path, edit: Edit, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read_plan(edited(path, edit))


@pytest.mark.parametrize("text", ["[]", "3", "{"])
def test_what_is_no_plan_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(InputError, match=r"plan\.json is not"):
        read_plan(tmp_path / "plan.json")


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda q: q["cell"].update(asset_class="pumpp"), "no cell has asset_class 'pumpp' there; did you mean 'pump'"),
        (lambda q: q["cell"].update(options=9), "no cell has options '9' there; there are 2, 3, 4, 5, 6"),
    ],
)
def test_a_cell_that_does_not_exist_is_named(path: Path, edit: Edit, sentence: str) -> None:
    plan = read_plan(edited(path, lambda v: edit(v["quotas"][-1])))
    with pytest.raises(InputError, match=sentence):
        check_plan(plan, PLANT, "abc")


def test_another_ontology_is_a_warning_while_quotas_fit(plan: Plan) -> None:
    assert check_plan(plan, PLANT, "abc") == ()
    (warning,) = check_plan(plan, PLANT, "other")
    assert "made for the ontology abc, and this one is other" in warning
    asked = plan.quotas[0].cell
    with pytest.raises(InputError, match=r"no cell gives.*the ontology has changed since"):
        check_plan(plan, [s for s in PLANT if s.cell != asked], "other")


def test_a_quota_above_what_its_cell_gives_is_refused(path: Path) -> None:
    def much(values: dict[str, Any]) -> None:
        values["questions"] += 5000
        values["quotas"][0]["questions"] += 5000

    with pytest.raises(InputError, match=r"which can give 1,000; lower that quota and the plan's total$"):
        check_plan(read_plan(edited(path, much)), PLANT, "abc")


def some_fact(graph: KnowledgeGraph, truth: Truth) -> str:
    return next(graph.query("toy-fan", truth=truth)).id


def test_holes_know_their_tables(toy: KnowledgeGraph, tmp_path: Path) -> None:
    yes, no = Hole(some_fact(toy, Truth.YES), 3), Hole(some_fact(toy, Truth.NO), 1)
    write_records(tmp_path / "holes.jsonl", [yes, no])
    holes = read_holes(tmp_path / "holes.jsonl", toy)
    assert holes == (yes, no)
    sides = hole_sides(holes, toy)
    assert [sides[h].polarity for h in holes] == [Polarity.SELECTION, Polarity.ELIMINATION]
    own = toy.facts[yes.fact_id]
    assert sides[yes].asset_class == ("" if own.subject.iri == own.asset_class.iri else "toy-fan")


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (lambda yes, unknown: [Hole(yes, 0)], "line 1: 0 questions; a hole asks for 1 or more"),
        (lambda yes, unknown: [Hole(yes, 1), Hole(yes, 1)], "line 2: the fact .* stands on an earlier line too"),
        (lambda yes, unknown: [Hole(unknown, 1)], "is unknown, so no question can ask it"),
        (lambda yes, unknown: [Hole(yes + "x", 1)], "line 1: no fact .*; did you mean 'toy-fan/"),
        (lambda yes, unknown: [Hole("toy-fam/x/y/z", 1)], "no asset class 'toy-fam'; did you mean 'toy-fan'"),
        (lambda yes, unknown: [Hole("toy-fan/indicatdBy/y/z", 1)], "no relation 'indicatdBy'; did you mean"),
        (lambda yes, unknown: [], "holds no hole"),
    ],
)
def test_holes_that_cannot_be_are_refused(
    toy: KnowledgeGraph, tmp_path: Path, rows: Callable[[str, str], list[Hole]], sentence: str
) -> None:
    holes = rows(some_fact(toy, Truth.YES), some_fact(toy, Truth.UNKNOWN))
    write_records(tmp_path / "holes.jsonl", holes)
    with pytest.raises(InputError, match=sentence):
        read_holes(tmp_path / "holes.jsonl", toy)


def test_the_command_writes_a_plan_and_says_what_it_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "plan.json"
    plan_questions(out, per_fact=1, ontology=[TOY], setting=["questions.asset_classes=[toy fan]"], as_json=True)
    said = json.loads(capsys.readouterr().out)
    plan = read_plan(out)
    assert said["questions"] == plan.questions == sum(q.questions for q in plan.quotas)
    assert {r["value"] for r in said["shares"] if r["dimension"] == "asset_class"} <= {
        "toy-fan",
        "across asset classes",
    }
    plan_questions(out, budget=plan.questions, ontology=[TOY], setting=["questions.asset_classes=[toy fan]"])
    assert f"{plan.questions:,} questions in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"budget": 3, "per_fact": 2}, "budget 3 and per_fact 2 both"),
        ({"budget": 1}, "1 questions are below one per family"),
        (
            {"setting": ["plan.relation={indicatdBy: 1}"]},
            "has no 'indicatdBy'; did you mean 'indicatedBy'",
        ),
        ({"setting": ["plan.buget=1"]}, "unknown key 'plan.buget'; did you mean 'budget'"),
    ],
)
def test_the_command_refuses_and_writes_nothing(tmp_path: Path, arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        plan_questions(tmp_path / "plan.json", ontology=[TOY], **arguments)
    assert not (tmp_path / "plan.json").exists()
