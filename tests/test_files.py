"""Files are whole or absent, and a log survives what can happen to it."""

import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from failwise.errors import InputError, StorageError
from failwise.files import (
    RecordLog,
    atomic_writer,
    content_id,
    dump_record,
    held_alone,
    read_records,
    write_records,
    write_text,
)
from tests.conftest import environment


@dataclass(frozen=True, slots=True)
class Note:
    """A record to write."""

    id: str
    n: int = 0


def test_records_come_back_as_they_were(tmp_path: Path) -> None:
    notes = [Note("ä", 1), Note('"\n', 2)]
    assert write_records(tmp_path / "n.jsonl", notes) == 2
    assert list(read_records(tmp_path / "n.jsonl", Note)) == notes


def test_a_failing_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), atomic_writer(path) as stream:
        stream.write(b"new")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    # The limit makes the kernel refuse the write, as a full disk does.
    old_limit, old_handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGXFSZ)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, old_limit[1]))
    try:
        with pytest.raises(StorageError, match=r"cannot write .*big\.txt.*free some space"):
            write_text(tmp_path / "big.txt", "x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old_limit)
        signal.signal(signal.SIGXFSZ, old_handler)
    assert not list(tmp_path.iterdir())


def test_of_two_writers_of_one_file_each_writes_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with atomic_writer(path) as first:
        first.write(b"long and first")
        with atomic_writer(path) as second:
            second.write(b"short")
        assert path.read_text() == "short"
        first.write(b" and whole")
    assert path.read_text() == "long and first and whole"


def test_what_a_killed_writer_left_goes_a_day_later(tmp_path: Path) -> None:
    kill = "import os, sys, pathlib; from failwise.files import atomic_writer\n"
    kill += "with atomic_writer(pathlib.Path('a[1].txt')) as stream: stream.write(b'half'); os.kill(os.getpid(), 9)"
    left = []
    for _ in range(2):
        subprocess.run([sys.executable, "-c", kill], cwd=tmp_path, env=environment(), check=False)
        left += [p for p in tmp_path.iterdir() if p not in left]
    other = tmp_path / ".other.txt.0123abcd.part"
    other.touch()
    for old in (left[0], other):
        os.utime(old, (time.time() - 90_000,) * 2)
    write_text(tmp_path / "a[1].txt", "whole")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([left[1].name, other.name, "a[1].txt"])


def test_a_torn_last_line_is_cut_and_the_rest_kept(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with RecordLog(path) as log:
        log.append(Note("a"))
        log.append(Note("b"))
    with path.open("ab") as stream:
        stream.write(b'{"id":"c","n')
    with RecordLog(path) as log:
        log.append(Note("d"))
    assert [n.id for n in read_records(path, Note)] == ["a", "b", "d"]


def test_a_whole_last_line_without_its_line_end_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(dump_record(Note("a")) + b"\n" + dump_record(Note("b")))
    assert [n.id for n in read_records(path, Note, torn_tail=True)] == ["a", "b"]
    with RecordLog(path) as log:
        log.append(Note("c"))
    assert [n.id for n in read_records(path, Note)] == ["a", "b", "c"]


def test_a_folder_is_held_by_one_process_until_it_ends(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "run"
    program = (
        "import sys, time; from pathlib import Path; from failwise.files import held_alone\n"
        "with held_alone(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, str(folder)]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=f"another process works in {folder}; wait"), held_alone(folder):
            pytest.fail("held by two")
        other.kill()
    with held_alone(folder):
        assert list(folder.iterdir()) == []
    with held_alone(folder):
        pass


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "n.jsonl"
    path.write_text('{"id":"a"}\n{"id":"b","n":"many"}\n')
    with pytest.raises(InputError, match=r"n\.jsonl, line 2 is not a note record: field 'n'"):
        list(read_records(path, Note))


def test_content_ids_depend_on_content_alone() -> None:
    assert content_id("a", {"y": 1, "x": 2}) == content_id("a", {"x": 2, "y": 1})
    assert content_id("a", "b") != content_id("ab")
