"""A fleet has the rationales that one machine has: every question once, also when a node is lost, and none paid twice.

Tests with Ray skip where it is not installed; what a worker and the driver do by themselves is tested without it.
"""

import gc
import json
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from failwise.errors import FailwiseError, InputError, MissingExtraError, StorageError, TeacherError
from failwise.files import RecordLog, dump_record, write_records
from failwise.generation.config import RationalesConfig
from failwise.generation.fleet import OntologyFiles, Pump
from failwise.generation.rationales import fleet
from failwise.generation.rationales.accounting import ATTEMPTS, Ledger, read_attempts
from failwise.generation.rationales.fleet import Fleet
from failwise.generation.rationales.fleet_worker import Gate, Job, Outcome, Worker
from failwise.generation.rationales.judging import judge_for
from failwise.generation.rationales.requests import Offers, Requests
from failwise.generation.rationales.sampling import Record, Sampling
from failwise.generation.rationales.standing import RATIONALES, REJECTS, take_stock
from failwise.generation.records import Question, Rationale, Reject
from failwise.generation.teachers.teacher import TeacherReply, TeacherRequest, find_teacher
from failwise.kg.graph import KnowledgeGraph
from tests.conftest import Program, toy_paths
from tests.generation.rationales.hostile import Hostile, serve
from tests.generation.rationales.test_kill import different, plan

AT_ONCE = 4
ASKED = {"teacher": "openai", "model": "m", "concurrency": AT_ONCE, "attempts": 3, "workers": 2}


@pytest.fixture(scope="module")
def questions(toy: KnowledgeGraph) -> list[Question]:
    return different(toy, 120)


@pytest.fixture
def thawed() -> Iterator[None]:
    """A worker puts all that is there out of the garbage collector's sight; these tests put it back."""
    yield
    gc.unfreeze()


def settings(**changed: Any) -> RationalesConfig:
    return RationalesConfig.model_validate(ASKED | changed)


def sampling_of(
    graph: KnowledgeGraph, config: RationalesConfig, pool: list[Question], offers: Offers | None = None
) -> Sampling:
    return Sampling(config, Requests(graph, config, offers, pool), judge_for(graph, config))


def files_of(graph: KnowledgeGraph) -> OntologyFiles:
    return OntologyFiles.of(toy_paths(), False, graph.digest, "en")


class Folder:
    """A job's folder, in which a fleet goes on where it stopped; what is yielded is kept, as the job keeps it."""

    def __init__(self, graph: KnowledgeGraph, questions: list[Question], folder: Path) -> None:
        self.graph, self.questions, self.folder = graph, questions, folder
        self.records: list[Record] = []

    def go_on(self, config: RationalesConfig, then: Callable[[int], None] = lambda count: None) -> Fleet:
        """Have a fleet do what is left; `then` is called with the number of records after each."""
        sampling, ledger = sampling_of(self.graph, config, self.questions), Ledger(config)
        standing = take_stock(self.folder, self.questions, lambda q: sampling.task(q).fingerprint, ledger)
        done = {r.question_id if isinstance(r, Rationale) else r.record_id for r in self.records}
        todo = [q for q in self.questions if q.id not in done]
        with ExitStack() as stack:
            paid = config.teacher != "graph"
            log = stack.enter_context(RecordLog(self.folder / ATTEMPTS)) if paid else None
            fleet = Fleet(sampling, ledger, files_of(self.graph), log)
            for record in fleet.records(todo, standing.replies):
                self.records.append(record)
                then(len(self.records))
        return fleet

    def answered(self) -> Counter[str]:
        return Counter(r.question_id if isinstance(r, Rationale) else r.record_id for r in self.records)

    def attempts(self) -> Counter[tuple[str, int]]:
        return Counter((a.question_id, a.attempt) for a in read_attempts(self.folder))


def by_one(graph: KnowledgeGraph, questions: list[Question], config: RationalesConfig) -> list[Record]:
    sampling, teacher = sampling_of(graph, config, questions), find_teacher(config, graph)
    return [sampling.at_once(q, teacher) for q in questions]


# --- what a worker does ---


def offer(question: Question) -> Mapping[str, str]:
    return {"doc/notes/1": f"What the notes say of {question.anchor}."}


@pytest.mark.parametrize(
    ("changed", "offers"),
    [({}, None), ({"style": "expert", "examples": 2, "show_answer": True, "temperature": 0.3}, offer)],
    ids=["as it is", "with all that travels"],
)
def test_what_travels_makes_the_same_record(
    toy: KnowledgeGraph, questions: list[Question], thawed: None, changed: dict[str, Any], offers: Offers | None
) -> None:
    config = RationalesConfig.model_validate({"teacher": "scripted"} | changed)
    sampling = sampling_of(toy, config, questions, offers)
    teacher, worker = find_teacher(config, toy), Worker(Job(files_of(toy), config))
    for number, question in enumerate(questions[:40]):
        outcome = worker.outcome(number, dump_record(sampling.task(question)))
        assert (outcome.number, outcome.record) == (number, sampling.at_once(question, teacher))
        (attempt,) = outcome.attempts
        assert attempt.fingerprint == sampling.task(question).fingerprint


