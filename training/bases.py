"""Base models by name: where one lies, and which one exactly it is."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from failwise.embedded import SHA256, embedded_folder
from failwise.errors import StudentError
from failwise.files import file_digest
from failwise.training.config import EMBEDDED


@dataclass(frozen=True, slots=True)
class Base:
    """A base model: the name it was asked for by, where to load it from, and its exact revision."""

    name: str
    source: str
    revision: str


def resolve_base(name: str) -> Base:
    """Return the base model of a name: `embedded`, a folder, or a hub id.

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
    if name.startswith((".", "/", "~")) or name.count("/") != 1:
        raise StudentError(
            f"the base model {name!r} is neither a folder nor a hub id; name an existing folder, "
            f"an id like 'owner/model', or {EMBEDDED!r}"
        )
    return Base(name, name, _hub_revision(name))


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


def _hub_revision(name: str) -> str:
    from transformers import AutoConfig

    try:
        commit = getattr(AutoConfig.from_pretrained(name), "_commit_hash", None)
    except (OSError, ValueError) as error:
        raise StudentError(
            f"the base model {name!r} cannot be read from the hub: {str(error).splitlines()[0]}; check the id "
            f"and the network, or use {EMBEDDED!r}"
        ) from error
    return f"commit:{commit}"
