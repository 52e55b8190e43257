"""A question that a person typed: its words and its options."""

import re
from collections.abc import Sequence
from dataclasses import replace

from failwise.errors import InputError
from failwise.files import content_id
from failwise.generation.formats.labels import LETTERS
from failwise.generation.records import Arity, Question
from failwise.kg.names import cleaned

HOW = "give them as --option A --option B, or in the text: … A) vibration B) oil debris"

_LABEL = r"([A-Za-z]|[1-9][0-9]?)"
# Within a line a label needs a bracket: "A." may end a sentence there.
_MARK = re.compile(rf"(?<!\S)\({_LABEL}\)(?!\S)|(?<!\S){_LABEL}\)(?!\S)|^[ \t]*{_LABEL}[.:](?=\s)", re.MULTILINE)
_BULLET = re.compile(r"^[ \t]*[-*•][ \t]+", re.MULTILINE)


def typed_question(text: str, options: Sequence[str] = ()) -> Question:
    """Return the question that a person typed; which option is right is not known.

    Args:
        options: where there are none, those in the text are taken: "A) …  B) …", in one line or in several, or a list
            of lines that begin with "-". Characters that nobody sees become spaces.

    Raises:
        InputError: there is no text, one option alone, an empty one, or two equal ones.
    """
    stem, found = (text, tuple(options)) if options else _split(text)
    stem = cleaned(stem)
    if not stem:
        raise InputError('the question is empty; write it between quotes: failwise ask STUDENT "Which of these …?"')
    question = Question(
        subject="",
        id="",
        question=stem,
        options=(),
        option_ids=(),
        question_first=True,
        correct=(),
        text_type="choice",
        asset_name="",
        relevancy="",
        question_type="",
        arity=Arity.MULTIPLE,
    )
    return with_options(question, _checked(found)) if found else question


def _split(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the text before the options, and these; the last labels that count up from A or 1 are the options'."""
    marks = list(_MARK.finditer(text))
    labels = [next(filter(None, mark.groups())) for mark in marks]
    for start in reversed([n for n, label in enumerate(labels) if label in ("A", "a", "1")]):
        run = [start]
        for n in range(start + 1, len(marks)):
            if labels[n] == _after(labels[run[-1]]):
                run.append(n)
        if len(run) > 1:
            return _cut(text, [marks[n].span() for n in run])
    bullets = [mark.span() for mark in _BULLET.finditer(text)]
    return _cut(text, bullets) if len(bullets) > 1 else (text, ())


def _after(label: str) -> str:
    return str(int(label) + 1) if label.isdecimal() else chr(ord(label) + 1)


def _cut(text: str, marks: Sequence[tuple[int, int]]) -> tuple[str, tuple[str, ...]]:
    ends = [*(start for start, _ in marks[1:]), len(text)]
    # What stands between two options is no part of them, and a question mark behind the last is the question's.
    options = (text[mark[1] : end].strip().rstrip(",;?") for mark, end in zip(marks, ends, strict=True))
    return text[: marks[0][0]], tuple(options)


def _checked(options: Sequence[str]) -> tuple[str, ...]:
    """Return options without unseen characters.

    Raises:
        InputError: there is one alone, an empty one, or two that are equal but for case and spaces.
    """
    clean = tuple(map(cleaned, options))
    if len(clean) < 2:
        raise InputError(f"there is one option, {clean[0]!r}, and a choice needs two; {HOW}")
    seen: set[str] = set()
    for place, option in enumerate(clean, 1):
        if not option:
            raise InputError(f"option {place} is empty; {HOW}")
        if option.casefold() in seen:
            raise InputError(f"the option {option!r} stands there twice; give each once")
        seen.add(option.casefold())
    return clean


def with_options(question: Question, options: tuple[str, ...]) -> Question:
    ids = LETTERS if len(options) <= len(LETTERS) else [str(n) for n in range(1, len(options) + 1)]
    return replace(
        question,
        id=content_id(question.question, options),
        options=options,
        option_ids=tuple(ids[: len(options)]),
        correct=(False,) * len(options),
    )
