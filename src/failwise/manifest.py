"""A stage's folder and its manifest, written last: where it is with all that it names, the stage is finished."""

import platform
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from failwise import __version__
from failwise.errors import InputError
from failwise.files import content_id, file_digest, held_alone, read_json, storage_errors, write_json

MANIFEST, STARTED = "manifest.json", "started.json"
_PACKAGES = ("rdflib", "pyshacl", "networkx", "torch", "transformers", "peft", "bitsandbytes")

# Settings that change how fast or where the work is done, or how far it may go, not what comes out.
RUNTIME_ONLY = {
    *("checkpoint_every", "concurrency", "device", "fleet", "threads", "timeout", "workers"),
    *("adapt", "budget", "budget_tokens", "connect_timeout", "logprobs", "prices", "report_to", "retries"),
    *("gradient_checkpointing", "parts"),
}


@dataclass
class StageFolder:
    """Where one stage works: its configuration, what it reads, and a fingerprint of both.

    Two runs of a stage with the same fingerprint do the same work, so the second goes on where the first
    stopped, or finds it done.
    """

    name: str
    path: Path
    config: BaseModel
    inputs: Mapping[str, str]
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        work = self.config.model_dump(mode="json", exclude=RUNTIME_ONLY)
        self.fingerprint = content_id(self.name, work, dict(self.inputs), __version__)

    def finished(self) -> bool:
        """Say whether this very work is done, and what it wrote is still there: what was deleted is made again."""
        if (manifest := self._read(MANIFEST)).get("fingerprint") != self.fingerprint:
            return False
        return all((self.path / name).is_file() for name in manifest.get("outputs", {}))

    def begun(self) -> bool:
        """Say whether this very work was begun and interrupted."""
        return not self.finished() and self._read(STARTED).get("fingerprint") == self.fingerprint

    def stands_in_the_way(self) -> bool:
        """Say whether the folder holds work of another configuration, or something that is no stage at all."""
        if not self.path.exists() or not any(self.path.iterdir()):
            return False
        return not self.finished() and not self.begun()

    def set_aside(self) -> Path:
        """Move what is in the way to a name of its own, and return that."""
        old = self.path.with_name(f"{self.path.name}.old-{len(set_aside_folders(self.path)) + 1}")
        with storage_errors(old):
            shutil.move(self.path, old)
        return old

    def _read(self, name: str) -> dict[str, Any]:
        path = self.path / name
        found = read_json(path) if path.exists() else {}
        return found if isinstance(found, dict) else {}

    @contextmanager
    def working(self, *, redo: bool = False) -> Iterator["Outcome"]:
        """Do the stage's work inside; the manifest is written when it ends well.

        Raises:
            InputError: the folder holds other work, and `redo` was not given; or another process works in it.
        """
        with ExitStack() as held:
            held.enter_context(held_alone(self.path))
            if self.stands_in_the_way():
                if not redo:
                    raise InputError(
                        f"{self.path} holds work made from other settings, inputs or another version; "
                        "pass --redo to set it aside (it is kept) and do it again, or name another folder"
                    )
                self.set_aside()
                held.enter_context(held_alone(self.path))
            write_json(self.path / STARTED, {"fingerprint": self.fingerprint, "stage": self.name})
            outcome, began = Outcome(), time.time()
            try:
                yield outcome
            except BaseException:
                self._remove_if_nothing_was_made()
                raise
            write_json(self.path / MANIFEST, self._manifest(outcome, began))

    def _remove_if_nothing_was_made(self) -> None:
        if all(p.name == STARTED or (p.is_file() and not p.stat().st_size) for p in self.path.iterdir()):
            shutil.rmtree(self.path)  # a log that is empty was opened, and nothing came

    def _manifest(self, outcome: "Outcome", began: float) -> dict[str, Any]:
        return {
            "stage": self.name,
            "fingerprint": self.fingerprint,
            "failwise": __version__,
            "python": platform.python_version(),
            "versions": _versions(),
            "config": self.config.model_dump(mode="json"),
            "config_passed": self.config.model_dump(mode="json", exclude_unset=True),
            "inputs": dict(self.inputs),
            "outputs": {p.relative_to(self.path).as_posix(): file_digest(p) for p in outcome.outputs},
            "counts": outcome.counts,
            "started": time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(began)),
            "seconds": round(time.time() - began, 2),
        }


def noted_beside(path: Path, *keys: str) -> Any:
    """Return what the manifest beside a file has under some keys, one inside the other; None where it has nothing."""
    manifest = path.with_name(MANIFEST)
    found = read_json(manifest) if manifest.is_file() and not path.is_dir() else None
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def set_aside_folders(path: Path) -> list[Path]:
    """Return the folders in which earlier work of a stage's folder is kept, the newest first."""
    found: list[Path] = []
    while (old := path.with_name(f"{path.name}.old-{len(found) + 1}")).exists():
        found.insert(0, old)
    return found


@dataclass
class Outcome:
    """What a stage says of itself at its end."""

    counts: dict[str, Any] = field(default_factory=dict)
    outputs: list[Path] = field(default_factory=list)

    def __str__(self) -> str:
        """Return the numbers among the counts, for a line of text."""
        return ", ".join(f"{k} {round(v, 3)}" for k, v in self.counts.items() if isinstance(v, int | float))

    def record(self, counts: Any, *outputs: Path) -> None:
        """Note counts (a mapping or a dataclass) and the files written."""
        self.counts.update(counts if isinstance(counts, Mapping) else asdict(counts))
        self.outputs.extend(outputs)


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
