"""Each state has its rule."""

import numpy as np
import pytest

from failwise.evaluation.coverage.states import STATES, codes


@pytest.mark.parametrize(
    ("probes", "known", "wrong", "state"),
    [
        (4, 0.95, 0.0, "known"),
        (4, 0.94, 0.0, "undersampled"),
        (4, 0.0, 0.95, "wrong"),
        (4, 0.03, 0.94, "undersampled"),
        (4, 0.05, 0.05, "inconsistent"),
        (4, 0.06, 0.05, "undersampled"),
        (1, 1.0, 0.0, "undersampled"),
        (1, 0.0, 1.0, "undersampled"),
        (2, 1.0, 0.0, "known"),
        (0, 1.0, 0.0, "untested"),
    ],
)
def test_a_state_is_named_where_it_is_sure(probes: int, known: float, wrong: float, state: str) -> None:
    [found] = codes(np.array([probes]), np.array([known]), np.array([wrong]))
    assert STATES[found] == state
