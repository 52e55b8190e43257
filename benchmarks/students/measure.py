"""One cell: its student is trained and asked in a process of its own, so that its memory is its own too."""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.students.kept import Marks, kept_in
from benchmarks.students.machine import made_on, note
from benchmarks.students.material import SETS, Sources
from benchmarks.students.plan import FREE, Cell, Settings
from failwise.config import RunConfig, load_config
from failwise.errors import FailwiseError
from failwise.evaluation.records import Answer
from failwise.files import RecordLog, held_alone, read_json, read_records, write_json
from failwise.generation.records import Question
from failwise.training.config import EMBEDDED, TrainingConfig
from failwise.training.contract import FILE as CONTRACT

STUDENT, STEPS, CLOCK = "student", "steps.json", "clock.jsonl"
DONE, FAILED, TIME_UP = 0, 1, 75


class TimeUpError(Exception):
    """The sitting is over; what was done is kept."""


@dataclass(frozen=True, slots=True)
class Beat:
    """How far a sitting's training got, and after how many seconds."""

    sitting: int
    step: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Job:
    """A cell to measure, until a moment of `time.time`.

    `parent` is the process that waits for it, which measures so many `at_a_time`.
    """

    cell: Cell
    settings: Settings
    out: Path
    asked: int | None
    until: float
    parent: int
    at_a_time: int = 1

    @property
    def folder(self) -> Path:
        """Return where the cell is kept."""
        return self.cell.folder(self.out)

    def config(self, *more: str) -> RunConfig:
        """Return the configuration of the product, with the overrides of the table."""
        return load_config(RunConfig, None, [*self.settings.overrides, *more])

    def check_time(self) -> None:
        """Stop where the time is up, or where nobody waits any more.

        Raises:
            TimeUpError: so it is.
        """
        if time.time() > self.until or os.getppid() != self.parent:
            raise TimeUpError


def measure(job: Job) -> int:
    """Measure a cell in a process of its own; return DONE, FAILED or TIME_UP."""
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(job,))
    process.start()
    process.join()
    return process.exitcode if process.exitcode in (DONE, TIME_UP) else FAILED


def _run(job: Job) -> None:
    try:
        with held_alone(job.folder):
            work(job)
    except (TimeUpError, KeyboardInterrupt):
        sys.exit(TIME_UP)
    except FailwiseError as error:
        print(f"  {error}", file=sys.stderr)
        sys.exit(FAILED)


def work(job: Job) -> None:
    """Train the cell's student as far as it is not, and ask it what it was not asked."""
    sources = Sources(Path(job.settings.data), job.out, job.settings.per_fact, job.settings.classes)
    beside = f", {job.at_a_time} at a time" if job.at_a_time > 1 else ""
    note(job.folder, made_on() + beside)
    if job.cell.trained and not trained(job.folder):
        _train(job, sources)
    for name, questions in sources.asked(job.cell.column, job.asked).items():
        _ask(job, questions, job.folder / f"{name}.jsonl")


def trained(folder: Path) -> bool:
    """Say whether a cell's student is there."""
    return (folder / STUDENT / CONTRACT).is_file()


def answered(folder: Path, name: str, questions: Sequence[Question]) -> Marks | None:
    """Return which questions of a set were answered right (None: no answer), or None where one was not asked."""
    path = folder / f"{name}.jsonl"
    found = {a.question_id: a for a in read_records(path, Answer, torn_tail=True)} if path.is_file() else {}
    if not all(q.id in found for q in questions):
        kept = kept_in(folder)
        return kept.of(name, questions) if kept else None
    return {q.id: None if found[q.id].choice is None else found[q.id].right for q in questions}


def finished(cell: Cell, out: Path, asked: Mapping[str, Sequence[Question]]) -> bool:
    """Say whether nothing is left to do for a cell."""
    return all(answered(cell.folder(out), name, asked[name]) is not None for name in SETS)


def _train(job: Job, sources: Sources) -> None:
    from failwise.training.student import train_student

    material = sources.material(job.cell.column, job.cell.row, job.cell.seed)
    named = (f"training.recipe={job.cell.row}", f"training.seed={job.cell.seed}")
    path = job.folder / STEPS
    if not path.is_file():
        from benchmarks.students.budget import steps_for

        steps = steps_for(material, job.config(*named).training, job.settings.tokens)
        write_json(path, {"steps": steps})
    config = job.config(*named, f"training.max_steps={read_json(path)['steps']}").training
    with RecordLog(job.folder / CLOCK) as clock:
        train_student(material, config, job.folder / STUDENT, watch(job, config, clock))


def watch(job: Job, config: TrainingConfig, clock: RecordLog) -> Callable[[int, int, float], None]:
    """Return what a training tells its progress to: it keeps the time, and stops behind a checkpoint when it is up."""
    sitting, began = time.time_ns(), time.monotonic()

    def step(done: int, total: int, loss: float) -> None:
        clock.append(Beat(sitting, done, round(time.monotonic() - began, 2)))
        _show(f"step {done} of {total}, loss {loss:.3f}")
        # A checkpoint is written after its step was told: the step behind it is the one that costs least.
        if (done > 1 and (done - 1) % config.checkpoint_every == 0) or os.getppid() != job.parent:
            job.check_time()

    return step


def _ask(job: Job, questions: Sequence[Question], path: Path) -> None:
    from failwise.evaluation.answers import write_answers

    config = job.config()
    base = "base" if config.training.base == EMBEDDED else config.training.base
    asked = config.evaluation.model_copy(update={"method": "generation"}) if job.cell.row == FREE else config.evaluation
    student = job.folder / STUDENT if job.cell.trained else base
    done = 0

    def advance(n: int) -> None:
        nonlocal done
        done += n
        _show(f"{path.stem}: {done} of {len(questions)}")
        job.check_time()

    write_answers(student, questions, asked, path, advance)


def _show(text: str) -> None:
    """Show how it goes, to a person alone."""
    if sys.stderr.isatty():
        print(f"\r  {text}  ", end="", file=sys.stderr, flush=True)
