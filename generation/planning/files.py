"""Plans and holes as files: a plan can be edited by hand, so reading it back says what does not fit."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from failwise.errors import InputError
from failwise.files import lines, parse_record, read_json, write_text
from failwise.generation.planning.cell_table import Side, cell_name
from failwise.generation.planning.cells import Cell, Hole, Plan, Quota, Supply
from failwise.generation.records import Arity
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.names import did_you_mean
from failwise.kg.records import Polarity, Truth

_FEWEST, _MOST = 2, 10  # options of a question


def write_plan(path: Path, plan: Plan) -> None:
    """Write a plan, or nothing: pretty, in the order of its cells, one line for each quota."""
    values = {"questions": plan.questions, "ontology": plan.ontology, "targets": plan.targets, "unmet": plan.unmet,
              "covers": plan.covers}  # fmt: skip
    text = json.dumps(values, ensure_ascii=False, indent=2).removesuffix("\n}")
    for name, records in (("holes", plan.holes), ("quotas", plan.quotas)):
        rows = ",\n".join(f"    {json.dumps(asdict(r), ensure_ascii=False)}" for r in records)
        text += f',\n  "{name}": [\n{rows}\n  ]' if rows else f',\n  "{name}": []'
    write_text(path, text + "\n}\n")


def read_plan(path: Path) -> Plan:
    """Read a plan.

    Raises:
        InputError: it is no plan, or its quotas do not fit together.
    """
    values = read_json(path)
    _refuse_unknown_keys(path, values)
    try:
        plan = TypeAdapter(Plan).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path} is not a plan: {where or 'it'}: {first['msg']}; make it again") from error
    for problem in _problems(plan):
        raise InputError(f"{path}: {problem}")
    return plan


def check_plan(plan: Plan, supplies: Iterable[Supply], ontology: str) -> tuple[str, ...]:
    """Hold a plan against what the ontology gives; return warnings.

    Raises:
        InputError: a cell does not exist, or cannot give its quota.
    """
    by_cell = {s.cell: s for s in supplies}
    changed = plan.ontology not in ("", ontology)
    hint = "; the ontology has changed since the plan was made, so plan again" if changed else ""
    for quota in plan.quotas:
        supply = by_cell.get(quota.cell)
        if supply is None:
            raise InputError(f"the plan wants questions that no cell gives: {_stranger(quota.cell, [*by_cell])}{hint}")
        if quota.questions > supply.questions:
            raise InputError(
                f"the plan wants {quota.questions:,} questions of {cell_name(quota.cell)}, "
                f"which can give {supply.questions:,}; lower that quota and the plan's total{hint}"
            )
    if not changed:
        return ()
    return (f"the plan was made for the ontology {plan.ontology}, and this one is {ontology}; its quotas still fit",)


def read_holes(path: Path, graph: KnowledgeGraph) -> tuple[Hole, ...]:
    """Read the facts to ask about.

    Raises:
        InputError: a line is no hole, asks for nothing, comes twice, or names a fact that is unknown or not there.
    """
    holes: dict[str, Hole] = {}
    for number, line in lines(path):
        where = f"{path}, line {number}"
        hole = parse_record(line, Hole, where)
        fact = graph.facts.get(hole.fact_id)
        if hole.questions < 1:
            raise InputError(f"{where}: {hole.questions} questions; a hole asks for 1 or more")
        if hole.fact_id in holes:
            raise InputError(f"{where}: the fact {hole.fact_id!r} stands on an earlier line too; give it one line")
        if fact is None:
            raise InputError(f"{where}: no fact {hole.fact_id!r}{_near_fact(hole.fact_id, graph)}")
        if fact.truth is Truth.UNKNOWN:
            raise InputError(f"{where}: the fact {hole.fact_id!r} is unknown, so no question can ask it; take it out")
        holes[hole.fact_id] = hole
    if not holes:
        raise InputError(f'{path} holds no hole; each line reads {{"fact_id": …, "questions": …}}')
    return tuple(holes.values())


def hole_sides(holes: Iterable[Hole], graph: KnowledgeGraph) -> dict[Hole, Side]:
    """Return the table and polarity that each hole's fact is tested by."""
    sides = {}
    for hole in holes:
        fact = graph.facts[hole.fact_id]
        across = fact.subject.iri == fact.asset_class.iri
        polarity = Polarity.SELECTION if fact.truth is Truth.YES else Polarity.ELIMINATION
        sides[hole] = Side("" if across else fact.asset_class.slug, fact.relation, polarity)
    return sides


def _refuse_unknown_keys(path: Path, values: Any) -> None:
    if not isinstance(values, dict):
        raise InputError(f"{path} is not a plan: it holds no mapping; make one with `failwise questions plan`")
    for where, part, record in _parts(values):
        known = [f.name for f in fields(record)]
        for key in part:
            if key not in known:
                raise InputError(f"{path}: {where}: unknown key {key!r}{did_you_mean(key, known)}")


def _parts(values: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], Any]]:
    """Yield each mapping of a plan that becomes a record, with the record's class."""
    yield "the plan", values, Plan
    for name, record in (("quotas", Quota), ("holes", Hole)):
        rows = values.get(name, ())
        for number, row in enumerate(rows if isinstance(rows, list) else (), 1):
            if isinstance(row, dict):
                yield f"{name}, entry {number}", row, record
                if isinstance(row.get("cell"), dict):
                    yield f"{name}, entry {number}, cell", row["cell"], Cell


def _problems(plan: Plan) -> Iterator[str]:
    for quota in plan.quotas:
        if quota.questions < 0:
            yield f"{quota.questions} questions of {cell_name(quota.cell)}; a quota is 0 or more"
        if not _FEWEST <= quota.cell.options <= _MOST:
            yield f"{cell_name(quota.cell)}: a question has {_FEWEST} to {_MOST} options"
        if quota.cell.none and quota.cell.arity is Arity.MULTIPLE:
            yield f'{cell_name(quota.cell)}: only single answers have "none of these"'
    for cell, times in Counter(q.cell for q in plan.quotas).items():
        if times > 1:
            yield f"{cell_name(cell)} has {times} quotas; each cell may have one"
    total = sum(q.questions for q in plan.quotas)
    if total != plan.questions:
        yield f"questions is {plan.questions:,}, but the quotas add up to {total:,}; write {total} there"


def _stranger(cell: Cell, known: Sequence[Cell]) -> str:
    """Say which part of a cell is the first that no known cell has together with the parts before."""
    near: Sequence[Cell] = known
    for field in fields(Cell):
        value = getattr(cell, field.name)
        narrowed = [c for c in near if getattr(c, field.name) == value]
        if not narrowed:
            there = sorted({str(getattr(c, field.name)) for c in near})
            hint = did_you_mean(str(value), there) or f"; there are {', '.join(there[:12])}"
            return f"{cell_name(cell)}: no cell has {field.name} {str(value)!r} there{hint}"
        near = narrowed
    return cell_name(cell)


def _near_fact(fact_id: str, graph: KnowledgeGraph) -> str:
    """Propose the fact nearest to an id; its parts narrow the search, for there may be a million facts."""
    asset, _, rest = fact_id.partition("/")
    relation = rest.partition("/")[0]
    if asset not in graph.asset_classes:
        return f": no asset class {asset!r}{did_you_mean(asset, graph.asset_classes)}"
    if relation not in graph.relations:
        return f": no relation {relation!r}{did_you_mean(relation, graph.relations)}"
    return did_you_mean(fact_id, (f.id for f in graph.query(asset, relation)))
