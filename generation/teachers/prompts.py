"""What a model is told, the schema of its reply, and how the reply is read.

Prompt, schema and parser stand together here, since a change of one breaks the others.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from failwise.generation.records import Arity, Question
from failwise.generation.teachers.aliases import citations, numbered, spelled_out, uncited
from failwise.generation.teachers.prompt_words import Words, words_for
from failwise.generation.teachers.teacher import TeacherRequest

# Everything a reply can be refused for before anybody reads its argument.
FAULTS = {
    "empty": "nothing came, or the reasoning is empty",
    "not-json": "the reply is not one JSON object",
    "wrong-schema": "the object has not the fields that were asked for: a text and an answer",
    "answer-first": "the answer stands before the reasoning, so that the reasoning only defends it",
    "other-answer": "the answer is not one of the question's labels",
    "several-answers": "more than one option is named where one was asked for",
    "same-answer-twice": "an option is named more than once",
    "invented-citation": "a number is cited that no line of the evidence has",
}


# What could close our delimiters or open a turn of a chat template: "</evidence>", "<|im_end|>", "[/INST]".
# What follows the "<" tells a tag from a comparison ("< 5 mm/s" stays); a tag's "<" becomes a single guillemet.
_TAG = re.compile(r"<(?=[^\W\d]|[/|!<])")
_CONTROL = re.compile(r"\[(/?[A-Z_]{3,})\]")

# --- prompt ---


def render(request: TeacherRequest) -> list[dict[str, str]]:
    """Return the chat messages of a request: rules and style, worked examples as earlier turns, the question."""
    if request.messages:
        return [dict(message) for message in request.messages]
    words = words_for(request.question.language)
    messages = [_message("system", f"{words.role}\n\n{words.styles[request.style]}\n\n{words.rules}")]
    for example in request.examples:
        messages.append(_message("user", _task(example.question, example.evidence, request.shown)))
        reply = ideal_reply(example.question, example.text, example.answer, example.evidence)
        messages.append(_message("assistant", reply))
    messages.append(_message("user", _task(request.question, request.evidence, request.shown)))
    return messages


def ideal_reply(question: Question, text: str, answer: str, evidence: Iterable[str] = ()) -> str:
    """Return the reply that a model should give: `parse` reads text and answer back from it.

    Args:
        evidence: the ids that were offered, in order; where the text cites one of them, the reply has its number.
    """
    reasoning = numbered(text, evidence)
    labels = [] if answer == "none" else answer.split(",")
    value = labels if question.arity is Arity.MULTIPLE else answer
    return json.dumps({"reasoning": reasoning, "answer": value}, ensure_ascii=False)


@lru_cache(maxsize=1 << 14)  # names and facts come again and again
def material(text: str) -> str:
    """Return text of others as one line that closes no delimiter, opens no turn of a chat, and cites nothing."""
    return uncited(_CONTROL.sub(r"(\1)", _TAG.sub("\u2039", " ".join(text.split()))))


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _task(question: Question, evidence: Mapping[str, str], shown: bool) -> str:
    words = words_for(question.language)
    numbers = enumerate(evidence.values(), 1)
    lines = [f"[{number}] {material(text).removesuffix('.')}." for number, text in numbers] or [words.no_evidence]
    named = zip(question.option_ids, question.options, strict=True)
    options = [f"{_before_name(material(label))} {material(option)}" for label, option in named]
    parts = [_block("evidence", lines), _block("question", [material(question.question)]), _block("options", options)]
    labels = ", ".join(f'"{material(label)}"' for label in question.option_ids)
    ask = words.several if question.arity is Arity.MULTIPLE else words.one
    if shown:
        parts.append(_answer_shown(question, words))
    return "\n\n".join([*parts, ask.format(labels=labels)])


def _before_name(label: str) -> str:
    return f"{label}." if label[-1:].isalnum() else label


def _block(tag: str, lines: Sequence[str]) -> str:
    return "\n".join([f"<{tag}>", *lines, f"</{tag}>"])


def _answer_shown(question: Question, words: Words) -> str:
    right = [label for label, correct in zip(question.option_ids, question.correct, strict=True) if correct]
    if not right:
        return words.shown_none
    return words.shown.format(answer=", ".join(f'"{material(label)}"' for label in right))


# --- schema ---


def schema(question: Question, *, shown: bool = False) -> dict[str, Any]:
    """Return the JSON schema of the reply: reasoning first, then a label of the question, or a list of them.

    Args:
        shown: the teacher is told the answer, so that it is asked for its reasons alone: it can give no other one.
    """
    labels = list(question.option_ids)
    right = [label for label, correct in zip(labels, question.correct, strict=True) if correct]
    label: dict[str, Any] = {"type": "string", "enum": right if shown and right else labels}
    # Bounded, since small models held to a list never come to its end.
    several = {"type": "array", "items": label, "maxItems": len(right if shown else labels)}
    if shown:
        several["minItems"] = len(right)
    return {
        "type": "object",
        "properties": {
            "reasoning": {"type": "string"},
            "answer": several if question.arity is Arity.MULTIPLE else label,
        },
        "required": ["reasoning", "answer"],
        "additionalProperties": False,
    }


def chat_request(request: TeacherRequest, model: str, max_tokens: int) -> dict[str, Any]:
    """Return the body of a chat completion that a server of OpenAI's shape is asked for."""
    form = {"name": "rationale", "strict": True, "schema": schema(request.question, shown=request.shown)}
    return {
        "model": model,
        "messages": render(request),
        "temperature": request.temperature,
        "max_tokens": max_tokens,
        "response_format": {"type": "json_schema", "json_schema": form},
    }


