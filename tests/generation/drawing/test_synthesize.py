"""Questions: right by the graph, balanced, reproducible, and never from what is unknown."""

import json
from collections import Counter
from itertools import groupby

import pytest
from pydantic import ValidationError

from failwise.errors import OntologyError
from failwise.files import dump_record
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Polarity, Truth


def make(graph: KnowledgeGraph, **settings: object) -> list[Question]:
    return list(Synthesis(graph, QuestionsConfig.model_validate(settings)))


@pytest.fixture(scope="module")
def everything(shipped: KnowledgeGraph) -> list[Question]:
    return make(shipped)


def test_every_question_is_right_by_the_graph(shipped: KnowledgeGraph, everything: list[Question]) -> None:
    for question in everything:
        wanted = Truth.YES if question.polarity is Polarity.SELECTION else Truth.NO
        truths = [shipped.facts[i].truth for i in question.fact_ids]
        assert Truth.UNKNOWN not in truths
        assert [t is wanted for t in truths] == list(question.correct)
        assert sum(question.correct) == 1
        assert question.tested_fact == question.fact_ids[question.answer]


def test_options_belong_to_the_anchor_and_differ(shipped: KnowledgeGraph, everything: list[Question]) -> None:
    spelled: dict[str, set[str]] = {}
    for fact in shipped.facts.values():
        for end in (fact.subject, fact.object):
            spelled.setdefault(end.concept, set()).add(end.label)
    across: dict[str, set[str]] = {}
    for question in everything:
        facts = [shipped.facts[i] for i in question.fact_ids]
        forward = question.direction is Direction.FORWARD
        anchors = [f.subject if forward else f.object for f in facts]
        assert len({a.concept for a in anchors}) == 1
        assert question.anchor in {a.slug for a in anchors}
        for fact, option in zip(facts, question.options, strict=True):
            end = fact.object if forward else fact.subject
            assert option in spelled[end.concept]
            if fact.subject.iri == fact.asset_class.iri:
                across.setdefault(f"{fact.relation} {end.concept}", set()).add(option)
            else:
                assert option == end.label
        assert 2 <= len(set(question.options)) == len(question.options) <= 5
    # Across asset classes a concept has one name, whatever they call it: another one would tell the asset class.
    assert across
    assert all(len(names) == 1 for names in across.values())


def test_all_eight_families_of_the_seed_paper_are_there(everything: list[Question]) -> None:
    assert {q.relevancy for q in everything} >= {
        f"{polarity}_{what}"
        for polarity in ("relevant", "irrelevant")
        for what in (
            "sensors_for_asset",
            "failure_modes_for_asset",
            "sensors_for_failure_mode",
            "failure_modes_for_sensor",
        )
    }


def test_the_right_letter_is_balanced(everything: list[Question]) -> None:
    for count in (2, 3, 4, 5):
        letters = Counter(q.answer for q in everything if len(q.options) == count)
        expected = sum(letters.values()) / count
        assert all(abs(n - expected) < 0.04 * expected for n in letters.values()), letters


def test_ids_are_unique_and_from_content(toy: KnowledgeGraph, everything: list[Question]) -> None:
    assert len({q.id for q in everything}) == len(everything)
    assert make(toy) == make(toy)
    assert {q.id for q in make(toy)} != {q.id for q in make(toy, seed=1)}


def test_another_asset_class_changes_no_question(toy: KnowledgeGraph) -> None:
    alone = make(toy, asset_classes=["toy pump"])
    assert alone == [q for q in make(toy) if q.asset_class == "toy-pump"]


def test_no_option_set_stands_in_both_splits(everything: list[Question]) -> None:
    splits: dict[tuple[str, str, str, frozenset[str]], set[str]] = {}
    for q in everything:
        key = (q.asset_class, str(q.direction), q.anchor, frozenset(q.fact_ids))
        splits.setdefault(key, set()).add(q.split)
    assert all(len(found) == 1 for found in splits.values())


def test_both_splits_ask_in_both_directions(everything: list[Question]) -> None:
    for split in ("train", "test"):
        forward = [q.direction is Direction.FORWARD for q in everything if q.split == split]
        assert 0.35 < sum(forward) / len(forward) < 0.75


def test_hardly_a_fact_is_left_out(shipped: KnowledgeGraph, everything: list[Question]) -> None:
    asked = {q.tested_fact for q in everything}
    shown = {i for q in everything for i in q.fact_ids}
    assert len(asked & shown) > 0.95 * len(shown)


def test_unknown_is_never_asked_and_is_counted(toy: KnowledgeGraph) -> None:
    synthesis = Synthesis(toy, QuestionsConfig(asset_classes=("toy fan",)))
    asked = {i for q in synthesis for i in q.fact_ids}
    assert asked == {
        "toy-fan/indicatedBy/bearing-damage/vibration",
        "toy-fan/indicatedBy/bearing-damage/temperature",
    }
    assert synthesis.unasked["unknown"] > 0


def test_a_held_out_asset_takes_its_twins_along(shipped: KnowledgeGraph) -> None:
    questions = make(shipped, regime="held-out-asset", held_out=["pump"])
    by_split = {s: {q.asset_class for q in questions if q.split == s} for s in ("train", "test")}
    assert by_split["test"] == {"centrifugal-pump", "pump", "pump-iso-14224"}
    assert not by_split["train"] & by_split["test"]
    assert len(by_split["train"]) == 52


def test_the_option_limits_hold(toy: KnowledgeGraph) -> None:
    assert {len(q.options) for q in make(toy, max_options=2)} == {2}
    assert {len(q.options) for q in make(toy, min_options=3)} <= {3, 4}


def test_the_fields_are_failuresensoriqs(toy: KnowledgeGraph) -> None:
    names = list(json.loads(dump_record(make(toy)[0])))[:11]
    assert names == [
        "subject", "id", "question", "options", "option_ids", "question_first", "correct", "text_type", "asset_name",
        "relevancy", "question_type",
    ]  # fmt: skip


def test_difficulty_says_whether_the_degree_gives_it_away(shipped: KnowledgeGraph) -> None:
    questions = make(shipped, relations=["indicatedBy"])
    for (asset, direction), group in groupby(questions, key=lambda q: (q.asset_class, q.direction)):
        degrees: Counter[str] = Counter()
        for fact in shipped.query(asset, "indicatedBy", truth=Truth.YES):
            degrees[(fact.object if direction is Direction.FORWARD else fact.subject).label] += 1
        for q in group:
            sign = 1 if q.polarity is Polarity.SELECTION else -1
            own = [sign * degrees[o] for o in q.options]
            best = [i for i, d in enumerate(own) if d == max(own)]
            said = "easy" if best == [q.answer] else "medium" if q.answer in best else "hard"
            assert q.difficulty == said


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"min_options": 5, "max_options": 3}, "min_options 5 is more than max_options 3"),
        ({"train_per_fact": 0, "test_per_fact": 0}, "nothing to make"),
        ({"regime": "held-out-asset"}, "needs held_out"),
        ({"held_out": ["pump"]}, "use regime held-out-asset"),
    ],
)
def test_impossible_pairs_are_refused(settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        QuestionsConfig.model_validate(settings)


def test_unknown_names_are_refused(toy: KnowledgeGraph) -> None:
    with pytest.raises(OntologyError, match="did you mean 'toy-pump'"):
        make(toy, asset_classes=["toy pmp"])
    with pytest.raises(OntologyError, match="did you mean 'indicatedBy'"):
        make(toy, relations=["indicated"])
