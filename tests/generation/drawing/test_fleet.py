"""A fleet makes the same bytes as one process: with one worker or two, on one machine or several, or when one is lost.

Tests with Ray skip where it is not installed; what a worker does is tested without it.
"""

import gc
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from failwise.errors import FailwiseError, InputError, MissingExtraError, OntologyError, StorageError
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing import fleet
from failwise.generation.drawing.fleet import Job, Worker, fleet_lines
from failwise.generation.drawing.parallel import Lines, question_lines
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.fleet import OntologyFiles, told
from failwise.generation.formats.question_files import QUESTIONS
from failwise.kg.graph import KnowledgeGraph
from failwise.question_set import BALANCE_JSON, LEAKAGE_JSON
from tests.conftest import Done, Program, toy_paths

SOME = QuestionsConfig(asset_classes=("electric-motor", "fan", "pump"), train_per_fact=2)
OUTSIDE = SOME.model_copy(update={"distractors": {"out-of-asset": 1.0}})


@pytest.fixture
def thawed() -> Iterator[None]:
    """A worker puts all that is there out of the garbage collector's sight; these tests put it back."""
    yield
    gc.unfreeze()


def by_one(graph: KnowledgeGraph, config: QuestionsConfig) -> tuple[list[Lines], Counter[str]]:
    synthesis = Synthesis(graph, config)
    return list(question_lines(synthesis)), +synthesis.unasked


def by_fleet(
    graph: KnowledgeGraph, config: QuestionsConfig, workers: int, paths: list[Path] | None = None
) -> tuple[list[Lines], Counter[str]]:
    unasked = Counter[str]()
    config = config.model_copy(update={"workers": workers})
    lines = list(fleet_lines(paths or [], paths is None, config, graph=graph, unasked=unasked))
    return lines, +unasked


def job_of(graph: KnowledgeGraph, config: QuestionsConfig) -> Job:
    return Job(OntologyFiles.of([], True, graph.digest, config.language), config, None)


def answers(worker: Worker, *units: int) -> list[dict[str, Any]]:
    drawn = ((unit, *worker.drawn(unit)) for unit in units)
    return [{"unit": unit, "text": text, "note": orjson.dumps(note)} for unit, text, note in drawn]


def by_command(failwise: Program, out: str, *settings: str) -> Done:
    """Have the program make a set of the toy ontology."""
    paths = [argument for path in toy_paths() for argument in ("--ontology", path)]
    more = [argument for setting in settings for argument in ("--set", setting)]
    return failwise("questions", "generate", *paths, "--set", "ontology.shipped=false", *more, "--out", out)


# --- what a worker does ---


@pytest.mark.parametrize("config", [SOME, OUTSIDE], ids=["degree-matched", "out-of-asset"])
def test_a_unit_tried_again_is_the_same(shipped: KnowledgeGraph, thawed: None, config: QuestionsConfig) -> None:
    alone, unasked = by_one(shipped, config)
    worker = Worker(job_of(shipped, config))
    backwards = answers(worker, *reversed(range(len(alone))))
    again = answers(worker, *range(len(alone)))
    assert [r["text"] for r in again] == [lines.text for lines in alone]
    assert again == backwards[::-1]
    counted = sum((Counter(orjson.loads(r["note"])["unasked"]) for r in again), Counter[str]())
    assert +counted == unasked


def test_the_files_of_the_job_stand_in_for_those_of_the_node(toy: KnowledgeGraph, thawed: None) -> None:
    config = QuestionsConfig()
    job = Job(OntologyFiles.of(toy_paths(), False, toy.digest, "en"), config, None)
    assert list(job.files.contents) == ["relations.ttl", "schema.ttl", "toy.ttl"]
    texts = [row["text"] for row in answers(Worker(job), *range(len(by_one(toy, config)[0])))]
    assert texts == [lines.text for lines in by_one(toy, config)[0]]


@pytest.mark.parametrize(
    ("changed", "sentence"), [({"code": "0123"}, "another failwise"), ({"digest": "0123"}, "files have changed")]
)
def test_a_node_that_would_draw_other_questions_says_so(
    toy: KnowledgeGraph, thawed: None, changed: dict[str, str], sentence: str
) -> None:
    files = replace(OntologyFiles.of(toy_paths(), False, toy.digest, "en"), **changed)  # type: ignore[arg-type]
    job = Job(files, QuestionsConfig(), None)
    with pytest.raises(InputError, match=sentence):
        list(fleet._in_order(iter(answers(Worker(job), 0)), 1))


# --- what arrives ---


def row(unit: int, **note: Any) -> dict[str, Any]:
    note = note or {"splits": {"train": 1}, "unasked": {"unknown": 2}}
    return {"unit": unit, "text": b"%d\n" % unit, "note": orjson.dumps(note)}


