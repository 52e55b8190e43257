"""From questions and rationales to a student in a folder."""

import resource
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from peft import PeftModel
from transformers import PreTrainedTokenizerBase

from failwise.errors import InputError, StudentError
from failwise.files import content_id, dump_record, parse_record, read_json, storage_errors, write_json
from failwise.generation.records import Question, Rationale
from failwise.training import checkpoints, models, prompts
from failwise.training.bases import Base, resolve_base
from failwise.training.batches import Encoded, EncodedLesson, plan_steps
from failwise.training.config import TrainingConfig
from failwise.training.contract import FILE as CONTRACT
from failwise.training.contract import DecodeContract
from failwise.training.examples import Lesson, lessons
from failwise.training.records import Example, Mode, TrainingResult
from failwise.training.trainer import Progress, run_steps, save_adapter, saving

FILE = "training.json"
TOO_LONG = "longer than max_length"


def train_student(
    questions: Sequence[Question],
    rationales: Mapping[str, Rationale],
    config: TrainingConfig,
    folder: Path,
    progress: Progress,
) -> TrainingResult:
    """Train a student and write it to a folder; go on from its last checkpoint if there is one.

    Args:
        rationales: by question id; a question without one is taught in direct mode.
        folder: gets the adapter, contract.json and training.json when the training is over. A finished
            student of the same recipe and examples is returned as it is.
        progress: called after every step with the step, the number of steps and the loss.

    Raises:
        InputError: no question is left to train on.
        StudentError: the folder holds another student, the base cannot be used, or the training diverged.
    """
    started = time.monotonic()
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    kept, left_out = lessons(questions, rationales, direct_share=config.direct_share, cite_facts=config.cite_facts)
    base = resolve_base(config.base)
    fingerprint = _fingerprint(config, base, kept)
    if (finished := _finished(folder, fingerprint)) is not None:
        return finished
    saved = checkpoints.open_checkpoints(folder, fingerprint)
    tokenizer = models.load_tokenizer(base)
    encoded = encode_lessons(kept, tokenizer, config.max_length)
    if len(encoded) < len(kept):
        left_out[TOO_LONG] = len(kept) - len(encoded)
    if not encoded:
        raise InputError(f"no question is left to train on; left out: {left_out or 'none, the set is empty'}")
    steps = plan_steps(encoded, config)
    device = models.pick_device(config.device)
    model = models.attach_adapter(models.load_base(base, config.quantisation, config.precision, device), config)
    resume_from = checkpoints.last_whole(saved)
    padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    losses = run_steps(model, steps, int(padding), config, saved, resume_from, progress)
    result = TrainingResult(
        steps=len(steps),
        resumed_at=checkpoints.step_of(resume_from) if resume_from else 0,
        examples=sum(map(len, steps)),
        left_out=left_out,
        tokens=sum(len(example.tokens) for step in steps for example in step),
        label_tokens=sum(example.labels for step in steps for example in step),
        trainable=sum(p.numel() for p in model.parameters() if p.requires_grad),
        losses=losses,
        seconds=time.monotonic() - started,
        peak_rss_mb=_peak_rss_mb(),
        device=device.type,
    )
    _write(folder, model, _contract(base, tokenizer, config, kept), config, fingerprint, result)
    checkpoints.remove_checkpoints(folder)
    return result


def encode_lessons(kept: Sequence[Lesson], tokenizer: PreTrainedTokenizerBase, max_length: int) -> list[EncodedLesson]:
    """Return the lessons in tokens; one that is too long in either mode is left out, never cut."""
    encoded: list[EncodedLesson] = []
    for lesson in kept:
        direct = encode_example(lesson.direct, tokenizer)
        rationale = encode_example(lesson.rationale, tokenizer) if lesson.rationale else None
        if max(len(direct.tokens), len(rationale.tokens) if rationale else 0) <= max_length:
            encoded.append(EncodedLesson(direct, rationale))
    return encoded


def encode_example(example: Example, tokenizer: PreTrainedTokenizerBase) -> Encoded:
    """Return an example in tokens; the end of the turn is learned with the answer."""
    prompt = models.render_prompt(tokenizer, example.prompt)
    answer = [token for segment in example.completion for token in models.encode(tokenizer, segment)]
    return Encoded((*prompt, *answer, int(tokenizer.eos_token_id)), len(prompt))


def _fingerprint(config: TrainingConfig, base: Base, kept: Sequence[Lesson]) -> str:
    examples = [dump_record(lesson).decode() for lesson in kept]
    return content_id(config.fingerprint_fields(), base.revision, prompts.template_hash(), examples)


def _finished(folder: Path, fingerprint: str) -> TrainingResult | None:
    if not (folder / CONTRACT).is_file() or not (folder / FILE).is_file():
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
    base: Base, tokenizer: PreTrainedTokenizerBase, config: TrainingConfig, kept: Sequence[Lesson]
) -> DecodeContract:
    modes = [Mode.DIRECT] if config.direct_share > 0 or any(x.rationale is None for x in kept) else []
    modes += [Mode.RATIONALE] if any(lesson.rationale for lesson in kept) else []
    return DecodeContract(
        base=base.name,
        base_revision=base.revision,
        chat_template=models.chat_template_hash(tokenizer),
        modes=tuple(modes),
        precision=config.precision,
        quantisation=config.quantisation,
    )


def _write(
    folder: Path,
    model: PeftModel,
    contract: DecodeContract,
    config: TrainingConfig,
    fingerprint: str,
    result: TrainingResult,
) -> None:
    """Write all files aside, then move them in; the contract comes last and says that all are there."""
    part = folder / ".student.part"
    shutil.rmtree(part, ignore_errors=True)
    # A name anyone can resolve, not the path of a cache on this machine.
    model.peft_config["default"].base_model_name_or_path = contract.base
    with storage_errors(folder):
        with saving(part):
            save_adapter(model, part)
        write_json(
            part / FILE,
            {"fingerprint": fingerprint, "config": config.model_dump(mode="json"), "result": asdict(result)},
        )
        contract.save(part)
        for path in sorted(part.iterdir(), key=lambda path: path.name == CONTRACT):
            path.replace(folder / path.name)
        part.rmdir()


def _peak_rss_mb() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 2**20 if sys.platform == "darwin" else peak // 2**10
