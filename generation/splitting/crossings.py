"""What two sets of questions have in common: notions of a thing that may cross, each counted with its worst cases.

A fact counts in any role: as right or wrong option, in either direction and polarity; and with all that it follows
from, what a functional relation excludes with it, and what kin of its asset class say in the same words.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import product

from failwise.errors import InputError
from failwise.generation.formats.link_report import contrary
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.names import slugify
from failwise.kg.records import Direction, Entity, Fact

_EXAMPLES = 5
Tokens = frozenset[Hashable]
CONTENT_ID = re.compile("[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Offence:
    """One thing that crosses, how many test questions it touches, and a question on each side that holds it."""

    what: str
    questions: int
    train_question: str
    train_role: str
    test_question: str
    test_role: str


@dataclass(frozen=True, slots=True)
class Crossing:
    """One notion of what may cross: how many there are on each side, and how many of the test side's cross.

    `questions` is how many test questions touch one that crosses, `share` the same of all test questions.
    """

    name: str
    train: int
    test: int
    crossing: int
    questions: int
    share: float
    examples: tuple[Offence, ...] = ()


class Reader:
    """Reads out of a graph what facts say: what else they settle, their names, and whose they are."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.graph = graph
        self.functional = {r.name for r in graph.relations.values() if r.functional}
        self.kin = cache(lambda slug: min(graph.kin(slug)))
        self.claims: Callable[[str], Tokens] = cache(self._claims)

    def fact(self, fact_id: str, where: str = "") -> Fact:
        """Return a fact.

        Raises:
            InputError: the graph does not have it.
        """
        if found := self.graph.facts.get(fact_id):
            return found
        raise InputError(
            f"{where} names the fact {fact_id!r}, which the ontology does not have; use the ontology that the "
            "questions were made from (--ontology)"
        )

    @cached_property
    def _concepts(self) -> Mapping[tuple[str, str], set[str]]:
        """Return by kind of thing and label the concepts that go by it."""
        found: dict[tuple[str, str], set[str]] = defaultdict(set)
        for fact in self.graph.facts.values():
            for entity in (fact.subject, fact.object):
                found[entity.kind, slugify(entity.label)].add(entity.concept)
        return found

    def contrary(self, q: Question) -> bool:
        """Say whether an option names another thing than its fact does, or is marked otherwise than the fact says.

        A translated or reworded option goes by a name that nothing else has. Of facts of another graph nothing is said.
        """
        ids = set(filter(None, q.fact_ids))
        if not ids or not ids <= self.graph.facts.keys():
            return False
        named = zip(q.options, q.fact_ids, strict=True)
        return any(contrary(q, self.graph)) or any(i and self._other_thing(o, self.graph.facts[i], q) for o, i in named)

    def _other_thing(self, option: str, fact: Fact, q: Question) -> bool:
        # A no of the whole asset class has the option as its object, whatever the question's direction.
        of_object = q.direction is Direction.FORWARD or fact.relation != q.relation
        thing = fact.object if of_object else fact.subject
        concepts = self._concepts.get((thing.kind, slugify(option)))
        return concepts is not None and thing.concept not in concepts

    def _claims(self, fact_id: str) -> Tokens:
        """Return all that is settled for whoever knows a fact: two facts with a common token are no two facts."""
        fact = self.graph.facts.get(fact_id)
        if fact is None:
            return frozenset((fact_id,))
        kin = self.kin(fact.asset_class.slug)
        of_class = fact.subject.iri == fact.asset_class.iri
        subjects: Iterable[str] = ("",) if of_class else names(fact.subject)
        tokens: set[Hashable] = {fact_id}
        for subject in subjects:
            tokens.update((kin, fact.relation, subject, name) for name in names(fact.object))
            if fact.relation in self.functional:
                tokens.add((kin, fact.relation, subject))
        return frozenset(tokens).union(*map(self.claims, fact.derivation))

    def pairs(self, fact_id: str) -> Tokens:
        """Return the unordered pair of names of a fact, by concept and by label."""
        fact = self.fact(fact_id)
        return frozenset(tuple(sorted(pair)) for pair in product(names(fact.subject), names(fact.object)))

    def things(self, fact_id: str) -> list[Entity]:
        """Return the ends of a fact that are not its asset class itself."""
        fact = self.fact(fact_id)
        return [e for e in (fact.subject, fact.object) if e.iri != fact.asset_class.iri]

    def asset(self, fact_id: str) -> Tokens:
        """Return whose fact it is, kin taken as one."""
        return frozenset((self.kin(self.fact(fact_id).asset_class.slug),))


