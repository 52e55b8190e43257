"""What was paid for is written down once and counted; a budget stops the job before it is gone over."""

from pathlib import Path
from typing import Any

import pytest

from failwise.errors import InputError
from failwise.files import read_records, write_records
from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.rationales.accounting import ATTEMPTS, BudgetReached, Ledger, read_attempts
from failwise.generation.rationales.estimate import estimate
from failwise.generation.rationales.job import RATIONALES, REJECTS, write_rationales
from failwise.generation.records import Question, Rationale, Reject, Style
from failwise.generation.teachers.fake_teachers import ScriptedTeacher
from failwise.generation.teachers.graph_teacher import GraphTeacher
from failwise.generation.teachers.teacher import TeacherReply, TeacherRequest
from failwise.kg.graph import KnowledgeGraph

PRICES = {"m": (1_000_000.0, 2_000_000.0)}  # a prompt token costs 1, a written one 2


@pytest.fixture(scope="module")
def questions(toy: KnowledgeGraph) -> list[Question]:
    return list(Synthesis(toy, QuestionsConfig(asset_classes=("toy pump",))))


class Paid(ScriptedTeacher):
    """Reasons like the graph, for 100 tokens of prompt and 50 written; `bad` first replies are not fit."""

    def __init__(self, toy: KnowledgeGraph, bad: int = 0) -> None:
        graph_teacher = GraphTeacher(RationalesConfig(), toy)

        def script(request: TeacherRequest) -> TeacherReply:
            reply = graph_teacher.reason(request)
            if request.attempt <= bad:
                return TeacherReply("", None, 100, 50, "no", "not-json")
            return TeacherReply(reply.text, reply.answer, 100, 50, "yes")

        super().__init__(RationalesConfig(), toy, script)


def config(**settings: Any) -> RationalesConfig:
    return RationalesConfig(teacher="scripted", model="m", **({"concurrency": 4} | settings))


def test_rejected_replies_are_counted_too(toy: KnowledgeGraph, questions: list[Question], tmp_path: Path) -> None:
    counts = write_rationales(questions, toy, config(), tmp_path, teacher=Paid(toy, bad=2))
    n = len(questions)
    assert (counts.accepted, counts.attempts, counts.prompt_tokens) == (n, 3 * n, 300 * n)
    assert [a.attempt for a in read_attempts(tmp_path) if a.question_id == questions[0].id] == [1, 2, 3]


