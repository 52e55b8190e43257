"""A typed question is read as it was meant, linked where that can be told, and an answer is held against the graph."""

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest

from failwise.errors import InputError
from failwise.evaluation.asking import Reply, Spoken, hold_against
from failwise.evaluation.calibration import Calibration
from failwise.evaluation.typed import typed_question
from failwise.evaluation.typed_linking import linked
from failwise.generation.records import Arity
from failwise.generation.verifying.claims import Finding
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Fact, Family, Polarity, Truth

SHOWS = "Which sensor shows bearing damage on the toy pump?"
OPTIONS = ("noise", "vibration", "pressure")
MADE = Calibration("student", "digest", 60, 2.0, 0.3, 0.1, 0.8, 0.6, 0.5)


# --- what is asked ---


@pytest.mark.parametrize(
    ("text", "stem", "options"),
    [
        ("Which? A) vibration B) oil debris", "Which?", ("vibration", "oil debris")),
        ("Which? (A) vibration, (B) oil debris?", "Which?", ("vibration", "oil debris")),
        ("Which? a) one; b) two; c) three", "Which?", ("one", "two", "three")),
        ("Which?\nA. vibration\nB: oil debris\n", "Which?", ("vibration", "oil debris")),
        ("Which?\n1) one\n2) two", "Which?", ("one", "two")),
        ("Which?\n- vibration\n- oil debris", "Which?", ("vibration", "oil debris")),
        ("Which current (A) flows? A) one B) two", "Which current (A) flows?", ("one", "two")),
        ("Which? A) oil B) power (W) C) x", "Which?", ("oil", "power (W)", "x")),
        ("Which\nof  these? A)  oil\n debris B) speed", "Which of these?", ("oil debris", "speed")),
        ("Which \x1b[31mone\u202e? A) x\x07y B) z", "Which [31mone ?", ("x y", "z")),
    ],
)
def test_options_are_read_out_of_the_text(text: str, stem: str, options: tuple[str, ...]) -> None:
    found = typed_question(text)
    assert (found.question, found.options) == (stem, options)
    assert found.option_ids == tuple("ABC"[: len(options)])
    assert not any(found.correct) and found.arity is Arity.MULTIPLE


@pytest.mark.parametrize("text", ["Is it case A. or case B. here?", "See 1) of the manual. Which?", "Is A) meant?"])
def test_a_text_without_options_has_none(text: str) -> None:
    assert typed_question(text).options == ()


