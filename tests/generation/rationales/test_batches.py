"""A job by batch: the same records as a live one, every reply once, and nothing of another job among them."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from failwise.errors import InputError, TeacherError
from failwise.files import read_records
from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.rationales.accounting import ATTEMPTS, BudgetReached, read_attempts
from failwise.generation.rationales.batches import BatchJob, NobodyAsked
from failwise.generation.rationales.intake import Taken, take_in
from failwise.generation.rationales.job import RATIONALES, REJECTS, write_rationales
from failwise.generation.rationales.requests import Offers
from failwise.generation.records import Question, Rationale, Reject
from failwise.kg.graph import KnowledgeGraph
from tests.generation.rationales.hostile import Hostile, Plan, serve

PRICES = {"m": (1_000_000.0, 2_000_000.0)}  # a prompt token costs 1, a written one 2


@pytest.fixture(scope="module")
def questions(toy: KnowledgeGraph) -> list[Question]:
    return list(Synthesis(toy, QuestionsConfig(asset_classes=("toy pump",))))[:10]


def config(**settings: Any) -> RationalesConfig:
    return RationalesConfig(teacher="openai", model="m", **({"attempts": 2, "prices": PRICES} | settings))


Job = Callable[..., BatchJob]


@pytest.fixture
def job(toy: KnowledgeGraph, questions: list[Question], tmp_path: Path) -> Job:
    def make(folder: str = "out", offers: Offers | None = None, **settings: Any) -> BatchJob:
        return BatchJob(questions, toy, config(**settings), tmp_path / folder, offers)

    return make


class Endpoint:
    """Runs request files as a batch endpoint does: every request once to a real server, replies in another order."""

    def __init__(self, toy: KnowledgeGraph, questions: Iterable[Question], plan: Plan = lambda q, n: "good") -> None:
        self.hostile = Hostile(questions, toy, plan)
        self.asked: list[dict[str, Any]] = []

    def run(self, batch: Path) -> Path:
        """Return the file of replies to a folder's requests."""
        rows = [json.loads(line) for path in sorted(batch.iterdir()) for line in path.read_bytes().splitlines()]
        self.asked = rows
        output = batch.with_name(f"{batch.name}-replies.jsonl")
        with serve(self.hostile) as url:
            lines = [json.dumps(_ask(url, row)) for row in reversed(rows)]
        output.write_text("".join(f"{line}\n" for line in lines))
        return output


def _ask(url: str, row: dict[str, Any]) -> dict[str, Any]:
    connection = HTTPConnection(urlsplit(url).netloc)
    connection.request("POST", row["url"], json.dumps(row["body"]), {"Content-Type": "application/json"})
    response = connection.getresponse()
    body = json.loads(response.read())
    connection.close()
    answer = {"status_code": response.status, "request_id": "r", "body": body}
    return {"id": "b", "custom_id": row["custom_id"], "response": answer, "error": None}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())} if folder.exists() else {}


def rationales(folder: Path) -> dict[str, Rationale]:
    return {r.question_id: r for r in read_records(folder / RATIONALES, Rationale)}


def test_a_batch_gives_the_records_and_the_attempts_of_a_live_job(
    toy: KnowledgeGraph, questions: list[Question], job: Job, tmp_path: Path
) -> None:
    plan: Plan = lambda q, n: "not-json" if n == 1 and sum(map(ord, q.id)) % 3 == 0 else "good"  # noqa: E731
    endpoint, folder = Endpoint(toy, questions, plan), tmp_path / "out"
    asked = job().write_requests(tmp_path / "first")
    assert (asked.requests, asked.further, asked.held) == (10, 0, 0)
    first = take_in(job(), [endpoint.run(tmp_path / "first")])
    again = job().write_requests(tmp_path / "second")
    assert again.requests == again.further == first.left == 10 - first.accepted > 0
    second = take_in(job(), [endpoint.run(tmp_path / "second")])
    assert {row["body"]["temperature"] for row in endpoint.asked} == {0.1}
    assert (second.left, second.missing, first.accepted + second.accepted) == (0, 0, 10)
    assert not (tmp_path / "third").exists() and not job().write_requests(tmp_path / "third").files

    hostile = Hostile(questions, toy, plan)
    with serve(hostile) as url:
        counts = write_rationales(questions, toy, config(base_url=url), tmp_path / "live")
    live, batched = rationales(tmp_path / "live"), rationales(folder)
    assert _plain(live) == _plain(batched)
    assert counts.attempts == len(list(read_attempts(folder))) == first.taken + second.taken
    assert first.spent == first.cost == first.taken * 200 and second.spent == counts.attempts * 200


