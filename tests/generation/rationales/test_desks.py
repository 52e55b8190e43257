"""The same records by any number of processes; what befalls one of them is told, and none is left behind."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from failwise.errors import StorageError
from failwise.files import read_records
from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.rationales import desks as module
from failwise.generation.rationales.crew import Landed, Task
from failwise.generation.rationales.desks import FEW, Judged, desks, in_turn
from failwise.generation.rationales.job import write_rationales
from failwise.generation.records import Question, Rationale, Reject
from failwise.generation.teachers.fake_teachers import ScriptedTeacher
from failwise.generation.teachers.graph_teacher import GraphTeacher
from failwise.generation.teachers.teacher import TeacherReply, TeacherRequest
from failwise.generation.verifying.rules import Verdict
from failwise.kg.graph import KnowledgeGraph
from tests.conftest import environment


@pytest.fixture(scope="module")
def questions(shipped: KnowledgeGraph) -> list[Question]:
    config = QuestionsConfig(asset_classes=("fan", "pump", "electric-motor"), multiple_share=0.2)
    return list(Synthesis(shipped, config))[: FEW + 150]


@pytest.fixture(autouse=True)
def _nobody_is_left() -> Iterator[None]:
    yield
    assert multiprocessing.active_children() == []


def test_the_graph_teacher_writes_the_same_bytes_by_any_number_of_processes(
    shipped: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    written = set()
    for workers in (1, 2, 3):
        config = RationalesConfig(workers=workers, max_words=25)  # some are too long: both files fill
        write_rationales(questions, shipped, config, tmp_path / str(workers))
        written.add(tuple((tmp_path / str(workers) / f"{n}.jsonl").read_bytes() for n in ("rationales", "rejects")))
    assert len(written) == 1
    assert all(written.pop())


def test_replies_that_are_read_elsewhere_end_as_they_do_here(
    shipped: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    ended = []
    for workers in (1, 3):
        config = RationalesConfig(teacher="scripted", workers=workers, attempts=3)
        good = GraphTeacher(config, shipped)

        def script(request: TeacherRequest, good: GraphTeacher = good) -> TeacherReply:
            place = int(request.question.id, 16)
            if place % 5 == 0 or request.attempt <= place % 3:
                return TeacherReply("", None, raw="<html>", fault="not-json" if place % 2 else "strange")
            return good.reason(request)

        folder = tmp_path / str(workers)
        write_rationales(questions, shipped, config, folder, teacher=ScriptedTeacher(config, shipped, script))
        rationales = sorted(read_records(folder / "rationales.jsonl", Rationale), key=lambda r: r.question_id)
        rejects = sorted(read_records(folder / "rejects.jsonl", Reject), key=lambda r: r.record_id)
        assert len(rationales) + len(rejects) == len(questions)
        ended.append((rationales, rejects))
    assert ended[0] == ended[1]
    assert {r.attempts for r in ended[0][0]} == {1, 2, 3}
    assert len(ended[0][1]) > 50


def dies(request: TeacherRequest, reply: TeacherReply) -> Verdict:
    os._exit(3)


def test_a_desk_that_dies_is_told_of(questions: list[Question]) -> None:
    events: module.Events = SimpleQueue()
    task = Task(TeacherRequest(questions[0], {}, 0.0, 1), "f", 1)
    landed = Landed(task, TeacherReply("text", "A"), None)  # type: ignore[arg-type]
    with desks(dies, questions, 2, events) as take:
        assert take([landed]) == ()
        event = events.get(timeout=20)
    assert isinstance(event, StorageError)
    assert "rationales.workers=1" in str(event)


def test_a_process_that_dies_in_its_turn_is_told_of(questions: list[Question]) -> None:
    def work(question: Question) -> str:
        if question.id == questions[100].id:
            os._exit(3)
        return question.id

    with pytest.raises(StorageError, match=r"rationales\.workers=1"):
        list(in_turn(work, questions, 2))


def test_verdicts_come_to_the_replies_they_are_of(questions: list[Question]) -> None:
    def judge(request: TeacherRequest, reply: TeacherReply) -> Verdict:
        time.sleep(0.001 * (int(request.question.id, 16) % 4))
        return Verdict(request.question.id, f"{reply.text} {request.attempt}", len(request.evidence), 0, 0, ())

    events: module.Events = SimpleQueue()
    with desks(judge, questions, 3, events) as take:
        for place, question in enumerate(questions):
            task = Task(TeacherRequest(question, {"a/b/c": "words"}, 0.0, place), "f", 1)
            take([Landed(task, TeacherReply(f"text {place}", "A"), None)])  # type: ignore[arg-type]
        found: list[Judged] = []
        while len(found) < len(questions):
            event = events.get(timeout=20)
            assert isinstance(event, list)
            found += event
    for one in found:
        request = one.landed.task.request
        assert one.verdict.reason == request.question.id
        assert (one.verdict.detail, one.verdict.supported) == (f"text {request.attempt} {request.attempt}", 1)


_SCRIPT = """
import os, time
from failwise.forks import forked
def work(pipe, number):
    pipe.recv() if number else time.sleep(0.1) or pipe.send("here") or pipe.recv()
with forked(work, 2, duplex=True) as pipes:
    pipes[0].recv()
    import multiprocessing
    print(*[p.pid for p in multiprocessing.active_children()], flush=True)
    time.sleep(60)
"""


def test_processes_end_when_the_first_one_is_killed() -> None:
    first = subprocess.Popen([sys.executable, "-c", _SCRIPT], stdout=subprocess.PIPE, text=True, env=environment())
    assert first.stdout is not None
    others = [int(pid) for pid in first.stdout.readline().split()]
    first.send_signal(signal.SIGKILL)
    first.wait()
    first.stdout.close()
    deadline = time.monotonic() + 20
    while left := [pid for pid in others if Path(f"/proc/{pid}").exists() and not _is_ended(pid)]:
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.05)
    assert len(others) == 2


def _is_ended(pid: int) -> bool:
    """A process that nobody waits for is a zombie: ended, but listed."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
