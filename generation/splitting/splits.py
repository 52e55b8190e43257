"""Split regimes: which facts training may use, and which are kept for the test.

    new-question     every fact on both sides; only the questions differ. It measures recall.
    held-out-fact    facts of the test are in no training question, neither as right nor as wrong option
    held-out-pair    nor is their pair of names, on any asset class and in any relation
    held-out-entity  they are about a failure mode, sensor, cause, … that training never names
    held-out-asset   they are about asset classes that training never names, kin included

Facts that say the same or follow from each other stay together; where they cannot, they are on neither side.
"""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from failwise.errors import InputError
from failwise.generation.matrices.tables import units
from failwise.generation.splitting.askable import askable
from failwise.generation.splitting.bundles import Bundles
from failwise.generation.splitting.held_out import HeldOut
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.names import did_you_mean
from failwise.kg.records import Fact

REGIMES = ("new-question", "held-out-fact", "held-out-pair", "held-out-entity", "held-out-asset")
NAMED = ("held-out-pair", "held-out-entity", "held-out-asset")  # regimes that can be told what to hold out
TRAIN, TEST = frozenset({"train"}), frozenset({"test"})


@dataclass(frozen=True, slots=True)
class Partition:
    """Which facts may stand in questions of which split.

    `test` and `dropped` hold ids of facts; all others are for training. `held_out` names what was kept from
    training: asset classes, entities, or pairs of names. Under the regime new-question every fact is on both sides.
    """

    regime: str
    held_out: tuple[str, ...] = ()
    test: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()

    def side(self, fact_id: str) -> frozenset[str]:
        """Return the splits whose questions may use a fact: none, "train", "test" or both."""
        if self.regime == "new-question":
            return TRAIN | TEST
        if fact_id in self.dropped:
            return frozenset()
        return TEST if fact_id in self.test else TRAIN


def partition(
    graph: KnowledgeGraph,
    regime: str,
    *,
    share: float = 0.2,
    held_out: Sequence[str] = (),
    relations: Collection[str] = (),
    asset_classes: Collection[str] = (),
    seed: int = 0,
) -> Partition:
    """Part the facts of a graph between training and test.

    Args:
        share: of the facts that can be asked, how many are held out, about; without meaning where `held_out` is given.
        held_out: asset classes, entities, or pairs of names as "a / b", as the regime wants; empty: chosen by seed.
        relations: by name; empty: all. Only facts of these count, as do only those of `asset_classes` (slugs).

    Raises:
        InputError: the regime or a name is unknown, or one of the sides would have nothing to ask about.
    """
    _refuse_impossible(regime, share, held_out)
    if regime == "new-question":
        return Partition(regime)
    tables = list(units(graph, sorted(asset_classes or graph.asset_classes), tuple(relations)))
    can_be_asked = askable(graph, (fact for unit in tables for fact in unit.facts))
    bundles = Bundles(graph, regime)
    digest = blake2b(f"{seed}/{regime}".encode(), digest_size=8).digest()
    dice = random.Random(int.from_bytes(digest))
    names, test = HeldOut(bundles, tables, can_be_asked, share, dice).choose(held_out)
    sides = bundles.settled(test)
    kept, dropped = (frozenset(i for i, of_test in sides.items() if of_test is side) for side in (True, None))
    found = Partition(regime, tuple(sorted(names)), kept, dropped)
    _refuse_one_sided(found, graph, can_be_asked)
    return found


def _refuse_impossible(regime: str, share: float, held_out: Sequence[str]) -> None:
    if regime not in REGIMES:
        allowed = ", ".join(REGIMES)
        raise InputError(f"unknown split regime {regime!r}{did_you_mean(regime, REGIMES)} It may be {allowed}")
    if held_out and regime not in NAMED:
        raise InputError(f"the regime {regime} takes no names, but held_out is {', '.join(held_out)}; leave it out")
    if not 0 < share < 1:
        raise InputError(f"a share of {share} cannot be held out; it must lie between 0 and 1, 0.2 for example")


def _refuse_one_sided(found: Partition, graph: KnowledgeGraph, facts: Mapping[str, Fact]) -> None:
    for split in ("test", "train"):
        if not askable(graph, (f for f in facts.values() if split in found.side(f.id))):
            names = f" ({', '.join(found.held_out[:5])})" if found.held_out else ""
            raise InputError(
                f"under the regime {found.regime} no {split} question could be asked{names}: its facts have no "
                "right and wrong option around one anchor; hold out "
                f"{'more' if split == 'test' else 'less'}, or take more asset classes and relations"
            )
