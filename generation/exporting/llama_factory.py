"""For LLaMA-Factory: data files and the `dataset_info.json` that says how to read them."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from failwise.files import write_json
from failwise.generation.exporting.job import Exported, ExportJob, by_split, pick_layout, write_rows
from failwise.generation.exporting.lessons import Lesson, lessons

DATASET_INFO = "dataset_info.json"


def write(job: ExportJob, folder: Path) -> Exported:
    """Write a data file per split, and `dataset_info.json`, which calls it <name>_<split>; layouts alpaca, sharegpt."""
    name = pick_layout(job, "llama-factory", tuple(LAYOUTS))
    layout = LAYOUTS[name]
    tally: Counter[str] = Counter()
    records, described = {}, {}
    for split, questions in by_split(job.questions).items():
        key = f"{job.name}_{split}"
        records[f"{key}.jsonl"] = write_rows(folder / f"{key}.jsonl", map(layout.row, lessons(job, questions, tally)))
        described[key] = {"file_name": f"{key}.jsonl", "formatting": name, **layout.described}
    write_json(folder / DATASET_INFO, described)
    return Exported(records, notes=tuple(f"{reason}: {count}" for reason, count in sorted(tally.items())))


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a lesson is laid out, and how `dataset_info.json` describes that.

    Every column has to be named there: once `columns` is given, those that it leaves out are not read.
    """

    row: Callable[[Lesson], dict[str, Any]]
    described: Mapping[str, Mapping[str, str]]


def _alpaca(lesson: Lesson) -> dict[str, Any]:
    return {
        "id": lesson.question.id,
        "instruction": lesson.prompt,
        "input": "",
        "output": lesson.reply,
        "system": lesson.system,
    }


def _sharegpt(lesson: Lesson) -> dict[str, Any]:
    turns = [{"from": "human", "value": lesson.prompt}, {"from": "gpt", "value": lesson.reply}]
    return {"id": lesson.question.id, "conversations": turns, "system": lesson.system}


LAYOUTS = {
    "alpaca": _Layout(
        _alpaca,
        {"columns": {"prompt": "instruction", "query": "input", "response": "output", "system": "system"}},
    ),
    "sharegpt": _Layout(
        _sharegpt,
        {
            "columns": {"messages": "conversations", "system": "system"},
            "tags": {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"},
        },
    ),
}
