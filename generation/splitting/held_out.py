"""What is held out: facts, pairs of names, entities or asset classes, as they are named or else chosen by seed."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from failwise.errors import InputError
from failwise.generation.matrices.tables import Unit
from failwise.generation.splitting.askable import rows_of
from failwise.generation.splitting.blocks import Blocks
from failwise.generation.splitting.bundles import Bundles, things
from failwise.kg.names import did_you_mean, slugify
from failwise.kg.records import Fact

_COMPARED = 16  # candidates among which each step of a choice takes the one that spreads best
Held: TypeAlias = tuple[set[str], set[str]]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Chooses what is held out, until it is about `share` of the facts that can be asked.

    Args:
        units: the tables that questions are drawn from.
        askable: by id, those of their facts that can be asked; only they count and are chosen from.
    """

    bundles: Bundles
    units: Sequence[Unit]
    askable: Mapping[str, Fact]
    share: float
    random: random.Random

    def choose(self, wanted: Sequence[str]) -> Held:
        """Return the names of what is held out, and the ids of all facts about it.

        Args:
            wanted: names, as the regime has them; empty: chosen by seed.
        """
        choices: Mapping[str, Callable[[Sequence[str]], Held]] = {
            "held-out-fact": self._facts,
            "held-out-pair": self._pairs,
            "held-out-entity": self._entities,
            "held-out-asset": self._assets,
        }
        return choices[self.bundles.regime](wanted)

    # --- facts and pairs of names ---

    def _facts(self, wanted: Sequence[str]) -> Held:
        return set(), self._of(self._in_blocks())

    def _pairs(self, wanted: Sequence[str]) -> Held:
        test = self._of(self._named_pairs(wanted) if wanted else self._in_blocks())
        about = (f for f in self.bundles.facts if f.id in test)
        return {" / ".join(sorted((f.subject.label, f.object.label))) for f in about}, test

    def _of(self, bundles: Collection[str]) -> set[str]:
        return {f.id for f in self.bundles.facts if self.bundles.of[f.id] in bundles}

    def _in_blocks(self) -> set[str]:
        bundles, own = self.bundles, {i for i, f in self.askable.items() if not self.bundles.conditional(f)}
        rows = frozenset(bundles.of[i] for i in own if self.askable[i].relation in bundles.functional)
        units = [replace(unit, facts=[f for f in unit.facts if f.id in own]) for unit in self.units]
        return Blocks(units, bundles.of, rows, self.share, self.random).choose()

    def _named_pairs(self, wanted: Iterable[str]) -> set[str]:
        known: dict[tuple[str, ...], str] = {}
        for fact in self.bundles.facts:
            for one, other in ((fact.subject, fact.object), (fact.object, fact.subject)):
                known.setdefault((slugify(one.label), slugify(other.label)), self.bundles.of[fact.id])
                known.setdefault((one.slug, other.slug), self.bundles.of[fact.id])
        return {_pair_of(text, known) for text in wanted}

    # --- entities and asset classes ---

    def _entities(self, wanted: Sequence[str]) -> Held:
        names, facts = self.bundles.names, self.bundles.facts
        keys = self._named_entities(wanted) if wanted else self._spread(self._by_entity())
        labels = {e.label for f in facts for e in things(f) if names[e.iri] in keys}
        return labels, {f.id for f in facts if any(names[e.iri] in keys for e in things(f))}

    def _named_entities(self, wanted: Iterable[str]) -> set[str]:
        known: dict[str, str] = {}
        for fact in self.bundles.facts:
            for entity in things(fact):
                known.setdefault(entity.slug, self.bundles.names[entity.iri])
                known.setdefault(slugify(entity.label), self.bundles.names[entity.iri])
        return {known[_found(name, known, "entity")] for name in wanted}

    def _by_entity(self) -> dict[str, list[Fact]]:
        """Return the facts about each entity that questions ask around; levels of a rating are none."""
        names, graph = self.bundles.names, self.bundles.graph
        about: dict[str, dict[str, Fact]] = defaultdict(dict)
        anchors: set[str] = set()
        for row in rows_of(graph, self.askable.values()).values():
            # The anchor is the end that all facts of the row share.
            ends = [{names[e.iri] for e in things(f)} for f in row]
            if len({f.truth for f in row}) == 2:
                anchors |= set.intersection(*ends)
            for fact, ends_of_it in zip(row, ends, strict=True):
                for name in ends_of_it:
                    about[name][fact.id] = fact
        anchors -= {names[e.iri] for e in graph.asset_classes.values() if e.iri in names}
        anchors -= {names[f.object.iri] for f in self.askable.values() if f.relation in self.bundles.functional}
        return {name: list(about[name].values()) for name in anchors}

    def _assets(self, wanted: Sequence[str]) -> Held:
        graph, kin = self.bundles.graph, self.bundles.kin
        if wanted:
            keys = {kin[graph.asset_class(name).slug] for name in wanted}
        else:
            candidates: dict[str, list[Fact]] = defaultdict(list)
            for fact in self.askable.values():
                candidates[kin[fact.asset_class.slug]].append(fact)
            keys = self._spread(candidates)
        labels = {graph.asset_classes[slug].label for slug in graph.asset_classes if kin[slug] in keys}
        return labels, {f.id for f in self.bundles.facts if kin[f.asset_class.slug] in keys}

    def _spread(self, candidates: Mapping[str, Sequence[Fact]]) -> set[str]:
        """Choose some until about `share` of the facts are held out, of every relation if it can be."""
        goal = {r: self.share * n for r, n in Counter(f.relation for f in self.askable.values()).items()}
        held: dict[str, Fact] = {}
        have: Counter[str] = Counter()
        chosen: set[str] = set()
        order = sorted(candidates)
        self.random.shuffle(order)
        while order and len(held) < self.share * len(self.askable):
            fresh = {c: Counter(f.relation for f in candidates[c] if f.id not in held) for c in order[:_COMPARED]}
            gain = {c: sum(_gain(goal[r], have[r], n) for r, n in counts.items()) for c, counts in fresh.items()}
            best = max(gain, key=lambda c: gain[c])
            if gain[best] <= 0 and chosen:
                del order[:_COMPARED]
                continue
            order.remove(best)
            chosen.add(best)
            have.update(fresh[best])
            held.update((f.id, f) for f in candidates[best])
        return chosen


def _gain(goal: float, have: int, more: int) -> float:
    """Return how much nearer to its goal a relation comes, as squares of shares."""
    return ((goal - have) ** 2 - (goal - have - more) ** 2) / goal


def _found(name: str, known: Collection[str], what: str) -> str:
    if (slug := slugify(name)) in known:
        return slug
    raise InputError(f"held_out: unknown {what} {name!r}{did_you_mean(slug, known)} Labels and slugs are known")


def _pair_of(text: str, known: Mapping[tuple[str, ...], str]) -> str:
    """Return the bundle of a pair "a / b"; names may hold a slash themselves."""
    parts = text.split("/")
    if len(parts) < 2:
        raise InputError(f"held_out: {text!r} is no pair of names; write the two with a slash between: a / b")
    for i in range(1, len(parts)):
        pair = (slugify("/".join(parts[:i])), slugify("/".join(parts[i:])))
        if pair in known:
            return known[pair]
    spelled = (" / ".join(pair) for pair in known)
    raise InputError(
        f"held_out: no fact is about the pair {text!r}{did_you_mean(text, spelled)} The names may stand in any order"
    )
