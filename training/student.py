"""From questions and rationales to a student in a folder."""

import random
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerBase

from failwise.errors import InputError, StudentError
from failwise.files import content_id, dump_record, file_digest, parse_record, read_json, storage_errors, write_json
from failwise.generation.records import Question, Rationale
from failwise.training import checkpoints, models, processes, prompts
from failwise.training.bases import Base
from failwise.training.batches import plan_steps
from failwise.training.config import TrainingConfig
from failwise.training.contract import ADAPTER_CONFIG, FIRST, DecodeContract, scoring, student_files, weights_file
from failwise.training.contract import FILE as CONTRACT
from failwise.training.encoding import Encoder, Unit
from failwise.training.examples import Row, Shown, lessons
from failwise.training.memory import peak_gpu_mb, peak_rss_mb
from failwise.training.reasons import write_reasons
from failwise.training.recipe import Reasons, Recipe, Task, load_recipe, task_names
from failwise.training.records import Mode, TaskResult, TrainingResult
from failwise.training.start import base_of, check_start, first_of
from failwise.training.taught import save_taught, taught_of
from failwise.training.trainer import Progress, run_steps
from failwise.training.weights import load_weights

FILE, PART = "training.json", ".student.part"
TOO_LONG = "longer than max_length"


@dataclass(frozen=True, slots=True)
class Material:
    """What a student is taught from.

    Args:
        rationales: by question id; without them the tasks that learn reasons have nothing to learn.
        variants: perturbations of the questions, for recipes with views.
        rows: whole rows of the graph, for recipes that teach facts one by one.
    """

    questions: Sequence[Question]
    rationales: Mapping[str, Rationale]
    variants: Sequence[Question] = ()
    rows: Sequence[Question] = ()

    def lessons(self, task: Task, *, cite_facts: bool = False) -> tuple[list[Shown], dict[str, str]]:
        """Return what a task teaches, and why questions were left out, by id."""
        questions = [*self.questions, *self.rows] if task.mode is Mode.VERDICT else self.questions
        return lessons(questions, self.rationales, task, cite_facts=cite_facts, variants=self.variants)


def train_student(
    material: Material, config: TrainingConfig, folder: Path, progress: Progress, start: Path | None = None
) -> TrainingResult:
    """Train a student and write it to a folder; go on from its last checkpoint if there is one.

    Of a recipe with two stages the first student stands in the folder's subfolder `reasoner`.

    Args:
        folder: gets the weights, contract.json, training.json and taught.json when the training is over. A finished
            student of the same recipe and examples is returned as it is.
        progress: called after every step with the step, the number of steps and the loss.
        start: a student whose weights are the first of this one, of the same base and shape.

    Raises:
        InputError: there is no such recipe, or no question is left to train on.
        StudentError: the folder holds another student, the base cannot be used, or the training diverged.
    """
    recipe = load_recipe(config.recipe)
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    if recipe.first:
        first = Recipe(summary="", asked=Mode.REASONS, tasks=recipe.first)
        _train(material, first, config, folder / FIRST, progress, first_of(start))
        if recipe.reasons is not Reasons.TEACHER:
            material = replace(material, rationales=_own_reasons(material, recipe.reasons, config, folder / FIRST))
    return _train(material, recipe, config, folder, progress, start)