def names(entity: Entity) -> tuple[str, ...]:
    """Return what an entity goes by: it is the same as another one that shares its concept or its label."""
    return (f"concept {entity.concept}", f"label {slugify(entity.label)}")


@dataclass
class Side:
    """The questions of one side: which facts they use, how many use each, and the first with the fact's role in it.

    `unlinked` have no facts, `contrary` say otherwise than theirs, `blank` offer options without words.
    """

    questions: Sequence[Question]
    reader: Reader
    name: str
    uses: Counter[str] = field(default_factory=Counter)
    first: dict[str, tuple[str, str]] = field(default_factory=dict)
    unlinked: int = 0
    contrary: int = 0
    blank: int = 0

    def __post_init__(self) -> None:
        if not self.questions:
            raise InputError(f"there is no {self.name} question, so there is nothing to compare; name a second file")
        ids = {q.id for q in self.questions}
        for q in self.questions:
            # What a blank question is about, its original says.
            self.unlinked += not any(q.fact_ids) and not (_blank(q) and q.perturbation_of in ids)
            self.blank += _blank(q)
            for fact_id, right in zip(q.fact_ids, q.correct, strict=False):
                if fact_id and fact_id not in self.first:
                    self.reader.fact(fact_id, f"the {self.name} question {q.id}")
                    role = f"{'right' if right else 'wrong'} option, {q.direction or '?'} {q.polarity or '?'}"
                    self.first[fact_id] = (q.id, role)
            self.uses.update(set(filter(None, q.fact_ids)))
            self.contrary += self.reader.contrary(q)

    def tokens(self, of: Callable[[str], Iterable[Hashable]]) -> dict[Hashable, str]:
        """Return by token a fact that has it."""
        found: dict[Hashable, str] = {}
        for fact_id in self.first:
            for token in of(fact_id):
                found.setdefault(token, fact_id)
        return found


