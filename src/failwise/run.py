"""`failwise run`: the stages in order. A finished stage is skipped, an interrupted one goes on."""

from collections.abc import Iterator
from functools import partial

from rich.console import Console

from failwise import estimates, question_stages, student_stages
from failwise.config import RunConfig
from failwise.evaluation.records import AUDITS, SCORES
from failwise.evaluation.reporting.page import need_report_extra
from failwise.files import held_alone
from failwise.generation.formats.question_files import QUESTIONS
from failwise.generation.rationales.job import RATIONALES
from failwise.manifest import StageFolder
from failwise.progress import progress_bar
from failwise.run_folder import CONTRACT, FACTS, STUDENT_ANSWERS, Run, save_config
from failwise.stage import Stage

STAGES = (
    Stage("ontology", lambda c: c.ontology, (), question_stages.check_ontology, estimates.ontology),
    Stage("questions", lambda c: c.questions, (("ontology", FACTS),),
          question_stages.write_questions, estimates.questions),
    Stage("rationales", lambda c: c.rationales, (("questions", QUESTIONS),),
          question_stages.write_rationales, estimates.rationales),
    Stage("student", lambda c: c.training, (("questions", QUESTIONS), ("rationales", RATIONALES)),
          student_stages.teach_student, estimates.student),
    Stage("answers", lambda c: c.evaluation, (("questions", QUESTIONS), ("student", CONTRACT)),
          student_stages.ask_student, estimates.answers),
    Stage("audit", lambda c: c.evaluation, (("answers", STUDENT_ANSWERS),),
          student_stages.audit_student, estimates.audit),
    Stage("report", lambda c: c.evaluation, (("audit", AUDITS), ("audit", SCORES)),
          student_stages.write_report, estimates.report),
)  # fmt: skip


def run_all(config: RunConfig, console: Console, *, redo: bool = False) -> Run:
    """Do every stage that is not done; return the run.

    Raises:
        FailwiseError: a stage cannot be done, or another process works in the folder; what is there is kept.
    """
    need_report_extra()
    with held_alone(config.folder):
        return _run_all(config, console, redo=redo)


def _run_all(config: RunConfig, console: Console, *, redo: bool) -> Run:
    run = Run(config)
    for number, stage in enumerate(STAGES, 1):
        folder, label = stage.folder(run), f"[{number}/{len(STAGES)}] {stage.name}"
        if folder.finished():
            console.print(f"{label}: done before", markup=False, highlight=False)
            continue
        console.print(f"{label}{': going on' if folder.begun() else ''} …", markup=False, highlight=False)
        with folder.working(redo=redo) as outcome:
            save_config(config)  # not before: a run that is refused leaves its folder as it was
            stage.work(run, folder.path, outcome, partial(progress_bar, console))
        if said := str(outcome):
            console.print(f"    {said}", markup=False, highlight=False)
    save_config(config)
    return run


def plan(config: RunConfig, *, redo: bool = False) -> Iterator[tuple[str, str, float]]:
    """Yield (stage, what it will do, seconds) for every stage; done ones take no time. Nothing is written."""
    run, fresh = Run(config), True
    for stage in STAGES:
        folder = stage.folder(run) if fresh and stage.ready(run) else None
        if folder is not None and folder.finished():
            yield stage.name, "done before", 0.0
            continue
        fresh = False  # what follows reads what is still to be made
        what, seconds = stage.estimate(run)
        yield stage.name, f"{_beforehand(folder, redo=redo) if folder else ''}{what}", seconds


def _beforehand(folder: StageFolder, *, redo: bool) -> str:
    if folder.begun():
        return "go on: "
    return "needs --redo: " if folder.stands_in_the_way() and not redo else ""
