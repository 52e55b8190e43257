"""The window finds what a server can take, by throughput alone."""

import pytest

from failwise.generation.rationales.window import FEWEST, ROUNDS, Window


class Server:
    """Serves so many at once, each in a second; what comes on top waits. Says what a window sees of it."""

    def __init__(self, slots: int, window_most: int) -> None:
        self.slots, self.now = slots, 0.0
        self.window = Window(window_most, clock=lambda: self.now)

    def epoch(self, refused: int = 0) -> int:
        """Let one epoch pass; return the limit after it."""
        width = self.window.limit
        latency = max(1.0, width / self.slots)
        for _ in range(max(FEWEST, ROUNDS * width)):
            self.now += latency / width
            self.window.note(latency, refused)
        return self.window.limit


def test_it_grows_to_the_most_while_that_brings_more() -> None:
    server = Server(slots=1000, window_most=64)
    assert [server.epoch() for _ in range(6)] == [8, 16, 32, 64, 64, 64]


@pytest.mark.parametrize("slots", [5, 8, 24, 100])
def test_it_settles_near_what_the_server_can_take(slots: int) -> None:
    server = Server(slots, window_most=1024)
    limits = [server.epoch() for _ in range(60)][30:]
    assert slots * 0.75 <= min(limits)
    assert max(limits) <= slots * 2 + 2


def test_it_narrows_when_the_server_turns_requests_away_and_comes_back() -> None:
    server = Server(slots=1000, window_most=64)
    while server.epoch() < 64:
        pass
    assert server.epoch(refused=1) == int(64 * 0.7)
    for _ in range(40):
        server.epoch(refused=1)
    assert server.window.limit == 1
    for _ in range(80):
        server.epoch()
    assert server.window.limit > 8


def test_it_narrows_when_a_server_becomes_slower() -> None:
    server = Server(slots=64, window_most=64)
    while server.epoch() < 64:
        pass
    server.slots = 16
    assert min(server.epoch() for _ in range(20)) < 64


def test_without_adapting_it_is_as_wide_as_it_may_be() -> None:
    window = Window(12, adapt=False)
    for _ in range(100):
        window.note(1.0, refused=1)
    assert window.limit == 12
    assert Window(2).limit == 2