@pytest.mark.parametrize(
    ("units", "sentence"),
    [((0, 1, 1, 2), "unit 1 where 2 was due"), ((0, 2, 1), "unit 2 where 1 was due"), ((0, 1), "2 of 3 units")],
    ids=["twice", "out of turn", "missing"],
)
def test_every_unit_arrives_once_or_the_job_fails(units: tuple[int, ...], sentence: str) -> None:
    with pytest.raises(StorageError, match=sentence):
        list(fleet._in_order(map(row, units), 3))
    taken = list(fleet._in_order(map(row, range(3)), 3))
    assert [lines.text for lines, _ in taken] == [b"0\n", b"1\n", b"2\n"]
    assert sum((left for _, left in taken), Counter[str]()) == {"unknown": 6}


@pytest.mark.parametrize(
    "error", [InputError("no."), OntologyError("none"), MissingExtraError("names by meaning", "faiss", "semantic")]
)
def test_an_error_of_a_worker_keeps_its_kind_and_sentence(error: FailwiseError) -> None:
    with pytest.raises(type(error)) as met:
        list(fleet._in_order(iter([row(0, **told(error))]), 1))
    assert str(met.value) == str(error)


def test_without_ray_the_extra_is_named(toy: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("failwise.generation.fleet.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"failwise\[ray\]"):
        next(fleet_lines(toy_paths(), False, QuestionsConfig()))


def test_without_ray_the_command_names_the_extra_and_writes_nothing(
    failwise: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("failwise.generation.fleet.find_spec", lambda name: None)
    done = by_command(failwise, "fleet", "questions.fleet=true")
    assert done.returncode == 2
    (sentence,) = done.stderr.splitlines()
    assert "needs the package 'ray'" in sentence and "pip install 'failwise[ray]'" in sentence
    assert not list(tmp_path.iterdir())


# --- with Ray ---


def test_a_ray_of_its_own_is_started_and_ended(ray: Any, toy: KnowledgeGraph) -> None:
    assert not ray.is_initialized()
    assert list(fleet_lines(toy_paths(), False, QuestionsConfig())) == by_one(toy, QuestionsConfig())[0]
    assert not ray.is_initialized()


def test_two_nodes_make_the_same_bytes(two_nodes: Any, shipped: KnowledgeGraph) -> None:
    assert by_fleet(shipped, SOME, 2) == by_one(shipped, SOME)


def test_a_node_lost_in_the_middle_changes_nothing(two_nodes: Any, shipped: KnowledgeGraph) -> None:
    config, unasked = QuestionsConfig(train_per_fact=2, workers=2), Counter[str]()
    lines = fleet_lines([], True, config, graph=shipped, unasked=unasked)
    first = next(lines)
    two_nodes()
    assert ([first, *lines], +unasked) == by_one(shipped, config.model_copy(update={"workers": 1}))


def test_one_machine_makes_the_same_bytes(machine: None, toy: KnowledgeGraph, shipped: KnowledgeGraph) -> None:
    for workers in (1, 2):
        assert by_fleet(toy, QuestionsConfig(), workers, toy_paths()) == by_one(toy, QuestionsConfig())
        assert by_fleet(shipped, OUTSIDE, workers) == by_one(shipped, OUTSIDE)


def test_the_command_makes_the_same_set(machine: None, failwise: Program, tmp_path: Path) -> None:
    assert by_command(failwise, "one").returncode == 0
    assert by_command(failwise, "fleet", "questions.fleet=true", "questions.workers=2").returncode == 0
    for name in (QUESTIONS, BALANCE_JSON, LEAKAGE_JSON):
        assert (tmp_path / "fleet" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()


def test_settings_of_ray_data_are_put_back(machine: None, toy: KnowledgeGraph) -> None:
    from ray.data import DataContext

    before = DataContext.get_current().execution_options.preserve_order
    lines = fleet_lines(toy_paths(), False, QuestionsConfig(), graph=toy)
    next(lines)
    lines.close()  # type: ignore[attr-defined]
    assert DataContext.get_current().execution_options.preserve_order is before is False


def test_more_workers_than_there_is_room_for(machine: None, shipped: KnowledgeGraph) -> None:
    assert by_fleet(shipped, SOME, 9) == by_one(shipped, SOME)


def test_a_wrong_configuration_is_told_in_the_same_words(machine: None, shipped: KnowledgeGraph) -> None:
    wrong = QuestionsConfig(regime="held-out-asset", held_out=("flux capacitor",))
    with pytest.raises(FailwiseError) as alone:
        by_one(shipped, wrong)
    with pytest.raises(type(alone.value)) as met:
        by_fleet(shipped, wrong, 2)
    assert str(met.value) == str(alone.value)
