"""Finished cells into one file of the repository, and from it into a folder of results."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.students.kept import FILE, Kept, kept_in, signs, which
from benchmarks.students.machine import noted
from benchmarks.students.material import SETS
from benchmarks.students.measure import answered, finished
from benchmarks.students.plan import Cell, Column, Settings
from benchmarks.students.scores import Asked, spent
from failwise.config import RunConfig, load_config
from failwise.files import content_id, read_records, write_records
from failwise.training.recipe import recipe_digest


def unpack(path: Path, settings: Settings, todo: Iterable[Cell], asked: Mapping[Column, Asked], out: Path) -> int:
    """Bring to the folder of results what the file has of these cells and the folder has not; return how many."""
    there = {_key(kept): kept for kept in _read(path)}
    brought = 0
    for cell in todo:
        kept = there.get((_name(cell), content_id(settings.told(), taught(cell, settings))))
        sets = asked[cell.column]
        if kept and not finished(cell, out, sets) and all(kept.of(name, sets[name]) is not None for name in SETS):
            write_records(cell.folder(out) / FILE, [kept])
            brought += 1
    return brought


def pack(path: Path, settings: Settings, done: Iterable[Cell], asked: Mapping[Column, Asked], out: Path) -> None:
    """Put finished cells into the file; what it has of others stays."""
    there = {_key(kept): kept for kept in _read(path)}
    for cell in done:
        kept = _kept(cell, settings, asked[cell.column], out)
        there[_key(kept)] = kept
    write_records(path, [there[key] for key in sorted(there)])


def _read(path: Path) -> list[Kept]:
    return list(read_records(path, Kept)) if path.is_file() else []


def _kept(cell: Cell, settings: Settings, sets: Asked, out: Path) -> Kept:
    folder = cell.folder(out)
    marks = {name: answered(folder, name, sets[name]) or {} for name in SETS}
    return Kept(
        cell=_name(cell),
        settings=settings.told(),
        taught=taught(cell, settings),
        asked={name: which(sets[name]) for name in SETS},
        marks={name: signs(marks[name]) for name in SETS},
        spent=spent(folder),
        machines=tuple(measured_on(folder)),
    )


def measured_on(folder: Path) -> list[str]:
    """Return what a cell was measured on, here or elsewhere."""
    kept = kept_in(folder)
    return noted(folder) or (list(kept.machines) if kept else [])


def taught(cell: Cell, settings: Settings) -> str:
    """Return a hash of a cell's recipe and of all settings of its training, so that no default changes unseen."""
    config = load_config(RunConfig, None, settings.overrides).training
    return content_id(config.fingerprint_fields(), recipe_digest(cell.row) if cell.trained else "")


def _name(cell: Cell) -> str:
    return cell.folder(Path()).relative_to("cells").as_posix()


def _key(kept: Kept) -> tuple[str, str]:
    return kept.cell, content_id(kept.settings, kept.taught)
