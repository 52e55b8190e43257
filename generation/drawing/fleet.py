"""Questions as lines of JSON, by a fleet of machines with Ray Data: the same bytes as by one process.

Every unit of facts is drawn by itself, so what travels is small. The ontology's files go to the fleet once, as they
were read here (no node needs the user's folder); every worker compiles its own graph from them, which takes less than
sending a compiled one. After that only numbers of units go out, and lines come back. Ray hands a unit whose worker is
lost to another one; here every number is taken once, in order.
"""

import gc
import logging
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from failwise import __version__, errors, generation, kg
from failwise.errors import FailwiseError, InputError, MissingExtraError, StorageError
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.parallel import Lines, unit_lines
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.planning.cells import Plan
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import load_ontology, ontology_files, read_bytes

if TYPE_CHECKING:
    import pyarrow

# A worker asks for half a processor: when half of the nodes are lost, their workers find room on the others.
_PROCESSORS = 0.5

# What each worker takes at a time: a share of its share, so that all end together; and not too much to do again.
_TURNS, _MOST_AT_ONCE = 16, 64


@dataclass(frozen=True, slots=True)
class Job:
    """All that a worker needs to draw any unit: the files' contents by name, and what the graph of them must be."""

    contents: Mapping[str, bytes]
    digest: str
    code: str
    config: QuestionsConfig
    plan: Plan | None

    @classmethod
    def of(cls, paths: Sequence[Path], shipped: bool, digest: str, config: QuestionsConfig, plan: Plan | None) -> "Job":
        """Read the ontology's files."""
        files = ontology_files(paths, shipped=shipped)
        contents = {name: read_bytes(path) for name, path in files.items()}
        return cls(contents, digest, _code(), config, plan)

    def synthesis(self) -> Synthesis:
        """Return what draws the questions.

        Raises:
            InputError: a node has another failwise, or the files changed while the job began.
            FailwiseError: the ontology or the configuration cannot be used.
        """
        if self.code != _code():
            raise InputError(
                f"a node of the fleet has another failwise (here {__version__}) than the one that started the job, "
                "and would make other questions; install the same on all nodes"
            )
        left_out = dict.fromkeys(ontology_files())  # the shipped files come with the job too, where they are wanted
        ontology = load_ontology(instead={**left_out, **self.contents})
        if ontology.digest != self.digest:
            raise InputError("the ontology's files have changed since they were read; start again")
        return Synthesis(KnowledgeGraph.usable(ontology, self.config.language), self.config, self.plan)


class Worker:
    """Draws units by number. What stops it goes back as a row: Ray would try a wrong configuration again.

    Args:
        job: a reference to the job in Ray's store, or the job itself.
    """

    def __init__(self, job: Any) -> None:
        self.error: FailwiseError | None = None
        try:
            self.synthesis = (job if isinstance(job, Job) else _fetched(job)).synthesis()
            self.units = list(self.synthesis.units())
        except FailwiseError as error:
            self.error = error
        gc.collect()
        gc.freeze()  # the graph stays as it is: a collection need not look at it again

    def __call__(self, batch: "pyarrow.Table") -> "Iterator[pyarrow.Table]":
        """Yield one row per unit."""
        for number in batch["unit"].to_pylist():
            yield _row(number, *self.drawn(number))

    def drawn(self, number: int) -> tuple[bytes, dict[str, Any]]:
        """Return a unit's lines, with its counts or with the error that stands in the lines' place."""
        if self.error is not None:
            return b"", _told(self.error)
        self.synthesis.unasked = unasked = Counter[str]()
        unit = self.units[number]
        try:
            # Drawing adds facts from outside the table to a unit; a second try must find it as it was.
            lines = unit_lines(self.synthesis, replace(unit, facts=list(unit.facts)))
        except FailwiseError as error:
            return b"", _told(error)
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
    if any(find_spec(name) is None for name in ("ray", "pyarrow")):
        raise MissingExtraError("a fleet that makes questions", "ray", "ray")
    graph = graph or KnowledgeGraph.load(paths, shipped=shipped, language=config.language)
    count = sum(1 for _ in Synthesis(graph, config, plan).units())
    job = Job.of(paths, shipped, graph.digest, config, plan)
    if not count:
        return
    with _connected(), _ordered(), closing(_rows(job, count, config.workers)) as rows:
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
        num_cpus=_PROCESSORS,
    )
    sent = iter(rows.iter_rows())
    try:
        yield from sent
    except ray.exceptions.RayTaskError:
        raise  # a fault of ours, with its traceback
    except ray.exceptions.RayError as error:
        raise StorageError(
            f"the fleet could not end its work, perhaps for want of memory ({str(error).splitlines()[0]}); "
            "see to its nodes, or try again on this machine without it"
        ) from error
    finally:
        sent.close()  # ends the workers too where the caller wants no more: they must not outlive the connection


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
            raise _same(note)
        if row["unit"] != turn:
            raise StorageError(f"the fleet sent unit {row['unit']} where {turn} was due; start again")
        turn += 1
        yield Lines(row["text"], Counter(note["splits"])), Counter(note["unasked"])
    if turn < count:
        raise StorageError(f"the fleet sent {turn} of {count} units and said that this is all; start again")


# --- to and from a worker ---


def _code() -> str:
    """Digest the modules that questions depend on: one version can stand for two states of a checkout."""
    digest = blake2b(digest_size=8)
    for package in (generation, kg):
        folder = Path(next(iter(package.__path__)))
        for path in sorted(folder.rglob("*.py")):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _fetched(reference: Any) -> Job:
    import ray

    job: Job = ray.get(reference)
    return job


def _row(number: int, text: bytes, note: dict[str, Any]) -> "pyarrow.Table":
    import pyarrow

    types = {"unit": pyarrow.int64(), "text": pyarrow.large_binary(), "note": pyarrow.large_binary()}
    row = {"unit": [number], "text": [text], "note": [orjson.dumps(note)]}
    return pyarrow.table(row, schema=pyarrow.schema(types))


def _told(error: FailwiseError) -> dict[str, Any]:
    return {"error": type(error).__name__, "sentence": str(error)}


def _same(note: Mapping[str, str]) -> FailwiseError:
    """Return the error that a worker met. Its sentence is whole, whatever its class makes sentences from."""
    kind = getattr(errors, note["error"], FailwiseError)
    error: FailwiseError = kind.__new__(kind, note["sentence"])
    return error


# --- Ray ---


@contextmanager
def _connected() -> Iterator[None]:
    """Use the connection that is there, or make one and end it.

    Raises:
        InputError: RAY_ADDRESS names no cluster that answers.
    """
    import ray

    if ray.is_initialized():
        yield
        return
    try:
        ray.init(include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    except ConnectionError as error:
        raise InputError(f"cannot reach the Ray cluster: {error}; check RAY_ADDRESS, or unset it") from error
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _ordered() -> Iterator[None]:
    """Have Ray Data keep the order of units, and print errors only; its settings are put back afterwards."""
    from ray.data import DataContext

    context, log = DataContext.get_current(), logging.getLogger("ray.data")
    before = context.execution_options.preserve_order, context.enable_progress_bars, log.level
    context.execution_options.preserve_order, context.enable_progress_bars = True, False
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        context.execution_options.preserve_order, context.enable_progress_bars = before[:2]
        log.setLevel(before[2])
