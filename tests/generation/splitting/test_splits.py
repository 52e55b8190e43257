"""Regimes part the facts: nothing that a test asks can be read off what training may use."""

import os
import random
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from itertools import product

import pytest

from failwise.errors import InputError
from failwise.generation.matrices.contrast import matchings
from failwise.generation.matrices.tables import units
from failwise.generation.splitting.askable import askable, rows_of
from failwise.generation.splitting.blocks import LARGEST, Blocks
from failwise.generation.splitting.splits import REGIMES, Partition, partition
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.names import slugify
from failwise.kg.records import Entity, Fact, Truth

PARTING = REGIMES[1:]


@pytest.fixture(scope="module", params=PARTING)
def parted(request: pytest.FixtureRequest, shipped: KnowledgeGraph) -> Partition:
    return partition(shipped, request.param)


def facts_of(graph: KnowledgeGraph, found: Partition, split: str) -> list[Fact]:
    judged = (f for f in graph.facts.values() if f.truth is not Truth.UNKNOWN)
    return [f for f in judged if split in found.side(f.id)]


def things(facts: Iterable[Fact]) -> set[str]:
    ends = (e for f in facts for e in (f.subject, f.object) if e.iri != f.asset_class.iri)
    return {name for e in ends for name in names(e)}


def names(entity: Entity) -> set[str]:
    return {entity.concept, slugify(entity.label)}


def pairs(facts: Iterable[Fact]) -> set[tuple[str, ...]]:
    return {tuple(sorted(pair)) for f in facts for pair in product(names(f.subject), names(f.object))}


def test_about_the_share_is_held_out_and_can_be_asked(shipped: KnowledgeGraph, parted: Partition) -> None:
    test = facts_of(shipped, parted, "test")
    all_of_them = askable(shipped, shipped.facts.values())
    assert 0.1 < len(askable(shipped, test)) / len(all_of_them) < 0.3
    assert len(askable(shipped, test)) > 0.85 * len(test)
    assert len(askable(shipped, facts_of(shipped, parted, "train"))) > 0.6 * len(all_of_them)


def test_every_relation_can_be_asked_on_both_sides(shipped: KnowledgeGraph, parted: Partition) -> None:
    stated = {f.relation for f in askable(shipped, shipped.facts.values()).values() if f.basis != "derived"}
    for split in ("train", "test"):
        found = {f.relation for f in askable(shipped, facts_of(shipped, parted, split)).values()}
        assert found >= stated


def test_what_follows_from_a_fact_stays_on_its_side(shipped: KnowledgeGraph, parted: Partition) -> None:
    for split in ("train", "test"):
        for fact in facts_of(shipped, parted, split):
            for premise in fact.derivation:
                assert parted.side(premise) == {split}, (fact.id, premise)


def test_one_object_excludes_the_others_on_one_side(shipped: KnowledgeGraph, parted: Partition) -> None:
    functional = {r.name for r in shipped.relations.values() if r.functional}
    sides: dict[tuple[str, str, str], set[frozenset[str]]] = {}
    for fact in shipped.facts.values():
        if fact.relation in functional:
            key = (fact.asset_class.slug, fact.relation, fact.subject.concept)
            sides.setdefault(key, set()).add(parted.side(fact.id))
    assert sides
    assert {len(found) for found in sides.values()} == {1}


def test_kin_say_the_same_on_one_side(shipped: KnowledgeGraph, parted: Partition) -> None:
    said: dict[tuple[object, ...], set[str]] = {}
    for split in ("train", "test"):
        for fact in facts_of(shipped, parted, split):
            own = fact.subject.iri == fact.asset_class.iri
            key = (shipped.kin(fact.asset_class.slug), fact.relation, own or fact.subject.concept, fact.object.concept)
            said.setdefault(key, set()).add(split)
    assert all(len(splits) == 1 for splits in said.values())


def test_held_out_pairs_meet_nowhere_in_training(shipped: KnowledgeGraph) -> None:
    found = partition(shipped, "held-out-pair")
    train, test = (facts_of(shipped, found, split) for split in ("train", "test"))
    assert pairs(train).isdisjoint(pairs(test))
    assert not pairs(facts_of(shipped, partition(shipped, "held-out-fact"), "train")).isdisjoint(pairs(test))


def test_every_test_fact_is_about_something_that_training_never_names(shipped: KnowledgeGraph) -> None:
    found = partition(shipped, "held-out-entity")
    seen = things(facts_of(shipped, found, "train"))
    for fact in facts_of(shipped, found, "test"):
        assert any(names(e).isdisjoint(seen) for e in (fact.subject, fact.object)), fact.id


def test_held_out_asset_classes_take_their_kin_along(shipped: KnowledgeGraph) -> None:
    found = partition(shipped, "held-out-asset", held_out=["centrifugal pump", "fan"])
    test = {f.asset_class.slug for f in facts_of(shipped, found, "test")}
    assert test == {"centrifugal-pump", "pump", "pump-iso-14224", "fan"}
    assert test.isdisjoint(f.asset_class.slug for f in facts_of(shipped, found, "train"))
    assert not found.dropped


