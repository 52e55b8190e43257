"""Variants are linked to their originals, depend on nothing else, and keep to the side of their split."""

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from failwise.errors import InputError
from failwise.files import read_records, write_records
from failwise.generation.formats.question_files import read_questions
from failwise.generation.perturbing.base import Aids
from failwise.generation.perturbing.perturb import (
    PERTURBATIONS,
    Tally,
    allowed_facts,
    consistency_pairs,
    find_perturbation,
    perturb,
)
from failwise.generation.perturbing.synonyms import Synonyms
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import Ontology, load_ontology
from failwise.kg.records import Polarity, Truth
from tests.generation.perturbing.asked import ask, foreign, spoken

KINDS = [
    k for k in PERTURBATIONS if k not in ("paraphrase", "complex-perturbed", "more-options-unstated", "labels-letters")
]


@pytest.fixture(scope="module")
def ontology(tmp_path_factory: pytest.TempPathFactory) -> Ontology:
    return spoken(tmp_path_factory.mktemp("spoken"))


@pytest.fixture(scope="module")
def graph(ontology: Ontology) -> KnowledgeGraph:
    return KnowledgeGraph.usable(ontology)


@pytest.fixture(scope="module")
def aids(ontology: Ontology) -> Aids:
    return Aids(translated=KnowledgeGraph.usable(ontology, "de"), synonyms=Synonyms.of(ontology))


@pytest.fixture(scope="module")
def questions(graph: KnowledgeGraph) -> list[Question]:
    return [
        ask(graph, "bearing-damage", ("noise", "vibration")),
        ask(graph, "bearing-damage", ("noise", "vibration", "pressure"), none=True),
        ask(graph, "seal-leakage", ("pressure", "noise", "temperature")),
        ask(graph, "seal-leakage", ("pressure", "noise"), polarity=Polarity.ELIMINATION),
        ask(graph, "cavitation", ("temperature",), none=True),
        foreign("Which of the following is wet?", ("fire", "water", "sand"), 1),
    ]


def test_every_variant_names_its_original(graph: KnowledgeGraph, questions: list[Question], aids: Aids) -> None:
    tally = Tally()
    made = list(perturb(questions, KINDS, graph=graph, aids=aids, tally=tally))
    pairs = consistency_pairs([*questions, *made])
    assert len(pairs) == len(made) == len({q.id for q in [*questions, *made]}) - len(questions)
    assert tally.made == Counter(m.perturbation for m in made)
    assert {"more-options-out-of-asset"} == set(KINDS) - {m.perturbation for m in made}
    for original, variant in pairs:
        assert variant.split == original.split
        assert (variant.arity, variant.relation, variant.subject) == (
            original.arity,
            original.relation,
            original.subject,
        )


def test_every_variant_is_right_by_the_graph(graph: KnowledgeGraph, questions: list[Question], aids: Aids) -> None:
    for made in perturb(questions, KINDS, graph=graph, aids=aids):
        lengths = {len(getattr(made, n)) for n in ("options", "option_ids", "correct")}
        assert len(lengths) == 1 and sum(made.correct) == 1
        right = Truth.NO if made.polarity is Polarity.ELIMINATION else Truth.YES
        for fact_id, correct in zip(made.fact_ids, made.correct, strict=bool(made.fact_ids)):
            assert not fact_id or (graph.facts[fact_id].truth is right) is correct
        assert made.tested_fact in ("", *[i for i, c in zip(made.fact_ids, made.correct, strict=False) if c])
        unchanged = sorted(made.options) == sorted(next(q for q in questions if q.id == made.perturbation_of).options)
        assert unchanged or made.group == ""


def test_a_variant_depends_on_nothing_but_its_question(
    graph: KnowledgeGraph, questions: list[Question], aids: Aids
) -> None:
    def variants(chosen: list[Question], seed: int = 0) -> dict[tuple[str, str], list[Question]]:
        found: dict[tuple[str, str], list[Question]] = {}
        for made in perturb(chosen, KINDS, graph=graph, aids=aids, seed=seed):
            found.setdefault((made.perturbation_of or "", made.perturbation), []).append(made)
        return found

    whole = variants(questions)
    shuffled = random.Random(1).sample(questions, len(questions))
    assert variants(shuffled) == whole
    alone = variants(questions[2:3])
    assert alone == {key: made for key, made in whole.items() if key[0] == questions[2].id}
    assert len({tuple(m.question for made in variants(questions, s).values() for m in made) for s in range(3)}) == 3


def test_what_cannot_be_made_is_counted_with_its_reason(graph: KnowledgeGraph, questions: list[Question]) -> None:
    tally = Tally()
    assert list(perturb(questions[:2], ["more-options-out-of-asset", "paraphrase"], graph=graph, tally=tally)) == []
    assert tally.unmade == {
        ("more-options-out-of-asset", "no such option is left"): 2,
        ("paraphrase", "needs a teacher"): 2,
    }


