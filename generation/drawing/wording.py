"""Drawn option sets put into words: the question record."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from hashlib import blake2b
from string import Formatter
from typing import Any, TypeAlias

from failwise.errors import InputError
from failwise.generation.drawing.drawn import Drawn
from failwise.generation.matrices.tables import Table, Unit
from failwise.generation.records import Arity, Kind, Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Fact, Family, Polarity, Relation, Template

LETTERS = "ABCDEFGHIJ"

# The values of a question record, in the order of its fields.
Row: TypeAlias = tuple[Any, ...]
FIELDS = tuple(f.name for f in fields(Question))
ID, OPTIONS, SPLIT = (FIELDS.index(name) for name in ("id", "options", "split"))
_IDS = [tuple(LETTERS[:k]) for k in range(len(LETTERS) + 1)]
_TYPES = {Arity.SINGLE: "mcp1", Arity.MULTIPLE: "mcp2"}
_SIGNS = {Polarity.SELECTION: "positive", Polarity.ELIMINATION: "negative"}


def family_of(relation: Relation, direction: Direction, polarity: Polarity) -> Family | None:
    """Return the family of a relation that asks this way; None where it has no wordings."""
    return next((f for f in relation.families if f.direction is direction and f.polarity is polarity), None)


def check_slots(family: Family, across: bool) -> None:
    """Refuse a wording with a slot that nothing fills.

    Raises:
        InputError: the sentence names the wording, the slot, and those that are allowed.
    """
    # Options that are asset classes have no asset class of their own to name.
    allowed = ("anchor",) if across and family.direction is Direction.INVERSE else ("asset", "anchor")
    for template in (*family.templates, *family.multiple):
        for slot in _slots(template):
            if slot not in allowed:
                raise InputError(
                    f"the wording {template.text!r} of {family.relation}, {family.direction} {family.polarity}, has "
                    f"the slot {{{slot}}}; allowed here: {', '.join(f'{{{a}}}' for a in allowed)}"
                )


def _slots(template: Template) -> list[str]:
    try:
        return [name for _, name, _, _ in Formatter().parse(template.text) if name is not None]
    except ValueError as error:
        raise InputError(
            f"the wording {template.text!r} cannot be read: {error}; write {{asset}} or {{anchor}}"
        ) from error


def question_id(*parts: str) -> str:
    """Return 16 hex digits that depend on the parts alone."""
    return blake2b("\x1f".join(parts).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Stamp:
    """What all questions of a set have in common."""

    language: str
    seed: int
    regime: str
    ontology: str
    none_of_these: str


@dataclass
class Writer:
    """Writes the questions of one family and table. `split` and `kin` (asset classes by asset class) are recorded."""

    unit: Unit
    table: Table
    family: Family
    stamp: Stamp
    split: str
    kin: Mapping[str, frozenset[str]]
    rng: random.Random
    _decks: dict[Arity, list[Template]] = field(default_factory=dict)
    _dealt: dict[Arity, int] = field(default_factory=dict)
    _worded: dict[tuple[int, bool, frozenset[int]], set[str]] = field(default_factory=dict)

    def write(self, drawn: Drawn, arity: Arity) -> Question:
        """Return the question record of an option set."""
        return Question(*self.row(drawn, arity))

    def row(self, drawn: Drawn, arity: Arity) -> Row:
        """Return the values of the question record, in the order of its fields: lines are written from these."""
        family, stamp, table = self.family, self.stamp, self.table
        row = table.index[drawn.anchor]
        facts = [self.unit.facts[row[o]] for o in drawn.options]
        right = drawn.right.index(True) if any(drawn.right) else -1
        tested = facts[right] if arity is Arity.SINGLE and right >= 0 else None
        asset = (tested or facts[0]).asset_class
        anchor = table.anchors[drawn.anchor]
        template = self._template(drawn, arity)
        text = template.text.format(asset=asset.label, anchor=anchor.label)
        forward = family.direction is Direction.FORWARD
        # What is a no for the whole asset class is the object of its fact in either direction.
        # Across asset classes a concept has one name: the one that an asset class has for it would tell the anchor.
        labels = [
            table.options[o].label
            if self.unit.across and f.relation == family.relation
            else (f.object if forward or f.relation != family.relation else f.subject).label
            for o, f in zip(drawn.options, facts, strict=True)
        ]
        ids, correct, kinds = [f.id for f in facts], drawn.right, self._kinds(drawn, facts)
        if drawn.none:
            labels.append(stamp.none_of_these)
            ids.append("")
            correct = (*correct, tested is None)
            kinds = (*kinds, Kind.NONE_OF_THESE)
        return (
            family.subject,
            question_id(template.id, text, *labels, *ids),
            text,
            tuple(labels),
            _IDS[len(labels)],
            True,
            correct,
            "choice",
            asset.label,
            family.relevancy,
            f"{_TYPES[arity]}_{_SIGNS[family.polarity]}",
            asset.slug,
            family.relation,
            family.direction,
            family.polarity,
            arity,
            anchor.slug,
            tuple(ids),
            tested.id if tested else "",
            template.id,
            kinds,
            self._group(drawn, arity),
            self._difficulty(drawn, right),
            stamp.language,
            stamp.seed,
            stamp.regime,
            self.split,
            stamp.ontology,
            "",
            None,
        )

    def _template(self, drawn: Drawn, arity: Arity) -> Template:
        """Deal wordings from a shuffled deck, so that each comes equally often; for an option set, another each time.

        An option set that came in all wordings begins anew.
        """
        deck = self._decks.get(arity)
        if deck is None:
            deck = list(self.family.templates if arity is Arity.SINGLE else self.family.multiple)
            self.rng.shuffle(deck)
            self._decks[arity] = deck
        used = self._worded.setdefault((drawn.anchor, drawn.none, frozenset(drawn.options)), set())
        number = self._dealt.get(arity, 0)
        if used:
            number = next((n for n in range(number, number + len(deck)) if deck[n % len(deck)].id not in used), number)
        self._dealt[arity] = number + 1
        template = deck[number % len(deck)]
        used.add(template.id)
        return template

    def _kinds(self, drawn: Drawn, facts: Sequence[Fact]) -> tuple[Kind, ...]:
        """Call a distractor a sibling's where the same would be right for a kin of its asset class."""
        if not self.unit.across or self.table.direction is Direction.INVERSE:
            return drawn.kinds
        return tuple(
            Kind.SIBLING_ASSET if kind is Kind.DEGREE_MATCHED and self._sibling(fact, o) else kind
            for kind, fact, o in zip(drawn.kinds, facts, drawn.options, strict=True)
        )

    def _sibling(self, fact: Fact, option: int) -> bool:
        kin = self.kin[fact.asset_class.slug]
        if len(kin) == 1:
            return False
        anchors, selection = self.table.anchors, self.family.polarity is Polarity.SELECTION
        right = self.table.yes if selection else self.table.no
        return any(
            right[a] >> option & 1 and e.slug in kin and e is not fact.asset_class for a, e in enumerate(anchors)
        )

    def _group(self, drawn: Drawn, arity: Arity) -> str:
        return f"{self._group_key}/{arity}/{drawn.group}" if drawn.group else ""

    @cached_property
    def _group_key(self) -> str:
        return f"{self.unit.key}/{self.table.direction}/{self.family.polarity}/{self.split}"

    def _difficulty(self, drawn: Drawn, right: int) -> str:
        """Say whether the option with the most (fewest) yes facts is the right one: easy, or not: hard; medium ties.

        Nothing where several are asked for.
        """
        if sum(drawn.right) > 1:
            return ""
        if right < 0:
            return "hard" if drawn.none else ""
        degrees = self.table.degrees
        own = [degrees[o] for o in drawn.options]
        selection = self.family.polarity is Polarity.SELECTION
        best = max(own) if selection else min(own)
        return ("easy" if own.count(best) == 1 else "medium") if own[right] == best else "hard"


def stamp_of(graph: KnowledgeGraph, seed: int, regime: str) -> Stamp:
    """Return what all questions from a graph have in common."""
    return Stamp(graph.language, seed, regime, graph.digest, graph.none_of_these)
