"""What the facts decide: added options are stated to be wrong, flipped and inverted questions are right."""

from dataclasses import replace

import pytest

from failwise.generation.perturbing.base import Aids, Context, NotMade, right_truth
from failwise.generation.perturbing.perturb import PERTURBATIONS, perturb
from failwise.generation.records import Arity, Kind, Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Polarity, Truth
from tests.generation.perturbing.asked import ask, foreign, spoken


def make(graph: KnowledgeGraph, kind: str, question: Question, aids: Aids | None = None) -> Question:
    made = PERTURBATIONS[kind](question, Context(graph, 0, aids or Aids()))
    assert isinstance(made, Question)
    return made


def true_to(graph: KnowledgeGraph, question: Question) -> bool:
    """Say whether every fact has the truth that its option's mark asks for, and stands for its option."""
    right = right_truth(question.polarity)
    return all(
        (graph.facts[i].truth is right) is correct
        and label in (graph.facts[i].subject.label, graph.facts[i].object.label)
        for i, correct, label in zip(question.fact_ids, question.correct, question.options, strict=True)
        if i
    )


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeGraph:
    return KnowledgeGraph.usable(spoken(tmp_path_factory.mktemp("spoken")))


@pytest.mark.parametrize("none", [False, True])
def test_options_of_the_same_table_fill_up(toy: KnowledgeGraph, none: bool) -> None:
    question = ask(toy, "seal-leakage", ("noise", "pressure"), none=none)
    made = make(toy, "more-options-in-asset", question)
    assert set(made.options) - {toy.none_of_these} == {"noise", "pressure", "vibration", "temperature"}
    assert true_to(toy, made)
    assert made.options[made.answer] == "pressure"
    assert made.tested_fact == question.tested_fact
    assert made.option_ids == tuple("ABCDE"[: len(made.options)])
    assert (made.distractor_kinds[-1] == Kind.NONE_OF_THESE) is none
    assert (made.group, made.difficulty) == ("", "")


def test_elimination_is_filled_with_what_holds(toy: KnowledgeGraph) -> None:
    question = ask(toy, "cavitation", ("temperature", "noise"), polarity=Polarity.ELIMINATION)
    made = make(toy, "more-options-in-asset", question, Aids(most_options=3))
    assert len(made.options) == 3
    assert true_to(toy, made)


def test_there_may_be_no_option_left(toy: KnowledgeGraph) -> None:
    with pytest.raises(NotMade, match="no such option is left"):
        make(toy, "more-options-in-asset", ask(toy, "cavitation", ("vibration", "temperature")))
    with pytest.raises(NotMade, match="as many options as wanted"):
        make(toy, "more-options-in-asset", ask(toy, "seal-leakage", ("pressure", "noise")), Aids(most_options=2))


def motor(graph: KnowledgeGraph, polarity: Polarity = Polarity.SELECTION) -> Question:
    rows = list(graph.query("electric-motor", "indicatedBy", "bearing-damage"))
    yes = next(f.object.slug for f in rows if f.truth is Truth.YES)
    no = next(f.object.slug for f in rows if f.truth is Truth.NO)
    return ask(graph, "bearing-damage", (yes, no), asset="electric-motor", polarity=polarity)


def test_options_from_outside_are_denied_to_the_asset_class_as_a_whole(shipped: KnowledgeGraph) -> None:
    question = motor(shipped)
    made = make(shipped, "more-options-out-of-asset", question)
    table = {f.object.label for f in shipped.query("electric-motor", "indicatedBy")}
    added = [(i, o) for i, o in zip(made.fact_ids, made.options, strict=True) if i not in question.fact_ids]
    assert len(made.options) == 10
    assert true_to(shipped, made)
    for fact_id, option in added:
        assert fact_id.startswith("electric-motor/monitoredBy/")
        assert option not in table
        assert shipped.facts[fact_id].truth is Truth.NO
    assert made.distractor_kinds.count(Kind.OUT_OF_ASSET) == len(added) == 8


def test_what_nobody_denies_has_no_fact_and_is_not_taught(shipped: KnowledgeGraph) -> None:
    question = motor(shipped)
    made = make(shipped, "more-options-unstated", question)
    assert made.fact_ids.count("") == made.distractor_kinds.count("") == 8
    assert made.tested_fact == question.tested_fact
    told = {f.object.label for f in shipped.query("electric-motor", truth=Truth.YES)}
    assert not {o for o, i in zip(made.options, made.fact_ids, strict=True) if not i} & told
    with pytest.raises(NotMade, match="never trained on"):
        make(shipped, "more-options-unstated", replace(question, split="train"))


@pytest.mark.parametrize("kind", ["more-options-out-of-asset", "more-options-unstated"])
def test_elimination_takes_nothing_from_outside(shipped: KnowledgeGraph, kind: str) -> None:
    with pytest.raises(NotMade, match="would be right"):
        make(shipped, kind, motor(shipped, Polarity.ELIMINATION))


