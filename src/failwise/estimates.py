"""How long the stages will roughly take. Speeds were measured with the embedded student on two CPU cores."""

import math

from failwise.run_folder import Run
from failwise.training.recipe import load_recipe

QUESTIONS_PER_SECOND = 10_000
RATIONALES_PER_SECOND = 8_000
# A model as teacher: one 150-token rationale takes about this long, divided by the requests in flight.
SECONDS_PER_RATIONALE = 3.0
SECONDS_PER_EXAMPLE = 0.35
START_TRAINING = 30.0
ANSWERS_PER_SECOND = 12.0
START_SCORING = 15.0


def ontology(run: Run) -> tuple[str, float]:
    """Estimate the check."""
    return f"check {len(run.graph.facts):,} facts of {len(run.graph.asset_classes)} asset classes", 3.0


def questions(run: Run) -> tuple[str, float]:
    """Count the questions by making them, which is quick."""
    train, test = _counts(run)
    return f"make {train:,} training and {test:,} test questions", (train + test) / QUESTIONS_PER_SECOND


def rationales(run: Run) -> tuple[str, float]:
    """Estimate the teacher's work."""
    train, config = _counts(run)[0], run.config.rationales
    graph = config.teacher == "graph"
    seconds = train / RATIONALES_PER_SECOND if graph else train * SECONDS_PER_RATIONALE / config.concurrency
    return f"write {train:,} rationales with the {config.teacher} teacher", seconds


def student(run: Run) -> tuple[str, float]:
    """Estimate the training."""
    config, train = run.config.training, _counts(run)[0]
    shares = [task.share for task in load_recipe(config.recipe).tasks]
    whole = train * sum(shares) / min(shares)  # a pass, in which every task shows all that it has
    steps = config.max_steps or math.ceil((config.epochs or 1.0) * whole / config.batch_size)
    what = f"train {config.base} for {steps:,} steps of {config.batch_size} examples"
    return what, START_TRAINING + steps * config.batch_size * SECONDS_PER_EXAMPLE


def answers(run: Run) -> tuple[str, float]:
    """Estimate the asking."""
    config, test = run.config.evaluation, _counts(run)[1]
    asked, models = min(test, config.limit or test), 2 if config.base else 1
    who = "the student and its base" if config.base else "the student"
    return f"ask {who} {asked:,} questions", models * (START_SCORING + asked / ANSWERS_PER_SECOND)


def audit(run: Run) -> tuple[str, float]:
    """Estimate the audit."""
    return "score the answers and audit the facts", 2.0


def report(run: Run) -> tuple[str, float]:
    """Estimate the report."""
    return "write the report", 1.0


def _counts(run: Run) -> tuple[int, int]:
    return run.planned_splits.count("train"), run.planned_splits.count("test")
