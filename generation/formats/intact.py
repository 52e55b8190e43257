"""Is a question file still the one its certificates speak of?"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from failwise.errors import InputError
from failwise.files import file_digest

# What may stand beside a question file and name its hash: certificates, and the manifest of the folder.
CERTIFICATES = ("balance.json", "leakage.json", "manifest.json")


def check_intact(path: Path) -> None:
    """Hold a question file against the hash that the certificates beside it name; where there are none, all is well.

    Raises:
        InputError: the file was changed since.
    """
    named = {p: sha256 for p in map(path.with_name, CERTIFICATES) if (sha256 := _named(p, path.name))}
    if not named or not path.is_file():
        return
    state = path.stat()
    found = _digest(path.resolve(), state.st_mtime_ns, state.st_size, state.st_ino)
    broken = {p.name: sha256 for p, sha256 in named.items() if sha256 != found}
    if broken:
        *first, last = broken
        certificates = f"{', '.join(first)} and {last}" if first else last
        raise InputError(
            f"{path} was changed after it was made: {next(iter(broken))} beside it names the SHA-256 "
            f"{next(iter(broken.values()))}, but the file has {found}; generate the set again, or, if the change is "
            f"meant, remove {certificates}, which no longer speak of this file"
        )


@lru_cache(64)
def _digest(path: Path, *state: int) -> str:
    """Return the digest of a file, worked out once for as long as the file is not touched: a run asks at each stage."""
    return file_digest(path)


def _named(certificate: Path, name: str) -> str:
    """Return the hash that a certificate or manifest names for a file; nothing where it speaks of other files."""
    try:
        values = json.loads(certificate.read_bytes())
    except OSError:
        return ""
    except ValueError as error:
        raise InputError(
            f"{certificate} is not JSON: {error}; it says what {name} beside it holds, so bring it back or remove it"
        ) from error
    if not isinstance(values, dict):
        return ""
    outputs: Any = values.get("outputs")
    found = values.get("sha256") if values.get("file") == name else None
    found = found or (outputs.get(name) if isinstance(outputs, dict) else None)
    return found if isinstance(found, str) else ""
