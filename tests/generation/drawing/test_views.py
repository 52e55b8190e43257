"""What a split sees of a unit, and in which direction facts in no contrast group are asked."""

import pytest

from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.setting import Setting
from failwise.generation.drawing.views import SPLITS, UnitViews
from failwise.generation.matrices.tables import Unit
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Polarity


def unit_of(setting: Setting, asset_class: str, relation: str) -> Unit:
    return next(u for u in setting.units() if (u.asset_class, u.relation) == (asset_class, relation))


@pytest.fixture(scope="module")
def views(shipped: KnowledgeGraph) -> UnitViews:
    setting = Setting(shipped, QuestionsConfig())
    return UnitViews(setting, unit_of(setting, "electric-motor", "indicatedBy"))


def test_both_splits_see_the_same_where_they_share_facts(views: UnitViews) -> None:
    test, train = (views.of(split) for split in SPLITS)
    assert test is train
    assert [(v.family.direction, v.family.polarity) for v in test] == [(d, p) for d in Direction for p in Polarity]


def test_both_directions_have_the_same_contrast_groups(views: UnitViews) -> None:
    forward, inverse = ([v for v in views.of("test") if v.family.direction is d] for d in Direction)
    for one, other in zip(forward, inverse, strict=True):
        assert {frozenset((o, a) for a, o in m) for own in one.matchings.of.values() for m in own} == {
            frozenset(m) for own in other.matchings.of.values() for m in own
        }


def test_a_regime_gives_each_split_its_own_facts(shipped: KnowledgeGraph) -> None:
    setting = Setting(shipped, QuestionsConfig(regime="held-out-fact"))
    views = UnitViews(setting, unit_of(setting, "fan", "indicatedBy"))
    test, train = ({place for v in views.of(split) for _, _, place in v.askable(1)} for split in SPLITS)
    assert test
    assert train
    assert test.isdisjoint(train)


@pytest.mark.parametrize("relation", ["indicatedBy", "hasSeverity", "causeShownBy"])
def test_facts_in_no_group_are_asked_once_and_where_degrees_tell_least(shipped: KnowledgeGraph, relation: str) -> None:
    setting = Setting(shipped, QuestionsConfig())
    views = UnitViews(setting, unit_of(setting, "fan", relation))
    alone = views.alone("train")
    told: dict[int, dict[Direction, float]] = {}
    for view in views.of("train"):
        for a, o, place in view.askable(2):
            if view.matchings.reach((a, o)) < 2:
                told.setdefault(place, {})[view.family.direction] = view.told_by_degree(a, o)
    assert told
    assert sorted(place for places in alone.values() for place in places) == sorted(told)
    for direction, places in alone.items():
        for place in places:
            assert told[place][direction] == min(told[place].values())


def test_what_degrees_tell_is_counted_by_hand(toy: KnowledgeGraph) -> None:
    setting = Setting(toy, QuestionsConfig())
    views = UnitViews(setting, unit_of(setting, "toy-pump", "indicatedBy"))
    selection = next(v for v in views.of("test") if v.family.polarity is Polarity.SELECTION)
    for a, o, _ in selection.askable(2):
        own = selection.table.degrees[o]
        others = [d for p, d in enumerate(selection.table.degrees) if selection.wrong[a] >> p & 1]
        wanted = 1.0 if own > max(others) else 0.5 if own == max(others) else 0.0
        assert selection.told_by_degree(a, o) == wanted


def test_options_that_share_a_word_with_the_anchor_are_not_asked_for_together(shipped: KnowledgeGraph) -> None:
    setting = Setting(shipped, QuestionsConfig())
    found = 0
    for unit in setting.units():
        for view in UnitViews(setting, unit).of("train"):
            right, wrong = view.untold
            told = view.matchings.telling if view.family.polarity is Polarity.SELECTION else view.matchings.loud
            masks = right if view.family.polarity is Polarity.SELECTION else wrong
            found += len(told)
            assert not any(masks[a] >> o & 1 for a, o in told)
        if found > 20:
            return
    raise AssertionError("the shipped ontology has names that share a word")
