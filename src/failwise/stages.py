"""The stages of a run: what each reads, does and writes. `run.py` puts them in order."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import BaseModel

from failwise.config import RunConfig
from failwise.errors import InputError, OntologyError
from failwise.evaluation.records import Answer
from failwise.files import content_id, file_digest, read_records, write_records
from failwise.generation.config import QuestionsConfig
from failwise.generation.formats.intact import check_intact
from failwise.generation.formats.question_files import QUESTIONS
from failwise.generation.rationales import RATIONALES, REJECTS, request_fingerprint
from failwise.generation.records import Arity, Question, Rationale
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Finding, Truth
from failwise.manifest import Outcome, StageFolder, set_aside_folders
from failwise.progress import Bar
from failwise.run_folder import (
    ADAPTER,
    AUDITS,
    BASE_ANSWERS,
    CONTRACT,
    FACTS,
    FINDINGS,
    REPORT,
    ROLL_UPS,
    SCORES,
    STUDENT_ANSWERS,
    Run,
    base_answers,
)
from failwise.training.config import TrainingConfig

Bars = Callable[[str, int], AbstractContextManager[Bar]]

RELATIONS = "relations.jsonl"


@dataclass(frozen=True)
class Stage:
    """A step of a run. `reads` names files of earlier stages; `seconds` estimates the work before it is done."""

    name: str
    section: Callable[[RunConfig], BaseModel]
    reads: tuple[tuple[str, str], ...]
    work: Callable[[Run, Path, Outcome, Bars], None]
    estimate: Callable[[Run], tuple[str, float]]

    def folder(self, run: Run) -> StageFolder:
        """Return the stage's folder in a run; all that it reads must be there."""
        inputs = {f"{stage}/{name}": self._input(run, stage, name) for stage, name in self.reads}
        if self.name in _READ_THE_ONTOLOGY:
            inputs["ontology"] = run.graph.digest
        if self.name == "questions":
            inputs |= question_inputs(run.config.questions)
        return StageFolder(self.name, run.config.folder / self.name, self.section(run.config), inputs)

    def _input(self, run: Run, stage: str, name: str) -> str:
        """Return a digest of what this stage makes of a file, so that a change it does not see voids nothing.

        Raises:
            InputError: the questions are not those that their certificates speak of.
        """
        if name == QUESTIONS:
            check_intact(run.file(stage, name))
        digest = _DIGESTS.get((self.name, name))
        return digest(run) if digest else file_digest(run.file(stage, name))

    def ready(self, run: Run) -> bool:
        """Say whether all that the stage reads is there."""
        return all(run.file(stage, name).is_file() for stage, name in self.reads)


# --- what a stage depends on ---


def question_inputs(config: QuestionsConfig) -> dict[str, str]:
    """Digest the files that questions are made from: a plan, or a question file.

    Raises:
        InputError: there is no such file.
    """
    files = {name: path for name, path in (("plan", config.plan), ("file", config.file)) if path}
    return {name: input_digest(path) for name, path in files.items()}


def input_digest(path: Path) -> str:
    """Digest a file that the user named.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return file_digest(path)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def _requests(run: Run) -> str:
    """Digest what a teacher is asked: every training question with its evidence in words."""
    questions, config = run.split("train"), run.config.rationales
    return content_id([request_fingerprint(q, run.graph, config) for q in questions])


def _taught_questions(run: Run) -> str:
    return asked_digest(run.split("train"))


def _tested_questions(run: Run) -> str:
    return asked_digest(run.test_questions())


def asked_digest(questions: Sequence[Question]) -> str:
    """Digest what a student sees of questions: not the ontology's digest, nor how hard a question is for a guesser."""
    return content_id([(q.id, q.question, q.options, q.option_ids, q.correct) for q in questions])


def _taught_rationales(run: Run) -> str:
    """Digest what a student sees of rationales; their order in the file, which changes from run to run, is no part."""
    rationales = read_records(run.file("rationales", RATIONALES), Rationale)
    return content_id(sorted((r.question_id, r.text, r.answer) for r in rationales))


# Stages that read the graph itself, beside files. They take seconds, so any change of the ontology voids them.
_READ_THE_ONTOLOGY = {"ontology", "questions", "audit", "report"}

