"""Find the facts that questions from elsewhere ask about, and say which could not be found and why."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from failwise.generation.formats.link_report import (
    NO_ANCHOR,
    NO_ASSET_CLASS,
    NO_FACT,
    NO_ORIGINAL,
    NO_RELATION,
    NOT_HERE,
    OTHER_ORIGINAL,
    LinkReport,
    Note,
    link_report,
)
from failwise.generation.records import Arity, Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.names import slugify
from failwise.kg.records import Direction, Entity, Fact, Family, Polarity

# Words by which a question asks for what does not hold, where no field says so.
_DENIAL = re.compile(
    r"\b(?:not|never|no|cannot|non-?relevant|irrelevant|unrelated|insignificant|unimportant|inapplicable|least|except|exception"
    r"|excluded?|disregard(?:ed)?|ignored?|without|nothing)\b",
    re.IGNORECASE,
)


def link_facts(
    questions: Iterable[Question], graph: KnowledgeGraph, originals: Sequence[Question] = ()
) -> tuple[list[Question], LinkReport]:
    """Link questions to the facts they ask about.

    Asset class and relation are taken from the fields of a question where it has them, else from its text. A
    question that has facts already keeps them.

    Args:
        originals: the questions that these are variants of, by id; what their texts no longer say is taken from there.
    """
    linker = _Linker(graph)
    sources = {q.id: linker.link(q)[0] for q in originals}
    linked, not_linked = [], []
    for question in questions:
        found, note = linker.link_variant(question, sources) if sources else linker.link(question)
        linked.append(found)
        if note:
            not_linked.append(note)
    unnamed = Counter(option for q in linked if q.fact_ids for option in linker.unnamed(q))
    return linked, link_report(linked, graph, not_linked, unnamed)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read a question: what it gives, and the fact of each option (none where nothing is stated)."""

    asset_class: Entity
    family: Family
    anchor: Entity
    facts: tuple[Fact | None, ...]

    @property
    def missing(self) -> int:
        return self.facts.count(None)


