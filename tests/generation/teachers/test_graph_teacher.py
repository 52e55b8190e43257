"""The graph's own rationales: true, cited, addressed to every option, in four styles and two languages."""

import random
import re
from dataclasses import replace

import pytest

from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.records import Arity, Kind, Question, Style
from failwise.generation.teachers.graph_sentences import shape
from failwise.generation.teachers.graph_teacher import GraphTeacher
from failwise.generation.teachers.teacher import CITATION, TeacherRequest
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Polarity, Truth


def questions_of(graph: KnowledgeGraph) -> list[Question]:
    config = QuestionsConfig(
        train_per_fact=1,
        test_per_fact=0,
        multiple_share=0.3,
        none_share=0.3,
        language=graph.language,
        distractors={"degree-matched": 1.0, "out-of-asset": 0.3},
    )
    return list(Synthesis(graph, config))


def request_for(graph: KnowledgeGraph, question: Question, style: Style = Style.STANDARD) -> TeacherRequest:
    evidence = {i: graph.statement(graph.facts[i]) for i in question.fact_ids if i}
    return TeacherRequest(question, evidence, 0.0, 1, style=style)


def teacher_of(graph: KnowledgeGraph, seed: int = 0) -> GraphTeacher:
    return GraphTeacher(RationalesConfig(seed=seed), graph)


def last_sentence(text: str) -> str:
    return re.split(r"(?<=[.:])\s", text)[-1]


@pytest.fixture(scope="module")
def graphs(shipped: KnowledgeGraph) -> dict[str, KnowledgeGraph]:
    return {"en": shipped, "de": KnowledgeGraph.load(language="de")}


@pytest.fixture(scope="module")
def samples(graphs: dict[str, KnowledgeGraph]) -> dict[str, list[Question]]:
    """Twelve questions of each relation, some of every kind among them."""
    found = {}
    for language, graph in graphs.items():
        pool = questions_of(graph)
        random.Random(0).shuffle(pool)
        by_relation: dict[str, list[Question]] = {}
        for question in pool:
            by_relation.setdefault(question.relation, []).append(question)
        found[language] = [q for some in by_relation.values() for q in some[:12]]
    return found


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("style", Style)
def test_every_relation_is_argued_to_the_right_answer(
    graphs: dict[str, KnowledgeGraph], samples: dict[str, list[Question]], language: str, style: Style
) -> None:
    graph, questions = graphs[language], samples[language]
    assert {q.relation for q in questions} == set(graph.relations)
    assert {q.arity for q in questions} == set(Arity)
    assert any(q.distractor_kinds[-1] == Kind.NONE_OF_THESE and q.correct[-1] for q in questions)
    for question in questions:
        reply = teacher_of(graph).reason(request_for(graph, question, style))
        assert (reply.answer, reply.fault) == (question.answer_ids, "")
        assert set(CITATION.findall(reply.text)) == set(filter(None, question.fact_ids))
        for option, fact_id in zip(question.options, question.fact_ids, strict=True):
            if fact_id:
                assert re.search(rf"{re.escape(option)}\W{{0,2}} \[{re.escape(fact_id)}\]", reply.text, re.I) or (
                    option.lower() in reply.text.lower() and f"[{fact_id}]" in reply.text
                )


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_sentence_says_of_its_facts_what_the_graph_says(
    graphs: dict[str, KnowledgeGraph], samples: dict[str, list[Question]], language: str
) -> None:
    denials = re.compile(r"\b(not|none|neither|cannot|nicht|keine|keinen|kein)\b", re.I)
    for question in samples[language]:
        for style in Style:
            text = teacher_of(graphs[language]).reason(request_for(graphs[language], question, style)).text
            for sentence in re.split(r"(?<=\.) (?=[A-ZÄÖÜ0-9„])", text):
                cited = [graphs[language].facts[i] for i in CITATION.findall(sentence)]
                truths = {fact.truth for fact in cited}
                assert len(truths) <= 1, sentence
                own = CITATION.sub("", sentence)
                ends = (end.label for fact in cited for end in (fact.subject, fact.object))
                for name in (*question.options, question.anchor, *ends):
                    own = own.replace(name, "")
                if truths:
                    assert (Truth.NO in truths) == bool(denials.search(own)), sentence


