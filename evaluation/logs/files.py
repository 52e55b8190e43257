"""Which files are logs, told by how they begin; a folder is searched for them."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from failwise.errors import InputError
from failwise.evaluation.logs.inspect_ai import read_inspect_archive, read_inspect_json
from failwise.evaluation.logs.joining import join_logs
from failwise.evaluation.logs.lm_eval import read_lm_eval
from failwise.evaluation.logs.records import Log
from failwise.evaluation.records import Answer
from failwise.files import content_id, file_digest
from failwise.generation.records import Question

Reader = Callable[[Path], Log]

_BEGINNINGS: tuple[tuple[re.Pattern[bytes], Reader], ...] = (
    (re.compile(rb"PK\x03\x04"), read_inspect_archive),
    (re.compile(rb'\s*\{\s*"version"\s*:\s*\d+\s*,\s*"status"'), read_inspect_json),
    (re.compile(rb'\s*\{\s*"doc_id"\s*:'), read_lm_eval),
)
_RESULTS = re.compile(rb'\s*\{\s*"results"\s*:')
_HEAD = 256  # bytes in which a beginning is looked for


class LoggedAnswers:
    """The answers that logs hold; `left_out` counts the samples that give none, by reason."""

    def __init__(self, logs: dict[Path, Reader], questions: Sequence[Question]) -> None:
        self._answers, self.left_out = join_logs((read(path) for path, read in logs.items()), questions)

    def __len__(self) -> int:
        return len(self._answers)

    def __iter__(self) -> Iterator[Answer]:
        return iter(self._answers)


def find_logs(path: Path) -> dict[Path, Reader]:
    """Return the logs at a path with what reads each; nothing where it is a file of another kind.

    Raises:
        InputError: it cannot be read, is a folder without a log, or holds lm_eval's results without its samples.
    """
    if not path.is_dir():
        head = _head(path)
        if _RESULTS.match(head):
            raise InputError(
                f"{path} holds lm_eval's results and no answers; run it with --log_samples, and give the folder or "
                "the samples_*.jsonl beside it"
            )
        reader = _reader(head)
        return {path: reader} if reader else {}
    read = {one: _reader(_head(one)) for one in sorted(path.rglob("*")) if one.is_file()}
    # Beside logs any zip may lie; inspect_ai's own are named .eval.
    found = {one: by for one, by in read.items() if by and (by is not read_inspect_archive or one.suffix == ".eval")}
    if not found:
        raise InputError(
            f"{path} is a folder without a log; lm_eval writes some with --output_path and --log_samples, inspect_ai "
            "with --log-dir; of `failwise evaluate` give the answers.jsonl in its folder"
        )
    return found


def answers_digest(path: Path) -> str:
    """Digest a file of answers, or the logs of a folder.

    Raises:
        InputError: it cannot be read, or the folder has no log.
    """
    try:
        return content_id([file_digest(log) for log in find_logs(path)]) if path.is_dir() else file_digest(path)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_HEAD)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def _reader(head: bytes) -> Reader | None:
    return next((reader for beginning, reader in _BEGINNINGS if beginning.match(head)), None)
