"""Questions from any file by a field map: which field is the question, which are the options, which the answer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

from failwise.errors import InputError
from failwise.generation.formats.labels import LETTERS, normalise_label
from failwise.generation.formats.rows import Row, kind_of
from failwise.generation.records import Arity, Question
from failwise.kg.names import did_you_mean

AnswerAs = Literal["label", "index", "text", "marks", ""]
SYNTAX = "write it as question=FIELD,options=FIELD,answer=FIELD; fields may be a.b, a list's a[].b, or columns A+B+C"


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Where the parts of a question stand in a row.

    A path goes through objects by dots and through lists by []: choices[].text. `options` may name several columns
    (A+B+C+D), or an object whose keys are the labels. `answer` is a label, an index or an option's text, or a list
    of them where several are right, or marks: true or false for each option. `answer_as` says which, where a file
    leaves it open. `first` is the number of the first option where the answer is an index.
    """

    question: str
    options: str
    answer: str
    labels: str = ""
    id: str = ""
    subject: str = ""
    split: str = ""
    answer_as: AnswerAs = ""
    first: int = 0

    @classmethod
    def parse(cls, text: str) -> "FieldMap":
        """Read a map as it is given on the command line.

        Raises:
            InputError: it is none; the sentence shows how to write one.
        """
        known = [f.name for f in fields(cls)]
        values: dict[str, Any] = {}
        for part in text.split(","):
            name, equals, path = (piece.strip() for piece in part.partition("="))
            if not equals or not path:
                raise InputError(f"the field map has {part.strip()!r}; {SYNTAX}")
            if name not in known:
                near = did_you_mean(name, known)
                raise InputError(f"the field map has no part {name!r}{near}; its parts are {', '.join(known)}")
            values[name] = path
        if missing := [name for name in ("question", "options", "answer") if name not in values]:
            raise InputError(f"the field map does not say where the {missing[0]} stands; {SYNTAX}")
        if values.get("answer_as", "") not in get_args(AnswerAs):
            raise InputError(f"answer_as is {values['answer_as']!r}; it can be label, index, text or marks")
        if not str(values.get("first", 0)).isdecimal():
            raise InputError(f"first is {values['first']!r}; it is the number of the first option, 0 or 1")
        return cls(**{**values, "first": int(values.get("first", 0))})


def map_rows(rows: Iterable[Row], field_map: FieldMap) -> list[Question]:
    """Return the questions of rows, with no facts yet; rows without an id get their number.

    If any row of the file has several right options, all its questions ask for several.

    Raises:
        InputError: a row does not fit the map; the sentence names line, field and what stands there instead.
    """
    reader = _Reader(field_map)
    questions = [reader.question(row, number) for number, row in enumerate(rows, 1)]
    several = any(sum(q.correct) > 1 for q in questions)
    return [replace(q, arity=Arity.MULTIPLE) for q in questions] if several else questions


