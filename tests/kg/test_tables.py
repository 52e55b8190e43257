"""Tables become asset classes: the same bytes each time, unknown kept unknown, errors by line."""

from pathlib import Path

import pytest

from failwise.errors import InputError
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import load_ontology, shipped_folder
from failwise.kg.tables import import_tables

SOURCE = """
@prefix fw: <https://w3id.org/failwise/ontology#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
<https://w3id.org/failwise/source/mine> a fw:Source ; rdfs:label "mine"@en ; fw:file "mine.csv" .
"""
MATRIX = "asset_class,failure_mode,sensor,relevant\n"


def run_import(tmp_path: Path, text: str) -> list[Path]:
    (tmp_path / "mine.csv").write_text(text)
    (tmp_path / "sources.ttl").write_text(SOURCE)
    ontology = load_ontology([tmp_path / "sources.ttl"], shipped=False)
    return import_tables([tmp_path / "mine.csv"], ontology, tmp_path / "assets")


def facts(tmp_path: Path) -> dict[str, str]:
    paths = [shipped_folder() / "relations.ttl", shipped_folder() / "schema.ttl", tmp_path / "assets"]
    return {i: f.truth.value for i, f in KnowledgeGraph.load(paths, shipped=False).facts.items()}


def test_a_full_matrix_is_closed(tmp_path: Path) -> None:
    run_import(tmp_path, MATRIX + "mixer,shaft crack,vibration,1\nmixer,shaft crack,colour,0\n")
    assert facts(tmp_path) == {
        "mixer/hasFailureMode/shaft-crack": "yes",
        "mixer/indicatedBy/shaft-crack/colour": "no",
        "mixer/indicatedBy/shaft-crack/vibration": "yes",
    }


def test_an_empty_cell_is_unknown(tmp_path: Path) -> None:
    rows = "mixer,shaft crack,vibration,1\nmixer,shaft crack,colour,\nmixer,leak,vibration,0\nmixer,leak,colour,1\n"
    run_import(tmp_path, MATRIX + rows)
    found = facts(tmp_path)
    assert found["mixer/indicatedBy/shaft-crack/colour"] == "unknown"
    assert found["mixer/indicatedBy/leak/vibration"] == "no"


def test_a_name_that_shares_a_word_with_a_listed_one_is_no_negative(tmp_path: Path) -> None:
    rows = "mixer,bearing wear\nmill,bearing crack\nmill,blocked screen\n"
    run_import(tmp_path, "asset_class,failure_mode\n" + rows)
    found = facts(tmp_path)
    assert found["mixer/hasFailureMode/blocked-screen"] == "no"
    assert "mixer/hasFailureMode/bearing-crack" not in found


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,b\n", "the header is 'a,b'; allowed is asset_class,failure_mode,sensor,relevant or"),
        ("", "is empty"),
        (MATRIX, "holds no row"),
        (MATRIX + "mixer,leak,colour,maybe\n", "line 2: relevant is 'maybe'; allowed are 1, 0 and empty"),
        (MATRIX + "mixer,leak,colour,1\nmixer,,colour,1\n", "line 3: failure_mode is ''; a name"),
        (MATRIX + "mixer,leak,1\n", "line 2: 3 cells, but the header has 4"),
    ],
)
def test_errors_name_the_line_and_write_nothing(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        run_import(tmp_path, text)
    assert not (tmp_path / "assets").exists()


def test_a_file_without_a_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "asset_sensor.csv").write_text("asset_class,sensor\na,b\n")
    with pytest.raises(InputError, match=r"no source is declared.*did you mean 'asset_sensors\.csv'"):
        import_tables([tmp_path / "asset_sensor.csv"], load_ontology(), tmp_path / "out")


def test_the_shipped_asset_classes_are_what_the_importer_writes(data: Path, tmp_path: Path) -> None:
    tables = ["iso17359/failure_mode_sensor_matrix.csv", "iso17359/asset_sensors.csv"]
    tables.append("iso14224/equipment_failure_modes.csv")
    for folder in ("first", "second"):
        import_tables([data / t for t in tables], load_ontology(), tmp_path / folder)
    written = {p.name: p.read_bytes() for p in (tmp_path / "first").iterdir()}
    assert written == {p.name: p.read_bytes() for p in (tmp_path / "second").iterdir()}
    assert written == {p.name: p.read_bytes() for p in (shipped_folder() / "assets").iterdir()}
