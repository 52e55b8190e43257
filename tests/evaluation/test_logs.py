"""Logs of lm_eval and inspect_ai, written by hand in the shape of real ones, read as answers to our questions.

`tests/interop` has the tools write real ones.
"""

import json
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from failwise.errors import InputError
from failwise.evaluation.logs import archive
from failwise.evaluation.records import AUDITS, Answer, FactAudit
from failwise.evaluation.sources import LoadedQuestions, open_answers
from failwise.files import read_json, read_records, write_json, write_records
from failwise.generation.config import QuestionsConfig
from failwise.generation.drawing.synthesize import Synthesis
from failwise.generation.records import Arity, Question
from failwise.kg.graph import KnowledgeGraph
from tests.conftest import Program, toy_paths

MODEL = "org/tiny <b>|model"


@pytest.fixture(scope="module")
def questions(toy: KnowledgeGraph) -> list[Question]:
    made = [q for q in Synthesis(toy, QuestionsConfig(test_per_fact=2)) if q.split == "test"]
    return [q for q in made if q.arity is Arity.SINGLE][:8]


# --- what the tools write ---


def line(question: Question, **changes: Any) -> dict[str, Any]:
    """Return a line of lm_eval's for a question, as our export has it asked: the last option is the likeliest."""
    options = [f" {option} (" for option in question.options]
    context = f"{question.question}\nAnswer. Answer:"
    scores = [[f"{place - 9.5}", "False"] for place in range(len(options))]
    return {
        "doc_id": 0,
        "doc": {"id": question.id, "prompt": context, "choices": options, "gold": 0},
        "target": "0",
        "arguments": {f"gen_args_{i}": {"arg_0": context, "arg_1": text} for i, text in enumerate(options)},
        "resps": [[score] for score in scores],
        "filtered_resps": scores,
        "filter": "none",
        "acc": 1.0,
        **changes,
    }