class _Reader:
    """Reads rows by one map."""

    def __init__(self, field_map: FieldMap) -> None:
        self.map = field_map

    def question(self, row: Row, number: int) -> Question:
        text = _text(row, self.map.question)
        texts, labels = self._options(row)
        right = self._right(row, texts, labels)
        return Question(
            subject=self._optional(row, self.map.subject),
            id=self._optional(row, self.map.id) or str(number),
            question=text,
            options=texts,
            option_ids=labels,
            question_first=True,
            correct=tuple(i in right for i in range(len(texts))),
            text_type="choice",
            asset_name="",
            relevancy="",
            question_type="",
            split=self._optional(row, self.map.split),
        )

    def _optional(self, row: Row, path: str) -> str:
        return _text(row, path) if path else ""

    def _options(self, row: Row) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the options with their labels, letters where the file gives them none."""
        path = self.map.options
        found: Any = _columns(row, path.split("+")) if "+" in path else _find(row, path)
        names = list(found) if isinstance(found, dict) else []
        values = list(found.values()) if isinstance(found, dict) else found
        if not isinstance(values, list) or len(values) < 2:
            raise InputError(f"{row.where}: field {path!r} holds {_said(values)}; at least 2 options are needed there")
        texts = [_plain(row, path, value) for value in values]
        if blank := [i for i, text in enumerate(texts, 1) if not text.strip()]:
            raise InputError(f"{row.where}: option {blank[0]} of field {path!r} is empty")
        return tuple(texts), self._labels(row, len(texts), names)

    def _labels(self, row: Row, count: int, names: Sequence[str]) -> tuple[str, ...]:
        labels = list(names) if all(len(normalise_label(n)) == 1 for n in names) and names else list(LETTERS[:count])
        if path := self.map.labels:
            found = _find(row, path)
            if not isinstance(found, list) or len(found) != count:
                raise InputError(f"{row.where}: field {path!r} holds {_said(found)}; it must hold {count} labels")
            labels = [_plain(row, path, label) for label in found]
        if len({*map(normalise_label, labels)}) < count or len(labels) < count:
            raise InputError(f"{row.where}: the labels {', '.join(labels)} do not tell {count} options apart")
        return tuple(labels)

    def _right(self, row: Row, texts: Sequence[str], labels: Sequence[str]) -> set[int]:
        answer = _find(row, self.map.answer)
        answers = answer if isinstance(answer, list) else [answer]
        if self.map.answer_as == "marks" or any(isinstance(a, bool) for a in answers):
            if len(answers) != len(texts) or not all(a in (0, 1) for a in answers):
                path = self.map.answer
                raise InputError(f"{row.where}: field {path!r} does not mark each of the {len(texts)} options")
            return {i for i, marked in enumerate(answers) if marked}
        return {self._place(row, value, texts, labels) for value in answers}

    def _place(self, row: Row, value: Any, texts: Sequence[str], labels: Sequence[str]) -> int:
        """Return which option an answer means; where it could mean two, that is said and not guessed."""
        said = _plain(row, self.map.answer, value)
        wanted = self.map.answer_as
        meant: dict[str, int] = {}
        bare = [normalise_label(label) for label in labels]
        if said.strip() and normalise_label(said) in bare and len(normalise_label(said)) >= len(said.strip(" ().$")):
            meant["label"] = bare.index(normalise_label(said))
        if said in texts:
            meant["text"] = texts.index(said)
        index = int(said) - self.map.first if said.strip().isdecimal() else -1
        # Where a file has labels of its own, a number that is none of them is a mistake and not an index.
        if 0 <= index < len(texts) and (not self.map.labels or wanted == "index"):
            meant["index"] = index
        if wanted:
            meant = {how: place for how, place in meant.items() if how == wanted}
        elif isinstance(value, int) and "index" in meant and "label" not in meant:
            meant = {"index": meant["index"]}
        if not meant:
            raise InputError(
                f"{row.where}: the answer {said!r} in field {self.map.answer!r} is none of the labels "
                f"{', '.join(labels)}" + ("" if wanted == "label" else ", and no index or text of an option")
            )
        if len({*meant.values()}) > 1:
            ways = " or ".join(f"option {place + 1} by its {how}" for how, place in meant.items())
            raise InputError(f"{row.where}: the answer {said!r} could be {ways}; add answer_as={next(iter(meant))}, …")
        return next(iter(meant.values()))


def _columns(row: Row, names: Sequence[str]) -> dict[str, Any]:
    """Return the values of several columns; empty ones at the end are options that this row does not have."""
    values = {name.strip(): _find(row, name.strip()) for name in names}
    while values and next(reversed(values.values())) in (None, ""):
        values.popitem()
    return values


def _find(row: Row, path: str, within: str = "") -> Any:
    """Follow a path into a row, or into what stands `within` it.

    Raises:
        InputError: it leads nowhere; the sentence says how far it led, and what is there.
    """
    at: Any = row.value
    walked = within
    for place, step in enumerate(steps := path.split(".")):
        name = step.removesuffix("[]")
        if not isinstance(at, Mapping):
            raise InputError(f"{row.where}: field {walked!r} of the map holds {_said(at)}, which has no {name!r}")
        if name not in at:
            inside = f"field {walked!r} has" if walked else "the line has"
            raise InputError(f"{row.where}: no field {path!r}; {inside} {', '.join(map(str, at)) or 'none'}")
        at, walked = at[name], f"{walked}.{step}" if walked else step
        if step.endswith("[]"):
            if not isinstance(at, list):
                raise InputError(f"{row.where}: field {walked!r} of the map holds {_said(at)} and not a list")
            rest = ".".join(steps[place + 1 :])
            return [_find(Row(row.where, value), rest, walked) if rest else value for value in at]
    return at


def _text(row: Row, path: str) -> str:
    text = _plain(row, path, _find(row, path))
    if not text.strip():
        raise InputError(f"{row.where}: field {path!r} is empty")
    return text


def _plain(row: Row, path: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise InputError(f"{row.where}: field {path!r} holds {_said(value)}, not a text")


def _said(value: Any) -> str:
    """Say what stands somewhere: its kind, and the value itself where it is short."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return kind_of(value) if value is None or isinstance(value, dict) else f"{kind_of(value)} ({str(value)[:40]!r})"
