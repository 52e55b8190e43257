"""The stages from training on: student, answers, audit, report. What each reads, does and writes."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from failwise.errors import InputError
from failwise.evaluation.answers import BASE, askable, askable_of
from failwise.evaluation.records import Answer
from failwise.files import read_records
from failwise.generation.formats.question_files import QUESTIONS
from failwise.generation.rationales.job import RATIONALES
from failwise.generation.records import Question, Rationale
from failwise.manifest import Outcome
from failwise.progress import Bar
from failwise.run_folder import BASE_ANSWERS, STUDENT_ANSWERS, Run, base_answers
from failwise.stage import Bars
from failwise.training.bases import exact_name
from failwise.training.config import EMBEDDED, TrainingConfig
from failwise.training.contract import FIRST, DecodeContract, student_files
from failwise.training.recipe import load_recipe
from failwise.training.records import Mode

if TYPE_CHECKING:
    from failwise.kg.graph import KnowledgeGraph

# --- student ---


def teach_student(run: Run, folder: Path, outcome: Outcome, bars: Bars) -> None:
    """Train the student on the training questions; never on those of an audit, this run's or a frozen one."""
    from failwise.generation.splitting.frozen import refuse_training_on

    tested, several = run.test_questions(), load_recipe(run.config.training.recipe).asked is Mode.VERDICT
    _refuse_unaskable(tested, askable(tested, several=several))
    questions, taken = run.split("train"), run.config.questions.file
    for path in (run.file("questions", QUESTIONS), *([taken] if taken else [])):
        refuse_training_on(questions, path)
    rationales = run.file("rationales", RATIONALES)
    train(questions, rationales, run.config.training, folder, outcome, bars, lambda: run.graph)


def train(
    questions: Sequence[Question],
    rationales: Path | None,
    config: TrainingConfig,
    folder: Path,
    outcome: Outcome,
    bars: Bars,
    graph: "Callable[[], KnowledgeGraph]",
    start: Path | None = None,
) -> None:
    """Train a student into `folder`, with a bar that shows the loss.

    Args:
        rationales: needed by recipes that learn reasons.
        graph: asked for by recipes that learn views of a question, or facts one by one.
        start: a student to train on.

    Raises:
        InputError: the recipe needs rationales and there are none.
    """
    from failwise.training.extra import need_train_extra

    need_train_extra("training a student")
    from failwise.training.recipe import load_recipe
    from failwise.training.student import Material, train_student

    recipe = load_recipe(config.recipe)
    if recipe.needs_rationales and rationales is None:
        raise InputError(
            f"the recipe {config.recipe!r} learns from rationales and there are none; give a rationales.jsonl "
            "(`failwise rationales generate` writes one), or take a recipe without them, such as 'answer'"
        )
    variants = _variants(questions, recipe.views, config.seed, graph) if recipe.views else []
    rows = _rows(questions, graph) if recipe.teaches_facts else []
    reasons = {r.question_id: r for r in read_records(rationales, Rationale)} if rationales else {}
    with bars("training", 0) as bar:

        def step(done: int, total: int, loss: float) -> None:
            bar.total(total)
            bar.reach(done, f"loss {loss:.3f}")

        result = train_student(Material(questions, reasons, variants, rows), config, folder, step, start)
    tenth = len(result.losses) // 10 + 1
    losses = {"first loss": _mean(result.losses[:tenth]), "last loss": _mean(result.losses[-tenth:])}
    tasks = {
        f"{t.name}: first and last loss": [_mean(t.losses[:tenth]), _mean(t.losses[-tenth:])]
        for t in result.tasks
        if t.losses  # a short training may have no example of it
    }
    counts = {k: v for k, v in asdict(result).items() if k not in ("losses", "tasks")}
    stages = [folder, folder / FIRST] if recipe.first else [folder]
    files = [stage / name for stage in stages for name in student_files(config.method)]
    outcome.record(counts | losses | tasks, *files)


def _rows(questions: Sequence[Question], graph: "Callable[[], KnowledgeGraph]") -> list[Question]:
    from failwise.generation.drawing.rows import row_questions

    return list(row_questions(questions, graph()))


