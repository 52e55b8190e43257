"""The curation rule: verified, short, families in turn, far from each other."""

from dataclasses import replace
from typing import Any

import pytest

from failwise.errors import InputError
from failwise.evaluation.in_context.curation import Tells, curate, gather, measure, shuffled
from failwise.evaluation.in_context.records import Exemplar
from failwise.generation.records import Arity
from failwise.kg.graph import KnowledgeGraph
from tests.evaluation.exemplars import letters, questions_of, rationale_of


@pytest.fixture(scope="module")
def pool(shipped: KnowledgeGraph) -> list[Exemplar]:
    """Return eighty exemplars."""
    questions = questions_of(shipped)[:80]
    return gather(questions, [rationale_of(q, shipped) for q in questions], Tells(shipped), 1000, 0)[0]


@pytest.mark.parametrize(
    "changed",
    [{"contradicted": 1}, {"unverifiable": 1}, {"supported": 0}],
)
def test_only_verified_rationales_are_curated(shipped: KnowledgeGraph, changed: dict[str, Any]) -> None:
    questions = questions_of(shipped)[:20]
    rationales = [rationale_of(q, shipped) for q in questions]
    bad = [replace(r, **changed) if i % 2 else r for i, r in enumerate(rationales)]
    order, reasons = curate(gather(questions, bad, Tells(shipped), 1000, 0)[0], 99, letters)
    assert reasons["not verified"] == 10
    assert {e.question.id for e in order} <= {q.id for q in questions[::2]}
    with pytest.raises(InputError, match="none of the 10 rationales is verified"):
        curate(gather(questions[1::2], bad, Tells(shipped), 1000, 0)[0], 99, letters)


def test_the_longer_half_of_a_family_stays_out(pool: list[Exemplar]) -> None:
    order, reasons = curate(pool, 999, letters)
    for family in {e.family for e in pool}:
        kept = [e.words for e in order if e.family == family]
        all_ = sorted(e.words for e in pool if e.family == family)
        assert sorted(kept) == all_[: (len(all_) + 1) // 2]
    assert reasons["longer than half of their family"] == len(pool) - len(order)


def test_families_take_turns(pool: list[Exemplar]) -> None:
    families = [e.family for e in curate(pool, 8, letters)[0]]
    assert len(set(families)) == 2
    assert all(a != b for a, b in zip(families[::2], families[1::2], strict=True))


def test_curated_exemplars_are_farther_apart_than_random_ones(pool: list[Exemplar]) -> None:
    curated = measure(curate(pool, 8, letters)[0], letters)
    question = pool[0].question
    drawn = [measure(shuffled(pool, question, seed)[:8], letters) for seed in range(20)]
    typical = sorted(m["cosine to the nearest"] for m in drawn)[10]
    assert curated["cosine to the nearest"] < typical
    assert curated["words"] < sum(m["words"] for m in drawn) / 20 and curated["families"] == 2


def test_the_order_does_not_depend_on_the_order_of_the_file(pool: list[Exemplar]) -> None:
    assert curate(pool, 12, letters)[0] == curate(pool[::-1], 12, letters)[0]


def test_what_makes_no_exemplar_is_counted_with_its_reason(shipped: KnowledgeGraph) -> None:
    questions = list(questions_of(shipped)[:6])
    questions[0] = replace(questions[0], arity=Arity.MULTIPLE)
    questions[1] = replace(questions[1], fact_ids=(), tested_fact="")
    rationales = [rationale_of(q, shipped) for q in questions[3:]]
    found, reasons = gather(questions, rationales, Tells(shipped), 2, 0)
    assert len(found) == 2
    assert reasons == {
        "not exactly one right option": 1,
        "no facts, so nobody knows what it tells": 1,
        "no rationale": 1,
        "beyond the size of the pool": 1,
    }


def test_a_twins_fact_is_told_too_and_what_a_fact_follows_from(toy: KnowledgeGraph, shipped: KnowledgeGraph) -> None:
    tells = Tells(toy)
    pump, fan = (f"toy-{asset}/indicatedBy/bearing-damage/vibration" for asset in ("pump", "fan"))
    assert tells.of([pump]) == tells.of([fan])
    assert not tells.of([pump]) & tells.of(["toy-pump/indicatedBy/seal-leakage/vibration"])
    tells = Tells(shipped)
    derived = next(f for f in shipped.facts.values() if f.basis == "derived")
    assert tells.of(derived.derivation) <= tells.of([derived.id])
