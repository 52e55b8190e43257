"""What is to be measured: rows, columns and cells, and the settings that decide every number."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from failwise.errors import InputError
from failwise.files import read_json, write_json
from failwise.generation.splitting.bundles import Bundles
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.names import did_you_mean
from failwise.training.recipe import recipe_names

NEW, HELD_OUT = "new-question", "held-out-asset"
REGIMES = (NEW, HELD_OUT)

CONTROL = "answer"
FREE, BASE = "base, free reply", "base, constrained"
MODEL_FREE = ("other-assets prior", "degree in the asset", "graph lookup")

FILE = "settings.json"


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides every number. They are kept beside the results, so that no table mixes two of them."""

    tokens: int
    per_fact: int
    overrides: tuple[str, ...]
    data: str
    classes: tuple[str, ...] = ()  # the asset classes that are taught and asked about; none: all

    def told(self) -> dict[str, object]:
        """Return them as they are kept: all but where the questions lie, since an answer names its question."""
        lists = {"overrides": list(self.overrides), "classes": list(self.classes)}
        return {"tokens": self.tokens, "per_fact": self.per_fact, **lists}

    def keep(self, folder: Path) -> None:
        """Write them into the folder, or refuse another folder's results.

        Raises:
            InputError: what stands there was measured with others.
        """
        path, ours = folder / FILE, self.told()
        if not path.is_file():
            write_json(path, ours)
            return
        found = {"classes": []} | read_json(path)
        for name, value in ours.items():
            if found.get(name) != value:
                raise InputError(
                    f"{folder} was measured with {name} {found.get(name)!r}, and this is {value!r}; take the same "
                    "again, or another --out"
                )


@dataclass(frozen=True, slots=True)
class Column:
    """A regime, and under held-out-asset the fold: the asset classes that training never names."""

    regime: str
    fold: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Name of its folder."""
        return "/".join((self.regime, *("+".join(self.fold),) * bool(self.fold)))


@dataclass(frozen=True, slots=True)
class Cell:
    """One student, or the base, in one column."""

    row: str
    column: Column
    seed: int

    @property
    def trained(self) -> bool:
        """Say whether the row has a student."""
        return self.row not in (FREE, BASE)

    def folder(self, out: Path) -> Path:
        """Return where its student and answers are kept."""
        row = self.row.replace(", ", "-").replace(" ", "-")
        return out / "cells" / row / self.column.key / f"seed-{self.seed}"

    def __str__(self) -> str:
        return f"{self.row}, {self.column.key}, seed {self.seed}"


def model_rows() -> list[str]:
    """Return the rows that ask a model: the base, the control, then the other recipes."""
    recipes = [name for name in recipe_names() if name != CONTROL]
    return [FREE, BASE, CONTROL, *recipes]


def chosen_rows(only: Sequence[str]) -> list[str]:
    """Return the rows to work on; all where none is named.

    Raises:
        InputError: there is no such row.
    """
    known = model_rows()
    for name in only:
        if name not in known:
            raise InputError(f"there is no row {name!r}{did_you_mean(name, known)} Rows are {'; '.join(known)}")
    return [row for row in known if row in only or not only]


def folds(graph: KnowledgeGraph, classes: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the asset classes in groups, twins together, in an order that is drawn once and for all."""
    kin = Bundles(graph, HELD_OUT).kin
    groups: dict[str, list[str]] = defaultdict(list)
    for slug in sorted(classes):
        groups[kin[slug]].append(slug)
    ordered = sorted(map(tuple, groups.values()))
    return Random(0).sample(ordered, len(ordered))


def columns(regimes: Sequence[str], chosen: Sequence[tuple[str, ...]]) -> list[Column]:
    """Return the columns that students are trained for."""
    found = [Column(NEW)] if NEW in regimes else []
    return found + ([Column(HELD_OUT, fold) for fold in chosen] if HELD_OUT in regimes else [])


def cells(rows: Sequence[str], todo: Sequence[Column], seeds: Sequence[int]) -> Iterator[Cell]:
    """Yield the cells in the order in which they are measured: a seed of the whole table before the next seed."""
    for number, seed in enumerate(seeds):
        for column in todo:
            for row in rows:
                cell = Cell(row, column, seed)
                if cell.trained or number == 0:  # the base has no seed
                    yield cell if cell.trained else Cell(row, column, 0)
