"""Questions as lines of JSON, by a fleet of machines with Ray Data: the same bytes as by one process.

Every unit of facts is drawn by itself, so what travels is small: once the ontology's files, after that only numbers of
units go out, and lines come back. Ray hands a unit whose worker is lost to another one; here every number is taken
once, in order.
"""

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from failwise.errors import FailwiseError, StorageError
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.parallel import Lines, unit_lines
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.fleet import (
    PROCESSORS,
    OntologyFiles,
    connected,
    fetched,
    refuse_without_ray,
    rows_of,
    same,
    settings,
    settle_in,
    told,
)
from failwise.generation.planning.cells import Plan
from failwise.kg.graph import KnowledgeGraph

if TYPE_CHECKING:
    import pyarrow

# What each worker takes at a time: a share of its share, so that all end together; and not too much to do again.
_TURNS, _MOST_AT_ONCE = 16, 64


@dataclass(frozen=True, slots=True)
class Job:
    """All that a worker needs to draw any unit."""

    files: OntologyFiles
    config: QuestionsConfig
    plan: Plan | None

    def synthesis(self) -> Synthesis:
        """Return what draws the questions.

        Raises:
            FailwiseError: a node has another failwise, or the ontology or the configuration cannot be used.
        """
        return Synthesis(self.files.graph(), self.config, self.plan)


class Worker:
    """Draws units by number. What stops it goes back as a row: Ray would try a wrong configuration again.

    Args:
        job: a reference to the job in Ray's store, or the job itself.
    """

    def __init__(self, job: Any) -> None:
        self.error: FailwiseError | None = None
        try:
            self.synthesis = fetched(job, Job).synthesis()
            self.units = list(self.synthesis.units())
        except FailwiseError as error:
            self.error = error
        settle_in()

    def __call__(self, batch: "pyarrow.Table") -> "Iterator[pyarrow.Table]":
        """Yield one row per unit."""
        for number in batch["unit"].to_pylist():
            yield _row(number, *self.drawn(number))

    def drawn(self, number: int) -> tuple[bytes, dict[str, Any]]:
        """Return a unit's lines, with its counts or with the error that stands in the lines' place."""
        if self.error is not None:
            return b"", told(self.error)
        self.synthesis.unasked = unasked = Counter[str]()
        unit = self.units[number]
        try:
            # Drawing adds facts from outside the table to a unit; a second try must find it as it was.
            lines = unit_lines(self.synthesis, replace(unit, facts=list(unit.facts)))
        except FailwiseError as error:
            return b"", told(error)
        return lines.text, {"splits": lines.splits, "unasked": unasked}


def fleet_lines(
    paths: Sequence[Path],
    shipped: bool,
    config: QuestionsConfig,
    plan: Plan | None = None,
    *,
    graph: KnowledgeGraph | None = None,
    unasked: Counter[str] | None = None,
) -> Iterator[Lines]:
    """Yield the lines of all units, in order, made by `config.workers` workers of a Ray cluster.

    The cluster is the one this process is connected to, or the one Ray finds (RAY_ADDRESS); else one is started on
    this machine, and ended with the last line.

    Args:
        paths: files and folders of the ontology, as `load_ontology` takes them.
        shipped: whether they are laid over the shipped ontology.
        graph: the graph of these files, where it is there already; else it is read.
        unasked: counts what could not be asked, by reason, when all is taken.

    Raises:
        MissingExtraError: Ray is not installed.
        StorageError: the fleet was lost.
        FailwiseError: what stopped a worker, or the ontology and the configuration here.
    """
    refuse_without_ray("a fleet that makes questions")
    graph = graph or KnowledgeGraph.load(paths, shipped=shipped, language=config.language)
    count = sum(1 for _ in Synthesis(graph, config, plan).units())
    job = Job(OntologyFiles.of(paths, shipped, graph.digest, config.language), config, plan)
    if not count:
        return
    with connected(), settings(ordered=True), closing(_rows(job, count, config.workers)) as rows:
        for lines, left in _in_order(rows, count):
            yield lines
            if unasked is not None:
                unasked.update(left)


def _rows(job: Job, count: int, workers: int) -> Generator[Mapping[str, Any], None, None]:
    """Yield what the workers send, in the order of units."""
    import pyarrow
    import ray
    import ray.data

    ours = ray.put(job)  # held here, so that a node that joins late can fetch it too
    size = min(_MOST_AT_ONCE, max(1, count // (workers * _TURNS)))
    numbers = [list(range(start, min(start + size, count))) for start in range(0, count, size)]
    rows = ray.data.from_arrow([pyarrow.table({"unit": n}) for n in numbers]).map_batches(
        Worker,
        fn_constructor_args=(ours,),
        compute=ray.data.ActorPoolStrategy(size=min(workers, len(numbers))),
        batch_format="pyarrow",
        batch_size=None,
        num_cpus=PROCESSORS,
    )
    with closing(rows_of(rows)) as sent:
        yield from sent


def _in_order(rows: Iterator[Mapping[str, Any]], count: int) -> Iterator[tuple[Lines, Counter[str]]]:
    """Yield each unit's lines once, and what of it could not be asked.

    Raises:
        FailwiseError: a worker sent one in place of lines.
        StorageError: a unit is missing, or came out of its turn.
    """
    turn = 0
    for row in rows:
        note = orjson.loads(row["note"])
        if "error" in note:
            raise same(note)
        if row["unit"] != turn:
            raise StorageError(f"the fleet sent unit {row['unit']} where {turn} was due; start again")
        turn += 1
        yield Lines(row["text"], Counter(note["splits"])), Counter(note["unasked"])
    if turn < count:
        raise StorageError(f"the fleet sent {turn} of {count} units and said that this is all; start again")


def _row(number: int, text: bytes, note: dict[str, Any]) -> "pyarrow.Table":
    import pyarrow

    types = {"unit": pyarrow.int64(), "text": pyarrow.large_binary(), "note": pyarrow.large_binary()}
    row = {"unit": [number], "text": [text], "note": [orjson.dumps(note)]}
    return pyarrow.table(row, schema=pyarrow.schema(types))