def test_what_was_paid_comes_back_with_the_error(
    toy: KnowledgeGraph, questions: list[Question], thawed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reason(self: object, request: TeacherRequest) -> TeacherReply:
        if request.attempt == 3:
            raise TeacherError("the account is used up")
        return TeacherReply("It is obvious.", "A", 7, 5)

    monkeypatch.setattr("failwise.generation.teachers.fake_teachers.ScriptedTeacher.reason", reason)
    config = RationalesConfig(teacher="scripted")
    worker, sampling = Worker(Job(files_of(toy), config)), sampling_of(toy, config, questions)
    outcome = worker.outcome(0, dump_record(sampling.task(questions[0])))
    assert [(a.attempt, a.prompt_tokens) for a in outcome.attempts] == [(1, 7), (2, 7)]
    assert (outcome.record, outcome.error, outcome.sentence) == (None, "TeacherError", "the account is used up")


def test_a_node_without_a_key_says_where_keys_come_from(
    toy: KnowledgeGraph, thawed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    outcome = Worker(Job(files_of(toy), settings())).outcome(0, b"")
    assert outcome.error == "TeacherError"
    assert "a node of the fleet" in outcome.sentence and "each needs OPENAI_API_KEY" in outcome.sentence


def test_nodes_ask_the_server_that_is_asked_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://here/v1")
    assert fleet._for_nodes(settings()).base_url == "http://here/v1"
    assert fleet._for_nodes(settings(base_url="http://there/v1")).base_url == "http://there/v1"
    assert not fleet._for_nodes(RationalesConfig(teacher="graph")).base_url


def test_a_gate_that_is_shut_lets_nothing_begin() -> None:
    gate = Gate()
    assert gate.begin(3) and gate.begin(5)
    assert gate.shut() == {3, 5}
    assert not gate.begin(4)
    assert gate.shut() == {3, 5}


# --- what the driver does ---


@pytest.fixture
def driver(
    toy: KnowledgeGraph, questions: list[Question], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Fleet]]:
    """Give a function that makes a driver whose questions are on their way, without a Ray."""
    monkeypatch.setattr(fleet, "refuse_without_ray", lambda feature: None)
    with RecordLog(tmp_path / ATTEMPTS) as log:

        def make(**changed: Any) -> Fleet:
            config = RationalesConfig.model_validate({"teacher": "scripted", "workers": 2} | changed)
            made = Fleet(sampling_of(toy, config, questions), Ledger(config), files_of(toy), log)
            made._fill(iter(questions))
            made._workers = 2
            return made

        yield make


def outcomes(made: Fleet, toy: KnowledgeGraph) -> list[Outcome]:
    worker = Worker(Job(files_of(toy), made._sampling.config))
    return [worker.outcome(number, dump_record(task)) for number, task in made._wave.items()]


def test_an_outcome_that_comes_twice_is_taken_once(
    driver: Callable[..., Fleet], toy: KnowledgeGraph, thawed: None, tmp_path: Path
) -> None:
    made = driver()
    first, second, *_ = outcomes(made, toy)
    assert [made._land(o) for o in (first, first, second, first)] == [first.record, None, second.record, None]
    assert [(a.question_id, a.in_flight) for a in read_attempts(tmp_path)] == [
        (o.attempts[0].question_id, 2) for o in (first, second)
    ]
    assert made._ledger.attempts == made.landed == 2


def test_a_fleet_that_ends_too_early_is_an_error(driver: Callable[..., Fleet]) -> None:
    with pytest.raises(StorageError, match="left 120 questions undone"):
        driver()._land(None)


def test_an_error_is_told_after_what_was_paid_is_written(
    driver: Callable[..., Fleet], toy: KnowledgeGraph, thawed: None, tmp_path: Path
) -> None:
    made = driver()
    attempts = outcomes(made, toy)[0].attempts
    with pytest.raises(InputError, match="no such thing"):
        made._land(Outcome(0, attempts, error="InputError", sentence="no such thing"))
    assert len(list(read_attempts(tmp_path))) == 1


def test_no_more_goes_out_than_the_budget_allows(
    driver: Callable[..., Fleet], toy: KnowledgeGraph, questions: list[Question], thawed: None
) -> None:
    made = driver(budget_tokens=20_000, attempts=2, max_tokens=400)
    held = len(made._wave)
    assert made.stopped and 0 < held < len(questions)
    characters = sum(task.characters for task in made._wave.values())
    assert 2 * (characters / 4 + 400 * held) <= 20_000 < 2 * (characters / 4 + 400 * (held + 1)) + 2_000
    for outcome in outcomes(made, toy):
        made._land(outcome)
    made._fill(iter(questions[held:]))
    assert len(made._wave) > held  # replies are far shorter than they might have been


def test_the_last_row_is_the_last_and_an_error_is_raised_once() -> None:
    def rows(error: Exception | None) -> Generator[dict[str, int], None, None]:
        yield {"number": 1}
        if error:
            raise error

    with closing(Pump(rows(None))) as pump:
        assert [pump.take(), pump.take(), pump.take()] == [{"number": 1}, None, None]
    with closing(Pump(rows(StorageError("lost")))) as pump:
        assert pump.take() == {"number": 1}
        with pytest.raises(StorageError, match="lost"):
            pump.take()
        assert pump.take() is None


def test_without_ray_the_extra_is_named(toy: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("failwise.generation.fleet.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"failwise\[ray\]"):
        Fleet(sampling_of(toy, settings(), []), Ledger(settings()), files_of(toy), None)


# --- with Ray ---


def test_a_ray_of_its_own_writes_the_same_bytes(
    ray: Any, toy: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    config, folder = RationalesConfig(teacher="graph", workers=2), Folder(toy, questions, tmp_path)
    folder.go_on(config)
    assert list(map(dump_record, folder.records)) == list(map(dump_record, by_one(toy, questions, config)))
    assert not ray.is_initialized() and not list(tmp_path.iterdir())


def test_a_node_lost_in_the_middle_loses_nothing(
    two_nodes: Callable[[], None], toy: KnowledgeGraph, tmp_path: Path
) -> None:
    questions = different(toy, 300)
    hostile = Hostile(questions, toy, plan, delay=0.5)

    def lose(count: int) -> None:
        """Once all three workers ask (one or two of them do so on each node), end a node."""
        if count == 1:
            wait_until(lambda: sum(hostile.seen.values()) - len(hostile.served) > 2 * AT_ONCE)
            two_nodes()

    with serve(hostile) as url:
        folder = Folder(toy, questions, tmp_path)
        folder.go_on(settings(base_url=url, workers=3), lose)
    assert folder.answered() == {q.id: 1 for q in questions}
    assert set(folder.attempts().values()) == {1}
    kept = Counter(i for i, _ in folder.attempts())
    asked_again = [i for i, count in hostile.seen.items() if count > kept[i]]
    assert len(asked_again) <= 2 * AT_ONCE


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if true():
            return
        time.sleep(0.01)
    raise TimeoutError


def test_two_nodes_accept_what_one_machine_accepts(
    two_nodes: object, toy: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    with serve(Hostile(questions, toy, plan)) as url:
        folder = Folder(toy, questions, tmp_path)
        folder.go_on(settings(base_url=url))
    with serve(Hostile(questions, toy, plan)) as url:
        alone = by_one(toy, questions, settings(base_url=url))
    assert any(isinstance(r, Reject) for r in alone)
    assert sorted(map(bare, folder.records)) == sorted(map(bare, alone))


def bare(record: Record) -> str:
    """Return a record without its fingerprint, which depends on the server's address."""
    return json.dumps(json.loads(dump_record(record)) | {"fingerprint": ""}, sort_keys=True)


def test_a_server_that_gives_up_costs_nothing_twice(
    machine: None, toy: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    folder, gone = Folder(toy, questions, tmp_path), [True]

    def gives_up(question: Question, turn: int) -> str:
        return "402" if gone[0] and len(hostile.served) >= 40 else "good"

    hostile = Hostile(questions, toy, gives_up, delay=0.1)
    with serve(hostile) as url:
        with pytest.raises(FailwiseError, match="asks for payment") as met:
            folder.go_on(settings(base_url=url))
        assert isinstance(met.value, TeacherError)
        assert 40 <= len(hostile.served) < len(questions)
        assert folder.attempts() == {(i, 1): 1 for i in hostile.served}
        gone[0] = False
        folder.go_on(settings(base_url=url))
    assert folder.answered() == {q.id: 1 for q in questions}
    assert folder.attempts() == {(q.id, 1): 1 for q in questions} == {(i, 1): 1 for i in hostile.served}


def test_a_budget_stops_and_a_higher_one_goes_on(
    machine: None, toy: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    folder = Folder(toy, questions, tmp_path)
    with serve(Hostile(questions, toy, lambda question, turn: "good")) as url:
        stopped = folder.go_on(settings(base_url=url, attempts=1, max_tokens=50, budget_tokens=7_500))
        assert stopped.stopped and 0 < len(folder.records) < len(questions)
        used = [a.prompt_tokens + a.completion_tokens for a in read_attempts(tmp_path)]
        assert 7_500 - 400 < sum(used) <= 7_500
        assert not folder.go_on(settings(base_url=url, attempts=1, max_tokens=50)).stopped
    assert folder.answered() == {q.id: 1 for q in questions}


def test_the_command_writes_the_same_bytes(
    machine: None, failwise: Program, toy: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    write_records(tmp_path / "questions.jsonl", questions)
    paths = [argument for path in toy_paths() for argument in ("--ontology", path)]
    for way in ("false", "true"):
        more = ("--set", "ontology.shipped=false", "--set", f"rationales.fleet={way}", "--out", f"fleet-{way}")
        done = failwise("rationales", "generate", "questions.jsonl", *paths, *more)
        assert done.returncode == 0, done.stderr
    for name in (RATIONALES, REJECTS):
        assert (tmp_path / "fleet-true" / name).read_bytes() == (tmp_path / "fleet-false" / name).read_bytes()
