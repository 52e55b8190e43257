"""The one place that loads models: tokenizer, base, adapter. Only safetensors; no code from a model folder."""

import hashlib
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from jinja2 import TemplateError
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors import safe_open
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from failwise.errors import InputError, StudentError
from failwise.training import processes, prompts
from failwise.training.bases import Base, exact_name, resolve_base
from failwise.training.config import Device, TrainingConfig
from failwise.training.contract import DecodeContract
from failwise.training.weights import reading, refuse_missing

_PROBE = "Which sensor shows it?"

DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}


def pick_device(device: Device) -> torch.device:
    """Return the device to use; `auto` is this process's CUDA device, or the CPU."""
    if device == "cuda" and not torch.cuda.is_available():
        raise StudentError("device 'cuda' was asked for and there is no CUDA device; set device to 'cpu' or 'auto'")
    cuda = device != "cpu" and torch.cuda.is_available()
    return torch.device("cuda", processes.local_rank()) if cuda else torch.device("cpu")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep from the reader what the libraries say about themselves while a model is loaded."""
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with warnings.catch_warnings():
        # peft asks transformers by a name that transformers has deprecated.
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
        warnings.filterwarnings("ignore", message="Found missing adapter keys")  # `refuse_missing` says it
        yield


def load_tokenizer(base: Base) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a base model; it must have an end token, and a chat template where the model needs one.

    A model of an encoder and a decoder reads the question as it is.

    Raises:
        StudentError: it has not, cannot be read, or its chat template leaves out what is asked.
    """
    with reading(base.source):
        loaded = AutoTokenizer.from_pretrained(base.source, trust_remote_code=False, **base.pinned)
        tokenizer = cast(PreTrainedTokenizerBase, loaded)
    if tokenizer.eos_token_id is None or not (tokenizer.chat_template or is_seq2seq(base)):
        raise StudentError(
            f"the tokenizer of the base model {base.name!r} has no chat template or no end token; "
            "use an instruction-tuned base model"
        )
    if tokenizer.chat_template:
        _refuse_deaf_template(tokenizer, base)
    return tokenizer


def _refuse_deaf_template(tokenizer: PreTrainedTokenizerBase, base: Base) -> None:
    """Refuse a chat template that fails, or that leaves out what is asked: nobody would see what a student missed."""
    try:
        said = _rendered(tokenizer, _PROBE)
    except TemplateError as error:
        raise StudentError(
            f"the chat template of the base model {base.name!r} cannot be used: {error}; use another base model, or "
            "mend its chat_template"
        ) from error
    if _PROBE not in said:
        raise StudentError(
            f"the chat template of the base model {base.name!r} leaves out what the user asks; use another base model, "
            "or mend its chat_template"
        )


def is_seq2seq(base: Base) -> bool:
    """Say whether a base model is one of an encoder and a decoder (the T5 family)."""
    with reading(base.source):
        config = AutoConfig.from_pretrained(base.source, trust_remote_code=False, **base.pinned)
    return bool(config.is_encoder_decoder)


