"""What must happen before a stage imports the model libraries."""

import logging
from importlib.util import find_spec

from failwise.errors import MissingExtraError

PACKAGES = ("torch", "transformers", "peft", "accelerate", "bitsandbytes", "gguf")


def need_train_extra(feature: str) -> None:
    """Check that the `train` extra is installed, without importing any of it.

    Raises:
        MissingExtraError: a package of it is missing; the sentence opens with the feature that needs it.
    """
    for package in PACKAGES:
        if find_spec(package) is None:
            raise MissingExtraError(feature, package, "train")
    # On import, bitsandbytes looks for an optional inference kernel and complains that it is not there.
    logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
