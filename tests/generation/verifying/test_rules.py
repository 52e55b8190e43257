"""Rules: the graph teacher breaks none, every spoiled rationale breaks one, and each rule can be broken."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest

from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.records import Arity, Question, Style
from failwise.generation.teachers.graph_teacher import GraphTeacher
from failwise.generation.teachers.teacher import TeacherReply, TeacherRequest
from failwise.generation.verifying.claims import Finding, NameBook, misread
from failwise.generation.verifying.corruptions import CORRUPTIONS, corrupt
from failwise.generation.verifying.lexicon import LEXICONS
from failwise.generation.verifying.rules import ACCEPTED, RULES, Verifier
from failwise.kg.graph import KnowledgeGraph

Pair = tuple[TeacherRequest, TeacherReply]


def written(graph: KnowledgeGraph, step: int = 1) -> list[Pair]:
    """Return the graph teacher's rationales of every step-th question of all families, in every style in turn."""
    config = QuestionsConfig(
        train_per_fact=1, test_per_fact=0, multiple_share=0.3, none_share=0.2, language=graph.language
    )
    teacher, pairs = GraphTeacher(RationalesConfig(), graph), []
    for question, style in zip(itertools.islice(Synthesis(graph, config), 0, None, step), itertools.cycle(Style)):
        evidence = {i: graph.statement(graph.facts[i]) for i in question.fact_ids if i}
        request = TeacherRequest(question, evidence, 0.0, 1, style=style)
        pairs.append((request, teacher.reason(request)))
    return pairs


@pytest.fixture(scope="module")
def graphs(shipped: KnowledgeGraph) -> dict[str, KnowledgeGraph]:
    return {"en": shipped, "de": KnowledgeGraph.load(language="de")}


@pytest.fixture(scope="module")
def few(graphs: dict[str, KnowledgeGraph]) -> dict[str, list[Pair]]:
    return {language: written(graph, 41) for language, graph in graphs.items()}


@pytest.fixture(scope="module")
def one(shipped: KnowledgeGraph, few: dict[str, list[Pair]]) -> Pair:
    """Return a plain question of two options with its rationale."""
    return next(
        p
        for p in few["en"]
        if len(p[0].question.options) == 2
        and all(p[0].question.fact_ids)
        and p[0].question.arity is Arity.SINGLE
        and p[0].style is Style.STANDARD
    )


@pytest.mark.parametrize("language", ["en", "de"])
def test_right_rationales_are_accepted_and_wholly_supported(
    graphs: dict[str, KnowledgeGraph], few: dict[str, list[Pair]], language: str
) -> None:
    verifier = Verifier(graphs[language], RationalesConfig(allow_unverifiable=False))
    for request, reply in few[language]:
        verdict = verifier.check(request, reply)
        assert (verdict.reason, verdict.contradicted, verdict.unverifiable) == (ACCEPTED, 0, 0), reply.text
        assert verdict.supported >= sum(map(bool, request.question.fact_ids))


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_spoiled_rationales_are_caught(
    graphs: dict[str, KnowledgeGraph], few: dict[str, list[Pair]], language: str, kind: str
) -> None:
    verifier = Verifier(graphs[language], RationalesConfig())
    other = graphs["de" if language == "en" else "en"]
    made = 0
    for request, reply in few[language][:150]:
        bad = corrupt(kind, verifier, request, reply, other)
        if bad is not None:
            made += 1
            assert (bad.text, bad.answer) != (reply.text, reply.answer)
            assert bad == corrupt(kind, verifier, request, reply, other)
            assert verifier.check(request, bad).reason in RULES, bad.text
    assert made > 10


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_relation_is_read_the_way_it_is_worded(graphs: dict[str, KnowledgeGraph], language: str) -> None:
    lexicon = NameBook(graphs[language]).lexicon(language)
    assert lexicon is not None
    assert [misread(r, lexicon) for r in graphs[language].relations.values() if misread(r, lexicon)] == []


def test_a_denial_in_words_of_its_own_is_learnt(toy: KnowledgeGraph) -> None:
    from failwise.generation.verifying.claims import learn

    odd = replace(
        toy.relations["indicatedBy"],
        statement="on the {asset}, {object} betrays {subject}",
        denial="on the {asset}, {object} spares {subject}",
    )

    class Odd:
        language = "en"
        relations = {"indicatedBy": odd}  # noqa: RUF012

    plain = LEXICONS["en"]
    assert misread(odd, plain)
    assert not misread(odd, learn(plain, Odd()))  # type: ignore[arg-type]


Change = Callable[[TeacherRequest, TeacherReply], TeacherReply]


