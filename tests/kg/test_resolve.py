"""Names find their thing: in any spelling that is certain, and never where two things may be meant."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from failwise.kg.resolve import How, Known, Names, normalise
from failwise.kg.triples import Literal, Triples
from failwise.kg.vocabulary import CONCEPT, FW, MODE, RDF, RDFS, SENSOR, SKOS


def things(*rows: tuple[str, str, str, str]) -> Triples:
    graph = Triples()
    for kind, iri, predicate, label in rows:
        graph.add(iri, RDF.type, kind)
        graph.add(iri, predicate, Literal(label, "en"))
    return graph


def sensors(*labels: str) -> Triples:
    return things(*((FW.Sensor, SENSOR[str(i)], RDFS.label, label) for i, label in enumerate(labels)))


@pytest.mark.parametrize(
    ("label", "other"),
    [
        ("Bearing Damage", "bearings damage"),
        ("brush(es) fault", "brush fault"),
        ("amps/ volts/ load", "Amp/Volt/Load"),
        ("pressure (head)", "pressure - head"),
        ("oil_level", "oil level"),
        ("frequency response analysis (FRA)", "Frequency Response Analysis"),
        ("discolouration by vapours", "discoloration by vapor"),
        ("de-energised winding", "de-energized windings"),
        ("analyser", "analyzers"),
        ("fibres", "fiber"),
        ("centre of the gauge glass", "Center of gage glass"),
        ("labelling", "labeling"),
        ("ﬁlter", "FILTERS"),
        ("pump\u200b", "pump"),
        ("operator's error", "operators error"),
        ("wear & tear", "wear and tear"),
        ("Ölstände", "Ölsta\u0308nde"),
        ("STRASSE", "straße"),
    ],
)
def test_spellings_of_one_name_share_a_key(label: str, other: str) -> None:
    assert normalise(label) == normalise(other) != ""


@pytest.mark.parametrize(
    ("label", "other"),
    [
        ("phase A", "phase"),
        ("phase A", "phase B"),
        ("CO", "CO2"),
        ("pressure (head)", "pressure"),
        ("leakage of oil", "oil leakage"),
        ("gap < 2 mm", "gap > 2 mm"),
        ("-40 °C", "40 °C"),
        ("gas", "ga"),
        ("mains failure", "main failure"),
        ("насос", "компрессор"),
    ],
)
def test_names_of_two_things_do_not(label: str, other: str) -> None:
    assert normalise(label) != normalise(other)


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("bearings", "bearing"),
        ("losses", "loss"),
        ("boxes", "box"),
        ("batteries", "battery"),
        ("switches", "switch"),
        ("valves", "valve"),
        ("hoses", "hose"),
        ("gases", "gas"),
        ("buses", "bus"),
        ("analyses", "analysis"),
        ("axes", "axis"),
        ("teeth", "tooth"),
    ],
)
def test_a_plural_is_its_singular(plural: str, singular: str) -> None:
    assert normalise(plural) == normalise(singular) == singular


@pytest.mark.parametrize(
    "word", ["gas", "loss", "status", "analysis", "bus", "lens", "series", "chassis", "ups", "h2s"]
)
def test_a_word_that_only_ends_in_s_is_kept(word: str) -> None:
    assert normalise(word) == word


@settings(max_examples=1000)
@example("\u24c8\u24c8's (\u017fs) theses \u0345")
@example("boxeses centres'")
@given(st.text(max_size=40) | st.text("aeiorsuyz'()- &%<", max_size=20))
def test_a_key_is_its_own_key(label: str) -> None:
    assert normalise(normalise(label)) == normalise(label)


@settings(max_examples=1000)
@example("the")
@example("ﱞ")
@given(st.text(st.characters(categories=["L"]), min_size=1, max_size=10))
def test_letters_of_any_script_keep_a_key(label: str) -> None:
    assert any(unicodedata.category(c)[0] in "LM" for c in normalise(label))


def test_a_long_label_is_no_trouble() -> None:
    assert normalise("Bearings " * 5000) == " ".join(["bearing"] * 5000)


@pytest.mark.parametrize(
    ("label", "how"), [("oil pressure", How.EXACT), ("Oil-Pressures", How.NORMALISED), ("p_oil", How.ALT_LABEL)]
)
def test_a_known_thing_is_found(label: str, how: How) -> None:
    names = Names.of(sensors("oil pressure"))
    names.add(FW.Sensor, SENSOR["0"], "P-Oil", other=True)
    assert names.find(FW.Sensor, label) == Known(SENSOR["0"], "oil pressure", how)
    assert names.ambiguous(FW.Sensor, label) == []


@pytest.mark.parametrize("predicate", [SKOS.altLabel, SKOS.notation])
def test_another_name_and_a_code_find_too(predicate: str) -> None:
    rows = [(FW.Sensor, SENSOR["vib"], RDFS.label, "vibration"), (FW.Sensor, SENSOR["vib"], predicate, "VIB")]
    found = Names.of(things(*rows)).find(FW.Sensor, "vib")
    assert found == Known(SENSOR["vib"], "vibration", How.ALT_LABEL)


def test_a_label_of_any_language_finds() -> None:
    graph = sensors("vibration")
    graph.add(SENSOR["0"], RDFS.label, Literal("Schwingung", "de"))
    assert Names.of(graph).find(FW.Sensor, "schwingung") == Known(SENSOR["0"], "vibration", How.NORMALISED)


def test_a_kind_keeps_its_names_to_itself() -> None:
    names = Names.of(sensors("vibration"))
    assert names.find(FW.FailureMode, "vibration") is None
    assert names.find("https://example.org/Unheard", "vibration") is None


def test_nothing_is_found_by_a_name_without_letters() -> None:
    assert Names.of(sensors("vibration", "---", "???")).find(FW.Sensor, "!!!") is None


def test_a_failure_mode_is_found_by_its_concept() -> None:
    rows = [
        (FW.FailureModeConcept, CONCEPT["bearing-wear"], RDFS.label, "bearing wear"),
        (FW.FailureMode, MODE["pump.bearing-wear"], RDFS.label, "bearing wear"),
    ]
    names = Names.of(things(*rows))
    found = names.find(FW.FailureMode, "Bearing Wear")
    assert found is not None
    assert found.iri == CONCEPT["bearing-wear"]
    assert names.labels(FW.FailureMode) == ["bearing wear"]


def test_the_exact_label_is_preferred() -> None:
    names = Names.of(sensors("air leak", "air leaks"))
    assert [names.find(FW.Sensor, label) for label in ("air leak", "air leaks")] == [
        Known(SENSOR["0"], "air leak", How.EXACT),
        Known(SENSOR["1"], "air leaks", How.EXACT),
    ]


def test_a_label_is_preferred_to_anothers_second_name() -> None:
    names = Names.of(sensors("load", "current"))
    names.add(FW.Sensor, SENSOR["1"], "load", other=True)
    assert names.find(FW.Sensor, "LOAD") == Known(SENSOR["0"], "load", How.NORMALISED)


def test_of_two_spellings_the_one_that_the_link_names_is_meant() -> None:
    graph = sensors("air leak", "air leaks")
    graph.add(SENSOR["1"], FW.concept, SENSOR["0"])
    assert Names.of(graph).find(FW.Sensor, "Air Leaks") == Known(SENSOR["0"], "air leak", How.NORMALISED)


def test_links_in_a_circle_end() -> None:
    graph = sensors("air leak", "air leaks")
    graph.add(SENSOR["1"], FW.concept, SENSOR["0"])
    graph.add(SENSOR["0"], FW.concept, SENSOR["1"])
    assert Names.of(graph).find(FW.Sensor, "Air Leaks") == Known(SENSOR["0"], "air leak", How.NORMALISED)


def test_without_a_link_two_things_are_ambiguous() -> None:
    names = Names.of(sensors("air leak", "air leaks"))
    assert names.find(FW.Sensor, "Air Leaks") is None
    assert [known.label for known in names.ambiguous(FW.Sensor, "Air Leaks")] == ["air leak", "air leaks"]
