"""Batch files: every question comes back once, whatever order, gaps, errors and repeats the answers have."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from failwise.errors import InputError
from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.records import Question
from failwise.generation.teachers.batch_files import custom_id, read_replies, write_requests
from failwise.generation.teachers.prompts import ideal_reply, render
from failwise.generation.teachers.teacher import TeacherRequest
from failwise.kg.graph import KnowledgeGraph

CONFIG = RationalesConfig(teacher="openai", model="m", max_tokens=300)


@pytest.fixture(scope="module")
def questions(toy: KnowledgeGraph) -> list[Question]:
    return list(Synthesis(toy, QuestionsConfig(asset_classes=("toy pump",))))[:6]


@pytest.fixture
def asked(toy: KnowledgeGraph, questions: list[Question]) -> list[TeacherRequest]:
    return [TeacherRequest(q, {i: toy.statement(toy.facts[i]) for i in q.fact_ids}, 0.1, 1) for q in questions]


def answer(question: Question, attempt: int = 1, **changes: Any) -> dict[str, Any]:
    """Return the line of a whole reply."""
    content = ideal_reply(question, f"reason {attempt}", question.answer_ids)
    choice = {"finish_reason": "stop", "message": {"role": "assistant", "content": content}} | changes
    body = {"choices": [choice], "usage": {"prompt_tokens": 10, "completion_tokens": 3}}
    response = {"status_code": 200, "body": body}
    return {"id": "x", "custom_id": f"{question.id}-{attempt}", "response": response, "error": None}


def failed(question: Question, status: int = 500) -> dict[str, Any]:
    body = {"error": {"code": "overloaded", "message": "try later"}}
    return {"custom_id": f"{question.id}-1", "response": {"status_code": status, "body": body}}


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(*rows: dict[str, Any], name: str = "output.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return write


def test_a_request_file_holds_what_the_openai_teacher_would_send(asked: list[TeacherRequest], tmp_path: Path) -> None:
    assert write_requests(asked, CONFIG, tmp_path) == {"requests-00001.jsonl": len(asked)}
    rows = [json.loads(line) for line in (tmp_path / "requests-00001.jsonl").read_text().splitlines()]
    assert [row["custom_id"] for row in rows] == [custom_id(request) for request in asked]
    body = rows[0]["body"]
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("m", 300, 0.1)
    assert body["messages"] == render(asked[0])


def test_files_keep_to_the_limits(asked: list[TeacherRequest], tmp_path: Path) -> None:
    assert list(write_requests(asked, CONFIG, tmp_path / "few", most_requests=4).values()) == [4, 2]
    one = max(len(line) for line in (tmp_path / "few" / "requests-00001.jsonl").read_bytes().splitlines(True))
    write_requests(asked, CONFIG, tmp_path / "small", most_bytes=one + 10)
    sizes = [path.stat().st_size for path in sorted((tmp_path / "small").iterdir())]
    assert len(sizes) > 1
    assert max(sizes) <= one + 10
    with pytest.raises(InputError, match=r"has \d+ bytes, and a batch file may have 100"):
        write_requests(asked, CONFIG, tmp_path / "tiny", most_bytes=100)


def test_a_batch_needs_a_model(asked: list[TeacherRequest], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"set rationales\.model"):
        write_requests(asked, RationalesConfig(), tmp_path)


def test_answers_come_back_in_any_order(questions: list[Question], file: Callable[..., Path]) -> None:
    result = read_replies([file(*map(answer, reversed(questions)))], questions)
    assert {i: r.answer for i, r in result.replies.items()} == {q.id: q.answer_ids for q in questions}
    assert (result.missing, result.unknown, result.repeated) == ((), (), 0)
    assert (result.prompt_tokens, result.completion_tokens) == (60, 18)


def test_what_is_missing_is_named(questions: list[Question], file: Callable[..., Path]) -> None:
    result = read_replies([file(*map(answer, questions[2:]))], questions)
    assert result.missing == tuple(q.id for q in questions[:2])
    assert set(result.replies) == {q.id for q in questions[2:]}


def test_an_error_line_is_a_fault_and_a_reply_elsewhere_goes_before_it(
    questions: list[Question], file: Callable[..., Path]
) -> None:
    first, second = questions[:2]
    errors = file(failed(first), {"custom_id": f"{second.id}-1", "error": {"message": "expired"}}, name="errors.jsonl")
    alone = read_replies([errors], [first, second]).replies
    assert [(r.fault, r.answer, r.raw) for r in alone.values()] == [
        ("batch-error", None, "HTTP 500: overloaded: try later"),
        ("batch-error", None, "expired"),
    ]
    both = read_replies([errors, file(answer(first))], [first, second])
    assert both.replies[first.id].fault == ""
    assert both.repeated == 1


def test_a_line_that_comes_twice_is_paid_once(questions: list[Question], file: Callable[..., Path]) -> None:
    first = questions[0]
    result = read_replies([file(answer(first), answer(first))], [first])
    assert (result.repeated, result.prompt_tokens, len(result.replies)) == (1, 10, 1)


def test_the_first_whole_attempt_counts_and_all_are_paid(questions: list[Question], file: Callable[..., Path]) -> None:
    first = questions[0]
    cut = answer(first, 1, finish_reason="length")
    result = read_replies([file(answer(first, 3), cut, answer(first, 2))], [first])
    assert (result.attempts[first.id], result.replies[first.id].text) == (2, "reason 2")
    assert result.prompt_tokens == 30


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"finish_reason": "length"}, "cut-off"),
        ({"finish_reason": "content_filter"}, "filtered"),
        ({"message": {"content": None, "refusal": "I cannot."}}, "no-content"),
        ({"message": {"content": "Well, B."}}, "not-json"),
    ],
)
def test_an_unusable_reply_keeps_its_tokens(
    questions: list[Question], file: Callable[..., Path], changes: dict[str, Any], fault: str
) -> None:
    reply = read_replies([file(answer(questions[0], **changes))], questions[:1]).replies[questions[0].id]
    assert (reply.fault, reply.answer, reply.prompt_tokens) == (fault, None, 10)


def test_answers_to_other_questions_are_set_apart(questions: list[Question], file: Callable[..., Path]) -> None:
    strangers = [answer(replace(questions[0], id="stranger")), answer(questions[0]) | {"custom_id": questions[0].id}]
    result = read_replies([file(*strangers)], questions[:1])
    assert result.unknown == ("stranger-1", questions[0].id)
    assert result.missing == (questions[0].id,)


def test_half_a_file_is_refused_by_its_line(questions: list[Question], tmp_path: Path) -> None:
    path = tmp_path / "output.jsonl"
    path.write_text(json.dumps(answer(questions[0])) + "\n" + json.dumps(answer(questions[1]))[:40])
    with pytest.raises(InputError, match=r"output\.jsonl, line 2"):
        read_replies([path], questions)
