"""Checking again finds exactly what checking everything finds, whatever was edited, and reads only what it must."""

import os
import sqlite3
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from failwise.errors import OntologyError
from failwise.kg import check_cache
from failwise.kg import recheck as module
from failwise.kg.check import check
from failwise.kg.load import load_ontology, ontology_files
from failwise.kg.recheck import Recheck, recheck
from failwise.kg.records import Finding
from failwise.kg.vocabulary import PREFIXES

HEAD = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in {**PREFIXES, "other": "https://example.org/"}.items())
VOCABULARY = """
rel:indicatedBy a fw:Relation ; rdfs:label "indicated by"@en ; fw:closedWorld false ;
    rdfs:domain fw:FailureMode ; rdfs:range fw:Sensor .
rel:rated a fw:Relation , owl:FunctionalProperty ; rdfs:label "rated"@en ; fw:closedWorld true ;
    rdfs:domain fw:FailureMode ; rdfs:range fw:Rating .
"""
# What files are made of. Every line touches something that another line, in the same file or another, depends on.
LINES = """
asset:a a fw:AssetClass ; rdfs:label "a"@en .
asset:b a fw:AssetClass ; rdfs:label "b"@en .
asset:c a fw:AssetClass ; rdfs:label "c"@en .
asset:a rdfs:label "ay"@en .
asset:a fw:kindOf asset:b .
asset:b fw:kindOf asset:c .
asset:a fw:kindOf asset:c .
asset:c fw:kindOf asset:a .
asset:b fw:kindOf asset:b .
asset:b fw:twinOf asset:c .
other:a a fw:AssetClass ; rdfs:label "another a"@en ; rel:indicatedBy sensor:s .
asset:x.a a fw:AssetClass ; rdfs:label "dotted"@en ; fw:ofAssetClass asset:b ; rel:indicatedBy sensor:s .
other:pump rdfs:subClassOf fw:AssetClass .
asset:d a other:pump ; rdfs:label "d"@en .
asset:a fw:twinOf asset:d .
mode:a.m a fw:FailureMode ; rdfs:label "m"@en ; fw:ofAssetClass asset:a ; fw:concept concept:m .
mode:b.m a fw:FailureMode ; rdfs:label "m"@en ; fw:ofAssetClass asset:b ; fw:concept concept:m .
mode:c.m a fw:FailureMode ; rdfs:label "m"@en ; fw:ofAssetClass asset:c ; fw:concept concept:m .
mode:a.m fw:ofAssetClass asset:c .
mode:c.m fw:concept concept:n .
mode:a.m rdfs:label "em"@en .
mode:a.m rel:indicatedBy sensor:s , sensor:t .
mode:b.m rel:indicatedBy sensor:s .
mode:c.m rel:indicatedBy sensor:s , other:s .
mode:a.m rel:indicatedBy other:s .
mode:a.m rel:rated rating:1 .
mode:a.m rel:rated rating:2 .
mode:b.m rel:rated rating:2 , rating:1 .
rating:1 a fw:Rating ; rdfs:label "1"@en ; rdf:value 1 .
rating:2 a fw:Rating ; rdfs:label "2"@en ; rdf:value 2 .
rating:2 rdfs:label "(two)"@en .
concept:m a fw:FailureModeConcept ; rdfs:label "m"@en .
concept:m fw:concept concept:n .
concept:n fw:concept concept:m .
sensor:s a fw:Sensor ; rdfs:label "s"@en .
sensor:s rdfs:label "ess"@en .
sensor:s a fw:Sensor ; rdfs:label "s"@en ; fw:concept sensor:t .
other:s a fw:Sensor ; rdfs:label "s"@en .
other:s fw:concept sensor:s .
sensor:t a fw:Sensor ; rdfs:label "t "@en .
sensor:t a fw:AssetClass .
other:no1 a owl:NegativePropertyAssertion ; owl:assertionProperty rel:indicatedBy ; owl:sourceIndividual mode:a.m ;\
 owl:targetIndividual sensor:s .
other:no2 a owl:NegativePropertyAssertion ; owl:assertionProperty rel:indicatedBy ; owl:sourceIndividual mode:b.m ;\
 owl:targetIndividual sensor:s ; fw:assetClass asset:a .
other:no3 a owl:NegativePropertyAssertion ; owl:assertionProperty rel:indicatedBy ; owl:sourceIndividual mode:c.m ;\
 owl:targetIndividual sensor:t .
other:no3 owl:assertionProperty rel:rated .
other:no5 a owl:NegativePropertyAssertion ; owl:assertionProperty rel:indicatedBy ; owl:sourceIndividual mode:c.m ;\
 owl:targetIndividual sensor:s .
other:no4 a owl:NegativePropertyAssertion ; owl:sourceIndividual mode:c.m .
other:cited a owl:Axiom ; owl:annotatedSource mode:b.m ; owl:annotatedProperty rel:indicatedBy ;\
 owl:annotatedTarget sensor:s ; dcterms:source source:page .
table:t1 a fw:FactTable ; fw:assetClass asset:a ; fw:relation rel:indicatedBy ; fw:closed true ;\
 fw:row mode:a.m , mode:b.m ; fw:candidate sensor:s , sensor:t ; dcterms:source source:book .
table:t2 a fw:FactTable ; fw:assetClass asset:c ; fw:relation rel:indicatedBy ; fw:row mode:c.m , asset:c ;\
 fw:candidate sensor:s , sensor:t .
table:t3 a fw:FactTable ; fw:assetClass asset:b ; fw:relation rel:indicatedBy ; fw:closed true ;\
 fw:row mode:b.m , mode:a.m ; fw:candidate other:s , sensor:t .
table:t2 fw:closed true .
table:t1 fw:assetClass asset:b .
table:t4 a fw:FactTable .
rel:indicatedBy rdfs:label "shown by"@en .
rel:rated fw:closedWorld false .
rel:mine a fw:Relation .
_:x a fw:AssetClass .
_:y fw:ofAssetClass asset:a ; rel:indicatedBy sensor:s .
asset:a rdfs:seeAlso [ rdfs:label "somewhere"@en ] .
asset:A a fw:AssetClass ; rdfs:label "capital a"@en .
<http://one.example/---> a fw:AssetClass ; rdfs:label "dashes"@en .
mode:dashes a fw:FailureMode ; fw:ofAssetClass <http://one.example/---> ; rel:rated rating:1 , rating:2 .
""".strip().splitlines()
NAMES = ("a.ttl", "b.ttl", "c.ttl", "deep/a.ttl", "e.ttl", "f.ttl", "g.ttl", "h.ttl", "i.ttl")

