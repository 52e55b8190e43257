"""Files that are never half-written: atomic writes, JSON Lines of typed records, manifests written last."""

import errno
import glob
import hashlib
import json
import os
import secrets
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from failwise.errors import InputError, StorageError

R = TypeVar("R")

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# What a file system that has no locks on folders says.
_NO_LOCKS = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}
_DAY = 86_400

_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


def _adapter(record: type[R]) -> TypeAdapter[R]:
    """Return pydantic's reader and writer of a record class; making one takes milliseconds, so it is kept."""
    if record not in _ADAPTERS:
        _ADAPTERS[record] = TypeAdapter(record)
    return _ADAPTERS[record]


def content_id(*parts: object) -> str:
    """Return 16 hex digits that depend on the parts alone: the same content has the same id everywhere."""
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def cache_folder() -> Path:
    """Return where what can be made again is kept: $FAILWISE_CACHE, or ~/.cache/failwise."""
    named = os.environ.get("FAILWISE_CACHE")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "failwise"


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn an operating system's refusal to write `path` into one sentence."""
    try:
        yield
    except OSError as error:
        remedy = "free some space or choose another folder" if error.errno in _FULL else "choose another folder"
        raise StorageError(
            f"cannot write {path}: {error.strerror or error}; {remedy}, then run the same command again"
        ) from error


@contextmanager
def held_alone(folder: Path) -> Iterator[None]:
    """Make a folder, if need be, and keep other processes that hold it alone out; when this one is killed, too.

    Windows has no such locks, nor has every file system of a network; there, nothing is kept out.

    Raises:
        InputError: another process holds it.
    """
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":
        yield
        return
    import fcntl

    held = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            said = f"another process works in {folder}; wait until it ends, or choose another folder"
            raise InputError(said) from error
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        yield
    finally:
        os.close(held)


def part_beside(path: Path) -> Path:
    """Return where to write what becomes `path` when it is whole; each writer gets another name."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


@contextmanager
def atomic_writer(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that appears under its name only when all of it is on the disk."""
    part = part_beside(path)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_left_parts(path)
        try:
            with part.open("wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def _remove_left_parts(path: Path) -> None:
    """Remove what killed writers of a file left behind; what was touched within a day may still be written."""
    for part in path.parent.glob(f".{glob.escape(path.name)}.{'[0-9a-f]' * 8}.part"):
        with suppress(FileNotFoundError):  # another writer was faster
            if time.time() - part.stat().st_mtime > _DAY:
                part.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a whole text file, or nothing."""
    with atomic_writer(path) as stream:
        stream.write(text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file, or nothing."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def read_text(path: Path) -> str:
    """Read a text file in UTF-8.

    Raises:
        InputError: the file is missing or not such text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}; save it as UTF-8") from error


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        InputError: the file is missing or not JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}") from error


def dump_record(record: Any) -> bytes:
    """Return a record as one line of JSON, without the line end."""
    return _adapter(type(record)).dump_json(record)


def write_records(path: Path, records: Iterable[Any]) -> int:
    """Write records as JSON Lines, all or nothing; return how many."""
    count = 0
    with atomic_writer(path) as stream:
        for record in records:
            stream.write(dump_record(record) + b"\n")
            count += 1
    return count


def read_records(path: Path, record: type[R], *, torn_tail: bool = False) -> Iterator[R]:
    """Yield the records of a JSON Lines file.

    Args:
        torn_tail: skip a last line that an interrupted writer left torn.

    Raises:
        InputError: the file is missing, or a line is not such a record (the sentence names the line).
    """
    for number, line in lines(path, torn_tail=torn_tail):
        yield parse_record(line, record, f"{path}, line {number}")


def lines(path: Path, *, torn_tail: bool = False) -> Iterator[tuple[int, bytes]]:
    """Yield the numbered lines of a JSON Lines file that hold something."""
    try:
        stream = path.open("rb")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    with stream:
        for number, line in enumerate(stream, 1):
            if torn_tail and not line.endswith(b"\n") and not _is_whole(line):
                return
            if line.strip():
                yield number, line


def _is_whole(line: bytes) -> bool:
    """Say whether a line without its line end is a whole record all the same; a torn one never is JSON."""
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def parse_record(line: bytes, record: type[R], where: str) -> R:
    """Read one record; `where` opens the sentence if it cannot be read."""
    try:
        return _adapter(record).validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        spot = f"field {field!r}: " if field else ""
        raise InputError(f"{where} is not a {record.__name__.lower()} record: {spot}{first['msg']}{more}") from error


class RecordLog:
    """An append-only JSON Lines file: what is in it survives a kill, a torn last line is cut off on opening."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = path.open("ab+")
            self._end_last_line()

    def _end_last_line(self) -> None:
        size = self._stream.seek(0, os.SEEK_END)
        while size:
            self._stream.seek(size - 1)
            if self._stream.read(1) == b"\n":
                break
            size -= 1
        self._stream.seek(size)
        if _is_whole(self._stream.read()):
            self._stream.write(b"\n")
        else:
            self._stream.truncate(size)
            self._stream.seek(0, os.SEEK_END)

    def append(self, *records: Any) -> None:
        """Add records; they are with the operating system when this returns."""
        with storage_errors(self.path):
            self._stream.write(b"".join(dump_record(record) + b"\n" for record in records))
            self._stream.flush()

    def close(self) -> None:
        """Put everything on the disk and close."""
        with storage_errors(self.path):
            os.fsync(self._stream.fileno())
            self._stream.close()

    def __enter__(self) -> "RecordLog":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
