"""Options move, change their labels and become fewer; what is right stays right, and "none of these" stays last."""

from dataclasses import replace

import pytest

from failwise.generation.formats.labels import normalise_label
from failwise.generation.perturbing.base import Context, NotMade
from failwise.generation.perturbing.options import STYLES, labels_like
from failwise.generation.perturbing.perturb import PERTURBATIONS
from failwise.generation.records import Arity, Kind, Question
from failwise.kg.graph import KnowledgeGraph
from tests.generation.perturbing.asked import ask, foreign

ORDERS = ("option-order", "option-order-reversed", "option-order-rotated", "simple-perturbed")


def make(kind: str, question: Question, seed: int = 0) -> Question:
    made = PERTURBATIONS[kind](question, Context(seed=seed))
    assert isinstance(made, Question)
    return made


def beside(question: Question) -> set[tuple[object, ...]]:
    return set(zip(question.options, question.correct, question.fact_ids, question.distractor_kinds, strict=True))


@pytest.mark.parametrize("kind", ORDERS)
@pytest.mark.parametrize("none", [False, True])
@pytest.mark.parametrize("options", [("noise", "pressure"), ("noise", "pressure", "vibration"), ("pressure", "noise")])
def test_an_order_moves_the_right_option_and_takes_its_facts_along(
    toy: KnowledgeGraph, kind: str, none: bool, options: tuple[str, ...]
) -> None:
    question = ask(toy, "seal-leakage", options, none=none)
    made = make(kind, question)
    assert beside(made) == beside(question)
    assert made.answer != question.answer
    assert made.options != question.options
    assert not none or made.distractor_kinds[-1] == Kind.NONE_OF_THESE
    assert (made.group, made.difficulty, made.tested_fact) == ("g1", "hard", question.tested_fact)


def test_reversing_three_options_moves_even_the_one_in_the_middle(toy: KnowledgeGraph) -> None:
    question = ask(toy, "seal-leakage", ("noise", "pressure", "vibration"))
    assert make("option-order-reversed", question).answer != 1


def test_where_none_of_these_is_right_the_others_move_before_it(toy: KnowledgeGraph) -> None:
    question = ask(toy, "seal-leakage", ("noise", "temperature", "vibration"), none=True)
    made = make("option-order", question)
    assert made.answer == question.answer == 3
    assert made.options[:3] != question.options[:3]


def test_several_right_options_are_found_where_they_went(toy: KnowledgeGraph) -> None:
    family = replace(ask(toy, "cavitation", ("vibration", "temperature")), arity=Arity.MULTIPLE, tested_fact="")
    three = replace(
        family,
        options=("vibration", "temperature", "noise"),
        option_ids=("A", "B", "C"),
        correct=(True, False, True),
        fact_ids=(*family.fact_ids, "toy-pump/indicatedBy/cavitation/noise"),
        distractor_kinds=("answer", "contrast", "answer"),
    )
    made = make("option-order", three)
    assert made.correct != three.correct
    assert beside(made) == beside(three)
    assert made.tested_fact == ""


def test_all_rotations_put_each_option_everywhere_once(toy: KnowledgeGraph) -> None:
    question = ask(toy, "cavitation", ("temperature", "noise", "pressure", "vibration"), none=True)
    made = PERTURBATIONS["rotated-options"](question, Context())
    assert isinstance(made, tuple)
    orders = [question.options, *(m.options for m in made)]
    assert [len({o[place] for o in orders}) for place in range(5)] == [4, 4, 4, 4, 1]
    assert len({m.id for m in made} | {question.id}) == 4


@pytest.mark.parametrize(
    ("style", "labels"),
    [
        ("P", ("P)", "Q)", "R)")),
        ("digits", ("1.", "2.", "3.")),
        ("brackets", ("(a)", "(b)", "(c)")),
        ("roman", ("i)", "ii)", "iii)")),
    ],
)
def test_labels_change_and_nothing_else(toy: KnowledgeGraph, style: str, labels: tuple[str, ...]) -> None:
    question = ask(toy, "seal-leakage", ("noise", "pressure"), none=True)
    made = make(f"labels-{style}", question)
    assert made.option_ids == labels
    assert (
        replace(made, option_ids=question.option_ids, id=question.id, perturbation="", perturbation_of=None) == question
    )
    with pytest.raises(NotMade, match="has these labels already"):
        make(f"labels-{style}", made)
    assert make("labels", question).option_ids != question.option_ids


@pytest.mark.parametrize("style", STYLES)
def test_labels_of_a_style_are_told_apart_and_carried_on(style: str) -> None:
    assert len({normalise_label(label) for label in STYLES[style]}) == 10
    assert labels_like(STYLES[style][:2], 4) == STYLES[style][:4]


def test_fewer_options_keep_what_is_right(toy: KnowledgeGraph) -> None:
    question = ask(toy, "seal-leakage", ("noise", "pressure", "vibration", "temperature"))
    sizes = set()
    for seed in range(20):
        made = make("fewer-options", question, seed)
        sizes.add(len(made.options))
        assert beside(made) <= beside(replace(question, distractor_kinds=made_kinds(question)))
        assert made.options[made.answer] == "pressure"
        assert made.option_ids == question.option_ids[: len(made.options)]
        assert (made.group, made.difficulty) == ("", "")
    assert sizes == {2, 3}


def made_kinds(question: Question) -> tuple[str, ...]:
    """Outside its group a wrong option is no contrast to anything."""
    return tuple(Kind.SAME_ANCHOR if k == Kind.CONTRAST else k for k in question.distractor_kinds)


def test_none_of_these_keeps_something_to_deny(toy: KnowledgeGraph) -> None:
    question = ask(toy, "seal-leakage", ("noise", "temperature", "vibration"), none=True)
    assert {len(make("fewer-options", question, seed).options) for seed in range(20)} == {2, 3}
    with pytest.raises(NotMade, match="no wrong option can go"):
        make("fewer-options", ask(toy, "seal-leakage", ("noise",), none=True))
    with pytest.raises(NotMade, match="no wrong option can go"):
        make("fewer-options", ask(toy, "seal-leakage", ("noise", "pressure")))


def test_blank_options_ask_nothing(toy: KnowledgeGraph) -> None:
    question = ask(toy, "seal-leakage", ("noise", "pressure"))
    made = make("blank-options", question)
    assert made.options == ("", "")
    assert (made.correct, made.tested_facts) == (question.correct, ())
    with pytest.raises(NotMade, match="asks for several"):
        make("blank-options", replace(question, arity=Arity.MULTIPLE))


@pytest.mark.parametrize(
    "kind", [*ORDERS, "labels", "labels-P", "fewer-options", "blank-options", "question-after-options"]
)
def test_questions_without_facts_are_served_too(kind: str) -> None:
    question = foreign("What is wet?", ("fire", "water", "sand", "none of these"), 1)
    made = make(kind, question)
    assert made.perturbation_of == "foreign"
    assert kind == "blank-options" or (made.options[made.answer], made.options[-1]) == ("water", "none of these")
    assert made.fact_ids == ()


@pytest.mark.parametrize("option", ["both A and B", "All of the above", "A or C"])
def test_an_option_that_speaks_of_others_is_not_moved(option: str) -> None:
    with pytest.raises(NotMade, match="speaks of other options"):
        make("option-order", foreign("What is wet?", (option, "rain", "snow"), 1))
    assert make("question-after-options", foreign("What is wet?", (option, "rain"), 1)).question_first is False
