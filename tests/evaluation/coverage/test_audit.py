"""The audit names simulated students for what they are, and sums up without losing a fact."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from failwise.errors import InputError
from failwise.evaluation.coverage.audit import Audit, audit
from failwise.evaluation.coverage.probes import Probes, View, probes_of
from failwise.evaluation.coverage.states import STATES
from failwise.evaluation.records import RollUp
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Truth
from tests.evaluation.coverage.answering import answer, answered


def asked_of(graph: KnowledgeGraph, *asset_classes: str, **settings: int) -> list[Question]:
    config = QuestionsConfig.model_validate(
        {"asset_classes": asset_classes, "relations": ["indicatedBy"], "train_per_fact": 0, **settings}
    )
    return list(Synthesis(graph, config))


@pytest.fixture(scope="module")
def questions(shipped: KnowledgeGraph) -> list[Question]:
    return asked_of(shipped, "power transformer", test_per_fact=6, ungrouped_per_fact=6, ungrouped_share=1)


def states(graph: KnowledgeGraph, questions: list[Question], knows: Callable[[Question], bool]) -> Counter[str]:
    return Counter(a.state for a in audit(graph, answered(questions, knows)).facts)


def row(audited: Audit, dimension: str, value: str) -> RollUp:
    [found] = [r for r in audited.roll_ups if (r.dimension, r.value) == (dimension, value)]
    return found


def test_who_knows_everything_and_who_knows_nothing(shipped: KnowledgeGraph, questions: list[Question]) -> None:
    everything = states(shipped, questions, lambda q: True)
    assert not everything["wrong"] + everything["inconsistent"]
    assert everything["known"] > 0.9 * sum(everything.values())
    nothing = states(shipped, questions, lambda q: False)
    assert not nothing["known"] + nothing["inconsistent"]
    assert nothing["wrong"] > 0.9 * sum(nothing.values())


def test_who_knows_one_direction_only_is_inconsistent(shipped: KnowledgeGraph) -> None:
    questions = asked_of(shipped, "power transformer", test_per_fact=12, min_options=4, ungrouped_share=1)
    asked = Counter((q.tested_fact, q.direction) for q in questions)
    facts = {f for f, _ in asked if all(9 <= asked[f, d] <= 15 for d in Direction)}
    both = [q for q in questions if q.tested_fact in facts]
    assert len(facts) > 30
    found = audit(shipped, answered(both, lambda q: q.direction is Direction.FORWARD))
    named = Counter(a.state for a in found.facts if a.n)
    assert not named["known"] + named["wrong"]
    assert named["inconsistent"] > 0.7 * len(facts)
    forward, inverse = (row(found, "direction", d) for d in ("forward", "inverse"))
    assert (forward.accuracy, inverse.accuracy) == (1, 0)
    assert forward.share_low > 0.9 and inverse.share_high < 0.1
    assert forward.known > 0.9 * forward.facts and inverse.wrong > 0.9 * inverse.facts


def test_a_guesser_is_seldom_called_knowing(shipped: KnowledgeGraph, questions: list[Question]) -> None:
    dice = random.Random(0)
    found = states(shipped, questions, lambda q: dice.random() < 1 / len(q.options))
    assert found["known"] < 0.02 * sum(found.values())


def test_who_knows_one_asset_class_only(shipped: KnowledgeGraph) -> None:
    questions = asked_of(shipped, "fan", "pump", test_per_fact=4, ungrouped_share=1)
    found = audit(shipped, answered(questions, lambda q: q.asset_class == "fan"))
    fan, pump = row(found, "asset_class", "fan"), row(found, "asset_class", "pump")
    assert fan.share_low > 0.9 and not fan.wrong
    assert pump.share_high < 0.1 and not pump.known


def test_roll_ups_add_up(shipped: KnowledgeGraph, questions: list[Question]) -> None:
    audited = audit(shipped, answered(questions, lambda q: int(q.id, 16) % 3 > 0))
    total = row(audited, "all", "all")
    assert (total.n, total.right) == (len(questions), sum(a.right for a in audited.facts))
    for dimension in ("relation", "asset_class", "table", "failure_mode", "sensor"):
        part = [r for r in audited.roll_ups if r.dimension == dimension]
        assert sum(r.n for r in part) == total.n
        assert sum(r.facts for r in part) == total.facts
        assert sum(r.share * r.facts for r in part) == pytest.approx(total.share * total.facts)
    for dimension in ("direction", "polarity"):
        assert sum(r.n for r in audited.roll_ups if r.dimension == dimension) == total.n
    for each in audited.roll_ups:
        assert sum(getattr(each, s) for s in STATES) == each.facts
        assert 0 <= each.share_low <= each.share_high <= 1


def test_roll_ups_follow_the_hierarchy(shipped: KnowledgeGraph) -> None:
    questions = asked_of(shipped, "pump", "centrifugal pump", "fan", test_per_fact=2, ungrouped_share=1)
    audited = audit(shipped, answered(questions, lambda q: True))
    pumps = row(audited, "asset_family", "pump")
    kinds = [row(audited, "asset_class", name) for name in ("pump", "centrifugal pump")]
    assert (pumps.facts, pumps.n) == (sum(k.facts for k in kinds), sum(k.n for k in kinds))
    assert not [r for r in audited.roll_ups if r.dimension == "asset_family" and r.value == "fan"]
    shared = row(audited, "concept", "bearing damage (failure mode)")
    own = [r for r in audited.roll_ups if r.dimension == "failure_mode" and r.value.endswith(": bearing damage")]
    assert len(own) > 1 and shared.facts == sum(r.facts for r in own)


def test_unknown_facts_are_shown_and_not_counted(toy: KnowledgeGraph) -> None:
    questions = list(Synthesis(toy, QuestionsConfig(asset_classes=("toy fan",))))
    audited = audit(toy, answered(questions, lambda q: True))
    unknown = [a for a in audited.facts if a.truth == Truth.UNKNOWN]
    assert len(unknown) == 2 and {(a.state, a.n, a.low, a.high) for a in unknown} == {("untested", 0, 0.0, 1.0)}
    assert row(audited, "all", "all").facts == 2


def test_untested_facts_count_in_what_is_claimed_of_all(shipped: KnowledgeGraph, questions: list[Question]) -> None:
    first = {q.tested_fact for q in questions[:60]}
    some = [q for q in questions if q.tested_fact in first]
    audited, whole = (audit(shipped, answered(part, lambda q: True)) for part in (some, questions))
    total = row(audited, "all", "all")
    assert total.untested == total.facts - len(first)
    of_all = row(whole, "all", "all")
    assert total.facts == of_all.facts
    assert total.share_high - total.share_low > of_all.share_high - of_all.share_low


def test_answers_must_fit_their_questions(toy: KnowledgeGraph, questions: list[Question]) -> None:
    first = questions[0]
    fit = answer(first, right=True)
    probes = probes_of(questions, [fit])
    view = View(first.tested_fact, str(first.direction), str(first.polarity), 1 / len(first.options))
    assert dict(probes.asked) == {view: 1}
    assert probes.asked == probes.right
    for wrong, said in (
        ([replace(fit, question_id="nowhere")], "'nowhere', which is not in the question file"),
        ([fit, fit], "has two answers"),
        ([replace(fit, choice=99)], "chooses option 99; its question has options 0 to"),
        ([replace(fit, right=False)], "said to be wrong, and by the question file it is not"),
        ([replace(fit, scores=(0.0,))], "has 1 scores"),
        ([replace(fit, scores=(float("nan"), *fit.scores[1:]))], "not all numbers"),
    ):
        with pytest.raises(InputError, match=said):
            probes_of(questions, wrong)
    with pytest.raises(InputError, match="stands in the question file twice"):
        probes_of([first, first], [])
    with pytest.raises(InputError, match="which the ontology does not have; use the ontology"):
        audit(toy, probes)


def test_no_answer_is_a_probe_that_is_not_right(questions: list[Question]) -> None:
    silent = replace(answer(questions[0], right=False), choice=None, scores=())
    probes = probes_of(questions, [silent])
    assert (probes.unanswered, probes.asked.total(), probes.right.total()) == (1, 1, 0)


def test_a_probe_of_an_unknown_fact_is_refused(toy: KnowledgeGraph) -> None:
    unknown = next(f for f in toy.facts.values() if f.truth is Truth.UNKNOWN)
    probes = Probes()
    probes.add(View(unknown.id, "forward", "selection", 1 / 4), right=True)
    with pytest.raises(InputError, match="leaves unknown"):
        audit(toy, probes)
