"""An ontology changes under a run: what goes stale, what is made again, and what is kept. No student is trained."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import pytest
from rich.console import Console

from failwise.config import RunConfig
from failwise.errors import InputError
from failwise.evaluation.records import AUDITS, Answer, FactAudit
from failwise.files import dump_record, read_records, write_records
from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.supply import supplies
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.planning.config import PlanConfig
from failwise.generation.planning.files import write_plan
from failwise.generation.planning.planner import make_plan
from failwise.generation.rationales import job as rationales_module
from failwise.generation.rationales.job import carry_over, request_fingerprint, write_rationales
from failwise.generation.records import Question, Rationale
from failwise.generation.teachers.fake_teachers import ScriptedTeacher
from failwise.impact import Impact, Share, impact
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.records import Fact
from failwise.manifest import StageFolder, set_aside_folders
from failwise.progress import Bar
from failwise.run import STAGES
from failwise.run_folder import FACTS, STUDENT_ANSWERS, Run, save_config
from tests.conftest import Program, pretend_to_teach, toy_paths

R = TypeVar("R")

VIBRATES = "rel:indicatedBy sensor:vibration , sensor:temperature ."
STILL = "rel:indicatedBy sensor:vibration ."
NOT_TEMPERATURE = "toy-pump/indicatedBy/bearing-damage/temperature"
BOILER = """
asset:toy-boiler a fw:AssetClass ; rdfs:label "toy boiler"@en ; dcterms:source source:toy .
mode:toy-boiler.leak a fw:FailureMode ; rdfs:label "leak"@en ;
    fw:ofAssetClass asset:toy-boiler ; rel:indicatedBy sensor:pressure .