def _variants(
    questions: Sequence[Question], kinds: Sequence[str], seed: int, graph: "Callable[[], KnowledgeGraph]"
) -> list[Question]:
    from failwise.generation.perturbing.perturb import perturb

    return list(perturb(questions, kinds, graph=graph(), seed=seed))


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 3)


# --- answers, audit, report ---


def ask_student(run: Run, folder: Path, outcome: Outcome, bars: Bars) -> None:
    """Ask the student, and the untrained base, the test questions; those for several options are not asked."""
    questions = _audit_questions(run)
    todo = askable_of(run.config.folder / "student", questions, run.config.evaluation)
    _refuse_unaskable(questions, todo)
    if several := len(questions) - len(todo):
        outcome.record({"left out (asks for several options)": several})
    asked: list[tuple[str | Path, str]] = [(run.config.folder / "student", STUDENT_ANSWERS)]
    if run.config.evaluation.base:
        contract = DecodeContract.load(run.config.folder / "student")
        exact = exact_name(contract.base, contract.base_revision)
        asked.append((BASE if contract.base == EMBEDDED else exact, BASE_ANSWERS))
    for who, name in asked:
        with bars(f"asking the {name.removesuffix('.jsonl')}", len(todo)) as bar:
            answers = _answers(run, who, todo, folder / name, bar)
        answered = {a.question_id for a in answers}
        todo = [q for q in todo if q.id in answered]  # the base is asked the same
        share = round(sum(a.right for a in answers) / len(answers), 4)
        outcome.record({f"{name.removesuffix('.jsonl')} accuracy": share}, folder / name)


def _refuse_unaskable(questions: Sequence[Question], todo: Sequence[Question]) -> None:
    if not questions:
        raise InputError("there is no test question to ask; set questions.test_per_fact to 1 or more")
    if not todo:
        raise InputError(
            f"each of the {len(questions):,} test questions asks for several options, and this student is asked for "
            "one; set questions.multiple_share below 1, or train with the recipe 'verdicts', which judges each option"
        )


def _answers(run: Run, who: str | Path, questions: Sequence[Question], path: Path, bar: Bar) -> list[Answer]:
    """Ask one of the two; the student no longer than its verdicts take, where that is wanted."""
    from failwise.evaluation.answers import write_answers, write_until_decided

    config, is_student = run.config.evaluation, path.name == STUDENT_ANSWERS
    if config.until_decided and is_student:
        return write_until_decided(who, questions, config, path, run.graph, bar.advance)
    if config.engine == "server" and not is_student:  # what is served under the student's name is not its base
        config = config.model_copy(update={"engine": "transformers", "base_url": "", "model": ""})
    return write_answers(who, questions, config, path, bar.advance)


def _audit_questions(run: Run) -> list[Question]:
    """Return the questions of the audit; where they were frozen, they must not have changed since."""
    from failwise.generation.splitting.frozen import check_frozen

    check_frozen(run.file("questions", QUESTIONS))
    return run.test_questions()


def audit_student(run: Run, folder: Path, outcome: Outcome, bars: Bars) -> None:
    """Turn answers into scores, states of facts, and roll-ups."""
    from failwise.evaluation.audit import audit_answers
    from failwise.evaluation.audit_files import write_audit
    from failwise.evaluation.sources import LoadedQuestions, open_answers
    from failwise.evaluation.stamp import stamp_of

    questions, answers = _audit_questions(run), open_answers(run.file("answers", STUDENT_ANSWERS))
    asked = {answer.question_id for answer in answers}
    stamp = stamp_of(run.config.folder / "student", (q for q in questions if q.id in asked)).text
    audited = audit_answers(run.graph, LoadedQuestions(questions), answers, base_answers(run), stamp=stamp,
                            until_decided=run.config.evaluation.until_decided)  # fmt: skip
    outcome.record(audited.states(), *write_audit(folder, audited))


def write_report(run: Run, folder: Path, outcome: Outcome, bars: Bars) -> None:
    """Write the report."""
    from failwise.evaluation.reporting.page import REPORT
    from failwise.evaluation.reporting.page import write_report as write
    from failwise.report_data import report_data

    write(report_data(run), folder / REPORT)
    outcome.record({}, folder / REPORT)
