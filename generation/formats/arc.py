"""The AI2 Reasoning Challenge's question files (Clark et al. 2018, arXiv 1803.05457): read and written."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from failwise.errors import InputError
from failwise.files import atomic_writer
from failwise.generation.formats.field_map import FieldMap
from failwise.generation.records import Arity, Question

# AI2's own layout, and the one in which dataset hubs keep it: columns of lists. Labels are letters or digits.
ARC = FieldMap(
    question="question.stem", options="question.choices[].text", labels="question.choices[].label",
    answer="answerKey", id="id", answer_as="label",
)  # fmt: skip
ARC_COLUMNS = FieldMap(
    question="question", options="choices.text", labels="choices.label", answer="answerKey", id="id", answer_as="label"
)


def arc_map(value: Mapping[str, Any]) -> FieldMap | None:
    """Return how to read a row if it is ARC's, in either layout."""
    if "answerKey" not in value:
        return None
    if isinstance(question := value.get("question"), dict):
        return ARC if {"stem", "choices"} <= question.keys() else None
    choices = value.get("choices")
    return ARC_COLUMNS if isinstance(choices, dict) and {"text", "label"} <= choices.keys() else None


def write_arc(questions: Iterable[Question], path: Path) -> int:
    """Write questions in AI2's layout; return how many.

    Raises:
        InputError: a question asks for several options, for which ARC has no field.
    """
    count = 0
    with atomic_writer(path) as stream:
        for question in questions:
            if question.arity is not Arity.SINGLE:
                raise InputError(f"question {question.id} asks for several options; ARC's files name one answer")
            choices = zip(question.options, question.option_ids, strict=True)
            stem = {"stem": question.question, "choices": [{"text": t, "label": i} for t, i in choices]}
            line = {"id": question.id, "question": stem, "answerKey": question.option_ids[question.answer]}
            stream.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            count += 1
    return count
