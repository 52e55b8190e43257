"""`failwise rationales verify` on files: counts by reason, the supported share, and an exit code that says so."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from failwise.cli_verify import verify
from failwise.files import RecordLog
from failwise.generation.config import QuestionsConfig, RationalesConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.records import Question, Rationale
from failwise.generation.teachers.fake_teachers import openai_server
from failwise.generation.teachers.graph_teacher import GraphTeacher
from failwise.generation.teachers.teacher import TeacherRequest
from failwise.kg.evidence.build import build_index
from failwise.kg.evidence.embedder import SentenceEmbedder, has_embedder
from failwise.kg.graph import KnowledgeGraph


@pytest.fixture(scope="module")
def made(shipped: KnowledgeGraph) -> list[tuple[Question, Rationale]]:
    teacher, found = GraphTeacher(RationalesConfig(), shipped), []
    for question in list(Synthesis(shipped, QuestionsConfig(asset_classes=("fan",), train_per_fact=1)))[:20]:
        evidence = {i: shipped.statement(shipped.facts[i]) for i in question.fact_ids if i}
        reply = teacher.reason(TeacherRequest(question, evidence, 0.0, 1))
        cited = tuple(evidence)
        found.append(
            (
                question,
                Rationale(question.id, "graph", "", cited, reply.text, cited, str(reply.answer), "accepted", 1, 0, 0),
            )
        )
    return found


def run(folder: Path, made: list[tuple[Question, Rationale]], *options: str) -> tuple[int, str]:
    with RecordLog(folder / "questions.jsonl") as questions, RecordLog(folder / "rationales.jsonl") as rationales:
        for question, rationale in made:
            questions.append(question)
            rationales.append(rationale)
    program = typer.Typer()
    program.command()(verify)
    done = CliRunner().invoke(
        program, [str(folder / "rationales.jsonl"), str(folder / "questions.jsonl"), *options], env={"COLUMNS": "200"}
    )
    return done.exit_code, done.stdout


def test_right_rationales_pass(tmp_path: Path, made: list[tuple[Question, Rationale]]) -> None:
    code, text = run(tmp_path, made)
    assert code == 0
    assert "accepted" in text
    assert "100.0" in text
    assert "70.8 %" in text


def test_one_wrong_rationale_fails_and_is_named(tmp_path: Path, made: list[tuple[Question, Rationale]]) -> None:
    question, rationale = made[0]
    answer = next(i for i in question.option_ids if i != rationale.answer)
    code, text = run(tmp_path, [(question, replace(rationale, answer=answer)), *made[1:]], "--json")
    assert code == 1
    found = json.loads(text)
    assert found["reasons"] == {"accepted": 19, "wrong-answer": 1}
    assert [r["question"] for r in found["rejected"]] == [question.id]
    assert found["factscore"][0]["score"] == 1.0


def test_further_sources_speak_where_the_ontology_is_silent(
    tmp_path: Path, made: list[tuple[Question, Rationale]]
) -> None:
    if not has_embedder():
        pytest.skip("the embedded embedder is not installed")
    # Each names a thing of the graph, and says of it what no relation says.
    question, rationale = made[0]
    asset = question.asset_class.replace("-", " ")
    written, judged = f"The {asset} is painted in grey. ", f"The {asset} was made in winter. "
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.md").write_text(f"# Paint\n\n{written}\n")
    build_index(tmp_path / "index", SentenceEmbedder(), tmp_path / "notes")
    told = [(question, replace(rationale, text=written + judged + rationale.text))]

    def score(*options: str) -> dict[str, int]:
        (tmp_path / f"{len(options)}").mkdir()
        _, text = run(tmp_path / f"{len(options)}", told, "--json", *options)
        (row,) = json.loads(text)["factscore"]
        return {name: row[name] for name in ("unverifiable", "contradicted")}

    with openai_server(lambda request: (200, '{"claim": "false"}')) as url:
        documents = ("--evidence", str(tmp_path / "index"))
        assert score() == {"unverifiable": 2, "contradicted": 0}
        assert score(*documents) == {"unverifiable": 1, "contradicted": 0}
        assert score(*documents, "--judge", f"m@{url}") == {"unverifiable": 0, "contradicted": 1}