@pytest.mark.parametrize("style", Style)
def test_the_labels_come_in_the_last_sentence_alone(
    shipped: KnowledgeGraph, samples: dict[str, list[Question]], style: Style
) -> None:
    labels = ("P)", "Q)", "R)", "S)", "T)", "U)")
    for question in samples["en"]:
        named = replace(question, option_ids=labels[: len(question.options)])
        text = teacher_of(shipped).reason(request_for(shipped, named, style)).text
        end = last_sentence(text)
        for label in named.option_ids:
            assert label not in text.removesuffix(end)
            assert (label in end) == (label in named.answer_ids.split(","))


def test_a_question_gets_the_same_words_every_time_and_others_with_another_seed(toy: KnowledgeGraph) -> None:
    requests = [request_for(toy, q) for q in questions_of(toy)]
    first, again, other = ([teacher_of(toy, seed).reason(r).text for r in requests] for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_styles_differ_and_the_concise_one_is_short(
    shipped: KnowledgeGraph, samples: dict[str, list[Question]]
) -> None:
    words = dict.fromkeys(Style, 0)
    for question in samples["en"]:
        texts = {style: teacher_of(shipped).reason(request_for(shipped, question, style)).text for style in Style}
        assert len(set(texts.values())) >= len(Style) - 1
        for style, text in texts.items():
            words[style] += len(text.split())
    assert words[Style.CONCISE] < min(words[s] for s in Style if s is not Style.CONCISE)


def test_an_expert_uses_what_a_fact_was_derived_from_only_if_it_is_offered(shipped: KnowledgeGraph) -> None:
    fact = next(f for f in shipped.facts.values() if f.relation == "causeLeadsTo" and f.truth is Truth.YES)
    question = next(
        q
        for q in Synthesis(shipped, QuestionsConfig(asset_classes=(fact.asset_class.slug,)))
        if fact.id in q.fact_ids and q.tested_fact == fact.id and q.polarity is Polarity.SELECTION
    )
    plain = request_for(shipped, question, Style.EXPERT)
    origins = {i: shipped.statement(shipped.facts[i]) for i in fact.derivation}
    offered = replace(plain, evidence={**plain.evidence, **origins})
    teacher = teacher_of(shipped)
    assert not set(fact.derivation) & set(CITATION.findall(teacher.reason(plain).text))
    assert set(fact.derivation) <= set(CITATION.findall(teacher.reason(offered).text))


def test_where_the_graph_does_not_decide_the_teacher_says_so(toy: KnowledgeGraph) -> None:
    question = next(q for q in questions_of(toy) if q.arity is Arity.SINGLE and q.tested_fact)
    blank = tuple("" if i == question.tested_fact else i for i in question.fact_ids)
    kinds = tuple(Kind.SAME_ANCHOR for _ in question.options)
    unlinked = replace(question, fact_ids=blank, distractor_kinds=kinds)
    reply = teacher_of(toy).reason(request_for(toy, unlinked))
    assert (reply.text, reply.answer, reply.fault) == ("", None, "undecided")
    assert teacher_of(toy).reason(request_for(toy, replace(question, fact_ids=()))).fault == "undecided"


@pytest.mark.parametrize("style", Style)
def test_an_option_without_a_fact_is_said_to_have_none(
    shipped: KnowledgeGraph, samples: dict[str, list[Question]], style: Style
) -> None:
    question = next(
        q
        for q in samples["en"]
        if q.tested_fact and q.polarity is Polarity.SELECTION and len(list(filter(None, q.fact_ids))) > 2
    )
    wrong = question.correct.index(False)
    facts = tuple("" if place == wrong else i for place, i in enumerate(question.fact_ids))
    reply = teacher_of(shipped).reason(request_for(shipped, replace(question, fact_ids=facts), style))
    assert f"Nothing is stated about {question.options[wrong]}." in reply.text
    assert reply.answer == question.answer_ids


@pytest.mark.parametrize(
    ("template", "end", "groups"),
    [
        ("on the {asset}, {subject} is indicated by {object}", "object", True),
        ("{object} is a listed failure mode of the {asset}", "asset", False),
        ("on the {asset}, a failure caused by {subject} can show in {object}", "subject", False),
        ("{object} is a task against a failure mode that {subject} indicates", "subject", False),
        ("{object} is a mechanism behind {subject} on the {asset}", "subject", True),
    ],
)
def test_a_list_stands_only_where_it_keeps_the_meaning(template: str, end: str, groups: bool) -> None:
    assert shape(template, end).groups is groups


def test_quotation_marks_close_before_the_citation() -> None:
    form = shape("wird durch die Messgröße „{object}“ angezeigt", "object")
    assert (form.text, form.quotes) == ("wird durch die Messgröße {option} angezeigt", ("„", "“"))
