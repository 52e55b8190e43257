"""The stages up to what a student is taught: ontology, questions, rationales. What each reads, does and writes."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from failwise.errors import InputError, OntologyError
from failwise.files import write_records
from failwise.generation.rationales.job import RATIONALES, REJECTS
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Finding, Truth
from failwise.manifest import Outcome, set_aside_folders
from failwise.run_folder import FACTS, FINDINGS, RELATIONS, Run
from failwise.stage import Bars

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
    from failwise.generation.rationales.job import carry_over, dropped
    from failwise.generation.rationales.job import write_rationales as write

    questions, left_out = for_the_teacher(run.split("train"))
    offers = run.offers()
    config, files = run.config.rationales, (folder / RATIONALES, folder / REJECTS)
    if not questions:  # a set without facts is taught by its answers alone
        for path in files:
            write_records(path, ())
        outcome.record({"accepted": 0, "rejected": 0, "tokens": 0} | left_out, *files)
        return
    kept = carry_over(questions, run.graph, config, folder, set_aside_folders(folder), offers)
    with bars("rationales", len(questions)) as bar:
        counts = write(questions, run.graph, config, folder, bar.advance, offers=offers, files=run.fleet_files())
    told = asdict(counts) | {"kept from before": kept}
    told = {what: n for what, n in told.items() if n or what in ("accepted", "rejected")}
    outcome.record(told | dropped(folder) | left_out, *files)


def for_the_teacher(questions: Sequence[Question]) -> tuple[list[Question], dict[str, int]]:
    """Return the questions that a teacher can reason about, and how many were left out, by reason."""
    kept = [q for q in questions if any(q.fact_ids)]
    left_out = len(questions) - len(kept)
    return kept, {"left out (no facts)": left_out} if left_out else {}
