"""The certificate: a verdict in one sentence, tables, a picture, retrieval beside, and an exit code."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from failwise.cli_check import check
from failwise.errors import InputError
from failwise.files import write_json, write_records
from failwise.generation.balance import retrieval_rows as retrieval
from failwise.generation.balance.certificate import BalanceCertificate, beside, certify
from failwise.generation.balance.dimensions import compare
from failwise.generation.balance.picture import draw_certificate, figure
from failwise.generation.records import Arity, Question
from failwise.kg.graph import KnowledgeGraph
from tests.conftest import toy_paths
from tests.generation.balance.test_shortcuts import asked, loose


@pytest.fixture(scope="module")
def fair(toy: KnowledgeGraph) -> list[Question]:
    pairs = [asked(toy, a, "temperature", "pressure", group="g") for a in ("bearing-damage", "seal-leakage")]
    turned = [asked(toy, a, "pressure", "temperature", group="h") for a in ("bearing-damage", "seal-leakage")]
    return [replace(q, split=split) for q, split in zip(pairs + turned, ["train", "test"] * 2, strict=True)]


@pytest.fixture(scope="module")
def skewed() -> list[Question]:
    return [loose(i, [f"{i} a", f"{i} b"], 0) for i in range(40)]


@pytest.fixture(scope="module")
def certificate(toy: KnowledgeGraph, skewed: list[Question]) -> BalanceCertificate:
    return certify(skewed, toy, training=[])


def test_a_fair_set_passes(toy: KnowledgeGraph, fair: list[Question]) -> None:
    found = certify(fair * 100, toy)
    assert found.verdict == "passed"
    assert found.sentence.startswith("PASSED: no guesser beats chance by more than 5 points")
    assert found.warnings == ()


def test_answers_against_the_ontology_are_counted(toy: KnowledgeGraph, fair: list[Question]) -> None:
    swapped = [replace(q, correct=q.correct[::-1], tested_fact=q.fact_ids[1 - q.answer]) for q in fair]
    assert certify(swapped, toy).warnings == (
        "4 questions name or mark their options otherwise than their facts say: their answers are not those of the "
        "ontology",
    )


def test_a_small_set_has_not_passed(toy: KnowledgeGraph, fair: list[Question]) -> None:
    found = certify(fair, toy)
    assert (found.verdict, found.warnings) == ("too-small", ())
    assert found.sentence == (
        "TOO SMALL TO TELL: with 4 questions the interval of 'always A' on single answers reaches +35.0 points, and 5 "
        "are allowed; about 390 questions would do."
    )
    assert "passed" not in found.markdown().casefold()


def test_a_lucky_guess_is_no_reason_to_refuse_and_none_to_pass(toy: KnowledgeGraph, skewed: list[Question]) -> None:
    found = certify(skewed[:2], toy, training=[])
    assert found.shortcuts.rows[0].excess == 50
    assert found.verdict == "too-small"


def test_a_skewed_set_is_refused_and_says_why(certificate: BalanceCertificate) -> None:
    assert certificate.verdict == "refused"
    assert "'always A' is 100.0 % right where chance gives 50.0 %" in certificate.sentence
    lines = certificate.markdown().splitlines()
    assert lines[2] == f"**{certificate.sentence}**"
    assert sum("**too much**" in line for line in lines) == len(certificate.shortcuts.offenders)
    assert any("40 questions have no facts in this ontology" in line for line in lines)


def test_a_wide_margin_lets_it_pass(toy: KnowledgeGraph, skewed: list[Question]) -> None:
    assert certify(skewed, toy, margin=0.6).verdict == "passed"


def test_it_is_json(certificate: BalanceCertificate) -> None:
    plain = json.loads(json.dumps(certificate.to_json(), allow_nan=False))
    assert (plain["verdict"], plain["questions"]) == ("refused", 40)
    assert {r["name"] for r in plain["shortcuts"]["rows"]} >= {"always A", "longest option", "option prior"}


def test_an_iterator_is_measured_whole(toy: KnowledgeGraph, fair: list[Question]) -> None:
    assert certify(iter(fair), toy) == certify(fair, toy)


def test_two_sets_side_by_side(certificate: BalanceCertificate, toy: KnowledgeGraph, fair: list[Question]) -> None:
    lines = beside({"ours": certify(fair, toy), "theirs": certificate}).splitlines()
    assert lines[0] == "|  | ours | theirs |"
    assert "| verdict | too-small | refused |" in lines
    assert "| always A, single: right (above chance) | 50.0 (+0.0) | 100.0 (+50.0) |" in lines
    assert "| degree, single: right (above chance) | 50.0 (+0.0) | - |" in lines


@pytest.mark.parametrize(("questions", "margin", "sentence"), [([], 0.05, "no question"), (None, 5, "margin is 5")])
def test_what_cannot_be_certified(
    toy: KnowledgeGraph, fair: list[Question], questions: list[Question] | None, margin: float, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        certify(fair if questions is None else questions, toy, margin=margin)


@pytest.mark.parametrize(("name", "start"), [("c.png", b"\x89PNG"), ("c.svg", b"<?xml")])
def test_the_picture_is_drawn_the_same_twice(
    certificate: BalanceCertificate, tmp_path: Path, name: str, start: bytes
) -> None:
    pytest.importorskip("matplotlib")
    drawn = []
    for _ in range(2):
        draw_certificate(certificate, tmp_path / name)
        drawn.append((tmp_path / name).read_bytes())
    assert drawn[0] == drawn[1]
    assert drawn[0].startswith(start)


def test_a_picture_has_an_ending_that_can_be_drawn(certificate: BalanceCertificate, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ending must be \.png or \.svg"):
        draw_certificate(certificate, tmp_path / "c.gif")
    assert not list(tmp_path.iterdir())


def test_a_set_of_one_question_that_has_no_guess_is_drawn_and_told(toy: KnowledgeGraph, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    all_right = replace(asked(toy, "cavitation", "vibration", "noise", arity=Arity.MULTIPLE), correct=(True, True))
    found = certify([all_right], toy)
    assert (found.verdict, found.shortcuts.rows) == ("too-small", ())
    assert found.markdown().startswith("# Balance certificate\n\n**TOO SMALL TO TELL: no question has both")
    draw_certificate(found, tmp_path / "c.png")


@pytest.mark.parametrize("panels", [1, 2, 3, 8])
def test_headings_stay_inside_their_panels(certificate: BalanceCertificate, panels: int) -> None:
    text = pytest.importorskip("matplotlib.text").Text
    wide = compare("none is right", {f"a name of {n} that is long": n for n in (1, 99)}, {"a name of 1": 1.0})
    drawn = figure(replace(certificate, dimensions=(wide,) * panels))
    drawn.canvas.draw()
    axes = [axis for part in drawn.subfigs for axis in part.axes if axis.get_title(loc="left")]
    assert len(axes) == panels + 1
    for axis in axes:
        heading = next(t for t in axis.findobj(text) if t.get_text() == axis.get_title(loc="left"))
        assert heading.get_window_extent().x1 <= axis.get_window_extent().x1 < drawn.bbox.x1 - 5


@pytest.mark.parametrize("package", ["sklearn", "bm25s"])
def test_retrieval_finds_what_was_taught(toy: KnowledgeGraph, package: str) -> None:
    pytest.importorskip(package)
    taught = [
        loose(i, [f"pump part{i}", f"fan piece{i}"], i % 2, text=f"Which belongs to machine{i}?") for i in range(9)
    ]
    known = retrieval.retrieval_rows([replace(q, id=f"x{q.id}") for q in taught], toy, taught)
    others = [replace(q, correct=q.correct[::-1]) for q in taught]
    wrong = retrieval.retrieval_rows(others, toy, taught)
    place = {"sklearn": 0, "bm25s": 1}[package]
    assert (known[place].accuracy, wrong[place].accuracy) == (1, 0)
    assert (known[place].documents, known[place].n, known[place].chance) == (9, 9, 0.5)


@pytest.mark.parametrize("package", ["sklearn", "bm25s"])
def test_facts_in_words_answer_and_eliminate(toy: KnowledgeGraph, fair: list[Question], package: str) -> None:
    pytest.importorskip(package)
    place = {"sklearn": 2, "bm25s": 3}[package]
    assert retrieval.retrieval_rows(fair, toy)[place].accuracy == 1


def test_what_is_not_installed_is_said(
    toy: KnowledgeGraph, fair: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval, "find_spec", lambda name: None if name == "bm25s" else find_spec(name))
    found = retrieval.retrieval_rows(fair, toy)
    assert [r.note for r in found[1::2]] == ["the package 'bm25s' is not installed"] * 2


def run(folder: Path, questions: Sequence[Question], *arguments: str) -> Result:
    app = typer.Typer()
    app.command()(check)
    write_records(folder / "set.jsonl", questions)
    paths = [option for path in toy_paths() for option in ("--ontology", str(path))]
    return CliRunner().invoke(app, [str(folder / "set.jsonl"), "--no-shipped", *paths, *arguments])


def test_the_command_writes_all_and_exits_by_the_verdict(
    tmp_path: Path, fair: list[Question], skewed: list[Question]
) -> None:
    many = [replace(q, id=str(i)) for i, q in enumerate(fair * 100)]
    for questions, verdict in ((many, "passed"), (fair, "too-small")):
        found = run(tmp_path, questions, "--json")
        assert found.exit_code == 0
        assert json.loads(found.stdout)["verdict"] == verdict
    refused = run(tmp_path, skewed, "--out", str(tmp_path / "out"))
    assert refused.exit_code == 1
    assert refused.stdout.startswith("# Balance certificate\n\n**REFUSED")
    assert {"certificate.json", "certificate.md"} <= {p.name for p in (tmp_path / "out").iterdir()}
    assert (tmp_path / "out" / "certificate.md").read_text() == refused.stdout
    assert (tmp_path / "out" / "certificate.png").is_file() is (find_spec("matplotlib") is not None)


def test_the_command_compares_with_a_plan_and_another_set(
    tmp_path: Path, fair: list[Question], skewed: list[Question]
) -> None:
    plan = {"questions": 0, "quotas": [], "targets": {"arity": {"single": 1.0}}, "ontology": "of last year"}
    write_json(tmp_path / "plan.json", plan)
    write_records(tmp_path / "other.jsonl", skewed)
    found = run(tmp_path, fair, "--plan", str(tmp_path / "plan.json"), "--beside", str(tmp_path / "other.jsonl"))
    assert found.exit_code == 0
    assert "the plan was made for the ontology of last year, and this one is" in found.stderr
    assert "| arity | 1 | 0.0000 |" in found.stdout
    assert "|  | set.jsonl | other.jsonl |" in found.stdout


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        ({"questions": 4}, "plan.json is not a plan: quotas: "),
        ({"questions": 4, "quotas": [], "targets": {}}, "questions is 4, but the quotas add up to 0"),
    ],
)
def test_a_broken_plan_is_named(tmp_path: Path, fair: list[Question], plan: object, sentence: str) -> None:
    write_json(tmp_path / "plan.json", plan)
    found = run(tmp_path, fair, "--plan", str(tmp_path / "plan.json"))
    assert isinstance(found.exception, InputError)
    assert sentence in str(found.exception)


def test_failuresensoriq_is_refused_by_the_command(tmp_path: Path, data: Path) -> None:
    app = typer.Typer()
    app.command()(check)
    found = CliRunner().invoke(app, [str(data / "failuresensoriq" / "single_answer.jsonl")])
    assert found.exit_code == 1
    assert "'degree' is 63.7 % right where chance gives 27.5 %" in found.stdout


def test_certifying_loads_nothing_to_draw_with(toy: KnowledgeGraph, fair: list[Question]) -> None:
    before = "matplotlib" in sys.modules
    certify(fair, toy).markdown()
    assert ("matplotlib" in sys.modules) is before