Folder = dict[str, list[int]]
edits = st.lists(
    st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, len(LINES) - 1)), min_size=1, max_size=3),
    min_size=1,
    max_size=5,
)
folders = st.dictionaries(
    st.sampled_from(NAMES), st.lists(st.integers(0, len(LINES) - 1), max_size=12, unique=True), min_size=2
)


def write(folder: Path, content: Folder) -> None:
    """Write the lines of each file in their order, and remove files without lines."""
    for name in NAMES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if content.get(name):
            path.write_text(HEAD + "\n".join(LINES[number] for number in content[name]))


def everything(folder: Path) -> list[Finding]:
    return check(load_ontology([folder], shipped=False))


def again(folder: Path, cache: Path) -> Recheck:
    return recheck(ontology_files([folder], shipped=False), cache)


@settings(
    max_examples=int(os.environ.get("RECHECK_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(folders, edits)
def test_any_edits_give_the_findings_of_a_full_check(start: Folder, steps: list[list[tuple[str, int]]]) -> None:
    content = {name: list(lines) for name, lines in start.items()}
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "LARGEST_SHARE", 100.0)
        folder, cache = Path(place) / "ontology", Path(place) / "cache"
        folder.mkdir()
        (folder / "vocabulary.ttl").write_text(HEAD + VOCABULARY)
        write(folder, content)
        assert again(folder, cache).findings == everything(folder)
        for step in steps:
            for name, line in step:
                lines = content.setdefault(name, [])
                if line in lines:
                    lines.remove(line)
                else:
                    lines.insert(len(lines) // 2, line)
            write(folder, content)
            assert again(folder, cache).findings == everything(folder)


# --- what findings in one file can have to do with statements in others ---

PARENTS = {  # a and e are broader than d, and do not agree on its mode m
    "d.ttl": 'asset:d a fw:AssetClass ; rdfs:label "d"@en ; fw:kindOf asset:a , asset:e .',
    "e.ttl": """asset:e a fw:AssetClass . mode:e.m fw:ofAssetClass asset:e .
        other:no a owl:NegativePropertyAssertion ; owl:sourceIndividual mode:e.m ;
            owl:assertionProperty rel:indicatedBy ; owl:targetIndividual sensor:s .
        other:no2 a owl:NegativePropertyAssertion ; owl:sourceIndividual mode:e.m ; owl:assertionProperty rel:rated ;
            owl:targetIndividual rating:1 .""",
}
TABLE = """asset:a a fw:AssetClass . table:t a fw:FactTable ; fw:assetClass asset:a ; fw:relation rel:indicatedBy ;
    fw:closed true ; fw:row mode:b.m ; fw:candidate sensor:s ; dcterms:source source:book ."""
DENIED = """other:no3 a owl:NegativePropertyAssertion ; fw:assetClass asset:a ; owl:sourceIndividual mode:b.m ;
    owl:assertionProperty rel:indicatedBy ; owl:targetIndividual sensor:s ; dcterms:source source:page ."""
ROW = {"b.ttl": "asset:b a fw:AssetClass . mode:b.m fw:ofAssetClass asset:b ; rel:indicatedBy sensor:s ."}
CITED = """other:cited a owl:Axiom ; owl:annotatedSource mode:b.m ; owl:annotatedProperty rel:indicatedBy ;
    owl:annotatedTarget sensor:s ; dcterms:source source:page ."""
CLASH = {"c.ttl": "asset:c a fw:AssetClass . mode:c.m fw:ofAssetClass asset:c ; rel:indicatedBy sensor:s , other:s ."}
CONCEPTS = {
    "e.ttl": "sensor:s fw:concept concept:m . other:s fw:concept concept:n .",
    "f.ttl": "concept:m fw:concept concept:o .",
    "g.ttl": "concept:n fw:concept concept:o .",
}
RATED = "asset:{0} a fw:AssetClass . mode:{0}.m fw:ofAssetClass asset:{0} ; rel:rated rating:1 ."
OWN = "mode:{0}.m fw:ofAssetClass asset:{0} ; rel:rated rating:3 ."
TWICE = "mode:a.m fw:ofAssetClass asset:a ; rel:indicatedBy sensor:s ."


@pytest.mark.parametrize(
    ("files", "edits", "message"),
    [
        (PARENTS | ROW | {"a.ttl": TABLE}, {"d.ttl": '"d "'}, "disagree"),
        (PARENTS | ROW | {"a.ttl": TABLE + DENIED, "x.ttl": CITED}, {"d.ttl": '"d "'}, ""),
        (PARENTS | {"a.ttl": RATED.format("a"), "x.ttl": OWN.format("d")}, {"x.ttl": ""}, "disagree"),
        (
            PARENTS
            | {"a.ttl": "asset:a a fw:AssetClass ; fw:kindOf asset:g .", "g.ttl": RATED.format("g")}
            | {"x.ttl": OWN.format("a")},
            {"x.ttl": ""},
            "disagree",
        ),
        (CLASH | CONCEPTS, {"c.ttl": "mode:c.m a fw:FailureMode ."}, ""),
        (CLASH | CONCEPTS, {"g.ttl": ""}, "share the id"),
        (
            {"a.ttl": "asset:a a fw:AssetClass .", "c.ttl": TWICE}
            | {"b.ttl": "other:m fw:ofAssetClass asset:a ; rel:indicatedBy other:s ."},
            {"aa.ttl": TWICE, "a.ttl": "asset:a rdfs:comment 'a'@en ."},
            "share the id",
        ),
        (PARENTS | {"a.ttl": "asset:a a fw:AssetClass ."}, {"a.ttl": TWICE}, "disagree"),
        (
            {"a.ttl": RATED.format("a") + "mode:a.m rel:rated rating:2 .", "b.ttl": "rating:1 rdfs:label 'a'@en ."},
            {"b.ttl": "rating:1 rdfs:label '1'@en ."},
            "'1' and '2'",
        ),
        ({"a.ttl": "asset:a a fw:AssetClass .", "b.ttl": ""}, {"b.ttl": "asset:A a fw:AssetClass ."}, "the same id"),
        ({"a.ttl": "asset:a fw:kindOf asset:b .", "b.ttl": "asset:b fw:kindOf asset:a ."}, {"b.ttl": ""}, ""),
    ],
    ids=[
        "a row of another's",
        "a citation",
        "what was said before",
        "what was said before of a broader one",
        "concepts",
        "the end of concepts",
        "which is first",
        "a broader one",
        "labels in messages",
        "an id that is taken",
        "a circle",
    ],
)
def test_what_stands_elsewhere_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], edits: dict[str, str], message: str
) -> None:
    monkeypatch.setattr(module, "LARGEST_SHARE", 100.0)
    folder = tmp_path / "ontology"
    folder.mkdir()
    for name, text in {"vocabulary.ttl": VOCABULARY, **files}.items():
        (folder / name).write_text(HEAD + text)
    again(folder, tmp_path / "cache")
    for name, text in edits.items():
        whole = files.get(name, "").replace('"d"', text) if text.startswith('"') else files.get(name, "") + text
        (folder / name).write_text(HEAD + (whole if text else ""))
        found = again(folder, tmp_path / "cache").findings
        assert found == everything(folder)
    facts = " ".join(f.message for f in found if f.rule == "facts" and "question family" not in f.message)
    assert message in facts if message else not facts


# --- what is read, and what can go wrong with the cache ---


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    """Return a folder of twelve asset classes, the last a kind of the first; all share one sensor."""
    folder = tmp_path / "plant"
    folder.mkdir()
    (folder / "vocabulary.ttl").write_text(HEAD + VOCABULARY)
    for number in range(12):
        (folder / f"{number:02}.ttl").write_text(HEAD + asset(number))
    return folder


def asset(number: int) -> str:
    broader = "fw:kindOf asset:p0 ;" if number == 11 else ""
    return f"""
asset:p{number} a fw:AssetClass ; rdfs:label "p{number}"@en ; {broader} dcterms:source source:book .
mode:p{number}.m a fw:FailureMode ; rdfs:label "m"@en ; fw:ofAssetClass asset:p{number} ; fw:concept concept:m ;
    rel:indicatedBy sensor:s .
concept:m a fw:FailureModeConcept ; rdfs:label "m"@en .
sensor:s a fw:Sensor ; rdfs:label "s"@en .
"""


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that stands in the file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def cache_file(cache: Path) -> Path:
    (path,) = cache.glob("*.sqlite")
    return path


def test_nothing_changed_and_nothing_is_read(plant: Path, tmp_path: Path) -> None:
    first = again(plant, tmp_path / "cache")
    second = again(plant, tmp_path / "cache")
    assert (first.checked, first.reused) == (13, 0)
    assert (second.checked, second.reused) == (0, 13)
    assert (second.findings, second.statements) == (first.findings, first.statements)
    assert first.findings == everything(plant) != []


@pytest.mark.parametrize(
    ("name", "old", "new", "message", "read"),
    [
        ("03.ttl", '"p3"', '"p3 "', "begins or ends with a space", 3),  # itself, the vocabulary, the shared things
        ("03.ttl", '"s"@en', '"S"@en', "given twice in one language", 3),
        ("00.ttl", "indicatedBy sensor:s .", "rated rating:1 , rating:2 .", "allows one object", 4),  # p11 inherits
        ("11.ttl", "asset:p0", "asset:p1", "", 4),  # the one it was a kind of does not matter any more
    ],
)
def test_one_change_reads_a_few_files(
    plant: Path, tmp_path: Path, name: str, old: str, new: str, message: str, read: int
) -> None:
    again(plant, tmp_path / "cache")
    edit(plant / name, old, new)
    found = again(plant, tmp_path / "cache")
    assert found.findings == everything(plant)
    assert any(message in f.message for f in found.findings)
    assert found.checked <= read
    assert found.checked + found.reused == 13


def test_a_change_of_the_vocabulary_checks_everything(plant: Path, tmp_path: Path) -> None:
    again(plant, tmp_path / "cache")
    edit(plant / "vocabulary.ttl", '"rated"', '"rated at"')
    assert again(plant, tmp_path / "cache").checked == 13


def test_an_edit_that_keeps_size_and_time_is_seen(plant: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_cache, "_COARSE", 0)
    again(plant, tmp_path / "cache")
    path, before = plant / "03.ttl", (plant / "03.ttl").stat()
    edit(path, '"p3"', '"3 "')
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert again(plant, tmp_path / "cache").findings == everything(plant)


def test_a_file_that_does_not_parse_is_named_and_can_be_mended(plant: Path, tmp_path: Path) -> None:
    before = again(plant, tmp_path / "cache").findings
    edit(plant / "03.ttl", "asset:p3 a", "asset:p3 a a")
    with pytest.raises(OntologyError, match=r"03\.ttl, line"):
        again(plant, tmp_path / "cache")
    edit(plant / "03.ttl", "asset:p3 a a", "asset:p3 a")
    mended = again(plant, tmp_path / "cache")
    assert mended.findings == before
    assert mended.checked == 0


def test_blank_nodes_are_read_when_they_matter(plant: Path, tmp_path: Path) -> None:
    (plant / "blank.ttl").write_text(HEAD + "[] fw:ofAssetClass asset:p3 ; rel:indicatedBy sensor:s , sensor:t .")
    again(plant, tmp_path / "cache")
    edit(plant / "03.ttl", '"p3"', '"p3 "')
    found = again(plant, tmp_path / "cache")
    assert len(found.findings) == len(everything(plant))
    assert 0 < found.checked < 13


def test_a_cache_of_another_version_is_not_believed(
    plant: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again(plant, tmp_path / "cache")
    monkeypatch.setattr(module, "__version__", "99")
    assert again(plant, tmp_path / "cache").checked == 13
    assert again(plant, tmp_path / "cache").checked == 0


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"broken" * 500])
def test_a_broken_cache_is_made_anew(plant: Path, tmp_path: Path, content: bytes) -> None:
    again(plant, tmp_path / "cache")
    cache_file(tmp_path / "cache").write_bytes(content)
    assert again(plant, tmp_path / "cache").findings == everything(plant)
    assert again(plant, tmp_path / "cache").checked == 0


def test_a_folder_that_cannot_be_written_to_costs_time_only(plant: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert again(plant, tmp_path / "cache").findings == everything(plant)


def test_a_cache_that_somebody_holds_is_left_alone(
    plant: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again(plant, tmp_path / "cache")
    monkeypatch.setattr(check_cache, "_PATIENCE", 0.05)
    holder = sqlite3.connect(cache_file(tmp_path / "cache"), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    edit(plant / "03.ttl", '"p3"', '"p3 "')
    assert again(plant, tmp_path / "cache").checked == 13
    holder.execute("ROLLBACK")
    holder.close()
    assert 0 < again(plant, tmp_path / "cache").checked < 13


def test_several_at_once_find_the_same(plant: Path, tmp_path: Path) -> None:
    again(plant, tmp_path / "cache")
    edit(plant / "03.ttl", '"p3"', '"p3 "')
    found: list[Recheck] = []
    threads = [threading.Thread(target=lambda: found.append(again(plant, tmp_path / "cache"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [f.findings for f in found] == [everything(plant)] * 4
    assert sum(f.checked > 0 for f in found) == 1