def _plain(found: dict[str, Rationale]) -> dict[str, Rationale]:
    """Leave the fingerprints out: the server's address is part of them."""
    return {i: replace(r, fingerprint="") for i, r in found.items()}


def test_a_file_that_is_taken_in_twice_adds_nothing_and_pays_nothing(
    toy: KnowledgeGraph, questions: list[Question], job: Job, tmp_path: Path
) -> None:
    endpoint = Endpoint(toy, questions, lambda q, n: ("good", "not-json", "500", "400")[sum(map(ord, q.id)) % 4])
    job().write_requests(tmp_path / "batch")
    replies = endpoint.run(tmp_path / "batch")
    first = take_in(job(), [replies, replies])
    before = contents(tmp_path / "out")
    second = take_in(job(), [replies])
    assert contents(tmp_path / "out") == before
    assert (first.taken + first.failed, first.repeated) == (10, 10)
    assert (second.taken, second.failed, second.repeated, second.accepted) == (0, 0, 10, 0)
    assert (second.prompt_tokens, second.cost, second.spent) == (0, 0.0, first.spent)
    assert (second.left, second.missing) == (first.left, 0)


ENDS = {
    "not-json": "not-json",
    "wrong-schema": "wrong-schema",
    "empty": "no-content",
    "length": "cut-off",
    "obeys": "option-not-addressed",
    "400": "bad-request",
}


@pytest.mark.parametrize(("word", "reason"), ENDS.items())
def test_a_question_ends_in_the_reason_of_its_last_reply(
    toy: KnowledgeGraph, questions: list[Question], job: Job, tmp_path: Path, word: str, reason: str
) -> None:
    endpoint = Endpoint(toy, questions, lambda q, n: word if q.id == questions[0].id else "good")
    rounds = 1 if reason == "bad-request" else 2
    for number in range(rounds):
        job().write_requests(tmp_path / f"batch-{number}")
        taken = take_in(job(), [endpoint.run(tmp_path / f"batch-{number}")])
        assert taken.left == rounds - 1 - number
    [reject] = read_records(tmp_path / "out" / REJECTS, Reject)
    assert (reject.record_id, reject.reason, reject.attempts) == (questions[0].id, reason, rounds)
    assert reject.prompt_tokens == (0 if reason == "bad-request" else 200)


@pytest.mark.parametrize("word", ["500", "429", "expired"])
def test_what_the_endpoint_did_not_serve_is_asked_again_as_the_same_attempt(
    toy: KnowledgeGraph, questions: list[Question], job: Job, tmp_path: Path, word: str
) -> None:
    endpoint = Endpoint(toy, questions, lambda q, n: word if n == 1 and word.isdigit() else "good")
    job().write_requests(tmp_path / "one")
    replies = endpoint.run(tmp_path / "one")
    if word == "expired":
        error = {"code": "batch_expired", "message": "too late"}
        lines = [{"custom_id": row["custom_id"], "response": None, "error": error} for row in endpoint.asked]
        replies.write_text("".join(json.dumps(line) + "\n" for line in lines))
    first = take_in(job(), [replies])
    assert (first.taken, first.failed, first.left, first.cost) == (0, 10, 10, 0.0)
    assert first.error.startswith("batch_expired: too late" if word == "expired" else f"HTTP {word}: not now")
    asked = job().write_requests(tmp_path / "two")
    assert (asked.requests, asked.further) == (10, 0)
    second = take_in(job(), [replies, endpoint.run(tmp_path / "two")])
    assert (second.accepted, second.left) == (10, 0)
    assert {r.attempts for r in rationales(tmp_path / "out").values()} == {1}


