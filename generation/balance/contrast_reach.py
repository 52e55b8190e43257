"""How many facts contrast groups can reach: what the yes/no matrix of a table allows, whatever a generator does.

A contrast group of k is an induced matching of size k: k anchors and k options, each anchor with a yes to its own
option and a stated no to the k - 1 others. Two facts can stand in one group if each anchor has a no to the other's
option, and facts form a group if every two of them can: a group is a clique, and cliques are searched for with bit
masks.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from failwise.generation.balance.guessers import Tables
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Fact, Polarity, Truth

LARGEST = 5

_Ends: TypeAlias = tuple[str, str]  # concepts of the subject and the object


def contrast_reach(
    graph: KnowledgeGraph,
    relation: str,
    asset_classes: Iterable[str] = (),
    *,
    polarity: Polarity = Polarity.SELECTION,
    largest: int = LARGEST,
) -> Mapping[int, int]:
    """Return for each group size from 1 how many facts fit a group of that size; size 1 counts all facts.

    Args:
        asset_classes: slugs or labels; empty: all.
        polarity: selection asks about the yes facts; elimination about the no facts, with yes and no changed over.
    """
    slugs = [graph.asset_class(a).slug for a in asset_classes] or list(graph.asset_classes)
    reach = dict.fromkeys(range(1, largest + 1), 0)
    for facts in _tables(graph, relation, slugs):
        for size in _largest_groups(facts, polarity, largest):
            for k in range(1, size + 1):
                reach[k] += 1
    return reach


def _tables(graph: KnowledgeGraph, relation: str, slugs: Sequence[str]) -> Iterable[Sequence[Fact]]:
    tables, wanted = Tables(graph), set(slugs)
    yield [f for f in tables.facts("", relation) if f.asset_class.slug in wanted]
    yield from (tables.facts(slug, relation) for slug in slugs)


def _largest_groups(facts: Sequence[Fact], polarity: Polarity, largest: int) -> list[int]:
    """Return for each fact that can be asked the size of the largest group around it, up to `largest`."""
    right = Truth.YES if polarity is Polarity.SELECTION else Truth.NO
    truth = {(f.subject.concept, f.object.concept): f.truth for f in facts if f.truth is not Truth.UNKNOWN}
    asked = [ends for ends, found in truth.items() if found is right]
    together = _together(asked, [ends for ends, found in truth.items() if found is not right])
    sizes = [1] * len(asked)
    for k in range(2, largest + 1):
        for i in range(len(asked)):
            if sizes[i] == k - 1 and (group := _clique(together, together[i], k - 1)) is not None:
                for member in (i, *group):
                    sizes[member] = k
    return sizes


def _together(asked: Sequence[_Ends], wrong: Sequence[_Ends]) -> list[int]:
    """Return for each fact the mask of those that can stand in a group with it.

    Those are the facts whose option is wrong for its anchor, and whose anchor finds its option wrong.
    """
    of_anchor: Counter[str] = Counter()
    of_option: Counter[str] = Counter()
    for i, (a, o) in enumerate(asked):
        of_anchor[a] |= 1 << i
        of_option[o] |= 1 << i
    beside_anchor: Counter[str] = Counter()
    beside_option: Counter[str] = Counter()
    for a, o in wrong:
        beside_anchor[a] |= of_option[o]
        beside_option[o] |= of_anchor[a]
    return [beside_anchor[a] & beside_option[o] for a, o in asked]


def _clique(together: Sequence[int], open_: int, k: int) -> list[int] | None:
    """Return k facts out of a mask that all go together, or None: backtracking, exact."""
    if k == 0:
        return []
    while open_.bit_count() >= k:
        low = open_ & -open_
        open_ ^= low
        i = low.bit_length() - 1
        rest = _clique(together, open_ & together[i], k - 1)
        if rest is not None:
            return [i, *rest]
    return None
