"""Question sets as a user meets them: wrong input is one sentence and nothing written, a changed set is noticed."""

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from failwise import student_stages
from failwise.config import RunConfig
from failwise.errors import InputError
from failwise.evaluation.records import Answer
from failwise.files import read_json, read_records, write_records
from failwise.generation.drawing import parallel
from failwise.generation.records import Question, Rationale
from failwise.kg.graph import KnowledgeGraph
from failwise.manifest import Outcome
from failwise.progress import Bar
from failwise.run import STAGES
from failwise.run_folder import STUDENT_ANSWERS, Run, save_config
from tests.conftest import Program, pretend_to_teach, toy_paths

GENERATE = "questions generate -c toy.yaml --out out"
PLAN = "questions plan -c toy.yaml --out out/plan.json"

MORE = """
rel:smellsOf a fw:Relation ; rdfs:label "smells of"@en ; rdfs:domain fw:FailureMode ; rdfs:range fw:Sensor ;
    fw:closedWorld false ;
    fw:statement "{subject} smells of {object}"@en ; fw:denial "{subject} does not smell of {object}"@en .
"""
BOILER = """
asset:toy-boiler a fw:AssetClass ; rdfs:label "toy boiler"@en ; dcterms:source source:toy .
mode:toy-boiler.leak a fw:FailureMode ; rdfs:label "leak"@en ;
    fw:ofAssetClass asset:toy-boiler ; rel:indicatedBy sensor:pressure , sensor:noise .
"""
SLOT = """
rel:wrong a fw:QuestionFamily ; fw:relation rel:indicatedBy ; fw:direction fw:Forward ; fw:polarity fw:Selection ;
    fw:analysis "a" ; fw:relevancy "r" ; fw:template "Which sensor of the {asset} shows {fault}?"@en .
"""
ARC = [
    {"id": str(n), "question": f"What is {n} and {n}?", "answerKey": "AB"[n % 2],
     "choices": {"text": [f"{2 * n}", f"{2 * n + 1}"][:: 1 if n % 2 == 0 else -1], "label": ["A", "B"]}}
    for n in range(40)
]  # fmt: skip


@contextmanager
def no_bar(label: str, total: int) -> Iterator[Bar]:
    yield Bar(Console(quiet=True), label, total)


