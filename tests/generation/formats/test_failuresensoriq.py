"""FailureSensorIQ: every question finds its facts, every file is written back byte for byte."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from failwise.generation.formats import link_report
from failwise.generation.formats.failuresensoriq import FIELDS, Layout, layout_of, write_failuresensoriq
from failwise.generation.formats.linking import link_facts
from failwise.generation.formats.question_files import read_questions
from failwise.generation.records import Arity, Question
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Direction, Polarity, Truth

# Questions, options, and options without a fact; every question of every file is linked and agrees.
FILES = {
    "single_answer": (2667, 10953, 0),
    "single_answer_simple_perturbed": (2667, 10953, 0),
    "multi_answer_sample": (200, 1000, 0),
    "ten_options_sample": (20, 200, 100),
}


@pytest.fixture
def folder(data: Path) -> Path:
    return data / "failuresensoriq"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("graph", ["shipped", "published"])
def test_all_is_linked_and_agrees(name: str, graph: str, folder: Path, request: pytest.FixtureRequest) -> None:
    known: KnowledgeGraph = request.getfixturevalue(graph)
    questions, report = link_facts(read_questions(folder / f"{name}.jsonl"), known)
    count, options, without = FILES[name]
    assert (report.questions, report.linked, report.agreeing) == (count, count, count)
    assert (report.options, report.without_fact) == (options, without)
    assert report.reasons == {}
    for q in questions:
        right = Truth.YES if q.polarity is Polarity.SELECTION else Truth.NO
        found = [known.facts[i].truth is right if i else False for i in q.fact_ids]
        assert found == list(q.correct)


def test_the_single_answer_file_reaches_every_fact_of_its_matrix(shipped: KnowledgeGraph, folder: Path) -> None:
    questions = read_questions(folder / "single_answer.jsonl", shipped)
    assert len({i for q in questions for i in q.fact_ids}) == 1342
    types = {"mcp1_positive": Polarity.SELECTION, "mcp1_negative": Polarity.ELIMINATION}
    assert all(types[q.question_type] is q.polarity for q in questions)


def test_a_paraphrase_finds_the_facts_of_its_original(shipped: KnowledgeGraph, folder: Path) -> None:
    paraphrased = read_questions(folder / "complex_perturbed_sample.jsonl")
    alone = link_facts(paraphrased, shipped)[1]
    assert (alone.linked, alone.reasons) == (15, {link_report.NO_ANCHOR: 5})
    originals = read_questions(folder / "single_answer.jsonl")
    questions, report = link_facts(paraphrased, shipped, originals)
    assert (report.linked, report.agreeing) == (20, 20)
    assert [q.perturbation_of for q in questions] == [q.id for q in questions]
    assert {(q.perturbation, q.question_first) for q in questions} == {("complex", False)}
    assert {q.asset_name for q in questions} == {"electric motor"}


def test_ten_options_keep_to_their_original_too(shipped: KnowledgeGraph, folder: Path) -> None:
    ten = read_questions(folder / "ten_options_sample.jsonl")
    alone = link_facts(ten, shipped)[0]
    beside = link_facts(ten, shipped, read_questions(folder / "single_answer.jsonl"))[0]
    assert [q.fact_ids for q in alone] == [q.fact_ids for q in beside]
    assert all(q.perturbation_of == q.id for q in beside)


def test_arity_and_variants_are_told_apart(folder: Path) -> None:
    kinds = {p.stem: {(q.arity, q.perturbation) for q in read_questions(p)} for p in folder.glob("*.jsonl")}
    assert kinds["multi_answer_sample"] == {(Arity.MULTIPLE, "")}
    assert kinds["single_answer"] == kinds["ten_options_sample"] == {(Arity.SINGLE, "")}
    assert kinds["single_answer_simple_perturbed"] == {(Arity.SINGLE, "simple")}
    assert kinds["complex_perturbed_sample"] == {(Arity.SINGLE, "complex")}


@pytest.mark.parametrize("linked", [False, True])
def test_every_file_is_written_back_byte_for_byte(
    linked: bool, shipped: KnowledgeGraph, folder: Path, tmp_path: Path
) -> None:
    files = sorted(folder.glob("*.jsonl"))
    assert len(files) == 5
    for path in files:
        questions = read_questions(path, shipped if linked else None)
        assert write_failuresensoriq(questions, tmp_path / path.name) == {tmp_path / path.name: len(questions)}
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()
        assert read_questions(tmp_path / path.name, shipped if linked else None) == questions


# --- our own questions in their format ---

SENSORS = ("temperature", "noise", "pressure")


def ours(number: int, correct: tuple[bool, ...] = (False, True, False), arity: Arity = Arity.SINGLE) -> Question:
    return Question(
        subject="failure_mode_sensor_analysis", id=f"{number:016x}", question="What shows cavitation of the toy pump?",
        options=SENSORS, option_ids=("A", "B", "C"), question_first=True, correct=correct, text_type="choice",
        asset_name="toy pump", relevancy="relevant_sensors_for_failure_mode", question_type="mcp1_positive",
        asset_class="toy-pump", relation="indicatedBy", direction=Direction.FORWARD, polarity=Polarity.SELECTION,
        arity=arity, anchor="cavitation", fact_ids=tuple(f"toy-pump/indicatedBy/cavitation/{s}" for s in SENSORS),
        tested_fact="toy-pump/indicatedBy/cavitation/noise" if arity is Arity.SINGLE else "", split="test",
    )  # fmt: skip


def test_each_kind_of_ours_has_its_layout(tmp_path: Path) -> None:
    several = [ours(2, (True, True, False), Arity.MULTIPLE), ours(3, (False, True, False), Arity.MULTIPLE),
               ours(4, (False, False, False), Arity.MULTIPLE)]  # fmt: skip
    variant = replace(ours(5), perturbation="labels", perturbation_of=ours(1).id, option_ids=("P)", "Q)", "R)"))
    written = write_failuresensoriq([ours(1), *several, variant], tmp_path / "set.jsonl")
    names = {"set_single_answer.jsonl": 1, "set_multi_answer.jsonl": 3, "set_perturbed.jsonl": 1}
    assert {p.name: n for p, n in written.items()} == names
    for path, layout in zip(written, (Layout.SINGLE, Layout.MULTIPLE, Layout.PERTURBED), strict=True):
        assert all(tuple(json.loads(line)) == FIELDS[layout] for line in path.read_text().splitlines())


@pytest.mark.parametrize("correct", [(True, True, False), (False, True, False), (False, False, False)])
def test_several_answers_come_back_as_several(correct: tuple[bool, ...], tmp_path: Path) -> None:
    write_failuresensoriq([ours(1, correct, Arity.MULTIPLE)], tmp_path / "m.jsonl")
    (question,) = read_questions(tmp_path / "m.jsonl")
    assert (question.arity, question.correct) == (Arity.MULTIPLE, correct)


def test_fields_of_theirs_come_back_and_ids_keep_their_kind(tmp_path: Path) -> None:
    questions = [ours(10**15 + 1), ours(0xABC)]
    write_failuresensoriq(questions, tmp_path / "s.jsonl")
    ids = [json.loads(line)["id"] for line in (tmp_path / "s.jsonl").read_text().splitlines()]
    assert ids == [q.id for q in questions], "one id is no number, so all are texts"
    for before, after in zip(questions, read_questions(tmp_path / "s.jsonl"), strict=True):
        assert all(getattr(after, name) == getattr(before, name) for name in FIELDS[Layout.SINGLE])


def test_a_question_of_no_asset_is_written_too() -> None:
    bare = replace(ours(1), asset_name="", relevancy="", question_type="")
    assert layout_of(bare) is Layout.SINGLE
    assert layout_of(replace(bare, asset_name="pump")) is Layout.TEN_OPTIONS


# --- what a report says ---


def test_a_report_says_what_is_missing_and_what_is_contrary(toy: KnowledgeGraph) -> None:
    wrong = replace(ours(1), fact_ids=(), tested_fact="", correct=(True, False, False))
    unknown = replace(ours(2), fact_ids=(), asset_name="submarine")
    gone = replace(ours(3), fact_ids=("toy-pump/indicatedBy/cavitation/x", "", ""))
    other = replace(ours(4), fact_ids=(), relevancy="relevant_colours_for_failure_mode")
    strange = replace(ours(5), fact_ids=(), options=("temperature", "noise", "sonar"))
    _, report = link_facts([wrong, unknown, gone, other, strange], toy)
    assert Counter(report.reasons) == {link_report.NO_ASSET_CLASS: 1, link_report.NOT_HERE: 1,
                                       link_report.NO_RELATION: 1}  # fmt: skip
    assert (report.linked, report.agreeing, report.without_fact, report.unnamed) == (2, 1, 1, {"sonar": 1})
    assert ("marked right, and the fact is no", wrong.id) in {(n.reason, n.question_id) for n in report.contrary}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": "elsewhere", "question": "Which of them?"}, link_report.NO_ORIGINAL),
        ({"correct": (True, False, False)}, link_report.OTHER_ORIGINAL),
        ({"options": ("temperature", "noise", "sonar")}, link_report.OTHER_ORIGINAL),
    ],
)
def test_what_is_no_variant_is_not_linked(toy: KnowledgeGraph, change: dict[str, object], reason: str) -> None:
    variant = replace(ours(1), **{"fact_ids": (), "tested_fact": "", **change})  # type: ignore[arg-type]
    (question,), report = link_facts([variant], toy, [ours(1)])
    assert question.fact_ids == ()
    assert reason in next(iter(report.reasons))


@pytest.mark.parametrize(
    ("text", "polarity"),
    [
        ("Which sensors indicate cavitation of the toy pump?", Polarity.SELECTION),
        ("Which sensors are insignificant for cavitation of the toy pump?", Polarity.ELIMINATION),
        ("Which sensors do not indicate cavitation of the toy pump?", Polarity.ELIMINATION),
        ("Does it notice? Nothing is known of the toy pump but cavitation.", Polarity.ELIMINATION),
    ],
)
def test_what_is_asked_for_is_read_from_the_words(text: str, polarity: Polarity, toy: KnowledgeGraph) -> None:
    bare = replace(ours(1), question=text, relevancy="", question_type="", asset_name="", fact_ids=(), tested_fact="")
    assert link_facts([bare], toy)[0][0].polarity is polarity


def test_a_name_that_denies_is_no_denial(toy: KnowledgeGraph) -> None:
    from failwise.generation.formats.linking import _polarity

    anchor = replace(toy.facts[ours(1).tested_fact].subject, label="valve does not open")
    asked = replace(ours(1), question="What shows that the Valve does not open?", question_type="")
    assert _polarity(asked, anchor) is Polarity.SELECTION
    assert _polarity(replace(asked, question="What does not show it?"), anchor) is Polarity.ELIMINATION
