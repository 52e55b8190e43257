"""The table of students: what is measured in which order, what counts as done, and what the page says."""

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.students import long, machine
from benchmarks.students.__main__ import _sitting, parse
from benchmarks.students.kept import Spent
from benchmarks.students.material import ORIGINAL, PERTURBED, SETS, Sources
from benchmarks.students.measure import (
    CLOCK,
    DONE,
    FAILED,
    STUDENT,
    Beat,
    Job,
    TimeUpError,
    answered,
    finished,
    trained,
    work,
)
from benchmarks.students.packing import measured_on, pack, unpack
from benchmarks.students.plan import (
    BASE,
    CONTROL,
    HELD_OUT,
    MODEL_FREE,
    NEW,
    REGIMES,
    Cell,
    Column,
    Settings,
    cells,
    chosen_rows,
    columns,
    folds,
    model_rows,
)
from benchmarks.students.result import Result
from benchmarks.students.scores import BOTH, clusters, know, minutes, of_graph, of_models, spent
from benchmarks.students.shares import Points
from benchmarks.students.table import NAME, page, write_page
from failwise.errors import InputError
from failwise.evaluation.baselines import model_free_rows
from failwise.evaluation.records import Answer
from failwise.files import read_json, read_records, write_json, write_records
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.training.recipe import recipe_names

SETTINGS = Settings(1000, 2, (), "data")
COLUMN = Column(NEW)


@pytest.fixture(scope="module")
def questions(toy: KnowledgeGraph) -> list[Question]:
    from failwise.generation.config import QuestionsConfig
    from failwise.generation.drawing.synthesize import Synthesis

    made = list(Synthesis(toy, QuestionsConfig.model_validate({"train_per_fact": 1})))
    return made[:12]


@pytest.fixture
def asked(questions: list[Question]) -> dict[Column, dict[str, list[Question]]]:
    return {COLUMN: dict.fromkeys(SETS, questions)}


def reply(out: Path, row: str, questions: list[Question], right: dict[str, int], seed: int = 0) -> None:
    """Write answers of which the first so many of each set are right."""
    for name in SETS:
        rows = [Answer(q.id, row, (), 0, i < right[name], 1.0) for i, q in enumerate(questions)]
        write_records(Cell(row, COLUMN, seed).folder(out) / f"{name}.jsonl", rows)


def test_every_recipe_has_a_row() -> None:
    rows = model_rows()
    assert {*recipe_names()} < {*rows}
    assert chosen_rows(["facts", BASE]) == [BASE, "facts"]
    with pytest.raises(InputError, match="facts"):
        chosen_rows(["fact"])


def test_a_seed_of_the_whole_table_comes_before_the_next_one() -> None:
    todo = list(cells([BASE, CONTROL], [COLUMN, Column(HELD_OUT, ("fan",))], (0, 1)))
    assert [(c.row, c.column.regime, c.seed) for c in todo] == [
        (BASE, NEW, 0),
        (CONTROL, NEW, 0),
        (BASE, HELD_OUT, 0),
        (CONTROL, HELD_OUT, 0),
        (CONTROL, NEW, 1),
        (CONTROL, HELD_OUT, 1),
    ]


def test_cells_have_folders_of_their_own(tmp_path: Path) -> None:
    todo = list(cells(model_rows(), [COLUMN, Column(HELD_OUT, ("fan",)), Column(HELD_OUT, ("pump",))], (0, 1)))
    assert len({cell.folder(tmp_path) for cell in todo}) == len(todo)


def test_twins_are_held_out_together(shipped: KnowledgeGraph) -> None:
    classes = ["aero-gas-turbine", "fan", "industrial-gas-turbine", "pump"]
    found = folds(shipped, classes)
    assert ("aero-gas-turbine", "industrial-gas-turbine") in found
    assert sorted(slug for fold in found for slug in fold) == classes
    assert found == folds(shipped, classes[::-1])
    assert columns(REGIMES, found)[0] == COLUMN


def test_other_settings_need_another_folder(tmp_path: Path) -> None:
    SETTINGS.keep(tmp_path)
    SETTINGS.keep(tmp_path)
    with pytest.raises(InputError, match="tokens 1000, and this is 2000"):
        replace(SETTINGS, tokens=2000).keep(tmp_path)


def test_answers_do_not_depend_on_where_the_question_files_lie(tmp_path: Path) -> None:
    SETTINGS.keep(tmp_path)
    replace(SETTINGS, data="elsewhere").keep(tmp_path)


