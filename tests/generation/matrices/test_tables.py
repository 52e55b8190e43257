"""Tables of facts: concepts make rows and columns, asset classes as subjects make one table across all."""

import pytest

from failwise.generation.matrices.tables import ACROSS, Table, Unit, units
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Entity, Fact, Truth

PUMP = Entity("asset:pump", "pump", "pump", "asset:pump")


def entity(name: str, concept: str = "") -> Entity:
    return Entity(f"iri:{concept or name}", name.replace(" ", "-"), name, concept or f"concept:{name}")


def fact(subject: Entity, object_: Entity, truth: Truth, asset: Entity = PUMP, relation: str = "shows") -> Fact:
    name = f"{asset.slug}/{relation}/{subject.slug}/{object_.slug}"
    return Fact(name, asset, relation, subject, object_, truth, "stated", "made up")


WEAR, LEAK = entity("wear"), entity("leak")
HEAT, NOISE = entity("heat"), entity("noise")
SQUARE = [
    fact(WEAR, HEAT, Truth.YES),
    fact(WEAR, NOISE, Truth.NO),
    fact(LEAK, HEAT, Truth.UNKNOWN),
    fact(LEAK, NOISE, Truth.YES),
]


def said(table: Table, unit: Unit) -> dict[tuple[str, str], str]:
    """Return what a table says of its pairs, as subject and object."""
    found = {}
    for a, anchor in enumerate(table.anchors):
        for o, option in enumerate(table.options):
            mark = "+" if table.yes[a] >> o & 1 else "-" if table.no[a] >> o & 1 else "?"
            pair = (anchor, option) if table.direction is Direction.FORWARD else (option, anchor)
            found[pair[0].label, pair[1].label] = mark
            if table.index[a][o] >= 0 and o not in table.outside:
                known = unit.facts[table.index[a][o]]
                assert (known.subject.concept, known.object.concept) == (pair[0].concept, pair[1].concept)
    return found


def test_both_directions_say_the_same() -> None:
    unit = Unit("pump", "shows", SQUARE)
    forward, inverse = unit.tables()
    assert said(forward, unit) == said(inverse, unit)
    assert said(forward, unit) == {
        ("wear", "heat"): "+",
        ("wear", "noise"): "-",
        ("leak", "heat"): "?",
        ("leak", "noise"): "+",
    }
    assert (forward.degrees, inverse.degrees) == ([1, 1], [1, 1])
    assert unit.key == "pump/shows" and not unit.across


def test_a_pair_without_a_fact_is_neither_right_nor_wrong() -> None:
    forward, _ = Unit("pump", "shows", SQUARE[1:]).tables()
    wear, heat = 0, [o.label for o in forward.options].index("heat")
    assert forward.index[wear][heat] == -1
    assert not (forward.yes[wear] | forward.no[wear]) >> heat & 1


def test_one_concept_is_one_row_and_the_first_of_two_facts_counts() -> None:
    other = entity("wear of bearings", WEAR.concept)
    forward, _ = Unit("", "shows", [*SQUARE[:2], fact(other, HEAT, Truth.NO)]).tables()
    assert [a.label for a in forward.anchors] == ["wear"]
    assert forward.yes[0].bit_count() == forward.no[0].bit_count() == 1


def test_of_two_things_of_one_name_the_second_is_left_out_and_counted() -> None:
    twin = entity("Heat", "concept:another heat")
    unit = Unit("pump", "shows", [*SQUARE, fact(WEAR, twin, Truth.NO), fact(LEAK, twin, Truth.YES)])
    forward, inverse = unit.tables()
    assert unit.same_label == 2
    assert [o.label for o in forward.options] == ["heat", "noise"] == [a.label for a in inverse.anchors]


def test_kept_forgets_the_facts_of_the_other_side_and_no_degree() -> None:
    unit = Unit("pump", "shows", list(SQUARE))
    forward, _ = unit.tables()
    kept = forward.kept([True, False, True, False])
    assert (kept.yes, kept.no) == ([1, 0], [0, 0])
    assert kept.degrees == forward.degrees == [1, 1]
    assert kept.index == forward.index
    assert forward.kept([True] * 4) == forward


def outside(graph: KnowledgeGraph, direction: Direction, asset: str = "pump") -> tuple[Unit, Table]:
    unit = next(units(graph, [asset], ["indicatedBy"]))
    table = next(t for t in unit.tables() if t.direction is direction)
    unit.add_outside(graph, table)
    return unit, table


@pytest.mark.parametrize("direction", list(Direction))
def test_options_from_outside_are_stated_noes_of_the_asset_class(shipped: KnowledgeGraph, direction: Direction) -> None:
    unit, table = outside(shipped, direction)
    assert table.outside
    known = [o for i, o in enumerate(table.options) if i not in table.outside]
    for o in table.outside:
        option = table.options[o]
        assert option.label.casefold() not in {k.label.casefold() for k in known}
        assert len({row[o] for row in table.index}) == 1
        stated = unit.facts[table.index[0][o]]
        assert (stated.truth, stated.asset_class.slug, stated.object) == (Truth.NO, "pump", option)
        assert stated.subject.iri == stated.asset_class.iri
        assert not any((yes | no) >> o & 1 for yes, no in zip(table.yes, table.no, strict=True))
        assert table.degrees[o] == 0
    side = [i != table.index[0][table.outside[0]] for i in range(len(unit.facts))]
    assert table.kept(side).outside == table.outside[1:]


def test_nothing_is_outside_of_all_asset_classes(shipped: KnowledgeGraph) -> None:
    unit = next(units(shipped, [], ["monitoredBy"]))
    table = unit.tables()[0]
    unit.add_outside(shipped, table)
    assert unit.across and not table.outside


def test_asset_classes_as_subjects_make_tables_across_all(shipped: KnowledgeGraph) -> None:
    found = list(units(shipped, [], ["hasFailureMode", "indicatedBy"]))
    across = [u for u in found if u.across]
    assert {u.relation for u in across} == {"hasFailureMode"}
    assert all(u.asset_class and u.relation == "indicatedBy" for u in found if not u.across)
    forward, inverse = across[0].tables()
    assert {a.slug for a in forward.anchors} <= set(shipped.asset_classes)
    assert list(inverse.options) == list(forward.anchors)
    assert across[0].key == "/hasFailureMode/0"
    asked = sum(len(u.facts) for u in found)
    assert asked == sum(f.relation in ("hasFailureMode", "indicatedBy") for f in shipped.facts.values())


def test_many_asset_classes_are_cut_into_tables(shipped: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("failwise.generation.matrices.tables.ACROSS", 10)
    found = list(units(shipped, [], ["hasFailureMode"]))
    assert [u.part for u in found] == list(range(len(found)))
    assert len(found) > 1
    assert all(len({f.asset_class.slug for f in u.facts}) <= 10 for u in found)
    assert len(shipped.asset_classes) <= ACROSS


def test_asset_classes_and_relations_can_be_chosen(shipped: KnowledgeGraph) -> None:
    chosen = list(units(shipped, ["pump", "fan"], ["indicatedBy", "monitoredBy"]))
    assert {(u.asset_class, u.relation) for u in chosen} >= {("fan", "indicatedBy"), ("pump", "indicatedBy")}
    assert {f.asset_class.slug for u in chosen for f in u.facts} == {"pump", "fan"}
