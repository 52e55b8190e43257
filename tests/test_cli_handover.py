"""`failwise student merge` and `failwise student package`, on a student of a few steps."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from failwise.cli_handover import COVERAGE, merge, package
from failwise.errors import FailwiseError, InputError, StudentError
from failwise.evaluation.records import ROLL_UPS, SCORES, Accuracy, Answer, RollUp
from failwise.files import write_json, write_records
from failwise.run_folder import STUDENT_ANSWERS
from failwise.training.contract import FULL
from tests.conftest import two_step_student
from tests.training.conftest import question


@pytest.fixture(scope="module")
def student(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a student of two steps."""
    return two_step_student(tiny_base, tmp_path_factory.mktemp("student"), [question(i) for i in range(8)])


def call(*arguments: str | Path) -> Result:
    program = typer.Typer()
    program.command()(merge)
    program.command()(package)
    return CliRunner().invoke(program, [str(a) for a in arguments], env={"COLUMNS": "200"})


def refusal(*arguments: str | Path) -> FailwiseError:
    error = call(*arguments).exception
    assert isinstance(error, FailwiseError)
    return error


GUESSER = {"name": "longest option", "arity": "single", "n": 412, "accuracy": 0.3125, "chance": 0.25, "excess": 6.25,
           "low": 1.5, "high": 11.5, "bound": 2.0}  # fmt: skip
BALANCE = {"verdict": "refused", "sentence": "REFUSED: <i>longest option</i> | gains.", "warnings": ["mind *this*"],
           "questions": 4321, "ontology": "b8d8", "shortcuts": {"rows": [GUESSER], "offenders": []}}  # fmt: skip
CROSSING = {"name": "facts", "train": 52, "test": 59, "crossing": 51, "questions": 337, "share": 0.875, "examples": []}
LEAKAGE = {"regime": "held-out-fact", "holds": False, "broken": ["51 facts cross"], "satisfied": [], "strongest": "",
           "means": "the test repeats the training", "train_questions": 404, "test_questions": 338,
           "crossings": [CROSSING]}  # fmt: skip


@pytest.fixture
def run(student: Path, tmp_path: Path) -> Path:
    """Return the folder of a run, as far as its answers and its audit go."""
    from failwise.training.handover import fingerprints

    folder = tmp_path / "run"
    answer = Answer("q1", fingerprints(student)[0], (0.0, -1.0), 0, True, 1.0)
    write_records(folder / "answers" / STUDENT_ANSWERS, [answer])
    states = {"facts": 17, "known": 9, "wrong": 3, "inconsistent": 2, "undersampled": 2, "untested": 1}
    measured = {"n": 160, "right": 123, "accuracy": 0.76875, "chance": 0.275,
                "share": 0.6, "share_low": 0.5, "share_high": 0.7}  # fmt: skip
    groups = [("all", "all"), ("asset_class", "pump | <b>wet</b>"), ("sensor", "vibration")]
    write_records(folder / "audit" / ROLL_UPS, [RollUp(d, v, **states, **measured) for d, v in groups])  # type: ignore[arg-type]
    write_records(folder / "audit" / SCORES, [Accuracy("graph lookup", "graph", 160, 158.0, 0.9875, 0.955, 0.9965)])
    return folder