@pytest.fixture
def plant(failwise: Program, tmp_path: Path) -> Program:
    """Return the program in a folder with the toy ontology, a plan for it, and other ontologies beside it."""
    schema, relations, toy = (path.read_text() for path in toy_paths())
    for name, text in (("toy", ""), ("more", MORE), ("boiler", BOILER), ("slot", SLOT)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "all.ttl").write_text(toy + text)
        (tmp_path / name / "schema.ttl").write_text(schema)
        (tmp_path / name / "relations.ttl").write_text(relations)
        (tmp_path / f"{name}.yaml").write_text(f"ontology: {{paths: [{name}], shipped: false}}\n")
    (tmp_path / "arc.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ARC))
    return failwise


# --- wrong input ---

WRONG = {
    "budget above supply": (f"{PLAN} --budget 100000", "can give at most"),
    "budget below one per family": (f"{PLAN} --budget 1", "1 questions are below one per family"),
    "weights all 0": (f"{PLAN} --budget 9 --set 'plan.polarity={{selection: 0, elimination: 0}}'", "all weights are 0"),
    "unknown relation in plan": (f"{PLAN} --budget 20 --set 'plan.relation={{indicatedB: 1}}'", "no 'indicatedB'"),
    "no such plan": (f"{GENERATE} --plan nowhere.json", "cannot read nowhere.json: No such file"),
    "plan is no plan": (f"{GENERATE} --plan arc.jsonl", "arc.jsonl is not JSON"),
    "quota too large": (f"{GENERATE} --plan large.json", "lower that quota and the plan's total"),
    "plan for another ontology": (f"{GENERATE} --plan other.json", "so plan again"),
    "unknown relation": (f"{GENERATE} --set questions.relations=[indicatedB]", "did you mean 'indicatedBy'"),
    "relation without templates": (
        "questions generate -c more.yaml --out out --set questions.relations=[smellsOf]",
        "the relation 'smellsOf' has no wordings in the language 'en'",
    ),
    "unknown slot": ("questions generate -c slot.yaml --out out", "no slots but {asset} and {anchor}"),
    "only yes facts": (
        "questions generate -c boiler.yaml --out out --set questions.asset_classes=[toy-boiler]",
        "a question needs at least one yes and one no",
    ),
    "unknown regime": (f"{GENERATE} --set questions.regime=held-out-facts", "'held-out-pair', 'held-out-entity' or"),
    "unknown strategy": (f"{GENERATE} --set 'questions.distractors={{nearest: 1}}'", "'degree-matched', 'same-anchor'"),
    "unknown language": (f"{GENERATE} --set questions.language=xx", "has some in en: set questions.language"),
    "unknown held-out asset": (
        f"{GENERATE} --set questions.regime=held-out-asset --set questions.held_out=[toy-pmp]",
        "unknown asset class 'toy-pmp'; did you mean 'toy-pump'",
    ),
    "unknown held-out entity": (
        f"{GENERATE} --set questions.regime=held-out-entity --set questions.held_out=[vibratio]",
        "unknown entity 'vibratio'; did you mean 'vibration'",
    ),
    "held-out pair": (
        f"{GENERATE} --set questions.regime=held-out-pair --set questions.held_out=[vibration]",
        "'vibration' is no pair of names",
    ),
    "hole without a fact": (f"{PLAN} --budget 4 --holes typo.jsonl", "did you mean 'toy-pump/indicatedBy/seal-leakage"),
    "hole of an unknown fact": (f"{PLAN} --budget 4 --holes unknown.jsonl", "is unknown, so no question can ask it"),
    "no such file": (f"{GENERATE} --set questions.file=nowhere.jsonl", "cannot read nowhere.jsonl: No such file"),
    "no known format": (f"{GENERATE} --set questions.file=typo.jsonl", "in none of the known formats"),
    "map without the field": (
        f"{GENERATE} --set questions.file=arc.jsonl --set questions.file_map='question=stem,options=choices.text,"
        "answer=answerKey'",
        "no field 'stem'; the line has id, question",
    ),
    "map without a file": (f"{GENERATE} --set questions.file_map='question=stem'", "set without questions.file"),
    "map that is none": (
        f"{GENERATE} --set questions.file=arc.jsonl --set questions.file_map=question",
        "the field map has 'question'; write it as",
    ),
    "no such rationales": ("train arc.jsonl nowhere.jsonl --out out", "cannot read nowhere.jsonl: No such file"),
    "nothing to reason about": ("rationales generate unmarked.jsonl --out out -c toy.yaml", "(no facts): 1"),
}  # fmt: skip


@pytest.fixture
def messes(plant: Program, tmp_path: Path) -> None:
    """Put the files of all wrong inputs into the folder."""
    assert plant("questions", "plan", "-c", "toy.yaml", "--out", "plan.json", "--budget", "20").returncode == 0
    plan = read_json(tmp_path / "plan.json")
    large = {**plan, "questions": plan["questions"] + 900, "quotas": [dict(q) for q in plan["quotas"]]}
    large["quotas"][0]["questions"] += 900
    (tmp_path / "large.json").write_text(json.dumps(large))
    (tmp_path / "other.json").write_text(json.dumps({**large, "ontology": "0123456789abcdef"}))
    (tmp_path / "typo.jsonl").write_text('{"fact_id": "toy-pump/indicatedBy/seal-leakag/noise", "questions": 2}\n')
    (tmp_path / "unknown.jsonl").write_text('{"fact_id": "toy-fan/indicatedBy/bearing-damage/noise", "questions": 2}\n')
    assert plant("questions", "convert", "arc.jsonl", "--to", "failwise", "--out", "arc-ours.jsonl").returncode == 0
    question = next(read_records(tmp_path / "arc-ours.jsonl", Question))
    write_records(tmp_path / "unmarked.jsonl", [replace(question, split="train")])


@pytest.mark.usefixtures("messes")
def test_wrong_input_is_one_sentence_and_nothing_is_written(plant: Program, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    for name, (command, sentence) in WRONG.items():
        done = plant(*shlex.split(command))
        assert done.returncode == 2, f"{name}: {done.stdout}\n{done.stderr}"
        assert sentence in done.stderr, f"{name}: {done.stderr}"
        assert done.stderr.count("\n") == 1, f"{name}: {done.stderr}"
        assert sorted(tmp_path.rglob("*")) == before, f"{name} left something behind"


def test_an_interrupted_generation_leaves_nothing_and_the_same_command_works(
    plant: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def first_unit(synthesis: object) -> Iterator[parallel.Lines]:
        yield parallel.Lines(b'{"half')
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(parallel, "question_lines", first_unit)
        assert plant(*GENERATE.split()).returncode == 130
    assert not (tmp_path / "out").exists()
    assert plant(*GENERATE.split()).returncode == 0
    assert {p.name for p in (tmp_path / "out").iterdir()} >= {"questions.jsonl", "balance.json", "leakage.md"}


# --- the picture ---


def test_a_set_comes_with_its_picture(plant: Program, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    done = plant(*GENERATE.split())
    assert (tmp_path / "out" / "balance.png").read_bytes().startswith(b"\x89PNG")
    assert "balance.png" in read_json(tmp_path / "out" / "manifest.json")["outputs"]
    assert done.stderr.startswith("TOO SMALL TO TELL: with ")


def test_without_matplotlib_the_set_is_made_and_the_picture_is_missed(
    plant: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = plant(*GENERATE.split())
    assert done.returncode == 0, done.stderr
    assert "without balance.png" in done.stderr
    assert not (tmp_path / "out" / "balance.png").exists()


# --- a changed set ---


READERS = (
    GENERATE,
    "questions check out/questions.jsonl",
    "questions leakage out/questions.jsonl --by-letters",
    "questions perturb out/questions.jsonl --out made --kind option-order",
    "questions convert out/questions.jsonl --to arc --out made",
    "questions freeze out/questions.jsonl",
    "questions generate -c toy.yaml --set questions.file=out/questions.jsonl --out made",
    "rationales generate out/questions.jsonl -c toy.yaml --out made",
    "train out/questions.jsonl --out made",
    "evaluate none out/questions.jsonl --out made",
    "export out/questions.jsonl --to trl --out made",
)


def test_whoever_reads_a_changed_set_says_so(plant: Program, tmp_path: Path) -> None:
    assert plant(*GENERATE.split()).returncode == 0
    path = tmp_path / "out" / "questions.jsonl"
    path.write_text(path.read_text().replace('"correct":[true,false', '"correct":[false,true', 1))
    before = sorted(tmp_path.rglob("*"))
    for command in READERS:
        done = plant(*command.split())
        assert done.returncode == 2, f"{command}: {done.stderr}"
        assert "out/questions.jsonl was changed after it was made: balance.json beside it names" in done.stderr, command
        assert sorted(tmp_path.rglob("*")) == before, f"{command} left something behind"


# --- never trained on ---


def test_a_set_from_elsewhere_whose_splits_share_questions_says_so(plant: Program, tmp_path: Path) -> None:
    assert plant(*GENERATE.split()).returncode == 0
    taught = [q for q in read_records(tmp_path / "out" / "questions.jsonl", Question) if q.split == "train"]
    write_records(tmp_path / "mine.jsonl", [*taught, *(replace(q, id=f"{q.id}-", split="test") for q in taught)])
    done = plant("questions", "generate", "-c", "toy.yaml", "--set", "questions.file=mine.jsonl", "--out", "taken")
    assert done.returncode == 0, done.stderr
    assert "leakage.json: claimed regime new-question: BROKEN" in done.stderr


def test_a_test_split_is_not_trained_on(plant: Program, tmp_path: Path) -> None:
    plant(*GENERATE.split())
    questions = list(read_records(tmp_path / "out" / "questions.jsonl", Question))
    write_records(tmp_path / "test.jsonl", [q for q in questions if q.split == "test"])
    done = plant("train", "test.jsonl", "--out", "student")
    assert done.returncode == 2
    assert "questions are test questions" in done.stderr
    assert not (tmp_path / "student").exists()


def test_a_frozen_audit_set_is_not_trained_on_under_any_name(plant: Program, tmp_path: Path) -> None:
    assert plant("questions", "freeze", "arc.jsonl").returncode == 0
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine.jsonl").write_bytes((tmp_path / "arc.jsonl").read_bytes())
    for arguments in (("arc.jsonl",), ("elsewhere/mine.jsonl", "--audit", "arc.jsonl.frozen.json")):
        done = plant("train", *arguments, "--out", "student")
        assert done.returncode == 2
        assert "stand in the frozen audit set" in done.stderr
        assert not (tmp_path / "student").exists()


def test_a_changed_audit_set_is_not_asked(plant: Program, tmp_path: Path) -> None:
    plant("questions", "freeze", "arc.jsonl")
    (tmp_path / "arc.jsonl").write_text((tmp_path / "arc.jsonl").read_text().replace("What is 3", "What is 4"))
    done = plant("evaluate", "none", "arc.jsonl", "--out", "scores")
    assert done.returncode == 2
    assert "arc.jsonl was frozen with SHA-256" in done.stderr
    assert not (tmp_path / "scores").exists()


# --- through a run, with a pretended student ---


def pretend_to_ask(run: Run, folder: Path, *_: object) -> None:
    asked = [q for q in run.test_questions() if sum(q.correct) == 1 and q.arity == "single"]
    write_records(folder / STUDENT_ANSWERS, [Answer(q.id, "student", (), q.answer, True, 0.0) for q in asked])


def go_through(tmp_path: Path, until: str, **questions: object) -> Run:
    """Do the stages of a run on the toy ontology."""
    values = {"folder": tmp_path / "run", "ontology": {"paths": [tmp_path / "toy"], "shipped": False}}
    config = RunConfig.model_validate({**values, "questions": questions, "evaluation": {"base": False}})
    run = Run(config)
    save_config(config)
    work = {"student": pretend_to_teach, "answers": pretend_to_ask}
    for stage in STAGES[: [s.name for s in STAGES].index(until) + 1]:
        folder = stage.folder(run)
        if not folder.finished():
            with folder.working() as outcome:
                work.get(stage.name, stage.work)(run, folder.path, outcome, no_bar)
    return run


def counts(run: Run, stage: str) -> dict[str, int]:
    found = read_json(run.file(stage, "manifest.json"))["counts"]
    assert isinstance(found, dict)
    return found


@pytest.mark.usefixtures("plant")
def test_a_set_without_facts_goes_through_all_stages(tmp_path: Path) -> None:
    run = go_through(tmp_path, "report", file=tmp_path / "arc.jsonl")
    train = sum(q.split == "train" for q in run.questions)
    assert counts(run, "rationales") == {"accepted": 0, "rejected": 0, "tokens": 0, "left out (no facts)": train}
    assert run.file("rationales", "rationales.jsonl").read_bytes() == b""
    assert counts(run, "audit")["known"] == 0
    assert "no facts" in run.file("report", "report.html").read_text().lower()


@pytest.mark.usefixtures("plant")
def test_questions_for_several_options_are_reasoned_about(tmp_path: Path) -> None:
    run = go_through(tmp_path, "report", multiple_share=0.4)
    several = {q.id for q in run.split("train") if q.arity == "multiple"}
    reasoned = {r.question_id for r in read_records(run.file("rationales", "rationales.jsonl"), Rationale)}
    assert several
    assert reasoned == {q.id for q in run.split("train")}


@pytest.mark.usefixtures("plant")
def test_a_test_split_of_several_options_only_cannot_be_asked(tmp_path: Path) -> None:
    run = go_through(tmp_path, "student", multiple_share=1)
    with pytest.raises(InputError, match=r"each of the \d+ test questions asks for several options"):
        student_stages.ask_student(run, tmp_path / "nowhere", Outcome(), no_bar)


@pytest.mark.usefixtures("plant")
def test_a_run_notices_that_its_questions_were_changed(tmp_path: Path) -> None:
    run = go_through(tmp_path, "rationales")
    path = run.file("questions", "questions.jsonl")
    path.write_text(path.read_text().replace('"split":"test"', '"split":"train"'))
    with pytest.raises(InputError, match=r"questions\.jsonl was changed after it was made"):
        go_through(tmp_path, "audit")
    assert not run.file("student", "").exists()


def test_a_run_does_not_train_on_what_was_frozen(plant: Program, tmp_path: Path) -> None:
    run = go_through(tmp_path, "rationales")
    mine = [replace(q, split="") for q in run.split("train")[:3]]
    write_records(tmp_path / "run" / "audits" / "audit.jsonl", mine)
    assert plant("questions", "freeze", tmp_path / "run" / "audits" / "audit.jsonl").returncode == 0
    with pytest.raises(InputError, match=r"\d of \d+ questions stand in the frozen audit set"):
        student_stages.teach_student(run, tmp_path / "nowhere", Outcome(), no_bar)
    assert not (tmp_path / "nowhere").exists()


def test_the_toy_answers_its_own_teacher(toy: KnowledgeGraph, plant: Program, tmp_path: Path) -> None:
    plant(*GENERATE.split(), "--set", "questions.multiple_share=0.4")
    done = plant("rationales", "generate", "out/questions.jsonl", "-c", "toy.yaml", "--out", "why", "--json")
    told = json.loads(done.stdout)["counts"]
    assert told["rejected"] == 0 < told["accepted"]
    assert "left out (no facts)" not in told
