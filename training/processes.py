"""Several processes at one training, as `accelerate launch` starts them: which one this is, and who writes."""

import os


def local_rank() -> int:
    """Return the number of this process on its machine, from 0, which is that of its device."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def is_first() -> bool:
    """Say whether this process is the one that writes."""
    return os.environ.get("RANK", "0") == "0"


def divide_the_model() -> bool:
    """Say whether the processes divide the model among them (FSDP), as accelerate was told."""
    return os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true"
