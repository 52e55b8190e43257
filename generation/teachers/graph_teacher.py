"""The teacher that needs no model: it writes the chain of thought from the graph's own evidence."""

from collections.abc import Sequence

from failwise.generation.config import RationalesConfig
from failwise.generation.records import Arity, Kind, Question, Style
from failwise.generation.teachers.graph_sentences import Dice, Point, SentenceWriter, joined
from failwise.generation.teachers.graph_styles import ARGUMENTS, Case
from failwise.generation.teachers.graph_words import graph_words
from failwise.generation.teachers.teacher import TeacherReply, TeacherRequest
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Entity, Fact, Polarity, Truth

MECHANISM = "hasMechanism"
_MOST_BACKGROUND = 3  # facts that an expert adds


class GraphTeacher:
    """Says of every option what the graph says, cites the fact, and draws the conclusion.

    It answers by the graph alone, whatever a question holds for right; where the graph does not decide, it says so.
    """

    def __init__(self, config: RationalesConfig, graph: KnowledgeGraph) -> None:
        self._seed = config.seed
        self._graph = graph
        self._words = graph_words(graph.language)

    def reason(self, request: TeacherRequest) -> TeacherReply:
        """Write the rationale; the same question gets the same one."""
        question = request.question
        points, silent = self._points(question)
        right = self._right(question, points)
        if right is None:
            return TeacherReply("", None, fault="undecided")
        dice = Dice(self._seed, request.style, question.id)
        writer = SentenceWriter(self._graph, self._words, dice)
        background = self._background(request, points) if request.style is Style.EXPERT else ()
        elimination = question.polarity is Polarity.ELIMINATION
        case = Case(points, silent, question.direction, background, elimination)
        argument = ARGUMENTS[request.style](case, writer)
        text = " ".join([*argument, self._conclusion(question, right, request.style, writer)])
        answer = ",".join(question.option_ids[place] for place in right) or "none"
        return TeacherReply(text, answer, completion_tokens=len(text.split()))

    def _points(self, question: Question) -> tuple[list[Point], list[str]]:
        """Return the options that the graph knows something about, and those that it does not."""
        points, silent = [], []
        none = _none_of_these(question)
        fact_ids = question.fact_ids or ("",) * len(question.options)
        for place, (option, fact_id) in enumerate(zip(question.options, fact_ids, strict=True)):
            fact = self._graph.facts.get(fact_id)
            if fact is not None and fact.truth is not Truth.UNKNOWN:
                points.append(Point(option, fact, self._end(question, fact)))
            elif place != none:
                silent.append(option)
        return points, silent

    def _end(self, question: Question, fact: Fact) -> str:
        """Return the slot that an option stands in: an option from outside the asset class is always an object."""
        if question.direction is Direction.FORWARD or fact.relation != question.relation:
            return "object"
        across = fact.subject.iri == fact.asset_class.iri
        return "asset" if across and "{asset}" in self._graph.relations[fact.relation].statement else "subject"

    def _right(self, question: Question, points: Sequence[Point]) -> list[int] | None:
        """Return the positions of the right options by the graph; None where it does not settle them."""
        wanted = question.polarity is not Polarity.ELIMINATION
        known = {point.fact.id: point.holds for point in points}
        right = [i for i, fact_id in enumerate(question.fact_ids) if known.get(fact_id) is wanted]
        none = _none_of_these(question)
        if not right and none is not None:
            right = [none]
        single = question.arity is Arity.SINGLE
        return None if not points or (single and len(right) != 1) else right

    def _background(self, request: TeacherRequest, points: Sequence[Point]) -> list[Fact]:
        """Return offered facts: what options that hold were derived from, and mechanisms of the failure mode."""
        options = set(request.question.fact_ids)
        offered = [self._graph.facts[i] for i in request.evidence if i in self._graph.facts and i not in options]
        origins = {i for point in points if point.holds for i in point.fact.derivation}
        first = points[0].fact
        asked = {_anchor(request.question, first).iri}
        found = [f for f in offered if f.id in origins or (f.relation == MECHANISM and f.subject.iri in asked)]
        return [f for f in found if f.truth is Truth.YES][:_MOST_BACKGROUND]

    def _conclusion(self, question: Question, right: Sequence[int], style: Style, writer: SentenceWriter) -> str:
        none = _none_of_these(question)
        labels = joined([question.option_ids[i].rstrip(".") for i in right] or [""], writer.words.conjunction)
        holds = question.polarity is not Polarity.ELIMINATION
        if style is Style.CONCISE:
            short = writer.words.concise["labels" if right else "nothing", holds]
            return writer.dice.choose(short).format(labels=labels)
        found = "these" if none is not None and none in right else ("nothing", "one", "several")[min(len(right), 2)]
        wordings = writer.words.conclusions[found, holds]
        names = joined([writer.quoted(question.options[i]) for i in right] or [""], writer.words.conjunction)
        conclusion = writer.dice.choose(wordings).format(names=names, labels=labels)
        if none is None or none in right:
            return conclusion
        return f"{writer.words.none_drops_out.format(none=question.options[none])} {conclusion}"


def _anchor(question: Question, fact: Fact) -> Entity:
    return fact.subject if question.direction is Direction.FORWARD else fact.object


def _none_of_these(question: Question) -> int | None:
    """Return the position of the option that denies the others."""
    kinds = question.distractor_kinds
    return kinds.index(Kind.NONE_OF_THESE) if Kind.NONE_OF_THESE in kinds else None