def other_id(question: Question, answer: str | None) -> str:
    return next(i for i in question.option_ids if i != answer)


BREAKING: dict[str, Change] = {
    "no-reply": lambda q, r: TeacherReply("", None, fault="no answer came"),
    "wrong-form": lambda q, r: TeacherReply("", None, raw="<html>", fault="not JSON"),
    "empty": lambda q, r: replace(r, text=" "),
    "no-answer": lambda q, r: replace(r, answer="Z"),
    "wrong-answer": lambda q, r: replace(r, answer=other_id(q.question, r.answer)),
    "cut-off": lambda q, r: replace(r, fault="cut off"),
    "wrong-language": lambda q, r: replace(r, text=f"{r.text} {'Das ist nicht der Fall und wird so bleiben. ' * 5}"),
    "repetition": lambda q, r: replace(r, text=f"{'This goes on. ' * 3}{r.text}"),
    "invented-citation": lambda q, r: replace(r, text=f"This is known [made/up/here]. {r.text}"),
    "early-letter": lambda q, r: replace(r, text=f"({r.answer}) is right. {r.text}"),
    "option-not-addressed": lambda q, r: replace(r, text=f"We go through it with great care. Hence {r.answer}."),
}


@pytest.mark.parametrize("reason", BREAKING)
def test_each_rule_can_be_broken(shipped: KnowledgeGraph, one: Pair, reason: str) -> None:
    request, reply = one
    verdict = Verifier(shipped, RationalesConfig()).check(request, BREAKING[reason](request, reply))
    assert verdict.reason == reason
    assert verdict.reason in RULES


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"min_words": 200}, "too-short"), ({"max_words": 10}, "too-long")],
)
def test_lengths_can_be_set(shipped: KnowledgeGraph, one: Pair, settings: dict[str, int], reason: str) -> None:
    verdict = Verifier(shipped, RationalesConfig.model_validate(settings)).check(*one)
    assert verdict.reason == reason


def test_what_the_graph_does_not_know_is_refused_where_that_is_asked_for(shipped: KnowledgeGraph, one: Pair) -> None:
    request, reply = one
    asset = shipped.asset_classes[request.question.asset_class].label
    more = replace(reply, text=f"The {asset} is the largest machine of the plant. {reply.text}")
    assert Verifier(shipped, RationalesConfig()).check(request, more).reason == ACCEPTED
    assert Verifier(shipped, RationalesConfig(allow_unverifiable=False)).check(request, more).reason == "unverifiable"


def test_letters_may_come_early_where_the_recipe_allows_it(shipped: KnowledgeGraph, one: Pair) -> None:
    request, reply = one
    early = BREAKING["early-letter"](request, reply)
    assert Verifier(shipped, RationalesConfig(early_letter=True)).check(request, early).reason == ACCEPTED


def test_a_passage_may_be_cited_and_is_not_judged(shipped: KnowledgeGraph, one: Pair) -> None:
    request, reply = one
    offered = replace(request, evidence={**request.evidence, "doc/manual/3": "words"})
    cited = replace(reply, text=f"The manual says more [doc/manual/3]. {reply.text}")
    verdict = Verifier(shipped, RationalesConfig()).check(offered, cited)
    assert (verdict.reason, verdict.contradicted) == (ACCEPTED, 0)
    assert "doc/manual/3" in verdict.cited


def test_a_claim_records_its_sentence_fact_truth_and_finding(shipped: KnowledgeGraph, one: Pair) -> None:
    request, reply = one
    claims = Verifier(shipped, RationalesConfig()).read(request.question, reply.text).claims
    for fact_id, right in zip(request.question.fact_ids, request.question.correct, strict=True):
        claim = next(c for c in claims if c.fact_id == fact_id)
        assert f"[{fact_id}]" in claim.sentence
        assert claim.truth is (shipped.facts[fact_id].truth == "yes")
        assert claim.finding is Finding.SUPPORTED
        assert right in (True, False)


def test_a_flood_of_text_is_refused_unread(shipped: KnowledgeGraph, one: Pair) -> None:
    request, reply = one
    flood = replace(reply, text="not, " * 2_000_000)
    assert Verifier(shipped, RationalesConfig()).check(request, flood).reason == "too-long"


@pytest.mark.parametrize("scrap", ["not, ", "[", "§option ", "\n- ", "A ", "speed, ", "\ue000", "?!;:", "none of "])
def test_scraps_of_text_are_refused_and_do_no_harm(shipped: KnowledgeGraph, one: Pair, scrap: str) -> None:
    request, reply = one
    scraps = replace(reply, text=scrap * 2000)
    assert Verifier(shipped, RationalesConfig()).check(request, scraps).reason in RULES
