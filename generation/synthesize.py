"""Facts become questions: families, distractors from stated *no* only, balanced letters, disjoint splits."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import groupby

from failwise.files import content_id
from failwise.generation.config import QuestionsConfig
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Entity, Fact, Family, Polarity, Truth

LETTERS = "ABCDEFGHIJ"
_DRAWS = 6  # tries for an option set not used yet, before a smaller one is tried
_SPREAD = 4.0  # differences in degree smaller than this are often overruled by chance, so that sets vary


@dataclass
class Synthesis:
    """Makes all questions of one configuration; `unasked` counts facts that no question could ask, by reason."""

    graph: KnowledgeGraph
    config: QuestionsConfig
    unasked: Counter[str] = field(default_factory=Counter)

    def __iter__(self) -> Iterator[Question]:
        """Yield questions, grouped by asset class and relation, in an order that depends on nothing else."""
        assets, held_out = self._asset_classes(), self._held_out()
        families = [f for r in self.graph.relations.values() for f in r.families if self._wanted(r.name)]
        by_direction = [list(g) for _, g in groupby(families, key=lambda f: (f.relation, f.direction))]
        for asset in assets:
            splits = self._splits(asset in held_out)
            for same_direction in by_direction:
                facts = list(self.graph.query(asset, same_direction[0].relation))
                if facts:
                    yield from _Group(self, facts, same_direction, splits).questions()

    def _wanted(self, relation: str) -> bool:
        return not self.config.relations or relation in self.config.relations

    def _asset_classes(self) -> list[str]:
        for relation in self.config.relations:
            next(self.graph.query(relation=relation), None)  # refuses an unknown name
        named = self.config.asset_classes or tuple(self.graph.asset_classes)
        return sorted(self.graph.asset_class(name).slug for name in named)

    def _held_out(self) -> set[str]:
        return {twin for n in self.config.held_out for twin in self.graph.kin(self.graph.asset_class(n).slug)}

    def _splits(self, held_out: bool) -> list[str]:
        """Return the split of each question of a fact, in order; test questions take the first option sets."""
        train, test = self.config.train_per_fact, self.config.test_per_fact
        if self.config.regime == "held-out-asset":
            return ["test"] * test if held_out else ["train"] * train
        return ["test"] * test + ["train"] * train


@dataclass
class _Group:
    """The questions of one asset class, relation and direction: they share anchors and option sets."""

    synthesis: Synthesis
    facts: Sequence[Fact]
    families: Sequence[Family]
    splits: Sequence[str]

    def __post_init__(self) -> None:
        self.config = self.synthesis.config
        self.forward = self.families[0].direction is Direction.FORWARD
        self.degrees = self._degrees()
        self.made: set[str] = set()

    def questions(self) -> Iterator[Question]:
        """Yield the questions of every anchor, selection and elimination."""
        anchors: dict[str, list[Fact]] = {}
        for fact in self.facts:
            anchors.setdefault(self._anchor(fact).concept, []).append(fact)
        for facts in anchors.values():
            self._start(self._anchor(facts[0]))
            used: set[frozenset[str]] = set()
            for family in self.families:
                yield from self._ask(family, facts, used)

    def _start(self, anchor: Entity) -> None:
        """Draw for each anchor by itself, so that a changed fact leaves the questions of other anchors as they are."""
        family = self.families[0]
        asset = self.facts[0].asset_class.slug
        key = f"{self.config.seed}/{asset}/{family.relation}/{family.direction}/{anchor.slug}"
        self.random = random.Random(int.from_bytes(blake2b(key.encode(), digest_size=8).digest()))
        self.positions: dict[tuple[Polarity, int], list[int]] = {}
        self.wordings: dict[Polarity, list[int]] = {}

    def _ask(self, family: Family, facts: Sequence[Fact], used: set[frozenset[str]]) -> Iterator[Question]:
        right_truth = Truth.YES if family.polarity is Polarity.SELECTION else Truth.NO
        rights = [f for f in facts if f.truth is right_truth]
        sign = -1 if right_truth is Truth.YES else 1
        others = [
            (sign * self.degrees[self._option(f).concept], f)
            for f in facts
            if f.truth is not right_truth and f.truth is not Truth.UNKNOWN
        ]
        unasked = self.synthesis.unasked
        unasked["unknown"] += sum(f.truth is Truth.UNKNOWN for f in facts)
        if len(others) + 1 < self.config.min_options:
            unasked[f"no stated {'no' if right_truth is Truth.YES else 'yes'} beside it"] += len(rights)
            return
        for right in rights:
            taught: list[list[Fact]] = []
            for split in self.splits:
                chosen = self._draw(right, others, used)
                if chosen is None and split == "train" and taught:
                    chosen = self._again(taught)
                if chosen is None:
                    unasked[f"no option set left for {split}"] += 1
                    continue
                if split == "train":
                    taught.append(chosen)
                question = self._question(family, right, chosen, split)
                if question.id in self.made:
                    unasked["the same question again"] += 1
                    continue
                self.made.add(question.id)
                yield question

    def _again(self, taught: Sequence[list[Fact]]) -> list[Fact]:
        """Return an option set that was taught already: in another wording and order it still teaches the fact."""
        chosen = list(self.random.choice(taught))
        self.random.shuffle(chosen)
        return chosen

    def _draw(self, right: Fact, others: Sequence[tuple[int, Fact]], used: set[frozenset[str]]) -> list[Fact] | None:
        """Return distractors whose set with the right option was not used yet: large sets first.

        Preferred are those that a guesser by degree would take instead of the right option: of high degree
        beside a yes, of low degree beside a no. `others` come with their degree, signed so that low is preferred.
        """
        most = min(self.config.max_options - 1, len(others))
        chance = self.random.random
        for count in range(most, self.config.min_options - 2, -1):
            for _ in range(_DRAWS if count < len(others) else 1):
                chosen = [f for _, f in sorted(others, key=lambda other: other[0] + _SPREAD * chance())[:count]]
                key = frozenset((right.id, *(f.id for f in chosen)))
                if key not in used:
                    used.add(key)
                    self.random.shuffle(chosen)
                    return chosen
        return None

    def _question(self, family: Family, right: Fact, others: Sequence[Fact], split: str) -> Question:
        position = self._next_position(family.polarity, len(others) + 1)
        facts = [*others[:position], right, *others[position:]]
        anchor, options = self._anchor(right), [self._option(f) for f in facts]
        template = family.templates[self._next_wording(family)]
        text = template.text.format(asset=right.asset_class.label, anchor=anchor.label)
        labels, ids = tuple(o.label for o in options), tuple(f.id for f in facts)
        selection = family.polarity is Polarity.SELECTION
        return Question(
            subject=family.subject,
            id=content_id(template.id, text, labels, ids),
            question=text,
            options=labels,
            option_ids=tuple(LETTERS[: len(facts)]),
            question_first=True,
            correct=tuple(i == position for i in range(len(facts))),
            text_type="choice",
            asset_name=right.asset_class.label,
            relevancy=family.relevancy,
            question_type="mcp1_positive" if selection else "mcp1_negative",
            asset_class=right.asset_class.slug,
            relation=family.relation,
            direction=family.direction,
            polarity=family.polarity,
            anchor=anchor.slug,
            fact_ids=ids,
            tested_fact=right.id,
            template=template.id,
            distractor_kinds=tuple("answer" if f is right else "same-anchor" for f in facts),
            difficulty=self._difficulty(options, position, selection),
            seed=self.config.seed,
            regime=self.config.regime,
            split=split,
            ontology=self.synthesis.graph.digest,
        )

    def _next_position(self, polarity: Polarity, count: int) -> int:
        """Deal the right letter from a shuffled deck, so that each comes equally often."""
        deck = self.positions.setdefault((polarity, count), [])
        if not deck:
            deck.extend(self.random.sample(range(count), count))
        return deck.pop()

    def _next_wording(self, family: Family) -> int:
        deck = self.wordings.setdefault(family.polarity, [])
        if not deck:
            deck.extend(self.random.sample(range(len(family.templates)), len(family.templates)))
        return deck.pop()

    def _difficulty(self, options: Sequence[Entity], position: int, selection: bool) -> str:
        """Say whether the option with the most (fewest) yes facts is the right one: easy, or not: hard."""
        degrees = [self.degrees[o.concept] if selection else -self.degrees[o.concept] for o in options]
        best = [i for i, d in enumerate(degrees) if d == max(degrees)]
        return "easy" if best == [position] else "medium" if position in best else "hard"

    def _anchor(self, fact: Fact) -> Entity:
        return fact.subject if self.forward else fact.object

    def _option(self, fact: Fact) -> Entity:
        return fact.object if self.forward else fact.subject

    def _degrees(self) -> Counter[str]:
        """Count the yes facts of each option in the asset class, or in the others where the class is the anchor."""
        facts: Iterator[Fact] | Sequence[Fact] = self.facts
        asset = self.facts[0].asset_class
        if self.facts[0].subject.iri == asset.iri:
            everywhere = self.synthesis.graph.query(relation=self.families[0].relation)
            facts = (f for f in everywhere if f.asset_class.iri != asset.iri and f.basis != "inherited")
        return Counter(self._option(f).concept for f in facts if f.truth is Truth.YES)