def test_replies_that_are_paid_for_are_judged_though_the_budget_is_used_up(
    toy: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    write_rationales(questions, toy, config(), tmp_path, teacher=Paid(toy, bad=1))
    (tmp_path / RATIONALES).unlink()
    # As a kill leaves it: the first question was in flight, the second has a reply that was not fit, none was judged.
    paid = [a for a in read_attempts(tmp_path) if a.question_id != questions[0].id]
    paid = [a for a in paid if (a.question_id, a.attempt) != (questions[1].id, 2)]
    write_records(tmp_path / ATTEMPTS, paid)
    teacher = Paid(toy)
    with pytest.raises(BudgetReached):
        write_rationales(questions, toy, config(budget_tokens=150 * len(paid)), tmp_path, teacher=teacher)
    assert not teacher.requests
    judged = {r.question_id for r in read_records(tmp_path / RATIONALES, Rationale)}
    assert judged == {q.id for q in questions[2:]}


def test_a_dropped_question_says_what_all_its_attempts_used(
    toy: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    teacher = Paid(toy)
    good = teacher._script
    teacher._script = lambda r: (
        TeacherReply("", None, 100, 50, "no", "not-json") if r.question == questions[0] else good(r)
    )
    write_rationales(questions, toy, config(attempts=3), tmp_path, teacher=teacher)
    [reject] = read_records(tmp_path / REJECTS, Reject)
    assert (reject.reason, reject.attempts, reject.prompt_tokens, reject.completion_tokens) == ("not-json", 3, 300, 150)


@pytest.mark.parametrize("limit", [{"budget_tokens": 3000}, {"budget": 4000.0, "prices": PRICES}])
@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_budget_is_never_gone_over_and_the_job_goes_on_with_a_higher_one(
    toy: KnowledgeGraph, questions: list[Question], tmp_path: Path, limit: dict[str, Any], concurrency: int
) -> None:
    first = Paid(toy)
    with pytest.raises(
        BudgetReached, match=r"questions are done .* are left.*nothing is lost: raise rationales.budget"
    ):
        write_rationales(questions, toy, config(**limit, concurrency=concurrency), tmp_path, teacher=first)
    assert 15 <= len(first.requests) <= 20
    assert sum(1 for _ in read_records(tmp_path / RATIONALES, Rationale)) == len(first.requests)
    second = Paid(toy)
    counts = write_rationales(questions, toy, config(concurrency=concurrency), tmp_path, teacher=second)
    assert counts.accepted == len(questions) == len(first.requests) + len(second.requests)


def test_what_broke_off_and_may_have_cost_something_counts_against_the_budget(tmp_path: Path) -> None:
    ledger = Ledger(config(budget_tokens=1000, max_tokens=100))
    assert ledger.affords(3600)  # 900 tokens by rule, and 100 written
    ledger.lost = 1
    assert not ledger.affords(3600)


def test_a_budget_in_money_needs_a_price() -> None:
    with pytest.raises(InputError, match=r"no price for the model 'm'"):
        Ledger(config(budget=1.0))


def test_a_reply_that_was_paid_for_but_not_judged_is_judged_and_not_asked_for_again(
    toy: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    write_rationales(questions, toy, config(), tmp_path, teacher=Paid(toy, bad=1))
    (tmp_path / RATIONALES).unlink()  # killed between the reply and its record
    with (tmp_path / ATTEMPTS).open("ab") as stream:
        stream.write(b'{"question_id":"torn')
    teacher = Paid(toy)
    counts = write_rationales(questions, toy, config(), tmp_path, teacher=teacher)
    assert (counts.accepted, teacher.requests) == (len(questions), [])
    assert {r.attempts for r in read_records(tmp_path / RATIONALES, Rationale)} == {2}


def test_changed_settings_ask_again_and_keep_the_old_ones_aside(
    toy: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    few = questions[:5]
    write_rationales(few, toy, config(), tmp_path, teacher=Paid(toy))
    teacher = Paid(toy)
    write_rationales(few, toy, config(temperature=0.7, min_words=6), tmp_path, teacher=teacher)
    assert len(teacher.requests) == 5
    now = {r.fingerprint for r in read_records(tmp_path / RATIONALES, Rationale)}
    before = {r.fingerprint for r in read_records(tmp_path / "rationales.old-1.jsonl", Rationale)}
    assert (len(now), len(before), now & before) == (5, 5, set())


def test_another_conduct_asks_nothing_again(toy: KnowledgeGraph, questions: list[Question], tmp_path: Path) -> None:
    write_rationales(questions, toy, config(), tmp_path, teacher=Paid(toy))
    teacher = Paid(toy)
    other = config(concurrency=2, timeout=3, retries=1, prices=PRICES, adapt=False, budget_tokens=10**9)
    write_rationales(questions, toy, other, tmp_path, teacher=teacher)
    assert teacher.requests == []


def test_an_estimate_by_rule_and_then_by_what_was_measured(
    toy: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    priced = config(prices=PRICES, style=Style.STANDARD)
    rule = estimate(questions, toy, priced, tmp_path)
    assert (rule.questions, rule.requests, rule.seconds) == (len(questions), len(questions), None)
    assert "4 characters per token" in rule.by
    assert rule.cost == rule.prompt_tokens + 2 * rule.completion_tokens > 0
    assert not list(tmp_path.iterdir())

    write_rationales(questions[:10], toy, priced, tmp_path, teacher=Paid(toy, bad=1))
    measured = estimate(questions, toy, priced, tmp_path)
    left = len(questions) - 10
    assert (measured.questions, measured.requests, measured.replies) == (left, 2 * left, 20)
    assert (measured.prompt_tokens, measured.completion_tokens) == (200 * left, 100 * left)
    assert measured.spent == 20 * (100 + 2 * 50)


def test_the_graph_teacher_costs_nothing(toy: KnowledgeGraph, questions: list[Question], tmp_path: Path) -> None:
    found = estimate(questions, toy, RationalesConfig(), tmp_path)
    assert (found.questions, found.requests, found.cost) == (len(questions), 0, None)