# By stage and file read: what of that file counts, where it is not every byte.
_DIGESTS: dict[tuple[str, str], Callable[[Run], str]] = {
    ("rationales", QUESTIONS): _requests,
    ("student", QUESTIONS): _taught_questions,
    ("student", RATIONALES): _taught_rationales,
    ("answers", QUESTIONS): _tested_questions,
}


# --- ontology ---


def check_ontology(run: Run, folder: Path, outcome: Outcome, bars: Bars) -> None:
    """Check the ontology; write its facts, and its relations with their words."""
    write_records(folder / FINDINGS, refuse_errors(run))
    write_records(folder / RELATIONS, run.graph.relations.values())
    write_records(folder / FACTS, run.graph.facts.values())
    truths = [f.truth for f in run.graph.facts.values()]
    counts = {"asset classes": len(run.graph.asset_classes), "facts": len(truths)}
    written = (folder / FACTS, folder / RELATIONS, folder / FINDINGS)
    outcome.record(counts | {t.value: truths.count(t) for t in Truth}, *written)


def refuse_errors(run: Run) -> list[Finding]:
    """Check the ontology against its shapes; return the findings that are no errors.

    Raises:
        OntologyError: a shape is broken.
    """
    from failwise.kg.check import check

    findings = check(run.ontology, run.graph)
    errors = [f for f in findings if f.level == "ERROR"]
    if errors:
        first = errors[0]
        value = f" (value: {first.value})" if first.value else ""
        raise OntologyError(
            f"{first.file}: {first.node}: {first.message}{value}; {len(errors)} such errors in all, "
            "`failwise ontology check` lists them"
        )
    return findings


# --- questions ---


def write_questions(run: Run, folder: Path, outcome: Outcome, bars: Bars) -> None:
    """Make all questions, or take them from a file."""
    from failwise.question_set import make_questions, refuse_wordless

    if not run.config.questions.file:
        refuse_wordless(run.ontology, run.graph)
    counts, files = make_questions(run.graph, run.config.questions, folder, source=run.config.ontology)
    outcome.record(counts, *files)


def refuse_foreign(questions: Sequence[Question], graph: KnowledgeGraph, path: Path, split: str) -> None:
    """Refuse questions a teacher cannot reason about with this ontology.

    Raises:
        InputError: there is none of that split, or one names a fact that the ontology does not have.
    """
    from failwise.question_set import refuse_foreign_facts

    if not questions:
        raise InputError(f"{path} has no question of the split {split!r}")
    refuse_foreign_facts(questions, graph, path)


# --- rationales ---


def write_rationales(run: Run, folder: Path, outcome: Outcome, bars: Bars) -> None:
    """Have the teacher reason about the training questions; what it wrote to the very same ones before is kept."""
    from failwise.generation.rationales import carry_over
    from failwise.generation.rationales import write_rationales as write

    questions, left_out = for_the_teacher(run.split("train"))
    config, files = run.config.rationales, (folder / RATIONALES, folder / REJECTS)
    if not questions:  # a set without facts is taught by its answers alone
        for path in files:
            write_records(path, ())
        outcome.record({"accepted": 0, "rejected": 0, "tokens": 0} | left_out, *files)
        return
    kept = carry_over(questions, run.graph, config, folder, set_aside_folders(folder))
    with bars("rationales", len(questions)) as bar:
        counts = write(questions, run.graph, config, folder, bar.advance)
    outcome.record(asdict(counts) | {"kept from before": kept} | left_out, *files)


def for_the_teacher(questions: Sequence[Question]) -> tuple[list[Question], dict[str, int]]:
    """Return the questions that a teacher can reason about, and how many were left out, by reason."""
    kept, left_out = [], Counter[str]()
    for question in questions:
        if question.arity is Arity.MULTIPLE or sum(question.correct) != 1:
            left_out["left out (asks for several options)"] += 1
        elif not any(question.fact_ids):
            left_out["left out (no facts)"] += 1
        else:
            kept.append(question)
    return kept, dict(left_out)


# --- student ---