def test_named_entities_are_held_out_everywhere(shipped: KnowledgeGraph) -> None:
    found = partition(shipped, "held-out-entity", held_out=["bearing damage", "vibration"])
    assert "bearing damage" in found.held_out
    for fact in facts_of(shipped, found, "train"):
        assert "bearing-damage" not in (fact.subject.slug, fact.object.slug)
        assert "vibration" not in (slugify(fact.subject.label), slugify(fact.object.label))
    assert {f.asset_class.slug for f in facts_of(shipped, found, "test")} > {"pump", "fan"}


def test_named_pairs_are_held_out_in_any_order_and_with_a_slash(shipped: KnowledgeGraph) -> None:
    wanted = ["vibration / unbalance", "unbalance / power", "arcing/ electrical discharge / temperature"]
    found = partition(shipped, "held-out-pair", held_out=wanted)
    held = {frozenset((slugify(f.subject.label), slugify(f.object.label))) for f in facts_of(shipped, found, "test")}
    assert frozenset(("vibration", "unbalance")) in held
    assert frozenset(("arcing-electrical-discharge", "temperature")) in held
    assert "power / unbalance" in found.held_out


def test_new_questions_share_their_facts(shipped: KnowledgeGraph) -> None:
    found = partition(shipped, "new-question")
    assert found.side(next(iter(shipped.facts))) == {"train", "test"}


def test_rows_of_the_test_side_hold_right_and_wrong(shipped: KnowledgeGraph) -> None:
    found = partition(shipped, "held-out-fact")
    rows = rows_of(shipped, facts_of(shipped, found, "test")).values()
    wide = [row for row in rows if len(row) >= 4 and len({f.truth for f in row}) == 2]
    assert len(wide) > 100


@pytest.mark.parametrize("regime", ["held-out-fact", "held-out-pair"])
def test_most_held_out_facts_are_in_a_contrast_group(shipped: KnowledgeGraph, regime: str) -> None:
    found = partition(shipped, regime)
    grouped = 0
    for unit in units(shipped):
        table = unit.tables()[0].kept([f.id in found.test for f in unit.facts])
        for right, wrong in ((table.yes, table.no), (table.no, table.yes)):
            groups = matchings(right, wrong, LARGEST, random.Random(0))
            grouped += sum(groups.reach(pair) >= 2 for pair in groups.of)
    assert grouped > 0.55 * len(found.test)


def test_each_part_of_a_long_table_gives_its_share(shipped: KnowledgeGraph) -> None:
    unit = next(unit for unit in units(shipped, relations=["monitoredBy"]) if unit.across)
    facts = list(askable(shipped, unit.facts).values())
    assets = sorted({f.asset_class.slug for f in facts})
    parts = [
        replace(unit, facts=[f for f in facts if (f.asset_class.slug in assets[:5]) is first], part=number)
        for number, first in enumerate((True, False))
    ]
    held = Blocks(parts, {f.id: f.id for f in facts}, frozenset(), 0.2, random.Random(0)).choose()
    for part in parts:
        mine = [f for f in part.facts if f.id in held]
        assert abs(len(mine) - 0.2 * len(part.facts)) <= 3
        assert askable(shipped, mine)


def test_only_chosen_tables_count(shipped: KnowledgeGraph) -> None:
    found = partition(
        shipped, "held-out-fact", share=0.4, relations=["indicatedBy"], asset_classes=["power-transformer"]
    )
    mine = [f for f in shipped.facts.values() if f.relation == "indicatedBy" and "power-transformer/" in f.id]
    share = sum(f.id in found.test for f in mine) / len(mine)
    assert 0.35 < share < 0.45
    assert not any(f.id in found.test for f in shipped.query(relation="causedBy"))


def test_another_seed_holds_out_others(shipped: KnowledgeGraph, parted: Partition) -> None:
    assert partition(shipped, parted.regime) == parted
    assert partition(shipped, parted.regime, seed=1).test != parted.test


def test_the_choice_does_not_depend_on_the_process() -> None:
    script = (
        "from failwise.kg.graph import KnowledgeGraph;"
        "from failwise.generation.splitting.splits import partition, REGIMES;"
        "from failwise.files import content_id; g = KnowledgeGraph.load();"
        "print([content_id(sorted(partition(g, r).test)) for r in REGIMES])"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1


@pytest.mark.parametrize(
    ("regime", "held_out", "sentence"),
    [
        ("held-out-fakt", (), "unknown split regime 'held-out-fakt'; did you mean 'held-out-fact'"),
        ("held-out-fact", ("fan",), "takes no names, but held_out is fan"),
        ("new-question", ("fan",), "takes no names"),
        ("held-out-entity", ("bearing damge",), "unknown entity 'bearing damge'; did you mean 'bearing-damage'"),
        ("held-out-pair", ("bearing damage",), "is no pair of names"),
        ("held-out-pair", ("unbalance / vibrations",), "did you mean 'unbalance / vibration'"),
        ("held-out-entity", ("7",), "no test question could be asked"),
    ],
)
def test_what_cannot_be_held_out_is_refused(
    shipped: KnowledgeGraph, regime: str, held_out: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        partition(shipped, regime, held_out=held_out)


@pytest.mark.parametrize("share", [0, 1, -0.5])
def test_a_share_is_a_share(shipped: KnowledgeGraph, share: float) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        partition(shipped, "held-out-fact", share=share)


def test_nothing_is_left_for_training(shipped: KnowledgeGraph) -> None:
    with pytest.raises(InputError, match="no train question could be asked"):
        partition(shipped, "held-out-asset", held_out=["fan"], asset_classes=["fan"])
