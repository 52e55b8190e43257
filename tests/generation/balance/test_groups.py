"""Contrast groups as they stand in a set: their sizes, and those that favour an option."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from failwise.generation.balance.groups import Groups
from failwise.generation.balance.guessers import Tables
from failwise.generation.records import Arity, Kind, Question
from failwise.kg.graph import KnowledgeGraph
from tests.generation.balance.test_shortcuts import asked

PAIR = ("bearing-damage", "seal-leakage")  # temperature and pressure: right for one and wrong for the other


def grouped(questions: Sequence[Question], graph: KnowledgeGraph) -> tuple[dict[int, int], int]:
    groups = Groups(Tables(graph))
    for question in questions:
        groups.add(question)
    return groups.sizes(), groups.broken()


def pair(graph: KnowledgeGraph, **fields: Any) -> list[Question]:
    return [asked(graph, anchor, "temperature", "pressure", group="g", **fields) for anchor in PAIR]


def contrast(question: Question) -> Question:
    """Mark the wrong options as right for another anchor of the group."""
    return replace(question, distractor_kinds=tuple(Kind.ANSWER if c else Kind.CONTRAST for c in question.correct))


def test_a_pair_is_a_group_of_two_however_it_is_asked(toy: KnowledgeGraph) -> None:
    single, several = pair(toy), pair(toy, arity=Arity.MULTIPLE)
    variant = replace(single[0], perturbation_of="x")
    assert grouped([*single, variant], toy) == ({2: 2}, 0)
    assert grouped(several, toy) == ({2: 2}, 0)
    assert grouped([*single, *single], toy) == ({2: 4}, 0)
    assert grouped([replace(single[0], group=""), *several], toy) == ({0: 1, 2: 2}, 0)


def test_all_and_none_are_the_two_right_answers_of_a_pair(toy: KnowledgeGraph) -> None:
    all_, none = (
        replace(q, correct=(right, right))
        for q, right in zip(pair(toy, arity=Arity.MULTIPLE), (True, False), strict=True)
    )
    assert grouped([contrast(all_), contrast(none)], toy) == ({2: 2}, 0)


def test_none_of_these_is_a_right_answer_and_no_option_to_be_evened(toy: KnowledgeGraph) -> None:
    two = pair(toy, none=True)
    nobody = replace(two[0], anchor="cavitation", correct=(False, False, True), tested_fact="")
    assert grouped(two, toy) == ({2: 2}, 0)
    assert grouped([*two, nobody], toy) == ({3: 3}, 0)


def test_what_is_left_of_a_group_is_none(toy: KnowledgeGraph) -> None:
    assert grouped([contrast(q) for q in pair(toy)[:1]], toy) == ({1: 1}, 0)


def test_an_option_is_the_same_under_every_name_it_has(toy: KnowledgeGraph) -> None:
    one, other = pair(toy, arity=Arity.MULTIPLE)
    renamed = replace(one, options=("heat", "pressure"))
    assert grouped([one, renamed, other, other], toy) == ({2: 4}, 0)


def test_a_group_that_favours_an_option_is_broken(toy: KnowledgeGraph) -> None:
    one, other = pair(toy)
    assert grouped([one, other, one], toy) == ({2: 3}, 1)
    three = [replace(contrast(q), options=(*q.options, "noise"), correct=(*q.correct, False)) for q in (one, other)]
    lacking = [replace(q, distractor_kinds=(*q.distractor_kinds, Kind.CONTRAST)) for q in three]
    filled = [replace(q, distractor_kinds=(*q.distractor_kinds, Kind.DEGREE_MATCHED)) for q in three]
    assert grouped(lacking, toy) == ({2: 2}, 1)
    assert grouped(filled, toy) == ({2: 2}, 0)