class _Linker:
    """Reads questions with the names of one graph."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.graph = graph
        self.families = [f for r in graph.relations.values() for f in r.families]
        self.by_relevancy = {f.relevancy: f for f in self.families}
        self.facts: dict[tuple[str, str, str, str], Fact] = {}
        self.names: dict[tuple[str, Direction], set[str]] = {}
        self.across: set[str] = set()
        for fact in graph.facts.values():
            subject, object_ = slugify(fact.subject.label), slugify(fact.object.label)
            self.facts[fact.asset_class.slug, fact.relation, subject, object_] = fact
            self.names.setdefault((fact.relation, Direction.FORWARD), set()).add(object_)
            self.names.setdefault((fact.relation, Direction.INVERSE), set()).add(subject)
            if fact.subject.iri == fact.asset_class.iri:
                self.across.add(fact.relation)
        named = [(slugify(e.label), e) for e in graph.asset_classes.values()]
        self.classes = {e.slug: e for _, e in named} | dict(named)
        self.longest_first = sorted(named, key=lambda pair: (-len(pair[0]), pair[0]))
        self._anchors: dict[tuple[str, str, Direction], list[tuple[str, Entity]]] = {}

    # --- one question ---

    def link(self, question: Question) -> tuple[Question, Note | None]:
        """Return the question with its facts, or as it is with the reason why there are none."""
        if question.fact_ids:
            gone = next((i for i in question.fact_ids if i and i not in self.graph.facts), None)
            return question, Note(question.id, NOT_HERE, gone) if gone else None
        classes = self._classes(question)
        if not classes:
            return question, Note(question.id, NO_ASSET_CLASS, question.asset_name)
        families = self._families(question)
        if not families:
            return question, Note(question.id, NO_RELATION, question.relevancy or question.subject)
        best: _Reading | None = None
        found: Note | None = None
        for entity in classes:
            for family in families:
                reading = self._read(question, entity, family)
                if isinstance(reading, Note):
                    found = reading if found is None or reading.reason == NO_FACT else found
                elif best is None or reading.missing < best.missing:
                    best = reading
        return (question, found) if best is None else (self._with_facts(question, best), None)

    def link_variant(self, question: Question, sources: dict[str, Question]) -> tuple[Question, Note | None]:
        """Return the question with what its original says of it; without an original, what its own text says."""
        original = sources.get(question.id)
        if original is None:
            linked, note = self.link(question)
            return linked, note and replace(note, reason=f"{note.reason}; {NO_ORIGINAL}")
        right, marks = _right(original), dict(zip(question.options, question.correct, strict=True))
        if right != _right(question) or not marks.keys() >= set(original.options):
            return question, Note(question.id, OTHER_ORIGINAL)
        variant = replace(
            question,
            asset_name=question.asset_name or original.asset_name,
            relevancy=question.relevancy or original.relevancy,
            asset_class=original.asset_class,
            relation=original.relation,
            direction=original.direction,
            polarity=original.polarity,
            anchor=original.anchor,
            fact_ids=self._like(original, question.options),
            tested_fact=original.tested_fact,
            ontology=original.ontology,
            perturbation_of=original.id,
        )
        return variant, None if variant.fact_ids else Note(question.id, NO_ANCHOR)

    def _like(self, original: Question, options: Iterable[str]) -> tuple[str, ...]:
        """Return the facts of options beside those of the original: about the same anchor."""
        known = dict(zip(original.options, original.fact_ids, strict=False))
        one = next((self.graph.facts[i] for i in original.fact_ids if i), None)
        if one is None:
            return ()
        forward = original.direction is Direction.FORWARD
        given = slugify((one.subject if forward else one.object).label)
        found = []
        for option in options:
            ends = (given, slugify(option)) if forward else (slugify(option), given)
            fact = self.facts.get((one.asset_class.slug, one.relation, *ends))
            found.append(known.get(option, fact.id if fact else ""))
        return tuple(found)

    def unnamed(self, question: Question) -> Iterator[str]:
        """Yield the options of a linked question that have no fact and that the ontology has no name for."""
        names = self.names.get((question.relation, question.direction or Direction.FORWARD), ())
        for option, fact_id in zip(question.options, question.fact_ids, strict=True):
            if not fact_id and slugify(option) not in names:
                yield option

    def _with_facts(self, question: Question, reading: _Reading) -> Question:
        ids = tuple(fact.id if fact else "" for fact in reading.facts)
        tested = ids[question.answer] if question.arity is Arity.SINGLE else ""
        first = next(fact for fact in reading.facts if fact is not None)
        asset = self.graph.facts[tested].asset_class if tested else first.asset_class
        return replace(
            question,
            asset_name=question.asset_name or reading.asset_class.label,
            relevancy=question.relevancy or reading.family.relevancy,
            asset_class=asset.slug,
            relation=reading.family.relation,
            direction=reading.family.direction,
            polarity=reading.family.polarity,
            anchor=reading.anchor.slug,
            fact_ids=ids,
            tested_fact=tested,
            ontology=self.graph.digest,
        )

    # --- what a question is about ---

    def _classes(self, question: Question) -> list[Entity]:
        """Return the asset class that a field names, or all that the text names, the longest name first."""
        if question.asset_name:
            named = self.classes.get(slugify(question.asset_name))
            return [named] if named else []
        text = _padded(question.question)
        return [e for name, e in self.longest_first if f"-{name}-" in text]

    def _families(self, question: Question) -> list[Family]:
        """Return the family that a field names, or those of the kind of analysis that a field names.

        Relations of the asset class itself are read last: the asset class is named in every question.
        """
        if question.relevancy:
            family = self.by_relevancy.get(question.relevancy)
            return [family] if family else []
        of_kind = [f for f in self.families if f.subject == question.subject] or self.families
        return sorted(of_kind, key=lambda f: f.relation in self.across)

    def _read(self, question: Question, asset: Entity, family: Family) -> _Reading | Note:
        forward = family.direction is Direction.FORWARD
        across = family.relation in self.across
        anchor: Entity | None
        if across and forward:
            anchor = asset
        else:
            anchor = self._anchor(question.question, "" if across else asset.slug, family.relation, family.direction)
        if anchor is None:
            return Note(question.id, NO_ANCHOR, asset.label)
        if not question.relevancy and _polarity(question, anchor) is not family.polarity:
            return Note(question.id, NO_RELATION, family.polarity)
        given = slugify(anchor.label)
        facts: list[Fact | None] = []
        for option, correct in zip(map(slugify, question.options), question.correct, strict=True):
            owner = self.classes.get(option) if across and not forward else asset
            ends = (given, option) if forward else (option, given)
            fact = self.facts.get((owner.slug, family.relation, *ends)) if owner else None
            if fact is None and correct:
                return Note(question.id, NO_FACT, f"{asset.label}, {anchor.label}: {option}")
            facts.append(fact)
        # One fact alone could be met by chance; a right and a wrong option that both have one are no accident.
        if len(facts) - facts.count(None) < 2:
            return Note(question.id, NO_FACT, f"{asset.label}, {anchor.label}")
        return _Reading(asset, family, anchor, tuple(facts))

    def _anchor(self, text: str, asset: str, relation: str, direction: Direction) -> Entity | None:
        """Return the entity with the longest name that stands in the text, else all of whose words do."""
        padded = _padded(text)
        words = set(padded.split("-"))
        names = self._known(asset, relation, direction)
        whole = next((e for name, e in names if f"-{name}-" in padded), None)
        return whole or next((e for name, e in names if words.issuperset(name.split("-"))), None)

    def _known(self, asset: str, relation: str, direction: Direction) -> list[tuple[str, Entity]]:
        """Return the anchors of a table by name, the longest first."""
        key = (asset, relation, direction)
        if key not in self._anchors:
            facts = self.graph.query(asset or None, relation)
            ends = (f.subject if direction is Direction.FORWARD else f.object for f in facts)
            names = {slugify(e.label): e for e in ends}
            self._anchors[key] = sorted(names.items(), key=lambda pair: (-len(pair[0]), pair[0]))
        return self._anchors[key]


def _right(question: Question) -> set[str]:
    return {option for option, correct in zip(question.options, question.correct, strict=True) if correct}


def _padded(text: str) -> str:
    return f"-{slugify(text)}-"


def _polarity(question: Question, anchor: Entity) -> Polarity:
    """Return which kind of option is asked for: a field says so, or the question's English words do.

    The anchor's name is no part of these: "does not open" is a failure mode, and no denial.
    """
    if question.question_type in ("mcp1_positive", "mcp1_negative"):
        denied = question.question_type == "mcp1_negative"
    else:
        denied = bool(_DENIAL.search(question.question.lower().replace(anchor.label.lower(), " ")))
    return Polarity.ELIMINATION if denied else Polarity.SELECTION
