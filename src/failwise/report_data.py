"""What the report shows, gathered from the files of a run or from an audit."""

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from failwise import __version__
from failwise.errors import InputError
from failwise.evaluation.answers import single_answer
from failwise.evaluation.audit import Audited
from failwise.evaluation.coverage.findings import findings
from failwise.evaluation.records import (
    AUDITS,
    CONFORMAL,
    PERTURBED,
    RELIABILITY,
    ROLL_UPS,
    SCORES,
    SHORTCUTS,
    Accuracy,
    Answer,
    Conformal,
    FactAudit,
    Perturbed,
    RollUp,
    Shortcut,
)
from failwise.evaluation.reliability import Bin
from failwise.evaluation.reporting.data import ReportData
from failwise.evaluation.stamp import stamp_of
from failwise.files import parse_record, read_json, read_records, read_text
from failwise.generation.balance.certificate import BalanceCertificate
from failwise.generation.formats.question_files import QUESTIONS
from failwise.generation.rationales.job import explain
from failwise.generation.records import Question
from failwise.generation.splitting.leakage import LeakageCertificate
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Truth
from failwise.kg.vocabulary import FIXED, FW, KINDS
from failwise.manifest import MANIFEST
from failwise.question_set import BALANCE_JSON, LEAKAGE_JSON
from failwise.run_folder import STUDENT_ANSWERS, Run, base_answers, read_config
from failwise.training.config import EMBEDDED

R = TypeVar("R")

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

BY_LIKELIHOOD = "A student is asked by the likelihood of each option's text, not by what it would write freely."
RIGHT_OPTION = "A fact counts as tested by questions in which it is the right option, or that ask for all right ones."
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
    if not run.file("audit", RELIABILITY).is_file():
        raise InputError(
            f"the run in {folder} was audited by an earlier version; audit it again with: failwise run CONFIG --redo"
        )
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

    def audited(name: str, record: type[R]) -> tuple[R, ...]:
        return tuple(read_records(run.file("audit", name), record))

    questions, audits = run.test_questions(), audited(AUDITS, FactAudit)
    rollups, perturbed = audited(ROLL_UPS, RollUp), audited(PERTURBED, Perturbed)
    shortcuts, rows = audited(SHORTCUTS, Shortcut), tuple(headline(run))
    answers, base = tuple(read_records(run.file("answers", STUDENT_ANSWERS), Answer)), base_answers(run)
    asked = {answer.question_id for answer in answers}
    manifests = {s: read_json(run.file(s, MANIFEST)) for s in ("ontology", "questions", "student", "answers")}
    regime = run.config.questions.regime
    return ReportData(
        title=run.config.title,
        created=str(manifests["answers"]["started"]),
        student=answers[0].student,
        base=base[0].student if base else None,
        regime=regime,
        regime_text=FROM_A_FILE if run.config.questions.file else REGIMES[regime],
        rows=rows,
        audits=audits,
        rollups=rollups,
        answers=answers,
        base_answers=base,
        limits=_limits(run.graph, questions, answers, embedded=run.config.training.base == EMBEDDED),
        manifest=_manifest_rows(run.graph.digest, manifests),
        findings=tuple(findings(rollups, shortcuts, perturbed, audits, run.config.evaluation.until_decided, rows)),
        perturbed=perturbed,
        conformal=audited(CONFORMAL, Conformal),
        reliability=audited(RELIABILITY, Bin),
        stamp=stamp_of(run.config.folder / "student", (q for q in questions if q.id in asked)).text,
        **_about(run.graph, questions, audits, run.file("questions", QUESTIONS)),
    )


