"""The loop: what an audit finds open is asked anew, the student is trained on it, and asked again what it never saw.

The set that says what came of it is made before all else and frozen. The loop looks for holes by the run's own test
questions; no question of the frozen set is ever taught, or looked at before the end.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import BaseModel
from rich.console import Console

from failwise.config import ImproveConfig, RunConfig
from failwise.errors import InputError
from failwise.evaluation.answers import write_answers
from failwise.evaluation.audit import audit_answers
from failwise.evaluation.records import AUDITS, HOLES, Answer, FactAudit
from failwise.evaluation.sources import LoadedQuestions, open_answers
from failwise.files import content_id, file_digest, held_alone, read_json, read_records, write_records
from failwise.generation.formats.question_files import QUESTIONS
from failwise.generation.planning.cells import Hole
from failwise.generation.rationales.job import RATIONALES, write_rationales
from failwise.generation.records import Question, Rationale
from failwise.generation.splitting.frozen import freeze, refuse_training_on
from failwise.hole_questions import frozen_questions, hole_questions
from failwise.kg.records import Truth
from failwise.manifest import Outcome, StageFolder
from failwise.progress import progress_bar
from failwise.question_stages import for_the_teacher
from failwise.run_folder import CONTRACT, STUDENT_ANSWERS, TRAINING, Run
from failwise.stage import Bars
from failwise.student_stages import train
from failwise.training.contract import student_fingerprint

ANSWERS = "answers.jsonl"

Work = Callable[[Path, Outcome, Bars], None]


@dataclass(frozen=True, slots=True)
class Improved:
    """Where the loop left what it made: the frozen set, the last student, answers to the set, and the holes.

    `control` holds the answers of a student that was trained on as long with what it was taught before.
    """

    frozen: Path
    student: Path
    before: Path
    after: Path
    control: Path | None
    holes: tuple[str, ...]


class Loop:
    """Fills the holes of a run's student, in a folder of its own; interrupted, it goes on."""

    def __init__(self, run: Run, out: Path, console: Console, *, redo: bool = False) -> None:
        """Look at the run.

        Raises:
            InputError: the run has no student, no fact was audited, or the folder is one of the run's own.
        """
        if out.resolve().is_relative_to(run.config.folder.resolve()):
            raise InputError(f"{out} lies in the run that is read, {run.config.folder}; name a folder beside it")
        self._run, self._out, self._console, self._redo = run, out, console, redo
        self._config: RunConfig = run.config
        self._facts = [a for a in read_records(run.file("audit", AUDITS), FactAudit) if a.truth != Truth.UNKNOWN]
        if not self._facts:
            raise InputError(f"the run in {run.config.folder} audited no fact, so it has no holes to fill")

    def __call__(self) -> Improved:
        """Do every step that is not done.

        Raises:
            FailwiseError: a step cannot be done; what is there is kept.
        """
        with held_alone(self._out):
            frozen = self._do("frozen", self._drawing, self._made_of_run(), self._freeze) / QUESTIONS
            students, holes = [self._start], dict[str, None]()
            for number in range(1, self._improve.rounds + 1):
                found = self._holes(number, students[-1])
                holes.update((hole.fact_id, None) for hole in found)
                if not found:
                    break
                students.append(self._round(number, students[-1], found, frozen))
            if not holes:
                raise InputError("every fact that was audited is known: there is no hole to fill")
            before = self._ask("before", self._start, frozen)
            after = self._ask("after", students[-1], frozen)
            control = None
            if self._improve.control:
                control = self._ask("control/answers", self._control(students[1:]), frozen)
        return Improved(frozen, students[-1], before, after, control, tuple(holes))

    @property
    def _start(self) -> Path:
        return self._run.config.folder / "student"

    @property
    def _improve(self) -> ImproveConfig:
        return self._config.improve

    @property
    def _drawing(self) -> ImproveConfig:
        """What of it questions are drawn by: a further round or a control leaves them as they are."""
        return self._improve.model_copy(update={"rounds": 1, "control": False})

    def _do(self, name: str, section: BaseModel, inputs: Mapping[str, str], work: Work) -> Path:
        """Do a step if it is not done; return its folder."""
        folder = StageFolder(name.rpartition("/")[2], self._out / name, section, inputs)
        say = partial(self._console.print, markup=False, highlight=False)
        if folder.finished():
            say(f"{name}: done before")
            return folder.path
        say(f"{name}{': going on' if folder.begun() else ''} …")
        with folder.working(redo=self._redo) as outcome:
            work(folder.path, outcome, partial(progress_bar, self._console))
        say(f"    {outcome}")
        return folder.path

    def _made_of_run(self) -> dict[str, str]:
        questions, settings = self._run.file("questions", QUESTIONS), self._config.questions.model_dump(mode="json")
        made = {"ontology": self._run.graph.digest, "questions": file_digest(questions)}
        return made | {"settings": content_id(settings)}

    # --- the set that it never sees ---

    def _freeze(self, folder: Path, outcome: Outcome, bars: Bars) -> None:
        """Make questions about all facts that were audited, none of which the run has, and freeze them."""
        new, left_out = frozen_questions(self._run, self._facts)
        write_records(folder / QUESTIONS, new)
        freeze(folder / QUESTIONS)
        facts = len({q.tested_fact for q in new})
        outcome.record({"questions": len(new), "facts": facts, "left out (in the run)": left_out}, folder / QUESTIONS)

    # --- one round ---

    def _holes(self, number: int, student: Path) -> list[Hole]:
        """Return what is open: by the run's audit, or by the student of the last round asked the same again."""
        each = self._improve.per_hole
        if number == 1:
            holes = list(read_records(self._run.file("audit", HOLES), Hole))
            return [Hole(hole.fact_id, each) for hole in holes]
        questions = self._run.test_questions()
        answers = self._ask(f"round-{number}/answers", student, self._run.file("questions", QUESTIONS), questions)
        audited = audit_answers(self._run.graph, LoadedQuestions(questions), open_answers(answers / ANSWERS))
        return audited.holes(each)

    def _round(self, number: int, student: Path, holes: Sequence[Hole], frozen: Path) -> Path:
        """Ask about the holes, have a teacher explain, and train the student on."""
        inputs = {"holes": _digest(holes), "frozen": file_digest(frozen), **self._made_of_run()}
        name = f"round-{number}"
        asked = self._do(f"{name}/questions", self._drawing, inputs, partial(self._make, number, holes, frozen))
        reads = {"questions": file_digest(asked / QUESTIONS)}
        reasons = self._do(f"{name}/rationales", self._config.rationales, reads, partial(self._explain, asked))
        reads |= {"rationales": file_digest(reasons / RATIONALES), "from": student_fingerprint(student)}
        return self._do(f"{name}/student", self._config.training, reads,
                        partial(self._train, asked, reasons, student))  # fmt: skip

    def _make(
        self, number: int, holes: Sequence[Hole], frozen: Path, folder: Path, outcome: Outcome, bars: Bars
    ) -> None:
        """Write questions about the holes, and some that the student was taught before."""
        taught = list(self._taught(number))
        known = (*read_records(frozen, Question), *self._run.split("test"), *taught)
        new = hole_questions(self._run, self._facts, holes, known, seed=self._improve.seed + number)
        share = self._improve.replay
        again = min(len(taught), round(len(new) * share / (1 - share)))
        chosen = random.Random(self._improve.seed).sample(taught, again)
        write_records(folder / HOLES, holes)
        write_records(folder / QUESTIONS, [*new, *chosen])
        counts = {"holes": len(holes), "facts asked": len({q.tested_fact for q in new}), "new": len(new)}
        outcome.record(counts | {"taught before": again}, folder / QUESTIONS, folder / HOLES)

    def _taught(self, number: int) -> Iterator[Question]:
        """Yield what the student was taught before a round, each question once."""
        files = [self._out / f"round-{earlier}" / "questions" / QUESTIONS for earlier in range(1, number)]
        rounds = (q for file in files for q in read_records(file, Question))
        yield from {q.id: q for q in (*self._run.split("train"), *rounds)}.values()

    def _explain(self, asked: Path, folder: Path, outcome: Outcome, bars: Bars) -> None:
        """Have the run's teacher explain the new questions; of the others the run has its rationales."""
        files = [self._run.file("rationales", RATIONALES), *sorted(self._out.glob(f"round-*/rationales/{RATIONALES}"))]
        known = {r.question_id: r for file in files for r in read_records(file, Rationale)}
        questions = list(read_records(asked / QUESTIONS, Question))
        todo, _ = for_the_teacher([q for q in questions if q.id not in known])
        config, graph = self._config.rationales, self._run.graph
        new = folder / "new"
        with bars("rationales", len(todo)) as bar:
            counts = write_rationales(todo, graph, config, new, bar.advance, offers=self._run.offers())
        again = [known[q.id] for q in questions if q.id in known]
        write_records(folder / RATIONALES, [*read_records(new / RATIONALES, Rationale), *again])
        outcome.record({"new": counts.accepted, "rejected": counts.rejected, "from the run": len(again)},
                       folder / RATIONALES)  # fmt: skip

    def _train(self, asked: Path, reasons: Path, student: Path, folder: Path, outcome: Outcome, bars: Bars) -> None:
        questions = list(read_records(asked / QUESTIONS, Question))
        refuse_training_on(questions, asked / QUESTIONS, [self._out / "frozen"])
        train(questions, reasons / RATIONALES, self._config.training, folder, outcome, bars,
              lambda: self._run.graph, student)  # fmt: skip

    def _control(self, taught: Iterable[Path]) -> Path:
        """Train another student on from the run's, as many steps as its rounds took, with the run's own questions."""
        steps = sum(read_json(student / TRAINING)["result"]["steps"] for student in taught)
        config = self._config.training.model_copy(update={"max_steps": steps, "epochs": None})
        reasons = self._run.file("rationales", RATIONALES)

        def work(folder: Path, outcome: Outcome, bars: Bars) -> None:
            train(self._run.split("train"), reasons, config, folder, outcome, bars,
                  lambda: self._run.graph, self._start)  # fmt: skip

        inputs = {**self._made_of_run(), "rationales": file_digest(reasons), "from": student_fingerprint(self._start)}
        return self._do("control/student", config, inputs, work)

    # --- answers ---

    def _ask(self, name: str, student: Path, file: Path, questions: Sequence[Question] = ()) -> Path:
        """Have a student asked; return the folder of its answers."""

        def work(folder: Path, outcome: Outcome, bars: Bars) -> None:
            asked = list(questions) or list(read_records(file, Question))
            with bars("asking", len(asked)) as bar:
                answers = write_answers(student, asked, self._config.evaluation, folder / ANSWERS, bar.advance)
            right = sum(answer.right for answer in answers)
            outcome.record({"answers": len(answers), "right": right}, folder / ANSWERS)

        inputs = {"questions": file_digest(file), "student": student_fingerprint(student)}
        return self._do(name, self._config.evaluation, inputs, work)


def _digest(holes: Iterable[Hole]) -> str:
    return content_id([(hole.fact_id, hole.questions) for hole in holes])


def answers_of(folder: Path) -> list[Answer]:
    """Return the answers that a step wrote."""
    return list(read_records(folder / ANSWERS, Answer))


def check_run(run: Run) -> None:
    """Refuse a run that holds no student, or whose student was never asked.

    Raises:
        InputError: a stage of it is not finished.
    """
    for stage, name in (
        ("questions", QUESTIONS),
        ("student", CONTRACT),
        ("answers", STUDENT_ANSWERS),
        ("audit", HOLES),
    ):
        if not run.file(stage, name).is_file():
            raise InputError(
                f"the run in {run.config.folder} has no {stage}/{name}; finish it with: failwise run CONFIG"
            )
