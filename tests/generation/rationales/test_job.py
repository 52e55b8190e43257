"""A job keeps what is fit, drops the rest with its reason, and goes on where it stopped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failwise.errors import InputError, TeacherError
from failwise.files import read_records
from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.rationales.job import write_rationales
from failwise.generation.records import Question, Rationale, Reject
from failwise.generation.teachers.fake_teachers import ScriptedTeacher, openai_server
from failwise.generation.teachers.graph_teacher import GraphTeacher
from failwise.generation.teachers.prompts import ideal_reply
from failwise.generation.teachers.teacher import TeacherReply, TeacherRequest, find_teacher
from failwise.generation.verifying.rules import RULES
from failwise.kg.graph import KnowledgeGraph


@pytest.fixture(scope="module")
def questions(toy: KnowledgeGraph) -> list[Question]:
    return list(Synthesis(toy, QuestionsConfig(asset_classes=("toy pump",))))


def request_for(graph: KnowledgeGraph, question: Question) -> TeacherRequest:
    return TeacherRequest(question, {i: graph.statement(graph.facts[i]) for i in question.fact_ids}, 0.0, 1)


def test_a_rejected_reply_is_tried_again_warmer_then_dropped(
    toy: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    config = RationalesConfig(teacher="scripted", attempts=3, concurrency=1)
    good = GraphTeacher(config, toy)
    stubborn = questions[0].id

    def script(request: TeacherRequest) -> TeacherReply:
        if request.question.id == stubborn or request.attempt < 2:
            return TeacherReply("It is obvious.", "A", raw="raw text")
        return good.reason(request)

    teacher = ScriptedTeacher(config, toy, script)
    counts = write_rationales(questions, toy, config, tmp_path, teacher=teacher)
    assert (counts.accepted, counts.rejected) == (len(questions) - 1, 1)
    reject = next(read_records(tmp_path / "rejects.jsonl", Reject))
    assert reject.record_id == stubborn
    assert reject.reason in RULES
    assert (reject.raw, reject.attempts) == ("raw text", 3)
    warmth = [r.temperature for r in teacher.requests if r.question.id == stubborn]
    assert warmth == pytest.approx([0.0, 0.1, 0.2])


def test_a_killed_job_goes_on_where_it_stopped(toy: KnowledgeGraph, questions: list[Question], tmp_path: Path) -> None:
    class Killed(BaseException):
        """What a kill looks like from inside."""

    config = RationalesConfig(teacher="scripted", concurrency=1)
    good, asked = GraphTeacher(config, toy), list[str]()

    def dies(request: TeacherRequest) -> TeacherReply:
        if len(asked) == 5:
            raise Killed
        asked.append(request.question.id)
        return good.reason(request)

    with pytest.raises(Killed):
        write_rationales(questions, toy, config, tmp_path, teacher=ScriptedTeacher(config, toy, dies))
    with (tmp_path / "rationales.jsonl").open("ab") as stream:
        stream.write(b'{"question_id":"torn')
    before = {r.question_id for r in read_records(tmp_path / "rationales.jsonl", Rationale, torn_tail=True)}
    assert before
    teacher = ScriptedTeacher(config, toy)
    write_rationales(questions, toy, config, tmp_path, teacher=teacher)
    again = {r.question.id for r in teacher.requests}
    assert not again & before
    ids = [r.question_id for r in read_records(tmp_path / "rationales.jsonl", Rationale)]
    assert sorted(ids) == sorted(q.id for q in questions)


def test_a_job_that_accepts_nothing_is_an_error(toy: KnowledgeGraph, questions: list[Question], tmp_path: Path) -> None:
    config = RationalesConfig(teacher="scripted", attempts=1)
    teacher = ScriptedTeacher(config, toy, lambda r: TeacherReply("", None))
    with pytest.raises(TeacherError, match=r"no rationale was accepted out of .* dropped as 'empty'"):
        write_rationales(questions, toy, config, tmp_path, teacher=teacher)


def test_an_unknown_teacher_gets_a_proposal(toy: KnowledgeGraph) -> None:
    with pytest.raises(InputError, match="unknown teacher 'grph'; did you mean 'graph'"):
        find_teacher(RationalesConfig(teacher="grph"), toy)


# --- the model's client ---


def model_config(url: str, **settings: Any) -> RationalesConfig:
    return RationalesConfig(teacher="openai", model="m", base_url=url, timeout=5, concurrency=2, **settings)


def perfect(graph: KnowledgeGraph, questions: list[Question]) -> Callable[[dict[str, Any]], tuple[int, str]]:
    """Answer as a model would that reasons like the graph."""
    by_text = {q.question + "\n".join(q.options): q for q in questions}
    teacher = GraphTeacher(RationalesConfig(), graph)

    def answer(request: dict[str, Any]) -> tuple[int, str]:
        prompt = request["messages"][1]["content"]
        found = [
            q for key, q in by_text.items() if q.question in prompt and all(f" {o}\n" in prompt for o in q.options)
        ]
        question = next(q for q in found if all(w in prompt for w in request_for(graph, q).evidence.values()))
        reply = teacher.reason(request_for(graph, question))
        allowed = request["response_format"]["json_schema"]["schema"]["properties"]["answer"]["enum"]
        assert allowed == list(question.option_ids)
        return 200, ideal_reply(question, reply.text, str(reply.answer), question.fact_ids)

    return answer


def test_the_openai_teacher_end_to_end(toy: KnowledgeGraph, questions: list[Question], tmp_path: Path) -> None:
    pytest.importorskip("urllib3")
    few = questions[:6]
    with openai_server(perfect(toy, few)) as url:
        counts = write_rationales(few, toy, model_config(url), tmp_path)
    assert (counts.accepted, counts.rejected, counts.tokens) == (6, 0, 300)
    assert {r.prompt_tokens for r in read_records(tmp_path / "rationales.jsonl", Rationale)} == {100}


@pytest.mark.parametrize("content", ["not json", "[]", '{"reasoning": 3, "answer": "A"}', '{"answer": "A"}', ""])
def test_what_a_model_says_out_of_form_is_rejected_and_kept(
    toy: KnowledgeGraph, questions: list[Question], tmp_path: Path, content: str
) -> None:
    pytest.importorskip("urllib3")
    few, good = questions[:2], perfect(toy, questions[:2])

    def answer(request: dict[str, Any]) -> tuple[int, str]:
        return good(request) if few[1].question in request["messages"][1]["content"] else (200, content)

    with openai_server(answer) as url:
        write_rationales(few, toy, model_config(url, attempts=2), tmp_path)
    rejects = list(read_records(tmp_path / "rejects.jsonl", Reject))
    assert [(r.record_id, r.raw, r.attempts) for r in rejects] == [(few[0].id, content, 2)]


def test_a_server_that_refuses_stops_the_job_with_one_sentence(
    toy: KnowledgeGraph, questions: list[Question], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("urllib3")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    with (
        openai_server(lambda request: (401, "wrong key")) as url,
        pytest.raises(TeacherError, match=r"cannot be used for model 'm'.*check rationales\.base_url") as caught,
    ):
        write_rationales(questions[:2], toy, model_config(url), tmp_path)
    assert "sk-secret" not in str(caught.value)


def test_a_model_needs_a_name(toy: KnowledgeGraph) -> None:
    pytest.importorskip("urllib3")
    with pytest.raises(TeacherError, match=r"set rationales\.model"):
        find_teacher(RationalesConfig(teacher="openai"), toy)