def test_other_asset_classes_need_another_folder(tmp_path: Path) -> None:
    SETTINGS.keep(tmp_path)
    kept = tmp_path / "settings.json"
    write_json(kept, {name: value for name, value in read_json(kept).items() if name != "classes"})
    SETTINGS.keep(tmp_path)  # a folder that says nothing of classes has all of them
    with pytest.raises(InputError, match=r"classes \[\], and this is \['fan'\]"):
        replace(SETTINGS, classes=("fan",)).keep(tmp_path)


def test_what_something_was_measured_on_is_noted_once(tmp_path: Path) -> None:
    assert machine.noted(tmp_path) == []
    for said in ("one", "two", "one"):
        machine.note(tmp_path, said)
    assert machine.noted(tmp_path) == ["one", "two"]


@pytest.mark.parametrize(("seconds", "codes", "failed"), [(60.0, [DONE, FAILED], 1), (-1.0, [], 0)])
def test_cells_are_measured_some_at_a_time_while_there_is_time(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    asked: dict[Column, dict[str, list[Question]]],
    seconds: float,
    codes: list[int],
    failed: int,
) -> None:
    both, left, begun = threading.Barrier(2), [*codes], []

    def measured(job: Job) -> int:
        begun.append(job.cell.row)
        both.wait(timeout=30)  # passes where two are there at once
        return left.pop()

    monkeypatch.setattr("benchmarks.students.__main__.measure", measured)
    options = replace(parse(["--jobs", "2"]), out=tmp_path, settings=SETTINGS)
    todo = [Cell(row, COLUMN, 0) for row in (CONTROL, "facts")]
    assert _sitting(options, todo, asked, time.time() + seconds) == failed
    assert sorted(begun) == ([CONTROL, "facts"] if codes else [])


def test_a_cell_is_done_when_nothing_is_left_to_ask(tmp_path: Path, questions: list[Question]) -> None:
    sets = dict.fromkeys(SETS, questions)
    cell = Cell(CONTROL, COLUMN, 0)
    assert not finished(cell, tmp_path, sets)
    reply(tmp_path, CONTROL, questions[:-1], dict.fromkeys(SETS, 1))
    assert answered(cell.folder(tmp_path), ORIGINAL, questions) is None
    reply(tmp_path, CONTROL, questions, dict.fromkeys(SETS, 1))
    assert finished(cell, tmp_path, sets)


def test_points_are_those_of_the_answers(tmp_path: Path, asked: dict[Column, dict[str, list[Question]]]) -> None:
    some = asked[COLUMN][ORIGINAL]
    reply(tmp_path, CONTROL, some, {"audit": 3, ORIGINAL: 6, PERTURBED: 4})
    runs = of_models(CONTROL, (0, 1), asked, tmp_path)
    assert runs.seeds == [0]
    assert [sum(runs.of(0, name).values()) for name in (ORIGINAL, PERTURBED, BOTH)] == [6, 4, 4]


def test_a_finished_cell_is_known_on_another_machine(
    tmp_path: Path, asked: dict[Column, dict[str, list[Question]]]
) -> None:
    here, there, file = tmp_path / "here", tmp_path / "there", tmp_path / "kept.jsonl"
    cell, some = Cell(CONTROL, COLUMN, 0), asked[COLUMN][ORIGINAL]
    reply(here, CONTROL, some, {"audit": 3, ORIGINAL: 6, PERTURBED: 4})
    silent = [replace(a, choice=None, right=False) for a in read_records(cell.folder(here) / "audit.jsonl", Answer)]
    write_records(cell.folder(here) / "audit.jsonl", silent)
    machine.note(cell.folder(here), "a machine")
    took = {"steps": 3, "tokens": 70, "peak_rss_mb": 900}
    write_json(cell.folder(here) / STUDENT / "training.json", {"result": took})
    write_json(cell.folder(here) / STUDENT / "contract.json", {})
    write_records(cell.folder(here) / CLOCK, [Beat(1, 3, 90.0)])
    pack(file, SETTINGS, [cell], asked, here)
    todo = [cell, Cell("facts", COLUMN, 0)]
    assert unpack(file, SETTINGS, todo, asked, there) == 1
    assert unpack(file, SETTINGS, todo, asked, there) == 0  # it is there
    assert finished(cell, there, asked[COLUMN])
    runs = [of_models(CONTROL, (0,), asked, out) for out in (here, there)]
    assert runs[0] == runs[1]
    assert runs[1].unanswered["audit"] == len(some)
    assert spent(cell.folder(there)) == spent(cell.folder(here)) == Spent(3, 70, 1.5, 900, 0)
    assert measured_on(cell.folder(there)) == ["a machine"]
    packed = file.read_bytes()
    pack(file, SETTINGS, [cell], asked, there)
    assert file.read_bytes() == packed


