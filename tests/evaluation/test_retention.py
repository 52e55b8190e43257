"""What a training cost: groups of questions by how near they are to what was trained, and what is newly lost."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from failwise.errors import InputError
from failwise.evaluation.paired import holm, mcnemar
from failwise.evaluation.records import Answer, is_right
from failwise.evaluation.retention import FACTS, GROUPS, PAGE, QUESTIONS, LostQuestion, Trained, retention
from failwise.evaluation.retention_files import write_retention
from failwise.files import read_records, write_records
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.formats.question_files import read_questions
from failwise.generation.records import Arity, Question
from failwise.kg.graph import KnowledgeGraph
from tests.conftest import Program
from tests.evaluation.coverage.answering import answer


@pytest.fixture(scope="module")
def questions(shipped: KnowledgeGraph) -> list[Question]:
    config = QuestionsConfig(asset_classes=("fan", "pump"), relations=("indicatedBy",), test_per_fact=3)
    return [q for q in Synthesis(shipped, config) if q.split == "test"]


@pytest.fixture(scope="module")
def trained(shipped: KnowledgeGraph, questions: list[Question]) -> Trained:
    return Trained(shipped, [q for q in questions if q.asset_class == "fan"])


def says(questions: list[Question], right: Callable[[Question], bool], student: str) -> list[Answer]:
    return [replace(answer(q, right=right(q)), student=student) for q in questions]


def test_questions_are_told_apart_by_how_near_they_are(
    shipped: KnowledgeGraph, questions: list[Question], trained: Trained
) -> None:
    fan = next(q for q in questions if q.asset_class == "fan")
    assert trained.groups(fan) == ["trained"]
    assert trained.groups(replace(fan, tested_fact="", fact_ids=())) == ["general"]
    pump = next(q for q in questions if q.asset_class == "pump")
    one_known = tuple(i if i == pump.tested_fact else fan.tested_fact for i in pump.fact_ids)
    assert trained.groups(replace(pump, fact_ids=one_known)) == ["partly trained"]
    for question in (q for q in questions if q.asset_class == "pump"):
        fact = shipped.facts[question.tested_fact]
        taught = [shipped.facts[i] for i in trained.facts]
        by_name = {
            "neighbour by subject": fact.subject.label in {f.subject.label for f in taught},
            "neighbour by object": fact.object.label in {f.object.label for f in taught},
        }
        near = [group for group, met in by_name.items() if met]
        assert trained.groups(question) == (["neighbour", *near] if near else ["far"])


def test_what_is_lost_is_counted_by_group_and_listed(
    shipped: KnowledgeGraph, questions: list[Question], trained: Trained
) -> None:
    before = says(questions, lambda q: q.asset_class == "pump", "base")
    after = says(questions, lambda q: q.asset_class == "fan", "student")
    found = retention(shipped, questions, before, after, trained)
    rows = {row.value: row for row in found.groups}
    pump, fan = ([q for q in questions if q.asset_class == name] for name in ("pump", "fan"))
    assert (rows["trained"].n, rows["trained"].right_a, rows["trained"].right_b) == (len(fan), 0, 1)
    assert rows["trained"].mcnemar == mcnemar(len(fan), 0)
    near = rows["neighbour"]
    assert (near.right_a, near.right_b, near.difference) == (1, 0, -1) and near.high < 0
    assert near.n + (rows["far"].n if "far" in rows else 0) == len(pump)
    assert rows["all"].n == len(questions)
    assert {q.question_id for q in found.questions} == {q.id for q in pump}
    assert {q.group for q in found.questions} <= {"neighbour", "far"}
    asked = Counter(q.tested_fact for q in questions)
    assert {f.fact_id for f in found.facts} == {q.tested_fact for q in pump if asked[q.tested_fact] > 1}
    assert found.gained == sum(asked[fact] > 1 for fact in {q.tested_fact for q in fan})
    assert near.adjusted >= near.p


def test_nothing_changed_nothing_lost(shipped: KnowledgeGraph, questions: list[Question], trained: Trained) -> None:
    same = says(questions, lambda q: q.correct[0], "s")
    found = retention(shipped, questions, same, same, trained)
    assert found.facts == [] and found.questions == []
    assert {row.difference for row in found.groups} == {0} and {row.p for row in found.groups} == {1}


def test_a_fact_that_turned_is_listed_though_its_state_is_open(
    shipped: KnowledgeGraph, questions: list[Question]
) -> None:
    fact = questions[0].tested_fact
    own = [q for q in questions if q.tested_fact == fact]
    assert len(own) > 1
    before = says(own, lambda q: True, "base")
    after = says(own, lambda q: False, "student")
    found = retention(shipped, own, before, after)
    assert [f.fact_id for f in found.facts] == [fact]
    assert [row.value for row in found.groups] == ["all"]  # without what was trained there are no groups
    once = retention(shipped, own[:1], before[:1], after[:1])
    assert once.facts == [] and len(once.questions) == 1  # one question proves nothing


def test_a_general_set_has_no_facts(shipped: KnowledgeGraph, questions: list[Question]) -> None:
    plain = [replace(q, fact_ids=(), tested_fact="", asset_class="", anchor="") for q in questions[:40]]
    right = {q.id for q in plain[:10]}
    before, after = says(plain, lambda q: True, "base"), says(plain, lambda q: q.id in right, "student")
    found = retention(shipped, plain, before, after)
    [_, row] = found.groups
    assert (row.value, row.n, row.a_only, row.facts) == ("general", 40, 30, 0)
    assert row.p == pytest.approx(mcnemar(0, 30)) and row.high < 0  # alone, each question is its own cluster
    assert found.facts == [] and len(found.questions) == 30


def test_lost_questions_for_all_right_options_are_listed_with_all_that_was_chosen(
    shipped: KnowledgeGraph, questions: list[Question]
) -> None:
    several = [q for q in questions if len(q.options) > 2][:3]
    asked = [replace(q, arity=Arity.MULTIPLE, correct=tuple(n < 2 for n in range(len(q.options)))) for q in several]

    def choosing(student: str, *chosen: tuple[int, ...] | None) -> list[Answer]:
        return [
            Answer(q.id, student, (), None, is_right(None, places, q.correct), 0.0, chosen=places)
            for q, places in zip(asked, chosen, strict=True)
        ]

    before, after = choosing("base", (0, 1), (0, 1), (0, 1)), choosing("student", (0, 1, 2), (), None)
    found = retention(shipped, asked, before, after).questions
    assert found[0].right == "; ".join(asked[0].options[:2])
    assert [q.after for q in found] == ["; ".join(asked[0].options[:3]), "none of them", ""]


def test_p_of_what_neighbours_share_is_adjusted_too(
    shipped: KnowledgeGraph, questions: list[Question], trained: Trained
) -> None:
    kept = {q.id for q in questions[::3]}
    before, after = says(questions, lambda q: True, "base"), says(questions, lambda q: q.id in kept, "student")
    found = retention(shipped, questions, before, after, trained)
    rows = [row for row in found.groups if row.value.startswith("neighbour by")]
    assert len(rows) > 1 and [row.adjusted for row in rows] == holm([row.p for row in rows])


def test_training_questions_without_facts_are_refused(shipped: KnowledgeGraph, questions: list[Question]) -> None:
    with pytest.raises(InputError, match="leave --trained out"):
        Trained(shipped, [replace(questions[0], fact_ids=())])
    with pytest.raises(InputError, match="'no/such/fact'"):
        Trained(shipped, [replace(questions[0], fact_ids=("no/such/fact",))])


def test_hostile_labels_are_text_on_the_page(
    shipped: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    hostile = "<script>alert(1)</script> | pipe\n" + "x" * 10_000
    asked = [replace(questions[0], question=hostile)]
    found = retention(shipped, asked, says(asked, lambda q: True, hostile), says(asked, lambda q: False, "s"))
    write_retention(tmp_path, found)
    page = (tmp_path / PAGE).read_text()
    assert "<script>" not in page and "\\| pipe" in page and len(page) < 4000


def test_the_command_writes_groups_and_what_is_lost(
    failwise: Program, questions: list[Question], tmp_path: Path
) -> None:
    write_records(tmp_path / "q.jsonl", questions)
    write_records(tmp_path / "train.jsonl", [replace(q, split="train") for q in questions if q.asset_class == "fan"])
    write_records(tmp_path / "a.jsonl", says(questions, lambda q: True, "base"))
    write_records(tmp_path / "b.jsonl", says(questions, lambda q: q.asset_class == "fan", "student"))
    files = [tmp_path / name for name in ("a.jsonl", "b.jsonl", "q.jsonl")]
    out = tmp_path / "out"
    done = failwise("retention", *files, "--trained", tmp_path / "train.jsonl", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "neighbour" in done.stdout and "0 newly right" in done.stdout
    assert {GROUPS, FACTS, QUESTIONS, PAGE} <= {p.name for p in out.iterdir()}
    assert len(list(read_records(out / QUESTIONS, LostQuestion))) == sum(q.asset_class == "pump" for q in questions)
    write_records(tmp_path / "b.jsonl", [replace(says(questions[:1], lambda q: True, "b")[0], question_id="nowhere")])
    other = failwise("retention", *files, "--out", tmp_path / "other")
    assert other.returncode == 2 and "no question was answered by both" in other.stderr
    assert not (tmp_path / "other").exists()


def test_arc_is_a_general_set(shipped: KnowledgeGraph, data: Path) -> None:
    arc = read_questions(data / "arc" / "arc_easy_test.jsonl", shipped)[:50]
    found = retention(shipped, arc, says(arc, lambda q: True, "base"), says(arc, lambda q: q is not arc[0], "student"))
    assert [(row.value, row.n, row.a_only) for row in found.groups] == [("all", 50, 1), ("general", 50, 1)]
    assert [q.question_id for q in found.questions] == [arc[0].id]
