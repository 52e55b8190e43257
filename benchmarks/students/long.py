"""One recipe with the time it needs, asked all of FailureSensorIQ's questions, as they were and simply perturbed.

Run with `python -m benchmarks.students.long`; interrupted, the same command goes on. What is taught stands in
benchmarks/failuresensoriq.yaml: the facts are ours, the wording and the options asked are FailureSensorIQ's, and no
student learns from them.
"""

import argparse
import shlex
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from benchmarks.students.command import DATA, ROOT, finish
from benchmarks.students.material import ORIGINAL, PERTURBED, Sources
from benchmarks.students.pages import put, table
from benchmarks.students.shares import Clusters, Points, Share, share
from benchmarks.students.table import made_with
from failwise.config import RunConfig, load_config
from failwise.evaluation.answers import sample, write_answers
from failwise.evaluation.baselines import model_free_points
from failwise.evaluation.clustered import anchor_of
from failwise.files import read_json, read_records, write_records
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.formats.question_files import QUESTIONS
from failwise.generation.records import Question
from failwise.manifest import Outcome
from failwise.progress import progress_bar
from failwise.stage import Bars
from failwise.student_stages import train

CONFIG = ROOT / "benchmarks" / "failuresensoriq.yaml"
NAME = "long"
PRIOR = "other-assets prior"
RELEVANCIES = {
    "relevant_sensors_for_failure_mode": "sensors that indicate a failure mode",
    "irrelevant_sensors_for_failure_mode": "sensors that do not",
    "relevant_failure_modes_for_sensor": "failure modes that a sensor indicates",
    "irrelevant_failure_modes_for_sensor": "failure modes that it does not",
}


def taught(config: RunConfig, sources: Sources, out: Path, bars: Bars) -> Path:
    """Make the questions and the student, as far as they are not there, and return the student's folder."""
    path, student = out / QUESTIONS, out / "student"
    if not path.is_file():
        write_records(path, Synthesis(sources.graph, config.questions))
    learned = [q for q in read_records(path, Question) if q.split == "train"]
    train(learned, None, config.training, student, Outcome(), bars, lambda: sources.graph)
    return student


def ask(config: RunConfig, student: Path, questions: Sequence[Question], path: Path, bars: Bars) -> Points:
    """Return the student's points by question; those that are on the disk are not asked for again."""
    with bars(path.stem, len(questions)) as bar:
        answers = write_answers(student, questions, config.evaluation, path, bar.advance)
    return {a.question_id: float(a.right) for a in answers}


def page(
    asked: Sequence[Question], points: dict[str, Points], prior: Points, trained: dict[str, object], command: str
) -> str:
    """Return the tables."""
    clusters: Clusters = {q.id: anchor_of(q) for q in asked}
    both = {i: min(right, points[PERTURBED][i]) for i, right in points[ORIGINAL].items()}
    rows = [
        ["original", *_share(points[ORIGINAL], clusters)],
        ["simple perturbed", *_share(points[PERTURBED], clusters)],
        ["both right", *_share(both, clusters)],
        ["other-assets prior, original", *_share(prior, clusters)],
    ]
    settings, result = trained["config"], trained["result"]
    assert isinstance(settings, dict) and isinstance(result, dict)
    told = ", ".join(f"{name} {settings[name]}" for name in ("rank", "learning_rate", "batch_size", "quantisation"))
    return "\n\n".join(
        [
            f"## Recipe {settings['recipe']} with the time it needs",
            made_with(command),
            table(["FailureSensorIQ", "right % (95 %)", "n", "anchors"], rows),
            table(["asked for", "right % (95 %)", "n", "anchors"], _parts(asked, points[ORIGINAL], clusters)),
            f"Taught: {CONFIG.relative_to(ROOT)} ({told}); {result['steps']:,} steps, {result['tokens']:,} tokens, "
            f"{result['seconds'] / 60:.0f} minutes, {result['peak_rss_mb'] / 1024:.1f} GB, one seed. Intervals: 2,000 "
            "resamples of anchors.",
        ]
    )


def _parts(asked: Sequence[Question], points: Points, clusters: Clusters) -> Iterator[list[str]]:
    """Yield a row for each kind of question, and for each asset class."""
    kinds, classes = defaultdict(list), defaultdict(list)
    for question in asked:
        kinds[RELEVANCIES.get(question.relevancy, question.relevancy)].append(question.id)
        classes[question.asset_name].append(question.id)
    for name, ids in (*sorted(kinds.items()), *sorted(classes.items())):
        yield [name, *_share({i: points[i] for i in ids}, clusters)]


def _share(points: Points, clusters: Clusters) -> list[str]:
    found: Share = share([points], clusters)
    percent = f"{100 * found.value:.1f} ({100 * found.low:.1f} to {100 * found.high:.1f})"
    return [percent, f"{found.n:,}", f"{found.clusters:,}"]


def run(options: argparse.Namespace) -> int:
    """Train, ask, and write the page."""
    config = load_config(RunConfig, CONFIG, options.overrides)
    sources = Sources(options.data, options.out, 0)
    pairs = {q.id: q for q in sources.perturbed}
    asked = sample([q for q in sources.original if q.id in pairs], options.asked or None)
    bars = partial(progress_bar, Console())
    student = taught(config, sources, options.out, bars)
    points = {
        name: ask(config, student, questions, options.out / f"{name}.jsonl", bars)
        for name, questions in ((ORIGINAL, asked), (PERTURBED, [pairs[q.id] for q in asked]))
    }
    prior = dict(zip([q.id for q in asked], model_free_points(asked, sources.graph)[PRIOR], strict=True))
    put(options.page, NAME, page(asked, points, prior, read_json(student / "training.json"), options.command))
    print(f"wrote {options.page}")
    return 0


def main() -> None:
    """Run, and say in one sentence what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--asked", type=int, default=0, help="most questions, spread evenly; 0: all (default)")
    add("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE", help="such as training.rank=16")
    add("--data", type=Path, default=DATA, help="folder with failuresensoriq/")
    add("--out", type=Path, default=ROOT / "runs" / "long", help="where all is kept (default runs/long)")
    add("--page", type=Path, default=ROOT / "docs" / "results.md", help="page to put the tables into")
    options = parser.parse_args()
    options.command = shlex.join(["python", "-m", "benchmarks.students.long", *sys.argv[1:]])
    finish(lambda: run(options))


if __name__ == "__main__":
    main()