def chat_template_hash(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return a hash of the chat template, for the contract."""
    return hashlib.sha256(str(tokenizer.chat_template).encode()).hexdigest()[:16]


def tokenizer_hash(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return a hash of the vocabulary and the rules that cut text, for the contract."""
    rules = getattr(tokenizer, "backend_tokenizer", None)
    said = rules.to_str() if rules is not None else repr(sorted(tokenizer.get_vocab().items()))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def load_base(
    base: Base, quantisation: str, precision: str, device: torch.device, double_quantisation: bool = True
) -> PreTrainedModel:
    """Load the frozen base model.

    Eager attention on a CPU: at these lengths it is a sixth faster than the fused one.

    Raises:
        StudentError: it cannot be read, or some of its weights are missing, which would be drawn at random.
    """
    kind = AutoModelForSeq2SeqLM if is_seq2seq(base) else AutoModelForCausalLM
    with _quiet(), reading(base.source):
        load: Any = kind.from_pretrained
        model, loaded = load(
            base.source,
            output_loading_info=True,
            dtype=DTYPES[precision],
            device_map={"": device},
            quantization_config=_nf4(double_quantisation) if quantisation == "nf4" else None,
            attn_implementation="sdpa" if device.type == "cuda" else "eager",
            use_safetensors=True,
            trust_remote_code=False,
            **base.pinned,
        )
    refuse_missing(loaded["missing_keys"], base.source)
    return cast(PreTrainedModel, model)


def _nf4(double_quantisation: bool) -> BitsAndBytesConfig:
    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=double_quantisation,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def load_trainable(base: Base, config: TrainingConfig, device: torch.device) -> Any:
    """Load a base model with what is to be trained: a new adapter on it, or all of its weights."""
    torch.manual_seed(config.seed)
    model = load_base(base, config.quantisation, config.precision, device, config.double_quantisation)
    if config.quantisation == "nf4" and device.type == "cpu" and not processes.divide_the_model():
        model = _unpacked(model)
    return model if config.method == "full" else attach_adapter(model, config)


def _unpacked(model: PreTrainedModel) -> PreTrainedModel:
    """Return an nf4 model with its weights unpacked to 16 bits, bit for bit what each pass would unpack them to.

    On a CPU that saves a quarter of a step; memory is what nf4 is for on a GPU.
    """
    said = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity(logging.ERROR)  # else it warns that it does as it was asked
    try:
        return cast(PreTrainedModel, model.dequantize())  # type: ignore[no-untyped-call]
    finally:
        transformers_logging.set_verbosity(said)


def attach_adapter(model: PreTrainedModel, config: TrainingConfig) -> PeftModel:
    """Put a new adapter on a frozen base.

    peft's `prepare_model_for_kbit_training` is left out on purpose: it would hold embedding and head in
    fp32, which makes a step on a CPU three times slower.
    """
    torch.manual_seed(config.seed)
    _refuse_unknown_targets(model, config.target_modules)
    targets, layers = _targets(model, config)
    lora = LoraConfig(
        r=config.rank,
        lora_alpha=cast(int, config.alpha),
        lora_dropout=config.dropout,
        target_modules=targets,
        layers_to_transform=layers,
        use_dora=config.method == "dora",
        task_type="SEQ_2_SEQ_LM" if model.config.is_encoder_decoder else "CAUSAL_LM",
    )
    with _quiet():
        adapted = get_peft_model(model, lora, autocast_adapter_dtype=False)
    for parameter in adapted.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(DTYPES[config.adapter_precision])
    return cast(PeftModel, adapted)


def _refuse_unknown_targets(model: PreTrainedModel, targets: str | tuple[str, ...]) -> None:
    """Refuse modules that the model does not have; peft passes over those of a list of which any is there."""
    if targets == "all-linear":
        return
    names = [name for name, _ in model.named_modules()]
    if isinstance(targets, str):
        try:
            unknown = [] if any(re.fullmatch(targets, name) for name in names) else [targets]
        except re.error as error:
            raise InputError(
                f"target_modules {targets!r} is no pattern: {error}; name modules in a list, or use 'all-linear'"
            ) from error
    else:
        unknown = [end for end in targets if not any(name == end or name.endswith(f".{end}") for name in names)]
    if unknown:
        raise InputError(
            f"target_modules names {unknown[0]!r}, which this model does not have; its linear layers are "
            f"{', '.join(_linear(model))}"
        )


def _linear(model: PreTrainedModel) -> list[str]:
    """Return the ends of the names of a model's linear layers, the vocabulary head left out."""
    head = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    linear = (n for n, m in model.named_modules() if isinstance(m, torch.nn.Linear) and m is not head)
    return sorted({name.rsplit(".", 1)[-1] for name in linear})


def _targets(model: PreTrainedModel, config: TrainingConfig) -> tuple[str | list[str], list[int] | None]:
    """Return the modules to adapt, and in which layers (None: in all).

    Without an adapter in the first layers nothing has to be sent back through them: half the layers train
    about twice as fast.
    """
    targets = config.target_modules
    if config.top_layers == 1:
        return (targets if isinstance(targets, str) else list(targets)), None
    if isinstance(targets, str):
        targets = tuple(_linear(model))
    count = int(model.config.num_hidden_layers)
    return list(targets), list(range(count - max(1, round(count * config.top_layers)), count))


def load_student(folder: Path, device: torch.device) -> tuple[Any, PreTrainedTokenizerBase, DecodeContract]:
    """Load a student for scoring: its adapter on the base in the precision it was trained to compute in.

    The base is not quantised here: on a CPU that halves the time, and it is what a merged student would be.

    Raises:
        StudentError: the folder holds no whole student, or its contract does not match.
    """
    contract = DecodeContract.load(folder)
    base, tokenizer = checked_base(folder, contract)
    return load_weights_of(folder, base, contract, device), tokenizer, contract


def load_weights_of(folder: Path, base: Base, contract: DecodeContract, device: torch.device) -> Any:
    """Load a student's model alone, once `checked_base` has held its contract against the base."""
    model: Any = load_base(base, "none", contract.precision, device)
    if contract.method != "full":
        with _quiet(), reading(folder), safe_open(folder / contract.weights, "pt") as saved:
            model = PeftModel.from_pretrained(model, str(folder), autocast_adapter_dtype=False)
            missing = get_peft_model_state_dict(model, save_embedding_layers=False).keys() - set(saved.keys())
        refuse_missing(missing, folder)
    return model.eval()


def checked_base(folder: Path, contract: DecodeContract) -> tuple[Base, PreTrainedTokenizerBase]:
    """Return what a student's weights belong to, and its tokenizer; both are held against its contract.

    A full model brings its own weights; a merged one its tokenizer too, and then needs its base no more.

    Raises:
        StudentError: something is not what the student was trained with.
    """
    own = contract.method == "full" and (folder / "tokenizer.json").is_file()
    name, revision = contract.base, contract.base_revision
    base = Base(name, str(folder), revision) if own else resolve_base(exact_name(name, revision))
    tokenizer = load_tokenizer(base)
    contract.check(
        folder,
        base_revision=base.revision,
        chat_template=chat_template_hash(tokenizer),
        tokenizer=tokenizer_hash(tokenizer),
    )
    return (replace(base, source=str(folder)) if contract.method == "full" else base), tokenizer


def render_prompt(tokenizer: PreTrainedTokenizerBase, user: str) -> list[int]:
    """Return the tokens of a user message, up to where the reply begins."""
    if not tokenizer.chat_template:
        return [*encode(tokenizer, user), int(tokenizer.eos_token_id)]
    return encode(tokenizer, _rendered(tokenizer, user))


def _rendered(tokenizer: PreTrainedTokenizerBase, user: str) -> str:
    # Templates that know no such switch leave it unread.
    settings: dict[str, Any] = {"tokenize": False, "add_generation_prompt": True, "enable_thinking": False}
    try:
        return cast(str, tokenizer.apply_chat_template(prompts.messages(user), **settings))
    except TemplateError:  # Gemma's refuses a system message
        return cast(str, tokenizer.apply_chat_template(prompts.one_message(user), **settings))


def encode(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Return the tokens of one segment, nothing added."""
    return list(tokenizer(text, add_special_tokens=False).input_ids)
