"""What jobs on a Ray cluster share: the way to it, the ontology's files for its nodes, errors that come back from them.

The ontology's files go to the fleet once, as they were read here (no node needs the user's folder); every worker
compiles its own graph from them, which takes less than sending a compiled one.
"""

import gc
import logging
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any, TypeVar

from failwise import __version__, errors, generation, kg
from failwise.errors import FailwiseError, InputError, MissingExtraError, StorageError
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import load_ontology, ontology_files, read_bytes

J = TypeVar("J")
Row = Mapping[str, Any]

# A worker asks for half a processor: when half of the nodes are lost, their workers find room on the others.
PROCESSORS = 0.5


@dataclass(frozen=True, slots=True)
class OntologyFiles:
    """All that a node needs to have the graph that is had here: the files' contents by name, and what must come out."""

    contents: Mapping[str, bytes]
    digest: str
    code: str
    language: str

    @classmethod
    def of(cls, paths: Sequence[Path], shipped: bool, digest: str, language: str) -> "OntologyFiles":
        """Read the ontology's files."""
        files = ontology_files(paths, shipped=shipped)
        contents = {name: read_bytes(path) for name, path in files.items()}
        return cls(contents, digest, code_digest(), language)

    def graph(self) -> KnowledgeGraph:
        """Return the graph of the files.

        Raises:
            InputError: a node has another failwise, or the files changed while the job began.
            OntologyError: the ontology cannot be used.
        """
        if self.code != code_digest():
            raise InputError(
                f"a node of the fleet has another failwise (here {__version__}) than the one that started the job, "
                "and would give other results; install the same on all nodes"
            )
        left_out = dict.fromkeys(ontology_files())  # the shipped files come with the job too, where they are wanted
        ontology = load_ontology(instead={**left_out, **self.contents})
        if ontology.digest != self.digest:
            raise InputError("the ontology's files have changed since they were read; start again")
        return KnowledgeGraph.usable(ontology, self.language)


def code_digest() -> str:
    """Digest the modules that results depend on: one version can stand for two states of a checkout."""
    digest = blake2b(digest_size=8)
    for package in (generation, kg):
        folder = Path(next(iter(package.__path__)))
        for path in sorted(folder.rglob("*.py")):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


# --- to and from a worker ---


def fetched(job: Any, kind: type[J]) -> J:
    """Return what a reference into Ray's store stands for, or the thing itself where it is there already."""
    if isinstance(job, kind):
        return job
    import ray

    found: J = ray.get(job)
    return found


def settle_in() -> None:
    """Have the garbage collector look no more at what a worker holds by now: its graph stays as it is."""
    gc.collect()
    gc.freeze()


def told(error: FailwiseError) -> dict[str, str]:
    """Return an error as it goes into a row. What stops a worker is one: Ray would try a wrong configuration again."""
    return {"error": type(error).__name__, "sentence": str(error)}


def same(note: Mapping[str, str]) -> FailwiseError:
    """Return the error that a worker met. Its sentence is whole, whatever its class makes sentences from."""
    kind = getattr(errors, note["error"], FailwiseError)
    error: FailwiseError = kind.__new__(kind, note["sentence"])
    return error


# --- Ray ---


def refuse_without_ray(feature: str) -> None:
    """Refuse what needs Ray where it is not installed.

    Raises:
        MissingExtraError: it is not.
    """
    if any(find_spec(name) is None for name in ("ray", "pyarrow")):
        raise MissingExtraError(feature, "ray", "ray")


def rows_of(dataset: Any) -> Generator[Row, None, None]:
    """Yield the rows of a data set as its workers send them; close it to end them.

    Raises:
        StorageError: the fleet was lost.
    """
    import ray

    sent = iter(dataset.iter_rows())
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


class Pump:
    """Takes rows from Ray in a thread of its own, so that an interrupt here does not end the work there."""

    def __init__(self, rows: Generator[Row, None, None]) -> None:
        self._queue, self._ended = SimpleQueue[Row | BaseException | None](), Event()
        self._thread = Thread(target=self._run, args=(rows,), daemon=True)
        self._thread.start()

    def take(self, patience: float | None = None) -> Row | None:
        """Return the next row; None after the last. What Ray raised is raised here, once.

        Raises:
            Empty: none came in so many seconds.
        """
        row = self._queue.get(timeout=patience)
        if row is None or isinstance(row, BaseException):
            self._queue.put(None)  # nothing follows, however often it is asked for
        if isinstance(row, BaseException):
            raise row
        return row

    def close(self) -> None:
        """Take no more: Ray ends the workers."""
        self._ended.set()
        self._thread.join(10.0)

    def _run(self, rows: Generator[Row, None, None]) -> None:
        try:
            with closing(rows):
                for row in rows:
                    self._queue.put(row)
                    if self._ended.is_set():
                        return
            self._queue.put(None)
        except BaseException as error:  # raised again where rows are taken
            self._queue.put(error)


@contextmanager
def connected() -> Iterator[None]:
    """Use the connection that is there, or make one (to what RAY_ADDRESS names, or to a Ray of its own) and end it.

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
def settings(*, ordered: bool) -> Iterator[None]:
    """Have Ray Data print errors only, and keep the order of rows or not; its settings are put back afterwards."""
    from ray.data import DataContext

    context, log = DataContext.get_current(), logging.getLogger("ray.data")
    before = context.execution_options.preserve_order, context.enable_progress_bars, log.level
    context.execution_options.preserve_order, context.enable_progress_bars = ordered, False
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        context.execution_options.preserve_order, context.enable_progress_bars = before[:2]
        log.setLevel(before[2])