def _own_reasons(material: Material, whose: Reasons, config: TrainingConfig, first: Path) -> Mapping[str, Rationale]:
    """Return rationales whose texts the first stage wrote: all, or every second one, drawn by the seed."""
    known = [q for q in material.questions if q.id in material.rationales]
    if whose is Reasons.MIXED:
        known = random.Random(config.seed).sample(known, len(known) // 2)
    written = write_reasons(first, known, models.pick_device(config.device))
    own = {i: replace(material.rationales[i], text=text) for i, text in written.items()}
    return {**material.rationales, **own}


def _train(
    material: Material, recipe: Recipe, config: TrainingConfig, folder: Path, progress: Progress, start: Path | None
) -> TrainingResult:
    started = time.monotonic()
    learned, watched = _held_out(material, config)
    taught, asked = _lessons(learned, recipe.tasks, config), _lessons(watched, recipe.tasks, config)
    taught = replace(taught, lessons=[*map(_unwatched, taught.lessons, asked.lessons)])
    base = base_of(config.base, folder, start)
    before = check_start(start, base, config, recipe) if start is not None else None
    fingerprint = _fingerprint(config, recipe, base, taught.lessons, start)
    if (finished := _finished(folder, fingerprint, config)) is not None:
        return finished
    device = models.pick_device(config.device)
    _refuse_paging(config, device)
    _refuse_missing_trackers(config)
    tokenizer = models.load_tokenizer(base)
    encoder = Encoder(tokenizer, config.max_length)
    fitted = _fitted(taught, recipe.tasks, encoder)
    steps = plan_steps(fitted.lessons, recipe.tasks, encoder, config)
    held_out = _once(_fitted(asked, recipe.tasks, encoder), recipe.tasks, encoder, config) if watched.questions else []
    model = models.load_trainable(base, config, device)
    if start is not None:
        load_weights(model, start)
    # Not before all is known to go together: settings mended after a refusal are not those of another training.
    saved = checkpoints.open_checkpoints(folder, fingerprint, base)
    resume_from = checkpoints.last_whole(saved)
    padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    part = folder / PART
    if processes.is_first():
        shutil.rmtree(part, ignore_errors=True)
    curve = run_steps(model, steps, held_out, recipe.tasks, int(padding), config, saved, resume_from, part, progress)
    units = [unit for step in steps[: len(curve.losses)] for unit in step]
    trees = [tree for unit in units for tree in unit.trees]
    result = TrainingResult(
        steps=len(curve.losses),
        resumed_at=checkpoints.step_of(resume_from) if resume_from else 0,
        examples=len(units),
        left_out=fitted.counts(),
        tokens=sum(tree.width for tree in trees),
        label_tokens=sum(tree.foretold for tree in trees),
        trainable=sum(p.numel() for p in model.parameters() if p.requires_grad),
        losses=curve.losses,
        seconds=time.monotonic() - started,
        peak_rss_mb=peak_rss_mb(),
        peak_gpu_mb=peak_gpu_mb(),
        device=device.type,
        tasks=_task_results(recipe.tasks, units, curve.tasks),
        held_out=curve.held_out,
        best_step=curve.best_step,
    )
    if processes.is_first():
        known = {q.asset_class for q in learned.questions} | set(before.named if before else ())
        named = tuple(sorted(known)) if recipe.asks_unnamed else ()
        if (earlier := taught_of(start) if start is not None else frozenset()) is not None:
            save_taught(folder / PART, chain(material.questions, material.variants, material.rows), earlier)
        _finish(folder, base, _contract(base, tokenizer, config, recipe, named), config, fingerprint, result)
        checkpoints.remove_checkpoints(folder)
    return result


def _held_out(material: Material, config: TrainingConfig) -> tuple[Material, Material]:
    """Return what is learned, and the questions whose loss says when to stop, drawn by the seed.

    Raises:
        InputError: the share is of so few questions that it is none.
    """
    questions = material.questions
    count = round(config.validation_share * len(questions))
    if config.validation_share and not count:
        raise InputError(
            f"validation_share {config.validation_share:g} of {len(questions):,} questions is none; set at least "
            f"{1 / max(len(questions), 1):.2g}, or 0 to train without"
        )
    chosen = set(random.Random(config.seed).sample(range(len(questions)), count))
    learned = [q for at, q in enumerate(questions) if at not in chosen]
    watched = [q for at, q in enumerate(questions) if at in chosen]
    return replace(material, questions=learned), replace(material, questions=watched, rows=())


def _unwatched(shown: Sequence[Shown], watched: Iterable[Shown]) -> list[Shown]:
    """Return what is learned, the wordings that are watched taken out of the rows: else nothing in them were new."""
    prompts = {prompt for row in watched if isinstance(row, Row) for prompt, _ in row.wordings}
    kept = [
        replace(one, wordings=tuple(w for w in one.wordings if w[0] not in prompts)) if isinstance(one, Row) else one
        for one in shown
    ]
    return [one for one in kept if not isinstance(one, Row) or one.wordings]


@dataclass(frozen=True, slots=True)
class Taught:
    """The lessons of each task, and for each task why questions were left out, by id."""

    lessons: list[list[Shown]]
    left_out: list[dict[str, str]]

    def counts(self) -> dict[str, int]:
        """Return how many questions no task could take, by the first task's reason."""
        everywhere = set.intersection(*(set(reasons) for reasons in self.left_out))
        return dict(Counter(self.left_out[0][i] for i in sorted(everywhere)))


def _lessons(material: Material, tasks: Sequence[Task], config: TrainingConfig) -> Taught:
    made = [material.lessons(task, cite_facts=config.cite_facts) for task in tasks]
    return Taught([kept for kept, _ in made], [left_out for _, left_out in made])


def _fitted(taught: Taught, tasks: Sequence[Task], encoder: Encoder) -> Taught:
    """Return what is short enough.

    Raises:
        InputError: nothing is left for a task.
    """
    fitted = Taught([], [])
    for task, shown, left_out in zip(tasks, taught.lessons, taught.left_out, strict=True):
        kept, too_long = encoder.fitting(shown)
        reasons = left_out | dict.fromkeys(too_long, TOO_LONG)
        if not kept:
            why = dict(Counter(reasons.values())) or "none, the set is empty"
            raise InputError(f"no question is left to train on for the task {task.name!r}; left out: {why}")
        fitted.lessons.append(kept)
        fitted.left_out.append(reasons)
    return fitted


def _once(fitted: Taught, tasks: Sequence[Task], encoder: Encoder, config: TrainingConfig) -> list[list[Unit]]:
    """Return steps of a single pass."""
    return plan_steps(fitted.lessons, tasks, encoder, config.model_copy(update={"epochs": 1.0, "max_steps": None}))


def _task_results(
    tasks: Sequence[Task], units: Iterable[Unit], losses: Sequence[tuple[float, ...]]
) -> tuple[TaskResult, ...]:
    examples = Counter(unit.task for unit in units)
    return tuple(TaskResult(name, examples[n], losses[n]) for n, name in enumerate(task_names(tasks)))


def _refuse_missing_trackers(config: TrainingConfig) -> None:
    for name in config.report_to:
        if find_spec(name) is None:
            raise InputError(
                f"report_to names {name!r}, which is not installed; leave it out, or install it: pip install {name}"
            )


def _refuse_paging(config: TrainingConfig, device: torch.device) -> None:
    if config.optimizer != "adamw" and device.type != "cuda":
        raise StudentError(
            f"the optimizer {config.optimizer!r} moves its state between a CUDA device and the host, and this is "
            f"{device.type!r}; set optimizer to 'adamw'"
        )


def _fingerprint(
    config: TrainingConfig, recipe: Recipe, base: Base, taught: Iterable[Sequence[Shown]], start: Path | None
) -> str:
    examples = [dump_record(lesson).decode() for shown in taught for lesson in shown]
    learned = recipe.model_dump(mode="json", exclude={"summary", "source"})
    begun = [] if start is None else [file_digest(start / weights_file(config.method))]
    return content_id(config.fingerprint_fields(), learned, base.revision, prompts.template_hash(), examples, *begun)


def _finished(folder: Path, fingerprint: str, config: TrainingConfig) -> TrainingResult | None:
    if not all((folder / name).is_file() for name in (*student_files(config.method), FILE)):
        return None
    found = read_json(folder / FILE)
    if found.get("fingerprint") != fingerprint:
        raise StudentError(
            f"{folder} holds a finished student of another recipe or of other examples "
            f"({found.get('fingerprint')}, and this one is {fingerprint}); train into another folder"
        )
    checkpoints.remove_checkpoints(folder)
    return parse_record(dump_record(found["result"]), TrainingResult, f"{folder / FILE}, result")


def _contract(
    base: Base, tokenizer: PreTrainedTokenizerBase, config: TrainingConfig, recipe: Recipe, named: tuple[str, ...]
) -> DecodeContract:
    return DecodeContract(
        base=base.name,
        base_revision=base.revision,
        chat_template=models.chat_template_hash(tokenizer),
        tokenizer=models.tokenizer_hash(tokenizer),
        modes=tuple(dict.fromkeys(task.mode for task in recipe.tasks)),
        asked=recipe.asked,
        precision=config.precision,
        quantisation=config.quantisation,
        method=config.method,
        scoring=scoring(recipe.asked),
        named=named,
    )


def _finish(
    folder: Path, base: Base, contract: DecodeContract, config: TrainingConfig, fingerprint: str, result: TrainingResult
) -> None:
    """Write what belongs to the weights beside them, then move all in; the contract comes last and says: all there."""
    part = folder / PART
    with storage_errors(folder):
        if (adapter := part / ADAPTER_CONFIG).is_file():
            _settle(adapter, base)
        write_json(
            part / FILE,
            {"fingerprint": fingerprint, "config": config.model_dump(mode="json"), "result": asdict(result)},
        )
        contract.save(part)
        for path in sorted(part.iterdir(), key=lambda path: path.name == CONTRACT):
            path.replace(folder / path.name)
        part.rmdir()


def _settle(adapter: Path, base: Base) -> None:
    """Write an adapter's settings as any process would: its base as a name, not the path of a cache on this machine,
    at its commit, and its modules in order, which peft takes from a set."""
    found = read_json(adapter) | {"base_model_name_or_path": base.name, "revision": base.commit}
    if isinstance(found["target_modules"], list):
        found["target_modules"].sort()
    write_json(adapter, found)
