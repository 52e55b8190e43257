"""Documents become asset classes: all findings by address, nothing half-written, the same bytes each time."""

from pathlib import Path

import pytest

from failwise.errors import InputError
from failwise.kg.decisions import Decision, Decisions
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.importer import ImportOptions, Staged, stage
from failwise.kg.load import load_ontology, shipped_folder
from failwise.kg.records import Finding
from failwise.kg.vocabulary import FW

VOCABULARY = [shipped_folder() / n for n in ("schema.ttl", "relations.ttl", "ratings.ttl", "worksheets.ttl")]
MATRIX = "asset_class,failure_mode,sensor,relevant\n"
FACTS = "asset_class,relation,subject,object,truth,source\n"


@pytest.fixture(autouse=True)
def by_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare names by letters: what meaning adds is tested in test_suggest.py, and takes seconds to load."""
    monkeypatch.setattr("failwise.kg.importer.MOST_BY_MEANING", 0)


def put(tmp_path: Path, text: str, name: str = "mine.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def staged(tmp_path: Path, text: str, options: ImportOptions = ImportOptions(), **more: object) -> Staged:  # noqa: B008
    return stage([put(tmp_path, text)], tmp_path / "out", VOCABULARY, options, shipped=False, **more)  # type: ignore[arg-type]


def facts(found: Staged) -> dict[str, str]:
    return {i: f.truth.value for i, f in found.after.facts.items()}


def errors(found: Staged) -> list[Finding]:
    return [f for f in found.findings if f.level == "ERROR"]


def test_a_full_matrix_is_closed(tmp_path: Path) -> None:
    found = staged(tmp_path, MATRIX + "mixer,shaft crack,vibration,1\nmixer,shaft crack,colour,0\n")
    assert facts(found) == {
        "mixer/hasFailureMode/shaft-crack": "yes",
        "mixer/indicatedBy/shaft-crack/colour": "no",
        "mixer/indicatedBy/shaft-crack/vibration": "yes",
    }
    assert found.after.facts["mixer/indicatedBy/shaft-crack/colour"].basis == "closed-table"


HALF = MATRIX + "mixer,crack,vibration,1\nmixer,crack,colour,\nmixer,leak,vibration,0\nmixer,leak,colour,1\n"


def test_a_blank_is_unknown_unless_it_means_no(tmp_path: Path) -> None:
    found = facts(staged(tmp_path, HALF))
    assert found["mixer/indicatedBy/crack/colour"] == "unknown"
    assert found["mixer/indicatedBy/leak/vibration"] == "no"
    assert facts(staged(tmp_path, HALF, ImportOptions(blank="no")))["mixer/indicatedBy/crack/colour"] == "no"


def test_unknown_that_is_written_stays_unknown(tmp_path: Path) -> None:
    text = HALF.replace("crack,colour,\n", "crack,colour,unknown\n")
    found = facts(staged(tmp_path, text, ImportOptions(blank="no")))
    assert found["mixer/indicatedBy/crack/colour"] == "unknown"


def test_a_name_that_shares_a_word_with_a_listed_one_is_no_negative(tmp_path: Path) -> None:
    text = "asset_class,failure_mode\nmixer,bearing wear\nmill,bearing crack\nmill,blocked screen\n"
    found = facts(staged(tmp_path, text, ImportOptions(blank="no")))
    assert found["mixer/hasFailureMode/blocked-screen"] == "no"
    assert "mixer/hasFailureMode/bearing-crack" not in found
    assert "mixer/hasFailureMode/blocked-screen" not in facts(staged(tmp_path, text))


def test_every_fact_keeps_its_source(tmp_path: Path) -> None:
    text = FACTS + (
        "mixer,causedBy,crack,overload,yes,Handbook p. 12\nmixer,causedBy,crack,rust,no,plant\n"
        "mixer,causedBy,crack,fatigue,yes,plant\n"
    )
    found = staged(tmp_path, text)
    sources = {f.object.slug: f.source for f in found.after.facts.values()}
    assert sources == {"overload": "handbook-p-12", "rust": "plant", "fatigue": "plant"}


def test_a_source_may_have_a_comma_in_its_name(tmp_path: Path) -> None:
    found = staged(tmp_path, FACTS + 'mixer,causedBy,crack,rust,yes,"ISO 14224, Annex B"\n')
    assert [f.source for f in found.after.facts.values()] == ["iso-14224-annex-b"]


def test_yes_and_no_for_one_pair_name_both_cells(tmp_path: Path) -> None:
    found = staged(tmp_path, FACTS + "mixer,causedBy,crack,rust,yes,\nmixer,causedBy,crack,Rust,no,\n")
    (error,) = errors(found)
    assert (error.rule, error.file) == ("contradiction", "mine.csv")
    assert {"D2", "D3"} & {error.node} or "row" in error.node
    assert "says no, but" in error.message
    assert not found.fit


def test_errors_write_nothing(tmp_path: Path) -> None:
    found = staged(tmp_path, FACTS + "mixer,causedBy,crack,rust,yes,\nmixer,causedBy,crack,42,yes,\n")
    assert [(e.rule, e.node) for e in errors(found)] == [("name", "D3")]
    with pytest.raises(InputError, match="nothing was written"):
        found.write()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("vib\u200bration", "characters"),
        ("\u202enoitarbiv", "characters"),
        ("vib\x07ration", "characters"),
        ("v" * 10_000, "length"),
        ("12.5", "name"),
        ("!?", "name"),
    ],
)
def test_names_that_are_none(tmp_path: Path, name: str, rule: str) -> None:
    found = staged(tmp_path, FACTS + f"mixer,monitoredBy,,{name},yes,\nmixer,monitoredBy,,speed,yes,\n")
    assert rule in [e.rule for e in errors(found)]
    assert all(len(e.message) < 400 for e in errors(found))


@pytest.mark.parametrize("name", ["振動", "вибрация", "اهتزاز", "Geräusch", "bruit à l'arrêt"])
def test_names_in_any_script_are_names(tmp_path: Path, name: str) -> None:
    found = staged(tmp_path, FACTS + f"mixer,monitoredBy,,{name},yes,\nmixer,monitoredBy,,speed,yes,\n")
    assert errors(found) == []
    assert name in {f.object.label for f in found.after.facts.values()}


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\\\..\\\\boot", "/root/x", "C:/x", "a/../../b", "con"])
def test_no_name_leaves_the_folder(tmp_path: Path, name: str) -> None:
    found = staged(tmp_path, FACTS + f"{name},monitoredBy,,speed,yes,\n")
    assert found.fit
    (path,) = found.write()
    assert path.parent == tmp_path / "out"
    assert path.resolve().is_relative_to((tmp_path / "out").resolve())


def test_an_import_twice_gives_the_same_bytes_and_no_difference(tmp_path: Path) -> None:
    (path,) = staged(tmp_path, HALF).write()
    first = path.read_bytes()
    again = staged(tmp_path, HALF)
    assert again.findings == []
    assert not again.diff
    again.write()
    assert path.read_bytes() == first


def test_facts_of_another_document_are_not_lost(tmp_path: Path) -> None:
    staged(tmp_path, HALF).write()
    other = put(tmp_path, FACTS + "mixer,causedBy,crack,rust,yes,\n", "other.csv")
    found = stage([other], tmp_path / "out", VOCABULARY, shipped=False)
    assert [e.rule for e in errors(found)] == ["loss"]
    assert "mine.csv" in errors(found)[0].message
    together = stage([tmp_path / "mine.csv", other], tmp_path / "out", VOCABULARY, shipped=False)
    assert errors(together) == []
    assert {f.relation for f in together.after.facts.values()} == {"causedBy", "hasFailureMode", "indicatedBy"}
    replaced = stage([other], tmp_path / "out", VOCABULARY, ImportOptions(replace=True), shipped=False)
    assert errors(replaced) == []
    assert replaced.diff.facts.removed


def test_what_the_ontology_knows_otherwise_is_said(tmp_path: Path) -> None:
    text = FACTS + "pump,indicatedBy,misalignment,speed,yes,my book\n"
    found = stage([put(tmp_path, text)], tmp_path / "out")
    (warning,) = [f for f in found.findings if f.rule == "overrules"]
    assert "says yes, the ontology said no (closed-table, failure-mode-sensor-matrix)" in warning.message
    assert found.diff.facts.changed


def test_a_no_against_a_stated_yes_is_an_error(tmp_path: Path) -> None:
    text = FACTS + "pump,indicatedBy,misalignment,vibration,no,my book\n"
    found = stage([put(tmp_path, text)], tmp_path / "out")
    (error,) = errors(found)
    assert (error.rule, error.file) == ("contradiction", "mine.csv")
    assert "misalignment/vibration is stated as yes" in error.message


def test_spellings_join_and_are_said(tmp_path: Path) -> None:
    text = FACTS + "mixer,monitoredBy,,Vibrations,yes,\nmixer,monitoredBy,,vibration,yes,\n"
    found = staged(tmp_path, text)
    assert list(facts(found)) == ["mixer/monitoredBy/vibration"]
    assert "is read as 'vibration'" in found.findings[0].message
    assert len(facts(staged(tmp_path, text, ImportOptions(exact=True)))) == 2


def test_known_things_whose_labels_are_spellings_of_one_stay_apart(tmp_path: Path) -> None:
    ends = "frequency response analysis", "frequency response analysis (fra)"
    text = FACTS + "".join(f"mixer,monitoredBy,,{name},yes,\n" for name in ends)
    found = stage([put(tmp_path, text)], tmp_path / "out", options=ImportOptions(look_alikes="off"))
    assert {f.object.label for f in found.after.query("mixer", "monitoredBy")} == set(ends)


def test_look_alikes_are_only_suggested_until_decided(tmp_path: Path) -> None:
    text = FACTS + "mixer,monitoredBy,,oil debris,yes,\nmixer,monitoredBy,,oil debriss,yes,\n"
    found = staged(tmp_path, text)
    assert {f.rule for f in found.findings if f.level == "WARN"} == {"look-alike"}
    assert len(facts(found)) == 2
    assert "oil debriss" in {d.name for d in found.decisions.undecided()}


def test_decisions_make_an_import_repeatable(tmp_path: Path) -> None:
    put(tmp_path, FACTS + "mixer,monitoredBy,,vibraton,yes,\n")
    decided = Decisions((Decision(FW.Sensor, "vibraton", same_as="vibration"),), "decisions.yaml")
    found = stage([tmp_path / "mine.csv"], tmp_path / "out", decisions=decided)
    assert "mixer/monitoredBy/vibration" in found.after.facts
    assert not [f for f in found.findings if f.rule == "look-alike"]
    stale = Decisions((Decision(FW.Sensor, "vibraton", same_as="vibratoin"),), "decisions.yaml")
    assert "decision-target" in {
        e.rule for e in errors(stage([tmp_path / "mine.csv"], tmp_path / "o", decisions=stale))
    }


def test_a_narrower_class_inherits_and_overrides(tmp_path: Path) -> None:
    text = FACTS + "dosing pump,kindOf,,pump,yes,\ndosing pump,indicatedBy,misalignment,vibration,no,my book\n"
    found = stage([put(tmp_path, text)], tmp_path / "out")
    assert errors(found) == []
    fact = found.after.facts["dosing-pump/indicatedBy/misalignment/vibration"]
    assert (fact.truth.value, fact.basis) == ("no", "stated")
    assert found.after.facts["dosing-pump/hasFailureMode/misalignment"].basis == "inherited"


def test_a_circle_of_kinds_is_an_error(tmp_path: Path) -> None:
    text = FACTS + "a,kindOf,,b,yes,\nb,kindOf,,a,yes,\na,monitoredBy,,speed,yes,\n"
    assert any("in a circle" in e.message for e in errors(staged(tmp_path, text)))


def test_a_broader_class_that_nobody_declares_is_an_error(tmp_path: Path) -> None:
    found = staged(tmp_path, FACTS + "a,kindOf,,nowhere,yes,\na,monitoredBy,,speed,yes,\n")
    assert errors(found)


@pytest.mark.parametrize("relation", ["indicatdBy", "kindOf", "assetShownBy"])
def test_a_matrix_states_a_relation_that_there_is(tmp_path: Path, relation: str) -> None:
    with pytest.raises(InputError, match=f"a matrix cannot state '{relation}'.*allowed are causedBy, .*indicatedBy"):
        staged(tmp_path, "mixer,noise,heat\nleak,x,\njam,,x\n", ImportOptions(matrix_relation=relation))


@pytest.mark.parametrize(
    ("name", "text"), [("mine.csv", FACTS), ("mine.JSON", "{}"), ("mine.GraphML", "<graphml><graph/></graphml>")]
)
def test_a_document_that_says_nothing_is_an_error(tmp_path: Path, name: str, text: str) -> None:
    found = stage([put(tmp_path, text, name)], tmp_path / "out", VOCABULARY, shipped=False)
    (error,) = errors(found)
    assert error.file == name and error.rule in ("nothing", "nothing-recognised")


def test_an_asset_class_that_is_described_under_another_iri_is_the_known_one(tmp_path: Path) -> None:
    text = """@prefix fw: <https://w3id.org/failwise/ontology#> .
        <http://mine.example/pump> a fw:AssetClass ; <http://www.w3.org/2000/01/rdf-schema#label> "pump"@en ;
            <https://w3id.org/failwise/relation/monitoredBy> <https://w3id.org/failwise/sensor/vibration> ."""
    found = stage([put(tmp_path, text, "mine.ttl")], tmp_path / "out", options=ImportOptions(look_alikes="off"))
    assert errors(found) == []
    assert list(found.files) == ["pump.ttl"]


