"""Whatever a user hands over, the importer answers with findings: no traceback, and nothing is written on an error.

FAILWISE_FUZZ sets how many inputs are tried in all (300 by default, so that a test run stays short).
"""

import io
import json
import os
import zipfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from failwise.errors import FailwiseError
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.importer import ImportOptions, stage
from failwise.kg.load import load_ontology, shipped_folder
from failwise.kg.sheets.content import empty_content
from failwise.kg.sheets.template_writer import write_template
from failwise.kg.vocabulary import PREFIXES
from tests.conftest import TOY

VOCABULARY = [shipped_folder() / n for n in ("schema.ttl", "relations.ttl", "ratings.ttl", "worksheets.ttl")]
INPUTS = int(os.environ.get("FAILWISE_FUZZ", "300"))
SHARES = {"grid": 0.35, "workbook": 0.25, "triples": 0.3, "json": 0.1}

HEADERS = (
    "asset class", "Item", "Function", "Failure mode", "Potential failure mode", "Cause", "Mechanism", "Local effect",
    "End effect", "Severity", "S", "Occurrence", "Detection", "D", "RPN", "Sensor", "relation", "subject", "object",
    "truth", "source", "failure_mode", "relevant", "kind", "basis", "Component", "Name", "Effects",
)  # fmt: skip
CELLS = st.one_of(
    st.sampled_from(HEADERS),
    st.sampled_from(
        ["yes", "no", "x", "✓", "1", "0", "", "?", "unknown", "7", "11", "-3", "1e9", "pump", "leak", "vibration",
         "kindOf", "hasSeverity", "indicatedBy", "=1+1", "#REF!", "@SUM(A1)", "a;b|c", "../../x", "\u202eabc",
         "a\u200bb", "\x07",
         "振動", "N/A", "pump; pump", "'", '"', "yes\nno", "x" * 300]
    ),
    st.text(max_size=12),
)  # fmt: skip
GRIDS = st.lists(st.lists(CELLS, max_size=8), max_size=8)


def examples(kind: str) -> settings:
    return settings(
        max_examples=max(10, int(INPUTS * SHARES[kind])),
        deadline=None,
        phases=(Phase.generate,) if INPUTS > 1000 else tuple(Phase),
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def survives(path: Path, blank: str = "unknown") -> None:
    """Import a document; findings and our own errors are fine, anything else fails the test."""
    out = path.parent / "out"
    try:
        staged = stage([path], out, VOCABULARY, ImportOptions(blank=blank, look_alikes="off"), shipped=False)
    except FailwiseError as error:
        assert str(error)
        return
    for finding in staged.findings:
        assert finding.message
        assert len(finding.message) < 5000
    assert staged.fit or any(f.level == "ERROR" for f in staged.findings) or not staged.files
    assert not out.exists()
    for name in staged.files:
        assert Path(name).name == name


@examples("grid")
@given(grid=GRIDS, ending=st.sampled_from(["csv", "tsv", "xlsx"]), blank=st.sampled_from(["unknown", "no"]))
def test_grids(grid: list[list[str]], ending: str, blank: str, folder: Path) -> None:
    path = folder / f"grid.{ending}"
    if ending == "xlsx":
        path.write_bytes(workbook(grid))
    else:
        sign = "," if ending == "csv" else "\t"
        path.write_text("\n".join(sign.join(row) for row in grid), encoding="utf-8", errors="surrogatepass")
    survives(path, blank)


def workbook(grid: list[list[str]]) -> bytes:
    book = Workbook()
    sheet = book.worksheets[0]
    for row, cells in enumerate(grid, 1):
        for column, text in enumerate(cells, 1):
            shown = "".join(c for c in text if c in "\t\n" or 32 <= ord(c) < 0xD800)
            sheet.cell(row, column, shown)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@cache
def template() -> bytes:
    """Return a filled template; damaging it is the most telling test of the reader."""
    ontology = load_ontology([*VOCABULARY, TOY], shipped=False)
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"failwise-fuzz-{os.getpid()}.xlsx"
    write_template(path, empty_content(KnowledgeGraph(ontology), ontology, "mill", ["toy pump"], []))
    content = path.read_bytes()
    path.unlink()
    return content


@examples("workbook")
@given(data=st.data())
def test_damaged_workbooks(data: st.DataObject, folder: Path) -> None:
    path = folder / "damaged.xlsx"
    content = template()
    if data.draw(st.booleans()):
        path.write_bytes(damaged_bytes(content, data))
    else:
        path.write_bytes(damaged_part(content, data))
    survives(path)


def damaged_bytes(content: bytes, data: st.DataObject) -> bytes:
    raw = bytearray(content)
    for _ in range(data.draw(st.integers(1, 20))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    return bytes(raw[: data.draw(st.integers(0, len(raw)))] if data.draw(st.booleans()) else raw)


def damaged_part(content: bytes, data: st.DataObject) -> bytes:
    """Change the text of one part of the workbook and zip it again."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        names = old.namelist()
        chosen = data.draw(st.sampled_from(names))
        for name in names:
            part = old.read(name)
            if name == chosen:
                at = data.draw(st.integers(0, len(part)))
                junk = data.draw(
                    st.one_of(
                        st.binary(max_size=20),
                        st.sampled_from(
                            [
                                b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
                                b"<c/>",
                                b"</row>",
                                b'r="ZZZ9"',
                                b"\x00",
                                b"<f>1+1</f>",
                                b"&x;",
                            ]
                        ),
                    )
                )
                part = part[:at] + junk + part[at + data.draw(st.integers(0, 30)) :]
            new.writestr(name, part)
    return stream.getvalue()


TERMS = [
    *(f"{name}:x" for name in PREFIXES),
    "fw:AssetClass",
    "fw:FailureMode",
    "fw:FactTable",
    "fw:kindOf",
    "fw:ofAssetClass",
    "fw:row",
    "fw:candidate",
    "fw:closed",
    "rel:indicatedBy",
    "rel:hasSeverity",
    "rating:7",
    "rating:11",
    "asset:toy-pump",
    "mode:toy-pump.cavitation",
    "sensor:noise",
    '"x"@en',
    '"\u202ex"@en',
    "true",
    "42",
    "[]",
    "( fw:row 1 )",
    "a",
    ".",
    ";",
    ",",
    "owl:Axiom",
    "owl:NegativePropertyAssertion",
    "<http://example.org/ x>",
    "<../../etc>",
    "owl:imports",
    '"""',
    "{",
    "}",
]


@examples("triples")
@given(data=st.data(), ending=st.sampled_from(["ttl", "ttl", "nt", "rdf", "jsonld", "graphml"]))
def test_triples(data: st.DataObject, ending: str, folder: Path) -> None:
    path = folder / f"triples.{ending}"
    text = TOY.read_text() if ending == "ttl" else ""
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text)))
        new = " ".join(data.draw(st.lists(st.one_of(st.sampled_from(TERMS), st.text(max_size=5)), max_size=8)))
        text = text[:at] + new + text[at + data.draw(st.integers(0, 40)) :]
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    survives(path)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 12), st.floats(), CELLS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(CELLS, inner, max_size=4)),
    max_leaves=12,
)


@examples("json")
@given(value=VALUES)
def test_json(value: object, folder: Path) -> None:
    path = folder / "matrix.json"
    path.write_text(json.dumps(value), encoding="utf-8", errors="surrogatepass")
    survives(path)