def audit_report(
    audited: Audited, graph: KnowledgeGraph, questions: Path, inputs: Mapping[str, str], base: Sequence[Answer] = ()
) -> ReportData:
    """Return what the report of an audit shows; its questions are those that were read whole.

    Args:
        questions: the file that was asked; its certificates are looked for beside it.
        inputs: what the audit was made from, by name.
        base: the untrained base's answers.
    """
    asked = [question for question, _ in audited.asked]
    answers = tuple(answer for _, answer in audited.asked)
    claimed = {question.regime for question in asked}
    regime = claimed.pop() if len(claimed) == 1 else ""
    return ReportData(
        title=f"Audit of {audited.student}",
        created=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        student=audited.student,
        base=base[0].student if base else None,
        regime=regime or "not stated",
        regime_text=REGIMES.get(regime, FROM_A_FILE),
        rows=tuple(audited.scores),
        audits=tuple(audited.facts),
        rollups=tuple(audited.roll_ups),
        answers=answers,
        base_answers=tuple(base),
        limits=_limits(graph, asked, answers, embedded=False),
        manifest={"failwise": __version__, "ontology": graph.digest, **inputs},
        findings=tuple(audited.findings),
        perturbed=tuple(audited.perturbed),
        conformal=tuple(audited.conformal),
        reliability=tuple(audited.reliability),
        stamp=audited.stamp,
        part=_part(audited),
        **_about(graph, asked, audited.facts, questions),
    )


def _part(audited: Audited) -> str:
    if audited.read == audited.answers:
        return ""
    return (
        f"Facts and groups rest on all {audited.answers:,} answers; scores, pictures and the questions shown on the "
        f"{audited.read:,} that were read whole, drawn by a hash of their ids where there are very many."
    )


def _about(graph: KnowledgeGraph, questions: list[Question], audits: Iterable[FactAudit], path: Path) -> dict[str, Any]:
    """Return what the ontology and the certificates say about the questions."""
    known = {a.fact_id for a in audits} | {i for q in questions for i in q.fact_ids if i}
    kinds = {name: (_kind(r.domain), _kind(r.range)) for name, r in graph.relations.items()}
    return {
        "questions": tuple(questions),
        "rationales": tuple(explain(_explainable(questions), graph)),
        "labels": {i: sentence(graph, i) for i in known} | {slug: e.label for slug, e in graph.asset_classes.items()},
        "kinds": {name: ends for name, ends in kinds.items() if any(ends)},
        "balance": _certificate(path, BALANCE_JSON, BalanceCertificate),
        "leakage": _certificate(path, LEAKAGE_JSON, LeakageCertificate),
    }


def _kind(iri: str) -> str:
    """Return what the things at one end of a relation are, where their names tell rows of facts apart."""
    return KINDS[iri].name if iri in KINDS and iri not in (FW.AssetClass, *FIXED) else ""


def _certificate(questions: Path, name: str, record: type[R]) -> R | None:
    """Return a certificate that stands beside a question file and speaks of it."""
    path = questions.with_name(name)
    if not path.is_file() or read_json(path).get("file") != questions.name:
        return None
    return parse_record(read_text(path).encode(), record, str(path))


def _limits(
    graph: KnowledgeGraph, questions: Iterable[Question], answers: Iterable[Answer], *, embedded: bool
) -> tuple[str, ...]:
    tested = (graph.facts[q.tested_fact] for q in questions if q.tested_fact)
    listed = any(fact.subject.iri == fact.asset_class.iri for fact in tested)
    said = {
        BY_LIKELIHOOD: any(answer.scores for answer in answers),
        RIGHT_OPTION: True,
        EMBEDDED_LIMIT: embedded,
        LISTED_LIMIT: listed,
    }
    return tuple(text for text, holds in said.items() if holds)


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


def sentence(graph: KnowledgeGraph, fact_id: str) -> str:
    """Return a fact in words, as a sentence of its own."""
    fact = graph.facts[fact_id]
    if fact.truth is Truth.UNKNOWN:
        return f"{fact.subject.label}, {fact.object.label}: unknown"
    statement = graph.statement(fact)
    return f"{statement[0].upper()}{statement[1:]}."
