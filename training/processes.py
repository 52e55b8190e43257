"""Several processes at one training, as `accelerate launch` starts them: which one this is, and who writes."""

import os


def rank() -> int:
    """Return the number of this process among all, from 0."""
    return int(os.environ.get("RANK", "0"))


def local_rank() -> int:
    """Return its number on this machine, which is that of its device."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def count() -> int:
    """Return how many processes there are."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Say whether this process is the one that writes."""
    return rank() == 0
