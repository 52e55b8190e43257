"""Two states of an ontology: what one says that the other does not, counted, listed, and never run as markup."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from failwise.kg.diff import diff
from failwise.kg.diff_words import COLUMNS, Diff
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Entity, Fact, Truth
from tests.conftest import TOY, toy_paths

Edit = Callable[..., KnowledgeGraph]
BOILER = """
asset:toy-boiler a fw:AssetClass ; rdfs:label "toy boiler"@en ; dcterms:source source:toy .
mode:toy-boiler.leak a fw:FailureMode ; rdfs:label "leak"@en ;
    fw:ofAssetClass asset:toy-boiler ; rel:indicatedBy sensor:pressure .
"""
BROADER = """
asset:toy-machine a fw:AssetClass ; rdfs:label "toy machine"@en ; dcterms:source source:toy ;
    rel:monitoredBy sensor:noise .
asset:toy-fan fw:kindOf asset:toy-machine .
"""
ADDED_NO = """
<https://w3id.org/failwise/no/toy-fan.noise> a owl:NegativePropertyAssertion ;
    owl:sourceIndividual asset:toy-fan ; owl:assertionProperty rel:monitoredBy ; owl:targetIndividual sensor:noise .
"""


@pytest.fixture
def edited(tmp_path: Path) -> Edit:
    """Return a function that loads the toy ontology with parts of its text replaced, and more text behind it."""

    def edit(*replacements: tuple[str, str], more: str = "", relations: tuple[str, str] = ("", "")) -> KnowledgeGraph:
        schema, words, _ = toy_paths()
        text = TOY.read_text()
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "toy.ttl").write_text(text + more)
        assert relations[0] in words.read_text()
        (tmp_path / "relations.ttl").write_text(words.read_text().replace(*relations))
        return KnowledgeGraph.load([schema, tmp_path / "relations.ttl", tmp_path / "toy.ttl"], shipped=False)

    return edit


def test_nothing_changed(toy: KnowledgeGraph, edited: Edit) -> None:
    assert not diff(toy, toy)
    assert diff(toy, toy).summary() == "No difference."
    comment = diff(toy, edited(more="# a remark\n"))
    assert not comment
    assert comment.tables == ()
    assert "##" not in comment.markdown()


def test_a_fact_that_turns_no_is_changed_and_counted_in_its_table(toy: KnowledgeGraph, edited: Edit) -> None:
    found = diff(
        toy, edited(("rel:indicatedBy sensor:vibration , sensor:temperature .", "rel:indicatedBy sensor:vibration ."))
    )
    (change,) = found.facts.changed
    assert change.after.id == "toy-pump/indicatedBy/bearing-damage/temperature"
    assert (change.before.truth, change.after.truth) == (Truth.YES, Truth.NO)
    assert (found.facts.added, found.facts.removed, found.entities_removed) == ((), (), ())
    assert found.table() == (COLUMNS, [["toy-pump", "indicatedBy", "12", "12", "0", "0", "1", "0"]])
    assert found.summary() == "Facts changed 1."
    assert "- `toy-pump/indicatedBy/bearing-damage/temperature`: yes → no (closed-table, toy)" in found.markdown()


def test_a_new_asset_class_goes_the_other_way_when_it_is_taken_out(toy: KnowledgeGraph, edited: Edit) -> None:
    more = edited(more=BOILER)
    there, back = diff(toy, more), diff(more, toy)
    assert [e.slug for e in there.asset_classes_added] == ["toy-boiler"] == [e.slug for e in back.asset_classes_removed]
    assert [e.slug for e in there.entities_added] == ["leak"] == [e.slug for e in back.entities_removed]
    assert [f.id for f in there.facts.added] == ["toy-boiler/indicatedBy/leak/pressure"]
    assert back.facts.removed == there.facts.added
    assert there.table()[1] == [["toy-boiler", "indicatedBy", "0", "1", "1", "0", "0", "0"]]


def test_another_label_is_no_other_thing(toy: KnowledgeGraph, edited: Edit) -> None:
    found = diff(toy, edited(('"cavitation"@en', '"vapour | *bubbles*"@en'), ('"toy fan"@en', '"toy blower"@en')))
    pairs = {(c.before.label, c.after.label) for c in found.relabelled}
    assert pairs == {("cavitation", "vapour | *bubbles*"), ("toy fan", "toy blower")}
    assert len(found.facts) == len(found.entities_added) == len(found.asset_classes_added) == 0
    assert "- cavitation → vapour \\| \\*bubbles\\* (FailureMode)" in found.markdown()


def test_a_thing_of_another_concept_is_named(toy: KnowledgeGraph, edited: Edit) -> None:
    old = "fw:ofAssetClass asset:toy-fan ; fw:concept concept:bearing-damage ;"
    found = diff(toy, edited((old, "fw:ofAssetClass asset:toy-fan ;")))
    (change,) = found.reclassified
    assert change.before.concept.endswith("concept/bearing-damage")
    assert found.relabelled == ()


def test_a_sensor_under_another_name_looks_renamed(toy: KnowledgeGraph, edited: Edit) -> None:
    found = diff(toy, edited(("sensor:temperature", "sensor:temperatures"), ('"temperature"', '"temperatures"')))
    (change,) = found.renamed
    assert (change.before.slug, change.after.slug) == ("temperature", "temperatures")
    assert [e.slug for e in found.entities_removed] == ["temperature"]
    assert len(found.facts.added) == len(found.facts.removed) == 4


@pytest.mark.parametrize(
    ("iri", "label", "truths"),
    [
        ("sensor:colour", '"colour"', "same"),  # the same facts, but the names have nothing in common
        ("sensor:temperatures", '"temperatures"', "other"),  # like names, but it says something else
    ],
)
def test_what_is_not_sure_is_not_called_renamed(
    toy: KnowledgeGraph, edited: Edit, iri: str, label: str, truths: str
) -> None:
    flip = [("rel:indicatedBy sensor:pressure .", "rel:indicatedBy sensor:pressure , sensor:temperature .")]
    names = [("sensor:temperature", iri), ('"temperature"', label)]
    found = diff(toy, edited(*(flip if truths == "other" else []), *names))
    assert len(found.entities_removed) == len(found.entities_added) == 1
    assert found.renamed == ()


def test_of_two_that_say_the_same_none_is_called_renamed(edited: Edit) -> None:
    both = "asset:toy-pump rel:monitoredBy sensor:flow-in , sensor:flow-out .\n"
    both += both.replace("toy-pump", "toy-fan")
    found = diff(edited(more=both), edited(more=both.replace("flow-", "flows-")))
    assert len(found.entities_added) == len(found.entities_removed) == 2
    assert found.renamed == ()


def test_the_same_truth_from_elsewhere_stands_apart(toy: KnowledgeGraph, edited: Edit) -> None:
    no = (
        "<https://example.org/no> a owl:NegativePropertyAssertion ; owl:assertionProperty rel:indicatedBy ;\n"
        "  owl:sourceIndividual mode:toy-pump.seal-leakage ; owl:targetIndividual sensor:noise ."
    )
    found = diff(toy, edited(more=no))
    (change,) = found.facts.other_basis
    assert (change.before.basis, change.after.basis) == ("closed-table", "stated")
    assert found.facts.changed == ()
    assert "closed-table, toy → stated" in found.markdown()


def test_what_follows_from_other_facts_is_counted_apart(toy: KnowledgeGraph, edited: Edit) -> None:
    broader = edited(more=BROADER)
    found = diff(toy, broader)
    assert [f.id for f in found.facts.added] == ["toy-machine/monitoredBy/noise"]
    assert [f.id for f in found.following.added] == ["toy-fan/monitoredBy/noise"]
    assert "inherited or derived facts added 1" in found.summary()
    overridden = diff(broader, edited(more=BROADER + ADDED_NO))
    assert [c.after.truth for c in overridden.facts.changed] == [Truth.NO]
    assert len(overridden.following) == 0


def test_other_words_of_a_relation_are_a_change(toy: KnowledgeGraph, edited: Edit) -> None:
    statement = "{object} is a monitored parameter of the {asset}"
    found = diff(toy, edited(relations=(f'"{statement}"', f'"on the {statement}"')))
    assert found.relations_changed == ("monitoredBy",)
    assert len(found.facts) == 0


def test_json_holds_every_item_as_plain_values(toy: KnowledgeGraph, edited: Edit) -> None:
    value = json.loads(json.dumps(diff(toy, edited(("sensor:noise", "sensor:sound"), more=BOILER)).to_json()))
    assert value["asset classes added"][0]["label"] == "toy boiler"
    assert {f["truth"] for f in value["facts removed"]} == {"yes", "no", "unknown"}
    assert value["facts added"][0]["object"] == "https://w3id.org/failwise/sensor/pressure"
    assert value["tables"][0]["asset class"] == "toy-boiler"


def many(count: int, flipped: Callable[[int], bool]) -> Any:
    """Return a stand-in for a graph with so many facts."""
    asset, mode = (Entity(f"https://example.org/{n}", n, n, f"https://example.org/{n}") for n in ("mill", "wear"))
    things = [
        Entity(f"https://example.org/s{i}", f"s{i}", f"sensor {i}", f"https://example.org/s{i}") for i in range(97)
    ]
    facts = {}
    for i in range(count):
        truth = Truth.NO if flipped(i) else Truth.YES
        fact = Fact(f"mill/indicatedBy/wear-{i}/s", asset, "indicatedBy", mode, things[i % 97], truth, "stated", "x")
        facts[fact.id] = fact
    return SimpleNamespace(asset_classes={"mill": asset}, facts=facts, relations={}, digest=f"{count}")


def test_long_lists_are_cut_and_say_so() -> None:
    found: Diff = diff(many(500, lambda i: False), many(500, lambda i: i % 2 == 0))
    text = found.markdown(most=3)
    assert text.count("yes → no") == 3
    assert "… and 247 more" in text
    assert len(found.to_json()["facts changed"]) == 250
    everything = diff(many(0, bool), many(500, bool)).markdown(most=1_000)
    assert everything.count("\n- ") == 500 + 98  # facts; sensors and the failure mode
    assert "more" not in everything


def test_a_table_of_many_rows_is_cut_too() -> None:
    one = many(3, lambda i: False)
    rows = [
        replace(f, id=f"{i}", relation=f"relation {i}") for i, f in enumerate([next(iter(one.facts.values()))] * 30)
    ]
    more: Any = SimpleNamespace(
        asset_classes=one.asset_classes, facts={f.id: f for f in rows}, relations={}, digest="more"
    )
    text = diff(many(0, bool), more).markdown(most=5)
    assert text.count("| mill | relation") == 5
    assert "… and 25 more" in text
