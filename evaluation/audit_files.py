"""An audit as files: records to work with, tables for a spreadsheet, and a page to read."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

from failwise.evaluation.audit import Audited
from failwise.evaluation.measures import FILE as MEASURES
from failwise.evaluation.measures import Measure
from failwise.evaluation.records import (
    AUDITS,
    CONFORMAL,
    HOLES,
    PERTURBED,
    RELIABILITY,
    ROLL_UPS,
    SCORES,
    SHORTCUTS,
    Accuracy,
    Conformal,
    FactAudit,
    Perturbed,
    RollUp,
    Shortcut,
)
from failwise.evaluation.reliability import Bin, brier_score, calibration_error
from failwise.files import write_records, write_text
from failwise.kg.sheets.rows import harmless
from failwise.markdown import interval, percent, plain, table

PAGE = "audit.md"

# Dimensions of the page, and how many holes it lists; the tables hold all.
_ON_THE_PAGE = ("all", "relation", "asset_class", "direction", "polarity")
_HOLES = 20


def write_audit(folder: Path, audited: Audited) -> list[Path]:
    """Write an audit into a folder; return the files."""
    tables: dict[str, tuple[type, Sequence[Any]]] = {
        AUDITS: (FactAudit, audited.facts),
        ROLL_UPS: (RollUp, audited.roll_ups),
        SCORES: (Accuracy, audited.scores),
        MEASURES: (Measure, audited.measures),
        SHORTCUTS: (Shortcut, audited.shortcuts),
        PERTURBED: (Perturbed, audited.perturbed),
        CONFORMAL: (Conformal, audited.conformal),
        RELIABILITY: (Bin, audited.reliability),
    }
    texts = {PAGE: markdown(audited)}
    for name, (record, rows) in tables.items():
        write_records(folder / name, rows)
        texts[Path(name).with_suffix(".csv").name] = as_csv(record, rows)
    write_records(folder / HOLES, audited.holes())
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in (*tables, HOLES, *texts)]


def as_csv(record: type, rows: Iterable[Any]) -> str:
    """Return records as a table. A cell that a spreadsheet would run as a formula gets an apostrophe in front."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(record)])
    for row in rows:
        writer.writerow([harmless(v) if isinstance(v, str) else v for v in astuple(row)])
    return text.getvalue()


def markdown(audited: Audited) -> str:
    """Return what was found as a page: in words, by group, the scores, the first of the holes."""
    stamp = [f"**{plain(audited.stamp)}**\n"] if audited.stamp else []
    blocks = [
        f"# Audit of {plain(audited.student)}\n",
        *stamp,
        *_counted(audited),
        *_said(audited),
        *_groups(audited.roll_ups),
    ]
    unsure = (*_reliability(audited), *_conformal(audited))
    return "\n".join([*blocks, *_scores(audited), *_perturbed(audited), *unsure, *_holes(audited)])


def _counted(audited: Audited) -> Iterator[str]:
    states = ", ".join(f"{count:,} {state}" for state, count in audited.states().items())
    left = f", {audited.untied:,} of them to questions that test no single fact" if audited.untied else ""
    silent = f", {audited.unanswered:,} without a choice" if audited.unanswered else ""
    mistaken = f"Of the known ones {audited.mistaken():.1f} are expected not to be. " if audited.mistaken() else ""
    yield f"{audited.answers:,} answers{left}{silent}. Facts: {states}. {mistaken}\n"


def _said(audited: Audited) -> Iterator[str]:
    if audited.findings:
        yield "\n".join(f"- {plain(finding.text)}" for finding in audited.findings) + "\n"


def _groups(rows: Sequence[RollUp]) -> Iterator[str]:
    shown = [row for row in rows if row.dimension in _ON_THE_PAGE]
    if not shown:
        return
    columns = ("group", "facts", "known", "wrong", "inconsistent", "undersampled", "untested", "share known, %", "95 %",
               "answers", "right, %", "chance, %")  # fmt: skip
    yield "## Groups of facts\n"
    yield table(columns, map(_group, shown))