def test_what_was_taught_otherwise_is_not_brought(
    tmp_path: Path, asked: dict[Column, dict[str, list[Question]]]
) -> None:
    cell, file, elsewhere = Cell(CONTROL, COLUMN, 0), tmp_path / "kept.jsonl", tmp_path / "there"
    reply(tmp_path, CONTROL, asked[COLUMN][ORIGINAL], dict.fromkeys(SETS, 1))
    pack(file, SETTINGS, [cell], asked, tmp_path)
    for other in (replace(SETTINGS, tokens=2), replace(SETTINGS, overrides=("training.rank=2",))):
        assert unpack(file, other, [cell], asked, elsewhere) == 0
        pack(file, other, [cell], asked, tmp_path)  # beside the first, which stays
    fewer = {COLUMN: {name: some[1:] for name, some in asked[COLUMN].items()}}
    assert unpack(file, SETTINGS, [cell], fewer, elsewhere) == 0
    assert unpack(file, SETTINGS, [cell], asked, elsewhere) == 1


def test_rows_without_a_model_agree_with_the_baselines(
    tmp_path: Path, toy: KnowledgeGraph, asked: dict[Column, dict[str, list[Question]]]
) -> None:
    known = know(asked, lambda column, question: toy, tmp_path, float("inf"))
    expected = {row.name: row.right for row in model_free_rows(asked[COLUMN][ORIGINAL], toy)}
    for row in MODEL_FREE:
        assert sum(of_graph(row, asked, known).of(0, ORIGINAL).values()) == pytest.approx(expected[row])
    assert know(asked, lambda column, question: toy, tmp_path, 0.0) == known  # no time, and none is needed


def test_minutes_are_those_of_all_sittings(tmp_path: Path) -> None:
    beats = [Beat(1, 1, 10.0), Beat(1, 2, 60.0), Beat(2, 2, 5.0), Beat(2, 3, 30.0)]
    write_records(tmp_path / CLOCK, beats)
    assert minutes(tmp_path) == 1.5


def test_page_has_numbers_where_there_are_some_and_dashes_elsewhere(
    tmp_path: Path, asked: dict[Column, dict[str, list[Question]]]
) -> None:
    some = asked[COLUMN][ORIGINAL]
    reply(tmp_path, CONTROL, some, {"audit": 3, ORIGINAL: 6, PERTURBED: 3})
    reply(tmp_path, "facts", some, {"audit": 3, ORIGINAL: 12, PERTURBED: 12})
    found = result(tmp_path, asked)
    lines = [line for line in page(found).splitlines() if line.startswith("| ")]
    control, facts, listwise = (
        next(line.split("|") for line in lines if line.startswith(f"| {row}"))
        for row in ("answer (control)", "facts", "listwise")
    )
    assert control[3].strip().startswith("50.0 (")
    assert facts[3].strip() == "100.0 (100.0 to 100.0)"
    assert {cell.strip() for cell in listwise[2:-1]} == {"—"}
    # Six questions more, none less: p is 2 / 2^6.
    assert any("| facts | new-question: FailureSensorIQ |" in line and "| 6 / 0 | 0.0312 |" in line for line in lines)
    lost = [found.lost(CONTROL, NEW, name) for name in (PERTURBED, BOTH)]
    assert [one.difference for one in lost if one is not None] == [0.25, 0.25]
    assert found.lost("listwise", NEW, BOTH) is None


def result(out: Path, asked: dict[Column, dict[str, list[Question]]]) -> Result:
    """Return what is there under new-question."""
    rows = model_rows()
    runs = {(row, NEW): of_models(row, (0, 1), asked, out) for row in rows}
    return Result(rows, runs, {}, clusters(asked), SETTINGS, None, [("fan",)], "python -m benchmarks.students")


def test_what_stands_around_the_table_stays(tmp_path: Path, asked: dict[Column, dict[str, list[Question]]]) -> None:
    path, mark = tmp_path / "results.md", f"<!-- {NAME}: made"
    write_page(path, result(tmp_path, asked))
    path.write_text(path.read_text().replace(mark, f"Before.\n\n{mark}") + "\nBehind.\n")
    write_page(path, result(tmp_path, asked))
    text = path.read_text()
    assert text.count(mark) == 1
    assert text.index("Before.") < text.index(mark) < text.index("Behind.")


def test_quick_is_a_folder_and_a_page_of_its_own() -> None:
    quick, whole = parse(["--quick"]), parse([])
    assert quick.out != whole.out
    assert quick.page.parent == quick.out
    assert (quick.folds, quick.asked, quick.seeds) == (1, 20, (0,))
    assert (whole.folds, whole.seeds, parse(["--asked", "0"]).asked) == (3, (0, 1), None)


