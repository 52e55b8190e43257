"""ARC-Easy through the same chain: the base, the answer alone, one stage and two stages, with a small local teacher.

Run with `python -m benchmarks.students.arc`; interrupted, the same command goes on. The teacher is the base
itself, which is shown the right answer and writes why, in plain words; what it writes is kept where it names that
answer. It knows little, and no ontology checks it: this shows that the chain works on other questions, not what a good
teacher is worth.
"""

import argparse
import os
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.students.command import DATA, ROOT, finish
from benchmarks.students.machine import made_on, note, noted
from benchmarks.students.measure import CLOCK, STEPS, STUDENT, Job, TimeUpError, watch
from benchmarks.students.pages import put, table
from benchmarks.students.plan import CONTROL, Cell, Column, Settings
from benchmarks.students.scores import minutes
from benchmarks.students.shares import Contrast, Points, Share, contrast, share
from benchmarks.students.table import made_with
from failwise.errors import InputError
from failwise.evaluation.answers import sample, single_answer, write_answers
from failwise.evaluation.records import Answer
from failwise.files import RecordLog, held_alone, read_json, read_records, write_json
from failwise.generation.formats.question_files import read_questions
from failwise.generation.rationales.job import RATIONALES
from failwise.generation.records import Question, Rationale

TRAIN, TEST = "arc/arc_easy_train.jsonl", "arc/arc_easy_test.jsonl"
ANSWERS = "answers.jsonl"

BASE, ALL, DIRECT, ONE, TWO = "base", "direct, all questions", "direct", "one-stage", "two-stage"
RECIPES = {ALL: CONTROL, DIRECT: CONTROL, ONE: "rationale-answer", TWO: "two-stage"}

# With fewer rationales there is nothing to learn to reason from.
FEWEST = 20

# Words of the shortest rationale that is kept, and tokens of the longest that is written.
SHORTEST, LONGEST = 6, 96


@dataclass(frozen=True, slots=True)
class Lessons:
    """All training questions, those that the teacher explained, how, and what became of the others."""

    everything: Sequence[Question]
    explained: Sequence[Question]
    rationales: dict[str, Rationale]
    note: str


def read(data: Path, name: str, most: int) -> list[Question]:
    """Return some questions of a file, spread evenly over it.

    Raises:
        InputError: the file is not there.
    """
    path = data / name
    if not path.is_file():
        raise InputError(f"{path} is not there; put ARC's files there, or name with --data the folder")
    return sample(single_answer(read_questions(path)), most)


def explain(learned: Sequence[Question], most: int, job: Job) -> Lessons:
    """Have the teacher explain some of the questions, as far as it has not, and keep what names the right option."""
    asked, path = sample(learned, most), job.out / RATIONALES
    with RecordLog(path) as log:
        done = {r.question_id for r in read_records(path, Rationale)}
        todo = sorted((q for q in asked if q.id not in done), key=lambda q: len(q.question))
        if todo:
            from failwise.evaluation.scorer import load_scorer
            from failwise.training.reasons import written

            config = job.config()
            teacher = load_scorer(config.training.base, config.evaluation.device)
            size = config.evaluation.batch_size
            for batch in (todo[at : at + size] for at in range(0, len(todo), size)):
                job.check_time()
                texts = written(teacher.model, teacher.tokenizer, [why(q) for q in batch], LONGEST)
                log.append(*(reasons(q, text) for q, text in zip(batch, texts, strict=True)))
    wanted = {q.id: q.options[q.answer].casefold() for q in asked}
    found = {r.question_id: r for r in read_records(path, Rationale) if r.question_id in wanted}
    kept = {i: r for i, r in found.items() if wanted[i] in r.text.casefold() and len(r.text.split()) >= SHORTEST}
    told = f"{len(kept):,} of {len(asked):,} rationales name the right option and were kept"
    return Lessons(learned, [q for q in asked if q.id in kept], kept, told)


def why(question: Question) -> str:
    """Return what the teacher is asked."""
    right = question.options[question.answer]
    return f"{question.question}\nThe right answer is: {right}\nExplain in one sentence why."


def reasons(question: Question, text: str) -> Rationale:
    """Return what the teacher wrote, up to the end of its last whole sentence."""
    whole = " ".join(text[: max(map(text.rfind, ".!?")) + 1].split())
    label = question.option_ids[question.answer]
    return Rationale(question.id, "plain", "", (), whole, (), label, "unverifiable", 1, 0, 0, shown=True)


def points(row: str, lessons: Lessons, test: Sequence[Question], job: Job) -> Points:
    """Train the row's student and ask it, as far as it is not done; return its points."""
    path = job.folder / ANSWERS
    if not path.is_file() or len(list(read_records(path, Answer, torn_tail=True))) < len(test):
        note(job.folder, made_on())
    if row in RECIPES:
        _train(RECIPES[row], lessons.everything if row == ALL else lessons.explained, lessons.rationales, job)
    who = job.folder / STUDENT if row in RECIPES else job.config().training.base
    answers = write_answers(who, test, job.config().evaluation, path, lambda n: job.check_time())
    return {a.question_id: float(a.right) for a in answers}


