"""What the student reads and writes: the prompt, its renderer and the strict parser of a reply."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from failwise.generation.formats.labels import bare_label
from failwise.generation.records import Question
from failwise.training.records import Mode

VERSION = "2"

# Short, because every example pays for it; present, because the embedded student's chat template would
# otherwise insert a system message of its own, five times as long.
SYSTEM = "You are a reliability engineer."

# The last words before the reply are all that tells the modes apart.
CLOSING = {
    Mode.DIRECT: "Answer.",
    Mode.RATIONALE: "Explain, then answer.",
    Mode.JUSTIFIED: "Answer, then explain.",
    Mode.REASONS: "Explain.",
    Mode.INFERRED: "Answer.",
    Mode.VERDICT: "Judge each.",
}

# A verdict on one thing: whether it holds, whatever is asked for. Whether what holds is wanted is a verdict of its own:
# to say yes to what does not hold, where that is asked for, is two things at once, and takes far longer to learn.
# Both begin with a space, as words in running text do.
YES, NO = " yes", " no"
WANTED = "Wanted"

# What stands for an asset class that is not named.
MACHINE = "machine"

ANSWER = "Answer:"
REASONS = "Reasons:"

# The first characters after an option's text. They are scored with it: "oil" would otherwise always be
# at least as likely as "oil debris". Two segments, because the letter behind them is not scored.
TERMINATOR = " ("

# Longer labels than one letter or digit (ii, 10) could be a word of the option's text if they had no bracket.
_LABEL = r"(?:\(?(?P<label>[0-9A-Za-z])\)?|\(?(?P<long>[0-9A-Za-z]{2,4})\))"
GRAMMAR = rf"{ANSWER} (?P<text>.+?)(?: {_LABEL})?\.?\Z"
_ANSWER_LINE = re.compile(GRAMMAR)


@dataclass(frozen=True, slots=True)
class Reply:
    """A parsed reply: the index of the chosen option, and the reasons before it (empty in direct mode)."""

    choice: int
    rationale: str


def clean_label(label: str) -> str:
    """Return a label without its dress: `P)`, `(P)`, `P.` and `$P$` are `P`."""
    return bare_label(label)


def unnamed(question: Question) -> Question:
    """Return a question that speaks of a machine instead of its asset class; as it is where its text names none."""
    if not question.asset_name:
        return question
    named = rf"\b(?:(a)n? )?{re.escape(question.asset_name)}\b"
    return replace(question, question=re.sub(named, _a_machine, question.question, flags=re.IGNORECASE))


def _a_machine(found: re.Match[str]) -> str:
    return f"{found[1]} {MACHINE}" if found[1] else MACHINE


def ask(question: Question, mode: Mode, reasons: str = "") -> str:
    """Return what the student is asked: the question and its options, in the order that it wants them.

    For a verdict the options stay out of sight. `reasons` are given to the student that infers from them.
    """
    if mode is Mode.VERDICT:
        return f"{question.question}\n{CLOSING[mode]}"
    first = question.question_first
    return user_message(
        question.question, question.options, question.option_ids, mode, question_first=first, reasons=reasons
    )


def user_message(
    question: str,
    options: Sequence[str],
    labels: Sequence[str],
    mode: Mode,
    *,
    question_first: bool = True,
    reasons: str = "",
) -> str:
    """Return the question, its lettered options and the closing instruction; or the options before the question.

    `A)` and not `A.`: an option may end in a full stop, none ends in a bracket. One option per line: an
    option may hold a comma.
    """
    listed = "\n".join(f"{clean_label(label)}) {text}" for label, text in zip(labels, options, strict=True))
    parts = [question, listed] if question_first else [listed, question]
    if mode is Mode.INFERRED:
        parts.append(f"{REASONS} {reasons}")
    return "\n".join((*parts, CLOSING[mode]))


def messages(user: str) -> list[dict[str, str]]:
    """Return the chat of a user message, for a tokenizer's chat template."""
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": user}]


def one_message(user: str) -> list[dict[str, str]]:
    """Return the same chat for a template that has no room for a system message."""
    return [{"role": "user", "content": f"{SYSTEM}\n\n{user}"}]


def answer_segments(option: str, label: str) -> tuple[str, ...]:
    """Return `Answer: vibration (A)` in the segments that are tokenised one by one.

    The text stands before its letter, so that the letter cannot decide for it. The space stands before
    the text and not behind the colon: that is where byte-pair tokenizers cut.
    """
    return (ANSWER, f" {option}", TERMINATOR, f"{clean_label(label)})")


def verdict_segments(thing: str, holds: bool) -> tuple[str, ...]:
    """Return `vibration: yes` in segments; only the last is learned and scored."""
    return f" {thing}:", YES if holds else NO


def completion(mode: Mode, option: str, label: str, reasons: str = "") -> tuple[str, ...]:
    """Return what the student should write, in segments."""
    answer = answer_segments(option, label)
    if mode is Mode.RATIONALE:
        return (f"{reasons}\n", *answer)
    if mode is Mode.JUSTIFIED:
        return (*answer, f"\n{reasons}")
    return (reasons,) if mode is Mode.REASONS else answer


def parse_reply(text: str, options: Sequence[str], labels: Sequence[str], mode: Mode = Mode.RATIONALE) -> Reply | None:
    """Read a reply; None is "no answer".

    The last line (in mode `justified` the first) must read `Answer: <option text> (<label>)`. `P`, `P)` and `(P)` are
    the same label, in either case; the label or the text may stand alone; where both stand they must agree.
    """
    if mode is Mode.JUSTIFIED:
        last, _, rationale = text.strip().partition("\n")
    else:
        rationale, _, last = text.strip().rpartition("\n")
    match = _ANSWER_LINE.match(last.strip())
    if match is None:
        return None
    # The whole first: "vitamin C" may be an option's text, and is then no text with a label behind it.
    whole = _by_text(last.strip().removeprefix(ANSWER).removesuffix("."), options)
    if whole is not None:
        return Reply(whole, rationale.strip())
    named = _by_text(match["text"], options)
    label = match["label"] or match["long"]
    lettered = _by_label(label, labels)
    if label is None and named is None:
        lettered = _by_label(clean_label(match["text"]), labels)
    elif named is None or (label is not None and lettered != named):
        return None
    choice = named if named is not None else lettered
    return None if choice is None else Reply(choice, rationale.strip())


def _by_text(text: str, options: Sequence[str]) -> int | None:
    folded = text.strip().casefold()
    return next((i for i, option in enumerate(options) if option.casefold() == folded), None)


def _by_label(label: str | None, labels: Sequence[str]) -> int | None:
    if label is None:
        return None
    folded = label.casefold()
    return next((i for i, known in enumerate(labels) if clean_label(known).casefold() == folded), None)


def template_hash() -> str:
    """Return a hash of everything above that a student's weights depend on."""
    sample = [user_message("Q?", ("one", "two"), ("A", "B"), mode, reasons="Because.") for mode in Mode]
    said = [segment for mode in Mode for segment in completion(mode, "one", "A", "Because.")]
    parts = [VERSION, SYSTEM, *sample, *said, *verdict_segments("one", True), NO]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