def _group(row: RollUp) -> list[str]:
    states = (row.facts, row.known, row.wrong, row.inconsistent, row.undersampled, row.untested)
    shares = percent(row.share), interval(row.share_low, row.share_high)
    right = (percent(row.accuracy), percent(row.chance)) if row.n else ("",) * 2
    name = "all" if row.dimension == "all" else f"{row.dimension.replace('_', ' ')}: {row.value}"
    return [name, *(f"{n:,}" for n in states), *shares, f"{row.n:,}", *right]


def _scores(audited: Audited) -> Iterator[str]:
    if audited.scores:
        part = (
            "" if audited.read == audited.answers else f", on {audited.read:,} questions drawn by a hash of their ids"
        )
        yield f"## Scores{part}\n"
        columns = ("who answers", "goes by", "questions", "right, %", "95 %", "student ahead by, points", "95 %")
        yield table(columns, map(_score, audited.scores))
        counts = {row.kind: row.n for row in audited.scores}
        if 0 < counts.get("base", 0) < counts.get("student", 0):
            yield f"The base was asked {counts['base']:,} of these questions.\n"
    yield from (f"{row.said()}\n" for row in audited.measures if row.dimension == "all")
    if rows := [row for row in audited.measures if row.dimension == "options"]:
        yield table(("options", "asked for", "questions", "right, %", "95 %", "chance, %"), map(_measure, rows))


def _measure(row: Measure) -> list[object]:
    asked_for = "one" if row.macro_f1 is not None else "all right ones"
    return [row.value, asked_for, row.n, percent(row.accuracy), interval(row.low, row.high), percent(row.chance)]


def _score(row: Accuracy) -> list[str]:
    spread = interval(row.low, row.high) if row.low < row.high else ""
    ahead = ["", ""]
    if row.ahead is not None and row.ahead_low is not None and row.ahead_high is not None:
        ahead = [f"{100 * row.ahead:+.1f}", f"{100 * row.ahead_low:+.1f} to {100 * row.ahead_high:+.1f}"]
    return [row.name, row.kind, f"{row.n:,}", percent(row.accuracy), spread, *ahead]


def _perturbed(audited: Audited) -> Iterator[str]:
    if audited.perturbed:
        columns = ("asked in another way", "pairs", "right before, %", "after, %", "drop, points", "right in both, %",
                   "95 %", "still right, %", "95 %", "p")  # fmt: skip
        yield "## The same questions in another way\n"
        yield table(columns, map(_pairs, audited.perturbed))


def _pairs(row: Perturbed) -> list[str]:
    shares = percent(row.original), percent(row.perturbed), f"{100 * row.drop:+.1f}", percent(row.consistent)
    still = percent(row.recall), interval(row.recall_low, row.recall_high)
    return [row.kind, f"{row.n:,}", *shares, interval(row.low, row.high), *still, f"{row.p:.2g}"]


def _reliability(audited: Audited) -> Iterator[str]:
    if bins := audited.reliability:
        yield "## How unsure it is\n"
        yield (
            f"Before any temperature, how sure it is of its choice is {100 * calibration_error(bins):.1f} points off "
            f"how often it is right (expected calibration error); its Brier score is {brier_score(bins):.3f} of 2.\n"
        )


def _conformal(audited: Audited) -> Iterator[str]:
    rows = [row for row in audited.conformal if row.dimension == "all"]
    if rows:
        columns = (
            "sets that hold the right option in 90 %",
            "answers",
            "they do, %",
            "95 %",
            "options kept",
            "of",
            "UAcc",
        )
        yield table(columns, map(_sets, rows))


def _sets(row: Conformal) -> list[str]:
    held = percent(row.coverage), interval(row.low, row.high)
    return [row.method, f"{row.n:,}", *held, f"{row.size:.2f}", f"{row.options:.2f}", f"{100 * row.uacc:.1f}"]


def _holes(audited: Audited) -> Iterator[str]:
    holes, facts = audited.holes(), {fact.fact_id: fact for fact in audited.facts}
    if not holes:
        return
    yield f"## Holes: {min(_HOLES, len(holes)):,} of {len(holes):,} facts that it is not known to know\n"
    rows = (facts[hole.fact_id] for hole in holes[:_HOLES])
    yield table(
        ("fact", "truth", "state", "right", "asked", "mastery, %", "95 %"),
        ([f.fact_id, f.truth, f.state, f.right, f.n, percent(f.mastery), interval(f.low, f.high)] for f in rows),
    )
