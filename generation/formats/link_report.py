"""What linking questions to facts came to: how many, why not the others, and where a file contradicts the ontology."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Polarity, Truth

NO_ASSET_CLASS = "no asset class of the ontology is named"
NO_RELATION = "no relation of the ontology asks this way"
NO_ANCHOR = "nothing that the ontology knows of the asset class is named in the question"
NO_FACT = "nothing is stated about the right option, or about all wrong ones"
NOT_HERE = "a fact that the ontology does not have"
NO_ORIGINAL = "the originals have no question of this id"
OTHER_ORIGINAL = "the original of this id has an option that is not there, or another answer"


@dataclass(frozen=True, slots=True)
class Note:
    """A question that a report names, and what is the matter with it."""

    question_id: str
    reason: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class LinkReport:
    """What linking came to.

    `linked` questions have facts. `agreeing` of them mark as right just what the ontology says; `contrary` names
    the others. `without_fact` counts options of linked questions that nothing is stated about for the asset class:
    wrong ones from another asset class, or "none of these"; `unnamed` are those that the ontology has no name for.
    """

    questions: int
    linked: int
    agreeing: int
    options: int
    without_fact: int
    unnamed: Mapping[str, int]
    not_linked: tuple[Note, ...]
    contrary: tuple[Note, ...]

    @property
    def reasons(self) -> dict[str, int]:
        """Count why questions were not linked."""
        return dict(Counter(note.reason for note in self.not_linked))


def link_report(
    questions: Sequence[Question], graph: KnowledgeGraph, not_linked: Sequence[Note], unnamed: Mapping[str, int]
) -> LinkReport:
    """Count what linking came to, and hold every linked question against its facts."""
    with_facts = [q for q in questions if q.fact_ids and all(i in graph.facts for i in q.fact_ids if i)]
    found = [note for q in with_facts for note in contrary(q, graph)]
    return LinkReport(
        questions=len(questions),
        linked=len(with_facts),
        agreeing=len(with_facts) - len({note.question_id for note in found}),
        options=sum(len(q.options) for q in with_facts),
        without_fact=sum(not i for q in with_facts for i in q.fact_ids),
        unnamed=dict(sorted(unnamed.items())),
        not_linked=tuple(not_linked),
        contrary=tuple(found),
    )


def contrary(question: Question, graph: KnowledgeGraph) -> Iterator[Note]:
    """Yield the options that are marked otherwise than the ontology says."""
    right = Truth.YES if question.polarity is Polarity.SELECTION else Truth.NO
    for option, correct, fact_id in zip(question.options, question.correct, question.fact_ids, strict=True):
        if not fact_id:
            continue
        truth = graph.facts[fact_id].truth
        if truth is Truth.UNKNOWN or (truth is right) != correct:
            marked = "right" if correct else "wrong"
            yield Note(question.id, f"marked {marked}, and the fact is {truth}", f"{option}: {fact_id}")
