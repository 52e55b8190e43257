"""Progress of long work: a bar with rate and time left on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

_EVERY_SECONDS = 15.0


class Bar:
    """Counts up to a total. `note` is shown beside it: a loss, a reject share."""

    def __init__(self, console: Console, label: str, total: int) -> None:
        self._console, self._label, self._total = console, label, total
        self._done, self._began, self._said = 0, time.monotonic(), time.monotonic()

    def advance(self, count: int = 1, note: str = "") -> None:
        """Count `count` more as done."""
        self.reach(self._done + count, note)

    def total(self, total: int) -> None:
        """Set the total, where it was not known at first."""
        self._total = total

    def reach(self, done: int, note: str = "") -> None:
        """Count up to `done`."""
        self._done = done
        now = time.monotonic()
        if now - self._said >= _EVERY_SECONDS and done:
            self._said = now
            rate = done / (now - self._began)
            left = (self._total - done) / rate
            self._console.print(f"  {self._label}: {done}/{self._total}, {left:.0f} s left {note}", highlight=False)


class _TerminalBar(Bar):
    def __init__(self, console: Console, label: str, total: int, progress: Progress) -> None:
        super().__init__(console, label, total)
        self._progress = progress
        self._task = progress.add_task(label, total=total, note="")

    def total(self, total: int) -> None:
        self._progress.update(self._task, total=total)

    def reach(self, done: int, note: str = "") -> None:
        self._done = done
        self._progress.update(self._task, completed=done, note=note)


@contextmanager
def progress_bar(console: Console, label: str, total: int) -> Iterator[Bar]:
    """Show a bar while the block runs."""
    if not console.is_terminal:
        yield Bar(console, label, total)
        return
    columns = (
        TextColumn("  {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield _TerminalBar(console, label, total, progress)
