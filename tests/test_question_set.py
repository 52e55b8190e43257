"""A set and its certificates: what is refused leaves nothing behind, and a changed file is noticed."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from failwise import question_stages
from failwise.errors import InputError, RefusedSetError
from failwise.files import file_digest, read_json, read_records, write_records
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing import parallel
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.formats.intact import check_intact
from failwise.generation.formats.question_files import QUESTIONS, read_questions
from failwise.generation.perturbing.perturb import perturb
from failwise.generation.records import Arity, Question
from failwise.generation.splitting.frozen import freeze
from failwise.kg.graph import KnowledgeGraph
from failwise.kg.load import load_ontology
from failwise.question_set import make_questions, refuse_wordless
from tests.conftest import toy_paths

LOPSIDED = """
asset:toy-valve a fw:AssetClass ; rdfs:label "toy valve"@en ; dcterms:source source:toy .
table:toy-valve.indicatedBy a fw:FactTable ;
    fw:assetClass asset:toy-valve ; fw:relation rel:indicatedBy ; fw:closed true ; dcterms:source source:toy ;
    fw:reading "every pair is judged"@en ;
    fw:candidate sensor:vibration , sensor:temperature , sensor:pressure .
"""
FAULT = """
mode:toy-valve.fault-{0} a fw:FailureMode ; rdfs:label "fault {0}"@en ;
    fw:ofAssetClass asset:toy-valve ; rel:indicatedBy sensor:vibration .
table:toy-valve.indicatedBy fw:row mode:toy-valve.fault-{0} .
"""


@pytest.fixture(scope="session")
def made(toy: KnowledgeGraph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a set of the toy ontology, with its certificates."""
    folder = tmp_path_factory.mktemp("set")
    make_questions(toy, QuestionsConfig(multiple_share=0.3), folder)
    return folder


@pytest.fixture
def a_set(made: Path, tmp_path: Path) -> Path:
    """Return a copy of that set's questions, certificates beside it."""
    shutil.copytree(made, tmp_path / "set")
    return tmp_path / "set" / QUESTIONS


def change(path: Path) -> None:
    """Mark another option of the first question as right."""
    first, *rest = read_records(path, Question)
    write_records(path, [replace(first, correct=first.correct[1:] + first.correct[:1]), *rest])


# --- what is made ---


def test_a_set_stands_beside_certificates_of_that_very_file(a_set: Path) -> None:
    for name in ("balance.json", "leakage.json"):
        certificate = read_json(a_set.with_name(name))
        assert (certificate["file"], certificate["sha256"]) == (QUESTIONS, file_digest(a_set))
    assert read_json(a_set.with_name("balance.json"))["verdict"] == "too-small"
    assert a_set.with_name("balance.md").read_text().splitlines()[2].startswith("**TOO SMALL TO TELL: with ")


def test_a_lopsided_ontology_is_refused_with_the_worst_offender_named(tmp_path: Path) -> None:
    toy = toy_paths()[-1].read_text()
    (tmp_path / "valve.ttl").write_text(toy + LOPSIDED + "".join(map(FAULT.format, range(40))))
    graph = KnowledgeGraph.load([*toy_paths()[:-1], tmp_path / "valve.ttl"], shipped=False)
    folder = tmp_path / "out"
    folder.mkdir()
    config = QuestionsConfig(asset_classes=("toy valve",), ungrouped_per_fact=4, ungrouped_share=1)
    with pytest.raises(RefusedSetError, match=r"REFUSED: .*'degree' is .* % right.*vibration.*nothing was written"):
        make_questions(graph, config, folder)
    assert not list(folder.iterdir())