@pytest.mark.parametrize("change", ["settings", "evidence", "question"])
def test_replies_to_another_request_are_told_and_not_mixed_in(
    toy: KnowledgeGraph, questions: list[Question], tmp_path: Path, change: str
) -> None:
    job = BatchJob(questions, toy, config(), tmp_path / "out")
    job.write_requests(tmp_path / "batch")
    replies = Endpoint(toy, questions).run(tmp_path / "batch")
    settings = config(temperature=0.7) if change == "settings" else config()
    offers: Offers | None = (lambda q: {"doc/manual/1": "Wear is slow."}) if change == "evidence" else None
    others = [replace(q, question=f"{q.question} Why?") if change == "question" else q for q in questions]
    other = BatchJob(others, toy, settings, tmp_path / "out", offers)
    taken = take_in(other, [replies])
    assert (taken.outdated, taken.taken, taken.left, taken.missing) == (10, 0, 10, 10)
    assert not any(contents(tmp_path / "out").values())
    assert take_in(job, [replies]).accepted == 10


def test_replies_of_other_jobs_are_told(
    toy: KnowledgeGraph, questions: list[Question], job: Job, tmp_path: Path
) -> None:
    job().write_requests(tmp_path / "batch")
    replies = Endpoint(toy, questions).run(tmp_path / "batch")
    few = BatchJob(questions[:4], toy, config(), tmp_path / "few")
    taken = take_in(few, [replies])
    assert (taken.unknown, taken.accepted) == (6, 4)
    stranger = json.loads(replies.read_text().splitlines()[0]) | {"custom_id": "request-1"}
    replies.write_text(json.dumps(stranger) + "\n")
    assert take_in(few, [replies]).unknown == 1


def test_half_a_file_is_refused_and_nothing_of_the_others_is_taken_in(
    toy: KnowledgeGraph, questions: list[Question], job: Job, tmp_path: Path
) -> None:
    job().write_requests(tmp_path / "batch")
    whole = Endpoint(toy, questions).run(tmp_path / "batch")
    half = tmp_path / "half.jsonl"
    half.write_bytes(whole.read_bytes()[:-40])
    with pytest.raises(InputError, match=r"half\.jsonl, line 10 is not a batch reply"):
        take_in(job(), [whole, half])
    assert not contents(tmp_path / "out")


def test_the_files_of_two_rounds_come_in_together_but_the_second_alone_is_too_early(
    toy: KnowledgeGraph, questions: list[Question], job: Job, tmp_path: Path
) -> None:
    endpoint = Endpoint(toy, questions, lambda q, n: "not-json" if n == 1 else "good")
    replies = []
    for name in ("one", "two"):
        job().write_requests(tmp_path / name)
        replies.append(endpoint.run(tmp_path / name))
        take_in(job(), replies)
    early = take_in(job("alone"), replies[1:])
    assert (early.early, early.taken, early.left, early.missing) == (10, 0, 10, 0)
    together = take_in(job("together"), reversed(replies))
    assert (together.taken, together.accepted) == (20, 10)
    assert rationales(tmp_path / "together") == rationales(tmp_path / "out")