@pytest.mark.parametrize("polarity", Polarity)
def test_two_options_can_be_asked_the_other_way_round(toy: KnowledgeGraph, polarity: Polarity) -> None:
    question = ask(toy, "seal-leakage", ("noise", "pressure"), polarity=polarity)
    made = make(toy, "polarity-flip", question)
    assert made.options == question.options
    assert made.polarity is not polarity
    assert made.correct == tuple(not c for c in question.correct)
    assert true_to(toy, made)
    assert made.tested_fact == made.fact_ids[made.answer] != question.tested_fact
    assert (made.question_type == "mcp1_negative") is (made.polarity is Polarity.ELIMINATION)
    assert made.template.startswith(f"indicatedBy.forward.{made.polarity}")
    assert made.group == ""


def test_three_options_would_have_two_answers(toy: KnowledgeGraph) -> None:
    with pytest.raises(NotMade, match="not exactly one option"):
        make(toy, "polarity-flip", ask(toy, "seal-leakage", ("noise", "pressure", "vibration")))
    with_none = ask(toy, "seal-leakage", ("noise", "pressure"), none=True)
    made = make(toy, "polarity-flip", with_none)
    assert made.correct == (True, False, False)
    denied = make(toy, "polarity-flip", ask(toy, "seal-leakage", ("noise",), none=True))
    assert denied.correct == (True, False)


def test_several_answers_flip_to_their_complement(many: KnowledgeGraph) -> None:
    question = ask(many, "cavitation", ("vibration", "temperature", "noise"), arity=Arity.MULTIPLE)
    made = make(many, "polarity-flip", question)
    assert made.correct == (False, True, False)
    assert made.template.startswith("indicatedBy.forward.elimination.multiple")
    assert made.tested_fact == ""
    assert true_to(many, made)


def test_another_anchor_makes_the_old_answer_wrong(toy: KnowledgeGraph) -> None:
    question = ask(toy, "seal-leakage", ("temperature", "pressure"))
    made = make(toy, "condition-inversion", question)
    assert made.anchor == "bearing-damage"
    assert made.options == question.options
    assert made.correct == (True, False)
    assert true_to(toy, made)
    assert made.tested_fact == "toy-pump/indicatedBy/bearing-damage/temperature"
    assert made.question == question.question.replace("seal leakage", "bearing damage")
    assert made.group == ""


def test_no_other_anchor_may_answer_otherwise(toy: KnowledgeGraph) -> None:
    with pytest.raises(NotMade, match="no other anchor"):
        make(toy, "condition-inversion", ask(toy, "bearing-damage", ("noise", "vibration")))


def test_none_of_these_can_become_right_and_wrong(toy: KnowledgeGraph) -> None:
    denied = ask(toy, "seal-leakage", ("noise", "temperature"), none=True)
    made = make(toy, "condition-inversion", denied)
    assert made.answer < 2
    assert made.tested_fact == made.fact_ids[made.answer]
    back = make(toy, "condition-inversion", ask(toy, "bearing-damage", ("noise", "temperature"), none=True))
    assert true_to(toy, back)
    assert back.answer != 1


def test_asset_classes_are_exchanged_where_they_are_the_anchors(shipped: KnowledgeGraph) -> None:
    facts = list(shipped.query("pump", "hasFailureMode"))
    yes = next(f.object.slug for f in facts if f.truth is Truth.YES)
    no = [f.object.slug for f in facts if f.truth is Truth.NO][:40]
    for other in no:
        question = ask(shipped, "pump", (yes, other), asset="pump", relation="hasFailureMode")
        try:
            made = make(shipped, "condition-inversion", question)
        except NotMade:
            continue
        assert true_to(shipped, made)
        assert made.asset_class == made.anchor != "pump"
        assert f"the {made.asset_name}" in made.question or made.asset_name in made.question
        return
    pytest.fail("no pair of failure modes tells two asset classes apart")


def test_an_inverse_question_is_inverted_in_its_own_direction(toy: KnowledgeGraph) -> None:
    question = ask(toy, "pressure", ("bearing-damage", "seal-leakage"), direction=Direction.INVERSE)
    made = make(toy, "condition-inversion", question)
    assert made.anchor in ("temperature", "vibration")
    assert made.correct == (True, False)
    assert true_to(toy, made)


@pytest.mark.parametrize("kind", ["more-options-in-asset", "polarity-flip", "condition-inversion", "other-template"])
def test_without_facts_nothing_can_be_decided(toy: KnowledgeGraph, kind: str) -> None:
    question = foreign("What is wet?", ("fire", "water"), 1)
    with pytest.raises(NotMade, match="no facts"):
        make(toy, kind, question)
    with pytest.raises(NotMade, match="needs a graph"):
        PERTURBATIONS[kind](question, Context())


def test_facts_of_another_graph_are_not_believed(toy: KnowledgeGraph) -> None:
    question = ask(toy, "seal-leakage", ("noise", "pressure"))
    lying = replace(question, correct=(True, False))
    with pytest.raises(NotMade, match="not those of the graph"):
        make(toy, "polarity-flip", lying)


def test_a_divided_split_lends_no_facts(toy: KnowledgeGraph) -> None:
    ours = replace(ask(toy, "seal-leakage", ("noise", "pressure")), regime="held-out-fact")
    theirs = replace(ask(toy, "seal-leakage", ("vibration", "pressure")), regime="held-out-fact", split="train")
    (alone,) = perturb([replace(ours, regime="")], ["more-options-in-asset"], graph=toy)
    assert len(alone.options) == 4
    assert list(perturb([ours, theirs], ["more-options-in-asset"], graph=toy)) == []
