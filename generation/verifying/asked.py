"""What a question asks of the graph: the facts of its options, and the things that these are about."""

from collections.abc import Iterator, Sequence

from failwise.generation.records import Question
from failwise.generation.verifying.claims import Finding, NameBook
from failwise.generation.verifying.naming import Known, known, name_key, name_parts
from failwise.generation.verifying.signs import NAME, Sign
from failwise.kg.records import Direction, Entity, Fact, Polarity, Truth


class Asked:
    """A question beside the graph.

    `facts` are the ids of the options' facts, "" where an option has none; `wanted` is the truth that the right option
    has. All options' facts share the `anchor` and the asset class.
    """

    def __init__(self, book: NameBook, question: Question) -> None:
        self.book, self.question, self.known = book, question, book.graph.facts
        self.facts: Sequence[str] = question.fact_ids or ("",) * len(question.options)
        self.place = {fact: i for i, fact in enumerate(self.facts) if fact}
        self.wanted = question.polarity is not Polarity.ELIMINATION
        self.asset: Entity | None = None
        self.anchor: Entity | None = None
        self.option_kind = self.anchor_kind = self.anchor_key = ""
        if (fact := self._typical()) is not None:
            option, self.anchor = self.ends(fact)
            self.asset = fact.asset_class
            self.option_kind, self.anchor_kind = book.kind(option), book.kind(self.anchor)
            self.anchor_key = name_key(self.anchor.label)

    def _typical(self) -> Fact | None:
        """Return the first fact of the question's own relation, or of any."""
        facts = [self.known[fact] for fact in self.facts if fact in self.known]
        return next((fact for fact in facts if fact.relation == self.question.relation), facts[0] if facts else None)

    def ends(self, fact: Fact) -> tuple[Entity, Entity]:
        """Return the end of a fact that its option names, and the other one."""
        forward = self.question.direction is not Direction.INVERSE or fact.relation != self.question.relation
        return (fact.object, fact.subject) if forward else (fact.subject, fact.object)

    def kinds(self) -> frozenset[str]:
        """Return the classes of the things that the question is about."""
        found = {self.book.kind(self.asset)} if self.asset is not None else set[str]()
        found |= {self.anchor_kind} if self.anchor is not None else set()
        return frozenset(found | {self.option_kind} if self.option_kind else found)

    def names(self, cited: Sequence[str]) -> Iterator[Known]:
        """Yield the names that a rationale of this question is likely to use.

        Args:
            cited: the ids that it cites.
        """
        kinds = frozenset((self.option_kind,))
        for option, (label, fact_id) in enumerate(zip(self.question.options, self.facts, strict=True)):
            yield known(label, option, kinds)
            fact = self.known.get(fact_id)
            if fact is not None and (entity := self.ends(fact)[0]).label != label:
                yield known(entity.label, option, kinds)
        if self.anchor is not None and self.asset is not None:
            yield self._known(self.anchor)
            yield self._known(self.asset)
        for fact_id in cited:
            fact = self.known.get(fact_id) if fact_id not in self.place else None
            if fact is not None:
                yield from map(self._known, (fact.subject, fact.object, fact.asset_class))

    def _known(self, entity: Entity) -> Known:
        return known(entity.label, -1, frozenset((self.book.kind(entity),)))

    def stranger(self, entity: Entity, signs: Sequence[Sign]) -> bool:
        """Say whether signs name another thing of an entity's class and not the entity.

        A shorter form of the entity's own name is no stranger.
        """
        key = name_key(entity.label)
        names = []
        for sign in signs:
            if sign.name == key:
                return False
            if sign.kind == NAME:
                names.append(sign)
        if not names:
            return False
        kind, own = self.book.kind(entity), name_parts(entity.label)
        return any(kind in name.kinds and not name.parts <= own for name in names)

    def finding(self, fact_id: str, truth: bool | None) -> Finding:
        """Return what the graph says to the truth that a text gives to a fact."""
        stated = self._stated(fact_id)
        if truth is None or stated is None:
            return Finding.UNVERIFIABLE
        return Finding.SUPPORTED if stated is truth else Finding.CONTRADICTED

    def _stated(self, fact_id: str) -> bool | None:
        fact = self.known.get(fact_id)
        if fact is None:
            return None
        return True if fact.truth is Truth.YES else False if fact.truth is Truth.NO else None

    def right(self, option: int) -> bool:
        """Say whether an option is right by the graph."""
        return self._stated(self.facts[option]) is self.wanted

    def fact_with(self, anchor: Sign, option: int) -> str:
        """Return the id of the fact that joins another anchor with an option, or "" if the graph has none."""
        own = self.known.get(self.facts[option])
        if own is None or self.anchor is None:
            return ""
        end, _ = self.ends(own)
        for slug in self.book.slugs(self.anchor_kind, anchor.name):
            ends = (slug, end.slug) if end is own.object else (end.slug, slug)
            found = f"{own.asset_class.slug}/{own.relation}/{ends[0]}/{ends[1]}"
            if found in self.known:
                return found
        return ""
