"""Exports, checked as files: what each tool will read, where it comes from, and what is refused."""

import importlib.util
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from failwise import cli_export_questions
from failwise.cli_export_questions import StudentPrompts
from failwise.errors import FailwiseError, InputError
from failwise.files import file_digest, write_records
from failwise.generation.exporting.card import card
from failwise.generation.exporting.job import ExportJob, by_split
from failwise.generation.exporting.lessons import agrees
from failwise.generation.exporting.openai_batch import read_answers
from failwise.generation.exporting.table import EXPORTS, PROVENANCE, export, find_writer
from failwise.generation.records import Arity, Question, Rationale
from failwise.generation.teachers.fake_teachers import openai_server
from failwise.kg.records import Direction, Polarity
from failwise.training.examples import lessons
from failwise.training.recipe import Task
from failwise.training.records import Mode

OPTIONS = ("vibration", "oil debris", "speed")
TOOLS = list(EXPORTS)


def question(name: str, right: str, split: str = "test", arity: Arity = Arity.SINGLE) -> Question:
    """Return a question about wear whose right options are these letters."""
    facts = tuple(f"pump/indicatedBy/wear/{option.replace(' ', '-')}" for option in OPTIONS)
    return Question(
        subject="failure_mode_sensor_analysis",
        id=name,
        question=f"{name}: what shows wear?",
        options=OPTIONS,
        option_ids=("A", "B", "C"),
        question_first=True,
        correct=tuple(letter in right for letter in "ABC"),
        text_type="choice",
        asset_name="pump",
        relevancy="relevant_sensors_for_failure_mode",
        question_type="mcp1_positive",
        asset_class="pump",
        relation="indicatedBy",
        direction=Direction.FORWARD,
        polarity=Polarity.SELECTION,
        arity=arity,
        anchor="wear",
        fact_ids=facts,
        tested_fact=facts["ABC".index(right)] if arity is Arity.SINGLE else "",
        regime="new-question",
        split=split,
        ontology="0123456789abcdef",
    )


def rationale(name: str, answer: str) -> Rationale:
    text = "Wear sheds metal [pump/indicatedBy/wear/oil-debris] into the oil."
    return Rationale(name, "graph", "f", (), text, (), answer, "accepted", 1, 0, 0)


MIXED = (
    question("one", "B", "train"),
    question("two", "A"),
    question("both", "AB", arity=Arity.MULTIPLE),
    question("no", "", arity=Arity.MULTIPLE),
)


def job(questions: Sequence[Question] = MIXED, **changes: Any) -> ExportJob:
    return replace(ExportJob(questions, StudentPrompts(), "wear", model="m"), **changes)


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


# --- the folder ---


@pytest.mark.parametrize("tool", TOOLS)
def test_every_folder_says_where_it_comes_from(tmp_path: Path, tool: str) -> None:
    sources = {"questions": {"file": "questions.jsonl", "sha256": "ab" * 32}}
    told = export(tool, job(sources=sources, certificates={"balance.json": {"held": True}}), tmp_path / "out")
    assert told == json.loads((tmp_path / "out" / PROVENANCE).read_text())
    assert told["sources"] == sources and told["ontology"] == ["0123456789abcdef"]
    assert told["regime"] == ["new-question"] and told["questions"]["splits"] == {"train": 1, "test": 3}
    assert told["files"]["certificates/balance.json"]["sha256"]
    for name, file in told["files"].items():
        assert file["sha256"] == file_digest(tmp_path / "out" / name)
    assert sum(file.get("records", 0) for file in told["files"].values()) == len(MIXED)


@pytest.mark.parametrize("tool", TOOLS)
def test_the_same_job_gives_the_same_bytes(tmp_path: Path, tool: str) -> None:
    assert export(tool, job(), tmp_path / "one") == export(tool, job(), tmp_path / "two")