# --- parser ---


class _Fault(Exception):
    """A reply that cannot be used; the message is one of `FAULTS`."""


def parse(content: str, question: Question, evidence: Iterable[str] = ()) -> tuple[str, str | None, str]:
    """Return reasoning, answer ("B", "A,C", "none"; None: no usable one) and fault ("" or one of `FAULTS`).

    The object may stand in a code fence or among other words, as long as it is the only one. Labels are read as the
    model wrote them where no other can be meant: "b", "B)", "(B)", 2 for "2.", or the option's name.

    Args:
        evidence: the ids that were offered, in the order of the prompt: the reasoning cites them where the model cites
            their numbers. A number that was not offered is the fault "invented-citation", and its bracket stays.
    """
    text = ""
    try:
        value = _object(content)
        text, answer = _fields(value)
        text = spelled_out(text, tuple(evidence))
        read = _answer(answer, question)
        if citations(text):
            raise _Fault("invented-citation")
        return _with_names(text, question), read, ""
    except _Fault as fault:
        return text, None, str(fault)


def _with_names(text: str, question: Question) -> str:
    """Return a reasoning with the options' names as they are, where the prompt had brackets in them made round."""
    for option in sorted(question.options, key=len, reverse=True):
        if (shown := uncited(option)) != option:
            text = text.replace(shown, option)
    return text


def _object(content: str) -> dict[str, Any]:
    content = content.rpartition("</think>")[2]
    if not content.strip():
        raise _Fault("empty")
    try:
        value = _load(content)
    except (ValueError, RecursionError):
        # From the first brace to the last: one attempt, so that ten megabytes of braces take no longer than a read.
        try:
            value = _load(content[content.find("{") : content.rfind("}") + 1])
        except (ValueError, RecursionError):
            raise _Fault("not-json") from None
    if not isinstance(value, dict):
        raise _Fault("wrong-schema")
    return value


def _load(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object; one that names a field twice says two things."""
    if len({key for key, _ in pairs}) != len(pairs):
        raise _Fault("wrong-schema")
    return dict(pairs)


def _fields(value: Mapping[str, Any]) -> tuple[str, object]:
    text = value.get("reasoning")
    # Half a surrogate pair is JSON, but no text that a file could hold.
    if not isinstance(text, str) or "answer" not in value or re.search("[\ud800-\udfff]", text):
        raise _Fault("wrong-schema")
    if not text.strip():
        raise _Fault("empty")
    keys = list(value)
    if keys.index("answer") < keys.index("reasoning"):
        raise _Fault("answer-first")
    return text.strip(), value["answer"]


def _answer(value: object, question: Question) -> str:
    several = question.arity is Arity.MULTIPLE
    found = [place for item in _items(value, question, several) for place in _places(item, question)]
    if len(set(found)) != len(found):
        raise _Fault("same-answer-twice")
    if not several and len(found) > 1:
        raise _Fault("several-answers")
    if not several and not found:
        raise _Fault("other-answer")
    return ",".join(question.option_ids[place] for place in sorted(found)) or "none"


_NOTHING = {"none", "keine", "keiner", "keines", "none of these", "none of them"}


def _items(value: object, question: Question, several: bool) -> Iterator[str]:
    """Yield what the model named, each as it wrote it."""
    values = value if isinstance(value, list) else [value]
    for item in values:
        if isinstance(item, bool) or not isinstance(item, str | int):
            raise _Fault("wrong-schema")
        nothing = several and len(values) == 1 and str(item).strip().casefold() in _NOTHING
        if not nothing or _places(str(item), question, strict=False):
            yield str(item)


def _places(item: str, question: Question, strict: bool = True) -> list[int]:
    """Return the positions of the options that are meant: by the whole item, or else by its parts ("A, C")."""
    place = _place(item, question)
    if place is not None:
        return [place]
    parts = [_place(part, question) for part in re.split(r"[,;/&+]|\band\b|\bund\b", item)]
    if None not in parts:
        return [part for part in parts if part is not None]
    if strict:
        raise _Fault("other-answer")
    return []


def _place(item: str, question: Question) -> int | None:
    """Return the position of the one option that an item means; None where it is none, or could be two."""
    item = " ".join(item.split())
    if item in question.option_ids:
        return question.option_ids.index(item)
    wanted, found = _bare(item), set[int]()
    for place, (label, option) in enumerate(zip(question.option_ids, question.options, strict=True)):
        meant = (_bare(label), _bare(option), _bare(f"{label} {option}"), _bare(f"{_before_name(label)} {option}"))
        if wanted and wanted in meant:
            found.add(place)
    return found.pop() if len(found) == 1 else None


def _bare(text: str) -> str:
    """Return a label or a name without what stands around it, in lower case and single spaces."""
    return re.sub(r"^\W+|\W+$", "", " ".join(text.split())).casefold()
