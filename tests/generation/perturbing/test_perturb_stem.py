"""Stems in other words, in another language, with other names: the facts behind the options stay the same."""

from dataclasses import replace

import pytest

from failwise.generation.perturbing.base import Aids, Context, NotMade
from failwise.generation.perturbing.perturb import PERTURBATIONS
from failwise.generation.perturbing.synonyms import Synonyms
from failwise.generation.records import Arity, Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import Ontology
from failwise.kg.records import Direction, Polarity
from tests.generation.perturbing.asked import ask, foreign, spoken


@pytest.fixture(scope="module")
def ontology(tmp_path_factory: pytest.TempPathFactory) -> Ontology:
    return spoken(tmp_path_factory.mktemp("spoken"))


@pytest.fixture(scope="module")
def english(ontology: Ontology) -> KnowledgeGraph:
    return KnowledgeGraph.usable(ontology)


@pytest.fixture(scope="module")
def german(ontology: Ontology) -> KnowledgeGraph:
    return KnowledgeGraph.usable(ontology, "de")


def make(
    graph: KnowledgeGraph | None, kind: str, question: Question, aids: Aids | None = None, seed: int = 0
) -> Question:
    made = PERTURBATIONS[kind](question, Context(graph, seed, aids or Aids()))
    assert isinstance(made, Question)
    return made


def test_the_question_goes_behind_its_options_once() -> None:
    made = make(None, "question-after-options", foreign("What is wet?", ("fire", "water"), 1))
    assert not made.question_first
    with pytest.raises(NotMade, match="after the options already"):
        make(None, "question-after-options", made)


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("polarity", Polarity)
def test_another_wording_of_the_same_family(toy: KnowledgeGraph, direction: Direction, polarity: Polarity) -> None:
    anchor, options = ("seal-leakage", ("noise", "pressure"))
    if direction is Direction.INVERSE:
        anchor, options = ("pressure", ("bearing-damage", "seal-leakage"))
    question = ask(toy, anchor, options, direction=direction, polarity=polarity)
    texts = {make(toy, "other-template", question, seed=seed).question for seed in range(40)}
    assert question.question not in texts
    assert len(texts) > 3
    assert all("toy pump" in t and anchor.replace("-", " ") in t for t in texts)
    made = make(toy, "other-template", question)
    assert made.template.startswith(f"indicatedBy.{direction}.{polarity}.")
    assert (made.options, made.correct, made.group) == (question.options, question.correct, "g1")


def test_a_question_for_all_answers_stays_one(english: KnowledgeGraph) -> None:
    question = ask(english, "cavitation", ("vibration", "noise", "temperature"), arity=Arity.MULTIPLE)
    multiple = {t.id for f in english.relations["indicatedBy"].families for t in f.multiple}
    if len({t for t in multiple if ".forward.selection." in t}) > 1:
        assert make(english, "other-template", question).template in multiple - {question.template}
    else:
        with pytest.raises(NotMade, match="one wording only"):
            make(english, "other-template", question)


def test_the_same_question_in_german(english: KnowledgeGraph, german: KnowledgeGraph) -> None:
    question = ask(english, "seal-leakage", ("noise", "pressure"), none=True)
    made = make(english, "language", question, Aids(translated=german))
    assert "Dichtungsleckage" in made.question
    assert made.options == ("Geräusch", "Druck", german.none_of_these)
    assert made.template.startswith("indicatedBy.forward.selection.de.")
    assert (made.fact_ids, made.correct, made.language) == (question.fact_ids, question.correct, "de")
    assert made.asset_name == "Spielpumpe"
    with pytest.raises(NotMade, match="in that language already"):
        make(english, "language", made, Aids(translated=german))


def test_half_a_translation_is_none(english: KnowledgeGraph, german: KnowledgeGraph, toy: KnowledgeGraph) -> None:
    question = ask(english, "cavitation", ("temperature", "pressure"))
    with pytest.raises(NotMade, match="no label in that language"):
        make(english, "language", question, Aids(translated=german))
    with pytest.raises(NotMade, match="needs a graph in another language"):
        make(toy, "language", question)


def test_entities_are_called_by_their_other_names(ontology: Ontology, english: KnowledgeGraph) -> None:
    aids = Aids(synonyms=Synonyms.of(ontology))
    question = ask(english, "bearing-damage", ("noise", "vibration"))
    both = make(english, "synonyms", question, aids)
    assert both.question == question.question.replace("bearing damage", "damaged bearing").replace(
        "toy pump", "model pump"
    )
    assert both.options == ("sound level", "mechanical vibration")
    assert (both.fact_ids, both.correct, both.group, both.difficulty) == (question.fact_ids, (False, True), "", "hard")
    stem = make(english, "synonyms-stem", question, aids)
    assert (stem.question, stem.options, stem.group) == (both.question, question.options, "g1")
    options = make(english, "synonyms-options", question, aids)
    assert (options.question, options.options) == (question.question, both.options)


def test_an_article_fits_the_new_name(ontology: Ontology, english: KnowledgeGraph) -> None:
    question = replace(
        ask(english, "bearing-damage", ("noise", "vibration")), question="Is it a bearing damage of a toy pump?"
    )
    odd = Synonyms({english.entities["https://w3id.org/failwise/asset-class/toy-pump"].iri: ("engine for liquids",)})
    assert make(english, "synonyms-stem", question, Aids(synonyms=odd)).question.endswith("of an engine for liquids?")


def test_no_synonym_makes_two_options_one(english: KnowledgeGraph) -> None:
    noise, pressure = (f"https://w3id.org/failwise/sensor/{n}" for n in ("noise", "pressure"))
    clumsy = Synonyms({noise: ("pressure",), pressure: ("seal leakage",)})
    question = ask(english, "seal-leakage", ("noise", "pressure"))
    with pytest.raises(NotMade, match="no name has a synonym"):
        make(english, "synonyms-options", question, Aids(synonyms=clumsy))
