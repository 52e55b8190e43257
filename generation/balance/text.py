"""A balance certificate in Markdown, for people who read the tables and not the JSON."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from failwise.generation.balance.dimensions import Dimension
from failwise.generation.balance.groups import ALONE, NO_GROUP
from failwise.generation.balance.shortcuts import GuesserRow
from failwise.generation.records import Arity

if TYPE_CHECKING:
    from failwise.generation.balance.certificate import BalanceCertificate

_PARTS = 8  # worst parts shown
_GROUPS = {NO_GROUP: "in none", ALONE: "alone: the rest of its group is not in the set"}


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but the first are set to the right."""
    lines = [columns, ["---", *["--:"] * (len(columns) - 1)], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def markdown(certificate: "BalanceCertificate") -> str:
    """Return the certificate: verdict, warnings, guessers, dimensions, exposure, retrieval."""
    blocks = [
        f"# Balance certificate\n\n**{certificate.sentence}**",
        f"{certificate.questions:,} questions, ontology `{certificate.ontology}`.",
        "\n".join(f"- {warning}." for warning in certificate.warnings),
        "## What guessing is worth\n\nThese guessers never read what is asked about. Ties share the point.",
        *(_guessers(certificate, arity) for arity in Arity),
        _worst(certificate),
        _parts(certificate),
        _dimensions(certificate),
        _exposure(certificate),
        _retrieval(certificate),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _guessers(certificate: "BalanceCertificate", arity: Arity) -> str:
    rows = [r for r in certificate.shortcuts.rows if r.arity is arity]
    if not rows:
        return ""
    what = "right" if arity is Arity.SINGLE else "pairs in order"
    columns = [f"{arity} answers", "questions", f"{what}, %", "chance, %", "excess, points", "95 %", ""]
    return table(columns, [[*_cells(r), "**too much**" if r.over(certificate.margin) else ""] for r in rows])


def _cells(row: GuesserRow) -> list[str]:
    return [
        row.name,
        f"{row.n:,}",
        f"{100 * row.accuracy:.1f}",
        f"{100 * row.chance:.1f}",
        f"{row.excess:+.1f}",
        f"{row.low:+.1f} … {row.high:+.1f}",
    ]


def _worst(certificate: "BalanceCertificate") -> str:
    """Name where the guessers gain most, offenders first."""
    parts = [p for offender in certificate.shortcuts.offenders for p in offender.parts[:2]]
    title = "Worst offenders" if parts else "Where guessing gains most"
    parts = parts or [p for p in certificate.shortcuts.parts if p.excess > 0 and p.relation][:_PARTS]
    if not parts:
        return ""
    rows = [
        [r.name, f"{r.relation} {r.direction} {r.polarity}, {r.arity}", f"{r.n:,}", f"{100 * r.accuracy:.1f}",
         f"{100 * r.chance:.1f}", f"{r.excess:+.1f}"]
        for r in parts
    ]  # fmt: skip
    text = f"### {title}\n\n" + table(["guesser", "part", "questions", "right, %", "chance, %", "excess, points"], rows)
    options = [(o.row.name, gain) for o in certificate.shortcuts.offenders for gain in o.options if gain.gain > 0]
    if options:
        rows = [[name, f"{g.option} ({g.relation})", f"{g.picked:,}", f"{g.gain:+.1f}"] for name, g in options]
        text += "\n\n" + table(["guesser", "option", "times picked", "right more than chance"], rows)
    return text


def _parts(certificate: "BalanceCertificate") -> str:
    """Show the parts over the margin: relations with a polarity, one row each, with their worst guesser."""
    worst: dict[tuple[str, str, str], GuesserRow] = {}
    for row in certificate.shortcuts.warnings:
        key = (row.relation, row.polarity, row.arity)
        if key not in worst or row.excess > worst[key].excess:
            worst[key] = row
    if not worst:
        return ""
    rows = [
        [f"{r.relation} {r.polarity}, {r.arity}".strip(), r.name, *_cells(r)[1:5]]
        for r in sorted(worst.values(), key=lambda r: -r.excess)
    ]
    columns = ["part", "worst guesser", "questions", "right, %", "chance, %", "excess, points"]
    return "### Parts over the margin\n\nNo reason to refuse by themselves.\n\n" + table(columns, rows)


def _dimensions(certificate: "BalanceCertificate") -> str:
    columns = ["dimension", "values", "total variation", "χ²", "p", "largest deviation", "points", "of its target, %"]
    rows = [_dimension(d) for d in certificate.dimensions if d.targeted]
    text = "## Target against actual\n\n" + (table(columns, rows) if rows else "No dimension has a target.")
    plain = [d for d in certificate.dimensions if not d.targeted]
    if plain:
        shares = [[d.name, _shares(d)] for d in plain]
        text += "\n\nWithout a target:\n\n" + table(["dimension", "actual"], shares)
    return text


def _dimension(d: Dimension) -> list[str]:
    return [
        d.name,
        str(len(d.values)),
        f"{d.variation or 0:.4f}",
        "" if d.chi_square is None else f"{d.chi_square:.1f}",
        "" if d.p is None else f"{d.p:.3f}",
        d.worst,
        f"{d.points or 0:+.2f}",
        "" if d.relative is None else f"{100 * d.relative:+.1f}",
    ]


def _shares(d: Dimension, most: int = 8) -> str:
    values = sorted(d.values, key=lambda v: -v.count)
    more = f", and {len(values) - most} more" if len(values) > most else ""
    return ", ".join(f"{v.name or '(none)'} {100 * v.share:.1f} %" for v in values[:most]) + more


def _exposure(certificate: "BalanceCertificate") -> str:
    e = certificate.exposure
    rows = [
        ["facts of the ontology", f"{e.facts:,}"],
        ["that the tables of the set can ask", f"{e.askable:,}"],
        ["that a question tests", f"{e.tested:,}"],
        ["that stand as an option", f"{e.shown:,}"],
        *([f"never tested: {reason}", f"{n:,}"] for reason, n in e.never.items()),
    ]
    spreads = [
        [name, f"{s.least:,}", f"{s.median:g}", f"{s.most:,}", f"{s.gini:.2f}"]
        for name, s in (("tested", e.tests), ("shown", e.showings))
    ]
    groups = [
        [_GROUPS.get(k, f"of {k}"), f"{n:,}", f"{100 * n / certificate.questions:.1f}"]
        for k, n in sorted(e.groups.items())
    ]
    return "\n\n".join([
        "## Exposure of facts",
        table(["facts", ""], rows),
        table(["times each fact is", "least", "median", "most", "Gini"], spreads),
        table(["contrast group", "questions", "%"], groups),
        _reach(certificate),
    ])  # fmt: skip


def _reach(certificate: "BalanceCertificate") -> str:
    if not certificate.reach:
        return ""
    sizes = next(iter(certificate.reach.values()))
    heads = ["facts of the tables asked about", "in all", *(f"fit a group of {k}" for k in sizes if k > 1)]
    return table(heads, [[name, *(f"{n:,}" for n in counts.values())] for name, counts in certificate.reach.items()])


def _retrieval(certificate: "BalanceCertificate") -> str:
    rows = [
        [r.name, f"{r.documents:,}", f"{r.n:,}", f"{100 * r.accuracy:.1f}", f"{100 * r.chance:.1f}", ""]
        if r.n
        else [r.name, "", "", "", "", r.note]
        for r in certificate.retrieval
    ]
    text = "## What looking it up is worth\n\nNo reason to refuse: whoever was taught a fact may find it.\n\n"
    return text + table(["search", "documents", "questions", "right, %", "chance, %", ""], rows) if rows else ""


def side_by_side(certificates: Mapping[str, "BalanceCertificate"]) -> str:
    """Return one Markdown table with a column for each set."""
    sets = list(certificates.values())
    rows = [
        ["verdict", *(c.verdict for c in sets)],
        ["questions", *(f"{c.questions:,}" for c in sets)],
        [
            "facts tested, of those its tables can ask",
            *(f"{c.exposure.tested:,} of {c.exposure.askable:,}" for c in sets),
        ],
        ["in contrast groups, %", *(f"{100 * _in_groups(c):.1f}" for c in sets)],
        ["Gini of times tested", *(f"{c.exposure.tests.gini:.2f}" for c in sets)],
    ]
    for arity in Arity:
        names = dict.fromkeys(r.name for c in sets for r in c.shortcuts.rows if r.arity is arity)
        found = [{r.name: r for r in c.shortcuts.rows if r.arity is arity} for c in sets]
        rows += [
            [f"{name}, {arity}: right (above chance)", *(_against_chance(by_name.get(name)) for by_name in found)]
            for name in names
        ]
    targeted = dict.fromkeys(d.name for c in sets for d in c.dimensions if d.targeted)
    dimensions = [{d.name: d for d in c.dimensions} for c in sets]
    rows += [
        [f"{name}: largest deviation, points", *(_off(by_name.get(name)) for by_name in dimensions)]
        for name in targeted
    ]
    searches = dict.fromkeys(r.name for c in sets for r in c.retrieval)
    found_by = [{r.name: r for r in c.retrieval} for c in sets]
    rows += [
        [f"{name}: right, %", *(f"{100 * r.accuracy:.1f}" if (r := by.get(name)) and r.n else "-" for by in found_by)]
        for name in searches
    ]
    return table(["", *certificates], rows) + "\n"


def _in_groups(certificate: "BalanceCertificate") -> float:
    return sum(n for size, n in certificate.exposure.groups.items() if size > ALONE) / certificate.questions


def _against_chance(row: GuesserRow | None) -> str:
    return "-" if row is None else f"{100 * row.accuracy:.1f} ({row.excess:+.1f})"


def _off(dimension: Dimension | None) -> str:
    return "-" if dimension is None or dimension.points is None else f"{dimension.points:+.2f} ({dimension.worst})"
