"""What every perturbation shares: what it may look at, how it says no, and how a variant of a question is made."""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, TypeAlias

from failwise.files import content_id
from failwise.generation.perturbing.synonyms import Synonyms
from failwise.generation.records import Arity, Kind, Question, Reject
from failwise.generation.teachers.teacher import Teacher
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Entity, Fact, Polarity, Truth

# An option that says something about the others stays where it is; one that names them by letter forbids moving.
_LAST = re.compile(r"(?:none|all) of (?:these|the above|them)|keine?r? (?:davon|der genannten)|nichts davon", re.I)
_BY_LETTER = re.compile(r"\b(?:both )?\(?[A-J1-9]\)? (?:and|or|und|oder) \(?[A-J1-9]\)?|of (?:these|the above)", re.I)


class NotMade(Exception):
    """A variant that cannot be made of a question. `reject` holds what a teacher wrote in vain."""

    def __init__(self, reason: str, reject: Reject | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.reject = reject


@dataclass(frozen=True, slots=True)
class Aids:
    """What some perturbations need, and the sizes of others.

    Args:
        translated: the same ontology in another language.
        synonyms: other names of entities.
        teacher: writes paraphrases, `attempts` times at most for a question.
        most_options: up to this many options are filled in.
        noise_rate: share of the common words of a stem that get a typing error.
    """

    translated: KnowledgeGraph | None = None
    synonyms: Synonyms | None = None
    teacher: Teacher | None = None
    attempts: int = 3
    most_options: int = 10
    noise_rate: float = 0.15


@dataclass(frozen=True)
class Context:
    """All that a perturbation may look at besides its question.

    `allowed` holds the facts that a split may use, where the splits divide the facts; a split that is not in it may
    use all.
    """

    graph: KnowledgeGraph | None = None
    seed: int = 0
    aids: Aids = field(default_factory=Aids)
    allowed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    _tables: dict[tuple[str, str, Direction], dict[str, dict[str, Fact]]] = field(default_factory=dict)

    def dice(self, kind: str, question: Question) -> random.Random:
        """Return random numbers that depend on seed, kind and question alone."""
        key = f"{self.seed}/{kind}/{question.id}"
        return random.Random(int.from_bytes(blake2b(key.encode(), digest_size=8).digest()))

    def knowledge(self) -> KnowledgeGraph:
        """Return the graph.

        Raises:
            NotMade: there is none.
        """
        if self.graph is None:
            raise NotMade("needs a graph")
        return self.graph

    def may_use(self, question: Question, fact: Fact) -> bool:
        """Say whether a question of this split may rest on a fact."""
        allowed = self.allowed.get(question.split)
        return allowed is None or fact.id in allowed

    def table(self, question: Question, across: bool) -> dict[str, dict[str, Fact]]:
        """Return the facts of a question's table: by the concept of the anchor, then of the option."""
        if question.direction is None:
            raise NotMade("has no facts of the graph")
        key = ("" if across else question.asset_class, question.relation, question.direction)
        found = self._tables.get(key)
        if found is None:
            found = self._tables[key] = {}
            for fact in self.knowledge().query(key[0] or None, key[1]):
                if is_across(fact) is across:
                    anchor, option = ends(fact, key[2])
                    found.setdefault(anchor.concept, {}).setdefault(option.concept, fact)
        return found


Perturbation: TypeAlias = Callable[[Question, Context], Question]


def is_across(fact: Fact) -> bool:
    """Say whether the asset class itself is the fact's subject, so that its table goes across asset classes."""
    return fact.subject.iri == fact.asset_class.iri


def ends(fact: Fact, direction: Direction | None) -> tuple[Entity, Entity]:
    """Return anchor and option of a fact."""
    return (fact.subject, fact.object) if direction is Direction.FORWARD else (fact.object, fact.subject)


def right_truth(polarity: Polarity | None) -> Truth:
    """Return the truth of the facts behind right options."""
    return Truth.NO if polarity is Polarity.ELIMINATION else Truth.YES


def facts_of(question: Question, context: Context) -> tuple[Fact | None, ...]:
    """Return the fact behind each option; None behind an option that has none.

    Raises:
        NotMade: the question has no facts, or the graph does not know or not share them.
    """
    graph = context.knowledge()
    if question.direction is None or question.polarity is None or not any(question.fact_ids):
        raise NotMade("has no facts of the graph")
    facts = tuple(graph.facts.get(i) if i else None for i in question.fact_ids)
    right = right_truth(question.polarity)
    for fact_id, fact, correct in zip(question.fact_ids, facts, question.correct, strict=True):
        if fact_id and (fact is None or (fact.truth is right) is not correct):
            raise NotMade("its facts are not those of the graph")
    return facts


def any_fact(facts: Sequence[Fact | None]) -> Fact:
    """Return the first fact there is."""
    return next(f for f in facts if f is not None)


def fixed_last(question: Question) -> bool:
    """Say whether the last option speaks of the others ("none of these") and has to stay last."""
    kinds = question.distractor_kinds
    if kinds and kinds[-1]:
        return kinds[-1] == Kind.NONE_OF_THESE
    return _LAST.match(question.options[-1].strip()) is not None


def movable(question: Question) -> int:
    """Return how many options, counted from the first, may change places.

    Raises:
        NotMade: an option names others by their letters.
    """
    count = len(question.options) - fixed_last(question)
    if any(_BY_LETTER.search(option) for option in question.options[:count]) and not any(question.fact_ids):
        raise NotMade("an option speaks of other options")
    return count


def variant(original: Question, kind: str, context: Context, /, **changes: Any) -> Question:
    """Return a variant of a question: linked to it, with its split and an id of its own.

    It stays in its contrast group where options, anchor and polarity are the same; its difficulty is known as long
    as it rests on the same facts.
    """
    made = replace(original, **changes, perturbation=kind, perturbation_of=original.id, seed=context.seed)
    if not _same_task(original, made):
        kinds = tuple(Kind.SAME_ANCHOR if k == Kind.CONTRAST else k for k in made.distractor_kinds)
        made = replace(made, group="", distractor_kinds=kinds)
        if sorted(made.fact_ids) != sorted(original.fact_ids) or made.polarity is not original.polarity:
            made = replace(made, difficulty="")
    parts = (made.question, made.options, made.option_ids, made.correct, made.fact_ids, made.question_first)
    return replace(made, id=content_id("perturbation", kind, original.id, *parts))


def _same_task(one: Question, other: Question) -> bool:
    def task(q: Question) -> tuple[object, ...]:
        return sorted(q.options), q.anchor, q.asset_class, q.polarity, q.arity

    return task(one) == task(other)


def tested(correct: Sequence[bool], fact_ids: Sequence[str], arity: Arity) -> str:
    """Return the fact of the one right option, or nothing where several are asked for."""
    if arity is Arity.MULTIPLE or not fact_ids or sum(correct) != 1:
        return ""
    return fact_ids[list(correct).index(True)]


def rearranged(question: Question, order: Sequence[int]) -> dict[str, Any]:
    """Return options, truths, facts and kinds of a question in another order, or some of them; letters stay."""
    kept = {"options": question.options, "correct": question.correct}
    beside = {"fact_ids": question.fact_ids, "distractor_kinds": question.distractor_kinds}
    moved = {name: tuple(values[i] for i in order) for name, values in kept.items()}
    moved |= {name: tuple(values[i] for i in order) if values else () for name, values in beside.items()}
    return {**moved, "option_ids": question.option_ids[: len(order)]}


def with_name(name: str) -> "re.Pattern[str]":
    """Return a pattern that finds a name as whole words, in either case, whatever stands between them."""
    words = r"\W+".join(map(re.escape, re.findall(r"\w+", name)))
    return re.compile(rf"(?<!\w){words}(?!\w)", re.I)
