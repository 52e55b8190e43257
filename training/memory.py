"""How much memory this process took, and what to do when it runs out, said in a sentence."""

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from failwise.errors import StudentError

# On a CPU torch says it in a RuntimeError like any other.
_SAID = ("can't allocate memory", "not enough memory", "Cannot allocate memory", "std::bad_alloc")


def peak_rss_mb() -> int:
    """Return the most main memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 2**20 if sys.platform == "darwin" else peak // 2**10


def peak_gpu_mb() -> int:
    """Return the most CUDA memory that this process's tensors have held; 0 where there is no such device."""
    return torch.cuda.max_memory_allocated() // 2**20 if torch.cuda.is_available() else 0


def ran_out(error: BaseException) -> bool:
    """Say whether an error says that memory has run out."""
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or any(said in str(error) for said in _SAID)


@contextmanager
def enough_memory(what: str, knobs: str) -> Iterator[None]:
    """Turn the libraries' ways of saying that memory has run out into one.

    Args:
        what: what is going on, such as "training".
        knobs: the settings that make it need less.

    Raises:
        StudentError: there is not enough.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not ran_out(error):
            raise
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise StudentError(f"not enough memory for {what}: {knobs} ({first})") from error