def _train(recipe: str, learned: Sequence[Question], rationales: dict[str, Rationale], job: Job) -> None:
    from benchmarks.students.budget import steps_for
    from failwise.training.student import Material, train_student

    material, path, named = Material(learned, rationales), job.folder / STEPS, f"training.recipe={recipe}"
    if not path.is_file():
        write_json(path, {"steps": steps_for(material, job.config(named).training, job.settings.tokens)})
    config = job.config(named, f"training.max_steps={read_json(path)['steps']}").training
    with RecordLog(job.folder / CLOCK) as clock:
        train_student(material, config, job.folder / STUDENT, watch(job, config, clock))


def run(options: argparse.Namespace) -> int:
    """Measure row by row until the time is up, and write the page from what is there."""
    until = float("inf") if options.minutes is None else time.time() + 60 * options.minutes
    settings = Settings(options.tokens, options.explained, tuple(options.overrides), str(options.data.resolve()))
    settings.keep(options.out)
    with held_alone(options.out):
        return _run(options, settings, until)


def _run(options: argparse.Namespace, settings: Settings, until: float) -> int:
    learned, test = read(options.data, TRAIN, options.learned), read(options.data, TEST, options.asked)
    jobs = {
        row: Job(Cell(row, Column("arc-easy"), 0), settings, options.out, None, until, os.getppid())
        for row in (BASE, *RECIPES)
    }
    found: dict[str, Points] = {}
    explained = "the teacher was not asked yet"
    try:
        lessons = Lessons(learned, [], {}, explained)
        for row, job in jobs.items():
            if row == DIRECT:
                lessons = explain(learned, options.explained, job)
                explained = lessons.note
            if row in (DIRECT, ONE, TWO) and len(lessons.explained) < FEWEST:
                break
            print(row, flush=True)
            found[row] = points(row, lessons, test, job)
    except TimeUpError:
        print("the time is up; the same command goes on")
    put(options.page, "arc", page(options, found, {row: jobs[row].folder for row in found}, explained))
    print(f"wrote {options.page}")
    return 0


def page(options: argparse.Namespace, found: dict[str, Points], folders: dict[str, Path], explained: str) -> str:
    """Return the table and how it was measured."""
    spent = {row: minutes(folder) for row, folder in folders.items()}
    machines = sorted({on for folder in folders.values() for on in noted(folder)})
    alone = {i: i for some in found.values() for i in some}
    rows = []
    for row in (BASE, *RECIPES):
        got = share([found[row]], alone) if row in found else None
        differs = contrast([found[row]], [found[DIRECT]], alone) if got and DIRECT in found and row != DIRECT else None
        rows.append([row, *_share(got), *_contrast(differs), f"{spent[row]:.1f}" if spent.get(row) else "—"])
    return "\n\n".join(
        [
            "## ARC-Easy through the same chain",
            made_with(options.command, machines),
            table(["row", "right (95 %)", "n", "minus direct", "better / worse", "p", "minutes"], rows),
            f"Learned: {options.learned:,} questions of the training split, spread evenly; asked: {options.asked:,} of "
            f"the test split. The teacher is the untrained base, shown the right answer; {explained}. The rows direct, "
            "one-stage and two-stage learn from the explained questions alone; with fewer than "
            f"{FEWEST} they are not run, and the row of all questions has nobody's rationales. About "
            f"{options.tokens:,} tokens each, one seed. Scored by "
            "the summed log-likelihood of each option's text with the options in sight; so nothing here compares with "
            "results that were published with other prompts or scores.",
        ]
    )


def _share(found: Share | None) -> list[str]:
    if found is None:
        return ["—", "—"]
    return [f"{100 * found.value:.1f} ({100 * found.low:.1f} to {100 * found.high:.1f})", f"{found.n:,}"]


def _contrast(found: Contrast | None) -> list[str]:
    if found is None:
        return ["—"] * 3
    spread = f"{100 * found.difference:+.1f} ({100 * found.low:+.1f} to {100 * found.high:+.1f})"
    return [spread, f"{found.better[0]} / {found.worse[0]}", f"{found.p:.3g}"]


def main() -> None:
    """Run, and say in one sentence what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--minutes", type=float, help="stop cleanly after so many")
    add("--learned", type=int, default=2000, help="training questions (default 2000)")
    add("--explained", type=int, default=300, help="of these, questions that the teacher explains (default 300)")
    add("--asked", type=int, default=1000, help="test questions (default 1000)")
    add("--tokens", type=int, default=200_000, help="training tokens of each row (default 200000)")
    add("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE", help="such as training.rank=16")
    add("--data", type=Path, default=DATA, help="folder with arc/")
    add("--out", type=Path, default=ROOT / "runs" / "arc", help="where all is kept (default runs/arc)")
    add("--page", type=Path, default=ROOT / "docs" / "results.md", help="page to put the table into")
    options = parser.parse_args()
    options.command = shlex.join(["python", "-m", "benchmarks.students.arc", *sys.argv[1:]])
    finish(lambda: run(options))


if __name__ == "__main__":
    main()
