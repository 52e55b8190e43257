"""Typing errors spoil common words alone; negations are told in every wording that we ship."""

import re

import pytest

from failwise.generation.perturbing.base import Aids, Context, NotMade
from failwise.generation.perturbing.noise import negations
from failwise.generation.perturbing.perturb import PERTURBATIONS
from failwise.generation.records import Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Polarity
from tests.generation.perturbing.asked import ask, foreign


def mistype(question: Question, graph: KnowledgeGraph | None = None, seed: int = 0, rate: float = 0.15) -> Question:
    made = PERTURBATIONS["typing-noise"](question, Context(graph, seed, Aids(noise_rate=rate)))
    assert isinstance(made, Question)
    return made


@pytest.mark.parametrize("seed", range(20))
def test_names_and_negations_are_typed_right(toy: KnowledgeGraph, seed: int) -> None:
    question = ask(toy, "seal-leakage", ("noise", "pressure"), polarity=Polarity.ELIMINATION)
    made = mistype(question, toy, seed, rate=1.0)
    assert made.question != question.question
    assert "toy pump" in made.question
    assert "seal leakage" in made.question
    assert negations(made.question) == negations(question.question) > 0
    assert (made.options, made.fact_ids, made.group) == (question.options, question.fact_ids, "g1")


def test_the_rate_says_how_many_words_are_hit(toy: KnowledgeGraph) -> None:
    def errors(rate: float) -> int:
        question = ask(toy, "seal-leakage", ("noise", "pressure"))
        pairs = zip(question.question.split(), mistype(question, toy, 1, rate).question.split(), strict=True)
        return sum(a != b for a, b in pairs)

    assert errors(0.0) == 1
    assert errors(1.0) > 3


def test_of_an_unknown_stem_only_common_words_are_hit() -> None:
    question = foreign("Which of 12 following metals does quicksilver4 dissolve?", ("gold", "iron"), 0)
    for seed in range(20):
        made = mistype(question, seed=seed, rate=1.0).question
        assert re.search(r"of 12 .* metals .* quicksilver4 dissolve\?$", made)
        assert "Which" not in made and "following" not in made
    with pytest.raises(NotMade, match="no common word"):
        mistype(foreign("Is gold a metal?", ("gold", "iron"), 0))


def test_the_same_seed_makes_the_same_errors(toy: KnowledgeGraph) -> None:
    question = ask(toy, "seal-leakage", ("noise", "pressure"))
    assert mistype(question, toy, 5) == mistype(question, toy, 5)
    assert len({mistype(question, toy, seed).question for seed in range(10)}) > 5


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("polarity", Polarity)
def test_the_polarity_of_the_shipped_wordings_is_told(polarity: Polarity, language: str) -> None:
    """A few say more in passing (nobody acts on it) or deny without a word for it."""
    graph = KnowledgeGraph.load(language=language)
    families = [f for r in graph.relations.values() for f in r.families if f.polarity is polarity]
    texts = [t.text for f in families for t in (*f.templates, *f.multiple)]
    astray = [t for t in texts if (negations(t, language) > 0) is not (polarity is Polarity.ELIMINATION)]
    assert len(astray) <= 0.03 * len(texts), astray


def test_a_negation_in_a_name_or_an_aside_is_none() -> None:
    assert negations("Select all of these that apply; there may be none.") == 0
    assert negations("Wählen Sie alle aus, die nicht passen; es kann auch keine sein.", "de") == 1
    assert negations("Does loss of no-load voltage show?", "en", ["loss of no-load voltage"]) == 0
    assert negations("Which sensor isn't relevant?") == 1
    assert negations("Welche Messung zeigt es nicht?", "de") == 1
