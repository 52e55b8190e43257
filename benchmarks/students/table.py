"""The table as a part of a page of Markdown. What was not measured is a dash, never a number."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.students.machine import made_on
from benchmarks.students.material import PERTURBED
from benchmarks.students.pages import put, table
from benchmarks.students.plan import CONTROL, REGIMES
from benchmarks.students.protocol import protocol
from benchmarks.students.result import Result
from benchmarks.students.scores import BOTH, SCORED
from benchmarks.students.shares import Contrast, Share

NAME = "students"
MISSING = "—"
NAMES = {
    CONTROL: "answer (control)",
    "audit": "our audit",
    "original": "FailureSensorIQ",
    "perturbed": "simple perturbed",
    BOTH: BOTH,
}
_LOST = [(regime, name) for regime in REGIMES for name in (PERTURBED, BOTH)]


def write_page(path: Path, result: Result, name: str = NAME) -> None:
    """Put the table into a page, in the place of that name."""
    put(path, name, page(result))


def page(result: Result) -> str:
    """Return the table, what stands behind it, and how it was measured."""
    alone = f", {' and '.join(result.settings.classes)} alone" if result.settings.classes else ""
    parts = [
        f"## Students: every recipe side by side{alone}",
        f"{made_with(result.command, result.machines)} Percent right, 95 % interval in brackets; {MISSING}: not "
        "measured.",
        table(*_main(result)),
        "### What perturbation costs",
        "FailureSensorIQ's questions right as they were, minus those right when perturbed, and minus those right in "
        "both (what was right and is no longer), in points.",
        table(["row", *(f"{regime}: minus {NAMES[name]}" for regime, name in _LOST)], _lost(result)),
        "### Seeds, and against the control",
        table(
            ["row", "column", "n", "anchors", "seeds", "no answer", "minus control", "better / worse", "p", "Holm"],
            _against(result),
        ),
        "### How it was measured",
        "\n".join(f"- {line}" for line in protocol(result.settings, result.asked, result.folds)),
    ]
    return "\n\n".join(parts)


def made_with(command: str, on: Sequence[str] = ()) -> str:
    """Return date, command, versions and machine: those it was measured on, or this one."""
    return f"{datetime.now(UTC):%Y-%m-%d}, `{command}`; {'. And '.join(on or [made_on()])}."


def _main(result: Result) -> tuple[list[str], Iterator[list[str]]]:
    columns = [(regime, name) for regime in REGIMES for name in SCORED]
    head = [
        "row",
        *(f"{regime}: {NAMES[name]}" for regime, name in columns),
        "steps",
        "tokens",
        "minutes",
        "GB",
        "GPU GB",
    ]
    cells = ([NAMES.get(row, row), *_shares(result, row), *_cost(result, row)] for row in result.rows)
    return head, cells


def _shares(result: Result, row: str) -> list[str]:
    return [_percent(result.share(row, regime, name)) for regime in REGIMES for name in SCORED]


def _percent(found: Share | None) -> str:
    return f"{100 * found.value:.1f} ({100 * found.low:.1f} to {100 * found.high:.1f})" if found else MISSING


def _cost(result: Result, row: str) -> list[str]:
    cost = result.costs.get(row)
    if cost is None:
        return [MISSING] * 5
    memory = [f"{mb / 1024:.1f}" if mb else MISSING for mb in (cost.peak_mb, cost.peak_gpu_mb)]
    return [f"{cost.steps:.0f}", f"{cost.tokens:,.0f}", f"{cost.minutes:.1f}", *memory]


def _lost(result: Result) -> Iterator[list[str]]:
    for row in result.rows:
        yield [NAMES.get(row, row), *(_points(result.lost(row, regime, name)) for regime, name in _LOST)]


def _points(found: Contrast | None) -> str:
    return f"{100 * found.difference:+.1f} ({100 * found.low:+.1f} to {100 * found.high:+.1f})" if found else MISSING


def _against(result: Result) -> Iterator[list[str]]:
    for regime in REGIMES:
        for name in SCORED:
            contrasts = result.contrasts(regime, name)
            for row in result.rows:
                found = result.share(row, regime, name)
                if found is not None:
                    start = [NAMES.get(row, row), f"{regime}: {NAMES[name]}", f"{found.n:,}", str(found.clusters)]
                    seeds = " / ".join(f"{100 * seed:.1f}" for seed in found.seeds)
                    yield [*start, seeds, result.unanswered(row, regime, name), *_contrast(contrasts.get(row))]


def _contrast(found: Contrast | None) -> list[str]:
    if found is None:
        return [MISSING] * 4
    counts = ", ".join(f"{better} / {worse}" for better, worse in zip(found.better, found.worse, strict=True))
    return [_points(found), counts, f"{found.p:.3g}", f"{found.adjusted:.3g}"]
