"""The training loop: transformers' Trainer over steps that were planned beforehand."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from peft import PeftModel, set_peft_model_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.utils.data import Dataset, Sampler, SequentialSampler
from transformers import (
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from failwise.errors import StorageError, StudentError
from failwise.training.batches import Encoded
from failwise.training.checkpoints import mark_whole
from failwise.training.config import TrainingConfig
from failwise.training.contract import ADAPTER

Progress = Callable[[int, int, float], None]

# torch's own mark for a position that is not learned.
IGNORED = -100


class Steps(Dataset[list[Encoded]]):
    """The planned steps. One item is a whole batch, so the loader's batch size is 1."""

    def __init__(self, steps: Sequence[list[Encoded]]) -> None:
        self._steps = steps

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, index: int) -> list[Encoded]:
        return self._steps[index]


def collate(batch: Sequence[Encoded], padding: int) -> dict[str, Tensor]:
    """Return a batch, padded on the left: so all answers stand at its right end."""
    width = max(len(example.tokens) for example in batch)
    shape = (len(batch), width)
    tokens = torch.full(shape, padding)
    labels = torch.full(shape, IGNORED)
    mask = torch.zeros(shape, dtype=torch.long)
    for row, example in enumerate(batch):
        start = width - len(example.tokens)
        tokens[row, start:] = torch.tensor(example.tokens)
        mask[row, start:] = 1
        labels[row, start + example.answer_from :] = torch.tensor(example.tokens[example.answer_from :])
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    return {"input_ids": tokens, "attention_mask": mask, "position_ids": positions, "labels": labels}


def answer_loss(model: Any, inputs: Mapping[str, Tensor]) -> Tensor:
    """Return the mean loss of the answer tokens.

    The head runs only where an answer stands: it is a quarter of a small model's work, and most positions
    are prompt.
    """
    read = {name: value for name, value in inputs.items() if name not in ("labels", "attention_mask")}
    read["attention_mask"] = _visible(inputs["attention_mask"], model.dtype)
    labels = inputs["labels"]
    keep = int((labels != IGNORED).any(0).sum())
    logits = model(**read, logits_to_keep=keep + 1, use_cache=False).logits[:, :-1]
    targets = labels[:, -keep:]
    learned = targets != IGNORED
    return torch.nn.functional.cross_entropy(logits[learned].float(), targets[learned])


def _visible(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """Return what is added to attention: a position sees its example up to itself, and padding sees itself.

    With the library's own mask, in which padding sees nothing, fused attention on CUDA soon trains to NaN.
    """
    size = mask.shape[1]
    square = torch.ones(size, size, dtype=torch.bool, device=mask.device)
    seen = (square.tril() & mask[:, None].bool()) | square.diag().diag()
    return torch.zeros(seen.shape, dtype=dtype, device=mask.device).masked_fill_(~seen, torch.finfo(dtype).min)[:, None]


class StudentTrainer(Trainer):
    """Trainer with our order of examples, our loss, and checkpoints without pickles of our own."""

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        return SequentialSampler(cast(Steps, self.train_dataset))

    def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Tensor:
        """Return the loss of one step; one that is not a number ends the training."""
        loss = answer_loss(model, inputs)
        if not torch.isfinite(loss):
            raise StudentError(
                f"the loss at step {self.state.global_step + 1} is {loss.item()}: the training has diverged; its last "
                f"checkpoint is kept. Train into another folder with a learning_rate below "
                f"{self.args.learning_rate:g}"
            )
        return loss

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Copy the adapter's weights back in place: peft's own loading would turn a bf16 adapter into fp32."""
        weights = load_file(Path(resume_from_checkpoint) / ADAPTER)
        set_peft_model_state_dict(self.model, weights)

    def _save_checkpoint(self, *args: Any, **kwargs: Any) -> None:
        """Write a checkpoint; a full disk is a sentence, and the checkpoint before it is kept."""
        with saving(Path(str(self.args.output_dir))):
            super()._save_checkpoint(*args, **kwargs)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """Save the adapter alone: Trainer would add a pickle of its arguments that nothing reads."""
        folder = str(output_dir or self.args.output_dir)
        save_adapter(cast(PeftModel, self.model), Path(folder))


@contextmanager
def saving(folder: Path) -> Iterator[None]:
    """Turn the libraries' many ways of saying that the disk refused into one."""
    try:
        yield
    # torch says RuntimeError where its zip writer is refused, safetensors has an error of its own.
    except (SafetensorError, OSError, RuntimeError) as error:
        raise StorageError(
            f"cannot write the student's weights to {folder}: {error}; free some space and run the same command again: "
            "it goes on from the last whole checkpoint"
        ) from error


def save_adapter(model: PeftModel, folder: Path) -> None:
    """Write adapter_model.safetensors and adapter_config.json."""
    # Without the explicit False, peft would ask the hub whether the base's vocabulary has changed.
    model.save_pretrained(str(folder), safe_serialization=True, save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)


class _Report(TrainerCallback):
    def __init__(self, progress: Progress, output: Path) -> None:
        self._progress = progress
        self._output = output

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Pass a step's loss on."""
        last = state.log_history[-1]
        if "loss" in last:
            self._progress(state.global_step, state.max_steps, float(last["loss"]))

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Mark the checkpoint that was just written."""
        mark_whole(self._output / f"checkpoint-{state.global_step}")


def run_steps(
    model: PeftModel,
    steps: Sequence[list[Encoded]],
    padding: int,
    config: TrainingConfig,
    checkpoints: Path,
    resume_from: Path | None,
    progress: Progress,
) -> tuple[float, ...]:
    """Train over the planned steps, from a checkpoint if one is given; return the loss of every step."""
    trainer = StudentTrainer(
        model=cast(Any, model),
        args=_arguments(config, len(steps), checkpoints, model.device.type),
        train_dataset=Steps(steps),
        data_collator=lambda items: collate(items[0], padding),
        callbacks=[_Report(progress, checkpoints)],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=str(resume_from) if resume_from else None)
    return tuple(float(entry["loss"]) for entry in trainer.state.log_history if "loss" in entry)


def _arguments(config: TrainingConfig, steps: int, output: Path, device: str) -> TrainingArguments:
    arguments = TrainingArguments(
        output_dir=str(output),
        per_device_train_batch_size=1,
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
        report_to=[],
        remove_unused_columns=False,
        dataloader_pin_memory=device != "cpu",
    )
    # The model sits on one device; without this, Trainer would spread batches over all it can see.
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments
