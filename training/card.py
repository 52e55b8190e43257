"""The model card of a student: what its files say, in words that Markdown shows as they are."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from failwise.errors import InputError, StudentError
from failwise.files import dump_record, parse_record, read_json
from failwise.generation.balance.shortcuts import GuesserRow
from failwise.generation.splitting.crossings import Crossing
from failwise.markdown import Safe, line, percent, plain
from failwise.training import prompts
from failwise.training.config import EMBEDDED
from failwise.training.contract import FIRST, DecodeContract
from failwise.training.handover import FROM_4_BITS, fingerprints, public_name
from failwise.training.recipe import Recipe, load_recipe
from failwise.training.records import Mode, TrainingResult
from failwise.training.student import FILE as TRAINING

TEMPLATE = "card.md.jinja"
EMBEDDED_AT_THE_HUB = "HuggingFaceTB/SmolLM2-135M-Instruct"
TAGS = ("failwise", "fmea", "reliability", "multiple-choice")
_WHAT_FOR = (
    "It was taught to answer multiple-choice questions about the facts of one ontology. It is no general assistant, "
    "and what it writes freely was not measured."
)
_MAY_BE_WRONG = "Its answers can be wrong and sound sure. Do not plan maintenance or judge safety by them alone."
_SMALL = "Its base is a very small model whose weights come in 4 bits: it shows the method more than its reach."
_AUDITED_BEFORE = (
    "It was audited with its adapter beside the base. Merging rounds the weights, so that scores move a little."
)
_HUB_NAME = re.compile(r"[\w.-]{1,96}(/[\w.-]{1,96})?")
_LICENSE = re.compile(r"[a-z0-9][a-z0-9.\-]*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the card: its first column is text, the others are numbers."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Guessing:
    """What of a balance certificate's shortcuts a card shows."""

    rows: tuple[GuesserRow, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """What of a question set's balance certificate a card shows."""

    verdict: str
    sentence: str
    questions: int
    ontology: str
    warnings: tuple[str, ...]
    shortcuts: Guessing
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Leakage:
    """What of a leakage certificate a card shows."""

    regime: str
    holds: bool
    broken: tuple[str, ...]
    strongest: str
    means: str
    train_questions: int
    test_questions: int
    crossings: tuple[Crossing, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """All that a model card shows.

    Args:
        fingerprint: the id that the student's answers carry.
        first: what the training of the first of two stages did.
        checked: the answers beside the audit carry the student's id; False where there are none.
    """

    title: str
    fingerprint: str
    contract: DecodeContract
    settings: Mapping[str, Any]
    result: TrainingResult
    recipe: Recipe | None
    merged: bool
    first: TrainingResult | None = None
    license: str = ""
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    balance: Balance | None = None
    leakage: Leakage | None = None
    scores: Table | None = None
    coverage: Table | None = None
    checked: bool = False

    def __post_init__(self) -> None:
        if self.license and not _LICENSE.fullmatch(self.license):
            raise InputError(f"the license {self.license!r} is not an id such as 'apache-2.0' or 'other'")
        for language in self.languages:
            if not _LANGUAGE.fullmatch(language):
                raise InputError(f"the language {language!r} is not a code such as 'en' or 'de'")

    @property
    def full(self) -> bool:
        """Say whether the folder holds all weights, not an adapter."""
        return self.merged or self.contract.method == "full"

    @property
    def base(self) -> str:
        """Name of the base model outside this machine."""
        return public_name(self.contract.base)


def card_of(student: Path, title: str, *, merged: bool) -> Card:
    """Return the card of a student's folder, as far as its own files tell.

    Raises:
        StudentError: the folder is not a student, or says nothing of its training.
    """
    contract = DecodeContract.load(student)
    settings, result = _training(student)
    first = _training(student / FIRST)[1] if contract.asked is Mode.INFERRED else None
    return Card(title, fingerprints(student)[-1], contract, settings, result, _recipe(settings), merged, first)


def _training(student: Path) -> tuple[dict[str, Any], TrainingResult]:
    path = student / TRAINING
    if not path.is_file():
        raise StudentError(f"the student folder {student} has no {TRAINING}, which its card is made of; copy it there")
    found = read_json(path)
    result = parse_record(dump_record(found.get("result", {})), TrainingResult, f"{path}, result")
    return dict(found["config"]), result


def _recipe(settings: Mapping[str, Any]) -> Recipe | None:
    """Return the recipe that was taught; None where its file is not there any more."""
    try:
        return load_recipe(str(settings["recipe"]))
    except (InputError, KeyError):
        return None


def render(card: Card) -> str:
    """Return the card: front matter for the hub, then Markdown."""
    from jinja2 import Environment, StrictUndefined

    house = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, finalize=plain
    )
    house.filters |= {"percent": percent, "mean": mean, "name": public_name}
    text = files("failwise.training").joinpath(TEMPLATE).read_text(encoding="utf-8")
    body = house.from_string(text).render(
        card=card,
        front=Safe(front_matter(card)),
        system=Safe(prompts.SYSTEM),
        prompt=Safe(_prompt(card.contract)),
        limits=limits(card),
    )
    return re.sub(r"\n{3,}", "\n\n", body).strip() + "\n"


def front_matter(card: Card) -> str:
    """Return what the hub reads, as YAML. A license that was not given is left out."""
    from huggingface_hub import ModelCardData

    base = EMBEDDED_AT_THE_HUB if card.contract.base == EMBEDDED else card.base
    named = bool(_HUB_NAME.fullmatch(base))
    recipe = public_name(str(card.settings.get("recipe", "")))
    tags = dict.fromkeys(line(tag) for tag in (*TAGS, f"recipe:{recipe}", *card.tags))
    data = ModelCardData(
        base_model=base if named else None,
        base_model_relation=("finetune" if card.full else "adapter") if named else None,
        library_name="transformers" if card.full else "peft",
        license=card.license or None,
        language=list(card.languages) or None,
        tags=list(tags),
    )
    return str(data.to_yaml())


def limits(card: Card) -> list[str]:
    """Return in sentences what the student's files do not show, and what it is not for."""
    said = [_WHAT_FOR, _MAY_BE_WRONG]
    if card.contract.base == EMBEDDED:
        said.append(_SMALL)
    if card.full and card.contract.quantisation == "nf4":
        said.append(FROM_4_BITS)
    if card.merged and card.coverage:
        said.append(_AUDITED_BEFORE)
    if card.coverage is None:
        said.append("No audit came with this folder: nothing here says which facts it knows.")
    elif not card.checked:
        said.append("The student's answers were not beside the audit: nothing shows that it is of this very student.")
    if card.leakage is None:
        said.append("No leakage certificate came with this folder: how far its tests repeat its training is not known.")
    if card.balance is None:
        said.append("No balance certificate came with this folder: what guessing is worth there is not known.")
    return said


def _prompt(contract: DecodeContract) -> str:
    """Return a prompt of the kind that the student reads, with places to fill in."""
    if contract.asked is Mode.VERDICT:
        return f"QUESTION\n{prompts.CLOSING[Mode.VERDICT]}"
    return prompts.user_message(
        "QUESTION", ("FIRST OPTION", "SECOND OPTION"), ("A", "B"), contract.asked, reasons="REASONS OF THE FIRST STAGE"
    )


# --- values ---


def mean(losses: Sequence[float], end: str) -> str:
    """Return the mean of the first or the last tenth of the steps' losses; a dash where none was noted."""
    if not losses:
        return "-"
    tenth = len(losses) // 10 + 1
    part = losses[:tenth] if end == "first" else losses[-tenth:]
    return f"{sum(part) / len(part):.3f}"
