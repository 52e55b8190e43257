"""Which facts are asked next: those asked least first, until a quota is full, or until every fact has its turn."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from failwise.generation.drawing.drawn import Drawn, Ungrouped
from failwise.generation.drawing.option_sets import OptionSets
from failwise.generation.matrices.contrast import Pair, bits


@dataclass(slots=True)
class Drawer(OptionSets):
    """Draws questions with one right option from one table and polarity.

    Args:
        elsewhere: questions of the other split by fact, as `tested` counts those of this one.
    """

    elsewhere: Sequence[int] = field(kw_only=True)
    drawn_fair: int = 0
    alone: int = 0

    def draw(self, k: int, n: int, *, none: bool = False, alone: bool = False) -> Iterator[Drawn]:
        """Yield up to n questions of k options ("none of these" included), those of one contrast group together.

        Facts that were asked least come first. Fewer questions come where no fact has a free option set left.

        Args:
            alone: ask the facts that are in no contrast group of this size, not those that are.
        """
        listed = k - none
        heap = self._heap(listed, grouped=not alone)
        while n > 0 and heap:
            a, o = self._least(heap)
            if (a, o) in self.matchings.telling and self.tested[self.index[a][o]]:
                continue  # its words tell the answer: once is enough
            if made := (self.singly if alone else self.grouped)((a, o), listed, n, none):
                yield from made
                n -= len(made)
                heappush(heap, (self.tested[self.index[a][o]], self.rng.random(), a, o))

    def each(self, fewest: int, most: int, times: int, open_: Ungrouped, none_share: float = 0.0) -> Iterator[Drawn]:
        """Yield questions until every fact was asked so many times; facts that others need as contrast come more often.

        A fact in contrast groups gets any number of options that its groups allow, and "none of these" as one of them.
        Those in none, and those whose words tell the answer, get what `open_` grants: on these a guesser gains.
        """
        random_, telling = self.rng.random, self.matchings.telling
        for fair in (True, False):
            facts = self._heap(fewest, grouped=True)
            if fair:
                facts = [f for f in facts if f[2:] not in telling]
            else:
                facts = [f for f in facts if f[2:] in telling] + self._heap(fewest, grouped=False)
            heapify(facts)
            while facts and (fair or open_.room(self.drawn_fair, self.alone)):
                a, o = self._least(facts)
                if self.tested[self.index[a][o]] >= (times if fair else min(times, open_.times)):
                    break
                made = self._some(a, o, fewest, most, none_share)
                if made:
                    yield from made
                    heappush(facts, (self.tested[self.index[a][o]], random_(), a, o))
                self.drawn_fair += len(made) * fair
                self.alone += len(made) * (not fair)

    def _some(self, a: int, o: int, fewest: int, most: int, none_share: float) -> list[Drawn]:
        """Return questions around a fact with any number of options that it can have."""
        reach = self.matchings.reach((a, o))
        grouped = reach >= fewest
        none = most > 2 and self.rng.random() < none_share
        least = max(2, fewest - none)
        size = min(most - none, reach) if grouped else least
        listed = least + int(self.rng.random() * (size - least + 1))
        draw = self.grouped if grouped else self.singly
        return draw((a, o), listed, listed + none, none) if listed <= size else []

    def cover(
        self, k: int, *, alone: bool = False, only: Collection[int] | None = None, most: int = 1 << 60
    ) -> Iterator[Drawn]:
        """Yield a question of k options for each fact that neither split asked, or all questions of its group.

        Args:
            alone: ask no facts that are in contrast groups.
            only: places of the facts in no contrast group that may be asked here; all, if not given.
            most: questions at most.
        """
        for a, o in self._unasked(k):
            place = self.index[a][o]
            if most <= 0:
                return
            if self.tested[place]:
                continue  # in another one's group, just now
            made: list[Drawn] = []
            if self.matchings.reach((a, o)) >= k:
                made = [] if alone else self.grouped((a, o), k, k, False) or self.filled([(a, o)], k, 1, False)
            elif only is None or place in only:
                made = self.filled([(a, o)], k, 1, False)
            most -= len(made)
            yield from made

    def _unasked(self, k: int) -> list[Pair]:
        """Return the facts that neither split asked, those first whose distractors leave least to choose."""
        found = []
        for a, mask in enumerate(self.right):
            if self.wrong[a].bit_count() >= k - 1:
                pool = list(bits(self.wrong[a]))
                for o in bits(mask):
                    place = self.index[a][o]
                    if not self.elsewhere[place] and not self.tested[place]:
                        found.append((self.distractors.choices(o, pool, k - 1), a, o))
        return [(a, o) for _, a, o in sorted(found)]

    def _heap(self, k: int, *, grouped: bool) -> list[tuple[int, float, int, int]]:
        """Return the facts with k - 1 wrong options beside them, by questions so far; in a group of k, or not.

        Of those asked as often, the ones that the other split never asks come first.
        """
        random_, tested, elsewhere = self.rng.random, self.tested, self.elsewhere
        found = []
        for a, mask in enumerate(self.right):
            if self.wrong[a].bit_count() >= k - 1:
                row = self.index[a]
                found += [
                    (tested[row[o]], random_() + (elsewhere[row[o]] > 0), a, o)
                    for o in bits(mask)
                    if (self.matchings.reach((a, o)) >= k) is grouped
                ]
        heapify(found)
        return found

    def _least(self, heap: list[tuple[int, float, int, int]]) -> Pair:
        """Take the fact that was asked least; counts in the heap may be old, as facts are asked in others' groups."""
        while True:
            count, _, a, o = heappop(heap)
            now = self.tested[self.index[a][o]]
            if now == count:
                return a, o
            heappush(heap, (now, self.rng.random(), a, o))