"""


@contextmanager
def no_bar(label: str, total: int) -> Iterator[Bar]:
    yield Bar(Console(quiet=True), label, total)


@dataclass
class Workshop:
    """A run on a copy of the toy ontology, with the questions put to the teacher since it was last looked at."""

    folder: Path
    teachers: list[ScriptedTeacher]

    def edit(self, old: str, new: str, file: str = "toy.ttl") -> None:
        """Replace text in an ontology file; an empty `old` adds `new` at its end."""
        path = self.folder / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new) if old else path.read_text() + new)

    def config(self, **sections: Mapping[str, object]) -> RunConfig:
        paths = [str(self.folder / name) for name in ("schema.ttl", "relations.ttl", "toy.ttl")]
        fixed = {
            "folder": self.folder / "run",
            "ontology": {"paths": paths, "shipped": False},
            "rationales": {"teacher": "scripted", "concurrency": 1},
            "evaluation": {"base": False},
        }
        return RunConfig.model_validate(fixed | sections)

    def graph(self) -> KnowledgeGraph:
        return Run(self.config()).graph

    def impact(self) -> Impact:
        return impact(self.folder / "run", self.graph())

    def run(self, until: str = "audit", **sections: Mapping[str, object]) -> list[str]:
        """Do the stages that are not done, as `failwise run --redo` does; return their names."""
        run, done = Run(self.config(**sections)), []
        save_config(run.config)
        work = {"student": pretend_to_teach, "answers": pretend_to_ask}
        for stage in STAGES[: [s.name for s in STAGES].index(until) + 1]:
            folder = stage.folder(run)
            if not folder.finished():
                done.append(stage.name)
                with folder.working(redo=True) as outcome:
                    work.get(stage.name, stage.work)(run, folder.path, outcome, no_bar)
        return done

    def asked(self) -> list[Question]:
        """Return the questions that the teacher was asked since the last call."""
        questions = [r.question for teacher in self.teachers for r in teacher.requests]
        self.teachers.clear()
        return questions

    def records(self, kind: type[R], name: str) -> list[R]:
        return list(read_records(self.folder / "run" / name, kind))


def pretend_to_ask(run: Run, folder: Path, *_: object) -> None:
    answers = [Answer(q.id, "student", (), q.answer, True, 0.0) for q in run.test_questions()]
    write_records(folder / STUDENT_ANSWERS, answers)


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    for path in toy_paths():
        (tmp_path / path.name).write_text(path.read_text())
    teachers: list[ScriptedTeacher] = []

    def find(config: RationalesConfig, graph: KnowledgeGraph) -> ScriptedTeacher:
        teachers.append(ScriptedTeacher(config, graph))
        return teachers[-1]

    monkeypatch.setattr(rationales_module, "find_teacher", find)
    return Workshop(tmp_path, teachers)


# --- what goes stale ---


def test_nothing_is_stale_in_a_fresh_run(workshop: Workshop) -> None:
    workshop.run()
    found = workshop.impact()
    assert not found
    assert found.remake is not None
    assert (found.remake.rationales.stale, found.remake.student) == (0, False)
    assert found.lines()[0] == "ontology: unchanged"
    assert found.lines()[-1] == "it keeps the student as it is"


@pytest.mark.parametrize("way", ["hops", "plan", "file", "file without facts"])
def test_nothing_is_stale_in_a_fresh_run_made_in_another_way(workshop: Workshop, way: str) -> None:
    graph, path = workshop.graph(), workshop.folder / f"{way}.jsonl"
    made = list(Synthesis(graph, QuestionsConfig()))
    sections: dict[str, Mapping[str, object]] = {"questions": {"file": path}}
    if way == "hops":
        sections = {"rationales": {"teacher": "scripted", "concurrency": 1, "hops": 1}}
    elif way == "plan":
        sections = {"questions": {"plan": path, "margin": 0.9}}
        write_plan(path, make_plan(supplies(graph, QuestionsConfig()), PlanConfig(per_fact=3), graph.digest))
    elif way == "file":
        write_records(path, [replace(q, template="elsewhere", ontology="other") for q in made[::-1]])
    else:
        write_records(path, [replace(q, template="", ontology="", fact_ids=(), tested_fact="") for q in made])
    workshop.run("rationales", **sections)
    found = workshop.impact()
    assert not found
    assert found.remake is not None
    assert found.remake.rationales.stale == 0


def test_a_run_in_german_is_held_against_german(workshop: Workshop, failwise: Program) -> None:
    asked = {"language": "de", "asset_classes": ["fan"], "relations": ["indicatedBy"]}
    workshop.run("rationales", ontology={}, questions=asked)
    done = failwise("ontology", "impact", workshop.folder / "run")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "ontology: unchanged")


def test_what_a_changed_ontology_asks_of_the_teacher_knows_a_file_and_its_hops(workshop: Workshop) -> None:
    path = workshop.folder / "taken.jsonl"
    write_records(path, Synthesis(workshop.graph(), QuestionsConfig()))
    hops = {"teacher": "scripted", "concurrency": 1, "hops": 1}
    sections: dict[str, Mapping[str, object]] = {"questions": {"file": path}, "rationales": hops}
    workshop.run("rationales", **sections)
    workshop.asked()
    workshop.edit(VIBRATES, STILL)
    said = workshop.impact().remake
    workshop.run("rationales", **sections)
    assert said is not None
    train = [q for q in workshop.records(Question, "questions/questions.jsonl") if q.split == "train"]
    assert said.rationales == Share(len({q.id for q in workshop.asked()}), len(train))
    assert 0 < said.rationales.stale < said.rationales.of


def test_a_fact_that_turns_no_takes_along_what_rests_on_it(workshop: Workshop) -> None:
    workshop.run()
    questions = workshop.records(Question, "questions/questions.jsonl")
    resting = {q.id for q in questions if NOT_TEMPERATURE in q.fact_ids}
    workshop.edit(VIBRATES, STILL)
    found = workshop.impact()
    assert found.facts == {"other truth": 1}
    assert found.questions == dict.fromkeys(resting, "other truth")
    assert 0 < len(resting) < len(questions)
    assert found.asset_classes["toy-fan"].stale == 0
    train = {q.id for q in questions if q.split == "train"}
    assert found.rationales == found.student == Share(len(resting & train), len(train))
    assert found.answers == found.splits["test"] == Share(len(resting - train), len(questions) - len(train))
    rows = workshop.records(FactAudit, f"audit/{AUDITS}")
    shaken = {q.tested_fact for q in questions if q.id in resting - train} | {NOT_TEMPERATURE}
    assert found.audit == Share(len(shaken), len(rows))
    json.dumps(found.to_json())


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"cavitation"@en', '"vapour bubbles"@en', "other label"),
        ('"noise"@en', '"sound"@en', "other label"),
        ('"toy pump"@en', '"toy water pump"@en', "other label"),
        ("sensor:noise", "sensor:sound", "gone"),
    ],
)
def test_labels_and_names_make_stale_too(workshop: Workshop, old: str, new: str, reason: str) -> None:
    workshop.run("questions")
    workshop.edit(old, new)
    found = workshop.impact()
    assert set(found.questions.values()) == {reason}
    assert sum(share.stale for share in found.splits.values()) == len(found.questions)


def test_a_wording_that_is_no_more_makes_its_questions_stale(workshop: Workshop) -> None:
    workshop.run("rationales")
    template = next(f.templates[0].text for f in workshop.graph().relations["indicatedBy"].families)
    workshop.edit(template, f"On the plant: {template}", "relations.ttl")
    found = workshop.impact()
    assert set(found.questions.values()) == {"other wording"}
    assert found.facts == {}
    assert found.rationales.stale == found.splits["train"].stale


def test_a_fact_put_otherwise_makes_rationales_stale_but_no_question(workshop: Workshop) -> None:
    workshop.run("rationales")
    statement = workshop.graph().relations["indicatedBy"].statement
    workshop.edit(f'"{statement}"', f'"as a rule, {statement}"', "relations.ttl")
    found = workshop.impact()
    assert not found.questions
    assert found.rationales.stale == found.rationales.of > 0
    workshop.asked()
    assert workshop.run("rationales") == ["ontology", "questions", "rationales"]
    assert len(workshop.asked()) == found.rationales.of
    texts = [r.text for r in workshop.records(Rationale, "rationales/rationales.jsonl")]
    assert all("s a rule, " in text for text in texts)


def test_new_facts_are_counted_where_the_run_asks(workshop: Workshop) -> None:
    workshop.run("questions", questions={"asset_classes": ["toy fan"]})
    workshop.edit("", BOILER)
    noise = "fw:concept concept:bearing-damage ; rel:indicatedBy sensor:vibration"
    workshop.edit(noise, f"{noise} , sensor:noise")
    found = workshop.impact()
    assert found.new_facts == {"toy-fan": 1}  # it was unknown; the boiler is not asked about
    assert found
    assert "new facts that no question asks yet: 1 (1 toy-fan)" in found.lines()


def test_a_file_that_is_gone_from_a_finished_stage_is_made_again(workshop: Workshop) -> None:
    workshop.run("questions")
    facts = workshop.folder / "run" / "ontology" / FACTS
    before = facts.read_bytes()
    facts.unlink()
    assert workshop.run("questions") == ["ontology"]
    assert facts.read_bytes() == before


def test_a_run_whose_asset_class_is_gone_says_so(workshop: Workshop) -> None:
    workshop.run("questions", questions={"asset_classes": ["toy fan"]})
    workshop.edit("toy-fan", "toy-ventilator")
    workshop.edit("toy fan", "toy ventilator")
    found = workshop.impact()
    assert found.remake is None
    assert set(found.questions.values()) == {"gone"}
    assert "cannot be made from this ontology: unknown asset class 'toy fan'" in found.lines()[-1]


def test_the_facts_are_found_where_the_ontology_stage_was_set_aside(workshop: Workshop) -> None:
    workshop.run("rationales")
    workshop.edit(VIBRATES, STILL)
    before = workshop.impact()
    workshop.run("ontology")
    assert (workshop.folder / "run" / "ontology.old-1").is_dir()
    assert workshop.impact() == before


def test_a_folder_without_a_run_or_questions_is_refused(workshop: Workshop) -> None:
    with pytest.raises(InputError, match="holds no run"):
        impact(workshop.folder, workshop.graph())
    workshop.run("ontology")
    with pytest.raises(InputError, match="holds no questions yet"):
        workshop.impact()


def test_an_audit_row_goes_stale_with_its_fact_though_no_question_asked_it(workshop: Workshop) -> None:
    workshop.run(questions={"seed": 1})  # a seed that asks about the fan in the test
    noise = "fw:concept concept:bearing-damage ; rel:indicatedBy sensor:vibration"
    workshop.edit(noise, f"{noise} , sensor:noise")
    found = workshop.impact()
    assert not found.questions
    assert (found.audit.stale, found.new_facts) == (1, {"toy-fan": 1})


# --- what is made again ---


def test_what_the_teacher_could_not_answer_waits_for_a_change(workshop: Workshop) -> None:
    workshop.run("rationales")
    path = workshop.folder / "run" / "rationales" / "rationales.jsonl"
    write_records(path, list(read_records(path, Rationale))[1:])  # as if the first had been rejected
    same = workshop.impact().remake
    workshop.edit(VIBRATES, STILL)
    changed = workshop.impact().remake
    assert same is not None and changed is not None
    assert same.rationales.stale == 0
    workshop.asked()
    workshop.run("rationales")
    assert len(workshop.asked()) == changed.rationales.stale


def test_only_changed_requests_go_to_the_teacher(workshop: Workshop) -> None:
    workshop.run()
    workshop.asked()
    workshop.edit(VIBRATES, STILL)
    said = workshop.impact().remake
    assert said is not None
    old = {r.question_id: r for r in workshop.records(Rationale, "rationales/rationales.jsonl")}
    assert workshop.run() == ["ontology", "questions", "rationales", "student", "answers", "audit"]
    asked = workshop.asked()
    new = {r.question_id: r for r in workshop.records(Rationale, "rationales/rationales.jsonl")}
    assert said.student
    assert said.rationales == Share(len(asked), len(new))
    assert {q.asset_class for q in asked} == {"toy-pump"}
    assert len(asked) < len(new)
    kept = new.keys() - {q.id for q in asked}
    assert all(new[i] == old[i] for i in kept)
    assert not workshop.impact()


@pytest.mark.parametrize("remark", ["# a remark\n", BOILER])
def test_a_change_elsewhere_leaves_the_student_alone(workshop: Workshop, remark: str) -> None:
    asks = {"asset_classes": ["toy pump", "toy fan"]}
    workshop.run(questions=asks)
    workshop.asked()
    workshop.edit("", remark)
    assert workshop.impact().lines()[-1] == "it keeps the student as it is"
    assert workshop.run(questions=asks) == ["ontology", "questions", "audit"]
    assert workshop.asked() == []
    questions = workshop.records(Question, "questions/questions.jsonl")
    assert {q.ontology for q in questions} == {workshop.graph().digest}


def test_other_settings_of_the_teacher_carry_nothing_over(workshop: Workshop) -> None:
    workshop.run("rationales")
    first = len(workshop.asked())
    assert workshop.run("rationales", rationales={"teacher": "scripted", "concurrency": 4}) == []
    assert workshop.run("rationales", rationales={"teacher": "scripted", "temperature": 0.5}) == ["rationales"]
    assert len(workshop.asked()) == first
    assert workshop.run("rationales", rationales={"teacher": "scripted", "concurrency": 1}) == ["rationales"]
    assert workshop.asked() == []  # the first ones stand in rationales.old-1


def test_other_rationales_make_another_student_and_their_order_does_not(workshop: Workshop) -> None:
    workshop.run("student")
    path = workshop.folder / "run" / "rationales" / "rationales.jsonl"
    written = list(read_records(path, Rationale))
    write_records(path, written[::-1])
    assert workshop.run("student") == []
    write_records(path, [replace(written[0], text="Because I say so."), *written[1:]])
    assert workshop.run("student") == ["student"]


# --- the pieces ---


@pytest.fixture(scope="module")
def questions(toy: KnowledgeGraph) -> list[Question]:
    return [q for q in Synthesis(toy, QuestionsConfig()) if q.split == "train"]


def test_a_request_is_the_same_as_long_as_the_teacher_sees_the_same(
    toy: KnowledgeGraph, questions: list[Question]
) -> None:
    config, question = RationalesConfig(), questions[0]
    same = request_fingerprint(question, toy, config)
    assert request_fingerprint(replace(question, ontology="other", difficulty="other"), toy, config) == same
    assert request_fingerprint(question, toy, RationalesConfig(timeout=1, concurrency=2)) == same
    moved = replace(question, correct=question.correct[1:] + question.correct[:1])
    assert request_fingerprint(moved, toy, config) != same
    assert request_fingerprint(question, toy, RationalesConfig(seed=1)) != same
    assert len({request_fingerprint(q, toy, config) for q in questions}) == len(questions)


def test_a_copy_that_was_interrupted_goes_on(toy: KnowledgeGraph, questions: list[Question], tmp_path: Path) -> None:
    config = RationalesConfig()
    write_rationales(questions, toy, config, tmp_path / "old")
    written = list(read_records(tmp_path / "old" / "rationales.jsonl", Rationale))
    (tmp_path / "new").mkdir()
    half = b"".join(dump_record(r) + b"\n" for r in written[:3]) + b'{"question_id":"to'
    (tmp_path / "new" / "rationales.jsonl").write_bytes(half)
    some = questions[:7]
    for _ in range(2):
        earlier = [tmp_path / "nothing", tmp_path / "old"]
        assert carry_over(some, toy, config, tmp_path / "new", earlier) == 7
        assert list(read_records(tmp_path / "new" / "rationales.jsonl", Rationale)) == written[:7]


def test_set_aside_folders_come_newest_first(tmp_path: Path) -> None:
    for text in ("one", "two", "three"):
        folder = StageFolder("questions", tmp_path / "questions", QuestionsConfig(), {"ontology": text})
        with folder.working(redo=True):
            (tmp_path / "questions" / "what").write_text(text)
    assert [(p / "what").read_text() for p in set_aside_folders(tmp_path / "questions")] == ["two", "one"]


def edited(shipped: KnowledgeGraph, asset_class: str, relation: str, path: Path) -> KnowledgeGraph:
    """Return the shipped ontology with one no of a closed table turned into a yes."""
    facts: Iterator[Fact] = shipped.query(asset_class, relation)
    no = next(f for f in facts if f.basis == "closed-table" and not f.object.iri.count("concept/"))
    path.write_text(f"<{no.subject.iri}> <{shipped.relations[relation].iri}> <{no.object.iri}> .\n")
    return KnowledgeGraph.load([path])


def differing(shipped: KnowledgeGraph, after: KnowledgeGraph) -> set[tuple[bool, str]]:
    """Return (whether it is the fan's, relation) of all questions that one ontology gives and the other does not.

    The ontology's digest and the difficulty, which compares with all other asset classes, are left out.
    """
    config = QuestionsConfig(relations=("indicatedBy", "monitoredBy"), train_per_fact=1, test_per_fact=1)
    sets = [{replace(q, ontology="", difficulty="") for q in Synthesis(g, config)} for g in (shipped, after)]
    return {(q.asset_class == "fan", q.relation) for q in sets[0] ^ sets[1]}


def test_a_failure_mode_of_the_fan_changes_questions_of_the_fan_alone(shipped: KnowledgeGraph, tmp_path: Path) -> None:
    after = edited(shipped, "fan", "indicatedBy", tmp_path / "more.ttl")
    assert differing(shipped, after) == {(True, "indicatedBy")}


def test_a_sensor_of_the_fan_changes_questions_of_its_relation_alone(shipped: KnowledgeGraph, tmp_path: Path) -> None:
    # Wrong options about an asset class are preferred where many others have them: so one may change on a pump.
    after = edited(shipped, "fan", "monitoredBy", tmp_path / "more.ttl")
    assert (True, "monitoredBy") in differing(shipped, after) <= {(True, "monitoredBy"), (False, "monitoredBy")}
