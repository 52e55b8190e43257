"""A program that is killed at any moment goes on where it was: nothing lost, nothing twice, nothing paid twice."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import yaml

from failwise.files import read_records, write_records
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.rationales.accounting import read_attempts
from failwise.generation.rationales.job import RATIONALES, REJECTS
from failwise.generation.records import Question, Rationale, Reject
from failwise.kg.graph import KnowledgeGraph
from tests.conftest import environment, toy_paths
from tests.generation.rationales.hostile import Hostile, serve

KILLS = int(os.environ.get("FAILWISE_KILLS", "3"))
AT_ONCE = 4
KEY = "sk-very-secret"


def plan(question: Question, turn: int) -> str:
    """Fail now and then, the same way for the same question; some never get a fit reply."""
    if sum(map(ord, question.id)) % 23 == 0:
        return "wrong-schema"
    return "good" if turn > 1 else random.Random(question.id).choice(["good"] * 8 + ["other", "not-json"])


def different(toy: KnowledgeGraph, count: int) -> list[Question]:
    """Make so many questions, none of them in the words of another."""
    found: dict[tuple[object, ...], Question] = {}
    for seed in range(100):
        for question in Synthesis(toy, QuestionsConfig(train_per_fact=8, test_per_fact=0, seed=seed)):
            found.setdefault((question.question, question.options), question)
        if len(found) >= count:
            break
    return list({q.id: q for q in found.values()}.values())[:count]


def start(folder: Path, url: str) -> "subprocess.Popen[bytes]":
    rationales = {"teacher": "openai", "model": "m", "base_url": url, "concurrency": AT_ONCE, "attempts": 3}
    ontology = {"paths": [str(p) for p in toy_paths()], "shipped": False}
    (folder / "c.yaml").write_text(yaml.safe_dump({"ontology": ontology, "rationales": rationales}))
    command = ["rationales", "generate", "questions.jsonl", "-c", "c.yaml", "--out", "out"]
    with (folder / "output.txt").open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "failwise", *command],
            cwd=folder,
            env={**environment(), "OPENAI_API_KEY": KEY},
            stdout=output,
            stderr=output,
        )


def kill_at_some_moment(program: "subprocess.Popen[bytes]", hostile: Hostile, chance: random.Random) -> None:
    """Kill after a few further replies, somewhere between two of them."""
    goal = len(hostile.served) + chance.randint(1, 4)
    while program.poll() is None and len(hostile.served) < goal:
        time.sleep(0.002)
    time.sleep(chance.uniform(0, 0.02))
    program.send_signal(signal.SIGKILL)
    program.wait()


def test_a_job_that_is_killed_again_and_again(toy: KnowledgeGraph, tmp_path: Path) -> None:
    questions = different(toy, 100 + 7 * KILLS)
    write_records(tmp_path / "questions.jsonl", questions)
    hostile, chance, killed = Hostile(questions, toy, plan, delay=0.02), random.Random(KILLS), 0
    with serve(hostile) as url:
        while killed < KILLS:
            program = start(tmp_path, url)
            kill_at_some_moment(program, hostile, chance)
            assert program.returncode == -signal.SIGKILL, (tmp_path / "output.txt").read_text()
            killed += 1
        assert start(tmp_path, url).wait(120) == 0, (tmp_path / "output.txt").read_text()

    accepted = [r.question_id for r in read_records(tmp_path / "out" / RATIONALES, Rationale)]
    dropped = [r.record_id for r in read_records(tmp_path / "out" / REJECTS, Reject)]
    assert Counter(accepted + dropped) == {q.id: 1 for q in questions}
    attempts = Counter((a.question_id, a.attempt) for a in read_attempts(tmp_path / "out"))
    assert set(attempts.values()) == {1}
    paid_twice = len(hostile.served) - len(attempts)
    assert 0 <= paid_twice <= killed * AT_ONCE
    if KILLS > 10:
        print(
            f"{killed} kills, {len(questions)} questions, {len(attempts)} attempts, {paid_twice} replies lost in flight"
        )
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert not any(KEY.encode() in path.read_bytes() for path in files)
