"""Quotas for a question set: a budget split over cells, so that shares come near their targets and facts get asked.

What is exact: the total, every quota within what its cell can give, one question at least per family (relation,
direction, polarity; not with holes), and, where the total allows, as many single-answer questions of each table and
polarity as it has facts to test. Shares are the optimum of a linear programme (`failwise.generation.planning.solver`),
rounded to whole questions, which moves a value by about one. That optimum is one of all cells up to
`plan_dealer.JOINT`; above, floors and capacities are those of bunches of asset classes, so that shares of asset
classes (and, hardly, of others) may miss more than they have to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from failwise.errors import InputError
from failwise.generation.planning.cell_table import Cells, Side, dimension_value
from failwise.generation.planning.cells import Hole, Plan, Quota, Supply
from failwise.generation.planning.config import DIMENSIONS, PlanConfig
from failwise.generation.planning.dealer import Dealer
from failwise.generation.planning.reasons import Reasons
from failwise.generation.planning.solver import Ints, add_up, apportion

PER_FACT = 3  # questions per fact where neither budget nor per_fact nor holes are given
DEALT = ("letter", "difficulty", "template")  # dealt evenly by the generator; a plan only says so

_BY_HOLES = ("relation", "asset_class", "polarity")  # dimensions that holes decide


@dataclass(frozen=True, slots=True)
class Comparison:
    """A value of a dimension: its share as wanted and as planned, and the questions planned."""

    dimension: str
    value: str
    target: float
    planned: float
    questions: int


def make_plan(
    supplies: Sequence[Supply],
    config: PlanConfig,
    ontology: str = "",
    holes: Mapping[Hole, Side] | None = None,
) -> Plan:
    """Split a budget over cells.

    Args:
        ontology: digest of the ontology that the supplies come from.
        holes: facts to ask about, with the table and polarity of each; the supplies are those of these facts. They
            decide the shares of relations, asset classes and polarities, and the total where no budget is given.

    Raises:
        InputError: the budget is below one question per family, or above what the cells can give.
    """
    _refuse_double(config, holes)
    cells = Cells.of(supplies, config)
    demand = _demand(cells, holes) if holes else None
    total, unmet = _total(cells, config, demand)
    targets = {d: _target(cells, config, d, demand) for d in DIMENSIONS}
    floors, covers = cells.floors(), True
    if floors.sum() > total:
        unmet.append(
            f"facts: {floors.sum():,} can be asked, but {total:,} questions ask at most {total:,} of them; "
            f"a budget of {floors.sum():,} asks every one"
        )
        floors, covers = np.zeros_like(floors), False
    goals = {d: apportion(np.array([*targets[d].values()]), total) for d in DIMENSIONS}
    x = Dealer(cells, config.importance, goals, floors, demand).deal(total)
    unmet += _holes_unmet(cells, holes, demand, x) if holes and demand is not None else []
    unmet += Reasons(cells, goals, {d: [*targets[d]] for d in DIMENSIONS}, floors, x, config).sentences()
    quotas = tuple(Quota(s.cell, n) for s, n in zip(cells.supplies, x.tolist(), strict=True) if n)
    informed = {**targets, **{d: {"even": 1.0} for d in DEALT}}
    return Plan(total, quotas, informed, tuple(unmet), tuple(holes or ()), ontology, covers)


def compare(plan: Plan) -> list[Comparison]:
    """Return every dimension's shares as wanted and as planned."""
    rows = []
    for dimension in (d for d in DIMENSIONS if d in plan.targets):
        counts = dict.fromkeys(plan.targets[dimension], 0)
        for quota in plan.quotas:
            value = dimension_value(quota.cell, dimension)
            counts[value] = counts.get(value, 0) + quota.questions
        for value, count in counts.items():
            share = plan.targets[dimension].get(value, 0.0)
            rows.append(Comparison(dimension, value, share, count / plan.questions, count))
    return rows


def _refuse_double(config: PlanConfig, holes: Mapping[Hole, Side] | None) -> None:
    for name in (*_BY_HOLES, "per_fact") if holes else ():
        if name in config.model_fields_set:
            raise InputError(
                f"{name} is set, but holes are given, and they say which facts to ask and how often; leave {name} out"
            )


def _demand(cells: Cells, holes: Mapping[Hole, Side]) -> Ints:
    """Return how many questions the holes want of each table and polarity."""
    names = cells.side_names()
    wanted = dict.fromkeys(names, 0)
    for hole, side in holes.items():
        if side in wanted:
            wanted[side] += hole.questions
    if not any(wanted.values()):
        raise InputError("none of the holes can be asked: the cells of their tables give no question")
    return np.array([wanted[n] for n in names], np.int64)


def _total(cells: Cells, config: PlanConfig, demand: Ints | None) -> tuple[int, list[str]]:
    """Return how many questions to plan, with a sentence where it is fewer than wanted."""
    most, facts = int(cells.capacity.sum()), int(cells.facts_by_side().sum())
    families = int(cells.combined("relation", "direction", "polarity").max()) + 1
    wanted = config.budget or (int(demand.sum()) if demand is not None else (config.per_fact or PER_FACT) * facts)
    if demand is None and wanted < families:
        raise InputError(
            f"{wanted:,} questions are below one per family: {families:,} families (a relation, direction and polarity "
            f"each) can be asked, so the least budget is {families:,}"
        )
    if config.budget is not None and wanted > most:
        raise InputError(
            f"the budget is {wanted:,}, but all cells together can give at most {most:,} different questions; "
            f"set the budget to {most:,} or less, or leave fewer kinds of questions out"
        )
    short = [f"questions: wanted {wanted:,}, possible {most:,}: all cells together can give no more"]
    return min(wanted, most), short if wanted > most else []


def _target(cells: Cells, config: PlanConfig, dimension: str, demand: Ints | None) -> dict[str, float]:
    """Return the wanted share of each value, those that no cell offers included if they were asked for."""
    target, values = getattr(config, dimension), cells.values[dimension]
    if demand is not None and dimension in _BY_HOLES:
        first = np.unique(cells.sides, return_index=True)[1]
        weights = add_up(cells.codes[dimension][first], demand, len(values)).astype(float)
    elif isinstance(target, dict):
        asked_for = dimension in config.model_fields_set
        values = [*values, *(v for v, weight in target.items() if weight > 0 and asked_for and v not in values)]
        weights = np.array([target[v] for v in values], float)
    else:
        weights = cells.natural(dimension) if target == "natural" and cells.facts.any() else np.ones(len(values))
    return {v: float(w) for v, w in zip(values, weights / weights.sum(), strict=True)}


def _holes_unmet(cells: Cells, holes: Mapping[Hole, Side], demand: Ints, x: Ints) -> list[str]:
    known = set(cells.side_names())
    lost = sorted(hole.fact_id for hole, side in holes.items() if side not in known)
    said = [f"holes: no question can ask {fact!r}" for fact in lost[:10]]
    said += [f"holes: and {len(lost) - 10:,} more that no question can ask"] if len(lost) > 10 else []
    planned, most = add_up(cells.sides, x), add_up(cells.sides, cells.capacity)
    for name, want, plan, can in zip(cells.side_names(), demand, planned, most, strict=True):
        if plan < want and can < want:
            table = f"{name.asset_class or 'across asset classes'}, {name.relation}, {name.polarity}"
            said.append(f"holes: {table}: wanted {want:,}, possible {can:,}: its cells can give no more")
    return said
