"""A reliability engineer adds a heat pump: template, mistakes, findings, mended, imported, asked, questioned."""

import json
from pathlib import Path

import pytest

from failwise.files import read_records
from failwise.generation.records import Question
from tests.conftest import Program
from tests.heat_pump import MODES, fill


@pytest.fixture(autouse=True)
def by_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("failwise.kg.importer.MOST_BY_MEANING", 0)


def test_the_whole_walk(failwise: Program, tmp_path: Path) -> None:
    book = tmp_path / "heat-pump.xlsx"
    assert failwise("ontology", "template", "heat pump", "--out", book).returncode == 0

    fill(book, mistakes=True)
    done = failwise("ontology", "import", book, "--out", "plant", "--report", "findings.json")
    assert done.returncode == 1
    found = json.loads((tmp_path / "findings.json").read_text())["findings"]
    assert {f["node"] for f in found if f["level"] == "ERROR"} == {
        "Failure modes!M4", "Failure modes!A7", "FM x sensor!H1", "FM x sensor!D3", "More facts!C4",
    }  # fmt: skip
    assert "did you mean 'vibration'?" in done.stdout
    assert "nothing was written" in done.stdout
    assert not (tmp_path / "plant").exists()

    assert failwise("ontology", "template", "heat pump", "--out", book, "--force").returncode == 0
    fill(book, mistakes=False)
    dry = failwise("ontology", "import", book, "--out", "plant", "--dry-run")
    assert (dry.returncode, "dry run: nothing was written" in dry.stdout) == (0, True)
    assert not (tmp_path / "plant").exists()
    done = failwise("ontology", "import", book, "--out", "plant", "--decisions", "names.yaml")
    assert done.returncode == 0, done.stdout
    assert "Asset classes added 1" in done.stdout
    assert "if blanks mean no (--blank no)" in done.stdout
    assert "suction pressure" in (tmp_path / "names.yaml").read_text()
    assert failwise("ontology", "check", "plant").returncode == 0

    again = failwise("ontology", "import", book, "--out", "plant", "--decisions", "names.yaml")
    assert "No difference." in again.stdout

    asked = failwise("ontology", "ask", "-o", "plant", "heat pump", "refrigerant leak", "indicatedBy", "--json")
    truths = {f["object"]["label"]: f["truth"] for f in json.loads(asked.stdout)}
    assert truths["suction pressure"] == "yes"
    assert truths["noise"] == "no"
    assert truths["outlet water temperature"] == "unknown"

    made = failwise(
        "questions", "generate", "-o", "plant", "--out", "q", "--set", 'questions.asset_classes=["heat pump"]'
    )
    assert made.returncode == 0, made.stderr
    questions = list(read_records(tmp_path / "q" / "questions.jsonl", Question))
    assert {q.asset_class for q in questions} == {"heat-pump"}
    assert {"indicatedBy", "causedBy", "hasSeverity", "hasRiskPriorityNumber"} <= {q.relation for q in questions}
    assert not any("outlet-water-temperature" in i and "refrigerant-leak" in i for q in questions for i in q.fact_ids)


def test_an_exported_class_is_edited_and_comes_back(failwise: Program, tmp_path: Path) -> None:
    from openpyxl import load_workbook

    assert failwise("ontology", "export", "fan.xlsx", "--asset-class", "fan").returncode == 0
    same = failwise("ontology", "import", "fan.xlsx", "--out", "plant", "--dry-run", "--exact-names", "--json")
    assert json.loads(same.stdout)["findings"] == []
    book = load_workbook("fan.xlsx")
    matrix = book["FM x sensor"]
    (cell,) = [c for row in matrix.iter_rows() for c in row if c.value == "no"][:1]
    cell.value = "yes"
    book.save("fan.xlsx")
    done = failwise("ontology", "import", "fan.xlsx", "--out", "plant", "--exact-names", "--json")
    result = json.loads(done.stdout)
    assert [f["rule"] for f in result["findings"]] == ["overrules"]
    assert result["findings"][0]["node"] == f"FM x sensor!{cell.coordinate}"
    assert len(result["diff"]["facts changed"]) == 1


