"""What a fact is called, given how probable it is that the student knows it."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from failwise.evaluation.coverage.mastery import Floats, Ints
from failwise.evaluation.records import FactAudit
from failwise.kg.records import Truth

KNOWN: Final = "known"
STATES = (KNOWN, "wrong", "inconsistent", "undersampled", "untested")
_CODE = {state: code for code, state in enumerate(STATES)}

# How probable a state must be before it is named: of the facts called known, 95 % are.
SURE = 0.95

# One question proves nothing, however well its neighbours were answered.
LEAST_PROBES = 2


def codes(probes: Ints, known: Floats, wrong: Floats) -> Ints:
    """Return for each fact the place of its state in STATES.

    known         its mastery is at least three quarters
    wrong         it is at most one quarter
    inconsistent  it is neither: the student knows the fact in some wordings, directions or company, not in others
    undersampled  none of these is 95 % probable, or it was asked once
    untested      it was never asked

    Args:
        probes: how often each fact was asked.
        known: how probable it is that it is known.
        wrong: how probable it is that it is not.
    """
    found = np.full(len(probes), _CODE["undersampled"])
    found[(known <= 1 - SURE) & (wrong <= 1 - SURE)] = _CODE["inconsistent"]
    found[wrong >= SURE] = _CODE["wrong"]
    found[known >= SURE] = _CODE[KNOWN]
    found[probes < LEAST_PROBES] = _CODE["undersampled"]
    found[probes == 0] = _CODE["untested"]
    return found


def open_facts(facts: Iterable[FactAudit]) -> list[FactAudit]:
    """Return the facts that the student is not known to know, those first that it most surely does not."""
    open_ = (fact for fact in facts if fact.truth != Truth.UNKNOWN and fact.state != KNOWN)
    return sorted(open_, key=lambda fact: (-fact.p_wrong, fact.p_known, fact.fact_id))
