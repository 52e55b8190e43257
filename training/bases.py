"""Base models by name: where one lies, and which one exactly it is."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from failwise.embedded import SHA256, embedded_folder
from failwise.errors import StudentError
from failwise.files import file_digest
from failwise.training.config import EMBEDDED

_COMMIT = "commit:"


@dataclass(frozen=True, slots=True)
class Base:
    """A base model: the name it was asked for by (of a hub's its id), where to load it from, and its exact revision."""

    name: str
    source: str
    revision: str

    @property
    def commit(self) -> str | None:
        """The hub's commit to load it at; none where it is loaded from a folder."""
        at_hub = self.source == self.name and self.revision.startswith(_COMMIT)
        return self.revision.removeprefix(_COMMIT) if at_hub else None

    @property
    def pinned(self) -> dict[str, str]:
        """What a library is told beside the source, so that it loads this very revision."""
        return {"revision": self.commit} if self.commit else {}


def exact_name(name: str, revision: str) -> str:
    """Return a name by which a base model is had again at this revision: at a hub, which keeps old commits."""
    return f"{name}@{revision.removeprefix(_COMMIT)}" if revision.startswith(_COMMIT) else name


def resolve_base(name: str) -> Base:
    """Return the base model of a name: `embedded`, a folder, or a hub id, at its newest commit or `@` another one.

    The revision is the sha256 of the embedded file, the hash of a folder's weights and settings, or a hub's
    commit.

    Raises:
        StudentError: the name is none of the three, or the folder holds no safetensors.
    """
    if name == EMBEDDED:
        return Base(name, str(embedded_folder()), f"sha256:{SHA256}")
    folder = Path(name).expanduser()
    if folder.is_dir():
        return Base(name, str(folder), _folder_revision(folder))
    hub_id, _, wanted = name.partition("@")
    if name.startswith((".", "/", "~")) or hub_id.count("/") != 1:
        raise StudentError(
            f"the base model {name!r} is neither a folder nor a hub id; name an existing folder, "
            f"an id like 'owner/model' or 'owner/model@commit', or {EMBEDDED!r}"
        )
    return Base(hub_id, hub_id, f"{_COMMIT}{_hub_commit(hub_id, wanted)}")


def _folder_revision(folder: Path) -> str:
    weights = sorted(folder.glob("*.safetensors"))
    if not weights or not (folder / "config.json").is_file():
        raise StudentError(
            f"the base model folder {folder} needs a config.json and *.safetensors; other weight formats can "
            "run code when they are read and are not loaded: save the model with save_pretrained first"
        )
    total = hashlib.sha256()
    for path in [folder / "config.json", *weights]:
        total.update(f"{path.name}:{file_digest(path)}\n".encode())
    return f"sha256:{total.hexdigest()}"


def _hub_commit(name: str, wanted: str) -> str:
    """Return the commit of a branch, a tag or a commit, once it is certain that it can be had; else the newest."""
    from transformers.utils.hub import cached_file

    try:
        settings = str(cached_file(name, "config.json", revision=wanted or "main"))
    except (OSError, ValueError) as error:
        at = f" at {wanted}" if wanted else ""
        why = str(error).splitlines()[0].rstrip(".")
        raise StudentError(
            f"the base model {name!r}{at} cannot be read from the hub: {why}; check the id and the network, or use "
            f"{EMBEDDED!r}"
        ) from error
    return Path(settings).parent.name  # a cache has a folder for each commit
