"""A student handed over: its adapter merged into its base, or all of it made ready for a model hub.

A folder is filled aside and moved in when it is whole.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors import SafetensorError, safe_open
from transformers import GenerationConfig, PreTrainedTokenizerBase

from failwise import __version__
from failwise.errors import InputError, StorageError, StudentError
from failwise.files import file_digest, read_json, write_json, write_text
from failwise.training import models
from failwise.training.config import EMBEDDED, Precision
from failwise.training.contract import ADAPTER_CONFIG, FIRST, FULL, DecodeContract, student_fingerprint
from failwise.training.contract import FILE as CONTRACT
from failwise.training.records import Mode
from failwise.training.student import FILE as TRAINING
from failwise.training.taught import FILE as TAUGHT
from failwise.training.weights import reading, save_weights

MERGE = "merge.json"  # what was merged into what, beside the merged weights
README = "README.md"
PRECISION: Precision = "bf16"
FROM_4_BITS = (
    "The student was trained on a base held in 4 bits (nf4), and the merged weights are those of the same base in 16 "
    "bits: they differ slightly from what it was trained on. Its adapter is scored on the base in 16 bits too."
)
ROUNDED = "The student was trained in 32 bits, and its merged weights are rounded to 16."
_NO_4_BITS = (
    "a student is merged into 16-bit weights and not into {asked!r}: what an adapter adds is often smaller than a step "
    "between two 4-bit values, so rounding after the merge loses most of what was learned; merge with "
    "--quantisation none, and quantise when you serve it"
)
_COPIED = (CONTRACT, TRAINING, TAUGHT, MERGE, ADAPTER_CONFIG, "config.json", "generation_config.json")
_PACKAGES = ("torch", "transformers", "peft")


@dataclass(frozen=True, slots=True)
class Merge:
    """What was merged into what. `student` is the fingerprint of the student with its adapter."""

    student: str
    base: str
    base_revision: str
    trained_on: str
    method: str
    precision: str
    notes: tuple[str, ...]
    versions: Mapping[str, str]
    files: Mapping[str, str]


def merge_student(student: Path, out: Path, quantisation: str = "none") -> Merge:
    """Merge a student's adapter into its base, in 16 bits, into a folder of its own; of two stages both.

    The folder is a student as any other, and a model for whatever reads safetensors.

    Raises:
        InputError: something is in the folder already.
        StudentError: the student cannot be loaded or merged, or a merge into 4 bits was asked for.
    """
    if quantisation != "none":
        raise StudentError(_NO_4_BITS.format(asked=quantisation))
    with _filled(out, student) as part:
        return _merge_stages(student, part)


def package_student(
    student: Path, out: Path, readme: str, *, merged: bool = False, more: Mapping[str, Path] | None = None
) -> None:
    """Write a folder for a model hub: weights, tokenizer, contract, training and model card, without local paths.

    Args:
        readme: the model card.
        merged: merge the adapter into its base on the way.
        more: further files to put in, by the name they get.

    Raises:
        InputError: something is in the folder already.
        StudentError: the student cannot be loaded or merged.
    """
    with _filled(out, student) as part:
        if merged:
            _merge_stages(student, part)
        else:
            _copy_stages(student, part)
        for folder in _stages(part):
            _name_only(folder)
        with _writing(part):
            for name, path in (more or {}).items():
                shutil.copyfile(path, part / name)
        write_text(part / README, readme)


def public_name(base: str) -> str:
    """Return how a base model, or a recipe, is called outside this machine: of a path its last part."""
    path = Path(base).expanduser()
    local = base.startswith((".", "/", "~")) or (base != EMBEDDED and path.exists())
    return path.resolve().name if local else base


def fingerprints(student: Path) -> tuple[str, ...]:
    """Return the ids that answers of this student may carry: its own, and that of the adapter merged into it."""
    own = student_fingerprint(student)
    merged = str(read_json(student / MERGE).get("student", "")) if (student / MERGE).is_file() else ""
    return (own, merged) if merged else (own,)


# --- one stage after the other ---


def _stages(student: Path) -> list[Path]:
    """Return the folders of a student's stages; the one that answers is the last."""
    two = DecodeContract.load(student).asked is Mode.INFERRED
    return [student / FIRST, student] if two else [student]


def _merge_stages(student: Path, into: Path) -> Merge:
    """Merge each stage; return what is said of the one that answers."""
    return [_merge(folder, into / folder.relative_to(student)) for folder in _stages(student)][-1]