@pytest.mark.parametrize("kind", ["html", "tsv", "json"])
def test_findings_are_written_as_files(failwise: Program, tmp_path: Path, kind: str) -> None:
    (tmp_path / "m.csv").write_text("asset_class,failure_mode,sensor,relevant\nmill,leak,noise,perhaps\n")
    report = tmp_path / f"findings.{kind}"
    done = failwise("ontology", "import", "m.csv", "--out", "plant", "--report", report)
    assert done.returncode == 1
    assert "D2" in report.read_text()
    assert "perhaps" in report.read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["template", "mill", "--out", "mill.csv"], "a workbook ends in .xlsx"),
        (["template", "mill", "--out", "mill.xlsx", "--like", "pmp"], "unknown asset class 'pmp'; did you mean 'pump'"),
        (["import", "gone.csv", "--out", "plant"], "gone.csv"),
        (["import", "m.csv", "--out", "plant", "--blank", "maybe"], "allowed are unknown and no"),
        (["import", "m.csv", "--out", "plant", "--map", "Fault"], "write HEADER=FIELD"),
        (["import", "m.csv", "--out", "plant", "--map", "Fault=nothing"], "no worksheet field is called 'nothing'"),
        (["import", "m.csv", "--out", "plant", "--look-alikes", "x"], "allowed are meaning, letters and off"),
        (["import", "m.csv", "--out", "plant", "--report", "f.pdf"], "allowed are .html, .tsv, .json"),
        (["ask", "pump", "vibratoin"], "nothing is called 'vibratoin'; did you mean 'vibration'"),
        (["query", "DELETE WHERE { ?s ?p ?o }"], "not a SPARQL query"),
        (["query", "SELECT * WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }"], "nothing is fetched"),
        (["query", "SELECT * FROM <http://127.0.0.1:9/> WHERE { ?s ?p ?o }"], "nothing is fetched"),
        (["query", "@gone.rq"], "cannot read gone.rq"),
        (["impact", "."], "holds no run"),
    ],
)
def test_what_a_user_can_mend_is_one_sentence(
    failwise: Program, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "m.csv").write_text("asset_class,failure_mode,sensor,relevant\nmill,leak,noise,1\n")
    done = failwise("ontology", *arguments)
    assert done.returncode == 2, done.stdout
    assert said in " ".join(done.stderr.split())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.csv"]


def test_sparql_sees_stated_and_inferred_facts(failwise: Program) -> None:
    text = "SELECT ?mode WHERE { asset:centrifugal-pump rel:hasFailureMode ?mode } ORDER BY ?mode"
    done = failwise("ontology", "query", text, "--json")
    modes = [row["mode"] for row in json.loads(done.stdout)]
    assert "mode:centrifugal-pump.cavitation" in modes
    assert "mode:pump.bearing-damage" in modes
    assert failwise("ontology", "query", "ASK { asset:pump a fw:AssetClass }", "--json").stdout.split() == [
        "[", "{", '"answer":', '"yes"', "}", "]",
    ]  # fmt: skip


def test_a_workbook_that_was_not_filled_in_says_so(failwise: Program, tmp_path: Path) -> None:
    failwise("ontology", "template", "mill", "--out", "mill.xlsx")
    done = failwise("ontology", "import", "mill.xlsx", "--out", "plant")
    assert (done.returncode, "it states no fact" in done.stdout) == (1, True)
    assert not (tmp_path / "plant").exists()


def test_a_template_is_not_written_over(failwise: Program, tmp_path: Path) -> None:
    assert failwise("ontology", "template", "mill", "--out", "mill.xlsx").returncode == 0
    before = (tmp_path / "mill.xlsx").read_bytes()
    done = failwise("ontology", "template", "mill", "--out", "mill.xlsx")
    assert (done.returncode, "pass --force" in " ".join(done.stderr.split())) == (2, True)
    assert (tmp_path / "mill.xlsx").read_bytes() == before


def test_what_a_similar_class_has_is_offered_and_not_judged(failwise: Program, tmp_path: Path) -> None:
    assert failwise("ontology", "template", "mill", "--like", "fan", "--out", "mill.xlsx").returncode == 0
    done = failwise("ontology", "import", "mill.xlsx", "--out", "plant", "--json")
    result = json.loads(done.stdout)
    assert result["questions"][0]["yes"] == result["questions"][0]["no"] == 0
    assert result["questions"][0]["unknown"] > 100


def test_the_modes_of_the_walk_are_not_shipped(failwise: Program) -> None:
    for mode in MODES:
        assert failwise("ontology", "ask", mode).returncode == 2
