"""How much of another question set a training set holds: a published benchmark may then measure recall."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from failwise.errors import InputError
from failwise.generation.records import Question
from failwise.generation.splitting.crossings import Reader, pair_label
from failwise.kg.graph import KnowledgeGraph


@dataclass(frozen=True, slots=True)
class Held:
    """How many of a set's facts (or pairs, entities, …) a training set holds."""

    what: str
    held: int
    of: int

    @property
    def share(self) -> float:
        """Return the share that is held."""
        return self.held / self.of if self.of else 0.0

    def __str__(self) -> str:
        return f"{100 * self.share:.1f} % of its {self.what} ({self.held:,} of {self.of:,})"


@dataclass(frozen=True, slots=True)
class ExternalCoverage:
    """What a training set holds of an external set. `unlinked` counts its questions without facts of the graph."""

    name: str
    questions: int
    unlinked: int
    rows: tuple[Held, ...]

    def sentence(self) -> str:
        """Say it in one sentence."""
        held = ", ".join(map(str, self.rows))
        left_out = f"; {self.unlinked:,} of its {self.questions:,} questions have no facts" if self.unlinked else ""
        return f"this training set holds of {self.name} {held}{left_out}"

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return {**asdict(self), "rows": [{**asdict(r), "share": r.share} for r in self.rows]}


def external_coverage(
    train: Sequence[Question], external: Sequence[Question], graph: KnowledgeGraph, name: str = "the external set"
) -> ExternalCoverage:
    """Count what a training set holds of an external one: its facts, names, asset classes, stems and questions.

    A fact is held if a training question uses it in any role, or one that settles it. A question is held if every
    fact is that one must know to answer it.

    Raises:
        InputError: the external set is empty, or a question names a fact that the graph does not have.
    """
    if not external:
        raise InputError(f"{name} holds no question")
    reader = Reader(graph)
    ours, theirs = _facts(train, reader, "the training question"), _facts(external, reader, f"the question of {name}")

    def entities(fact_id: str) -> list[Hashable]:
        return [e.concept for e in reader.things(fact_id)]

    known = {t for i in ours for t in reader.claims(i)}
    facts = {i for i in theirs if not known.isdisjoint(reader.claims(i))}
    pairs = {t for i in ours for t in reader.pairs(i)}
    in_pairs = {i for i in theirs if not pairs.isdisjoint(reader.pairs(i))}
    linked = [q for q in external if any(q.fact_ids)]
    stems = {q.question for q in train}
    rows = (
        Held("facts", len(facts), len(theirs)),
        _labelled("name pairs", in_pairs, theirs, lambda i: pair_label(reader.fact(i))),
        _shared("entities", ours, theirs, entities),
        _shared("asset classes", ours, theirs, lambda i: (reader.fact(i).asset_class.slug,)),
        Held("stems", len({q.question for q in external} & stems), len({q.question for q in external})),
        Held("questions", sum(facts.issuperset(q.tested_facts) for q in linked), len(external)),
    )
    return ExternalCoverage(name, len(external), len(external) - len(linked), rows)


def _facts(questions: Iterable[Question], reader: Reader, what: str) -> set[str]:
    """Return the facts of questions, known to the graph one and all."""
    return {reader.fact(i, f"{what} {q.id}").id for q in questions for i in q.fact_ids if i}


def _labelled(what: str, held: set[str], facts: set[str], label: Callable[[str], str]) -> Held:
    return Held(what, len(set(map(label, held))), len(set(map(label, facts))))


def _shared(what: str, ours: set[str], theirs: set[str], of: Callable[[str], Iterable[Hashable]]) -> Held:
    wanted = {t for i in theirs for t in of(i)}
    return Held(what, len(wanted & {t for i in ours for t in of(i)}), len(wanted))
