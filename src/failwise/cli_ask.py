"""`failwise ask` and `failwise calibrate`: one question to a student, and how far its confidence can be trusted."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from failwise.cli_options import (
    AsJson,
    ConfigFile,
    OntologyPaths,
    Settings,
    console,
    ontology_settings,
    print_json,
    print_table,
    to_plain,
)
from failwise.cli_students import Map
from failwise.errors import InputError
from failwise.kg.names import cleaned, did_you_mean

if TYPE_CHECKING:
    from failwise.config import RunConfig
    from failwise.evaluation.asking import Reply, Spoken
    from failwise.evaluation.calibration import Calibration
    from failwise.evaluation.records import Answer
    from failwise.generation.records import Question
    from failwise.kg.graph import KnowledgeGraph

UNTRAINED = "base"


def ask(
    student: Annotated[str, typer.Argument(help="A student's folder, or 'base' (untrained).")],
    text: Annotated[str, typer.Argument(metavar="QUESTION", help="The question, with or without options.")] = "",
    option: Annotated[list[str], typer.Option(help="An option; given several times.", show_default=False)] = [],  # noqa: B006 (typer wants a list)
    question_id: Annotated[str, typer.Option("--id", help="Ask this question of the file.", show_default=False)] = "",
    questions: Annotated[Path | None, typer.Option(help="A question file, for --id.", show_default=False)] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 where the ontology contradicts it.")] = False,
    config: ConfigFile = None,
    setting: Settings = [],  # noqa: B006
    ontology: OntologyPaths = [],  # noqa: B006
    field_map: Map = None,
    as_json: AsJson = False,
) -> None:
    """Ask a student one question: its choice, how sure it is, its reasons, and what the ontology says to each.

    Options stand in the text (A) … B) …) or are given with --option; without any, those of the ontology's row are
    offered, if the question names one.
    """
    from failwise.config import RunConfig, load_config
    from failwise.evaluation.asking import hold_against
    from failwise.evaluation.calibration import find_calibration
    from failwise.evaluation.typed import typed_question
    from failwise.evaluation.typed_linking import linked
    from failwise.kg.graph import KnowledgeGraph

    whole = load_config(RunConfig, config, [*setting, *ontology_settings(ontology)])
    _refuse_no_student(student)
    _refuse_two_questions(text, option, question_id, questions)
    typed = None if questions else typed_question(text, option)
    graph = KnowledgeGraph.load(whole.ontology.paths, shipped=whole.ontology.shipped)
    question = linked(typed, graph) if typed else _from_file(questions, question_id, graph, field_map)
    spoken, gives_reasons = _answered(student, question, whole)
    calibration, why_not = None, "an untrained student has no calibration"
    if student != UNTRAINED:
        calibration, why_not = find_calibration(Path(student), spoken.student)
    reply = hold_against(graph, question, spoken, calibration, why_not)
    if as_json:
        # In ASCII: of a label's characters that nobody sees, none reaches the terminal.
        typer.echo(json.dumps(_plain(reply, gives_reasons), indent=2))
    else:
        _print(reply, gives_reasons)
    if check and reply.contradicted:
        raise typer.Exit(1)


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
    from failwise.training.contract import DecodeContract, student_fingerprint

    whole = load_config(RunConfig, config, setting)
    fingerprint = student_fingerprint(DecodeContract.load(student), student)
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


# --- what is asked, and who ---


def _refuse_no_student(student: str) -> None:
    """Say so before anything is loaded."""
    from failwise.training.contract import DecodeContract

    if student != UNTRAINED:
        DecodeContract.load(Path(student))


def _refuse_two_questions(text: str, option: list[str], question_id: str, questions: Path | None) -> None:
    if bool(question_id) != (questions is not None):
        raise InputError("--id names a question of a file, and --questions names the file: give both, or a text")
    if question_id and (text or option):
        raise InputError("there is a question in words and one of a file (--id); give one of them")


def _from_file(path: Path | None, question_id: str, graph: "KnowledgeGraph", field_map: str | None) -> "Question":
    found = {q.id: q for q in _questions(path or Path(), field_map, graph)}
    if question_id not in found:
        near = did_you_mean(question_id, found)
        raise InputError(f"{path} has no question of the id {question_id!r}{near}; it has {len(found):,} others")
    return found[question_id]


def _questions(path: Path, field_map: str | None, graph: "KnowledgeGraph | None" = None) -> "list[Question]":
    from failwise.generation.formats.field_map import FieldMap
    from failwise.generation.formats.question_files import read_questions

    return read_questions(path, graph, field_map=FieldMap.parse(field_map) if field_map else None)


def _answered(student: str, question: "Question", whole: "RunConfig") -> "tuple[Spoken, bool]":
    """Return what a student gives to a question, and whether it is one that writes reasons."""
    from failwise.training.extra import need_train_extra

    need_train_extra("asking a student")
    import torch

    from failwise.evaluation.asking import Spoken
    from failwise.evaluation.likelihood import load_scorer
    from failwise.training.records import Mode

    if whole.evaluation.threads is not None:
        torch.set_num_threads(whole.evaluation.threads)
    scorer = load_scorer(student, whole.evaluation.device)
    [(scores, reasons)] = scorer.answer([question])
    return Spoken(scorer.fingerprint, scores, reasons), scorer.asked in (Mode.RATIONALE, Mode.INFERRED)


# --- what a student is calibrated on ---


def _unseen(student: Path, path: Path, whole: "RunConfig", field_map: str | None) -> "list[Question]":
    """Return the questions that may be asked: the test split, or all of a file that has none and was not learned."""
    from failwise.evaluation.answers import sample, single_answer
    from failwise.evaluation.calibration import refuse_too_few
    from failwise.files import file_digest, read_json
    from failwise.generation.splitting.frozen import check_frozen
    from failwise.manifest import MANIFEST

    check_frozen(path)
    everything = _questions(path, field_map)
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
    from failwise.evaluation.likelihood import score_questions

    config, given = whole.evaluation, []
    with progress_bar(console(), "asking", len(asked)) as bar:
        if path is not None:
            return write_answers(student, asked, config, path, bar.advance)
        for answer in score_questions(
            student, asked, device=config.device, batch_size=config.batch_size, threads=config.threads
        ):
            given.append(answer)
            bar.advance(1)
    return given


# --- what is said of an answer ---


def _plain(reply: "Reply", gives_reasons: bool) -> dict[str, Any]:
    found: dict[str, Any] = to_plain(reply)
    chosen = None if reply.chosen is None else asdict(reply.options[reply.chosen])
    return found | {
        "choice": chosen,
        "calibrated": reply.calibration is not None,
        "gives_reasons": gives_reasons,
        "right_by_the_ontology": [asdict(option) for option in reply.right],
        "contradicted": reply.contradicted,
    }


def _print(reply: "Reply", gives_reasons: bool) -> None:
    typer.echo(cleaned(reply.question.question))
    typer.echo(_read_as(reply.question))
    truth = {True: "right", False: "wrong", None: "not known"}
    rows = []
    for place, option in enumerate(reply.options):
        share = "" if option.probability is None else f"{100 * option.probability:.1f}"
        chosen = "chosen" if place == reply.chosen else ""
        rows.append([cleaned(option.label), cleaned(option.text), share, truth[option.right], chosen])
    print_table(["", "option", "probability %", "by the ontology", ""], rows)
    for line in (*_choice(reply), *_reasons(reply, gives_reasons), *_facts(reply)):
        typer.echo(line)


def _read_as(question: "Question") -> str:
    if not any(question.fact_ids):
        return "Not linked to the ontology: it names no table that knows at least two of the options."
    wanted = "what does not hold" if question.polarity == "elimination" else "what holds"
    names = cleaned(f"{question.asset_class}, {question.relation}, {question.anchor}")
    return f"Read as: {names}; asked is {wanted}."


def _choice(reply: "Reply") -> Iterator[str]:
    if reply.chosen is None:
        yield "No answer: the student's scores are no numbers."
        return
    chosen = reply.options[reply.chosen]
    yield f"Answer: {cleaned(chosen.text)} ({cleaned(chosen.label)})"
    yield f"Confidence: {100 * (reply.confidence or 0):.1f} %, {_calibrated(reply.calibration, reply.uncalibrated)}"
    if len(reply.right) > 1:
        yield f"By the ontology {len(reply.right)} options are right; the confidence is meant for questions with one."
    if reply.agrees is None:
        yield "The ontology does not know whether that is right."
    else:
        yield "The ontology agrees." if reply.agrees else "The ontology contradicts the choice."
    if not reply.agrees and reply.right:
        yield f"Right by the ontology: {', '.join(cleaned(o.text) for o in reply.right)}"
    marked = tuple(o for o, right in zip(reply.options, reply.question.correct, strict=True) if right)
    if marked != reply.right:
        yield f"Marked as right in the file: {', '.join(cleaned(o.text) for o in marked) or 'none'}"


def _calibrated(calibration: "Calibration | None", why_not: str) -> str:
    if calibration is None:
        return f"not calibrated: {cleaned(why_not)}"
    return (
        f"calibrated on {calibration.n:,} questions (calibration error {calibration.ece_before:.3f} before, "
        f"{calibration.ece_after:.3f} after)"
    )


def _reasons(reply: "Reply", gives_reasons: bool) -> Iterator[str]:
    if not gives_reasons:
        yield "This student gives no reasons."
        return
    yield "Reasons, as the student wrote them:"
    yield from (f"  {cleaned(line)}" for line in reply.reasons.splitlines() or ["(none)"])
    yield "Claims in them:" if reply.claims else "Nothing in them is a claim that can be checked."
    for said in reply.claims:
        known = f" [{cleaned(said.fact_id)}: {cleaned(said.known)}]" if said.fact_id else ""
        yield f"  {said.finding.value}: {cleaned(said.sentence)}{known}"
    for cited in reply.citations:
        fault = "" if cited.beside_its_names else "; it stands beside another name" if cited.known else "; no such fact"
        yield f"  cited: {cleaned(cited.fact_id)}{fault}"


def _facts(reply: "Reply") -> Iterator[str]:
    if reply.chosen is None:
        return
    name = cleaned(reply.options[reply.chosen].text)
    yield f"The ontology on {name}:" if reply.facts else f"The ontology says nothing on {name} here."
    for fact in reply.facts:
        source = f"{fact.basis}, {cleaned(fact.source)}" if fact.source else fact.basis
        yield f"  {cleaned(fact.statement)} [{cleaned(fact.fact_id)}; {source}]"
