"""Measure what is not measured yet, and write the table.

Interrupted or out of time, the same command goes on: what is finished is kept and skipped, a training goes on from
its last checkpoint, and no question is asked twice. A table is written from what is there. What finished cells came to
is also put into a small file of the repository, from which another machine goes on.

A seed of all columns comes before the next seed, and new-question before the folds.
"""

import argparse
import os
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.students.command import DATA, ROOT, finish
from benchmarks.students.material import Sources
from benchmarks.students.measure import FAILED, TIME_UP, Job, finished, measure
from benchmarks.students.packing import measured_on, pack, unpack
from benchmarks.students.plan import (
    BASE,
    FREE,
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
from benchmarks.students.scores import Asked, clusters, cost, know, of_graph, of_models
from benchmarks.students.table import NAME, write_page
from failwise.kg.names import slugify
from failwise.training.recipe import load_recipe

KEPT = ROOT / "benchmarks" / "data" / "students.jsonl"


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for in this sitting. `asked` is the most questions of each set; None: all."""

    settings: Settings
    out: Path
    page: Path
    table: str
    kept: Path
    rows: tuple[str, ...]
    regimes: tuple[str, ...]
    folds: int
    seeds: tuple[int, ...]
    asked: int | None
    minutes: float | None
    jobs: int
    command: str

    @property
    def until(self) -> float:
        """Return the moment at which the sitting ends."""
        return float("inf") if self.minutes is None else time.time() + 60 * self.minutes


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.students", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--minutes", type=float, help="stop cleanly after so many; 0: write the table of what is there")
    add("--only", action="append", default=[], metavar="ROW", help=f"one of: {'; '.join(model_rows())}; again for more")
    add("--columns", default=",".join(REGIMES), help=f"regimes, by comma (default {','.join(REGIMES)})")
    add("--folds", type=int, help="folds of held-out-asset (default 3)")
    add("--seeds", default=None, help="by comma (default 0,1)")
    add("--asked", type=int, help="most questions of each set, 0: all (default 400)")
    add("--tokens", type=int, help="training tokens of every recipe (default 600000)")
    add("--classes", type=_names, default=(), help="asset classes taught and asked about, by comma (default all)")
    add("--jobs", type=int, default=1, help="cells at a time, for a GPU that one does not fill (default 1)")
    add("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE", help="such as training.rank=16")
    add("--data", type=Path, default=DATA, help=f"folder with failuresensoriq/ (default {DATA.name} of $FAILWISE_DATA)")
    add("--quick", action="store_true", help="a few steps, one fold, 60 questions a column: does it work at all?")
    add("--out", type=Path, help="where all is kept (default runs/students, quick: runs/students-quick)")
    add(
        "--kept",
        type=Path,
        help="file of finished cells, to go on elsewhere (default benchmarks/data/, quick: --out)",
    )
    add("--page", type=Path, help="page to put the table into (default docs/results.md, quick: in --out)")
    add("--table", default=NAME, help=f"name of the table's place in the page, for a second one (default {NAME})")
    return _options(parser, parser.parse_args(arguments), arguments)


def _names(given: str) -> list[str]:
    return sorted({slugify(name) for name in given.split(",")})


def _options(parser: argparse.ArgumentParser, given: argparse.Namespace, arguments: Sequence[str]) -> Options:
    quick = bool(given.quick)
    tokens, fold_count, seeds, asked, per_fact = (4000, 1, "0", 20, 2) if quick else (600_000, 3, "0,1", 400, 16)
    regimes = tuple(given.columns.split(","))
    if unknown := set(regimes) - set(REGIMES):
        parser.error(f"--columns {', '.join(sorted(unknown))}: columns are {', '.join(REGIMES)}")
    if given.jobs < 1:
        parser.error(f"--jobs {given.jobs}: at least one cell at a time")
    out = given.out or ROOT / "runs" / ("students-quick" if quick else "students")
    most = asked if given.asked is None else given.asked
    try:
        wanted = tuple(int(seed) for seed in (given.seeds or seeds).split(","))
    except ValueError:
        parser.error(f"--seeds {given.seeds}: numbers with commas between them, such as 0,1")
    return Options(
        settings=Settings(
            given.tokens or tokens, per_fact, tuple(given.overrides), str(given.data.resolve()), tuple(given.classes)
        ),
        out=out,
        table=given.table,
        kept=given.kept or (out / "kept.jsonl" if quick else KEPT),
        page=given.page or (out / "results.md" if quick else ROOT / "docs" / "results.md"),
        rows=tuple(chosen_rows(given.only)),
        regimes=regimes,
        folds=given.folds or fold_count,
        seeds=wanted,
        asked=most or None,
        minutes=given.minutes,
        jobs=given.jobs,
        command=shlex.join(["python", "-m", "benchmarks.students", *arguments]),
    )


def run(options: Options) -> int:
    """Measure, write the page, and return 0, or 1 where a cell failed."""
    until = options.until
    options.settings.keep(options.out)
    sources = Sources(Path(options.settings.data), options.out, options.settings.per_fact, options.settings.classes)
    chosen = folds(sources.graph, sources.classes)[: options.folds]
    everything = {c: sources.asked(c, options.asked) for c in columns(REGIMES, chosen)}
    if brought := unpack(options.kept, options.settings, _all(options, everything), everything, options.out):
        print(f"{brought} cells come from {options.kept}")
    known = know(everything, sources.known, options.out, until)
    todo = [c for c in everything if c.regime in options.regimes]
    if any(load_recipe(row).needs_rationales for row in options.rows if row not in (FREE, BASE)):
        for column in todo:  # before any cell, since several at a time would write one file
            if time.time() < until:
                sources.explain(column)
    failed = _sitting(options, list(cells(options.rows, todo, options.seeds)), everything, until)
    write(options, everything, known, chosen)
    return min(1, failed)


def _sitting(options: Options, todo: Sequence[Cell], asked: Mapping[Column, Asked], until: float) -> int:
    """Measure cells, some at a time, until the time is up; return how many failed."""
    left = [cell for cell in todo if not finished(cell, options.out, asked[cell.column])]
    print(f"{len(todo) - len(left)} of {len(todo)} cells are done", flush=True)
    jobs = [Job(c, options.settings, options.out, options.asked, until, os.getpid(), options.jobs) for c in left]
    pool = ThreadPoolExecutor(options.jobs)
    try:
        codes = [done.result() for done in [pool.submit(_one, job) for job in jobs]]
    finally:  # interrupted, nothing more is begun
        pool.shutdown(cancel_futures=True)
    if TIME_UP in codes:
        print("the time is up; the same command goes on")
    return codes.count(FAILED)


def _one(job: Job) -> int:
    """Measure a cell, where there is time left, and say how it went."""
    began = time.time()
    if began > job.until:
        return TIME_UP
    print(f"{job.cell}: begun", flush=True)
    code = measure(job)
    said = {FAILED: "failed", TIME_UP: "stopped"}.get(code, "done")
    print(f"{job.cell}: {said} after {(time.time() - began) / 60:.1f} minutes", flush=True)
    return code


def write(
    options: Options,
    asked: Mapping[Column, Asked],
    known: Mapping[str, dict[str, float]],
    chosen: Sequence[tuple[str, ...]],
) -> None:
    """Write the page from what is there."""
    runs = {}
    for regime in REGIMES:
        own = {column: sets for column, sets in asked.items() if column.regime == regime}
        for row in model_rows():
            runs[row, regime] = of_models(row, options.seeds if _has_seeds(row) else [0], own, options.out)
        for row in MODEL_FREE:
            runs[row, regime] = of_graph(row, own, known)
    measured = [cell for cell in _all(options, asked) if finished(cell, options.out, asked[cell.column])]
    pack(options.kept, options.settings, measured, asked, options.out)
    result = Result(
        rows=[*model_rows(), *MODEL_FREE],
        runs=runs,
        costs={row: cost(row, options.seeds, list(asked), options.out) for row in model_rows()},
        clusters=clusters(asked),
        settings=options.settings,
        asked=options.asked,
        folds=chosen,
        command=options.command,
        machines=sorted({on for cell in measured for on in measured_on(cell.folder(options.out))}),
    )
    write_page(options.page, result, options.table)
    print(f"wrote {options.page}")


def _all(options: Options, asked: Mapping[Column, Asked]) -> list[Cell]:
    """Return all cells of the table, whatever is asked for in this sitting."""
    return list(cells(model_rows(), list(asked), options.seeds))


def _has_seeds(row: str) -> bool:
    return Cell(row, Column(NEW), 0).trained


def main() -> None:
    """Run, and say in one sentence what is wrong."""
    finish(lambda: run(parse(sys.argv[1:])))


if __name__ == "__main__":
    main()