def _merge(student: Path, into: Path) -> Merge:
    if DecodeContract.load(student).method == "full":
        raise StudentError(
            f"the student in {student} holds all of its weights, so there is nothing to merge; serve it as it is, or "
            "package it"
        )
    model, tokenizer, contract = models.load_student(student, torch.device("cpu"))
    _refuse_shared_head(model, student)
    try:
        merged = model.merge_and_unload(safe_merge=True).to(models.DTYPES[PRECISION])
    except ValueError as error:  # safe_merge looks for what is no number
        raise StudentError(f"the student in {student} cannot be merged: {error}; train it again") from error
    merged.generation_config = _unsampled(merged.generation_config, tokenizer)
    with _writing(into):
        save_weights(merged, into)
        tokenizer.save_pretrained(str(into))
        for name in (TRAINING, TAUGHT):
            if (student / name).is_file():
                shutil.copyfile(student / name, into / name)
    done = _merge_record(contract, student_fingerprint(student), file_digest(into / FULL))
    write_json(into / MERGE, {"stage": "merge", **asdict(done)})
    replace(contract, method="full", precision=PRECISION, quantisation="none").save(into)
    return done


def _refuse_shared_head(model: Any, student: Path) -> None:
    """Refuse an adapter on one of two layers that share their weights: a merge would change the other too."""
    base = model.get_base_model()
    layers = base.get_output_embeddings(), base.get_input_embeddings()
    if None in layers or not any(isinstance(layer, BaseTunerLayer) for layer in layers):
        return
    if layers[0].weight.data_ptr() == layers[1].weight.data_ptr():
        raise StudentError(
            f"the student in {student} has an adapter on the embedding or the vocabulary head, which share their "
            "weights in this base model: merged, one would change the other; serve the adapter unmerged, or train "
            "without these layers (target_modules)"
        )


def _unsampled(known: GenerationConfig, tokenizer: PreTrainedTokenizerBase) -> GenerationConfig:
    """Return how it writes: without sampling, as it is asked here, up to the end of its turn."""
    ends = known.eos_token_id if isinstance(known.eos_token_id, list) else [known.eos_token_id]
    ends = list(dict.fromkeys(i for i in (tokenizer.eos_token_id, *ends) if i is not None))
    return GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=False,
        bos_token_id=known.bos_token_id,
        eos_token_id=ends if len(ends) > 1 else ends[0],
        pad_token_id=tokenizer.pad_token_id if tokenizer.pad_token_id is not None else ends[0],
        decoder_start_token_id=known.decoder_start_token_id,
    )


def _merge_record(contract: DecodeContract, fingerprint: str, digest: str) -> Merge:
    notes = [
        *([FROM_4_BITS] if contract.quantisation == "nf4" else []),
        *([ROUNDED] if contract.precision == "fp32" else []),
    ]
    return Merge(
        student=fingerprint,
        base=contract.base,
        base_revision=contract.base_revision,
        trained_on=contract.quantisation,
        method=contract.method,
        precision=PRECISION,
        notes=tuple(notes),
        versions={"failwise": __version__, **{name: version(name) for name in _PACKAGES}},
        files={FULL: digest},
    )


def _copy_stages(student: Path, into: Path) -> None:
    for folder in _stages(student):
        contract = DecodeContract.load(folder)
        _, tokenizer = models.checked_base(folder, contract)
        target = into / folder.relative_to(student)
        with reading(folder), safe_open(folder / contract.weights, "pt"):
            pass  # a torn file is found out here, and not by whoever downloads it
        with _writing(target):
            target.mkdir(parents=True, exist_ok=True)
            for name in (contract.weights, *_COPIED):
                if (folder / name).is_file():
                    shutil.copyfile(folder / name, target / name)
            tokenizer.save_pretrained(str(target))


def _name_only(folder: Path) -> None:
    """Replace paths of this machine by names, wherever a file of a student names its base or its recipe."""
    for name, keys in ((CONTRACT, ["base"]), (MERGE, ["base"]), (ADAPTER_CONFIG, ["base_model_name_or_path"])):
        _rename(folder / name, keys)
    _rename(folder / TRAINING, ["base", "recipe"], inside="config")


def _rename(path: Path, keys: list[str], inside: str = "") -> None:
    if not path.is_file():
        return
    found = read_json(path)
    values = found[inside] if inside else found
    values.update({key: public_name(values[key]) for key in keys if isinstance(values.get(key), str)})
    write_json(path, found)


# --- on disk ---


@contextmanager
def _filled(out: Path, student: Path) -> Iterator[Path]:
    """Give a folder to fill; it gets its name when all of it is there, and nothing is left of it otherwise."""
    out = out.expanduser().resolve()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} holds something already; name a folder that is empty or not there yet")
    if out.is_relative_to(student.resolve()):
        raise InputError(f"{out} is inside the student's own folder; name another place")
    part = out.with_name(f".{out.name}.part")
    try:
        with _writing(out):
            shutil.rmtree(part, ignore_errors=True)  # of one that was killed
            part.mkdir(parents=True)
        yield part
        with _writing(out):
            part.replace(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, SafetensorError) as error:
        raise StorageError(
            f"cannot write {folder}: {error}; free some space or choose another folder, then run the same command again"
        ) from error
