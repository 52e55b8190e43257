"""Reading an ontology: overlays, syntax errors by file and line, and nothing fetched."""

import socket
from pathlib import Path

import pytest

from failwise.errors import OntologyError
from failwise.kg.load import load_ontology
from tests.conftest import TOY


def test_a_users_file_replaces_the_shipped_one_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "pump.ttl").write_text("@prefix ex: <http://example.org/> . ex:a ex:b ex:c .")
    ours, shipped = load_ontology([tmp_path]), load_ontology()
    assert ours.files.keys() == shipped.files.keys()
    assert ours.files["assets/pump.ttl"] == tmp_path / "assets" / "pump.ttl"
    assert ours.digest != shipped.digest


def test_a_users_other_file_is_added() -> None:
    assert load_ontology([TOY]).files.keys() == load_ontology().files.keys() | {"toy.ttl"}


def test_files_of_a_folder_are_read_whatever_the_case_of_their_ending(tmp_path: Path) -> None:
    for name in ("a.ttl", "B.TTL"):
        (tmp_path / name).write_text(f"<http://example.org/{name}> a <http://example.org/c> .")
    assert len(load_ontology([tmp_path], shipped=False).graph) == 2


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("@prefix ex: <http://example.org/> .\nex:a ex:b .\n", 2),
        ("@prefix ex: <http://example.org/> .\n\nex:a nope:b ex:c .\n", 3),
        ('@prefix ex: <http://example.org/> .\nex:a ex:b "open .\n', 2),
    ],
)
def test_a_syntax_error_names_file_and_line(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "bad.ttl"
    path.write_text(text)
    with pytest.raises(OntologyError, match=rf"bad\.ttl, line {line}: not Turtle"):
        load_ontology([path])


def test_a_bad_ntriples_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.nt").write_text("<http://example.org/a> nonsense .\n")
    with pytest.raises(OntologyError, match=r"bad\.nt"):
        load_ontology([tmp_path / "bad.nt"])


@pytest.mark.parametrize("name", ["missing.ttl", "missing"])
def test_a_missing_path_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(OntologyError, match="does not exist"):
        load_ontology([tmp_path / name])


def test_nothing_to_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OntologyError, match="no ontology file was given"):
        load_ontology([], shipped=False)
    with pytest.raises(OntologyError, match="holds no ontology file"):
        load_ontology([tmp_path], shipped=False)
    (tmp_path / "notes.docx").write_text("x")
    with pytest.raises(OntologyError, match=r"allowed are \.ttl, \.nt"):
        load_ontology([tmp_path / "notes.docx"])


def test_owl_imports_are_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    path = tmp_path / "imports.ttl"
    path.write_text(
        "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
        "<http://example.org/o> a owl:Ontology ; owl:imports <http://127.0.0.1:9/other.ttl> .\n"
    )
    from failwise.kg.check import check

    ontology = load_ontology([path])
    check(ontology)
    assert "imports.ttl" in ontology.files
