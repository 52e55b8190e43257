"""What is there, in points per question: of students and the base from their answers, of the others from the graph."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean as mean

from benchmarks.students.kept import Marks, Spent, kept_in
from benchmarks.students.material import ORIGINAL, PERTURBED, SETS
from benchmarks.students.measure import CLOCK, STUDENT, Beat, answered, trained
from benchmarks.students.plan import MODEL_FREE, Cell, Column
from benchmarks.students.shares import Points
from failwise.evaluation.baselines import model_free_points
from failwise.evaluation.clustered import anchor_of
from failwise.files import RecordLog, content_id, read_json, read_records
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.training.contract import FIRST

BOTH = "both right"
SCORED = (*SETS, BOTH)
MODEL_FREE_FILE = "model-free.jsonl"

Asked = Mapping[str, Sequence[Question]]


@dataclass(frozen=True, slots=True)
class Known:
    """Points of the rows that need no model on questions of one content."""

    key: str
    points: dict[str, float]


@dataclass(frozen=True, slots=True)
class Runs:
    """Points of one row under one regime: by set, those of each seed. `unanswered` counts "no answer", by set."""

    seeds: list[int] = field(default_factory=list)
    points: dict[str, list[Points]] = field(default_factory=dict)
    unanswered: dict[str, int] = field(default_factory=dict)

    def add(self, seed: int, points: Mapping[str, Points]) -> None:
        """Add a seed."""
        self.seeds.append(seed)
        for name in SCORED:
            self.points.setdefault(name, []).append(points[name])

    def of(self, seed: int, name: str) -> Points:
        """Return the points of one seed."""
        return self.points[name][self.seeds.index(seed)]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a row's students took: steps and tokens (means), minutes (mean), memory (most), time per question."""

    students: int
    steps: float
    tokens: float
    minutes: float
    peak_mb: int
    peak_gpu_mb: int


def clusters(asked: Mapping[Column, Asked]) -> dict[str, tuple[str, ...]]:
    """Return the anchor of every question, by its key."""
    return {_key(c, q.id): anchor_of(q) for c, sets in asked.items() for some in sets.values() for q in some}


def of_models(row: str, seeds: Sequence[int], asked: Mapping[Column, Asked], out: Path) -> Runs:
    """Return the points of a row that asks a model; a seed counts where all columns are whole."""
    runs = Runs()
    for seed in dict.fromkeys(seeds):
        found = _one_seed(row, seed, asked, out)
        if found is None:
            continue
        marks = {name: {k: float(mark is True) for k, mark in some.items()} for name, some in found.items()}
        runs.add(seed, marks | {BOTH: _both(marks)})
        for name, some in found.items():
            runs.unanswered[name] = runs.unanswered.get(name, 0) + sum(mark is None for mark in some.values())
    return runs


def _one_seed(row: str, seed: int, asked: Mapping[Column, Asked], out: Path) -> dict[str, Marks] | None:
    whole: dict[str, Marks] = {name: {} for name in SETS}
    for column, sets in asked.items():
        for name in SETS:
            found = answered(Cell(row, column, seed).folder(out), name, sets[name])
            if found is None:
                return None
            whole[name] |= {_key(column, i): mark for i, mark in found.items()}
    return whole


def of_graph(row: str, asked: Mapping[Column, Asked], known: Mapping[str, dict[str, float]]) -> Runs:
    """Return the points of a row that needs no model; nothing where some are missing."""
    marks: dict[str, dict[str, float]] = {name: {} for name in SETS}
    for column, sets in asked.items():
        for name in SETS:
            for question in sets[name]:
                points = known.get(f"{name}/{_key(column, question.id)}")
                if points is None:
                    return Runs()
                marks[name][_key(column, question.id)] = points[row]
    runs = Runs()
    runs.add(0, marks | {BOTH: _both(marks)})
    return runs


def _both(marks: Mapping[str, Points]) -> Points:
    """Return who has a question right as it was and perturbed; a shared point cannot be more than the smaller one."""
    return {i: min(point, marks[PERTURBED][i]) for i, point in marks[ORIGINAL].items()}


def _key(column: Column, question_id: str) -> str:
    return f"{column.key}/{question_id}"


def know(
    asked: Mapping[Column, Asked], graph_of: Callable[[Column, Question], KnowledgeGraph], out: Path, until: float
) -> dict[str, dict[str, float]]:
    """Return the points of the rows that need no model, by set and question; what is new is counted and kept.

    Args:
        graph_of: what such a row may know when it is asked a question of a column.
    """
    path = out / MODEL_FREE_FILE
    places: dict[str, str] = {}
    new: dict[str, tuple[KnowledgeGraph, dict[str, Question]]] = {}
    with RecordLog(path) as log:
        kept = {k.key: k.points for k in read_records(path, Known)}
        for column, name, question in _all(asked):
            graph = graph_of(column, question)
            key = places[f"{name}/{_key(column, question.id)}"] = _content_key(question, graph)
            if key not in kept:
                new.setdefault(graph.digest, (graph, {}))[1][key] = question
        for graph, questions in new.values():
            if time.time() > until:
                break
            points = model_free_points(list(questions.values()), graph)
            for number, key in enumerate(questions):
                kept[key] = {row: points[row][number] for row in MODEL_FREE}
                log.append(Known(key, kept[key]))
    return {place: kept[key] for place, key in places.items() if key in kept}


def _all(asked: Mapping[Column, Asked]) -> Iterator[tuple[Column, str, Question]]:
    return ((column, name, q) for column, sets in asked.items() for name, some in sets.items() for q in some)


def _content_key(question: Question, graph: KnowledgeGraph) -> str:
    """Return what the rows without a model read: the graph, and of a question facts and marks, in no order."""
    options = sorted(zip(question.fact_ids, question.correct, strict=True))
    return content_id(graph.digest, question.polarity, question.direction, options)


def cost(row: str, seeds: Sequence[int], columns: Sequence[Column], out: Path) -> Cost | None:
    """Return what the row's finished students took."""
    folders = [Cell(row, column, seed).folder(out) for column in columns for seed in seeds]
    done = [took for folder in folders if (took := spent(folder))]
    if not done:
        return None
    return Cost(
        len(done),
        mean(took.steps for took in done),
        mean(took.tokens for took in done),
        mean(took.minutes for took in done),
        max(took.peak_mb for took in done),
        max(took.peak_gpu_mb for took in done),
    )


def spent(folder: Path) -> Spent | None:
    """Return what a cell's student took; None where it is not finished, or the cell has none."""
    if not trained(folder):
        kept = kept_in(folder)
        return kept.spent if kept else None
    results = _results(folder / STUDENT)
    return Spent(
        sum(r["steps"] for r in results),
        sum(r["tokens"] for r in results),
        minutes(folder),
        max(r["peak_rss_mb"] for r in results),
        max(r.get("peak_gpu_mb", 0) for r in results),
    )


def _results(student: Path) -> list[dict[str, int]]:
    """Return what is known of a student's training, and of its first stage's."""
    files = [student / "training.json", student / FIRST / "training.json"]
    return [read_json(path)["result"] for path in files if path.is_file()]


def minutes(folder: Path) -> float:
    """Return how long a cell's student was trained, all sittings together, with what was lost and done again."""
    last: dict[int, float] = {}
    if not (folder / CLOCK).is_file():
        return 0.0
    for beat in read_records(folder / CLOCK, Beat, torn_tail=True):
        last[beat.sitting] = beat.seconds
    return sum(last.values()) / 60
