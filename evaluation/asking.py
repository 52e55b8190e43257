"""A student's answer to one question, held against what the graph knows."""

from dataclasses import dataclass
from itertools import chain

from failwise.evaluation.calibration import Calibration, best, finite, probabilities
from failwise.evaluation.typed_linking import fact_of, right_by_graph
from failwise.generation.config import RationalesConfig
from failwise.generation.records import Question
from failwise.generation.verifying.claims import Finding
from failwise.generation.verifying.rules import Verifier
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.names import slugify
from failwise.kg.records import Fact, Truth

MOST_FACTS = 10  # of those that are shown on the chosen option


@dataclass(frozen=True, slots=True)
class Choice:
    """An option: what the student makes of it, and whether it is right by the graph (None: the graph does not know).

    `score` is None where it is no number, and `probability` where any score is none.
    """

    label: str
    text: str
    score: float | None
    probability: float | None
    right: bool | None
    fact_id: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A claim of the student's reasons, and what the graph says to it; `fact_id` is "" where no fact is claimed."""

    sentence: str
    finding: Finding
    fact_id: str
    known: str = ""


@dataclass(frozen=True, slots=True)
class Cited:
    """A fact id in the reasons: what the fact says, "" if there is none, and whether it stands beside its names."""

    fact_id: str
    known: str
    beside_its_names: bool


@dataclass(frozen=True, slots=True)
class Known:
    """A fact of the graph in words, why it is held for true or false, and where that is from."""

    fact_id: str
    statement: str
    basis: str
    source: str


@dataclass(frozen=True, slots=True)
class Reply:
    """All there is to say of one answer.

    `chosen` is the place of the chosen option; None is "no answer". `apart`, `ends_in` and `unnamed` are those of what
    was said (`Spoken`). `agrees` says whether the chosen option is right
    by the graph; None: the graph does not know. `uncalibrated` says why there is no calibration, where there is none.
    """

    question: Question
    student: str
    options: tuple[Choice, ...]
    chosen: int | None
    confidence: float | None
    calibration: Calibration | None
    uncalibrated: str
    reasons: str
    apart: bool
    ends_in: int | None
    unnamed: bool
    claims: tuple[Said, ...]
    citations: tuple[Cited, ...]
    facts: tuple[Known, ...]
    agrees: bool | None

    @property
    def contradicted(self) -> bool:
        """Say whether the graph contradicts the choice, or a claim of the reasons."""
        return self.agrees is False or any(said.finding is Finding.CONTRADICTED for said in self.claims)

    @property
    def right(self) -> tuple[Choice, ...]:
        """Options that are right by the graph."""
        return tuple(option for option in self.options if option.right)


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a student gave to a question: its scores, its reasons if it writes any, and which student it is.

    `apart` says that it was asked for the reasons by themselves: the scores do not rest on them. `ends_in` is the place
    of the option that such reasons end in; None: in none. `unnamed` says that the student was asked without the name of
    the asset class, which it never learned.
    """

    student: str
    scores: tuple[float, ...]
    reasons: str = ""
    apart: bool = False
    ends_in: int | None = None
    unnamed: bool = False


def hold_against(
    graph: KnowledgeGraph,
    question: Question,
    spoken: Spoken,
    calibration: Calibration | None = None,
    uncalibrated: str = "",
) -> Reply:
    """Return an answer with its confidence, and with what the graph says to its choice and its reasons."""
    shares: tuple[float | None, ...] = (None,) * len(spoken.scores)
    chosen = best(spoken.scores)
    if chosen is not None:
        shares = probabilities(spoken.scores, calibration.temperature if calibration else 1.0)
    options = tuple(
        Choice(
            label,
            text,
            score if finite([score]) else None,
            share,
            right_by_graph(question, place, graph),
            fact.id if fact else "",
        )
        for place, (label, text, score, share) in enumerate(
            zip(question.option_ids, question.options, spoken.scores, shares, strict=True)
        )
        for fact in (fact_of(question, place, graph),)
    )
    claims, citations = _read(graph, question, spoken.reasons)
    return Reply(
        question=question,
        student=spoken.student,
        options=options,
        chosen=chosen,
        confidence=None if chosen is None else shares[chosen],
        calibration=calibration,
        uncalibrated=uncalibrated,
        reasons=spoken.reasons,
        apart=spoken.apart,
        ends_in=spoken.ends_in,
        unnamed=spoken.unnamed,
        claims=claims,
        citations=citations,
        facts=() if chosen is None else tuple(_known(f, graph) for f in _facts_on(question, chosen, graph)),
        agrees=None if chosen is None else options[chosen].right,
    )


def _read(graph: KnowledgeGraph, question: Question, text: str) -> tuple[tuple[Said, ...], tuple[Cited, ...]]:
    """Return the claims and the citations of a text, each with what the graph knows."""
    if not text:
        return (), ()
    reading = Verifier(graph, RationalesConfig()).read(question, text)
    misplaced = {cited for cited, _ in reading.misplaced}

    def known(fact_id: str) -> str:
        fact = graph.facts.get(fact_id)
        return _known(fact, graph).statement if fact else ""

    claims = tuple(Said(c.sentence, c.finding, c.fact_id, known(c.fact_id)) for c in reading.claims)
    return claims, tuple(Cited(i, known(i), i in graph.facts and i not in misplaced) for i in reading.cited)


def _facts_on(question: Question, place: int, graph: KnowledgeGraph) -> list[Fact]:
    """Return the option's own fact and what it was calculated from; without one, what else is known of its name."""
    fact = fact_of(question, place, graph)
    if fact is not None:
        return [fact, *(graph.facts[i] for i in fact.derivation if i in graph.facts)][:MOST_FACTS]
    slug, said = slugify(question.options[place]), f"-{slugify(f'{question.asset_name} {question.question}')}-"
    named = (f for f in chain(graph.query(subject=slug), graph.query(object=slug)) if f.truth is not Truth.UNKNOWN)
    return [f for f in named if f"-{slugify(f.asset_class.label)}-" in said][:MOST_FACTS]


def _known(fact: Fact, graph: KnowledgeGraph) -> Known:
    unknown = fact.truth is Truth.UNKNOWN
    words_of_it = f"unknown: {fact.subject.label}, {fact.object.label}" if unknown else graph.statement(fact)
    return Known(fact.id, words_of_it, fact.basis, fact.source)
