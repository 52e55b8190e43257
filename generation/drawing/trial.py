"""Plans that were tried out: what cells turn out not to give, once option sets are used up, is planned elsewhere."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TypeAlias

from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.setting import Setting
from failwise.generation.drawing.unit_questions import UnitQuestions
from failwise.generation.drawing.wording import FIELDS, OPTIONS
from failwise.generation.planning.cells import Cell, Plan, Supply
from failwise.kg.graph import KnowledgeGraph

_ENOUGH = 0.005  # of a plan's questions: what may be lacking or beyond it without planning again
_KIND = itemgetter(*map(FIELDS.index, ("direction", "polarity", "arity")))
_FACTS = FIELDS.index("fact_ids")

Planner: TypeAlias = Callable[[Sequence[Supply]], Plan]


@dataclass(frozen=True, slots=True)
class Trial:
    """What drawing a plan gave: questions by cell; how many a cell lacks, as its option sets are used up (`short`).

    `beyond` counts what was asked beside the plan, since its questions left a fact out.
    """

    questions: Counter[Cell]
    short: Counter[Cell]
    beyond: Counter[Cell]

    def amended(self, supply: Supply) -> Supply:
        """Return what a cell can give, and should, by what it gave."""
        given = self.questions[supply.cell]
        most = min(supply.questions, given) if supply.cell in self.short else supply.questions
        return replace(supply, questions=most, least=given if supply.cell in self.beyond else supply.least)


def try_out(graph: KnowledgeGraph, config: QuestionsConfig, plan: Plan) -> Trial:
    """Draw a plan's questions without keeping them."""
    setting = Setting(graph, config, plan)
    questions, short, beyond = Counter[Cell](), Counter[Cell](), Counter[Cell]()
    for unit in setting.units():
        work = UnitQuestions(setting, unit)
        kinds = Counter((*_KIND(row), len(row[OPTIONS]), row[_FACTS][-1] == "") for row in work.rows())
        questions.update({Cell(unit.asset_class, unit.relation, *kind): n for kind, n in kinds.items()})
        short.update(work.short)
        beyond.update(work.beyond)
    return Trial(questions, short, beyond)


def plan_tried(
    graph: KnowledgeGraph, config: QuestionsConfig, supplies: Sequence[Supply], planner: Planner, tries: int
) -> tuple[Plan, Trial | None]:
    """Plan, try it out, and plan again with what the cells could give, until hardly a question is lacking.

    Args:
        tries: trials at most; with none, there is no trial.
    """
    plan, trial = planner(supplies), None
    for number in range(tries):
        trial = try_out(graph, config, plan)
        if number == tries - 1 or trial.short.total() + trial.beyond.total() <= _ENOUGH * plan.questions:
            break
        supplies = [trial.amended(s) for s in supplies]
        plan = planner(supplies)
    return plan, trial
