"""What something was measured with and on, in general words."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from failwise.files import read_json, write_json

FILE = "measured-on.json"
PACKAGES = ("failwise", "torch", "transformers", "peft", "bitsandbytes")


def made_on() -> str:
    """Return versions and machine."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    cores = os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"Python {platform.python_version()}, {versions}; {cores} cores, {memory:.0f} GiB, {_accelerator()}"


def _accelerator() -> str:
    import torch

    return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else "no GPU"


def note(folder: Path, said: str) -> None:
    """Keep in a folder what something there was measured on."""
    if said not in (known := noted(folder)):
        write_json(folder / FILE, [*known, said])


def noted(folder: Path) -> list[str]:
    """Return what was kept there; nothing where nothing was."""
    path = folder / FILE
    return [str(said) for said in read_json(path)] if path.is_file() else []
