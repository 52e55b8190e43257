"""The same bytes by any number of processes, in any process, and none of them left behind."""

import hashlib
import multiprocessing
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from failwise.errors import FailwiseError, InputError, StorageError
from failwise.files import dump_record
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.parallel import Lines, question_lines
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.matrices.tables import Unit
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from tests.conftest import environment

SETTINGS = {
    "relations": ["indicatedBy", "causedBy"],
    "asset_classes": ["fan", "pump", "electric-motor", "centrifugal-pump", "steam-turbine"],
    "multiple_share": 0.2,
    "none_share": 0.2,
    "max_options": 6,
}


def synthesis(graph: KnowledgeGraph, workers: int) -> Synthesis:
    return Synthesis(graph, QuestionsConfig.model_validate({**SETTINGS, "workers": workers}))


@pytest.fixture(autouse=True)
def _nobody_is_left() -> Iterator[None]:
    yield
    assert multiprocessing.active_children() == []


def taken(work: Synthesis) -> tuple[bytes, Counter[str], Counter[str]]:
    lines = list(question_lines(work))
    return b"".join(x.text for x in lines), sum((x.splits for x in lines), Counter()), work.unasked


def test_the_same_bytes_and_counts_for_any_number_of_workers(shipped: KnowledgeGraph) -> None:
    alone = taken(synthesis(shipped, 1))
    assert alone[0].count(b"\n") == alone[1].total() > 1000
    assert alone[2].total() > 0
    for workers in (2, 3):
        assert taken(synthesis(shipped, workers)) == alone


def test_more_workers_than_units(toy: KnowledgeGraph) -> None:
    one, many = (Synthesis(toy, QuestionsConfig(workers=n)) for n in (1, 9))
    assert taken(one) == taken(many)


def test_lines_are_the_records(toy: KnowledgeGraph) -> None:
    text = b"".join(lines.text for lines in question_lines(Synthesis(toy, QuestionsConfig())))
    assert text.splitlines() == [dump_record(q) for q in Synthesis(toy, QuestionsConfig())]


class Faulty(Synthesis):
    """Meets an error in the third unit."""

    error: FailwiseError | None = InputError("the third unit is broken")

    def units(self) -> Iterator[Unit]:
        for number, unit in enumerate(super().units()):
            if number == 2:
                if self.error is None:
                    os._exit(3)
                raise self.error
            yield unit


class Dying(Faulty):
    """Ends without a word."""

    error = None


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_an_error_in_a_worker_arrives_as_it_was(shipped: KnowledgeGraph, workers: int) -> None:
    work = Faulty(shipped, QuestionsConfig.model_validate({**SETTINGS, "workers": workers}))
    with pytest.raises(InputError, match=r"^the third unit is broken$"):
        list(question_lines(work))


def test_a_worker_that_dies_is_told_of(shipped: KnowledgeGraph) -> None:
    work = Dying(shipped, QuestionsConfig.model_validate({**SETTINGS, "workers": 2}))
    with pytest.raises(StorageError, match=r"ended before its work was done.*questions\.workers=1"):
        list(question_lines(work))


def test_who_stops_early_leaves_no_process(shipped: KnowledgeGraph) -> None:
    lines = question_lines(synthesis(shipped, 2))
    assert isinstance(next(lines), Lines)
    assert len(multiprocessing.active_children()) == 2
    lines.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []


_SCRIPT = """
import hashlib
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.parallel import question_lines
from failwise.generation.drawing.synthesize import Synthesis
from failwise.kg.graph import KnowledgeGraph
settings = {settings!r}
for regime in ("new-question", "held-out-entity"):
    config = QuestionsConfig.model_validate(dict(settings, regime=regime))
    lines = question_lines(Synthesis(KnowledgeGraph.load(), config))
    print(hashlib.sha256(b"".join(x.text for x in lines)).hexdigest())
"""


def test_another_process_with_another_hash_seed_writes_the_same(shipped: KnowledgeGraph) -> None:
    expected = []
    for regime in ("new-question", "held-out-entity"):
        work = Synthesis(shipped, QuestionsConfig.model_validate({**SETTINGS, "regime": regime}))
        expected.append(hashlib.sha256(b"".join(x.text for x in question_lines(work))).hexdigest())
    for seed in ("1", "77"):
        done = subprocess.run(
            [sys.executable, "-c", _SCRIPT.format(settings=SETTINGS)],
            env={**environment(), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split() == expected


def test_another_seed_writes_other_questions(toy: KnowledgeGraph) -> None:
    def ids(seed: int) -> set[str]:
        questions: list[Question] = list(Synthesis(toy, QuestionsConfig(seed=seed)))
        return {q.id for q in questions}

    assert ids(1) != ids(2)
