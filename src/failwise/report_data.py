"""What the report shows, gathered from the files of a run."""

from collections.abc import Iterable
from pathlib import Path

from failwise import __version__
from failwise.errors import InputError
from failwise.evaluation.answers import single_answer
from failwise.evaluation.coverage.findings import findings
from failwise.evaluation.records import (
    AUDITS,
    PERTURBED,
    ROLL_UPS,
    SCORES,
    SHORTCUTS,
    Accuracy,
    Answer,
    FactAudit,
    Perturbed,
    RollUp,
    Shortcut,
)
from failwise.evaluation.report import ReportData
from failwise.files import read_json, read_records
from failwise.generation.rationales.job import explain
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Truth
from failwise.manifest import MANIFEST
from failwise.run_folder import STUDENT_ANSWERS, Run, base_answers, read_config
from failwise.training.config import EMBEDDED

REGIMES = {
    "new-question": (
        "The student was trained on other questions about the same facts: this shows what it was taught and kept, "
        "not what it can conclude about equipment it never saw."
    ),
    "held-out-fact": (
        "The facts asked here were in no training question, neither as right nor as wrong option; their names were."
    ),
    "held-out-pair": "The pairs of names asked here were in no training question, on any asset class.",
    "held-out-entity": "The failure modes, sensors or other entities asked here were in no training question.",
    "held-out-asset": "Nothing about the asset classes asked here, their twins or their kin, was in the training.",
}

FROM_A_FILE = "The questions were taken from a file; what they share with the training is in its leakage certificate."

LIMITS = (
    "A student is asked by the likelihood of each option's text, not by what it would write freely.",
    "A fact counts as tested only by questions in which it is the right option.",
)
EMBEDDED_LIMIT = (
    "The embedded base model has 135 million parameters, is stored in 4 bits and is quantised again for training: "
    "it shows the method, not what a student of this kind can reach."
)
LISTED_LIMIT = (
    "Failure modes and sensors that a source lists for other asset classes only are read as no: not listed, which is "
    "less than impossible."
)


def saved_run(folder: Path) -> Run:
    """Return the run that is kept in a folder.

    Raises:
        InputError: the folder holds no run, or one that is not finished.
    """
    run = Run(read_config(folder))
    if not run.file("audit", MANIFEST).is_file():
        raise InputError(f"the run in {folder} is not audited yet; finish it with: failwise run CONFIG")
    if read_json(run.file("ontology", MANIFEST))["inputs"]["ontology"] != run.graph.digest:
        raise InputError(
            f"the ontology has changed since the run in {folder} was made, so its facts cannot be put into words; "
            "run it again with: failwise run CONFIG --redo"
        )
    return run


def headline(run: Run) -> list[Accuracy]:
    """Return the score table of a finished run."""
    return list(read_records(run.file("audit", SCORES), Accuracy))


def report_data(run: Run) -> ReportData:
    """Gather what the report shows from the files of a finished run."""
    audits = tuple(read_records(run.file("audit", AUDITS), FactAudit))
    rollups = tuple(read_records(run.file("audit", ROLL_UPS), RollUp))
    shortcuts = tuple(read_records(run.file("audit", SHORTCUTS), Shortcut))
    perturbed = tuple(read_records(run.file("audit", PERTURBED), Perturbed))
    known = {a.fact_id for a in audits} | {i for q in run.test_questions() for i in q.fact_ids if i}
    labels = {i: _sentence(run.graph, i) for i in known}
    answers = tuple(read_records(run.file("answers", STUDENT_ANSWERS), Answer))
    base = base_answers(run)
    manifests = {s: read_json(run.file(s, MANIFEST)) for s in ("ontology", "questions", "student", "answers")}
    return ReportData(
        title=run.config.title,
        created=str(manifests["answers"]["started"]),
        student=answers[0].student,
        base=base[0].student if base else None,
        regime=run.config.questions.regime,
        regime_text=FROM_A_FILE if run.config.questions.file else REGIMES[run.config.questions.regime],
        rows=tuple(headline(run)),
        audits=audits,
        rollups=rollups,
        questions=tuple(run.test_questions()),
        answers=answers,
        base_answers=base,
        rationales=tuple(explain(_explainable(run.test_questions()), run.graph)),
        labels=labels | {slug: e.label for slug, e in run.graph.asset_classes.items()},
        limits=_limits(run),
        manifest=_manifest_rows(run.graph.digest, manifests),
        findings=tuple(findings(rollups, shortcuts, perturbed)),
    )


def _limits(run: Run) -> tuple[str, ...]:
    tested = (run.graph.facts[q.tested_fact] for q in run.test_questions() if q.tested_fact)
    listed = any(fact.subject.iri == fact.asset_class.iri for fact in tested)
    embedded = run.config.training.base == EMBEDDED
    return (*LIMITS, *([EMBEDDED_LIMIT] if embedded else []), *([LISTED_LIMIT] if listed else []))


def _explainable(questions: Iterable[Question]) -> list[Question]:
    """Return the questions that the graph can give reasons for: for one option, with a fact behind each."""
    return [q for q in single_answer(questions) if q.fact_ids and all(q.fact_ids)]


def _manifest_rows(ontology: str, manifests: dict[str, dict[str, object]]) -> dict[str, str]:
    rows = {"failwise": __version__, "ontology": ontology}
    for stage, manifest in manifests.items():
        rows[f"{stage} fingerprint"] = str(manifest["fingerprint"])
        rows[f"{stage} configuration"] = str(manifest["config_passed"])
    rows["versions"] = str(manifests["student"]["versions"])
    return rows


def _sentence(graph: KnowledgeGraph, fact_id: str) -> str:
    fact = graph.facts[fact_id]
    if fact.truth is Truth.UNKNOWN:
        return f"{fact.subject.label}, {fact.object.label}: unknown"
    statement = graph.statement(fact)
    return f"{statement[0].upper()}{statement[1:]}."
