"""What becomes of answers when a question is asked in another way."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from failwise.evaluation.audit import audit_answers
from failwise.evaluation.coverage.findings import Pattern
from failwise.evaluation.paired import sign_flips
from failwise.evaluation.perturbation import perturbed_rows
from failwise.evaluation.records import Answer
from failwise.evaluation.sources import LoadedQuestions
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.perturbing.perturb import perturb
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from tests.evaluation.coverage.answering import chosen


@pytest.fixture(scope="module")
def originals(shipped: KnowledgeGraph) -> list[Question]:
    config = QuestionsConfig(
        asset_classes=("power transformer",),
        relations=("indicatedBy",),
        train_per_fact=0,
        min_options=4,
        ungrouped_share=1,
    )
    return list(Synthesis(shipped, config))[:200]


@pytest.fixture(scope="module")
def asked(shipped: KnowledgeGraph, originals: list[Question]) -> list[Question]:
    return [*originals, *perturb(originals, ("option-order", "labels-P"), graph=shipped, seed=0)]


def rows(questions: list[Question], choose: Callable[[Question], int]) -> dict[str, tuple[float, float, float]]:
    found = perturbed_rows([(q, chosen(q, choose(q))) for q in questions])
    return {row.kind: (row.original, row.consistent, row.recall) for row in found}


def test_who_knows_stays_right_and_who_takes_a_letter_does_not(asked: list[Question]) -> None:
    assert rows(asked, lambda q: q.answer) == {"all": (1, 1, 1), "option-order": (1, 1, 1), "labels-P": (1, 1, 1)}
    letter = rows(asked, lambda q: 0)
    assert letter["labels-P"][1:] == (letter["labels-P"][0], 1)  # the place is the same, only the letters are new
    assert letter["option-order"][2] < 0.5


def test_every_pair_is_counted_once(originals: list[Question]) -> None:
    pairs = []
    moves: list[tuple[int, int | None]] = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (1, None), (0, None)]
    for number, (before, after) in enumerate(moves):
        first = replace(originals[number], id=f"o{number}", correct=(True, False, False, False))
        second = replace(first, id=f"v{number}", perturbation="option-order", perturbation_of=first.id)
        silent = replace(chosen(second, 1), choice=None, scores=())
        pairs += [(first, chosen(first, before)), (second, silent if after is None else chosen(second, after))]
    row, _ = perturbed_rows(pairs)
    counts = (row.stayed_right, row.lost, row.gained, row.stayed_wrong, row.moved, row.silent)
    assert (row.n, counts) == (7, (1, 1, 1, 1, 1, 2))
    shares = [row.original, row.perturbed, row.drop, row.consistent, row.recall]
    assert shares == pytest.approx([3 / 7, 2 / 7, -1 / 7, 1 / 7, 1 / 3])
    sums = Counter[str]()
    for number, by in ((1, -1), (2, 1), (5, -1)):  # what fell silent is lost, too
        sums[originals[number].anchor] += by
    assert row.p == sign_flips(np.array([*sums.values()]))


def test_a_variant_without_its_original_is_left_out(originals: list[Question]) -> None:
    variant = replace(originals[0], id="v", perturbation="option-order", perturbation_of="nowhere")
    assert perturbed_rows([(variant, chosen(variant, 0)), (originals[0], chosen(originals[0], 0))]) == []


def test_the_audit_names_who_changes_its_answers(shipped: KnowledgeGraph, asked: list[Question]) -> None:
    def flips(question: Question) -> Answer:
        first = question.perturbation != "labels-P"
        return chosen(question, question.answer if first else (question.answer + 1) % len(question.options))

    found = audit_answers(shipped, LoadedQuestions(asked), [flips(q) for q in asked])
    unsteady = [f for f in found.findings if f.pattern is Pattern.UNSTEADY]
    assert [f.of for f in unsteady] == ["labels-P"]
    steady = audit_answers(shipped, LoadedQuestions(asked), [chosen(q, q.answer) for q in asked])
    assert not [f for f in steady.findings if f.pattern is Pattern.UNSTEADY]


def test_who_falls_silent_where_it_is_asked_in_another_way_changes_its_answers(
    shipped: KnowledgeGraph, asked: list[Question]
) -> None:
    def falls_silent(question: Question) -> Answer:
        said = chosen(question, question.answer)
        return replace(said, choice=None, scores=(), right=False) if question.perturbation else said

    found = audit_answers(shipped, LoadedQuestions(asked), [falls_silent(q) for q in asked])
    unsteady = {f.of for f in found.findings if f.pattern is Pattern.UNSTEADY}
    assert unsteady == {"option-order", "labels-P"}


def test_variants_of_one_anchor_are_no_independent_evidence(originals: list[Question]) -> None:
    pairs = []
    for number in range(12):  # variants of one question, each lost
        first = replace(originals[0], id=f"o{number}")
        second = replace(first, id=f"v{number}", perturbation="option-order", perturbation_of=first.id)
        pairs += [(first, chosen(first, first.answer)), (second, chosen(second, (first.answer + 1) % 4))]
    assert perturbed_rows(pairs)[0].p == pytest.approx(1)


def test_variants_are_kept_with_their_originals(
    shipped: KnowledgeGraph, asked: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("failwise.evaluation.audit.MOST_READ", len(asked) // 4)
    found = audit_answers(shipped, LoadedQuestions(asked), [chosen(q, q.answer) for q in asked])
    assert 0 < found.read < len(asked) // 2
    assert found.perturbed[0].n == 2 * found.read // 3
