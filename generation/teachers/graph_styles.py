"""How each style argues from the facts behind the options. All name every option and cite its fact."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from failwise.generation.records import Style
from failwise.generation.teachers.graph_sentences import Point, SentenceWriter, capital, runs, sentence
from failwise.kg.records import Direction, Entity, Fact


@dataclass(frozen=True, slots=True)
class Case:
    """What a rationale argues from: options with facts in their order, options without, and further facts on offer."""

    points: Sequence[Point]
    silent: Sequence[str]
    direction: Direction | None
    background: Sequence[Fact]
    elimination: bool

    @property
    def holding(self) -> list[Point]:
        """Return the options that hold."""
        return [point for point in self.points if point.holds]

    @property
    def failing(self) -> list[Point]:
        """Return the options that do not."""
        return [point for point in self.points if not point.holds]


def standard(case: Case, writer: SentenceWriter) -> list[str]:
    """Take the options one after the other, in their order."""
    opening = writer.dice.choose(writer.words.openings)
    sentences = [opening] if opening else []
    if writer.dice.coin():
        for run in runs(case.points):
            sentences += writer.affirmed(run) if run[0].holds else writer.denied(run)
    else:
        sentences += [sentence(writer.single(point)) for point in case.points]
    return [*sentences, *writer.silent(case.silent)]


def expert(case: Case, writer: SentenceWriter) -> list[str]:
    """Say what is judged, what lies behind it, what holds, and what does not."""
    return [
        _about(case, writer),
        *(_background(fact, writer) for fact in case.background),
        *writer.affirmed(case.holding),
        *writer.denied(case.failing, after=() if writer.words.none else case.holding),
        *writer.silent(case.silent),
    ]


def inductive(case: Case, writer: SentenceWriter) -> list[str]:
    """Go from one observation per option to what they have in common."""
    first, further = writer.words.observed[writer.dice.coin()]
    observations = []
    for place, point in enumerate(case.points):
        words = writer.single(point)
        observations.append((further if place else first).format(s=words, S=capital(words)))
    pattern = writer.dice.choose(writer.words.patterns[_pattern(case)])
    return [*observations, *writer.silent(case.silent), pattern]


def concise(case: Case, writer: SentenceWriter) -> list[str]:
    """Give what holds, and dismiss the others in a clause."""
    holding = case.holding
    return [
        *writer.affirmed(holding),
        *writer.denied(case.failing, after=holding),
        *writer.silent(case.silent),
    ]


ARGUMENTS: Mapping[Style, Callable[[Case, SentenceWriter], list[str]]] = {
    Style.STANDARD: standard,
    Style.EXPERT: expert,
    Style.INDUCTIVE: inductive,
    Style.CONCISE: concise,
}


def _about(case: Case, writer: SentenceWriter) -> str:
    """Name the asset class and what the question gives."""
    words, fact = writer.words, case.points[0].fact
    anchor = fact.subject if case.direction is Direction.FORWARD else fact.object
    if case.points[0].end == "asset":
        return writer.dice.choose(words.about_kin).format(anchor=_named(anchor, writer))
    writer.named.add(fact.asset_class.iri)
    wordings = words.about_asset if anchor.iri == fact.asset_class.iri else words.about
    return writer.dice.choose(wordings).format(anchor=_named(anchor, writer), asset=fact.asset_class.label)


def _named(entity: Entity, writer: SentenceWriter) -> str:
    kind = entity.kind.rpartition("#")[2]
    return f"{writer.words.kinds.get(kind, '')}{writer.quoted(entity.label)}"


def _background(fact: Fact, writer: SentenceWriter) -> str:
    words = writer.graph.statement(fact)
    return writer.dice.choose(writer.words.background).format(s=words, S=capital(words), id=fact.id)


def _pattern(case: Case) -> str:
    """Return what the observations have in common, as a key of the patterns."""
    holding, failing = len(case.holding), len(case.failing)
    if case.silent or (holding > 1 and failing > 1):
        return "mixed"
    if not holding or not failing:
        return "all" if holding else "none"
    return "one" if holding == 1 and (failing > 1 or not case.elimination) else "but one"
