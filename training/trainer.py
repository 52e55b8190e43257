"""The training loop: transformers' Trainer over steps that were planned beforehand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler, SequentialSampler
from transformers import (
    EarlyStoppingCallback,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from failwise.errors import StudentError
from failwise.training.batches import Part, divided
from failwise.training.checkpoints import mark_whole, step_of
from failwise.training.config import TrainingConfig
from failwise.training.encoding import Unit
from failwise.training.losses import combined, task_losses
from failwise.training.memory import enough_memory
from failwise.training.recipe import Task, task_names
from failwise.training.weights import load_weights, save_weights, saving

Progress = Callable[[int, int, float], None]

# The log's name for the loss of a task by itself.
TASK = "task/"

OPTIMIZERS = {"paged_adamw": "paged_adamw_32bit", "paged_adamw_8bit": "paged_adamw_8bit"}


class Parts(Dataset[Part]):
    """The planned steps, part by part. One item is all that a process learns at once."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, index: int) -> Part:
        return self._parts[index]


class StudentTrainer(Trainer):
    """Trainer with our order of examples, our loss, and checkpoints without pickles of our own."""

    def __init__(self, tasks: Sequence[Task], padding: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._tasks, self._padding = tasks, padding
        self._by_task = torch.zeros(2, len(tasks))  # loss, and parts that had the task

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        return SequentialSampler(cast(Parts, self.train_dataset))

    def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the loss of one part, as much larger as the mean over all parts makes it smaller again.

        Raises:
            StudentError: it is not a number; that ends the training.
        """
        losses = task_losses(model, inputs["part"], self._tasks, self._padding)
        loss = combined(losses, self._tasks)
        if not torch.isfinite(loss):
            raise StudentError(
                f"the loss at step {self.state.global_step + 1} is {loss.item()}: the training has diverged; its last "
                f"checkpoint is kept. Train into another folder with a learning_rate below {self.args.learning_rate:g}"
            )
        parts = self.args.gradient_accumulation_steps * self.args.world_size
        if model.training:
            for number, value in losses.items():
                self._by_task[0, number] += value.item()
                self._by_task[1, number] = 1
        return (loss * parts, {}) if kwargs.get("return_outputs") else loss * parts

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Log the loss of each task beside that of the step."""
        if "loss" in logs:
            total, there = self.accelerator.reduce(self._by_task.to(self.args.device), "sum").cpu()
            found = zip(task_names(self._tasks), total, there, strict=True)
            logs |= {TASK + name: float(value) for name, value, has in found if has}
            self._by_task.zero_()
        super().log(logs, *args, **kwargs)

    def prediction_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> tuple[Tensor, None, None]:
        """Return the loss of a part that is not learned."""
        with torch.no_grad():
            return self.compute_loss(model, inputs).detach(), None, None

    def floating_point_ops(self, inputs: Any) -> int:
        """Return nothing: a part is no dictionary of tensors, from which transformers could guess."""
        return 0

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Copy the weights back in place: peft's own loading would turn a bf16 adapter into fp32."""
        load_weights(self.model, Path(resume_from_checkpoint))

    def _load_best_model(self) -> None:
        load_weights(self.model, Path(str(self.state.best_model_checkpoint)))

    def _save_checkpoint(self, *args: Any, **kwargs: Any) -> None:
        """Write a checkpoint; a full disk is a sentence, and the checkpoint before it is kept."""
        with saving(Path(str(self.args.output_dir))):
            super()._save_checkpoint(*args, **kwargs)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """Save the weights alone: Trainer would add a pickle of its arguments that nothing reads.

        Where the model is divided among processes, all come here, and the first one alone holds what is to be saved.
        """
        if not self.args.should_save:
            return
        save_weights(self.model, Path(str(output_dir or self.args.output_dir)), state_dict)


class _Report(TrainerCallback):
    def __init__(self, progress: Progress, output: Path) -> None:
        self._progress = progress
        self._output = output

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Pass a step's loss on."""
        if not state.is_world_process_zero:
            return
        last = state.log_history[-1]
        if "loss" in last:
            self._progress(state.global_step, state.max_steps, float(last["loss"]))

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Mark the checkpoint that was just written."""
        if state.is_world_process_zero:
            mark_whole(self._output / f"checkpoint-{state.global_step}")


@dataclass(frozen=True, slots=True)
class Curve:
    """Losses of a training: of each step, of each task by itself, on the part held out (by step), and the best step."""

    losses: tuple[float, ...]
    tasks: tuple[tuple[float, ...], ...]
    held_out: dict[int, float]
    best_step: int


def run_steps(
    model: Any,
    steps: Sequence[list[Unit]],
    held_out: Sequence[list[Unit]],
    tasks: Sequence[Task],
    padding: int,
    config: TrainingConfig,
    checkpoints: Path,
    resume_from: Path | None,
    finished: Path,
    progress: Progress,
) -> Curve:
    """Train over the planned steps, from a checkpoint if one is given, and save the weights in the folder `finished`.

    With `held_out` steps it stops when their loss falls no more, and the weights of the best checkpoint are kept.
    """
    arguments = _arguments(config, len(steps), checkpoints, model.device.type, bool(held_out))
    parts = config.parts * arguments.world_size
    if config.gradient_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    trainer = StudentTrainer(
        tasks,
        padding,
        model=model,
        args=arguments,
        train_dataset=Parts(divided(steps, tasks, parts)),
        eval_dataset=Parts(divided(held_out, tasks, parts)) if held_out else None,
        data_collator=lambda items: {"part": items[0]},
        callbacks=[_Report(progress, checkpoints), *([EarlyStoppingCallback(config.patience)] if held_out else [])],
    )
    trainer.remove_callback(PrinterCallback)
    with enough_memory("training", _knobs(config)):
        trainer.train(resume_from_checkpoint=str(resume_from) if resume_from else None)
    with saving(finished):
        trainer.save_model(str(finished))
    history = trainer.state.log_history
    learned = [entry for entry in history if "loss" in entry]
    best = trainer.state.best_model_checkpoint
    return Curve(
        tuple(float(entry["loss"]) for entry in learned),
        tuple(tuple(float(e[TASK + name]) for e in learned if TASK + name in e) for name in task_names(tasks)),
        {int(entry["step"]): round(float(entry["eval_loss"]), 4) for entry in history if "eval_loss" in entry},
        step_of(Path(best)) if best else len(learned),
    )


def _knobs(config: TrainingConfig) -> str:
    """Return what to set so that a step needs less memory: first what changes no loss."""
    same = [f"set training.parts above {config.parts}"]
    if not config.gradient_checkpointing:
        same.append("training.gradient_checkpointing to true")
    other = [f"training.max_length below {config.max_length}"]
    if config.method != "full":
        other.append(f"training.top_layers below {config.top_layers:g}")
    return (
        f"{' or '.join(same)}, and it goes on from its last checkpoint; or, for another student in another folder, "
        f"{' or '.join(other)}"
    )


def _arguments(config: TrainingConfig, steps: int, output: Path, device: str, held_out: bool) -> TrainingArguments:
    optimizer: dict[str, Any] = {} if config.optimizer == "adamw" else {"optim": OPTIMIZERS[config.optimizer]}
    watched: dict[str, Any] = {
        "eval_strategy": "steps",
        "eval_steps": config.checkpoint_every,
        "per_device_eval_batch_size": 1,
        "load_best_model_at_end": True,
        "metric_for_best_model": "eval_loss",
        "greater_is_better": False,
        "restore_callback_states_from_checkpoint": True,  # how long the loss has not fallen
    }
    arguments = TrainingArguments(
        output_dir=str(output),
        per_device_train_batch_size=1,
        gradient_accumulation_steps=config.parts,
        num_train_epochs=1,
        learning_rate=config.learning_rate,
        lr_scheduler_type=config.schedule,
        warmup_steps=0 if config.schedule == "constant" else round(config.warmup * steps),
        weight_decay=config.weight_decay,
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="steps",
        save_steps=config.checkpoint_every,
        save_total_limit=2,
        seed=config.seed,
        use_cpu=device == "cpu",
        disable_tqdm=True,
        report_to=list(config.report_to),
        remove_unused_columns=False,
        dataloader_pin_memory=device != "cpu",
        # Nothing in a frozen base changes, and to tell each other so at every pass would cost a message.
        ddp_broadcast_buffers=False,
        **optimizer,
        **(watched if held_out else {}),
    )
    # The model sits on one device; without this, Trainer would spread batches over all it can see.
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments
