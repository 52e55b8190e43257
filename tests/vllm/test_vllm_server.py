"""A real vLLM server as the teacher: what it is asked, what it is paid for, and what is kept. See `make test-vllm`."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.vllm_server import ALIAS, MODEL, Server, serving
from failwise.files import read_records, write_records
from failwise.generation.rationales.accounting import Attempt, read_attempts
from failwise.generation.records import Question, Rationale, Reject
from failwise.generation.teachers.teacher import CITATION
from failwise.generation.verifying.rules import ACCEPTED
from tests.conftest import environment

pytest.importorskip("vllm", reason="vLLM is not installed; `make test-vllm` brings it")
pytestmark = pytest.mark.interop

COUNT = 200
FINDINGS = ("supported", "contradicted", "unverifiable")
SETTINGS = {
    "teacher": "openai",
    "model": MODEL,
    "style": "concise",
    "show_answer": True,
    "examples": 2,
    "hops": 0,
    "attempts": 3,
    "max_tokens": 200,
    "concurrency": 16,
    "timeout": 300,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("vllm") / "server.log") as running:
        yield running


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of questions about the shipped ontology."""
    folder = tmp_path_factory.mktemp("questions") / "set"
    settings = ["--set", "questions.asset_classes=[fan,pump]", "--set", "questions.max_options=4"]
    _program("questions", "generate", "--out", str(folder), *settings)
    chosen = [q for q in read_records(folder / "questions.jsonl", Question) if q.split == "train"][:COUNT]
    assert len(chosen) == COUNT
    write_records(folder / "chosen.jsonl", chosen)
    return folder / "chosen.jsonl"


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "failwise", *arguments]


def _program(*arguments: str) -> str:
    done = subprocess.run(_command(*arguments), capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stderr
    return done.stdout


def _generate(server: Server, asked: Path, out: Path, **settings: object) -> list[str]:
    named = {**SETTINGS, "base_url": server.url, **settings}
    values = [f"rationales.{name}={json.dumps(value)}" for name, value in named.items()]
    return ["rationales", "generate", str(asked), "--out", str(out), *(x for v in values for x in ("--set", v))]


def test_200_grounded_rationales_from_end_to_end(server: Server, asked: Path, tmp_path: Path) -> None:
    before = server.metric("vllm:request_success_total")
    out = tmp_path / "rationales"
    _program(*_generate(server, asked, out))

    questions = {q.id: q for q in read_records(asked, Question)}
    accepted = list(read_records(out / "rationales.jsonl", Rationale))
    dropped = list(read_records(out / "rejects.jsonl", Reject))
    ended = [r.question_id for r in accepted] + [r.record_id for r in dropped]
    assert sorted(ended) == sorted(questions)  # each once
    assert accepted

    attempts = list(read_attempts(out))
    assert server.metric("vllm:request_success_total") - before == len(attempts)  # all that was paid for is on record
    assert all(a.prompt_tokens and a.completion_tokens for a in attempts)
    # Held to the schema, a reply is the JSON that was asked for unless it was cut off.
    faults = Counter(a.fault for a in attempts)
    assert not {"not-json", "wrong-schema", "answer-first", "other-answer", "not-a-completion"} & set(faults)
    for rationale in accepted:
        assert rationale.verdict == ACCEPTED and rationale.contradicted == 0
        assert rationale.answer == questions[rationale.question_id].answer_ids
        assert set(filter(None, questions[rationale.question_id].fact_ids)) <= set(rationale.cited)
        assert set(CITATION.findall(rationale.text)) <= set(rationale.evidence)
    print(f"\n{len(accepted)} accepted of {COUNT} after {len(attempts)} replies", Counter(r.reason for r in dropped))


def test_a_job_that_is_killed_pays_for_nothing_twice(server: Server, asked: Path, tmp_path: Path) -> None:
    before = server.metric("vllm:request_success_total")
    out, few = tmp_path / "rationales", tmp_path / "few.jsonl"
    few.write_bytes(b"".join(asked.read_bytes().splitlines(keepends=True)[:40]))
    command = _command(*_generate(server, few, out, attempts=1, adapt=False, concurrency=4))
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
    deadline = time.monotonic() + 120
    while _lines(out / "attempts.jsonl") < 10:
        assert first.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    paid = _replies(out)
    subprocess.run(command, check=True, capture_output=True, env=environment())
    attempts = list(read_attempts(out))
    assert paid < {(a.question_id, a.attempt) for a in attempts}
    assert [n for n in Counter((a.question_id, a.attempt) for a in attempts).values() if n > 1] == []
    # What was in flight when the process was killed may be asked for again: no more than the window.
    assert server.metric("vllm:request_success_total") - before <= len(attempts) + 4


def test_real_voters_are_heard_and_measured(server: Server, tmp_path: Path) -> None:
    out = tmp_path / "votes"
    voters = [a for name in (MODEL, ALIAS) for a in ("--voter", f"{name}@{server.url}")]
    said = json.loads(_program("consensus", "ask", "--out", str(out), *voters, "--hidden", "12", "--json"))
    assert said["votes"] == 24
    assert said["unusable"] < 24 and said["prompt tokens"] > 0
    rows = {row["voter"]: row for row in said["calibration"]["rows"]}
    assert rows[MODEL]["answers"] > 0 and rows[ALIAS]["answers"] > 0
    # One model under two names: where both are sure and say the same, that is a consensus; never more than either says.
    assert rows["consensus"]["answers"] <= min(rows[MODEL]["answers"], rows[ALIAS]["answers"])
    print(f"\n{said['unusable']} unusable, {said['calibration']['rows']}")


def test_a_real_judge_is_asked_each_claim_that_the_graph_does_not_know_once(
    server: Server, asked: Path, tmp_path: Path
) -> None:
    questions = list(read_records(asked, Question))[:20]
    write_records(tmp_path / "questions.jsonl", questions)
    _program("rationales", "generate", str(tmp_path / "questions.jsonl"), "--out", str(tmp_path / "graph"))
    rationales = list(read_records(tmp_path / "graph" / "rationales.jsonl", Rationale))
    assets = {q.id: q.asset_class.replace("-", " ") for q in questions}
    unknown = {asset: f"The {asset} is painted in grey." for asset in assets.values()}
    told = [replace(r, text=f"{unknown[assets[r.question_id]]} {r.text}") for r in rationales]
    write_records(tmp_path / "told.jsonl", told)

    before = server.metric("vllm:request_success_total")
    names = str(tmp_path / "told.jsonl"), str(tmp_path / "questions.jsonl")
    judge = ("--judge", f"{MODEL}@{server.url}")
    bare, judged = (_factscore("rationales", "verify", *names, "--json", *more) for more in ((), judge))
    assert server.metric("vllm:request_success_total") - before == len(unknown)
    assert bare["unverifiable"] == len(told) >= judged["unverifiable"]
    assert sum(bare[f] for f in FINDINGS) == sum(judged[f] for f in FINDINGS)
    print(f"\nwithout the judge {bare}\nwith it {judged}")


def _factscore(*arguments: str) -> dict[str, int]:
    done = subprocess.run(_command(*arguments), capture_output=True, text=True, env=environment())
    assert done.returncode in (0, 1), done.stderr  # 1: some rationale is unfit
    row: dict[str, int] = json.loads(done.stdout)["factscore"][0]
    return row


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.is_file() else 0


def _replies(out: Path) -> set[tuple[str, int]]:
    found: list[Attempt] = list(read_attempts(out))
    return {(a.question_id, a.attempt) for a in found}
