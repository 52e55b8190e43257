"""Sentences about options: each option under its written name, with its fact cited right behind it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby

from failwise.files import content_id
from failwise.generation.teachers.graph_words import GraphWords
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Fact, Truth

_UNGROUPED = re.compile(r"the $|(?<!is )\b(?:a|an|any) ")


@dataclass(frozen=True, slots=True)
class Point:
    """An option and the fact behind it; `end` is the end of the fact that the option names."""

    option: str
    fact: Fact
    end: str

    @property
    def holds(self) -> bool:
        """Say whether the fact is true."""
        return self.fact.truth is Truth.YES


@dataclass(frozen=True, slots=True)
class Shape:
    """A relation's words about one of its ends: the slot for the option, what stands around it.

    `groups` says that a list can stand in the slot: not behind an article ("of the {asset}"), and not inside what an
    indefinite noun is said to be ("a failure caused by neither of them" is another failure).
    """

    text: str
    quotes: tuple[str, str]
    groups: bool


@lru_cache(maxsize=4096)
def shape(template: str, end: str) -> Shape:
    """Return the shape of a statement: {option} stands where the end stood, without the quotation marks around it."""
    slot = f"{{{end}}}"
    start = template.find(slot)
    before, after = template[max(start - 1, 0) : start], template[start + len(slot) : start + len(slot) + 1]
    quotes = (before, after) if before + after in {"„\u201c", "\u201c\u201d", '""', "«»", "»«"} else ("", "")
    quoted = f"{quotes[0]}{slot}{quotes[1]}"
    return Shape(template.replace(quoted, "{option}"), quotes, _UNGROUPED.search(template[:start]) is None)


class Dice:
    """Choices that depend on a key alone, and cost next to nothing."""

    def __init__(self, *key: object) -> None:
        self._number = int(content_id(*key), 16)

    def choose(self, wordings: Sequence[str]) -> str:
        """Return one of the wordings."""
        self._number, place = divmod(self._number, len(wordings))
        return wordings[place]

    def coin(self) -> bool:
        """Return yes or no."""
        self._number, place = divmod(self._number, 2)
        return place == 0


@dataclass
class SentenceWriter:
    """Writes the sentences of one text; it remembers which asset classes were named."""

    graph: KnowledgeGraph
    words: GraphWords
    dice: Dice
    named: set[str] = field(default_factory=set)

    def single(self, point: Point) -> str:
        """Return the statement about one option, without capital and full stop."""
        relation = self.graph.relations[point.fact.relation]
        template = relation.statement if point.holds else relation.denial
        form = self._form(point, template)
        return self._filled(form, point, cited(point, form.quotes))

    def affirmed(self, points: Sequence[Point]) -> list[str]:
        """State options that hold, those of one relation together."""
        sentences = []
        for same in by_relation(points):
            form = self._form(same[0])
            if len(same) > 1 and self.words.each and form.groups:
                listed = self.words.each.format(list=self._listed(same, self.words.conjunction))
                sentences.append(sentence(self._filled(form, same[0], listed)))
                continue
            sentences.append(sentence(self.single(same[0])))
            sentences += self._follow_up(self.words.also, same[1:], self.words.conjunction)
        return sentences

    def denied(self, points: Sequence[Point], after: Sequence[Point] = ()) -> list[str]:
        """Deny options, those of one relation together.

        Args:
            after: options that the sentences before have affirmed: "this is not true of …" can speak of them.
        """
        sentences = []
        affirmed = {point.fact.relation for point in after}
        for same in by_relation(points):
            form = self._form(same[0])
            if affirmed == {same[0].fact.relation}:
                sentences += self._follow_up(self.words.not_so, same, self.words.disjunction)
            elif len(same) > 1 and self.words.none and form.groups:
                sentences.append(sentence(self._filled(form, same[0], self._none_of(same))))
            elif self.words.nor:
                sentences.append(sentence(self.single(same[0])))
                sentences += self._follow_up(self.words.nor, same[1:], self.words.conjunction)
            else:
                sentences += [sentence(self.single(point)) for point in same]
        return sentences

    def silent(self, options: Sequence[str]) -> list[str]:
        """Say of options without a fact that nothing is known about them."""
        if not options:
            return []
        return [self.words.silent.format(list=joined([self.quoted(o) for o in options], self.words.disjunction))]

    def quoted(self, name: str) -> str:
        """Return a name as this language sets names off; a number stands as it is."""
        return name if name.isdigit() else name.join(self.words.quotes)

    def _form(self, point: Point, template: str = "") -> Shape:
        """Return the words to state an option with, without the asset class if it was named and is not the option."""
        template = template or self.graph.relations[point.fact.relation].statement
        if point.end != "asset" and point.fact.asset_class.iri in self.named:
            template = shortened(template, self.words)
        return shape(template, point.end)

    def _filled(self, form: Shape, point: Point, option: str) -> str:
        fact = point.fact
        if point.end != "asset":
            self.named.add(fact.asset_class.iri)
        return form.text.format(
            option=option, asset=fact.asset_class.label, subject=fact.subject.label, object=fact.object.label
        )

    def _none_of(self, points: Sequence[Point]) -> str:
        if len(points) == 2:
            first, second = (cited(p, self._form(p).quotes) for p in points)
            return self.words.neither.format(first=first, second=second)
        return self.words.none.format(list=self._listed(points, self.words.conjunction))

    def _follow_up(self, wordings: Sequence[str], points: Sequence[Point], link: str) -> list[str]:
        return [self.dice.choose(wordings).format(list=self._listed(points, link))] if points else []

    def _listed(self, points: Sequence[Point], link: str) -> str:
        return joined([cited(point, self._form(point).quotes) for point in points], link)


@lru_cache(maxsize=4096)
def shortened(template: str, words: GraphWords) -> str:
    """Return a statement without its asset class.

    No sentence begins with "a" then: it could be taken for the label A.
    """
    for long, short in words.shorter.items():
        left = template.replace(long, short, 1)
        if left != template and not left.startswith("a "):
            return left
    return template


def cited(point: Point, quotes: tuple[str, str]) -> str:
    """Return an option's name and its fact's id side by side."""
    return f"{quotes[0]}{point.option}{quotes[1]} [{point.fact.id}]"


def joined(names: Sequence[str], link: str) -> str:
    """Return names as a list in words."""
    return link.join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def capital(words: str) -> str:
    """Return words with a capital."""
    return f"{words[0].upper()}{words[1:]}"


def sentence(words: str) -> str:
    """Return words with a capital and a full stop."""
    return f"{capital(words)}."


def by_relation(points: Iterable[Point]) -> list[list[Point]]:
    """Part options that different words state: one from outside the asset class rests on another relation."""
    parts: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        parts.setdefault((point.fact.relation, point.end), []).append(point)
    return list(parts.values())


def runs(points: Iterable[Point]) -> list[list[Point]]:
    """Return neighbours of one relation and truth together, in their order."""
    return [list(run) for _, run in groupby(points, lambda p: (p.fact.relation, p.end, p.fact.truth))]