class Comparison:
    """Compares a test side with its training side, notion by notion."""

    def __init__(self, train: Sequence[Question], test: Sequence[Question], reader: Reader) -> None:
        self.train, self.test = Side(train, reader, "training"), Side(test, reader, "test")
        self.reader = reader

    def crossings(self) -> Iterator[Crossing]:
        """Yield the rows of the certificate."""
        fact = self.reader.fact
        yield self._of_facts("facts", self.reader.claims, lambda i: i)
        yield self._of_facts("name pairs", self.reader.pairs, lambda i: pair_label(fact(i)))
        yield self._entities()
        yield self._nothing_new()
        yield self._of_facts("asset classes", self.reader.asset, lambda i: fact(i).asset_class.label)
        yield self._of_questions("option sets", _option_set)
        yield self._of_questions("stems", lambda q: q.question)
        yield self._of_questions("questions", _words)
        yield self._of_questions("originals", _origin)

    def _of_facts(self, name: str, of: Callable[[str], Tokens], label: Callable[[str], str]) -> Crossing:
        """Count what test facts have in common with a training fact, by its label."""
        seen = self.train.tokens(of)
        sources = {i: next((seen[t] for t in sorted(of(i), key=str) if t in seen), "") for i in self.test.first}
        return self._row(name, {i: source for i, source in sources.items() if source}, label)

    def _nothing_new(self) -> Crossing:
        """Count test facts whose things are all named in training: they are not about a held-out entity."""
        seen = self.train.tokens(lambda i: (n for e in self.reader.things(i) for n in names(e)))
        sources = {}
        for fact_id in self.test.first:
            known = [next((seen[n] for n in names(e) if n in seen), "") for e in self.reader.things(fact_id)]
            if all(known):
                sources[fact_id] = known[0]
        return self._row("facts without a new entity", sources, lambda i: i)

    def _row(self, name: str, sources: Mapping[str, str], label: Callable[[str], str]) -> Crossing:
        """Return the row of test facts that cross, each given with a training fact; one label is one thing."""
        uses: Counter[str] = Counter()
        worst: dict[str, str] = {}
        for fact_id in sources:
            uses[label(fact_id)] += self.test.uses[fact_id]
            worst.setdefault(label(fact_id), fact_id)
        most = sorted(uses, key=lambda w: (-uses[w], w))[:_EXAMPLES]
        examples = (Offence(w, uses[w], *self.train.first[sources[worst[w]]], *self.test.first[worst[w]]) for w in most)
        ours, theirs = (len(set(map(label, side.first))) for side in (self.train, self.test))
        return Crossing(name, ours, theirs, len(uses), *self._touched(sources), tuple(examples))

    def _touched(self, facts: Mapping[str, object] | set[str]) -> tuple[int, float]:
        """Return how many test questions use one of these facts, and their share."""
        hit = sum(any(i in facts for i in q.fact_ids) for q in self.test.questions)
        return hit, hit / len(self.test.questions)

    def _entities(self) -> Crossing:
        """Count entities by label; sharing a concept is crossing too. Options are named on both sides as a rule."""
        ours, theirs = (self._by_label(side) for side in (self.train, self.test))
        concepts = {c for facts in ours.values() for c in facts.values()}
        both = [e for e, facts in theirs.items() if e in ours or not concepts.isdisjoint(facts.values())]
        touched = {i for e in both for i in theirs[e]}
        return Crossing("entities", len(ours), len(theirs), len(both), *self._touched(touched))

    def _by_label(self, side: Side) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for fact_id in side.first:
            for entity in self.reader.things(fact_id):
                found[slugify(entity.label)][fact_id] = entity.concept
        return found

    def _of_questions(self, name: str, key: Callable[[Question], Hashable]) -> Crossing:
        """Count what whole questions of both sides have in common; where the key is None, they have nothing."""
        ours: dict[Hashable, Question] = {}
        for q in self.train.questions:
            ours.setdefault(key(q), q)
        found: dict[Hashable, list[Question]] = defaultdict(list)
        for q in self.test.questions:
            found[key(q)].append(q)
        both = sorted((found.keys() & ours.keys()) - {None}, key=lambda k: (-len(found[k]), found[k][0].id))
        examples = (
            Offence(found[k][0].question, len(found[k]), ours[k].id, "", found[k][0].id, "") for k in both[:_EXAMPLES]
        )
        hit = sum(len(found[k]) for k in both)
        return Crossing(name, len(ours), len(found), len(both), hit, hit / len(self.test.questions), tuple(examples))


def pair_label(fact: Fact) -> str:
    """Return the pair of names of a fact in words."""
    return " / ".join(sorted((fact.subject.label, fact.object.label)))


def ties(q: Question) -> Iterator[Hashable]:
    """Yield what holds a question on one side with others of its file: its original, its contrast group, its words."""
    named = (("id", q.id), ("id", q.perturbation_of), ("group", q.group))
    yield from (key for key in named if key[1])
    yield from (key for key in (_option_set(q), _words(q)) if key is not None)


def _blank(q: Question) -> bool:
    return not any(q.options)


def _option_set(q: Question) -> Hashable:
    """Return what is offered about what: an anchor with its options, whatever their order, polarity and wording."""
    facts = frozenset(filter(None, q.fact_ids))
    return (q.direction, q.anchor, facts) if facts else _words(q)


def _words(q: Question) -> Hashable:
    """Return what a question says; the same words about other facts (of another relation) are another question.

    None where the options are blank: nothing is asked then.
    """
    return None if _blank(q) else (q.question, frozenset(q.options), frozenset(filter(None, q.fact_ids)))


def _origin(q: Question) -> Hashable:
    """Return one key for a question and its variants. Ids of other files are mere numbers and tell nothing."""
    if q.perturbation_of or CONTENT_ID.fullmatch(q.id):
        return q.perturbation_of or q.id
    return _words(q)