def test_a_merge_says_what_it_made(student: Path, tmp_path: Path) -> None:
    done = call("merge", student, "--out", tmp_path / "merged", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["precision"] == "bf16" and said["notes"] == []
    assert (tmp_path / "merged" / FULL).is_file()
    assert "vllm serve" in call("merge", student, "--out", tmp_path / "again").stdout


def test_a_merge_into_4_bits_is_refused(student: Path, tmp_path: Path) -> None:
    error = refusal("merge", student, "--out", tmp_path / "merged", "--quantisation", "nf4")
    assert isinstance(error, StudentError) and "quantise when you serve it" in str(error)


def test_a_bare_package_says_what_is_missing(student: Path, tmp_path: Path) -> None:
    done = call("package", student, "--out", tmp_path / "my-student")
    assert done.exit_code == 0, done.output
    assert "name one with --license" in done.stdout
    card = (tmp_path / "my-student" / "README.md").read_text()
    assert "\n# my-student\n" in card
    for missing in ("No audit", "No leakage certificate", "No balance certificate", "has not stated a license"):
        assert missing in card
    assert not (tmp_path / "my-student" / COVERAGE).exists()


def test_the_card_shows_what_the_files_hold(student: Path, run: Path, tmp_path: Path) -> None:
    write_json(tmp_path / "balance.json", BALANCE)
    write_json(tmp_path / "leakage.json", LEAKAGE)
    done = call(
        *("package", student, "--out", tmp_path / "out", "--license", "apache-2.0", "--language", "en", "--merged"),
        *("--certificate", tmp_path / "balance.json", "--leakage", tmp_path / "leakage.json", "--audit", run / "audit"),
    )
    assert done.exit_code == 0, done.output
    card = (tmp_path / "out" / "README.md").read_text()
    assert "| longest option | single | 412 | 31.2 | 25.0 | +6.2 | +1.5 to +11.5 |" in card
    assert (
        "**refused**" in card
        and "4,321 questions" in card
        and "<i>" not in card
        and "- Warning: mind \\*this\\*" in card
    )
    assert "does NOT hold" in card and "| facts | 52 | 59 | 51 | 87.5 |" in card and "- 51 facts cross" in card
    assert "| all | 17 | 9 | 3 | 2 | 2 | 1 | 160 | 76.9 | 27.5 |" in card
    assert "| asset class: pump \\| &lt;b&gt;wet&lt;/b&gt; | 17 |" in card and "vibration" not in card
    assert "| graph lookup | graph | 160 | 98.8 | 95.5 to 99.7 |" in card
    assert "Merging rounds the weights" in card and "not beside the audit" not in card
    assert (tmp_path / "out" / COVERAGE).read_bytes() == (run / "audit" / ROLL_UPS).read_bytes()
    assert str(tmp_path) not in card


def test_a_certificate_by_its_own_command_is_read_too(student: Path, tmp_path: Path) -> None:
    write_json(tmp_path / "leakage.json", {"certificate": LEAKAGE, "external": []})
    call("package", student, "--out", tmp_path / "out", "--leakage", tmp_path / "leakage.json")
    assert "does NOT hold" in (tmp_path / "out" / "README.md").read_text()
    write_json(tmp_path / "leakage.json", {"certificate": None, "external": []})
    error = refusal("package", student, "--out", tmp_path / "other", "--leakage", tmp_path / "leakage.json")
    assert "holds no certificate" in str(error)


def test_the_audit_of_another_student_is_refused(student: Path, run: Path, tmp_path: Path) -> None:
    write_records(run / "answers" / STUDENT_ANSWERS, [Answer("q1", "another", (0.0,), 0, True, 1.0)])
    error = refusal("package", student, "--out", tmp_path / "out", "--audit", run / "audit")
    assert isinstance(error, StudentError) and "of the student another" in str(error)
    assert not (tmp_path / "out").exists()


def test_an_audit_without_its_answers_is_shown_with_a_warning(student: Path, run: Path, tmp_path: Path) -> None:
    (run / "answers" / STUDENT_ANSWERS).unlink()
    assert call("package", student, "--out", tmp_path / "out", "--audit", run / "audit").exit_code == 0
    assert "not beside the audit" in (tmp_path / "out" / "README.md").read_text()


def test_the_audit_of_the_adapter_is_that_of_the_merged_student(student: Path, run: Path, tmp_path: Path) -> None:
    call("merge", student, "--out", tmp_path / "merged")
    done = call("package", tmp_path / "merged", "--out", tmp_path / "out", "--audit", run / "audit")
    assert done.exit_code == 0, done.output
    card = (tmp_path / "out" / "README.md").read_text()
    assert "library_name: transformers" in card and "76.9" in card


@pytest.mark.parametrize("option", ["--certificate", "--leakage"])
@pytest.mark.parametrize("text", ["not JSON", "[1]", '{"questions": 3}'])
def test_a_file_that_is_no_certificate_is_refused(student: Path, tmp_path: Path, option: str, text: str) -> None:
    (tmp_path / "file.json").write_text(text)
    error = refusal("package", student, "--out", tmp_path / "out", option, tmp_path / "file.json")
    assert isinstance(error, InputError) and "file.json" in str(error)
    assert not (tmp_path / "out").exists()


def test_a_folder_without_an_audit_is_refused(student: Path, tmp_path: Path) -> None:
    error = refusal("package", student, "--out", tmp_path / "out", "--audit", tmp_path)
    assert ROLL_UPS in str(error)
