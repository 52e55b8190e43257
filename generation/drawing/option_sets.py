"""Option sets from a yes/no matrix, with one right option: contrast groups wherever the matrix has them.

A fact that is in no contrast group of the size asked for gets distractors that even out a guesser's chances.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from failwise.generation.drawing.distractors import Distractors
from failwise.generation.drawing.drawn import Drawn, Letters, Used
from failwise.generation.matrices.contrast import Matchings, Pair, bits, grown
from failwise.generation.records import Kind

_REDRAWS = 6  # tries for an option set that was not used yet
# Chosen by the first question of a group: to the others, these are noes like any.
_OF_THE_FIRST = frozenset({Kind.NAME_NEAR, Kind.EMBEDDING_NEAR, Kind.SIBLING_ASSET})


@dataclass(slots=True)
class OptionSets:
    """Option sets of one table and polarity, with one right option for each anchor asked.

    Args:
        index: place of the fact of an anchor and an option, by which `tested` counts questions.
        right: masks of options that are right, by anchor; `wrong` those that are wrong.
        matchings: contrast groups of the table.
        tested: questions so far by fact, shared by both directions of a table.
        letters: deals the places of right options.
        variants: how often an anchor and its option set may be asked: more would find no new wording.
    """

    index: Sequence[Sequence[int]]
    right: Sequence[int]
    wrong: Sequence[int]
    matchings: Matchings
    tested: list[int]
    letters: Letters
    rng: random.Random
    used: Used
    distractors: Distractors
    variants: int = 5
    asked: Counter[Pair] = field(default_factory=Counter)
    partners: list[int] = field(init=False)
    quiet: list[int] = field(init=False)
    drawn: dict[tuple[Pair, int], list[Sequence[Pair]]] = field(default_factory=dict)
    groups: int = 0
    due: float = 0.0

    def __post_init__(self) -> None:
        self.partners = self.matchings.partners(self.right)
        self.quiet = self.matchings.quiet(self.wrong)

    def grouped(self, pair: Pair, k: int, n: int, none: bool) -> list[Drawn]:
        """Return the questions of a contrast group of k around a fact; nothing where its groups are used up."""
        fitting = [m for m in self.matchings.of[pair] if len(m) >= k]
        first = not self.tested[self.index[pair[0]][pair[1]]]
        for attempt in range(_REDRAWS):
            matching: Sequence[Pair] = fitting[int(self.rng.random() * len(fitting))]
            if attempt > 1:  # those known are used up, it seems
                matching = grown(pair, self.partners, self.quiet, k, self.rng)
                if len(matching) < k:
                    continue
            found = self._members(pair, matching, k)
            mask = sum(1 << o for _, o in found)
            if none and not self._nobodies(mask):
                continue
            keys = [(a, mask) for a, _ in found[:n]]
            # A fact whose partners were all asked over these options before is asked beside them again.
            again = attempt == _REDRAWS - 1 and self.used.free(keys[:1]) and self._repeatable(keys)
            if (again or self.used.free(keys)) and self._ours(found, found, first):
                self._remember(found[:n], found)
                return self._written(found, [(o, Kind.ANSWER) for _, o in found], n, none)
        return self._repeated(pair, k, n, none)

    def _ours(self, found: Sequence[Pair], shown: Sequence[Pair], first: bool) -> bool:
        """Say whether an option set falls to this split, by the facts it shows, whichever of them are right."""
        index = self.index
        return self.used.share >= 1 or self.used.ours([index[a][o] for a, _ in found for _, o in shown], first)

    def _remember(self, asked: Sequence[Pair], found: Sequence[Pair]) -> None:
        for pair in asked:
            self.drawn.setdefault((pair, len(found)), []).append(found)

    def _repeated(self, pair: Pair, k: int, n: int, none: bool) -> list[Drawn]:
        """Return a group that was drawn before: in another wording and order it still teaches and asks its facts."""
        masks = [(sum(1 << o for _, o in group), group) for group in self.drawn.get((pair, k), ())]
        if none:
            masks = [(mask, group) for mask, group in masks if self._nobodies(mask)]
        if not masks:
            return []
        mask, found = masks[int(self.rng.random() * len(masks))]
        # A part of the group may have been left out before, and gone to the other split since. Without all of its
        # questions the group would not be fair.
        if not self._repeatable([(a, mask) for a, _ in found]):
            return []
        ordered = [pair, *(p for p in found if p != pair)]
        return self._written(ordered, [(o, Kind.ANSWER) for _, o in ordered], n, none)

    def _repeatable(self, keys: Sequence[Pair]) -> bool:
        """Say whether option sets may be asked once more, and have wordings left."""
        return self.used.taken.isdisjoint(keys) and all(self.asked[key] < self.variants for key in keys)

    def _members(self, pair: Pair, matching: Sequence[Pair], k: int) -> list[Pair]:
        """Return k pairs of a matching, the given one first: those asked least, with a little chance."""
        if len(matching) == k:
            return [pair, *(m for m in matching if m != pair)]
        random_, tested, index = self.rng.random, self.tested, self.index
        others = sorted((tested[index[b][p]] + random_(), (b, p)) for b, p in matching if (b, p) != pair)
        return [pair, *(other for _, other in others[: k - 1])]

    def singly(self, pair: Pair, k: int, n: int, none: bool) -> list[Drawn]:
        """Return questions around a fact, with a smaller contrast group where it has one, and distractors beside it."""
        return self.filled(self._part(pair, k, n), k, n, none)

    def _part(self, pair: Pair, k: int, n: int) -> list[Pair]:
        """Return a smaller contrast group around a fact, to be filled up: as many as leave k options."""
        own = self.matchings.of.get(pair) or [(pair,)]
        matching = own[int(self.rng.random() * len(own))]
        found = self._members(pair, matching, min(k, n, len(matching)))
        while len(found) > 1 and len(found) + self._common(found).bit_count() < k:
            found.pop()
        return found

    def _common(self, found: Sequence[Pair]) -> int:
        """Return the options that are wrong for all anchors."""
        open_ = self.wrong[found[0][0]]
        for a, _ in found[1:]:
            open_ &= self.wrong[a]
        return open_

    def filled(self, found: list[Pair], k: int, n: int, none: bool) -> list[Drawn]:
        """Return questions about these facts over one option set, filled up with distractors; none if all is used up.

        Args:
            found: pairs of a contrast group, or one.
        """
        pool = list(bits(self._common(found)))
        a, o = found[0]
        first = not self.tested[self.index[a][o]]
        for attempt in range(_REDRAWS):
            options = [(p, Kind.ANSWER) for _, p in found]
            if attempt < 2:
                options += self.distractors.beside(found, pool, k - len(found))
            else:  # the best are used up
                options += [(p, Kind.SAME_ANCHOR) for p in self.rng.sample(pool, k - len(found))]
            mask = sum(1 << p for p, _ in options)
            if none and not self._nobodies(mask):
                continue
            keys = [(b, mask) for b, _ in found]
            again = attempt == _REDRAWS - 1 and self.used.own.issuperset(keys) and self._repeatable(keys)
            if again or (self.used.free(keys) and self._ours(found, [(0, p) for p, _ in options], first)):
                return self._written(found, options, n, none)
        return []

    def _written(self, found: Sequence[Pair], options: Sequence[tuple[int, Kind]], n: int, none: bool) -> list[Drawn]:
        """Return at most n questions over the same options in one order, and count what was asked and shown.

        The options begin with the right ones, in the order of `found`.
        """
        nobody = self._nobody(sum(1 << o for o, _ in options), len(found), n) if none else None
        found = found[: n - (nobody is not None)]
        k, m = len(options), len(found)
        places = self.letters.deal(k, m, self.rng, none)
        order: list[tuple[int, Kind] | None] = [None] * k
        for place, option in zip(places, options[:m], strict=True):
            order[place] = option
        others = options[m:]
        if len(others) > 1:
            others = self.rng.sample(others, len(others))
        rest = iter(others)
        shown = [next(rest) if option is None else option for option in order]
        listed, mask = tuple([o for o, _ in shown]), sum([1 << o for o, _ in shown])
        kinds: list[Kind] = [Kind.CONTRAST if kind is Kind.ANSWER else kind for _, kind in shown]
        several = m + (nobody is not None) > 1
        self.groups += several
        group = self.groups if several else 0
        self.distractors.count(listed, [o for _, o in found])
        made = []
        for (a, o), place in zip(found, places, strict=True):
            self.tested[self.index[a][o]] += 1
            self.used.own.add((a, mask))
            self.asked[a, mask] += 1
            kinds[place] = Kind.ANSWER
            made.append(Drawn(a, listed, tuple([p == place for p in range(k)]), tuple(kinds), none, group))
            kinds[place] = Kind.CONTRAST
            if self.distractors.strategies:
                kinds = [Kind.SAME_ANCHOR if kind in _OF_THE_FIRST else kind for kind in kinds]
        if nobody is not None:
            made.append(Drawn(nobody, listed, (False,) * k, tuple(kinds), True, group))
        return made

    def _nobodies(self, mask: int) -> list[int]:
        """Return the anchors for which all options are wrong."""
        taken = self.used.taken
        return [a for a, wrong in enumerate(self.wrong) if not mask & ~wrong and (a, mask) not in taken]

    def _nobody(self, mask: int, asked: int, n: int) -> int | None:
        """Return an anchor for which all options are wrong, where "none of these" is to be right: one question in k.

        What is due adds up over the questions, so that it is met where they are few, or where an option set has none.
        """
        k = mask.bit_count() + 1
        anchors, due = self._nobodies(mask), self.due + min(n, asked + 1) / k
        if not anchors or due < self.rng.random():
            self.due += min(n, asked) / k
            return None
        self.due = due - 1
        a = anchors[int(self.rng.random() * len(anchors))]
        self.used.own.add((a, mask))
        return a