def test_an_unknown_kind_is_refused_before_anything_is_made(questions: list[Question]) -> None:
    with pytest.raises(InputError, match="unknown perturbation 'label'; did you mean 'labels'"):
        perturb(questions, ["option-order", "label"])
    assert all(find_perturbation(kind) is PERTURBATIONS[kind] for kind in PERTURBATIONS)


def test_variants_are_written_and_read_like_any_question(
    tmp_path: Path, graph: KnowledgeGraph, questions: list[Question], aids: Aids
) -> None:
    made = list(perturb(questions, KINDS, graph=graph, aids=aids))
    write_records(tmp_path / "q.jsonl", made)
    assert list(read_records(tmp_path / "q.jsonl", Question)) == made


def test_an_original_may_not_be_missing(graph: KnowledgeGraph, questions: list[Question]) -> None:
    (made,) = perturb(questions[:1], ["labels"], graph=graph)
    with pytest.raises(InputError, match="which is not in the set"):
        consistency_pairs([made])
    with pytest.raises(InputError, match="belongs to its original's split"):
        consistency_pairs([questions[0], replace(made, split="train")])


# --- splits ---


def split(question: Question, split: str, regime: str = "new-question") -> Question:
    return replace(question, split=split, regime=regime)


def test_no_variant_asks_what_the_other_split_asks(graph: KnowledgeGraph) -> None:
    wide = split(ask(graph, "seal-leakage", ("noise", "pressure", "vibration")), "train")
    narrow = split(ask(graph, "seal-leakage", ("noise", "pressure")), "test")
    other = split(ask(graph, "seal-leakage", ("vibration", "pressure")), "test")
    tally = Tally()
    assert list(perturb([wide, narrow, other], ["fewer-options"], graph=graph, tally=tally)) == []
    assert tally.unmade["fewer-options", "stands in the other split already"] == 1
    assert len(list(perturb([wide], ["fewer-options"], graph=graph))) == 1


def test_a_variant_of_a_test_question_is_not_met_by_one_of_training(graph: KnowledgeGraph) -> None:
    """Filled up, both would ask about the same four options; the test keeps them."""
    ours = split(ask(graph, "seal-leakage", ("noise", "pressure")), "train")
    theirs = split(ask(graph, "seal-leakage", ("vibration", "pressure")), "test")
    for order in ([ours, theirs], [theirs, ours]):
        (made,) = perturb(order, ["more-options-in-asset"], graph=graph)
        assert (made.split, made.perturbation_of) == ("test", theirs.id)


def test_where_splits_divide_the_facts_each_keeps_to_its_own(graph: KnowledgeGraph) -> None:
    ours = split(ask(graph, "seal-leakage", ("noise", "pressure")), "train", "held-out-fact")
    more = split(ask(graph, "seal-leakage", ("temperature", "pressure")), "train", "held-out-fact")
    theirs = split(ask(graph, "cavitation", ("temperature", "vibration")), "test", "held-out-fact")
    assert allowed_facts([ours, theirs]) == {"train": frozenset(ours.fact_ids), "test": frozenset(theirs.fact_ids)}
    (made, _) = perturb([ours, more, theirs], ["more-options-in-asset"], graph=graph)
    assert set(made.options) == {"noise", "pressure", "temperature"}
    assert list(perturb([more, theirs], ["condition-inversion"], graph=graph)) == []
    assert list(perturb([split(more, "train")], ["condition-inversion"], graph=graph)) != []


# --- the published set ---


@pytest.mark.slow
def test_the_published_simple_perturbation_is_ours(data: Path, shipped: KnowledgeGraph) -> None:
    """Reversed order where that moves the right option; labels from P. 284 of theirs leave it where it was."""
    folder = data / "failuresensoriq"
    originals = read_questions(folder / "single_answer.jsonl", shipped)
    theirs = read_questions(folder / "single_answer_simple_perturbed.jsonl", shipped)
    ours = list(perturb(originals, ["simple-perturbed"], graph=shipped))
    same = sum(a.options == b.options for a, b in zip(ours, theirs, strict=True))
    assert same > 2000
    assert all(made.answer != q.answer for q, made in zip(originals, ours, strict=True))


@pytest.mark.slow
def test_all_of_the_published_set_can_be_perturbed(data: Path, shipped: KnowledgeGraph) -> None:
    questions = read_questions(data / "failuresensoriq" / "single_answer.jsonl", shipped)
    tally = Tally()
    aids = Aids(synonyms=Synonyms.of(load_ontology()))
    kinds = ["synonyms", "typing-noise", "other-template", "condition-inversion", "more-options-out-of-asset"]
    made = list(perturb(questions, kinds, graph=shipped, aids=aids, tally=tally))
    assert tally.made["typing-noise"] == tally.made["other-template"] == len(questions)
    assert tally.made["more-options-out-of-asset"] == sum(q.polarity is Polarity.SELECTION for q in questions)
    assert all(len({o.casefold() for o in m.options}) == len(m.options) for m in made)
