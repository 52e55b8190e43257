"""The audit names simulated students for what they are."""

import random
from collections import Counter
from collections.abc import Callable

import pytest

from failwise.errors import InputError
from failwise.evaluation.audit import STATES, Probe, audit_facts, match, roll_up, state
from failwise.evaluation.records import Answer
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Truth


def asked_of(graph: KnowledgeGraph, **settings: int) -> list[Question]:
    config = QuestionsConfig.model_validate(
        {"asset_classes": ["power transformer"], "relations": ["indicatedBy"], "train_per_fact": 0, **settings}
    )
    return list(Synthesis(graph, config))


@pytest.fixture(scope="module")
def questions(shipped: KnowledgeGraph) -> list[Question]:
    return asked_of(shipped, test_per_fact=3, ungrouped_per_fact=6, ungrouped_share=1)


def states(graph: KnowledgeGraph, questions: list[Question], knows: Callable[[Question], bool]) -> Counter[str]:
    return Counter(a.state for a in audit_facts(graph, [Probe(q, knows(q)) for q in questions]))


@pytest.mark.parametrize(
    ("right", "n", "chance", "expected"),
    [
        (0, 0, 0.0, "untested"),
        (1, 1, 0.2, "undersampled"),
        (2, 2, 0.2, "known"),
        (1, 2, 0.2, "inconsistent"),
        (0, 2, 0.2, "wrong"),
        (1, 1, 0.5, "undersampled"),
        (4, 4, 0.2, "known"),
        (4, 4, 0.5, "known"),
        (3, 4, 0.2, "known"),
        (3, 4, 0.5, "inconsistent"),
        (2, 4, 0.2, "inconsistent"),
        (1, 4, 0.2, "inconsistent"),
        (0, 4, 0.2, "wrong"),
        (1, 8, 0.2, "wrong"),
    ],
)
def test_states_follow_their_rule(right: int, n: int, chance: float, expected: str) -> None:
    assert state(right, n, chance) == expected


def test_who_knows_everything_and_who_knows_nothing(shipped: KnowledgeGraph, questions: list[Question]) -> None:
    everything = states(shipped, questions, lambda q: True)
    assert not everything["wrong"] + everything["inconsistent"]
    assert everything["known"] > 0.9 * sum(everything.values())
    nothing = states(shipped, questions, lambda q: False)
    assert not nothing["known"] + nothing["inconsistent"]


def test_who_knows_one_direction_only_is_inconsistent(shipped: KnowledgeGraph) -> None:
    questions = asked_of(shipped, test_per_fact=3, min_options=3, ungrouped_share=1)
    asked = Counter((q.tested_fact, q.direction) for q in questions)
    coins = {q.tested_fact for q in questions if len(q.options) == 2}
    facts = {f for f, _ in asked if 2 <= asked[f, Direction.FORWARD] == asked[f, Direction.INVERSE]} - coins
    both = [q for q in questions if q.tested_fact in facts]
    found = states(shipped, both, lambda q: q.direction is Direction.FORWARD)
    del found["untested"]
    assert set(found) == {"inconsistent"}
    probes = [Probe(q, q.direction is Direction.FORWARD) for q in questions]
    rows = {(r.dimension, r.value): r for r in roll_up(shipped, probes)}
    assert rows["direction", "forward"].accuracy == 1
    assert rows["direction", "inverse"].accuracy == 0


def test_a_guesser_is_seldom_called_knowing(shipped: KnowledgeGraph, questions: list[Question]) -> None:
    dice = random.Random(0)
    found = states(shipped, questions, lambda q: dice.random() < 1 / len(q.options))
    assert found["known"] < 0.1 * sum(found.values())


def test_roll_ups_add_up(shipped: KnowledgeGraph, questions: list[Question]) -> None:
    probes = [Probe(q, i % 3 > 0) for i, q in enumerate(questions)]
    rows = roll_up(shipped, probes)
    total = next(r for r in rows if r.dimension == "all")
    assert (total.n, total.right) == (len(probes), sum(p.right for p in probes))
    for dimension in ("relation", "asset_class", "failure_mode", "sensor"):
        part = [r for r in rows if r.dimension == dimension]
        assert sum(r.n for r in part) == total.n
        assert sum(r.facts for r in part) == total.facts
    for row in rows:
        assert sum(getattr(row, s) for s in STATES) == row.facts


def test_unknown_facts_are_shown_and_not_counted(toy: KnowledgeGraph) -> None:
    questions = list(Synthesis(toy, QuestionsConfig(asset_classes=("toy fan",))))
    probes = [Probe(q, True) for q in questions]
    audits = audit_facts(toy, probes)
    assert sum(a.truth == Truth.UNKNOWN for a in audits) == 2
    assert next(r for r in roll_up(toy, probes) if r.dimension == "all").facts == 2


def answer(question_id: str) -> Answer:
    return Answer(question_id, "s", (0.0, -1.0), 0, True, 1.0)


def test_answers_must_fit_their_questions(questions: list[Question]) -> None:
    first = questions[0].id
    assert match(questions, [answer(first)]) == [Probe(questions[0], True)]
    with pytest.raises(InputError, match="'nowhere', which is not in the question file"):
        match(questions, [answer("nowhere")])
    with pytest.raises(InputError, match="has two answers"):
        match(questions, [answer(first), answer(first)])
