"""What a plan deals in: cells (kinds of questions about one table), what they can give, and quotas."""

from collections.abc import Mapping
from dataclasses import dataclass

from failwise.generation.records import Arity
from failwise.kg.records import Direction, Polarity


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """Questions of one kind about one table of facts.

    A table is one asset class, relation and direction. Where the asset class itself is the subject (pump has failure
    mode …), the table goes across all asset classes and `asset_class` is empty. `options` counts all that are
    shown; `none` says that the last of them is "none of these".
    """

    asset_class: str
    relation: str
    direction: Direction
    polarity: Polarity
    arity: Arity
    options: int
    none: bool = False


@dataclass(frozen=True, slots=True)
class Supply:
    """What a cell can give: how many facts its questions can test, and how many different questions it has at most.

    It is to give `least`, where it can, so that no fact is left out.
    """

    cell: Cell
    facts: int
    questions: int
    least: int = 0


@dataclass(frozen=True, slots=True)
class Quota:
    """How many questions a cell is to give."""

    cell: Cell
    questions: int


@dataclass(frozen=True, slots=True)
class Hole:
    """A fact that a student does not know yet, and how many questions it should get. Audits write these."""

    fact_id: str
    questions: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Quotas with the targets they serve.

    `targets` gives for each dimension the wanted share of each value; `unmet` says in sentences what the graph cannot
    give and why. `holes` are the facts to ask about; none means all. `covers` says that no fact is to be left out: what
    the quotas miss is asked beside them.
    """

    questions: int
    quotas: tuple[Quota, ...]
    targets: Mapping[str, Mapping[str, float]]
    unmet: tuple[str, ...] = ()
    holes: tuple[Hole, ...] = ()
    ontology: str = ""
    covers: bool = False
