"""Facts near an anchor come nearest first; what is offered tells nothing of which option is right."""

import random
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import pytest

from failwise.errors import InputError
from failwise.kg.evidence.build import build_index
from failwise.kg.evidence.hops import Anchor, Hops, shared_anchor
from failwise.kg.evidence.offers import Offers
from failwise.kg.evidence.store import open_index
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Fact, Truth
from tests.kg.evidence.conftest import FakeEmbedder


def table(graph: KnowledgeGraph) -> list[Fact]:
    """Return the known facts about one failure mode and its sensors."""
    known = [f for f in graph.facts.values() if f.relation == "indicatedBy" and f.truth is not Truth.UNKNOWN]
    rows = [list(row) for _, row in groupby(known, key=lambda f: f.subject.iri)]
    return next(row for row in rows if len({f.truth for f in row}) == 2 and len(row) > 2)


def test_one_hop_is_the_facts_of_the_thing_itself(toy: KnowledgeGraph) -> None:
    thing = table(toy)[0].subject.iri
    expected = {f.id for f in toy.facts.values() if thing in (f.subject.iri, f.object.iri) and f.truth != "unknown"}
    assert {f.id for f in Hops(toy).facts(Anchor((thing,)), 1, 1000)} == expected


def test_two_hops_go_on_through_what_holds(toy: KnowledgeGraph) -> None:
    facts = Hops(toy)
    thing = table(toy)[0].subject.iri
    one, two = (facts.facts(Anchor((thing,)), hops, 1000) for hops in (1, 2))
    assert two[: len(one)] == one
    assert len(two) > len(one)
    near = {e.iri for f in one if f.truth is Truth.YES for e in (f.subject, f.object)}
    assert all({f.subject.iri, f.object.iri} & near for f in two[len(one) :])


def test_the_asset_class_and_relation_of_the_anchor_come_first(shipped: KnowledgeGraph) -> None:
    fact = next(f for f in shipped.facts.values() if f.relation == "indicatedBy" and f.truth is Truth.YES)
    anchor = Anchor((fact.object.iri,), fact.asset_class.slug, "indicatedBy")
    found = Hops(shipped).facts(anchor, 1, 5)
    assert [(f.asset_class.slug, f.relation) for f in found] == [(fact.asset_class.slug, "indicatedBy")] * 5


def test_bounds_are_kept_and_odd_anchors_find_nothing(toy: KnowledgeGraph) -> None:
    hops = Hops(toy)
    assert len(hops.facts(Anchor((table(toy)[0].subject.iri,)), 3, 4)) == 4
    assert hops.facts(Anchor(("https://example.org/nothing",))) == []
    assert hops.facts(Anchor(())) == []
    for far in (0, 6):
        with pytest.raises(InputError, match="allowed are 1 to 5"):
            hops.facts(Anchor(()), far)


def test_the_shared_anchor_is_what_all_facts_are_about(toy: KnowledgeGraph) -> None:
    row = table(toy)
    ids = [f.id for f in row]
    anchor = shared_anchor(toy, [*ids, "", "no/such/fact/here"])
    assert anchor == Anchor((row[0].subject.iri,), row[0].asset_class.slug, "indicatedBy")
    assert shared_anchor(toy, reversed(ids)) == anchor
    assert shared_anchor(toy, []) == Anchor(())


def test_an_offer_holds_no_given_fact_and_does_not_depend_on_the_right_option(shipped: KnowledgeGraph) -> None:
    offers = Offers(shipped, facts=6)
    draw = random.Random(0)
    for row in (table(shipped), list(shipped.query("pump", "indicatedBy", object="vibration"))):
        ids = [f.id for f in row[:4]]
        offered = offers.offer("Which sensor?", ids)
        assert len(offered) == 6
        assert not set(ids) & offered.keys()
        assert all(words == shipped.statement(shipped.facts[i]) for i, words in offered.items())
        draw.shuffle(ids)
        assert list(offers.offer("Which sensor?", [*ids, ""]).items()) == list(offered.items())


def test_passages_follow_the_facts(
    toy: KnowledgeGraph, written: Callable[..., Path], embedder: FakeEmbedder, tmp_path: Path
) -> None:
    folder = written(a_txt="Oil foams.", b_txt="The pump shakes.", c_txt="A seal leaks.")
    build_index(tmp_path / "index", embedder, folder, toy)
    index = open_index(tmp_path / "index")
    ids = [f.id for f in table(toy)[:2]]
    for model in (embedder, None):
        offered = list(Offers(toy, index, model, facts=2, passages=1).offer("Why does the pump shake?", ids).items())
        assert len(offered) == 3
        assert offered[-1] == ("doc/b/1", "The pump shakes.")
    assert Offers(toy, index, embedder, hops=0, passages=0).offer("Why?", ids) == {}