def test_theirs_are_asked_in_pairs_about_what_is_held_out(data: Path, tmp_path: Path) -> None:
    sources = Sources(data, tmp_path, 1)
    sets = sources.asked(Column(HELD_OUT, ("fan",)), 30)
    assert {q.asset_class for name in SETS for q in sets[name]} == {"fan"}
    assert [q.id for q in sets[ORIGINAL]] == [q.id for q in sets[PERTURBED]]
    learned = sources.ours(Column(HELD_OUT, ("fan",)), "train")
    assert not {q.question for q in learned} & {q.question for q in sources.original}
    assert "fan" not in {q.asset_class for q in learned}


def test_some_asset_classes_alone_are_taught_and_asked_about(data: Path, tmp_path: Path) -> None:
    options = parse(["--classes", "steam turbine,fan"])
    sources = Sources(data, tmp_path, 1, options.settings.classes)
    assert sources.classes == ("fan", "steam-turbine")
    sets = sources.asked(COLUMN, 30)
    learned = sources.ours(COLUMN, "train")
    assert {q.asset_class for some in (*sets.values(), learned) for q in some} == {*sources.classes}
    known = sources.known(COLUMN, sets[ORIGINAL][0]).facts.values()
    assert {f.asset_class.slug for f in known if f.relation == "indicatedBy"} == {*sources.classes}


def test_an_unknown_asset_class_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"asks about no 'pumpe'.*pump"):
        _ = Sources(data, tmp_path, 1, ("pumpe",)).original


def test_rows_without_a_model_never_know_a_twin(data: Path, tmp_path: Path) -> None:
    sources = Sources(data, tmp_path, 1)
    twins = ("aero-gas-turbine", "industrial-gas-turbine")
    asked = next(q for q in sources.original if q.asset_class == twins[0])
    known = {
        column: {f.asset_class.slug for f in sources.known(column, asked).facts.values() if f.relation == "indicatedBy"}
        for column in (COLUMN, Column(HELD_OUT, twins))
    }
    assert known[COLUMN] == {*sources.classes}
    assert known[Column(HELD_OUT, twins)] == {*sources.classes} - {twins[1]}


def test_absent_questions_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"single_answer\.jsonl is not there"):
        _ = Sources(tmp_path, tmp_path, 1).original


def test_a_training_out_of_time_goes_on_and_is_asked(data: Path, tiny_base: Path, tmp_path: Path) -> None:
    overrides = (f"training.base={tiny_base}", "training.max_length=1024", "training.checkpoint_every=1")
    settings = Settings(16_000, 1, (*overrides, "training.batch_size=4"), str(data))
    job = Job(Cell(CONTROL, COLUMN, 0), settings, tmp_path, 4, 0.0, os.getppid())
    with pytest.raises(TimeUpError):
        work(job)
    assert not trained(job.folder)
    work(replace(job, until=float("inf")))
    result = read_json(job.folder / STUDENT / "training.json")["result"]
    assert result["resumed_at"] == 1
    assert result["tokens"] == pytest.approx(16_000, rel=0.2)
    asked = Sources(data, tmp_path, 1).asked(COLUMN, 4)
    assert finished(job.cell, tmp_path, asked)
    runs = of_models(CONTROL, (0,), {COLUMN: asked}, tmp_path)
    assert [len(runs.of(0, name)) for name in SETS] == [4, 4, 4]
    assert minutes(job.folder) > 0


def test_one_recipe_with_the_time_it_needs_is_shown_by_kind_and_asset_class(questions: list[Question]) -> None:
    asked = [
        replace(q, id=f"{n}", anchor=f"a{n}", asset_name=("fan", "pump")[n % 2], relevancy="odd")
        for n, q in enumerate(questions[:4])
    ]
    right = {"0": 1.0, "1": 1.0, "2": 0.0, "3": 1.0}
    trained: dict[str, object] = {
        "config": {"recipe": "verdicts", "rank": 4, "learning_rate": 1, "batch_size": 2, "quantisation": "none"},
        "result": {"steps": 3, "tokens": 1200, "seconds": 90.0, "peak_rss_mb": 2048},
    }
    points: dict[str, Points] = {ORIGINAL: right, PERTURBED: {**right, "1": 0.0}}
    said = long.page(asked, points, dict.fromkeys(right, 0.5), trained, "python")
    shares = {line.split(" | ")[0].strip("| "): line.split(" | ")[1].partition(" ")[0] for line in said.splitlines()
              if line.startswith("| ") and "---" not in line}  # fmt: skip
    assert shares["original"] == "75.0" and shares["both right"] == "50.0"
    assert shares["fan"] == "50.0" and shares["pump"] == "100.0" and shares["odd"] == "75.0"
    assert "3 steps, 1,200 tokens, 2 minutes, 2.0 GB" in said
