"""Option sets become question records: slots filled, wordings dealt, languages kept, "none of these" last."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from failwise.errors import InputError
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.drawing.wording import check_slots, family_of, question_id
from failwise.generation.records import Arity, Kind, Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import load_ontology
from failwise.kg.records import Direction, Family, Polarity, Template, Truth
from failwise.question_set import make_questions
from tests.conftest import toy_paths


def make(graph: KnowledgeGraph, **settings: object) -> list[Question]:
    return list(Synthesis(graph, QuestionsConfig.model_validate(settings)))


def toy_with(folder: Path, text: str) -> KnowledgeGraph:
    """Return the graph of the toy ontology with a file beside it."""
    prefixes = """
        @prefix asset: <https://w3id.org/failwise/asset-class/> . @prefix sensor: <https://w3id.org/failwise/sensor/> .
        @prefix family: <https://w3id.org/failwise/family/> . @prefix fw: <https://w3id.org/failwise/ontology#> .
        @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix rel: <https://w3id.org/failwise/relation/> .
        @prefix mode: <https://w3id.org/failwise/failure-mode/> .
    """
    path = folder / "more.ttl"
    path.write_text(prefixes + text, encoding="utf-8")
    return KnowledgeGraph(load_ontology([*toy_paths(), path], shipped=False))


def family(text: str, direction: Direction = Direction.FORWARD, multiple: str = "") -> Family:
    several = (Template("m", multiple),) if multiple else ()
    return Family("shows", direction, Polarity.SELECTION, "s", "r", (Template("t", text),), several)


@pytest.mark.parametrize(
    ("asked", "across", "slot"),
    [
        (family("What shows {anchor} on {place}?"), False, r"\{place\}"),
        (family("What shows {} here?"), False, r"\{\}"),
        (family("Which has {anchor}, {asset}?", Direction.INVERSE), True, r"\{asset\}"),
        (family("Which?", multiple="Which of {these}?"), False, r"\{these\}"),
    ],
)
def test_a_slot_that_nothing_fills_is_refused(asked: Family, across: bool, slot: str) -> None:
    with pytest.raises(InputError, match=f"shows, .* has the slot {slot}; allowed here: .*{{anchor}}") as caught:
        check_slots(asked, across)
    wording = next(t.text for t in (*asked.templates, *asked.multiple) if slot.strip("\\{}") in t.text)
    assert wording in str(caught.value) or asked.multiple


def test_a_wording_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(InputError, match=r"'Which \{anchor\?' cannot be read: .*; write \{asset\}"):
        check_slots(family("Which {anchor?"), False)


def test_slots_that_are_filled_are_well() -> None:
    check_slots(family("What shows {anchor} on the {asset}?", multiple="All for {anchor}?"), False)
    check_slots(family("Which has {anchor}?", Direction.INVERSE), True)


def test_an_ontology_with_an_unknown_slot_makes_no_questions(tmp_path: Path) -> None:
    graph = toy_with(tmp_path, 'family:indicatedBy.forward.selection fw:template "On {machine}: {anchor}?"@en .')
    with pytest.raises(InputError, match=r"'On \{machine\}: \{anchor\}\?' of indicatedBy.*\{machine\}"):
        make_questions(graph, QuestionsConfig(), tmp_path)
    assert not list(tmp_path.glob("*questions*"))


def test_a_relation_without_wordings_is_refused_where_it_is_named(tmp_path: Path) -> None:
    graph = toy_with(
        tmp_path,
        """rel:smellsOf a fw:Relation ; rdfs:label "smells of"@en ; rdfs:domain fw:FailureMode ; rdfs:range fw:Sensor ;
        fw:forwardName "a"@en ; fw:inverseName "b"@en ; fw:statement "{asset} {subject} {object}"@en ;
        fw:denial "{asset} not {subject} {object}"@en .
        mode:toy-pump.cavitation rel:smellsOf sensor:noise .""",
    )
    with pytest.raises(InputError, match="'smellsOf' has no wordings in the language 'en'"):
        make_questions(graph, QuestionsConfig(relations=("smellsOf",)), tmp_path)
    assert not list(tmp_path.glob("*questions*"))
    assert {q.relation for q in make(graph)} == {"indicatedBy"}


def test_an_ontology_that_only_says_yes_gives_no_question_and_says_why(tmp_path: Path) -> None:
    graph = KnowledgeGraph(load_ontology(toy_paths(), shipped=False))
    graph.facts = {i: f for i, f in graph.facts.items() if f.truth is Truth.YES}
    with pytest.raises(InputError, match=r"no question can be made .*no stated no beside it.*one yes and one"):
        make_questions(graph, QuestionsConfig(), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def german() -> KnowledgeGraph:
    return KnowledgeGraph.load(language="de")


def test_a_german_set_is_german_throughout(german: KnowledgeGraph, shipped: KnowledgeGraph) -> None:
    settings = {"relations": ["indicatedBy"], "asset_classes": ["fan", "electric-motor"], "none_share": 0.5}
    questions, english = make(german, **settings), make(shipped, **settings)
    words = {e.label for e in german.entities.values()}
    stems = {t.text for f in german.relations["indicatedBy"].families for t in f.templates}
    assert stems.isdisjoint(t.text for f in shipped.relations["indicatedBy"].families for t in f.templates)
    for q in questions:
        assert q.language == "de"
        assert set(q.options) <= words | {"Keine der genannten"}
        assert (q.distractor_kinds[-1] == Kind.NONE_OF_THESE) == (q.options[-1] == "Keine der genannten")
    assert any(q.options[-1] == "Keine der genannten" for q in questions)
    assert {q.question for q in questions}.isdisjoint(q.question for q in english)


def test_none_of_these_needs_its_words(toy: KnowledgeGraph) -> None:
    class Speechless(KnowledgeGraph):
        none_of_these = ""

    graph = Speechless.__new__(Speechless)
    graph.__dict__.update({k: v for k, v in toy.__dict__.items() if k != "none_of_these"})
    with pytest.raises(InputError, match="add an rdfs:label in it to fw:NoneOfThese"):
        make(graph, none_share=0.5)
    assert make(graph)


def test_none_of_these_is_last_and_right_where_nothing_else_is(shipped: KnowledgeGraph) -> None:
    questions = make(shipped, relations=["indicatedBy"], none_share=1, min_options=3, max_options=5)
    with_none = [q for q in questions if Kind.NONE_OF_THESE in q.distractor_kinds]
    for q in with_none:
        assert q.distractor_kinds.index(Kind.NONE_OF_THESE) == len(q.options) - 1
        assert (q.options[-1], q.fact_ids[-1]) == (shipped.none_of_these, "")
        assert sum(q.correct) == 1
        wrong = Truth.NO if q.polarity is Polarity.SELECTION else Truth.YES
        assert q.correct[-1] == all(shipped.facts[i].truth is wrong for i in q.fact_ids[:-1])
        assert (q.tested_fact == "") == q.correct[-1]
    assert len(with_none) > 0.8 * len(questions)
    for k in (3, 4, 5):
        own = [q.correct[-1] for q in with_none if len(q.options) == k]
        assert abs(sum(own) - len(own) / k) < 3 * (len(own) * (1 / k) * (1 - 1 / k)) ** 0.5, (k, len(own), sum(own))


def test_several_answers_alone(shipped: KnowledgeGraph) -> None:
    questions = make(shipped, relations=["indicatedBy"], multiple_share=1)
    assert {q.arity for q in questions} == {Arity.MULTIPLE}
    assert not any(q.tested_fact or shipped.none_of_these in q.options for q in questions)
    assert {q.question_type for q in questions} == {"mcp2_positive", "mcp2_negative"}
    for k in (2, 3, 4, 5):
        assert {sum(q.correct) for q in questions if len(q.options) == k} == set(range(k + 1))
    pairs: dict[str, list[Question]] = {}
    for q in questions:
        pairs.setdefault(q.group, []).append(q)
    sizes = Counter(len(found) for found in pairs.values())
    assert sizes[2] > 0.95 * len(pairs)


def test_ten_options_every_time(shipped: KnowledgeGraph) -> None:
    questions = make(shipped, asset_classes=["electric-motor"], min_options=10, max_options=10, ungrouped_share=1)
    assert questions
    assert {len(q.options) for q in questions} == {10}
    assert {q.option_ids for q in questions} == {tuple("ABCDEFGHIJ")}
    assert {q.asset_class for q in questions} == {"electric-motor"}


def test_wordings_come_equally_often(shipped: KnowledgeGraph) -> None:
    questions = make(shipped, relations=["indicatedBy"], asset_classes=["electric-motor"])
    for direction in Direction:
        for polarity in Polarity:
            asked = family_of(shipped.relations["indicatedBy"], direction, polarity)
            assert asked is not None
            own = Counter(
                q.template for q in questions if (q.direction, q.polarity, q.split) == (direction, polarity, "train")
            )
            assert set(own) == {t.id for t in asked.templates}
            assert max(own.values()) - min(own.values()) <= 2 + 0.2 * max(own.values()), own


def test_groups_keep_their_order_in_words(shipped: KnowledgeGraph) -> None:
    groups: dict[str, list[Question]] = {}
    for q in make(shipped, relations=["indicatedBy"], asset_classes=["fan", "pump"]):
        if q.group:
            groups.setdefault(q.group, []).append(q)
    for found in groups.values():
        assert len({frozenset(q.options) for q in found}) == 1
        assert len({(q.split, q.direction, q.polarity) for q in found}) == 1
        assert len({q.options[q.answer] for q in found}) == len(found)


def test_ids_are_of_the_parts_alone() -> None:
    assert question_id("a", "b") == question_id("a", "b")
    assert len({question_id("a", "b"), question_id("ab", ""), question_id("b", "a")}) == 3
    assert len(question_id("a")) == 16


def test_no_family_where_there_are_no_wordings(toy: KnowledgeGraph) -> None:
    relation = replace(toy.relations["indicatedBy"], families=())
    assert family_of(relation, Direction.FORWARD, Polarity.SELECTION) is None
