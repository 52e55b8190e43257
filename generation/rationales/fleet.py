"""Rationales by a fleet of machines with Ray Data: every question once, and those accepted that one machine accepts.

What travels is a question with all that may be cited and shown, chosen here: a node needs neither the folder of
evidence nor the other questions. Back come its record and all replies to it, which are written down here. Ray hands a
question whose worker is lost to another one: only what was in flight there is asked again. Keys never travel.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from queue import Empty
from typing import Any

from failwise.errors import FailwiseError, StorageError
from failwise.files import RecordLog, dump_record, parse_record
from failwise.generation.config import RationalesConfig
from failwise.generation.fleet import (
    PROCESSORS,
    OntologyFiles,
    Pump,
    connected,
    refuse_without_ray,
    rows_of,
    same,
    settings,
)
from failwise.generation.rationales.accounting import Attempt, Ledger
from failwise.generation.rationales.asking import Asking
from failwise.generation.rationales.crew import Task
from failwise.generation.rationales.fleet_worker import Gate, Job, Outcome, Worker
from failwise.generation.rationales.patience import Patience
from failwise.generation.rationales.sampling import Record, Sampling
from failwise.generation.records import Question, Reject

# So many questions go out at once: Ray takes milliseconds for each before the first is asked. For more the workers are
# started again, which takes seconds.
MOST_AT_ONCE = 10_000

# Of a teacher that costs nothing each worker takes a share of its share at a time, so that all end together.
TURNS, MOST_FREE = 16, 64

# Teachers with a model in the worker: each takes a GPU for itself where the fleet has some.
IN_PROCESS = ("vllm", "transformers")


class Fleet(Asking):
    """Has `workers` workers of a Ray cluster ask, each within a window of its own, all within the budget.

    The cluster is the one this process is connected to, or the one Ray finds (RAY_ADDRESS); else one is started on
    this machine, and ended with the last record.
    """

    def __init__(self, sampling: Sampling, ledger: Ledger, files: OntologyFiles, log: RecordLog | None) -> None:
        """Write replies to `log`; none where nothing is paid (the graph teacher)."""
        refuse_without_ray("a fleet that asks a teacher")
        super().__init__(sampling, ledger, log)
        self._files = files
        self._job: Any = None
        self._wave: dict[int, Task] = {}
        self._workers = 0
        self._patience = Patience(sampling.config.concurrency * sampling.config.workers)

    def records(self, questions: Sequence[Question], replies: dict[str, list[Attempt]]) -> Iterator[Record]:
        """Yield one record per question, unless the budget is used up before.

        With the graph teacher they come in the order of questions, else as they are done.

        Args:
            replies: those that questions have already, by id.

        Raises:
            StorageError: the fleet was lost.
            FailwiseError: what stopped a worker.
        """
        import ray

        fresh = (q for q in questions if q.id not in replies)
        yield from self._paid_for(questions, replies)
        with connected(), settings(ordered=self._log is None):
            # Held here, so that a node that joins late can fetch it too.
            self._job = ray.put(Job(self._files, _for_nodes(self._sampling.config)))
            while True:
                self._fill(fresh)
                if not self._wave:
                    return
                yield from self._fly()

    def _has_room(self) -> bool:
        return len(self._wave) < MOST_AT_ONCE

    def _send(self, task: Task) -> None:
        self._wave[len(self._wave)] = task

    def _reserve(self, task: Task) -> bool:
        """Count all tries of a question as in flight, should it take them, if they fit the budget."""
        tries = self._tries(task)
        for sent in range(tries):
            if not self._ledger.affords(task.characters):
                self._release(task, sent)
                return False
            self._ledger.send(task.characters)
        return True

    def _release(self, task: Task, tries: int) -> None:
        for _ in range(tries):
            self._ledger.land(task.characters)

    def _tries(self, task: Task) -> int:
        return self._sampling.config.attempts - task.request.attempt + 1

    def _fly(self) -> Iterator[Record]:
        """Have the wave asked. However it ends, replies to what was begun are waited for and written down."""
        gate = None if self._log is None else _gate()
        with closing(Pump(rows_of(self._dataset(gate)))) as pump:
            try:
                while self._wave:
                    record = self._land(_outcome(pump.take()))
                    if record is not None:
                        yield record
                        self._patience.note(record.reason if isinstance(record, Reject) else "")
            finally:
                if self._wave and gate is not None:
                    self._wait_for(gate, pump)

    def _dataset(self, gate: Any) -> Any:
        import ray
        import ray.data

        config = self._sampling.config
        self._workers = min(config.workers, len(self._wave))
        size = 1 if gate is not None else min(MOST_FREE, max(1, len(self._wave) // (self._workers * TURNS)))
        threads = config.concurrency if gate is not None else 1
        rows = [{"number": number, "task": dump_record(task)} for number, task in self._wave.items()]
        return ray.data.from_items(rows, override_num_blocks=-(-len(rows) // size)).map_batches(
            Worker,
            fn_constructor_args=(self._job, gate),
            compute=ray.data.ActorPoolStrategy(
                size=self._workers,
                max_tasks_in_flight_per_actor=threads + 1,  # the next one waits there
                max_concurrent_calls_per_actor=threads,
                enable_true_multi_threading=True,
            ),
            batch_format="pyarrow",
            batch_size=None,
            num_cpus=PROCESSORS,
            num_gpus=1 if config.teacher in IN_PROCESS and ray.cluster_resources().get("GPU") else None,
        )

    def _land(self, outcome: Outcome | None) -> Record | None:
        """Write down what was paid for, and return the record.

        Raises:
            FailwiseError: a worker sent one.
            StorageError: the fleet says that this was all, and it was not.
        """
        if outcome is None:
            raise StorageError(
                f"the fleet left {len(self._wave):,} questions undone and said that this is all; what is done is "
                "kept: run the same command again"
            )
        task = self._wave.pop(outcome.number, None)
        if task is None:  # it came before, and was taken then
            return None
        self._release(task, self._tries(task))
        for attempt in outcome.attempts:
            self.landed += 1
            self._ledger.add(attempt)
            if self._log is not None:  # in flight are those of the other workers, too
                self._log.append(replace(attempt, in_flight=attempt.in_flight * self._workers))
        if outcome.error:
            raise same({"error": outcome.error, "sentence": outcome.sentence})
        return outcome.record

    def _wait_for(self, gate: Any, pump: Pump) -> None:
        """Let no question begin, and write down the replies to those that did. Their records are for the next run."""
        import ray

        config, begun = self._sampling.config, set[int]()
        with suppress(ray.exceptions.RayError):  # the fleet is lost, and nothing comes any more
            begun = ray.get(gate.shut.remote(), timeout=config.timeout)
        deadline = time.monotonic() + config.timeout
        while begun & self._wave.keys():
            try:
                outcome = _outcome(pump.take(max(0.0, deadline - time.monotonic())))
            except (Empty, FailwiseError):
                return
            if outcome is None:
                return
            with suppress(FailwiseError):  # the first error is the one to tell of
                self._land(outcome)


def _outcome(sent: Any) -> Outcome | None:
    return None if sent is None else parse_record(sent["outcome"], Outcome, "a row of the fleet")


def _gate() -> Any:
    """Start a gate on the driver's own node. Where it is lost it begins anew, which costs what is then in flight."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    gate = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(Gate)
    return gate.options(scheduling_strategy=here).remote()


def _for_nodes(config: RationalesConfig) -> RationalesConfig:
    """Return the configuration with the server that is asked from here: a node's environment may name another."""
    server = os.environ.get("OPENAI_BASE_URL", "")
    named = config.teacher != "openai" or config.base_url or not server
    return config if named else config.model_copy(update={"base_url": server})
