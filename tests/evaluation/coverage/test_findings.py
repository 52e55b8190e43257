"""Simulated students are named for what they are, and for nothing else."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from failwise.evaluation.audit import audit_answers
from failwise.evaluation.coverage.audit import audit
from failwise.evaluation.coverage.findings import Pattern, findings
from failwise.evaluation.coverage.probes import probes_of
from failwise.evaluation.coverage.shortcuts import find_shortcuts
from failwise.evaluation.records import Answer
from failwise.evaluation.sources import LoadedQuestions
from failwise.generation.balance.guessers import Habits, Tables, guessers
from failwise.generation.balance.shortcuts import best_options
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction
from tests.evaluation.coverage.answering import chosen

Choose = Callable[[Question], int]


@pytest.fixture(scope="module")
def questions(shipped: KnowledgeGraph) -> list[Question]:
    config = QuestionsConfig(
        asset_classes=("power transformer", "steam turbine", "fan"),
        relations=("indicatedBy",),
        train_per_fact=0,
        test_per_fact=8,
        ungrouped_per_fact=8,
        ungrouped_share=1,
        min_options=3,
    )
    return list(Synthesis(shipped, config))


def named(graph: KnowledgeGraph, questions: list[Question], choose: Choose) -> list[tuple[Pattern, str]]:
    answers: list[Answer] = [chosen(q, choose(q)) for q in questions]
    audited = audit(graph, probes_of(questions, answers))
    shortcuts = find_shortcuts(graph, list(zip(questions, answers, strict=True)))
    return [(f.pattern, f.of) for f in findings(audited.roll_ups, shortcuts)]


def wrong(question: Question, dice: random.Random) -> int:
    return dice.choice([i for i, right in enumerate(question.correct) if not right])


def guess(question: Question, dice: random.Random) -> int:
    return dice.randrange(len(question.options))


def test_who_knows_everything_or_nothing(shipped: KnowledgeGraph, questions: list[Question]) -> None:
    dice = random.Random(0)
    assert named(shipped, questions, lambda q: q.answer) == [(Pattern.ALL, "all")]
    assert named(shipped, questions, lambda q: guess(q, dice)) == [(Pattern.NOTHING, "all")]
    assert named(shipped, questions, lambda q: wrong(q, dice)) == [(Pattern.NOTHING, "all")]


def test_who_takes_always_the_same_letter(shipped: KnowledgeGraph, questions: list[Question]) -> None:
    assert named(shipped, questions, lambda q: 0) == [(Pattern.NOTHING, "all"), (Pattern.SHORTCUT, "always A")]
    assert named(shipped, questions, lambda q: 2)[1:] == [(Pattern.SHORTCUT, "always C")]


def test_who_knows_the_degree_alone(shipped: KnowledgeGraph, questions: list[Question]) -> None:
    tables = Tables(shipped)
    habits = Habits(tables)
    habits.learn(questions)
    [degree] = [g for g in guessers(tables, habits) if g.name == "degree"]

    def choose(question: Question) -> int:
        scores = degree.guess(question)
        assert scores is not None
        return best_options(scores)[0]

    found = named(shipped, questions, choose)
    assert (Pattern.ALL, "all") not in found
    assert next(f for f in found if f[0] is Pattern.SHORTCUT) == (Pattern.SHORTCUT, "degree")


def test_who_knows_one_direction_or_one_asset_class(shipped: KnowledgeGraph, questions: list[Question]) -> None:
    dice = random.Random(0)
    one_way = named(shipped, questions, lambda q: q.answer if q.direction is Direction.FORWARD else guess(q, dice))
    assert one_way == [(Pattern.PART, "all"), (Pattern.UNEVEN, "direction")]
    one_class = named(shipped, questions, lambda q: q.answer if q.asset_class == "fan" else guess(q, dice))
    assert one_class == [(Pattern.PART, "all"), (Pattern.UNEVEN, "asset_class")]


def test_who_knows_seven_of_ten_at_random(shipped: KnowledgeGraph, questions: list[Question]) -> None:
    dice = random.Random(0)
    known = {fact for fact in sorted({q.tested_fact for q in questions}) if dice.random() < 0.7}
    choose: Choose = lambda q: q.answer if q.tested_fact in known else guess(q, dice)  # noqa: E731
    assert named(shipped, questions, choose) == [(Pattern.PART, "all")]
    answers = [chosen(q, choose(q)) for q in questions]
    whole = next(r for r in audit(shipped, probes_of(questions, answers)).roll_ups if r.dimension == "all")
    judged = [a for a in audit(shipped, probes_of(questions, answers)).facts if a.n]
    assert whole.share_low < 0.7 < whole.share_high
    called = [a for a in judged if a.state == "known"]
    assert sum(a.fact_id in known for a in called) >= 0.95 * len(called) > 0.5 * len(judged)
    never = [a for a in judged if a.state == "wrong"]
    assert sum(a.fact_id not in known for a in never) >= 0.95 * len(never) > 0.1 * len(judged)


def test_nothing_is_found_where_nothing_was_audited() -> None:
    assert findings([], []) == []


def test_it_is_said_where_most_facts_were_asked_too_little(shipped: KnowledgeGraph, questions: list[Question]) -> None:
    def sparse(asked: list[Question]) -> list[str]:
        audited = audit(shipped, probes_of(asked, [chosen(q, q.answer) for q in asked]))
        found = findings(audited.roll_ups, [], (), audited.facts)
        return [f.text for f in found if (f.pattern, f.of) == (Pattern.SPARSE, "all")]

    by_fact: dict[str, list[Question]] = {}
    for question in questions:
        by_fact.setdefault(question.tested_fact, []).append(question)
    rich = {fact: asked for fact, asked in by_fact.items() if len(asked) >= 4}
    assert len(rich) > 20
    assert sparse([q for asked in rich.values() for q in asked[:4]]) == []
    [text] = sparse([q for asked in rich.values() for q in asked[:3]])
    assert text.startswith(f"Of {len(rich)} facts asked, {len(rich)} were asked fewer than 4 times")


def test_it_is_said_where_directions_and_polarities_alone_were_asked_too_little(
    shipped: KnowledgeGraph, questions: list[Question]
) -> None:
    audited = audit(shipped, probes_of(questions, [chosen(q, q.answer) for q in questions]))
    forward = next(row for row in audited.roll_ups if row.value == "forward")
    few = replace(forward, n=3 * forward.facts)
    whole = next(row for row in audited.roll_ups if row.dimension == "all")
    assert [f.of for f in findings([whole, forward], [])] == ["all"]
    _, said = findings([whole, few], [])
    assert (said.pattern, said.of) == (Pattern.SPARSE, "direction") and "shares known of forward lean" in said.text


def test_a_guesser_that_likes_some_options_better_is_said_to_guess(
    shipped: KnowledgeGraph, questions: list[Question]
) -> None:
    dice, liking = random.Random(0), dict[str, float]()

    def likes(question: Question) -> Answer:
        likings = [liking.setdefault(option, dice.random()) for option in question.options]
        return chosen(question, likings.index(max(likings)))

    found = audit_answers(shipped, LoadedQuestions(questions), [likes(q) for q in questions])
    assert found.roll_ups[0].share_low > 0.1  # it seems to know something
    assert Pattern.GUESSING in [f.pattern for f in found.findings]
    knows = audit_answers(shipped, LoadedQuestions(questions), [chosen(q, q.answer) for q in questions])
    assert Pattern.GUESSING not in [f.pattern for f in knows.findings]
