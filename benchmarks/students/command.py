"""What the commands of this folder share: where things are, and how they end."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from failwise.errors import FailwiseError

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("FAILWISE_DATA", ROOT.parent / "shared" / "data"))


def finish(work: Callable[[], int]) -> NoReturn:
    """Work and exit with its code; what a user can mend is one sentence."""
    try:
        code = work()
    except FailwiseError as error:
        print(error, file=sys.stderr)
        code = error.exit_code
    except KeyboardInterrupt:
        print("interrupted; the same command goes on", file=sys.stderr)
        code = 130
    sys.exit(code)
