"""Whole rows of the tables that a question set asks about: all that is stated of an anchor, in every wording.

They are taught fact by fact and never asked: who reads all options of a row at once learns which are usually right.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from failwise.files import content_id
from failwise.generation.perturbing.base import ends, is_across, right_truth
from failwise.generation.perturbing.perturb import allowed_facts
from failwise.generation.records import Arity, Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Entity, Fact, Family, Template, Truth

STATED = (Truth.YES, Truth.NO)


def row_questions(questions: Sequence[Question], graph: KnowledgeGraph) -> Iterator[Question]:
    """Yield a question for each anchor and wording of the tables that training questions ask about.

    Its options are all things that the graph states something of; none is in a table across asset classes, nor in one
    that the graph does not know. Where the splits divide the facts, only those of the training questions are told.
    """
    training = [q for q in questions if q.split in ("", "train")]
    tables = {
        (q.asset_class, q.relation, q.direction)
        for q in training
        if q.direction and any(fact_id in graph.facts for fact_id in q.fact_ids)
    }
    allowed = allowed_facts(training)
    told = frozenset().union(*allowed.values()) if allowed else None
    for asset_class, relation, direction in sorted(tables):
        rows = _rows(graph, asset_class, relation, direction, told)
        for family in graph.relations[relation].families:
            if family.direction is direction:
                yield from _of_family(family, rows, graph)


def _rows(
    graph: KnowledgeGraph, asset_class: str, relation: str, direction: Direction, told: frozenset[str] | None
) -> Mapping[Entity, list[Fact]]:
    rows: dict[Entity, list[Fact]] = defaultdict(list)
    for fact in graph.query(asset_class, relation):
        if fact.truth in STATED and not is_across(fact) and (told is None or fact.id in told):
            rows[ends(fact, direction)[0]].append(fact)
    return rows


def _of_family(family: Family, rows: Mapping[Entity, list[Fact]], graph: KnowledgeGraph) -> Iterator[Question]:
    for anchor, facts in rows.items():
        for template in family.templates:
            yield _question(family, template, anchor, facts, graph)


def _question(
    family: Family, template: Template, anchor: Entity, facts: Sequence[Fact], graph: KnowledgeGraph
) -> Question:
    asset = facts[0].asset_class
    options = tuple(ends(fact, family.direction)[1].label for fact in facts)
    text = template.text.format(asset=asset.label, anchor=anchor.label)
    return Question(
        subject=family.subject,
        id=content_id("row", text, options),
        question=text,
        options=options,
        option_ids=tuple(str(n) for n in range(1, len(options) + 1)),
        question_first=True,
        correct=tuple(fact.truth is right_truth(family.polarity) for fact in facts),
        text_type="choice",
        asset_name=asset.label,
        relevancy=family.relevancy,
        question_type="",
        asset_class=asset.slug,
        relation=family.relation,
        direction=family.direction,
        polarity=family.polarity,
        arity=Arity.MULTIPLE,
        anchor=anchor.slug,
        fact_ids=tuple(fact.id for fact in facts),
        template=template.id,
        language=graph.language,
        split="train",
    )