def test_given_options_leave_the_text_alone() -> None:
    found = typed_question("Which of A) and B) is it?", ["vibration", "oil debris"])
    assert found.question == "Which of A) and B) is it?"
    assert found.options == ("vibration", "oil debris")


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("", (), "question is empty"),
        (" \n\x00", OPTIONS, "question is empty"),
        ("A) vibration B) oil debris", (), "question is empty"),
        ("Which?", ("vibration",), "one option, 'vibration'"),
        ("Which?", ("vibration", " "), "option 2 is empty"),
        ("Which? A) x B)  C) y", (), "option 2 is empty"),
        ("Which?", ("Oil  debris", "oil debris\u200b"), "'oil debris' stands there twice"),
    ],
)
def test_what_is_no_choice_is_refused(text: str, options: tuple[str, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        typed_question(text, options)


def test_more_options_than_letters_are_numbered() -> None:
    found = typed_question("Which?", [f"thing {n}" for n in range(30)])
    assert found.option_ids[::29] == ("1", "30")


# --- what the graph makes of it ---


def test_a_question_is_linked_and_marked_by_the_graph(toy: KnowledgeGraph) -> None:
    found = linked(typed_question(SHOWS, OPTIONS), toy)
    assert (found.asset_class, found.relation, found.anchor) == ("toy-pump", "indicatedBy", "bearing-damage")
    assert (found.direction, found.polarity) == (Direction.FORWARD, Polarity.SELECTION)
    assert found.correct == (False, True, False)
    assert found.arity is Arity.SINGLE
    assert found.tested_fact == "toy-pump/indicatedBy/bearing-damage/vibration"


def test_a_denial_turns_what_is_right(toy: KnowledgeGraph) -> None:
    found = linked(typed_question("Which sensor does not show bearing damage on the toy pump?", OPTIONS), toy)
    assert found.polarity is Polarity.ELIMINATION
    assert found.correct == (True, False, True)
    assert (found.arity, found.tested_fact) == (Arity.MULTIPLE, "")


def test_what_the_graph_leaves_open_is_not_right(toy: KnowledgeGraph) -> None:
    found = linked(typed_question("Which sensor does not show bearing damage on the toy fan?", OPTIONS), toy)
    assert toy.facts[found.fact_ids[0]].truth is Truth.UNKNOWN
    assert found.correct == (False, False, False)


def test_a_question_about_something_else_stays_unlinked(toy: KnowledgeGraph) -> None:
    asked = typed_question("Which planet is largest?", ("Mars", "Jupiter"))
    assert linked(asked, toy) == asked


@pytest.mark.parametrize("asset, known", [("toy pump", 4), ("toy fan", 2)])
def test_without_options_the_row_is_offered(toy: KnowledgeGraph, asset: str, known: int) -> None:
    found = linked(typed_question(f"Which sensor shows bearing damage on the {asset}?"), toy)
    assert found.anchor == "bearing-damage" and found.direction is Direction.FORWARD
    assert len(found.options) == len(found.fact_ids) == len(found.option_ids) == known
    for option, fact_id, right in zip(found.options, found.fact_ids, found.correct, strict=True):
        assert toy.facts[fact_id].object.label == option
        assert toy.facts[fact_id].truth is (Truth.YES if right else Truth.NO)


def test_the_row_is_that_of_the_thing_asked_for(shipped: KnowledgeGraph) -> None:
    def row(text: str) -> tuple[str, str, Direction | None]:
        found = linked(typed_question(text), shipped)
        return found.relation, found.anchor, found.direction

    # "bearing" is a component of the fan, and stands in "bearing damage".
    assert row("Which sensor shows bearing damage on the fan?")[:2] == ("indicatedBy", "bearing-damage")
    assert row("Which components does the fan have?")[:2] == ("hasComponent", "fan")
    indicated = row("Which failure mode of the electric motor is indicated by vibration?")
    assert indicated == ("indicatedBy", "vibration", Direction.INVERSE)
    # "pump" is an asset class too, and stands in "centrifugal pump".
    caused = linked(typed_question("What causes bearing damage on the centrifugal pump?"), shipped)
    assert (caused.asset_class, caused.relation) == ("centrifugal-pump", "causedBy")


def test_a_row_that_cannot_be_told_is_refused(toy: KnowledgeGraph, shipped: KnowledgeGraph) -> None:
    with pytest.raises(InputError, match=r"no options, and the ontology has no row for it; .*--option"):
        linked(typed_question("How is the weather?"), toy)
    with pytest.raises(InputError, match="no row for it"):
        linked(typed_question("What is the colour of the fan?"), shipped)
    with pytest.raises(InputError, match=r"several rows: .*causedBy bearing-damage"):
        linked(typed_question("What is it with bearing damage on the electric motor?"), shipped)


def wordings(graph: KnowledgeGraph, asset: str) -> Iterator[tuple[Family, str, list[Fact]]]:
    """Yield one wording of each family of an asset class, filled in, with the facts of its row."""
    for relation in graph.relations.values():
        facts = list(graph.query(asset, relation.name))
        for family in relation.families if facts else ():
            forward = family.direction is Direction.FORWARD
            given = facts[0].subject if forward else facts[0].object
            row = [f for f in facts if given in ((f.subject,) if forward else (f.object,))]
            # Of a rating, the ends of its scale are named beside the number that is meant.
            if len(row) > 1 and not given.slug.isdecimal():
                text = family.templates[-1].text
                yield family, text.format(asset=facts[0].asset_class.label, anchor=given.label), row


def test_every_wording_of_ours_is_read_as_it_was_meant(shipped: KnowledgeGraph) -> None:
    asked = list(wordings(shipped, "centrifugal-pump"))[::3]
    assert len({family.relation for family, _, _ in asked}) > 12
    for family, text, row in asked:
        forward = family.direction is Direction.FORWARD
        labels = [(f.object if forward else f.subject).label for f in row]
        found = linked(typed_question(text, labels), shipped)
        assert (found.fact_ids, found.polarity) == (tuple(f.id for f in row), family.polarity), text
        wanted = Truth.YES if family.polarity is Polarity.SELECTION else Truth.NO
        assert found.correct == tuple(f.truth is wanted for f in row), text


def test_a_wording_without_a_denial_may_ask_for_what_does_not_hold(shipped: KnowledgeGraph) -> None:
    text = "You are asked to confirm bearing damage on the electric motor. Which of these readings can you leave aside?"
    found = linked(typed_question(text, ("vibration", "cooling gas")), shipped)
    assert (found.relation, found.polarity) == ("indicatedBy", Polarity.ELIMINATION)
    assert found.correct == (False, True)


# --- what the student answered ---


def answer(toy: KnowledgeGraph, scores: tuple[float, ...], reasons: str = "", text: str = SHOWS) -> Reply:
    return hold_against(toy, linked(typed_question(text, OPTIONS), toy), Spoken("student", scores, reasons))


@pytest.mark.parametrize(("scores", "agrees"), [((0.0, 3.0, 1.0), True), ((0.0, 1.0, 3.0), False)])
def test_a_choice_is_held_against_the_graph(toy: KnowledgeGraph, scores: tuple[float, ...], agrees: bool) -> None:
    found = answer(toy, scores)
    assert found.chosen == scores.index(3.0)
    assert (found.agrees, found.contradicted) == (agrees, not agrees)
    assert [o.text for o in found.right] == ["vibration"]
    assert found.confidence == pytest.approx(math.exp(3) / (math.exp(3) + math.exp(1) + 1))
    assert sum(o.probability or 0 for o in found.options) == pytest.approx(1)
    said = "is indicated by" if agrees else "is not indicated by"
    assert said in found.facts[0].statement and found.facts[0].fact_id == found.options[found.chosen or 0].fact_id


def test_what_the_graph_does_not_know_is_no_contradiction(toy: KnowledgeGraph) -> None:
    found = answer(toy, (3.0, 0.0, 0.0), text=SHOWS.replace("pump", "fan"))
    assert found.options[0].text == "noise" and found.options[0].right is None
    assert (found.agrees, found.contradicted) == (None, False)
    assert found.facts[0].statement.startswith("unknown")


def test_a_calibration_changes_how_sure_it_is_and_not_what_it_says(toy: KnowledgeGraph) -> None:
    question, spoken = linked(typed_question(SHOWS, OPTIONS), toy), Spoken("student", (0.0, 3.0, 1.0))
    found = hold_against(toy, question, spoken, MADE)
    assert found.chosen == 1
    assert found.confidence == pytest.approx(math.exp(1.5) / (math.exp(1.5) + math.exp(0.5) + 1))


def test_scores_that_are_no_numbers_are_no_answer(toy: KnowledgeGraph) -> None:
    found = answer(toy, (0.0, math.nan, 1.0))
    assert (found.chosen, found.confidence, found.agrees, found.facts) == (None, None, None, ())
    assert [o.probability for o in found.options] == [None, None, None]


def test_claims_are_checked_one_by_one(toy: KnowledgeGraph) -> None:
    text = (
        "Bearing damage of the toy pump is indicated by vibration. It is indicated by noise. "
        "The toy pump is painted in grey."
    )
    found = answer(toy, (0.0, 3.0, 1.0), text)
    assert [c.finding for c in found.claims[:2]] == [Finding.SUPPORTED, Finding.CONTRADICTED]
    assert found.claims[0].fact_id == "toy-pump/indicatedBy/bearing-damage/vibration"
    assert found.claims[1].known == toy.statement(toy.facts["toy-pump/indicatedBy/bearing-damage/noise"])
    assert Finding.CONTRADICTED not in [c.finding for c in found.claims[2:]]
    # The choice is right, and a claim is not.
    assert found.agrees and found.contradicted


def test_citations_are_looked_up(toy: KnowledgeGraph) -> None:
    right, made_up = "toy-pump/indicatedBy/bearing-damage/vibration", "toy-pump/indicatedBy/bearing-damage/oil"
    misplaced = "toy-pump/indicatedBy/seal-leakage/pressure"
    text = (
        f"It is indicated by vibration [{right}]. It is not indicated by noise [{made_up}]. Noise is out [{misplaced}]."
    )
    found = {c.fact_id: c for c in answer(toy, (0.0, 3.0, 1.0), text).citations}
    assert found[right].beside_its_names and found[right].known
    assert (found[made_up].known, found[made_up].beside_its_names) == ("", False)
    assert found[misplaced].known and not found[misplaced].beside_its_names


def test_without_reasons_nothing_is_claimed(toy: KnowledgeGraph) -> None:
    found = answer(toy, (0.0, 3.0, 1.0))
    assert (found.claims, found.citations) == ((), ())


def test_an_unlinked_choice_shows_what_is_known_of_its_name(toy: KnowledgeGraph) -> None:
    question = typed_question("What of the toy fan is loud?", ("vibration", "a radio"))
    question = linked(question, toy)
    assert not question.fact_ids
    found = hold_against(toy, question, Spoken("student", (1.0, 0.0)))
    assert [f.fact_id for f in found.facts] == ["toy-fan/indicatedBy/bearing-damage/vibration"]
    assert hold_against(toy, question, Spoken("student", (0.0, 1.0))).facts == ()
    assert found.agrees is None and not found.contradicted


def test_a_question_of_another_ontology_is_no_contradiction(toy: KnowledgeGraph) -> None:
    question = linked(typed_question(SHOWS, OPTIONS), toy)
    strange = replace(question, fact_ids=tuple(f"gone/{i}" for i in question.fact_ids))
    found = hold_against(toy, strange, Spoken("student", (3.0, 0.0, 0.0)))
    assert (found.agrees, found.contradicted) == (None, False)
    assert {f.fact_id for f in found.facts} == {f.id for f in toy.query("toy-pump", object="noise")}
