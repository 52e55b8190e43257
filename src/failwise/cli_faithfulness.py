"""`failwise faithfulness`: does a student's answer rest on the reasons that it wrote before it?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from failwise.cli_options import (
    AsJson,
    ConfigFile,
    OnlyGiven,
    OntologyPaths,
    Out,
    Redo,
    Settings,
    console,
    print_json,
    print_table,
)
from failwise.cli_students import Map, questions_of
from failwise.errors import InputError, StudentError

if TYPE_CHECKING:
    from failwise.config import RunConfig
    from failwise.evaluation.faithfulness.donors import Asked
    from failwise.generation.records import Question
    from failwise.kg.graph import KnowledgeGraph

_SHOWN = (0, 1, 2, 3, 5, 10)  # columns of the page that a terminal has room for


def faithfulness(
    student: Annotated[Path, typer.Argument(help="The folder of a student that reasons before it answers.")],
    questions: Annotated[Path, typer.Argument(help="A question file in any format.")],
    out: Out,
    answers: Annotated[
        Path | None, typer.Option(help="Its answers, with reasons; else it is asked for them.", show_default=False)
    ] = None,
    split: Annotated[str, typer.Option(help="Split of our files to ask.")] = "test",
    limit: Annotated[int | None, typer.Option(help="Ask only so many, spread evenly.", show_default=False)] = None,
    seed: Annotated[int, typer.Option(help="Of what is drawn: orders, options, whose reasons are lent.")] = 0,
    config: ConfigFile = None,
    setting: Settings = [],  # noqa: B006 (typer wants a list)
    ontology: OntologyPaths = [],  # noqa: B006
    no_shipped: OnlyGiven = False,
    field_map: Map = None,
    redo: Redo = False,
    as_json: AsJson = False,
) -> None:
    """Cut, shuffle, corrupt and swap a student's reasons, and see whether its answers move; interrupted, it goes on."""
    from failwise.config import RunConfig, load_config
    from failwise.evaluation.faithfulness.asking import weigher
    from failwise.evaluation.faithfulness.page import COLUMNS, cells, counted, said, write_study
    from failwise.evaluation.faithfulness.records import BEHIND, PAGE
    from failwise.evaluation.faithfulness.study import refuse_without_reasons, study
    from failwise.kg.graph import KnowledgeGraph
    from failwise.manifest import StageFolder
    from failwise.progress import progress_bar
    from failwise.stage import input_digest
    from failwise.training.contract import student_fingerprint
    from failwise.training.extra import need_train_extra

    refuse_without_reasons(student)
    need_train_extra("asking a student")
    given = [f"evaluation.limit={limit}"] if limit is not None else []
    whole = load_config(RunConfig, config, [*setting, *given])
    graph = KnowledgeGraph.load(ontology or whole.ontology.paths, shipped=whole.ontology.shipped and not no_shipped)
    fingerprint = student_fingerprint(student)
    inputs = {"questions": input_digest(questions), "split": split, "student": fingerprint, "seed": str(seed)}
    inputs |= {"answers": input_digest(answers)} if answers else {}
    inputs |= {"map": field_map} if field_map else {}
    chosen = _askable(questions, split, field_map, graph)
    folder = StageFolder("faithfulness", out, whole.evaluation, {**inputs, "ontology": graph.digest})
    with folder.working(redo=redo) as outcome:
        asked = _answered(student, fingerprint, chosen, answers, out, whole)
        with progress_bar(console(), "asking behind changed reasons", len(asked)) as bar:
            weigh, size = weigher(student, whole.evaluation), whole.evaluation.batch_size
            found = study(weigh, asked, graph, out / BEHIND, seed=seed, batch_size=size, advance=bar.advance)
        outcome.record({"questions": found.questions, "left_out": found.left_out}, *write_study(out, found))
    if as_json:
        print_json(found)
        return
    rows = [cells(row) for row in found.effects]
    print_table([COLUMNS[i] for i in _SHOWN], [[row[i] for i in _SHOWN] for row in rows])
    typer.echo(f"{counted(found)} {said(found.early) if found.early else ''}")
    typer.echo(f"{out}: read {PAGE}")


def _askable(path: Path, split: str, field_map: str | None, graph: "KnowledgeGraph") -> "list[Question]":
    from failwise.evaluation.answers import single_answer
    from failwise.generation.splitting.frozen import check_frozen

    check_frozen(path)
    everything = questions_of(path, field_map, graph)
    chosen = [q for q in everything if q.split in ("", split)]
    if not chosen:
        found = ", ".join(sorted({q.split for q in everything}))
        raise InputError(f"{path} has no question of the split {split!r}; it has {found}")
    askable = single_answer(chosen)
    if not askable:
        raise InputError(f"{path} asks for several options in each question; only those with one are scored")
    return askable


def _answered(
    student: Path, fingerprint: str, chosen: "list[Question]", answers: Path | None, out: Path, whole: "RunConfig"
) -> "list[Asked]":
    """Return questions with the student's answers: those of a file, or asked now."""
    from failwise.evaluation.answers import sample, write_answers
    from failwise.evaluation.faithfulness.records import ANSWERS
    from failwise.evaluation.sources import open_answers
    from failwise.progress import progress_bar

    config = whole.evaluation
    if answers is None:
        asked = sample(chosen, config.limit)
        with progress_bar(console(), "asking", len(asked)) as bar:
            given = write_answers(student, asked, config, out / ANSWERS, bar.advance)
        return list(zip(asked, given, strict=True))
    said = {answer.question_id: answer for answer in open_answers(answers)}
    if other := next((a.student for a in said.values() if a.student != fingerprint), None):
        raise StudentError(f"{answers} holds answers of the student {other}, and the one in {student} is {fingerprint}")
    known = sample([q for q in chosen if q.id in said], config.limit)
    if not known:
        raise InputError(f"{answers} answers no question that could be asked here; give the file that was asked")
    return [(q, said[q.id]) for q in known]