def test_what_is_stopped_halfway_leaves_nothing_and_is_made_whole_next_time(
    toy: KnowledgeGraph, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_unit_only(synthesis: Synthesis) -> Iterator[parallel.Lines]:
        yield next(whole(synthesis))
        raise KeyboardInterrupt

    whole, config = parallel.question_lines, QuestionsConfig(multiple_share=0.3)
    monkeypatch.setattr(parallel, "question_lines", one_unit_only)
    with pytest.raises(KeyboardInterrupt):
        make_questions(toy, config, tmp_path)
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(parallel, "question_lines", whole)
    make_questions(toy, config, tmp_path)
    assert (tmp_path / QUESTIONS).read_bytes() == (made / QUESTIONS).read_bytes()


def test_an_unknown_language_names_those_there_are() -> None:
    ontology = load_ontology()
    with pytest.raises(InputError, match=r"no relation has wordings in the language 'xx'; .* some in de, en: "):
        refuse_wordless(ontology, KnowledgeGraph.usable(ontology, "xx"))
    refuse_wordless(ontology, KnowledgeGraph.usable(ontology, "de"))


# --- a file that was changed ---


def test_a_changed_file_is_told_from_the_one_that_was_certified(a_set: Path) -> None:
    check_intact(a_set)
    certified = file_digest(a_set)
    change(a_set)
    sentence = (
        rf"questions\.jsonl was changed after it was made: balance\.json beside it names the SHA-256 {certified}, but "
        rf"the file has {file_digest(a_set)}; generate the set again, or, if the change is meant, remove balance\.json "
        r"and leakage\.json, which"
    )
    with pytest.raises(InputError, match=sentence):
        read_questions(a_set)
    for name in ("balance.json", "leakage.json"):
        a_set.with_name(name).unlink()
    assert read_questions(a_set)


def test_a_manifest_alone_notices_the_change_too(a_set: Path) -> None:
    for name in ("balance.json", "leakage.json"):
        a_set.with_name(name).unlink()
    a_set.with_name("manifest.json").write_text(json.dumps({"outputs": {QUESTIONS: file_digest(a_set)}}))
    check_intact(a_set)
    change(a_set)
    with pytest.raises(InputError, match=r"manifest\.json beside it names"):
        check_intact(a_set)


@pytest.mark.parametrize("name", ["balance.json", "balance.md", "leakage.json", "leakage.md"])
def test_a_changed_certificate_is_told_from_the_one_that_was_made(a_set: Path, name: str) -> None:
    outputs = {p.name: file_digest(p) for p in a_set.parent.iterdir()}
    a_set.with_name("manifest.json").write_text(json.dumps({"outputs": outputs}))
    check_intact(a_set)
    certificate = a_set.with_name(name)
    certificate.write_text(certificate.read_text() + " ")
    with pytest.raises(InputError, match=rf"{name} was changed after it was made: manifest\.json .*remove it"):
        check_intact(a_set)
    certificate.unlink()
    check_intact(a_set)


@pytest.mark.parametrize("text", ["[]", "{}", '{"file": "other.jsonl", "sha256": "0"}', '{"outputs": [1]}'])
def test_a_certificate_of_something_else_says_nothing(a_set: Path, text: str) -> None:
    for name in ("balance.json", "leakage.json", "manifest.json"):
        a_set.with_name(name).write_text(text)
    check_intact(a_set)


def test_a_torn_certificate_is_no_proof(a_set: Path) -> None:
    a_set.with_name("balance.json").write_text('{"file": "quest')
    with pytest.raises(InputError, match=r"balance\.json is not JSON: .*bring it back or remove it"):
        check_intact(a_set)


# --- a set from elsewhere ---


def test_questions_about_facts_of_another_ontology_are_not_taken(
    shipped: KnowledgeGraph, a_set: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match=r"names the fact 'toy-.*which the ontology does not have"):
        make_questions(shipped, QuestionsConfig(file=a_set), tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_questions_frozen_for_an_audit_are_not_taken_into_training(
    toy: KnowledgeGraph, a_set: Path, tmp_path: Path
) -> None:
    unmarked = tmp_path / "mine" / "mine.jsonl"
    write_records(unmarked, [replace(q, split="") for q in read_questions(a_set)])
    freeze(unmarked)
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match=r"questions stand in the frozen audit set .*mine\.jsonl\.frozen\.json"):
        make_questions(toy, QuestionsConfig(file=unmarked), tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())
    counts, _ = make_questions(toy, QuestionsConfig(file=unmarked, test_share=1), tmp_path / "out")
    assert counts["train"] == 0 < counts["test"]


def test_what_belongs_together_is_never_drawn_to_both_sides(toy: KnowledgeGraph, a_set: Path, tmp_path: Path) -> None:
    questions = [replace(q, split="") for q in read_questions(a_set)]
    variants = list(perturb(questions, ["option-order", "labels"]))
    again = [replace(q, id=f"again-{q.id}") for q in questions]
    write_records(tmp_path / "mine.jsonl", [*variants, *questions, *again])
    make_questions(toy, QuestionsConfig(file=tmp_path / "mine.jsonl", test_share=0.5), tmp_path)
    side = {q.id: q.split for q in read_questions(tmp_path / QUESTIONS)}
    assert set(side.values()) == {"train", "test"}
    assert all(side[q.id] == side[str(q.perturbation_of)] for q in variants)
    assert all(side[q.id] == side[f"again-{q.id}"] for q in questions)
    assert len({(q.group, side[q.id]) for q in questions if q.group}) == len({q.group for q in questions if q.group})
    assert "new-question" in read_json(tmp_path / "leakage.json")["satisfied"]


def test_what_has_no_split_goes_where_its_original_is(toy: KnowledgeGraph, a_set: Path, tmp_path: Path) -> None:
    questions = read_questions(a_set)
    variants = [replace(q, split="") for q in perturb(questions, ["labels"])]
    write_records(tmp_path / "mine.jsonl", [*questions, *variants])
    make_questions(toy, QuestionsConfig(file=tmp_path / "mine.jsonl"), tmp_path)
    side = {q.id: q.split for q in read_questions(tmp_path / QUESTIONS)}
    assert all(side[q.id] == side[str(q.perturbation_of)] for q in variants)


def test_a_field_map_without_a_file_is_refused(toy: KnowledgeGraph, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"file_map is set without questions\.file"):
        make_questions(toy, QuestionsConfig(file_map="question=stem,options=o,answer=a"), tmp_path)


# --- what a teacher is asked ---


def test_the_teacher_is_asked_what_it_can_reason_about_and_the_rest_is_counted(toy: KnowledgeGraph, made: Path) -> None:
    questions = read_questions(made / QUESTIONS)
    several = sum(q.arity is Arity.MULTIPLE for q in questions)
    factless = replace(next(q for q in questions if q.arity is Arity.SINGLE), id="x", fact_ids=(), tested_fact="")
    kept, left_out = question_stages.for_the_teacher([*questions, factless])
    assert several > 0
    assert left_out == {"left out (no facts)": 1}
    assert len(kept) == len(questions)
    question_stages.refuse_foreign(kept, toy, made, "train")


def test_none_of_these_rests_on_no_fact_and_is_not_foreign(shipped: KnowledgeGraph) -> None:
    config = QuestionsConfig(asset_classes=("pump",), relations=("indicatedBy",), none_share=1)
    questions = [q for q in Synthesis(shipped, config) if "" in q.fact_ids]
    assert questions
    question_stages.refuse_foreign(questions, shipped, Path("q.jsonl"), "train")
    assert question_stages.for_the_teacher(questions) == (questions, {})