def teach_student(run: Run, folder: Path, outcome: Outcome, bars: Bars) -> None:
    """Train the student on the training questions; never on those of an audit, this run's or a frozen one."""
    from failwise.generation.splitting.frozen import refuse_training_on

    questions, taken = run.split("train"), run.config.questions.file
    for path in (run.file("questions", QUESTIONS), *([taken] if taken else [])):
        refuse_training_on(questions, path)
    train(questions, run.file("rationales", RATIONALES), run.config.training, folder, outcome, bars)


def train(
    questions: Sequence[Question],
    rationales: Path | None,
    config: TrainingConfig,
    folder: Path,
    outcome: Outcome,
    bars: Bars,
) -> None:
    """Train a student into `folder`, with a bar that shows the loss; without rationales it is taught the answers."""
    from failwise.training.extra import need_train_extra

    need_train_extra("training a student")
    from failwise.training.student import train_student

    reasons = {r.question_id: r for r in read_records(rationales, Rationale)} if rationales else {}
    with bars("training", 0) as bar:

        def step(done: int, total: int, loss: float) -> None:
            bar.total(total)
            bar.reach(done, f"loss {loss:.3f}")

        result = train_student(questions, reasons, config, folder, step)
    tenth = len(result.losses) // 10 + 1
    losses = {"first loss": _mean(result.losses[:tenth]), "last loss": _mean(result.losses[-tenth:])}
    counts = {k: v for k, v in asdict(result).items() if k != "losses"}
    outcome.record(counts | losses, folder / ADAPTER, folder / CONTRACT)


# --- answers, audit, report ---


def ask_student(run: Run, folder: Path, outcome: Outcome, bars: Bars) -> None:
    """Ask the student, and the untrained base, the test questions; those for several options are not asked."""
    from failwise.evaluation.answers import BASE, single_answer, write_answers

    questions = _audit_questions(run)
    if not questions:
        raise InputError("there is no test question to ask; set questions.test_per_fact to 1 or more")
    askable = single_answer(questions)
    if not askable:
        raise InputError(
            f"each of the {len(questions):,} test questions asks for several options, and only those with one are "
            "scored; set questions.multiple_share below 1, or take another question file"
        )
    if several := len(questions) - len(askable):
        outcome.record({"left out (asks for several options)": several})
    asked: list[tuple[str | Path, str]] = [(run.config.folder / "student", STUDENT_ANSWERS)]
    if run.config.evaluation.base:
        asked.append((BASE if run.config.training.base == "embedded" else run.config.training.base, BASE_ANSWERS))
    for who, name in asked:
        with bars(f"asking the {name.removesuffix('.jsonl')}", len(askable)) as bar:
            answers = write_answers(who, askable, run.config.evaluation, folder / name, bar.advance)
        share = round(sum(a.right for a in answers) / len(answers), 4)
        outcome.record({f"{name.removesuffix('.jsonl')} accuracy": share}, folder / name)


def _audit_questions(run: Run) -> list[Question]:
    """Return the questions of the audit; where they were frozen, they must not have changed since."""
    from failwise.generation.splitting.frozen import check_frozen

    check_frozen(run.file("questions", QUESTIONS))
    return run.test_questions()


def audit_student(run: Run, folder: Path, outcome: Outcome, bars: Bars) -> None:
    """Turn answers into scores, states of facts, and roll-ups."""
    from failwise.evaluation.audit import STATES, audit_facts, match, roll_up
    from failwise.evaluation.scores import score_rows

    questions, answers = _audit_questions(run), list(read_records(run.file("answers", STUDENT_ANSWERS), Answer))
    probes = match(questions, answers)
    audits = audit_facts(run.graph, probes)
    write_records(folder / AUDITS, audits)
    write_records(folder / ROLL_UPS, roll_up(run.graph, probes))
    write_records(folder / SCORES, score_rows(questions, run.graph, answers, base_answers(run)))
    states = [a.state for a in audits if a.truth != Truth.UNKNOWN]
    outcome.record({s: states.count(s) for s in STATES}, *(folder / n for n in (AUDITS, ROLL_UPS, SCORES)))


def write_report(run: Run, folder: Path, outcome: Outcome, bars: Bars) -> None:
    """Write the report."""
    from failwise.evaluation.report import write_report as write
    from failwise.report_data import report_data

    write(report_data(run), folder / REPORT)
    outcome.record({}, folder / REPORT)


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 3)
