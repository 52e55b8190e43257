"""`failwise calibrate`: how far a student's confidence can be trusted."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from failwise.cli_options import AsJson, ConfigFile, Settings, console, print_json, print_table
from failwise.cli_students import Map, questions_of
from failwise.errors import InputError

if TYPE_CHECKING:
    from failwise.config import RunConfig
    from failwise.evaluation.records import Answer
    from failwise.generation.records import Question


def calibrate(
    student: Annotated[Path, typer.Argument(help="A student's folder.")],
    questions: Annotated[Path, typer.Argument(help="Questions it was not trained on; of splits, 'test' is asked.")],
    answers: Annotated[
        Path | None, typer.Option(help="Keep the answers here; those of `failwise evaluate` do.", show_default=False)
    ] = None,
    config: ConfigFile = None,
    setting: Settings = [],  # noqa: B006
    field_map: Map = None,
    as_json: AsJson = False,
) -> None:
    """Fit one temperature to a student's answers, so that 80 % sure is right in 80 %; written into its folder.

    The errors are those of answers that the temperature was not fitted on: each half of the questions, cut by a hash
    of their facts, is judged with the other half's.
    """
    from failwise.config import RunConfig, load_config
    from failwise.evaluation.calibration import calibrate_answers, grade, save_calibration
    from failwise.files import file_digest
    from failwise.training.contract import student_fingerprint

    whole = load_config(RunConfig, config, setting)
    if whole.evaluation.method != "likelihood":
        raise InputError(
            f"a temperature is fitted on the options' scores, and by {whole.evaluation.method} there are none; leave "
            "evaluation.method out"
        )
    fingerprint = student_fingerprint(student)
    asked = _unseen(student, questions, whole, field_map)
    if answers:
        _refuse_other_answers(answers, fingerprint)
    given = _asked(student, asked, whole, answers)
    found = calibrate_answers(grade(asked, given), fingerprint, file_digest(questions))
    path = save_calibration(found, student)
    if as_json:
        print_json(found)
        return
    rows = [
        [name, f"{before:.4f}", f"{after:.4f}"]
        for name, before, after in (
            (f"calibration error, {found.bins} bins", found.ece_before, found.ece_after),
            ("Brier score", found.brier_before, found.brier_after),
        )
    ]
    print_table(["of answers it was not fitted on", "before", "after"], rows)
    typer.echo(f"{path}: temperature {found.temperature:.3f}, {found.n:,} answers, {100 * found.accuracy:.1f} % right")
    if found.at_bound:
        typer.echo("The temperature is at the end of where it is looked for: all answers are right, or none tells.")


def _unseen(student: Path, path: Path, whole: "RunConfig", field_map: str | None) -> "list[Question]":
    """Return the questions that may be asked: the test split, or all of a file that has none and was not learned."""
    from failwise.evaluation.answers import sample, single_answer
    from failwise.evaluation.calibration import refuse_too_few
    from failwise.files import file_digest, read_json
    from failwise.generation.splitting.frozen import check_frozen
    from failwise.manifest import MANIFEST

    check_frozen(path)
    everything = questions_of(path, field_map)
    if any(q.split for q in everything):
        chosen = [q for q in everything if q.split == "test"]
    else:
        manifest = read_json(student / MANIFEST) if (student / MANIFEST).is_file() else {}
        if manifest.get("inputs", {}).get("questions") == file_digest(path):
            raise InputError(f"{student} was trained on {path}; calibrate it on questions that it has not seen")
        chosen = everything
    asked = sample(single_answer(chosen), whole.evaluation.limit)
    refuse_too_few(len(asked), "questions to ask, of the split 'test' where there are splits, as answers")
    return asked


def _refuse_other_answers(path: Path, student: str) -> None:
    from failwise.evaluation.records import Answer
    from failwise.files import read_records

    for answer in read_records(path, Answer, torn_tail=True) if path.is_file() else ():
        if answer.student != student:
            raise InputError(
                f"{path} holds answers of the student {answer.student}, and this one is {student}; name another file"
            )


def _asked(student: Path, asked: "list[Question]", whole: "RunConfig", path: Path | None) -> "list[Answer]":
    from failwise.evaluation.answers import write_answers
    from failwise.progress import progress_bar
    from failwise.training.extra import need_train_extra

    need_train_extra("asking a student")
    from failwise.evaluation.respondents import answer_questions, open_respondent

    config, given = whole.evaluation, []
    with progress_bar(console(), "asking", len(asked)) as bar:
        if path is not None:
            return write_answers(student, asked, config, path, bar.advance)
        loaded = open_respondent(student, config)
        for answer in answer_questions(loaded, asked, batch_size=config.batch_size, threads=config.threads):
            given.append(answer)
            bar.advance(1)
    return given
