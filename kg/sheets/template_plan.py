"""Which cell of the workbook holds which claim, worked out before anything is written."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from failwise.errors import InputError
from failwise.kg.records import Truth
from failwise.kg.sheets.records import Claim
from failwise.kg.sheets.template import (
    COLUMN_OF,
    DECLARED,
    ENDS,
    INDICATED_BY,
    TABLE_OF,
    Role,
    TemplateContent,
    name_key,
)
from failwise.kg.vocabulary import KINDS

_RATING = re.compile(r"10|[1-9]")


@dataclass
class RowPlan:
    """One row of a table: its thing, and by relation what the cells state of it."""

    label: str
    code: str = ""
    others: list[str] = field(default_factory=list)
    source: str = ""
    objects: dict[str, list[str]] = field(default_factory=dict)
    truths: dict[str, Truth | None] = field(default_factory=dict)


@dataclass
class Plan:
    """All cells: rows by class and name key, the matrix by the keys of failure mode and sensor, and the rest."""

    rows: dict[str, dict[str, RowPlan]] = field(default_factory=lambda: {kind: {} for kind in TABLE_OF})
    matrix: dict[tuple[str, str], Truth | None] = field(default_factory=dict)
    more: list[Claim] = field(default_factory=list)

    def row(self, kind: str, label: str) -> RowPlan:
        """Return the row of a thing, made on first mention."""
        return self.rows[kind].setdefault(name_key(label), RowPlan(label))


def plan_cells(content: TemplateContent) -> Plan:
    """Give every mention a row and every claim a cell; what has no cell of its own goes to *More facts*.

    A failure mode, component or sensor that only a claim names gets a row too, unless all that is said is that the
    asset class does not have it. Claims left blank (truth None) have a place only where a blank says so: in the
    matrix and where a sensor is monitored.

    Raises:
        InputError: a claim or mention is about another asset class; a workbook holds one.
    """
    plan = Plan()
    _plan_mentions(plan, content)
    claims = list(_own_claims(content))
    for claim in claims:
        _plan_ends(plan, claim)
    _plan_sources(plan, claims)
    for claim in claims:
        if not _plan_claim(plan, claim) and claim.truth is not None:
            plan.more.append(claim)
    return plan


def _plan_mentions(plan: Plan, content: TemplateContent) -> None:
    for mention in content.mentions:
        if mention.kind not in TABLE_OF:
            continue  # asset classes, ratings and numbers have no sheet: their names say all
        if mention.asset_class not in ("", content.asset_class):
            raise _foreign(mention.label, mention.asset_class, content)
        row = plan.row(mention.kind, mention.label)
        row.code = row.code or mention.notation
        row.others += [name for name in mention.alternatives if name not in row.others]


def _own_claims(content: TemplateContent) -> Iterator[Claim]:
    """Yield each claim once, without a source where that is the document's own."""
    seen = set()
    for claim in content.claims:
        if claim.asset_class != content.asset_class:
            raise _foreign(f"{claim.relation} {claim.subject} {claim.object}", claim.asset_class, content)
        own = replace(claim, source="") if claim.source == content.source else claim
        key = (own.relation, name_key(own.subject), name_key(own.object), own.truth, own.source)
        if key not in seen:
            seen.add(key)
            yield own


def _foreign(what: str, asset_class: str, content: TemplateContent) -> InputError:
    return InputError(
        f"{what!r} is about the asset class {asset_class!r}, but the workbook is for {content.asset_class!r}; "
        "write one workbook per asset class"
    )


def _plan_ends(plan: Plan, claim: Claim) -> None:
    """Give a row to the things that a claim says the asset class has, and to its sensors."""
    for kind, label in zip(ENDS.get(claim.relation, ("", "")), (claim.subject, claim.object), strict=True):
        if label and kind in DECLARED and _is_had(claim, kind, label):
            plan.row(kind, label)


def _is_had(claim: Claim, kind: str, label: str) -> bool:
    return claim.truth is Truth.YES or label == claim.subject or not KINDS[kind].local


def _plan_sources(plan: Plan, claims: list[Claim]) -> None:
    """Give every row the source that most of its claims share."""
    sources: dict[tuple[str, str], Counter[str]] = {}
    for claim in claims:
        slot = _slot(claim)
        if slot and claim.truth is not None and _has_source(slot[0]):
            sources.setdefault((slot[0], name_key(slot[1])), Counter())[claim.source] += 1
    for (kind, key), counter in sources.items():
        if key in plan.rows[kind]:
            plan.rows[kind][key].source = counter.most_common(1)[0][0]


def _has_source(kind: str) -> bool:
    return any(column.role is Role.SOURCE for column in TABLE_OF[kind].columns)


def _slot(claim: Claim) -> tuple[str, str] | None:
    """Return the class and label of the row in which a cell can state the claim, if there is one."""
    if claim.relation not in COLUMN_OF:
        return None
    table, column = COLUMN_OF[claim.relation]
    if column.role is Role.TRUTH:
        return None if claim.subject else (table.kind, claim.object)
    fits = bool(claim.subject) and claim.truth is Truth.YES
    if column.role is Role.RATING:
        fits = fits and bool(_RATING.fullmatch(claim.object))
    return (table.kind, claim.subject) if fits else None


def _plan_claim(plan: Plan, claim: Claim) -> bool:
    """Put a claim into its cell; False where there is none, or another claim stands in it."""
    if claim.relation == INDICATED_BY and claim.subject and not claim.source:
        pair = name_key(claim.subject), name_key(claim.object)
        if plan.matrix.get(pair) is None:
            plan.matrix[pair] = claim.truth
            return True
        return False
    slot = _slot(claim)
    row = plan.rows[slot[0]].get(name_key(slot[1])) if slot else None
    if row is None or row.source != claim.source:
        return False
    return _fill(row, claim)


def _fill(row: RowPlan, claim: Claim) -> bool:
    column = COLUMN_OF[claim.relation][1]
    if column.role is Role.TRUTH:
        if row.truths.get(claim.relation) is not None:
            return False
        row.truths[claim.relation] = claim.truth
        return True
    objects = row.objects.setdefault(claim.relation, [])
    if column.role is Role.RATING and objects:
        return False
    objects.append(claim.object)
    return True