def test_a_live_job_goes_on_with_what_a_batch_left_and_a_batch_with_what_it_left(
    toy: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    hostile, folder = Hostile(questions, toy, lambda q, n: "good"), tmp_path / "out"
    endpoint = Endpoint(toy, questions, lambda q, n: "not-json" if q.id == questions[0].id else "good")
    with serve(hostile) as url:
        settings = config(base_url=url, concurrency=1)
        job = BatchJob(questions, toy, settings, folder)
        job.write_requests(tmp_path / "batch", most_requests=4)
        assert len(contents(tmp_path / "batch")) == 3
        (tmp_path / "batch" / "requests-00003.jsonl").unlink()
        replies = endpoint.run(tmp_path / "batch")
        assert take_in(job, [replies]).left == 3
        hostile.plan = lambda q, n: "good" if q.id == questions[0].id else "401"
        with pytest.raises(TeacherError, match="HTTP 401"):
            write_rationales(questions, toy, settings, folder)
        assert rationales(folder)[questions[0].id].attempts == 2
        rest = job.write_requests(tmp_path / "rest")
        assert (rest.requests, rest.further) == (2, 0)
        assert take_in(job, [endpoint.run(tmp_path / "rest")]).left == 0
        counts = write_rationales(questions, toy, settings, folder, teacher=NobodyAsked())
    assert (counts.accepted, counts.attempts) == (10, 11)


def test_a_reply_that_is_in_the_log_but_was_not_judged_is_judged_and_not_paid_again(
    toy: KnowledgeGraph, questions: list[Question], job: Job, tmp_path: Path
) -> None:
    job().write_requests(tmp_path / "batch")
    replies = Endpoint(toy, questions).run(tmp_path / "batch")
    take_in(job(), [replies])
    whole = rationales(tmp_path / "out")
    (tmp_path / "out" / RATIONALES).write_bytes(b'{"question_id":"torn')  # killed in the middle
    attempts = (tmp_path / "out" / ATTEMPTS).read_bytes()
    (tmp_path / "out" / ATTEMPTS).write_bytes(attempts + b'{"question_id":"torn')
    assert job().write_requests(tmp_path / "none").requests == 0
    taken = take_in(job(), [replies])
    assert (taken.taken, taken.repeated, taken.accepted, taken.spent) == (0, 10, 10, 2000.0)
    assert rationales(tmp_path / "out") == whole and (tmp_path / "out" / ATTEMPTS).read_bytes() == attempts


def test_a_budget_holds_requests_back(toy: KnowledgeGraph, questions: list[Question], job: Job, tmp_path: Path) -> None:
    some = job(max_tokens=50, budget_tokens=3000).write_requests(tmp_path / "some")
    assert 0 < some.requests < 10 and some.held == 10 - some.requests
    taken = take_in(job(max_tokens=50), [Endpoint(toy, questions).run(tmp_path / "some")])
    assert (taken.accepted, taken.missing) == (some.requests, some.held)
    with pytest.raises(BudgetReached, match=f"{some.requests} questions are done .* raise rationales.budget_tokens"):
        job(max_tokens=50, budget_tokens=200).write_requests(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_ids_are_what_every_endpoint_takes(toy: KnowledgeGraph, questions: list[Question], tmp_path: Path) -> None:
    names = ["a/b c", "x" * 80, "ü", "plain-1"]
    odd = [replace(q, id=name) for q, name in zip(questions, names, strict=False)]
    job = BatchJob(odd, toy, config(), tmp_path / "out")
    job.write_requests(tmp_path / "batch")
    endpoint = Endpoint(toy, odd)
    replies = endpoint.run(tmp_path / "batch")
    ids = [row["custom_id"] for row in endpoint.asked]
    assert len(set(ids)) == 4 and all(len(i) <= 64 and i.replace("-", "").isalnum() and i.isascii() for i in ids)
    take_in(job, [replies])
    assert set(rationales(tmp_path / "out")) == set(names)


def test_request_files_appear_all_or_none_and_never_over_others(job: Job, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has \d+ bytes, and a batch file may have 100"):
        job().write_requests(tmp_path / "batch", most_bytes=100)
    assert not list(tmp_path.iterdir())
    job().write_requests(tmp_path / "batch")
    before = contents(tmp_path / "batch")
    with pytest.raises(InputError, match="name another folder"):
        job().write_requests(tmp_path / "batch")
    assert contents(tmp_path / "batch") == before
    assert sum(data.count(b"\n") for data in before.values()) == 10


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [({"teacher": "graph"}, "asks, and .* 'graph'"), ({"model": ""}, "names the model")],
)
def test_a_batch_needs_a_teacher_behind_a_server(
    toy: KnowledgeGraph, questions: list[Question], tmp_path: Path, settings: dict[str, str], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        BatchJob(questions, toy, RationalesConfig(**({"teacher": "openai", "model": "m"} | settings)), tmp_path)


def test_every_line_is_counted_once(toy: KnowledgeGraph, questions: list[Question], job: Job, tmp_path: Path) -> None:
    job().write_requests(tmp_path / "batch")
    replies = Endpoint(toy, questions).run(tmp_path / "batch")
    lines = replies.read_text().splitlines()
    old = json.loads(lines[0])
    old["custom_id"] = old["custom_id"][:-16] + "0" * 16
    replies.write_text("\n".join([*lines[:7], lines[3], json.dumps(old), json.dumps(old | {"custom_id": "x"})]) + "\n")
    taken = take_in(job(), [replies])
    assert Counter(_lines(taken)) == Counter(taken=7, repeated=1, outdated=1, unknown=1)
    assert (taken.accepted, taken.left, taken.missing) == (7, 3, 3)


def _lines(taken: Taken) -> dict[str, int]:
    names = ("taken", "failed", "repeated", "outdated", "early", "unknown")
    return {name: getattr(taken, name) for name in names if getattr(taken, name)}
