"""How many requests to have in flight: more while that brings more, fewer when the server only waits longer.

A server that batches (vLLM) turns nobody away; that it is full shows in its latency alone. By Little's law (in flight
= rate x latency) what is added beyond its capacity adds latency and no rate, so the rate tells. Growth by steps and a
cut in proportion are those of TCP's congestion avoidance (RFC 5681), the doubling at first its slow start.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

FIRST = 4  # in flight at first
SHORTEST, FEWEST = 0.05, 16  # an epoch lasts so many seconds and replies at least
ROUNDS = 4  # and so many replies per request in flight
WORTH = 0.3  # share of the rate that proportional growth would bring, from which growing is worth it
SLOWER = 1.5  # latency, as a multiple, from which a full window is taken to be too wide
CUT = 0.7  # what is left of the window when the server turns requests away
REST = 8  # epochs before a width that brought nothing is tried again


@dataclass(frozen=True, slots=True)
class _Epoch:
    width: int
    rate: float
    latency: float


class Window:
    """How many requests may be in flight now: `limit`, between 1 and a most."""

    def __init__(self, most: int, *, adapt: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        """Start narrow and find the width; without `adapt`, `most` it is."""
        self._most, self._adapt, self._clock = most, adapt, clock
        self.limit = min(FIRST, most) if adapt else most
        self._doubling, self._rest = True, 0
        self._before: _Epoch | None = None
        self._began, self._replies, self._waited, self._refused = clock(), 0, 0.0, 0

    def note(self, seconds: float, refused: int = 0) -> None:
        """Take in one reply: how long it took, and how often the server turned it away before."""
        if not self._adapt:
            return
        self._replies, self._waited, self._refused = self._replies + 1, self._waited + seconds, self._refused + refused
        elapsed = self._clock() - self._began
        if self._replies >= max(FEWEST, ROUNDS * self.limit) and elapsed >= SHORTEST:
            self._end(_Epoch(self.limit, self._replies / elapsed, self._waited / self._replies))
            self._begin()

    def _begin(self) -> None:
        self._began, self._replies, self._waited, self._refused = self._clock(), 0, 0.0, 0

    def _end(self, now: _Epoch) -> None:
        before, self._before = self._before, now
        if self._refused:
            self._shrink(int(self.limit * CUT))
        elif before is None or (before.width < now.width and _brought_more(before, now)):
            self._grow()
        elif before.width < now.width:
            self._shrink(before.width)
        elif before.width == now.width and now.latency > SLOWER * before.latency and now.rate <= before.rate:
            self._shrink(self.limit - self._step())
        elif self._rest > 0:
            self._rest -= 1
        else:
            self._grow()

    def _grow(self) -> None:
        self.limit = min(self._most, self.limit * 2 if self._doubling else self.limit + self._step())

    def _shrink(self, width: int) -> None:
        self.limit, self._doubling, self._rest = max(1, width), False, REST

    def _step(self) -> int:
        return max(1, self.limit // 8)


def _brought_more(before: _Epoch, now: _Epoch) -> bool:
    return now.rate / before.rate - 1 >= WORTH * (now.width / before.width - 1)