@pytest.mark.parametrize("ending", ["csv", "tsv", "ttl", "nt", "jsonld", "rdf", "graphml"])
def test_what_is_not_such_a_file_is_found(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"mine.{ending}"
    path.write_bytes(b"\x00\x01\x02 nothing <& of this {kind")
    found = stage([path], tmp_path / "out", VOCABULARY, shipped=False)
    assert len(errors(found)) == 1
    assert errors(found)[0].file == path.name
    assert errors(found)[0].fix


def test_the_shipped_asset_classes_are_what_the_importer_writes(data: Path, tmp_path: Path) -> None:
    tables = ["iso17359/failure_mode_sensor_matrix.csv", "iso17359/asset_sensors.csv"]
    tables.append("iso14224/equipment_failure_modes.csv")
    found = stage([data / t for t in tables], tmp_path, options=ImportOptions(blank="no", exact=True))
    shipped = {p.name: p.read_text() for p in (shipped_folder() / "assets").iterdir()}
    assert found.files == shipped
    assert not found.diff


def test_the_shipped_fmeas_are_what_the_importer_writes(tmp_path: Path) -> None:
    worksheets = sorted((shipped_folder() / "worksheets").glob("*.csv"))
    found = stage(worksheets, tmp_path, options=ImportOptions(exact=True))
    assert found.files == {p.name: p.read_text() for p in (shipped_folder() / "fmea").iterdir()}
    assert not found.diff
    assert errors(found) == []


def test_the_written_files_are_valid_alone_over_the_vocabulary(tmp_path: Path) -> None:
    staged(tmp_path, HALF).write()
    graph = KnowledgeGraph(load_ontology([*VOCABULARY, tmp_path / "out"], shipped=False))
    assert graph.findings == ()
    assert len(graph.facts) == 6


WORKSHEETS = sorted((Path(__file__).parent / "sheets" / "worksheets").iterdir())


@pytest.mark.parametrize("path", WORKSHEETS, ids=lambda path: path.stem)
def test_worksheets_of_five_layouts_become_asset_classes(path: Path, tmp_path: Path) -> None:
    found = stage([path], tmp_path / "out")
    assert errors(found) == []
    (written,) = found.write()
    graph = KnowledgeGraph(load_ontology([tmp_path / "out"]))
    modes = list(graph.query(written.stem, "hasFailureMode"))
    assert len(modes) >= 3
    assert graph.findings == ()
    assert not stage([path], tmp_path / "out").diff
