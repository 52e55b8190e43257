"""Under every split regime the questions of a side use facts of their side alone, and the certificate agrees."""

from collections import Counter

import pytest

from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.records import Question
from failwise.generation.splitting.leakage import certify
from failwise.generation.splitting.splits import REGIMES, partition
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Polarity

ASSETS = ("fan", "electric-motor", "electric-motor-iso-14224", "pump", "centrifugal-pump", "steam-turbine")
RELATIONS = ("indicatedBy", "monitoredBy", "hasFailureMode")


def settings(regime: str) -> QuestionsConfig:
    return QuestionsConfig.model_validate(
        {
            "regime": regime,
            "relations": RELATIONS,
            "asset_classes": ASSETS,
            "held_out": ["pump"] if regime == "held-out-asset" else [],
            "multiple_share": 0.2,
            "none_share": 0.3,
            "train_per_fact": 2,
            "test_per_fact": 1,
            "distractors": {"degree-matched": 1, "out-of-asset": 1, "same-anchor": 1},
        }
    )


@pytest.fixture(scope="module", params=REGIMES)
def made(request: pytest.FixtureRequest, shipped: KnowledgeGraph) -> tuple[Synthesis, list[Question]]:
    synthesis = Synthesis(shipped, settings(request.param))
    return synthesis, list(synthesis)


def test_questions_use_facts_of_their_side_only(made: tuple[Synthesis, list[Question]]) -> None:
    synthesis, questions = made
    config = synthesis.config
    parts = partition(
        synthesis.graph,
        config.regime,
        share=config.held_out_share,
        held_out=config.held_out,
        relations=config.relations,
        asset_classes=sorted(config.asset_classes),
        seed=config.seed,
    )
    for q in questions:
        assert q.regime == config.regime
        assert all(q.split in parts.side(i) for i in q.fact_ids if i)
    asked = {split: {i for q in questions if q.split == split for i in q.fact_ids if i} for split in ("train", "test")}
    assert bool(asked["train"] & asked["test"]) == (config.regime == "new-question")


def test_the_leakage_certificate_says_that_the_regime_holds(made: tuple[Synthesis, list[Question]]) -> None:
    synthesis, questions = made
    train, test = ([q for q in questions if q.split == split] for split in ("train", "test"))
    certificate = certify(train, test, synthesis.graph, semantic=False)
    assert certificate.regime == synthesis.config.regime
    assert certificate.holds, certificate.broken
    assert synthesis.config.regime in certificate.satisfied


def test_both_sides_ask_in_every_way(made: tuple[Synthesis, list[Question]]) -> None:
    _, questions = made
    for split in ("train", "test"):
        own = [q for q in questions if q.split == split]
        assert len(own) > 30
        assert {q.polarity for q in own} == set(Polarity)
        assert {q.relation for q in own} >= {"indicatedBy"}


def test_every_question_is_right_under_every_regime(made: tuple[Synthesis, list[Question]]) -> None:
    synthesis, questions = made
    for q in questions:
        wanted = "yes" if q.polarity is Polarity.SELECTION else "no"
        truths = [synthesis.graph.facts[i].truth for i in q.fact_ids if i]
        assert set(truths) <= {"yes", "no"}
        assert [t == wanted for t in truths] == list(q.correct[: len(truths)])


def test_an_option_set_is_in_one_split_whatever_the_polarity(shipped: KnowledgeGraph) -> None:
    splits: dict[tuple[str, frozenset[str]], set[str]] = {}
    questions = list(Synthesis(shipped, settings("new-question")))
    for q in questions:
        # The anchor by its facts: an asset class's name for it may be another one.
        key = f"{q.direction} {q.asset_class} {q.relation} {q.anchor}", frozenset(filter(None, q.fact_ids))
        splits.setdefault(key, set()).add(q.split)
    assert all(len(found) == 1 for found in splits.values())
    polarities = Counter(q.polarity for q in questions)
    assert min(polarities.values()) > 0.25 * len(questions)
