"""The decode contract: what a student was trained to read and write, kept beside its weights.

The same adapter asked in another way is another student. So whoever loads one checks it first.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from failwise.errors import InputError, StudentError
from failwise.files import content_id, file_digest, parse_record, read_json, write_json
from failwise.training import prompts
from failwise.training.config import Method, Precision, Quantisation
from failwise.training.records import Mode

FILE = "contract.json"
ADAPTER = "adapter_model.safetensors"
ADAPTER_CONFIG = "adapter_config.json"
FULL = "model.safetensors"
FIRST = "reasoner"  # folder of the first of two stages
SCHEMA = 2
SCORINGS = {
    Mode.VERDICT: "log-odds that the option holds and that is wanted, or neither, by yes against no",
    Mode.RATIONALE: "summed log-likelihood of the option's text and its terminator behind the student's own reasons",
}
SCORING = "summed log-likelihood of the option's text and its terminator"
LABELS = "A)"


@dataclass(frozen=True, slots=True)
class DecodeContract:
    """Everything the answers of a student depend on besides its weights."""

    base: str
    base_revision: str
    chat_template: str
    tokenizer: str
    modes: tuple[Mode, ...]
    asked: Mode
    precision: Precision
    quantisation: Quantisation
    method: Method = "lora"
    schema: int = SCHEMA
    prompt_version: str = prompts.VERSION
    prompt_template: str = prompts.template_hash()
    label_style: str = LABELS
    answer_grammar: str = prompts.GRAMMAR
    thinking: bool = False
    scoring: str = SCORING
    # Asset classes it learned by name, where it can be asked of others without; empty: all are named.
    named: tuple[str, ...] = ()

    @property
    def weights(self) -> str:
        """Name of the file with the weights."""
        return weights_file(self.method)

    def save(self, folder: Path) -> None:
        """Write the contract into a student's folder."""
        write_json(folder / FILE, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> "DecodeContract":
        """Read the contract of a student's folder.

        Raises:
            StudentError: the folder is not a student, or its contract is missing or cannot be read.
        """
        if not folder.is_dir():
            raise StudentError(
                f"there is no student in {folder}: no such folder; give the folder of a finished training"
            )
        path = folder / FILE
        if not path.is_file():
            raise _incomplete(folder, FILE)
        try:
            contract = parse_record(path.read_bytes(), cls, str(path))
        except InputError as error:
            raise StudentError(f"{error}; train the student again with this version") from error
        for name in student_files(contract.method):
            if not (folder / name).is_file():
                raise _incomplete(folder, name)
        return contract

    def check(self, folder: Path, **expected: Any) -> None:
        """Compare with what this installation would use.

        Args:
            folder: names the student in the sentence.
            expected: values by field; the fields that this version decides are always compared.

        Raises:
            StudentError: a field differs; the sentence names the first one.
        """
        ours = replace(
            self,
            schema=SCHEMA,
            prompt_version=prompts.VERSION,
            prompt_template=prompts.template_hash(),
            label_style=LABELS,
            answer_grammar=prompts.GRAMMAR,
            thinking=False,
            scoring=scoring(self.asked),
            **expected,
        )
        here, there = asdict(ours), asdict(self)
        for name, value in there.items():
            if here[name] != value:
                raise StudentError(
                    f"the student in {folder} was trained with {name} {value!r}, and {here[name]!r} would be "
                    f"used here; {_remedy(name)}"
                )


def weights_file(method: str) -> str:
    """Return the name of the file with a student's weights."""
    return FULL if method == "full" else ADAPTER


def student_files(method: str) -> tuple[str, ...]:
    """Return the names of the files that a student of one stage is not there without."""
    return weights_file(method), "config.json" if method == "full" else ADAPTER_CONFIG, FILE


def scoring(asked: Mode) -> str:
    """Return in words how a student that is asked in this mode is scored."""
    return SCORINGS.get(asked, SCORING)


def _incomplete(folder: Path, missing: str) -> StudentError:
    pickled = sorted(p.name for p in folder.glob("*.bin")) + sorted(p.name for p in folder.glob("*.pt"))
    if pickled:
        return StudentError(
            f"the student folder {folder} has {pickled[0]} and no {missing}: such files can run code when they are "
            "read and are not loaded; save the weights as safetensors"
        )
    return StudentError(
        f"the student folder {folder} has no {missing}, so its training is not finished or its files were moved "
        "apart; run the training again, or copy the whole folder"
    )


def _remedy(field: str) -> str:
    if field in ("base", "base_revision", "chat_template", "tokenizer"):
        return "give it the base model it was trained on, or train it again on this one"
    return "use the version of failwise that trained it, or train it again with this one"


def student_fingerprint(folder: Path) -> str:
    """Return a short id of a student: its contract, its weights and their scale, of both stages where there are two.

    Raises:
        StudentError: the folder is not a whole student's.
    """
    contract = DecodeContract.load(folder)
    own = asdict(contract), file_digest(folder / contract.weights), _adapter_settings(folder)
    first = (student_fingerprint(folder / FIRST),) if contract.asked is Mode.INFERRED else ()
    return content_id(*own, *first)


def _adapter_settings(folder: Path) -> list[tuple[str, object]]:
    """Return what an adapter's weights are used with, such as their scale; nothing where all weights are the model's.

    Where the base lies is left out, and the order of names in a list, which peft takes from a set.
    """
    if not (folder / ADAPTER_CONFIG).is_file():
        return []
    found = {k: v for k, v in read_json(folder / ADAPTER_CONFIG).items() if k != "base_model_name_or_path"}
    return sorted((k, sorted(v) if isinstance(v, list) else v) for k, v in found.items())


def base_fingerprint(base: str, revision: str, chat_template: str) -> str:
    """Return a short id of an untrained base model as it is asked here."""
    return content_id(base, revision, chat_template, prompts.template_hash(), SCORING)