def written(question: Question, reply: str, taken: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return a line of a task of lm_eval's that has the model write; `taken` is what its filter made of the reply."""
    context = f"{question.question}\n" + "\n".join(question.options)
    arguments = {"gen_args_0": {"arg_0": context, "arg_1": {"until": ["\n\n"]}}}
    filtered = [reply if taken is None else taken]
    return line(question, **{"arguments": arguments, "resps": [[reply]], "filtered_resps": filtered, **changes})


def lm_eval(folder: Path, rows: list[dict[str, Any]], task: str = "toy") -> Path:
    """Write samples and results as lm_eval lays them out."""
    date = "2026-03-01T10-00-00.123456"
    path = folder / "org__tiny" / f"samples_{task}_{date}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    write_json(path.with_name(f"results_{date}.json"), {"results": {}, "configs": {}, "model_name": MODEL})
    return path


def sample(question: Question, letter: str = "A", **changes: Any) -> dict[str, Any]:
    """Return a sample of inspect_ai's."""
    return {
        "id": question.id,
        "epoch": 1,
        "input": question.question,
        "choices": list(question.options),
        "target": "B",
        "output": {"model": MODEL, "completion": f"I think.\n\nANSWER: {letter}"},
        "scores": {"choice": {"value": "C", "answer": letter, "history": []}},
        "total_time": 0.25,
        **changes,
    }


def document(samples: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    return {"version": 2, "status": "success", "eval": {"model": MODEL, "task": "toy"}, "samples": samples, **changes}


def inspect_json(path: Path, samples: list[dict[str, Any]], **changes: Any) -> Path:
    write_json(path, document(samples, **changes))
    return path


def inspect_archive(path: Path, samples: list[dict[str, Any]], *, ended: bool = True) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr("_journal/start.json", json.dumps(document([])))
        for one in samples:
            members.writestr(f"samples/{one['id']}_epoch_{one['epoch']}.json", json.dumps(one))
        if ended:
            members.writestr("header.json", json.dumps(document([])))
    return path


def read(path: Path, questions: list[Question]) -> list[Answer]:
    return list(open_answers(path, LoadedQuestions(questions)))


def refused(path: Path, questions: list[Question]) -> str:
    with pytest.raises(InputError) as error:
        read(path, questions)
    return str(error.value)


# --- lm_eval ---


def test_scores_of_lm_eval_become_answers_right_by_our_file(questions: list[Question], tmp_path: Path) -> None:
    path = lm_eval(tmp_path, [line(q) for q in questions])
    for given in (path, tmp_path):  # the file, or the folder that lm_eval wrote
        answers = read(given, questions)
        assert [a.question_id for a in answers] == [q.id for q in questions]
        for answer, question in zip(answers, questions, strict=True):
            last = len(question.options) - 1
            assert answer.scores == tuple(place - 9.5 for place in range(last + 1))
            assert (answer.student, answer.choice, answer.right) == (MODEL, last, question.correct[last])


def test_options_in_another_order_are_put_back(questions: list[Question], tmp_path: Path) -> None:
    asked = questions[0]
    turned = replace(asked, options=asked.options[::-1])
    (answer,) = read(lm_eval(tmp_path, [line(turned)]), questions)
    assert answer.choice == 0 and answer.scores[0] == max(answer.scores)
    (answer,) = read(inspect_json(tmp_path / "log", [sample(turned, "A")]), questions)
    assert answer.choice == len(asked.options) - 1


def test_a_sample_without_our_id_is_found_by_its_words_and_options(questions: list[Question], tmp_path: Path) -> None:
    rows = [line(q, doc={"stem": f" {q.question.upper()}\n", "id": number}) for number, q in enumerate(questions)]
    assert [a.question_id for a in read(lm_eval(tmp_path, rows), questions)] == [q.id for q in questions]


def test_letters_are_options_only_where_the_context_lists_them_so(questions: list[Question], tmp_path: Path) -> None:
    asked = questions[0]
    for first, fits in ((0, True), (1, False)):
        shown = asked.options[first:] + asked.options[:first]
        listed = "\n".join(f"{label}. {text}" for label, text in zip("ABCDE", shown, strict=False))
        arguments = {
            f"gen_args_{i}": {"arg_0": f"{asked.question}\n{listed}\nAnswer:", "arg_1": f" {letter}"}
            for i, letter in enumerate("ABCDE"[: len(shown)])
        }
        path = lm_eval(tmp_path, [line(asked, arguments=arguments)])
        if fits:
            assert read(path, questions)[0].choice == len(shown) - 1
        else:
            assert "no question of the file has the words and the options" in refused(path, questions)


@pytest.mark.parametrize(
    ("reply", "taken", "choice"),
    [
        ("B", None, 1),
        ("It is hot.\nAnswer: {1} (B)", None, 1),
        ("So I say that it is the second.", "B", 1),
        ("{0}", None, 0),
        ("lol", None, None),
        ("Answer: {0} (B)", None, None),
        ("", "[invalid]", None),
    ],
)
def test_what_was_written_is_read_or_is_no_answer(
    questions: list[Question], tmp_path: Path, reply: str, taken: str | None, choice: int | None
) -> None:
    asked = questions[0]
    (answer,) = read(lm_eval(tmp_path, [written(asked, reply.format(*asked.options), taken)]), questions)
    assert (answer.choice, answer.scores) == (choice, ())
    assert answer.right == (choice is not None and asked.correct[choice])
    assert answer.reasons == ("It is hot." if reply.startswith("It") else "")


def test_a_score_that_is_no_number_is_no_answer(questions: list[Question], tmp_path: Path) -> None:
    broken = [[["nan", "False"]], *[[["-1.0", "True"]]] * (len(questions[0].options) - 1)]
    (answer,) = read(lm_eval(tmp_path, [line(questions[0], resps=broken)]), questions)
    assert (answer.scores, answer.choice, answer.right) == ((), None, False)


@pytest.mark.parametrize(
    ("letters", "chosen"),
    [("A, B", (0, 1)), ("b and A", (0, 1)), ("NOTHING", ()), ("NOTHING, A", None), ("A, Z", None), ("", None)],
)
def test_sets_of_letters_are_read_with_what_stands_for_none(
    questions: list[Question], tmp_path: Path, letters: str, chosen: tuple[int, ...] | None
) -> None:
    """inspect_ai asks with a choice of its own for "none"; lm_eval's model writes the word."""
    asked = questions[0]
    several = replace(asked, arity=Arity.MULTIPLE, correct=tuple(place < 2 for place in range(len(asked.options))))
    nothing = "ABCDEFGH"[len(asked.options)]
    choices = [*asked.options, "none of these options"]
    row = sample(several, letters.replace("NOTHING", nothing), choices=choices)
    (answer,) = read(inspect_json(tmp_path / "log", [row]), [several])
    assert (answer.chosen, answer.right, answer.choice) == (chosen, chosen == (0, 1), None)
    line_ = written(several, f"Well.\nAnswer: {letters.replace('NOTHING', 'none')}")
    (answer,) = read(lm_eval(tmp_path, [line_]), [several])
    assert (answer.chosen, answer.right, answer.reasons) == (chosen, chosen == (0, 1), "Well.")


def test_lines_of_further_filters_and_repeats_are_the_same_answer(questions: list[Question], tmp_path: Path) -> None:
    rows = [written(questions[0], "B", name, filter=name, resps=[["A", "B"]]) for name in ("strict", "flexible")]
    said = open_answers(lm_eval(tmp_path, rows), LoadedQuestions(questions))
    assert [a.choice for a in said] == [0]
    assert said.left_out == {"asked once more: the first answer counts": 1}


# --- inspect_ai ---


@pytest.mark.parametrize("write", [inspect_json, inspect_archive])
def test_what_the_scorer_took_from_the_reply_is_the_answer(
    write: Callable[[Path, list[dict[str, Any]]], Path], questions: list[Question], tmp_path: Path
) -> None:
    silent = sample(questions[1], "", output={"completion": ""}, scores={"choice": {"value": "N", "answer": ""}})
    chat = [{"role": "system", "content": "Hi."}, {"role": "user", "content": [{"text": questions[2].question}]}]
    rows = [sample(questions[0], "B"), silent, sample(questions[2], scores={"a": {"answer": None}}, input=chat)]
    first, second, third = sorted(read(write(tmp_path / "log", rows), questions), key=lambda a: rows_of(rows, a))
    assert (first.choice, first.student, first.latency_ms) == (1, MODEL, 250)
    assert (first.reasons, first.reply) == ("I think.", "I think.\n\nANSWER: B")
    assert (second.choice, second.right) == (None, False)
    assert third.choice == 0  # no scorer took it from the reply, but it ends in our own words for an answer


def rows_of(rows: list[dict[str, Any]], answer: Answer) -> int:
    return [row["id"] for row in rows].index(answer.question_id)


def test_only_the_first_epoch_counts_and_failed_samples_are_left_out(questions: list[Question], tmp_path: Path) -> None:
    rows = [
        sample(questions[0], "A"),
        sample(questions[0], "B", epoch=2),
        sample(questions[1], error={"message": "no network"}, output={}, scores={}),
        sample(questions[2], invalidation={"author": "x"}),
    ]
    said = open_answers(inspect_archive(tmp_path / "log.eval", rows), LoadedQuestions(questions))
    assert [(a.question_id, a.choice) for a in said] == [(questions[0].id, 0)]
    assert said.left_out == {
        "asked once more: the first answer counts": 1,
        "the tool failed to ask it": 1,
        "declared invalid in the log": 1,
    }


@pytest.mark.parametrize("status", ["started", "cancelled", "error"])
def test_a_run_that_did_not_end_is_refused(questions: list[Question], tmp_path: Path, status: str) -> None:
    path = inspect_json(tmp_path / "log.json", [sample(questions[0])], status=status)
    assert f"has the status '{status}'" in refused(path, questions)
    assert "inspect eval-retry" in refused(path, questions)


def test_an_archive_without_its_end_is_of_a_run_that_goes_on(questions: list[Question], tmp_path: Path) -> None:
    path = inspect_archive(tmp_path / "log.eval", [sample(questions[0])], ended=False)
    assert "has the status 'started'" in refused(path, questions)


def test_an_archive_may_not_unpack_to_more_than_is_read(
    questions: list[Question], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = sample(questions[0], store={"x": " " * 10_000_000})
    path = inspect_archive(tmp_path / "log.eval", [long])
    assert path.stat().st_size < 100_000 and len(read(path, questions)) == 1
    monkeypatch.setattr(archive, "LARGEST", 2**20)
    assert "unpacks to 10,000," in refused(path, questions)
    monkeypatch.setattr(archive, "LARGEST", 2**28)
    monkeypatch.setattr(archive, "MOST", 2**20)
    assert "of all are read" in refused(path, questions)


def test_a_name_in_an_archive_is_never_a_path(questions: list[Question], tmp_path: Path) -> None:
    path = inspect_archive(tmp_path / "log.eval", [sample(replace(questions[0], id="../../out"))])
    assert read(path, questions)[0].question_id == questions[0].id
    assert [p.name for p in tmp_path.iterdir()] == ["log.eval"]


def test_compression_that_python_does_not_read_is_named(questions: list[Question], tmp_path: Path) -> None:
    """Method 93 is zstandard's; the bytes are not, so that a reader which knows it refuses them, too."""
    path = tmp_path / "log.eval"
    with zipfile.ZipFile(path, "w") as members:
        members.writestr("header.json", json.dumps(document([])))
    found = bytearray(path.read_bytes())
    for start, method in ((found.index(b"PK\x03\x04"), 8), (found.index(b"PK\x01\x02"), 10)):
        found[start + method : start + method + 2] = struct.pack("<H", 93)
    path.write_bytes(found)
    said = refused(path, questions)
    assert "inspect log convert --to json" in said or "cannot be read as a .eval log" in said


# --- what is wrong with logs ---


def test_logs_that_cannot_be_read_are_refused_by_what_is_wrong(questions: list[Question], tmp_path: Path) -> None:
    path = lm_eval(tmp_path, [line(q) for q in questions])
    whole = path.read_text()
    for text, said in (
        (whole[:-40], f"line {len(questions)} is no sample as lm_eval 0.4.13 logs it: Invalid JSON"),
        (whole[:40], "line 1 is no sample"),
        (whole.replace('"resps"', '"responses"'), "field 'resps': Field required"),
        (whole.replace('"-9.5"', '"many"'), "field 'resps.0.0"),
        (whole + whole.splitlines()[0] + "\n", f"line {len(questions) + 1}; give one run of it"),
    ):
        path.write_text(text)
        assert said in refused(path, questions)
    log = inspect_json(tmp_path / "log.json", [sample(questions[0])])
    whole = log.read_text()
    for text, said in (
        (whole[:-40], "is no whole log of inspect_ai"),
        (whole.replace('"version": 2', '"version": 3'), "is of version 3 of inspect_ai's log format"),
        (whole.replace('"epoch": 1', '"epoch": "one"'), "sample 1 is not as inspect_ai logs it: field 'epoch'"),
        (whole.replace('"eval"', '"task"'), "field 'eval': Field required"),
        (whole.replace("[" + whole.partition("[")[2].rpartition("]")[0] + "]", "null"), "holds no sample"),
        ('{"version": 2, "status": ' + "[" * 100_000, "is no whole log"),
    ):
        log.write_text(text)
        assert said in refused(log, questions), text[:80]
    log.write_bytes(b"PK\x03\x04 and then nothing of a zip")
    assert "cannot be read as a .eval log" in refused(log, questions)


def test_samples_of_other_questions_are_refused(questions: list[Question], tmp_path: Path) -> None:
    hostile = replace(questions[0], question='<script>"\n|' * 1000, options=("x" * 10_000, "y"), id="z")
    for path in (lm_eval(tmp_path, [line(hostile)]), inspect_json(tmp_path / "log.json", [sample(hostile)])):
        said = refused(path, questions)
        assert "give the question file that was asked" in said and "(id 'z'" in said and len(said) < 1000
    other = replace(questions[0], question="What else?")
    assert "(id " in refused(lm_eval(tmp_path, [line(other)]), questions)
    twin = replace(questions[0], id="twin")
    path = lm_eval(tmp_path, [line(questions[0], doc={"text": questions[0].question})])
    assert "could be the answer to 2 questions" in refused(path, [*questions, twin])


def test_results_folders_without_a_log_and_unknown_files_are_named(questions: list[Question], tmp_path: Path) -> None:
    path = lm_eval(tmp_path, [line(questions[0])])
    assert "holds lm_eval's results and no answers" in refused(next(path.parent.glob("results_*")), questions)
    (tmp_path / "empty").mkdir()
    assert "is a folder without a log" in refused(tmp_path / "empty", questions)
    assert "cannot read" in refused(tmp_path / "nowhere", questions)
    with pytest.raises(InputError, match="another tool's log"):
        open_answers(path)
    several = [replace(questions[0], arity=Arity.MULTIPLE)]
    assert "(1 left out: options were scored where all right ones are asked for)" in refused(path, several)


def test_a_zip_of_something_else_in_a_folder_is_no_log(questions: list[Question], tmp_path: Path) -> None:
    inspect_archive(tmp_path / "log.eval", [sample(q) for q in questions])
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as other:
        other.writestr("weights.bin", b"0")
    assert len(read(tmp_path, questions)) == len(questions)


def test_an_audit_takes_a_log_for_answers(
    failwise: Program, toy: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    """The log says that all are right; what the audit counts is by the question file."""
    write_records(tmp_path / "questions.jsonl", questions)
    lm_eval(tmp_path / "logs", [line(q) for q in questions])
    inspect_archive(tmp_path / "log.eval", [sample(q, "A", epoch=n) for q in questions for n in (1, 2)])
    ontology = [part for path in toy_paths() for part in ("-o", path)]
    for log, choice in ((tmp_path / "logs", -1), (tmp_path / "log.eval", 0)):
        out = tmp_path / f"audit-{choice}"
        call = ("audit", log, tmp_path / "questions.jsonl", "--no-shipped", *ontology, "--out", out)
        done = failwise(*call)
        assert done.returncode == 0, done.stderr
        right = sum(q.correct[choice] for q in questions)
        assert sum(f.right for f in read_records(out / AUDITS, FactAudit)) == right
        assert "org/tiny &lt;b&gt;\\|model" in (out / "audit.md").read_text()
        assert failwise(*call).returncode == 0  # the same log is the same work
    assert f"left out: {len(questions)} (asked once more: the first answer counts)" in done.stdout
    assert read_json(out / "manifest.json")["counts"]["left_out"]
