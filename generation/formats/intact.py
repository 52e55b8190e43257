"""Is a question file still the one its certificates speak of, and are these still what was made?"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from failwise.errors import InputError
from failwise.files import file_digest
from failwise.manifest import MANIFEST

# What may stand beside a question file and name its hash: certificates, and the manifest of the folder.
CERTIFICATES = ("balance.json", "leakage.json", MANIFEST)
# What the manifest names the hashes of besides.
_CERTIFIED = ("balance.json", "balance.md", "leakage.json", "leakage.md")


def check_intact(path: Path) -> None:
    """Hold a question file against the hash that the certificates beside it name; where there are none, all is well.

    Certificates that stand beside it with a manifest are held against the hashes that this one names.

    Raises:
        InputError: the file was changed since, or a certificate.
    """
    named = {p: sha256 for p in map(path.with_name, CERTIFICATES) if (sha256 := _named(p, path.name))}
    if not named or not path.is_file():
        return
    found = _digest_of(path)
    broken = {p.name: sha256 for p, sha256 in named.items() if sha256 != found}
    if broken:
        *first, last = broken
        stale = f"{', '.join(first)} and {last}, which no longer speak" if first else f"{last}, which no longer speaks"
        raise _changed(path, *next(iter(broken.items())), f"remove {stale} of this file")
    if path.with_name(MANIFEST) in named:
        _check_certificates(path.with_name(MANIFEST))


def _check_certificates(manifest: Path) -> None:
    for certificate in filter(Path.is_file, map(manifest.with_name, _CERTIFIED)):
        sha256 = _named(manifest, certificate.name)
        if sha256 and sha256 != _digest_of(certificate):
            raise _changed(certificate, manifest.name, sha256, "remove it: it is no proof any more")


def _changed(path: Path, by: str, sha256: str, remedy: str) -> InputError:
    return InputError(
        f"{path} was changed after it was made: {by} beside it names the SHA-256 {sha256}, but the file has "
        f"{_digest_of(path)}; generate the set again, or, if the change is meant, {remedy}"
    )


def _digest_of(path: Path) -> str:
    state = path.stat()
    return _digest(path.resolve(), state.st_mtime_ns, state.st_size, state.st_ino)


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