def test_nothing_is_left_of_an_export_that_fails(tmp_path: Path) -> None:
    blank = replace(MIXED[1], options=("vibration", " ", "speed"))
    with pytest.raises(InputError, match="none of 1 questions can be exported to inspect: an option is blank"):
        export("inspect", job([blank]), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_stands_in_the_way_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "diary.txt").write_text("mine")
    with pytest.raises(InputError, match="holds no export to trl"):
        export("trl", job(), out, redo=True)
    (out / "diary.txt").unlink()
    export("trl", job(), out)
    with pytest.raises(InputError, match="pass --redo"):
        export("trl", job(MIXED[:2]), out)
    with pytest.raises(InputError, match="holds no export to inspect"):
        export("inspect", job(), out, redo=True)
    export("trl", job(MIXED[:2]), out, redo=True)
    assert len(rows(out / "test.jsonl")) == 1
    assert len(rows(tmp_path / "out.old-1" / "test.jsonl")) == 3


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (job(()), "no question"),
        (job(name="a b"), "name 'a b' cannot be used"),
        (job([*MIXED, MIXED[0]]), r"\(one\): the id was used by question 1 already"),
        (job([replace(MIXED[0], correct=(True, True, False))]), "2 options are right; a single-answer"),
        (job([replace(MIXED[0], correct=(True, False))]), "3 options, 3 option_ids and 2 marks"),
        (job([replace(MIXED[0], option_ids=("A", "A", "B"))]), "two options have the same label in A, A, B"),
        (job([replace(MIXED[0], id="")]), "without an id"),
        (job([replace(MIXED[0], split="../up")]), "split '../up' is no name"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, bad: ExportJob, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        export("trl", bad, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("tool", ["lm-eval", "inspect", "openai-batch"])
def test_tools_that_only_ask_take_no_rationales(tmp_path: Path, tool: str) -> None:
    with pytest.raises(InputError, match="no place for rationales"):
        export(tool, job(rationales={"one": rationale("one", "B")}), tmp_path / "out")


@pytest.mark.parametrize("tool", TOOLS)
def test_an_unknown_layout_is_refused(tmp_path: Path, tool: str) -> None:
    with pytest.raises(InputError, match="has no layout 'fancy'"):
        export(tool, job(layout="fancy"), tmp_path / "out")


def test_a_mistyped_tool_is_named() -> None:
    with pytest.raises(InputError, match="did you mean 'inspect'"):
        find_writer("inspekt")


def test_questions_without_a_split_are_never_for_training() -> None:
    assert list(by_split([replace(q, split="") for q in MIXED])) == ["test"]


# --- learning: trl, llama-factory ---


def test_the_exported_text_is_the_text_a_student_learns(tmp_path: Path) -> None:
    given = {"one": rationale("one", "B")}
    for mode, rationales in ((Mode.DIRECT, {}), (Mode.RATIONALE, given)):
        ((lesson,), _) = lessons(MIXED[:1], given, Task(mode=mode))
        ((example,),) = (lesson.show(random.Random(0)),)
        export("trl", job(MIXED[:1], rationales=rationales), tmp_path / mode)
        (row,) = rows(tmp_path / mode / "train.jsonl")
        said = "".join(example.branches[0].segments)
        assert [m["content"] for m in row["messages"][1:]] == [example.prompt, said]


def test_reasons_stand_before_the_answer_and_cite_only_if_asked(tmp_path: Path) -> None:
    given = {"both": rationale("both", "A, B")}
    for cite, text in ((False, "Wear sheds metal into the oil."), (True, given["both"].text)):
        prompts = StudentPrompts(cite_facts=cite)
        told = export("trl", job(rationales=given, renderer=prompts, layout="plain"), tmp_path / str(cite))
        found = {row["id"]: row["completion"] for row in rows(tmp_path / str(cite) / "test.jsonl")}
        assert found == {"two": "Answer: vibration (A)", "both": f"{text}\nAnswer: A, B", "no": "Answer: none"}
        assert told["notes"] == ["no rationale: the answer alone: 3"]


def test_a_rationale_that_ends_elsewhere_is_not_taught(tmp_path: Path) -> None:
    told = export("trl", job(MIXED[:1], rationales={"one": rationale("one", "C")}), tmp_path / "out")
    assert told["notes"] == ["rationale not used: its answer is not the right one: 1"]
    assert rows(tmp_path / "out" / "train.jsonl")[0]["messages"][-1]["content"] == "Answer: oil debris (B)"


@pytest.mark.parametrize(
    ("name", "answer", "fits"),
    [("one", "B", True), ("one", "A", False), ("both", "B,A", True), ("both", "A", False), ("no", "none", True)],
)
def test_a_rationale_fits_if_it_names_all_that_is_right(name: str, answer: str, fits: bool) -> None:
    assert agrees(next(q for q in MIXED if q.id == name), rationale(name, answer)) is fits


def test_trl_layouts_hold_the_same_words(tmp_path: Path) -> None:
    found = {}
    for layout in ("messages", "prompt-completion", "plain"):
        export("trl", job(layout=layout), tmp_path / layout)
        (found[layout],) = rows(tmp_path / layout / "train.jsonl")
    chat, plain = found["prompt-completion"], found["plain"]
    assert found["messages"]["messages"] == chat["prompt"] + chat["completion"]
    system, user = (m["content"] for m in chat["prompt"])
    assert plain["prompt"] == f"{system}\n\n{user}\n"
    assert plain["completion"] == chat["completion"][0]["content"]


# LLaMA-Factory's data/README documents these keys; with `columns` given, every column has to be named.
@pytest.mark.parametrize(("layout", "columns"), [("alpaca", 4), ("sharegpt", 2)])
def test_dataset_info_names_files_and_columns_that_are_there(tmp_path: Path, layout: str, columns: int) -> None:
    export("llama-factory", job(layout=layout), tmp_path / "out")
    described = json.loads((tmp_path / "out" / "dataset_info.json").read_text())
    assert list(described) == ["wear_train", "wear_test"]
    for entry in described.values():
        assert entry["formatting"] == layout and len(entry["columns"]) == columns
        for row in rows(tmp_path / "out" / entry["file_name"]):
            assert set(entry["columns"].values()) <= set(row)


# --- asking: lm-eval, inspect, openai-batch ---


def helper(folder: Path) -> Any:
    """Import the Python file that an lm-eval folder carries."""
    spec = importlib.util.spec_from_file_location("failwise_task", folder / "failwise_task.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_lm_eval_scores_single_answers_as_we_do(tmp_path: Path) -> None:
    export("lm-eval", job(), tmp_path / "out")
    (doc,) = rows(tmp_path / "out" / "data" / "single-test.jsonl")
    assert doc["choices"] == ["vibration (", "oil debris (", "speed ("] and doc["gold"] == 0
    assert doc["answers"][0] == "vibration (A)"
    text = (tmp_path / "out" / "wear_single.yaml").read_text()
    task = yaml.safe_load(text.replace("!function ", ""))
    assert task["custom_dataset"] == "failwise_task.single" and task["gen_prefix"] == "Answer:"
    assert {task[key] for key in ("doc_to_text", "doc_to_choice", "doc_to_target")} <= set(doc)
    assert task["test_split"] == "test" and task["fewshot_split"] == "train"


def test_lm_eval_never_takes_examples_from_what_it_asks(tmp_path: Path) -> None:
    export("lm-eval", job([replace(q, split="train") for q in MIXED]), tmp_path / "out")
    task = yaml.safe_load((tmp_path / "out" / "wear_single.yaml").read_text().replace("!function ", ""))
    assert task["test_split"] == "train" and "fewshot_split" not in task


@pytest.mark.parametrize(
    ("reply", "right", "score"),
    [
        ("Answer: A, B", ["A", "B"], (1, 1)),
        ("Because.\nAnswer: (b) and (a).", ["A", "B"], (1, 1)),
        ("Answer: C\nNo, wait.\nAnswer: A", ["A"], (1, 1)),
        ("Answer: A", ["A", "B"], (0, 1)),
        ("Answer: A, B, C", ["A", "B"], (0, 1)),
        ("Answer: none", [], (1, 1)),
        ("Answer: none", ["A"], (0, 1)),
        ("Answer:", [], (0, 0)),
        ("lol", [], (0, 0)),
        ("Answer: A, Z", ["A"], (0, 0)),
    ],
)
def test_a_set_of_letters_is_right_as_a_whole(tmp_path: Path, reply: str, right: list[str], score: Any) -> None:
    export("lm-eval", job(), tmp_path / "out")
    found = helper(tmp_path / "out").score_set({"labels": ["A", "B", "C"], "right": right}, [reply])
    assert (found["exact_match"], found["answered"]) == score


def test_inspect_lets_nothing_be_chosen(tmp_path: Path) -> None:
    export("inspect", job(), tmp_path / "out")
    found = {row["id"]: row for row in rows(tmp_path / "out" / "multiple-test.jsonl")}
    assert found["both"]["target"] == ["A", "B"] and found["no"]["target"] == ["D"]
    assert found["no"]["choices"] == [*OPTIONS, "none of these options"]
    (single,) = rows(tmp_path / "out" / "single-test.jsonl")
    assert (single["target"], single["choices"]) == ("A", list(OPTIONS))
    assert single["metadata"]["facts"] == ["pump/indicatedBy/wear/vibration"]


def test_inspect_letters_stand_for_positions_not_for_our_labels(tmp_path: Path) -> None:
    export("inspect", job([replace(MIXED[0], option_ids=("P", "Q", "R"))]), tmp_path / "out")
    (row,) = rows(tmp_path / "out" / "single-train.jsonl")
    assert row["target"] == "B"


def test_inspect_tells_what_it_leaves_out(tmp_path: Path) -> None:
    blank = replace(MIXED[1], id="blank", options=("vibration", "", "speed"))
    told = export("inspect", job([*MIXED, blank]), tmp_path / "out")
    assert told["left_out"] == {"an option is blank, and inspect_ai drops blank choices": 1}
    compile((tmp_path / "out" / "task.py").read_text(), "task.py", "exec")


def test_a_batch_needs_a_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="pass --model"):
        export("openai-batch", job(model=""), tmp_path / "out")


def test_batch_requests_pass_through_the_real_client_and_come_back(tmp_path: Path) -> None:
    """Every request's body goes through OpenAI's client to a server; the answers file is read to the same ids."""
    openai = pytest.importorskip("openai", reason="openai is not installed; it is in the extra 'interop'")

    export("openai-batch", job(structured=True, temperature=0.5), tmp_path / "out")
    asked: list[dict[str, Any]] = []

    def answer(request: dict[str, Any]) -> tuple[int, str]:
        asked.append(request)
        return 200, json.dumps({"answer": str(len(asked))})

    lines = []
    with openai_server(answer) as url:
        client = openai.OpenAI(api_key="none", base_url=url)
        for request in rows(tmp_path / "out" / "requests-00001.jsonl"):
            assert (request["method"], request["url"]) == ("POST", "/v1/chat/completions")
            reply = client.chat.completions.create(**request["body"])
            response = {"status_code": 200, "request_id": "r", "body": reply.model_dump(mode="json")}
            lines.append({"id": "b", "custom_id": request["custom_id"], "response": response, "error": None})
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    answers = read_answers([tmp_path / "answers.jsonl"])
    assert answers.texts == {q.id: json.dumps({"answer": str(n)}) for n, q in enumerate(MIXED, 1)}
    assert answers.failed == {}
    schemas = [r["response_format"]["json_schema"]["schema"]["properties"]["answer"] for r in asked]
    assert schemas[0] == {"type": "string", "enum": ["A", "B", "C"]} and schemas[2]["type"] == "array"
    assert {r["temperature"] for r in asked} == {0.5}


def batch_line(name: str, status: int = 200, **body: Any) -> dict[str, Any]:
    return {"custom_id": name, "response": {"status_code": status, "body": body}, "error": None}


def test_what_a_batch_could_not_answer_is_told(tmp_path: Path) -> None:
    message = {"role": "assistant", "content": None, "refusal": "no"}
    good = batch_line("late", choices=[{"message": {"content": "Answer: A"}}])
    lines = [
        batch_line("refused", choices=[{"message": message}]),
        batch_line("limited", 429, error={"code": "rate_limit", "message": "slow down"}),
        {"custom_id": "late", "response": None, "error": {"code": "batch_expired", "message": "too late"}},
        good,
    ]
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    answers = read_answers([path])
    assert answers.texts == {"late": "Answer: A"}
    assert answers.failed == {"refused": "refused: no", "limited": "HTTP 429: rate_limit: slow down"}
    path.write_text((json.dumps(good) + "\n") * 2)
    with pytest.raises(InputError, match="line 2: question late was answered before"):
        read_answers([path])


# --- the hub's card ---


def test_the_card_shows_balance_coverage_regime_and_certificates() -> None:
    certificates: dict[str, Any] = {
        "balance.json": {"refused": False, "dimensions": {"letter": {"tv": 0.012345678}}, "rows": [1, 2]},
        "leakage.md": "# Leakage\n\nNo fact crosses.\n",
    }
    text = card(job(license="cc-by-4.0", certificates=certificates), by_split(MIXED))
    header = yaml.safe_load(text.split("---\n")[1])
    assert header["license"] == "cc-by-4.0" and header["size_categories"] == ["n<1K"]
    assert [f["split"] for f in header["configs"][0]["data_files"]] == ["train", "test"]
    assert "| several | 0 (0.0 %) | 2 (66.7 %) |" in text
    assert "| indicatedBy | 3 | 2 | 3 | 3 |" in text
    assert "does not say that the model generalises" in text and "`0123456789abcdef`" in text
    assert "| dimensions / letter / tv | 0.01235 |" in text and "2 entries" in text
    assert "### Leakage" in text


def test_a_card_without_licence_or_regime_says_so() -> None:
    foreign = [replace(q, regime="", ontology="", fact_ids=(), tested_fact="") for q in MIXED]
    text = card(job(foreign), by_split(foreign))
    assert "license" not in yaml.safe_load(text.split("---\n")[1])
    assert "Licence: not stated" in text and "linked to no facts" in text and "name no regime" in text


# --- the command ---

Command = Callable[..., Any]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return a function that calls `failwise export` in an empty folder with questions and rationales."""
    monkeypatch.chdir(tmp_path)
    write_records(tmp_path / "q.jsonl", MIXED)
    write_records(tmp_path / "r.jsonl", [rationale("one", "B"), rationale("elsewhere", "A")])
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(cli_export_questions.export)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_the_command_exports_and_prints_what_it_wrote(command: Command, tmp_path: Path) -> None:
    (tmp_path / "balance.json").write_text('{"held": true}')
    done = command("q.jsonl", "--to", "trl", "--out", "wear set", "--rationales", "r.jsonl", "--json",
                   "--certificate", "balance.json", "--license", "cc-by-4.0")  # fmt: skip
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told["name"] == "wear-set" and told["rationales"] == 1 and told["license"] == "cc-by-4.0"
    assert told["sources"]["questions"] == {"file": "q.jsonl", "sha256": file_digest(tmp_path / "q.jsonl")}
    assert (tmp_path / "wear set" / "certificates" / "balance.json").is_file()


def test_the_command_takes_one_split(command: Command, tmp_path: Path) -> None:
    done = command("q.jsonl", "--to", "openai-batch", "--out", "o", "--split", "test", "--model", "m")
    assert "requests-00001.jsonl: 3 records" in done.stdout.replace("\n", "")
    assert command("q.jsonl", "--to", "trl", "--out", "t", "--split", "dev").exception.args == (
        "q.jsonl has no question of the split 'dev'; it has test, train",
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--to", "tlr"), "did you mean 'trl'"),
        (("--to", "trl", "--certificate", "q.jsonl"), "allowed are .json and .md"),
        (("--to", "trl", "--certificate", "other.json"), "names the SHA-256 0, but q.jsonl has"),
        (("--to", "trl", "--split", "test", "--rationales", "r.jsonl"), "no rationale for any of these questions"),
        (("--to", "trl", "--name", "a/b"), "name 'a/b' cannot be used"),
    ],
)
def test_the_command_refuses_with_a_sentence(command: Command, arguments: tuple[str, ...], sentence: str) -> None:
    Path("other.json").write_text('{"file": "other.jsonl", "sha256": "0"}')
    done = command("q.jsonl", "--out", "o", *arguments)
    assert isinstance(done.exception, FailwiseError) and sentence in str(done.exception)
    assert done.exception.exit_code == 2 and not Path("o").exists()


def test_foreign_questions_are_exported_too(command: Command, data: Path, tmp_path: Path) -> None:
    source = data / "failuresensoriq" / "single_answer_simple_perturbed.jsonl"
    done = command(str(source), "--to", "inspect", "--out", "o")
    assert done.exit_code == 0, done.exception
    assert len(rows(tmp_path / "o" / "single-test.jsonl")) == 2667
